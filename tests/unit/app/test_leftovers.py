"""The leftovers: everything that was read is accounted for, with words for a reason."""

import csv
from collections import Counter

from wherry.app.instalments import settled
from wherry.app.leftovers import leftovers
from wherry.app.papers import write_pages, write_table
from wherry.mapping.blueprint import load_blueprint
from wherry.model.record import Key
from wherry.planning.coverage import cover
from wherry.planning.dryrun import Tally, count_fates

BLUEPRINT = load_blueprint()
MOVED = frozenset({"patients", "appointments"})


def document_of(ws, *, lose=None):
    snapshot = ws.snapshot()
    reasons = {name: fate.reason for name, fate in BLUEPRINT.streams.items()}
    tally = Tally()
    fates = (s for s in settled(snapshot.fates(), signed=False) if s.key != lose)
    count_fates(tally, fates, MOVED, reasons)
    for stream in MOVED:
        for record in snapshot.read(stream):
            tally.states.setdefault(record.key.stream, Counter())["pending"] += 1
    return leftovers(ws, snapshot, tally, cover(snapshot.catalog, BLUEPRINT.mappings, BLUEPRINT.streams))


def test_every_stream_adds_up_to_what_was_read(still):
    document = document_of(still)
    assert document["unexplained"] == 0
    for row in document["streams"]:
        assert row["read"] == row["moves"] + sum(line["count"] for line in row["left"]), row["stream"]
        assert all(line["reason"] and line["why"] for line in row["left"])
    assert (
        document["read"] == sum(row["read"] for row in document["streams"]) == 33
    )  # the rows of every file of the export


def test_a_record_that_is_in_no_count_shows(still):
    document = document_of(still, lose=Key("households", "1"))
    assert document["unexplained"] == 1
    assert next(r for r in document["streams"] if r["stream"] == "households")["unexplained"] == 1


def test_what_a_clinic_asks_about_has_its_line(still):
    counts = {row["topic"]: row["count"] for row in document_of(still)["topics"]}
    assert counts["blocked time"] == 1
    assert counts["deceased patients"] == 1
    assert counts["archived patients"] == 1
    assert counts["medical flags"] == 1
    assert counts["households"] == 1
    assert counts["instalment plans"] == 5
    assert counts["recalls"] == 7


def test_medical_flags_are_counted_and_never_named(still):
    ws = still
    paths = write_pages(ws.reports_dir, "leftovers", document_of(ws))
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "medical flags" in text
        assert "allergy" not in text
        assert "Cole" not in text


def test_fields_that_stay_are_listed_with_their_reason(still):
    rows = {(r["stream"], r["field"]): r for r in document_of(still)["fields"]}
    assert rows["patients", "nhsNumber"]["reason"] == "class_locked:national_id"
    assert rows["medical_flags", "flag"]["fate"] == "no_equivalent"
    assert ("patients", "firstName") not in rows


def test_a_column_that_looks_like_a_formula_is_no_formula_in_the_table(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, ("field", "n"), [["=cmd()", 1], ["-x", None]])
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows == [["field", "n"], ["'=cmd()", "1"], ["'-x", ""]]


def test_a_label_cannot_break_out_of_a_page(tmp_path, still):
    document = document_of(still)
    document["fields"].append(
        {"stream": "patients", "field": "custom:<b>|x\ny", "fate": "locked", "target": "t", "reason": "r"}
    )
    _, page, markdown = (p.read_text(encoding="utf-8") for p in write_pages(tmp_path, "leftovers", document))
    assert "<b>" not in page + markdown
    assert "| custom:&lt;b>\\|x y |" in markdown
