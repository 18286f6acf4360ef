"""Two days of work in both systems at once, followed by one delta after another: what converges, whose edits survive."""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clinicgen.columns import COLUMNS
from clinicgen.later import Cells, Change, rework

from account import Journey, account, clean_clinic
from wherry.model.run import RecordState

ROUNDS = 8
SMALL, FULL = (120, 1_000, 200), (400, 5_000, 1_000)  # patients, source changes, edits by people
EDITED = {"contact": ("job_title", "city", "zipcode"), "task": ("title",), "note": ("description",)}
PLURAL = {"contact": "contacts", "task": "tasks", "note": "notes"}
ALONE = (
    "patients",
    "appointments",
    "clinical_notes",
    "recalls",
    "medical_flags",
)  # streams that no other hangs on
SISTERS = {"1": "2", "2": "1", "3": "4", "4": "3"}
Edit = tuple[str, int, str]  # entity, id, field


def measure(folder: Path, *, full: bool = False) -> dict[str, Any]:
    patients, changes, edits = FULL if full else SMALL
    with account(folder / "account") as there:
        bundle = clean_clinic(folder / "clinic", patients)
        way = Journey(folder / "ws", there, bundle).prepared()
        assert way.load().exit_code == 0
        people = _People(chance=random.Random(11), way=way)
        clinic = _Clinic(chance=random.Random(12), bundle=bundle)
        runs = []
        for number in range(ROUNDS):
            people.edit(edits // ROUNDS)
            bundle = clinic.work(folder / f"export{number}", changes // ROUNDS)
            runs.append(way.delta(bundle))
        last = way.delta()
        proof = way.reconcile()
        return _judged(way, people, clinic, [*runs, last], proof)


@dataclass(slots=True)
class _People:
    """Staff who edit what they find in the CRM; each edit is remembered as it was typed last."""

    chance: random.Random
    way: Journey
    typed: dict[Edit, str] = field(default_factory=dict)
    count: int = 0

    def edit(self, wanted: int) -> None:
        for entity, share in (("contact", 0.6), ("task", 0.25), ("note", 0.15)):
            records = self.way.live(entity)
            for one in self.chance.sample(records, min(len(records), round(wanted * share))):
                name = self.chance.choice(EDITED[entity])
                self.count += 1
                # A note keeps its last line: that is the marker, and people are told to leave it there.
                mark = f"\n{one['description'].splitlines()[-1]}" if name == "description" else ""
                text = f"by hand {self.count}{mark}"
                self.typed[entity, one["id"], name] = text
                change = {"entity": entity, "id": one["id"], "changes": {name: text}}
                self.way.emulator.admin("human-edit", change)

    def overwritten(self) -> Iterator[Edit]:
        """Yield each edit that is not there any more as it was typed."""
        rows = {(entity, one["id"]): one for entity in EDITED for one in self.way.live(entity)}
        for (entity, id_, name), text in self.typed.items():
            if rows.get((entity, id_), {}).get(name) != text:
                yield entity, id_, name


@dataclass(slots=True)
class _Clinic:
    """A clinic that works on: people move, visits are changed, made and cancelled, notes written, records merged."""

    chance: random.Random
    bundle: Path
    changes: int = 0
    made: int = 0

    def work(self, out: Path, wanted: int) -> Path:
        idle = self._idle()
        shares = {"patients": 0.5, "appointments": 0.25, "clinical_notes": 0.25}
        changes: dict[str, Change] = {
            s: self._change(s, round(wanted * share), idle) for s, share in shares.items()
        }
        for stream in set(ALONE) - set(shares):
            changes[stream] = self._change(stream, 0, idle)
        changes["merges"] = self._merge(idle)
        self.bundle = rework(self.bundle, out, changes)
        return self.bundle

    def _change(self, stream: str, wanted: int, leaver: list[str]) -> Change:
        def change(rows: list[Cells]) -> list[Cells]:
            rows = [row for row in rows if row["patientId"] != leaver[0]]  # one patient is deleted, with all
            for _ in range(wanted):
                self._one(stream, rows)
            return rows

        return change

    def _one(self, stream: str, rows: list[Cells]) -> None:
        self.changes += 1
        at = self.chance.randrange(len(rows))
        act = self.chance.random()
        key = {"patients": "patientId", "appointments": "appointmentId", "clinical_notes": "noteId"}[stream]
        if stream == "patients":
            moved = {"town": f"Town {self.changes}", "postcode": f"TN{self.changes % 90 + 1} 1AA"}
            sister = SISTERS.get(rows[at]["practiceId"])  # of the same currency: bills stay what they are
            rows[at].update({"practiceId": sister} if act < 0.1 and sister else moved)
        elif act < 0.2:
            self.made += 1
            rows.append({**rows[at], key: str(9_000_000 + self.made)})
        elif act < 0.3:
            del rows[at]
        elif stream == "appointments":
            rows[at].update(
                appointmentNotes=f"Changed {self.changes}", duration=self.chance.choice(("20", "40"))
            )
        else:
            rows[at].update(text=f"Rewritten {self.changes}. " + "More words. " * self.chance.randrange(200))

    def _merge(self, idle: list[str]) -> Change:
        def change(rows: list[Cells]) -> list[Cells]:
            self.changes += 1
            pair = {"duplicateId": idle[1], "masterId": idle[2], "mergedAt": "2026-10-03T09:00"}
            return [*rows, pair]

        return change

    def _idle(self) -> list[str]:
        """Patients of no money, plan, household, document or merge: one may go without leaving an orphan behind."""
        busy: set[str] = set()
        ids: list[str] = []
        manifest = json.loads((self.bundle / "manifest.json").read_text(encoding="utf-8"))
        for entry in manifest["files"]:
            stream = entry["name"].removesuffix(".csv")
            text = (self.bundle / entry["name"]).read_bytes().decode(entry["encoding"])
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=entry["delimiter"])
            rows = [dict(zip(COLUMNS[stream], row, strict=False)) for row in lines][1:]
            if stream == "patients":
                ids = [
                    row["patientId"] for row in rows if not row["householdId"] and row["status"] == "active"
                ]
            elif stream not in ALONE:
                named = ("patientId", "masterId", "duplicateId", "headPatientId")
                busy |= {row[name] for row in rows for name in named if name in row}
        return self.chance.sample([id_ for id_ in ids if id_ not in busy], 3)


def _judged(way: Journey, people: _People, clinic: _Clinic, runs: list[Any], proof: Any) -> dict[str, Any]:
    overwritten = sorted(people.overwritten())
    told = _told(way, runs)
    silent = [edit for edit in overwritten if (PLURAL[edit[0]], str(edit[1])) not in told]
    writes = [_writes(run) for run in runs]
    return {
        "source_changes": clinic.changes,
        "edits": people.count,
        "deltas": len(runs),
        "writes": writes,
        "writes_of_the_last": writes[-1],
        "edits_that_stand": len(people.typed) - len(overwritten),
        "edits_replaced_and_told": len(overwritten) - len(silent),
        "silently_overwritten": len(silent),
        "which": silent[:5],
        "unexplained": way.unexplained(),
        "exit_codes": [run.exit_code for run in runs],
        "reconciled": proof.exit_code == 0,
        "ok": not silent and not writes[-1] and proof.exit_code == 0 and not way.unexplained(),
    }


def _told(way: Journey, runs: list[Any]) -> set[tuple[str, str]]:
    """Places whose edits a delta says that it replaced."""
    found = set()
    for run in runs:
        with (way.directory / "reports" / f"delta-{run.run}.csv").open(encoding="utf-8", newline="") as file:
            found |= {
                (row["stream"], row["key"])
                for row in csv.DictReader(file)
                if row["reason"] == "edit_overwritten"
            }
    return found


def _writes(run: Any) -> int:
    return sum(
        line.states[RecordState.CREATED] + line.states[RecordState.UPDATED]
        for name, line in run.streams.items()
        if not name.startswith("link.")
    )
