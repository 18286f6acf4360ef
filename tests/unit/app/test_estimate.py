"""wherry estimate: from a file of counts, a bundle or what was staged; the document passes its schema."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from wherry.app.counts_file import read_counts
from wherry.app.estimate import estimate, estimate_counts
from wherry.model.catalog import Catalog
from wherry.model.errors import UsageInvalid
from wherry.model.plan import Approval
from wherry.planning.twins import Existing

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "estimate.json").read_text("utf-8"))


def checked(result):
    document = json.loads(json.dumps(result.document()))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["calls"]["total"] == sum(document["calls"]["by_object"].values())
    return document


def counts(tmp_path, text, name="counts.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def verdicts(document):
    return {row["id"]: row["verdict"] for row in document["gotchas"]}


def test_counts_alone_are_enough_and_the_assumed_plan_is_said(tmp_path):
    path = counts(tmp_path, "stream,count\npatients,8000\nappointments,30000\nclinical_notes,20000\n")
    document = checked(estimate_counts(path, tmp_path))
    assert document["grade"] == "B"
    assert document["objects"] == {"total": 8, "one_to_one": 6, "needs_mapping": 2}
    factors = document["factors"]
    assert (factors["basis"], factors["plan"]) == ("counts", "enterprise")
    assert factors["plan_from"].startswith("assumed")
    assert factors["timeline"]["holds"] is True
    assert factors["volume"]["records"] == 58_000


def test_csv_and_json_say_the_same(tmp_path):
    table = counts(tmp_path, "stream,count\nplan,growth\nPatients,100\nnotes,7\nusers,3\ndocument_bytes,9\n")
    nested = counts(
        tmp_path,
        '{"plan": "growth", "counts": {"patients": 100, "clinical_notes": 7}, "users": 3, "document_bytes": 9}',
        "c.json",
    )
    assert read_counts(table) == read_counts(nested)
    assert checked(estimate_counts(table, tmp_path)) == checked(estimate_counts(nested, tmp_path))


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("stream,count\npatients,many\n", "line 2: the count of patients", "whole number"),
        ("stream,count\npatients,-1\n", "line 2", "whole number"),
        ('patients,"1,000"\n', "line 1", "without separators"),
        ("stream,count\npatiens,1\n", "line 2: there is no stream patiens", "did you mean patients?"),
        ("patients,1\npatients,2\n", "line 2: patients is there twice", "once"),
        ("notes,1\nclinical_notes,2\n", "clinical_notes is there twice", "once"),
        ("plan,gold\npatients,1\n", "line 1: plan is 'gold'", "growth"),
        ("patients\n", "line 1: has 1 cells", "two cells"),
        (
            "object,number\npatients,1\n",
            "line 1: another header than stream,count",
            "stream,count",
        ),
        ("\ncount,stream\n1,patients\n", "line 2: another header", "stream,count"),
        ("stream;count\npatients;1\n", "line 1: another header", "stream,count"),
        ("stream,count,note\npatients,1\n", "line 1: another header", "patients,12000"),
        ("stream,count\n", "names no stream", "stream,count"),
        ('{"patients": 1.5}', "the count of patients", "whole number"),
        ('{"patients": true}', "the count of patients", "whole number"),
        ('{"counts": 5}', "counts is no object", "JSON"),
        ('{"patients": 1', "no valid JSON", "JSON"),
    ],
)
def test_a_counts_file_that_cannot_be_is_refused_by_line_and_remedy(tmp_path, text, says, hint):
    with pytest.raises(UsageInvalid) as caught:
        read_counts(counts(tmp_path, text))
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(b"patients,\xff\xfe")
    with pytest.raises(UsageInvalid, match="UTF-8"):
        read_counts(path)


def test_instalments_alone_are_not_taken_for_none(tmp_path):
    path = counts(tmp_path, "patients,1\ninstallments,30\n")
    document = checked(estimate_counts(path, tmp_path))
    finding = next(g for g in document["gotchas"] if g["id"] == "instalment_sign_off")
    assert (finding["verdict"], "30 instalments" in finding["finding"]) == ("act", True)


def test_more_than_two_million_records_are_scoped_individually(tmp_path):
    path = counts(tmp_path, "patients,50000\nappointments,1950001\n")
    price = checked(estimate_counts(path, tmp_path))["price"]
    assert price["amount"] is None
    assert "scoped individually" in price["rule"]
    path = counts(tmp_path, "patients,50000\nappointments,1950000\n")
    assert checked(estimate_counts(path, tmp_path))["price"]["amount"] is not None


def test_a_workspace_s_plan_quota_and_prices_are_used_with_counts(clinic, tmp_path):
    ws = clinic(
        staged=False, settings="[price]\ncurrency = 'GBP'\ntable = {crm = {B = 10, C = 20, D = 30}}\n"
    )
    path = counts(tmp_path, "patients,1000\n")
    document = checked(estimate_counts(path, ws.root))
    assert (document["factors"]["plan"], document["factors"]["plan_from"]) == ("pro", "wherry.toml")
    assert document["factors"]["timeline"]["calls_per_hour"] == 1800
    assert (document["price"]["currency"], document["price"]["amount"]) == ("GBP", 10)


def test_settings_that_cannot_be_read_do_not_stand_in_the_way_of_counts(tmp_path):
    (tmp_path / "wherry.toml").write_text("[sauce]\n", encoding="utf-8")
    result = estimate_counts(counts(tmp_path, "patients,1\n"), tmp_path)
    assert "was not used" in result.next_steps[0]


def test_a_bundle_is_counted_without_staging(clinic):
    ws = clinic(staged=False)
    document = checked(estimate(ws))
    assert document["factors"]["basis"] == "bundle"
    assert document["calls"]["by_object"]["tasks"] == 3
    assert verdicts(document)["password_protected_export"] == "ok"
    assert verdicts(document)["export_options"] == "act"
    assert verdicts(document)["instalment_sign_off"] == "act"
    assert not (ws.state / "snapshots").exists()


def test_what_was_staged_is_counted_exactly(still):
    document = checked(estimate(still))
    by_object = document["calls"]["by_object"]
    assert document["factors"]["basis"] == "staged"
    assert by_object["tasks"] == 2  # blocked time does not move
    assert by_object["contacts"] == 3 + 1  # two of three living patients hold an address of their own
    assert document["factors"]["volume"]["records"] == 33
    finding = next(g for g in document["gotchas"] if g["id"] == "instalment_sign_off")
    assert "2 of 5" in finding["finding"]


def test_a_contact_whose_address_is_held_there_is_no_bulk_row_as_in_the_plan(clinic):
    ws = clinic()
    alone = checked(estimate(ws))["calls"]["by_object"]["contacts"]
    holder, *others = (r for r in ws.snapshot().read("patients") if r.facts.get("email_holder") is not False)
    address = str(holder.values["email"])
    there = Existing(id=900, email=address.upper(), first_name="Somebody", last_name="Else")
    ws.keep_destination(Catalog(system="freshsales", streams=()), {"contacts": [there]}, ws.clock.now())
    assert checked(estimate(ws))["calls"]["by_object"]["contacts"] == alone + 1
    ws.mapping_dir.joinpath("adoptions.yaml").write_text(
        f'contacts:\n  - {{patient: "{others[0].key.id}", id: 900, decision: adopt}}\n', encoding="utf-8"
    )
    # Who is adopted is written by id; the address is now the clinic's own and free for its holder.
    assert checked(estimate(ws))["calls"]["by_object"]["contacts"] == alone + 1


def test_the_clinic_s_own_map_decides_the_clarity(clinic):
    ws = clinic()
    text = (
        "mapping: m\nrow: 1\ntitle: t\nfrom: patients\nto: contacts\nstage: 1\nrules:\n"
        "  - {to: first_name, from: firstName}\n  - {to: last_name, from: lastName, band: red}\n"
    )
    (ws.mapping_dir / "m.yaml").write_text(text, encoding="utf-8")
    factor = checked(estimate(ws))["factors"]["field_mapping"]
    assert (factor["share_green"], factor["points"]) == (0.5, 3)


def test_an_approval_is_no_signature_for_another_plan(clinic):
    ws = clinic()
    approval = Approval(digest="a" * 64, by="M", at=ws.clock.now(), purpose_of_run="instalments")
    ws.ledger.approve(replace(approval, digest="b" * 64))
    assert verdicts(checked(estimate(ws)))["instalment_sign_off"] == "act"
