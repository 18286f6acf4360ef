"""What a dry run is worth: the rehearsal's rejects against those of the load, record by record."""

import csv
from pathlib import Path
from typing import Any

from clinicgen.later import rework

from account import Journey, account, clean_clinic
from corpus import HIDDEN_FAULTS, HIDDEN_KINDS, KINDS, changes
from wherry.app.rehearse import rehearse

RECALL, FALSE_ALARMS = 0.95, 0.02


def measure(folder: Path) -> dict[str, Any]:
    bundle = rework(clean_clinic(folder / "clinic"), folder / "faulty", changes())
    with account(folder / "account") as there:
        way = Journey(folder / "ws", there, bundle).planned()
        with way.open() as workspace:
            plan = workspace.plan()
            rehearsed = rehearse(workspace)
            foretold = _held(way.directory / rehearsed.rejects_csv)
        assert way.prepare().exit_code == 0
        there.admin("faults", HIDDEN_FAULTS)
        load = way.load()
        held = _held(way.directory / load.rejects_csv)
    arrived = sum(
        line["created"] + line["updated"] + line["unchanged"] for line in rehearsed.streams.values()
    )
    recall = len(foretold & held) / len(held)
    false = len(foretold - held) / max(1, len(foretold))
    return {
        "kinds_of_fault": len(KINDS) + HIDDEN_KINDS,
        "records_held_back": len(held),
        "records_that_arrived": arrived,
        "foreseen_by_plan": sum(int(str(line["count"])) for line in plan.rejects),
        "foreseen_by_rehearsal": len(foretold),
        "recall": round(recall, 4),
        "false_alarms": round(false, 4),
        "missed": sorted(" ".join(key) for key in held - foretold),
        "ok": recall >= RECALL and false <= FALSE_ALARMS and len(KINDS) >= 40,
    }


def _held(path: Path) -> set[tuple[str, str, str]]:
    """Give stream, key and reason of everything that was held back."""
    with path.open(encoding="utf-8", newline="") as file:
        # A key that a spreadsheet would take for a formula stands behind an apostrophe.
        return {(row["stream"], row["key"].lstrip("'"), row["reason"]) for row in csv.DictReader(file)}
