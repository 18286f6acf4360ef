"""Load, crash, resume, change, human edit, rollback, in any order, against a plain dict."""

import hashlib
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from memory_destination import (
    BentClock,
    Crash,
    MemoryDestination,
    as_payloads,
    load_all,
    make_hands,
    no_fault,
    record,
    roll_back,
)
from wherry.model.errors import Unavailable
from wherry.model.operation import Operation
from wherry.model.record import Record
from wherry.store import open_store

PATIENTS = ("1", "2", "3")
NOTES = ("1", "2", "3", "4")
WORDS = st.sampled_from(["a", "b", "c"])


class Journey(RuleBasedStateMachine):
    """`source` is what the clinic holds, `edits` what people wrote over it at the destination."""

    @initialize(bulk=st.booleans())
    def begin(self, bulk: bool) -> None:
        self.clock = BentClock()
        self.there = MemoryDestination(bulk_streams=frozenset({"contacts"}) if bulk else frozenset())
        self.ledger = open_store("sqlite://", clock=self.clock).ledger
        self.theirs = self.there.put("contacts", {"first": "somebody else"})
        self.source: dict[tuple[str, str], dict[str, Any]] = {
            ("practices", "1"): {"city": "a"},
            **{("patients", n): {"first": "a", "parent": "1"} for n in PATIENTS},
            **{
                ("notes", n): {"text": "a", "parent": PATIENTS[int(n) % 3], "parts": 1 + int(n) % 2}
                for n in NOTES
            },
        }
        self.edits: dict[tuple[str, str], Any] = {}  # (mark, field) → value

    # what the clinic and its people do

    @rule(patient=st.sampled_from(PATIENTS), word=WORDS)
    def change_a_patient(self, patient: str, word: str) -> None:
        self.source["patients", patient]["first"] = word

    @rule(note=st.sampled_from(NOTES), word=WORDS)
    def change_a_note(self, note: str, word: str) -> None:
        self.source["notes", note]["text"] = word

    @rule(data=st.data(), word=st.sampled_from(["x", "y", None]))
    def edit_over_there(self, data: Any, word: str | None) -> None:
        places = [
            (stream, row)
            for stream, rows in self.there.rows.items()
            for row in rows.values()
            if "mark" in row.fields
        ]
        if not places:
            return
        stream, row = data.draw(st.sampled_from(places))
        name = {"contacts": "first", "notes": "text", "sales_accounts": "city"}[stream]
        row.fields[name] = word
        self.edits[str(row.fields["mark"]), name] = word

    # what we do

    def _records(self) -> list[Record]:
        return [record(stream, id_, **values) for (stream, id_), values in self.source.items()]

    def _hands(self) -> Any:
        return make_hands(self.there, self._records(), clock=self.clock, ledger=self.ledger)

    def _digest(self) -> str:
        return hashlib.sha256(repr(sorted(self.source.items())).encode()).hexdigest()

    @rule()
    def load(self) -> None:
        load_all(self._hands(), self._digest())
        expected = {p.marker: p.fields for one in self._records() for p in as_payloads(one)}
        rows = {
            str(r.fields["mark"]): r
            for rows in self.there.rows.values()
            for r in rows.values()
            if "mark" in r.fields
        }
        assert set(rows) == set(expected)
        for mark, fields in expected.items():
            for name, value in fields.items():
                assert rows[mark].fields[name] == self.edits.get((mark, name), value), (mark, name)

    @rule(turn=st.integers(0, 30), kind=st.sampled_from(["die", "die_after", "lost", "never", "again"]))
    def crash_while_loading(self, turn: int, kind: str) -> None:
        self._break(turn, kind, lambda: load_all(self._hands(), self._digest()))

    @rule()
    def roll_back(self) -> None:
        roll_back(self._hands(), confirm=str(len(self.ledger.runs())))
        self._check_taken_back()

    @rule(turn=st.integers(0, 20), kind=st.sampled_from(["die", "die_after"]))
    def crash_while_rolling_back(self, turn: int, kind: str) -> None:
        self._break(turn, kind, lambda: roll_back(self._hands(), confirm="broken"))

    def _break(self, turn: int, kind: str, work: Any) -> None:
        left = [turn]

        def fault(name: str, _operation: Operation | None) -> str:
            if kind in {"die", "die_after"} or name in {"write", "submit"}:
                left[0] -= 1
            return kind if left[0] == -1 else ""

        self.there.fault = fault
        try:
            work()
        except (Crash, Unavailable):
            pass
        finally:
            self.there.fault = no_fault
        self._forget_edits_of_what_is_gone()

    def _check_taken_back(self) -> None:
        """Nothing is left but what people edited, and what that hangs on."""
        left = [
            (s, i, r) for s, rows in self.there.rows.items() for i, r in rows.items() if "mark" in r.fields
        ]
        holding = {i for _s, _i, r in left for ids in r.links.values() for i in ids}
        for _stream, id_, row in left:
            edited = any(mark == row.fields["mark"] for mark, _name in self.edits)
            assert edited or id_ in holding, row.fields["mark"]
        self._forget_edits_of_what_is_gone()

    def _forget_edits_of_what_is_gone(self) -> None:
        there = set(self.there.marks())
        self.edits = {place: value for place, value in self.edits.items() if place[0] in there}

    @invariant()
    def nothing_is_there_twice(self) -> None:
        marks = self.there.marks() if hasattr(self, "there") else []
        assert len(marks) == len(set(marks))

    @invariant()
    def every_record_is_explained(self) -> None:
        for run in self.ledger.runs() if hasattr(self, "ledger") else ():
            assert all(line.unexplained == 0 for line in self.ledger.counts(run.id).values())

    @invariant()
    def what_others_made_is_untouched(self) -> None:
        if hasattr(self, "there"):
            assert self.there.rows["contacts"][self.theirs].fields == {"first": "somebody else"}

    def teardown(self) -> None:
        if hasattr(self, "there"):
            self.load()


TestJourney = Journey.TestCase
TestJourney.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
