"""Read back what was written and compare it field by field; what sample and reconcile share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from wherry.app.doubles import Doubles
from wherry.app.readings import Readings
from wherry.app.situation import Situation
from wherry.app.workspace import Workspace
from wherry.engine.decide import HOME
from wherry.engine.gone import KEPT, LEFT, PREFIX
from wherry.engine.hands import Apply
from wherry.engine.past import home_of
from wherry.engine.sweep import SKEW
from wherry.mapping.apply import Carried
from wherry.model.diff import FieldDiff, Observed, Verdict
from wherry.model.errors import Interrupted
from wherry.model.jsons import Json
from wherry.model.operation import Located, Payload
from wherry.model.ports import DestinationReader
from wherry.model.record import Key, Record
from wherry.model.run import RecordState, RunKind
from wherry.planning.accounts import UNASSIGNED
from wherry.planning.order import stream_order
from wherry.reconcile.edits import by_a_person
from wherry.reconcile.fields import FINE, KEPT_EDITED, Expected, absent, compare, surplus
from wherry.reconcile.proof import Proof

BATCH = 200  # records
LANDED = frozenset({RecordState.CREATED, RecordState.UPDATED, RecordState.UNCHANGED})

Wanted = tuple[Record, tuple[Payload, ...]]
Labels = Mapping[str, Mapping[str, str]]  # destination stream → field → label
OnRecord = Callable[[Key, Sequence[FieldDiff]], None]
OnSeen = Callable[[Record, Observed | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who is told: `on_record` of the diffs of each record, `on_seen` of its (first) part, None if it is not there."""

    on_record: OnRecord
    on_seen: OnSeen = lambda _record, _seen: None


def read_back(
    ws: Workspace,
    situation: Situation,
    apply: Apply,
    run: str,
    witness: Witness,
    readings: Readings | None = None,
) -> dict[str, Proof]:
    """Compare every record that landed in this run, or in any run and stands, with the destination as it is.

    Without a run, that is everything that was written and not taken back: loads, samples and retries alike.
    Returns the figures per source stream. A record that the run says has landed and that is not there is
    missing, in every field; one that is there twice is different. Streams that the API lists are read 100 a
    call; everything else through its contact, in one call a contact. `readings` hold what an interrupted call of this has read already.
    """
    active = situation.mappings.active
    order = stream_order(active)
    reading = _Reading(
        ws=ws,
        there=readings or ws.destination,
        apply=apply,
        run=run,
        witness=witness,
        proofs={s: Proof() for s in order},
        labels=_labels(situation),
        streams={s: frozenset(m.destination for m in active if m.source == s) for s in order},
        edits=_edits(ws),
        follows=any(run.kind is RunKind.DELTA for run in ws.ledger.runs()),
        doubles=Doubles(destination=ws.destination, catalog=situation.catalog, since=_begun(ws)),
    )
    total = sum(reading.landed(stream) for stream in order)
    ws.progress.start("reading back", total)
    children = [stream for stream in order if _parent_field(situation, stream)]
    for stream in order:
        if stream not in children:
            cache = reading.viewed(stream)
            for records in _batches(situation.snapshot.read(stream)):
                reading.compare(reading.wanted(records), cache)
    for patients in _batches(situation.snapshot.read("patients")):
        ids = [patient.key.id for patient in patients]
        found = [
            pair
            for stream in children
            for pair in reading.wanted(
                list(situation.snapshot.read_where(stream, _parent_field(situation, stream), ids))
            )
        ]
        reading.compare(found)
    ws.progress.finish()
    for stream, proof in reading.proofs.items():
        # What the run says has landed and the snapshot no longer holds cannot be proved: it is not found.
        proof.expected = max(proof.expected, reading.landed(stream))
    return reading.proofs


def _begun(ws: Workspace) -> datetime | None:
    """Return when the first run began, with some room for clocks that differ: nothing of ours is older."""
    began = [run.started_at - SKEW for run in ws.ledger.runs()]
    return min(began, default=None)


