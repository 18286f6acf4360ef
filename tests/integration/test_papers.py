"""What is read before approving, and the signature under the instalments, through a whole migration."""

import csv
import json

from clinic_journey import UNLOCKED
from small_export import FILES, write_export


def test_the_papers_are_written_by_plan_and_a_signature_settles_the_instalments(journey, tmp_path):
    bundle = tmp_path / "export"
    write_export(bundle, FILES)
    clinic = journey(bundle=bundle).prepared()
    reports = clinic.directory / "reports"

    with clinic.open() as workspace:
        frozen = workspace.plan()
    assert frozen.extra["coverage"]["explained"] == frozen.extra["coverage"]["fields"] > 0
    rows = list(csv.DictReader((reports / "coverage.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == frozen.extra["coverage"]["fields"]
    assert {row["fate"] for row in rows} <= {"moved", "moved_as", "computed_into", "locked", "no_equivalent"}

    left = json.loads((reports / "leftovers.json").read_text(encoding="utf-8"))
    assert left["unexplained"] == 0
    assert {row["stream"]: row["read"] for row in left["streams"]} == {
        name: states["read"] for name, states in frozen.streams.items()
    }
    guide = json.loads((reports / "recall-guide.json").read_text(encoding="utf-8"))
    assert (len(guide["rules"]), guide["live"]) == (4, 5)
    assert "waits for a signature" in (reports / "instalments.csv").read_text(encoding="utf-8")

    before = clinic.load().document()["streams"]
    assert (before["instalment_plans"]["deferred"], before["instalments"]["deferred"]) == (2, 4)
    clinic.approve(runs=("instalments",), unlock=UNLOCKED)
    assert "signed off by Maria" in (reports / "instalments.csv").read_text(encoding="utf-8")
    after = clinic.load().document()["streams"]
    assert (after["instalment_plans"]["deferred"], after["instalments"]["deferred"]) == (0, 1)
    assert after["instalment_plans"]["no_equivalent"] == before["instalment_plans"]["no_equivalent"] + 2
    assert after["patients"]["unchanged"] == before["patients"]["created"] == 3
    assert clinic.unexplained() == 0

    contacts = {c["external_id"]: c["custom_field"] for c in clinic.live("contact") if c.get("external_id")}
    assert contacts["1"]["cf_recall_date"].startswith("2026-09-01")

    again = clinic.plan().digest
    clinic.approve(runs=("instalments",))
    assert clinic.plan().digest == again  # a signature makes no other plan
