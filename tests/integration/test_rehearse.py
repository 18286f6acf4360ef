"""A rehearsal: what it predicts is what happens, and the real account sees none of it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from clinicgen.later import Cells, rework

from wherry.app.prime import Known, seed_of
from wherry.app.rehearse import rehearse
from wherry.model.errors import StalePlan, UsageInvalid

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "rehearse.json"


def rehearsed(way: Any) -> Any:
    with way.open() as workspace:
        result = rehearse(workspace)
    document = json.loads(json.dumps(result.document()))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    return result


def rejected(way: Any, run: str) -> Counter[tuple[str, str]]:
    with way.open() as workspace:
        return Counter((c.key.stream, c.reason) for c in workspace.ledger.rejects(run))


def test_a_rehearsal_predicts_the_load_and_leaves_the_account_alone(journey: Any) -> None:
    way = journey().planned()
    before, calls = way.emulator.admin("digest"), way.emulator.admin("calls")["total"]
    result = rehearsed(way)
    assert way.emulator.admin("digest") == before
    assert way.emulator.admin("calls")["total"] == calls  # not even asked
    assert result.exit_code == 0, result.document()
    assert result.faults > 0
    assert result.restored
    assert result.proof.ok
    assert way.prepare().exit_code == 0
    asked = way.emulator.admin("calls")["total"]
    load = way.load()
    made = way.emulator.admin("calls")["total"] - asked
    assert result.streams == load.document()["streams"]
    assert abs(result.calls["load"] - made) <= 0.05 * made + 20
    told = Counter({(r["stream"], r["reason"]): r["count"] for r in result.rejects if r["count"]})
    assert told == rejected(way, load.run)


def test_what_the_rehearsal_rejects_is_what_the_load_rejects(journey: Any, few: Path, tmp_path: Path) -> None:
    def spoiled(rows: list[Cells]) -> list[Cells]:
        rows[0]["lastName"] = rows[0]["firstName"] = ""
        rows[1]["dateOfBirth"] = "31/02/1990"
        return rows

    way = journey(bundle=rework(few, tmp_path / "spoiled", {"patients": spoiled})).planned()
    result = rehearsed(way)
    assert result.exit_code == 4
    assert way.prepare().exit_code == 0
    load = way.load()
    told = Counter({(r["stream"], r["reason"]): r["count"] for r in result.rejects if r["count"]})
    assert told == rejected(way, load.run)
    assert sum(told.values()) >= 2


def test_a_rehearsal_needs_a_plan_that_still_fits(journey: Any) -> None:
    way = journey()
    with pytest.raises(UsageInvalid):
        rehearsed(way)
    way.planned()
    text = way.toml.read_text(encoding="utf-8")
    way.toml.write_text(text.replace("[policy]\n", '[policy]\nadopt = "overwrite"\n'), encoding="utf-8")
    with pytest.raises(StalePlan):
        rehearsed(way)


def test_the_seed_holds_what_the_account_holds(journey: Any) -> None:
    way = journey().planned()
    with way.open() as workspace:
        catalog = workspace.catalog()
        existing = {name: workspace.existing(name) for name in ("contacts", "sales_accounts")}
    seed = seed_of(Known(catalog=catalog, existing=existing, by_hand=(), fresh=way.emulator.admin("dump")))
    assert [one["id"] for one in seed["users"]] == [one.id for one in catalog.people]
    assert {one["id"] for one in seed["contacts"]} == {one["id"] for one in way.live("contact")}
    assert {"cf_date_of_birth"} <= {one["name"] for one in seed["fields"]["contacts"]}
    names = {one["name"] for one in seed["selectors"]["contact_statuses"]}
    assert names == {str(row["name"]) for row in catalog.lookups["contact_statuses"]}  # type: ignore[union-attr, index, call-overload]