def _edits(ws: Workspace) -> dict[Key, frozenset[str]]:
    """Return what deltas kept and reported: fields that people changed, and records that the source deleted."""
    edits: dict[Key, frozenset[str]] = {}
    for run in ws.ledger.runs():
        if run.kind is RunKind.DELTA:
            for change in ws.ledger.noted(run.id, (KEPT, LEFT)):
                edits[change.key] = edits.get(change.key, frozenset()) | set(change.field.split())
    return edits


def _labels(situation: Situation) -> dict[str, dict[str, str]]:
    """Return the labels under which people know the fields of the destination."""
    return {
        stream.name: {
            f"custom_field.{f.name}" if f.custom else f.name: f.label or f.name for f in stream.fields
        }
        for stream in situation.catalog.streams
    }


def _parent_field(situation: Situation, stream: str) -> str:
    """Return the field with the patient's id, for streams whose records hang on a contact."""
    links = (link for m in situation.mappings.active if m.source == stream for link in m.links)
    return next((link.source for link in links if link.relation == "targetable"), "")


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    stream = iter(records)
    while batch := list(islice(stream, BATCH)):
        yield batch


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One read-back under way."""

    ws: Workspace
    there: Readings | DestinationReader
    apply: Apply
    run: str
    witness: Witness
    proofs: dict[str, Proof]
    labels: Labels
    streams: Mapping[str, frozenset[str]]  # source stream → the destination streams that it goes to
    edits: Mapping[
        Key, frozenset[str]
    ]  # fields of people that deltas kept; `deleted.…` keys for whole records
    doubles: Doubles
    follows: bool  # whether the source is followed: then people are at work here, and what they do stays

    def landed(self, stream: str) -> int:
        """Return how many records of the stream should be there as records of their own."""
        if not self.run:
            keys = {line.key for line in self.ws.ledger.located(stream)}
            return sum(
                key.id != UNASSIGNED and Key(f"{PREFIX}{stream}", key.id) not in self.edits for key in keys
            )
        counts = self.ws.ledger.counts(self.run).get(stream)
        if counts is None or stream == "clinicians":
            return 0
        return sum(counts.states.get(state, 0) for state in LANDED)

    def viewed(self, stream: str) -> dict[tuple[str, int], Observed]:
        """Read a whole stream through its views at once: 100 records a call."""
        ids: dict[str, list[int]] = {}
        for line in self.ws.ledger.located(stream):
            # What an earlier plan brought elsewhere, such as a note, is no longer what this one speaks of.
            if line.key.id != UNASSIGNED and line.stream in self.streams[stream]:
                ids.setdefault(line.stream, []).append(line.destination_id)
        fetch = self.there.fetch
        return {(name, seen.id): seen for name, wanted in ids.items() for seen in fetch(name, wanted)}

    def wanted(self, records: Sequence[Record]) -> list[Wanted]:
        """Return the records that landed, with what they should be there."""
        keys = [record.key for record in records]
        if self.run:
            there = {key for key, state in self.ws.ledger.states(self.run, keys).items() if state in LANDED}
        else:
            there = set(self.ws.ledger.locate(keys))
        results = [(record, self.apply(record)) for record in records]
        self._count_carried(
            {record.key: result.by for record, result in results if isinstance(result, Carried)}, there
        )
        return [
            (record, result)
            for record, result in results
            if isinstance(result, tuple) and record.key in there
        ]

    def _count_carried(self, carried: Mapping[Key, Key], there: AbstractSet[Key]) -> None:
        """Count records that arrived inside of others: found where these are, whose own fields are compared."""
        located = self.ws.ledger.locate(set(carried.values()))
        for key, by in carried.items():
            if key in there or (not self.run and located.get(by)):
                self.proofs[key.stream].add((), there=bool(located.get(by)))

    def compare(
        self, wanted: Sequence[Wanted], cache: Mapping[tuple[str, int], Observed] | None = None
    ) -> None:
        """Compare a batch with what was read already, or without that through its contacts."""
        if self.ws.stopper.asked:
            raise Interrupted("stopped between two reads", hint="run the same command again")
        parents = {link.to for _record, payloads in wanted for p in payloads for link in p.links}
        located = self.ws.ledger.locate([*(record.key for record, _p in wanted), *parents])
        homes = {key: lines[0].destination_id for key, lines in located.items() if lines}
        lines = {(key, line.part): line for key, found in located.items() for line in found}
        observed = self._children(wanted, lines, homes) if cache is None else cache
        for record, payloads in wanted:
            diffs: list[FieldDiff] = []
            there = True
            for payload in payloads:
                line = lines.get((record.key, payload.part))
                seen = observed.get((payload.stream, line.destination_id)) if line else None
                there = there and seen is not None
                if payload.part == 1:
                    self.witness.on_seen(record, seen)
                diffs += self._diffs(record, payload, line, homes, seen)
                diffs += [surplus(payload, one) for one in self.doubles.of(payload, seen)] if seen else []
            self.proofs[record.key.stream].add(diffs, there=there)
            self.ws.progress.advance(1)
            self.witness.on_record(record.key, diffs)

    def _diffs(
        self,
        record: Record,
        payload: Payload,
        line: Located | None,
        homes: Mapping[Key, int],
        seen: Observed | None,
    ) -> list[FieldDiff]:
        if line is None:
            return absent(record.key, payload.stream, [payload])
        kept: frozenset[str] = frozenset()
        if line.adopted:
            written = self.ws.ledger.written(record.key, payload.part)
            kept = frozenset(name for name in payload.fields if name not in written)
        diffs = compare(
            Expected(
                payload=payload,
                destination_id=line.destination_id,
                links={link.field: homes[link.to] for link in payload.links if link.to in homes},
                kept=kept,
                edited=self.edits.get(record.key, frozenset()),
                sources=_sources(payload, record),
                labels=self.labels.get(payload.stream, {}),
            ),
            seen,
        )
        return diffs if seen is None or not self.follows else self._told_apart(diffs, payload, seen)

    def _told_apart(self, diffs: list[FieldDiff], payload: Payload, seen: Observed) -> list[FieldDiff]:
        """Take what a person changed since our last write for what it is: an edit that stays."""
        if all(diff.verdict in FINE for diff in diffs):
            return diffs
        history = [
            a for a in self.ws.ledger.history(payload.key, payload.part) if a.destination_id == seen.id
        ]
        return [
            replace(diff, verdict=Verdict.EQUAL_AFTER_RULE, rule=KEPT_EDITED)
            if by_a_person(diff, seen, history, payload.compare.get(diff.field, "exact"))
            else diff
            for diff in diffs
        ]

    def _children(
        self, wanted: Sequence[Wanted], lines: Mapping[tuple[Key, int], Located], homes: Mapping[Key, int]
    ) -> dict[tuple[str, int], Observed]:
        by_contact: dict[int, dict[str, list[int]]] = {}
        for record, payloads in wanted:
            for payload in payloads:
                line = lines.get((record.key, payload.part))
                contact = next((homes[link.to] for link in payload.links if link.to in homes), None)
                if line is not None and HOME in self.edits.get(record.key, ()):
                    contact = home_of(self.ws.ledger.history(record.key, payload.part), line.destination_id)
                if line is not None and contact is not None:
                    streams = by_contact.setdefault(contact, {})
                    streams.setdefault(payload.stream, []).append(line.destination_id)
        fetched = {(seen.stream, seen.id): seen for seen in self.there.fetch_children(by_contact)}
        self.doubles.among(fetched.values())
        return fetched


def _sources(payload: Payload, record: Record) -> dict[str, Json]:
    """Return what the source holds for each written field, as text; fields computed from several show all."""
    return {
        name: " | ".join(str(record.values.get(f)) for f in fields if record.values.get(f) is not None)
        for name, fields in payload.sources.items()
    }
