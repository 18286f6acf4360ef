"""Whether reconcile finds what a server changed in silence: every one, and nothing else."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from account import Journey, account, clean_clinic

SHARE = 0.01
COERCIONS: list[dict[str, Any]] = [
    {"entity": "contact", "field": "last_name", "how": "truncate", "length": 2},
    {"entity": "contact", "field": "address", "how": "change_case"},
    {"entity": "contact", "field": "city", "how": "truncate", "length": 2},
    {"entity": "contact", "field": "sales_accounts", "how": "drop_link"},
    {"entity": "contact", "field": "custom_field.cf_date_of_birth", "how": "shift_zone", "hours": 24},
    {"entity": "task", "field": "title", "how": "truncate", "length": 6},
    {"entity": "task", "field": "due_date", "how": "shift_zone", "hours": 1},
    {"entity": "task", "field": "description", "how": "change_case"},
    {"entity": "note", "field": "description", "how": "truncate", "length": 40},
    {"entity": "appointment", "field": "from_date", "how": "shift_zone", "hours": 1},
]
# A phone number without its signs is the same number by rule; one that loses the + of another country is not.
REFORMATS: list[dict[str, Any]] = [{"entity": "contact", "field": "mobile_number", "how": "reformat_phone"}]
STREAMS = {"contact": "contacts", "task": "tasks", "note": "notes", "appointment": "appointments"}


def measure(folder: Path) -> dict[str, Any]:
    with account(folder / "account") as there:
        way = Journey(folder / "ws", there, clean_clinic(folder / "clinic", 300)).prepared()
        rules = [{"kind": "silent_coercion", "share": SHARE, **rule} for rule in (*COERCIONS, *REFORMATS)]
        there.admin("faults", rules)
        way.load()
        struck = there.admin("faults")
        there.admin("faults", [])
        proof = way.reconcile()
        compared = sum(line["fields_compared"] for line in proof.document()["streams"].values())
        found = _found(way.directory / proof.discrepancies)
    injected = Counter({(STREAMS[r["entity"]], r["field"]): r["fired"] for r in struck[: len(COERCIONS)]})
    reformats = {("contacts", "mobile_number"): struck[-1]["fired"]}
    other_numbers = found["contacts", "mobile_number"]
    caught = sum(min(found[place], count) for place, count in injected.items())
    false = sum((found - injected - Counter(reformats)).values())
    return {
        "fields_compared": compared,
        "injected": injected.total(),
        "phones_reformatted": struck[-1]["fired"],
        "reported_as_another_number": other_numbers,
        "found": caught,
        "found_share": round(caught / injected.total(), 4),
        "false_alarms": false,
        "missed": {" ".join(place): n for place, n in (injected - found).items()},
        "alarms": {" ".join(place): n for place, n in (found - injected - Counter(reformats)).items()},
        "ok": caught == injected.total() > 0 and not false,
    }


def _found(path: Path) -> Counter[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return Counter(
            (row["destination"], row["field"].removeprefix("→ "))
            for row in csv.DictReader(file)
            if row["verdict"] in {"different", "missing"}
        )
