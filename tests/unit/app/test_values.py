"""Words for which records were rejected at reading are counted, proposed, and read once somebody decided."""

from small_export import FILES
from wherry.app.values import words_of
from wherry.mapping.blueprint import parse_yaml
from wherry.mapping.proposer.values_file import values_text
from wherry.mapping.proposer.worded import value_lines
from wherry.model.catalog import Catalog

FILES_WITH_WORDS = {
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n2,Vanished,disappeared\n3,Broken,\n4,Unused,\n",
    "patients": FILES["patients"].replace("ben@clinic.example,active", "ben@clinic.example,Actve"),
    "appointments": FILES["appointments"]
    + "4,1,1,2,2026-11-10T09:00,30\n5,1,1,2,2026-11-11T09:00,30\n6,1,1,3,2026-11-12T09:00,30\n",
    "recalls": FILES["recalls"].replace("3,1,hygienist", "3,1,hygeinist"),
}


def proposed(ws):
    lines = value_lines((), Catalog(system="f", streams=()), words_of(ws), ws.own_values())
    return {(line.table, line.word): line for line in lines}


def rejected(ws):
    return {name: fates["rejected"] for name, fates in ws.snapshot().counts().items() if fates["rejected"]}


def test_each_word_that_no_list_knows_is_proposed_with_its_records_and_what_is_nearest(clinic):
    lines = proposed(clinic(files=FILES_WITH_WORDS))
    told = {key: (line.records, line.found.choice, str(line.found.band)) for key, line in lines.items()}
    assert told[("patient_status", "Actve")] == (1, "Active", "amber")
    assert told[("recall_type", "hygeinist")] == (1, "hygienist", "amber")
    # Two appointments have the status that is rejected, one the status that nobody declared.
    assert told[("appointment_status", "disappeared")] == (2, "", "grey")
    assert told[("appointment_status", "Broken")] == (1, "", "amber")
    assert lines[("appointment_status", "Unused")].held_by == "not in this snapshot"
    assert lines[("patient_status", "Actve")].held_by == "1 records of patients"


def test_what_is_decided_is_read_by_the_next_discover_and_no_question_any_more(clinic):
    ws = clinic(files=FILES_WITH_WORDS)
    before = rejected(ws)
    text = values_text(proposed(ws).values())
    for word, meant in (("Actve", "Active"), ("hygeinist", "hygienist")):
        text = text.replace(f"#  {word}: {meant}", f"  {word}: {meant}")
    text = text.replace("#  disappeared:", "  disappeared: No-show")
    assert parse_yaml(text, "values.yaml")["recall_type"] == {"hygeinist": "hygienist"}
    (ws.mapping_dir / "values.yaml").write_text(text, encoding="utf-8")
    with ws.source() as source:
        ws.stage(source).close()
    after = rejected(ws)
    assert before.keys() - after.keys() == {"patients", "recalls", "appointment_statuses"}
    assert (before["appointments"], after["appointments"]) == (3, 1)  # one is left for the undeclared status
    assert set(proposed(ws)) == {("appointment_status", "Broken"), ("appointment_status", "Unused")}


def test_a_word_is_in_no_repr_and_in_no_fate(clinic):
    ws = clinic(files=FILES_WITH_WORDS)
    assert "Actve" not in repr(ws.snapshot().held_words())
    assert not [staged for staged in ws.snapshot().fates() if "Actve" in repr(staged)]
    with ws.source() as source:
        assert not [one for one in source.extract("patients") if "Actve" in repr(one)]
