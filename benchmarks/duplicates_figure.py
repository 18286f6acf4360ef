"""What is there twice, or not at all, after a load that was killed again and again while answers got lost."""

from pathlib import Path
from typing import Any

from account import Journey, account, clean_clinic
from soak.fleet import Fleet

KILLS = 12
LOST: list[dict[str, Any]] = [
    {"kind": "after_commit", "match": {"method": "POST"}, "every": 13},
    {"kind": "after_commit", "drop": True, "match": {"method": "POST"}, "every": 17},
]


def measure(folder: Path) -> dict[str, Any]:
    with account(folder / "account") as there:
        settings = {"engine": "batch_size = 20", "settle": 0.8}
        way = Journey(folder / "ws", there, clean_clinic(folder / "clinic"), **settings).prepared()
        there.admin("faults", LOST)
        fleet = Fleet(way)
        with fleet.running():
            fleet.strike(KILLS, seconds=600)
        lost_answers = sum(rule["fired"] for rule in there.admin("faults"))
        there.admin("faults", [])
        marks, located = way.marks(), way.located()
        proof = way.reconcile()
        return {
            "kills": fleet.kills,
            "lost_answers": lost_answers,
            "records": len(located),
            "duplicates": sum(n - 1 for n in marks.values()),
            "lost": max(0, len(located) - len(marks)),
            "unexplained": way.unexplained(),
            "ok": set(marks.values()) == {1}
            and len(marks) == len(located)
            and not way.unexplained()
            and proof.ok
            and fleet.kills == KILLS,
        }
