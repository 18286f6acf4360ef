"""Read back what was written and compare it field by field; what sample and reconcile share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from wherry.app.situation import Situation
from wherry.app.workspace import Workspace
from wherry.engine.hands import Apply
from wherry.model.diff import FieldDiff, Observed
from wherry.model.jsons import Json
from wherry.model.operation import Located, Payload
from wherry.model.record import Key, Record
from wherry.model.run import RecordState
from wherry.planning.order import stream_order
from wherry.reconcile.fields import Expected, absent, compare
from wherry.reconcile.proof import Proof

BATCH = 200  # records
VIEWED = frozenset({"contacts", "sales_accounts", "deals"})  # streams that the API lists 100 a call
LANDED = frozenset({RecordState.CREATED, RecordState.UPDATED, RecordState.UNCHANGED})

OnRecord = Callable[[Key, Sequence[FieldDiff]], None]


def read_back(
    ws: Workspace, situation: Situation, apply: Apply, run: str, on_record: OnRecord
) -> dict[str, Proof]:
    """Compare every record that landed in this run with the destination as it is now.

    Returns the figures per source stream; `on_record` gets the diffs of each record. A record that the
    run says has landed and that is not there is missing, in every field.
    """
    proofs: dict[str, Proof] = {}
    states = ws.ledger.counts(run)
    for stream in stream_order(situation.mappings.active):
        counts = states.get(stream)
        total = sum(counts.states.get(state, 0) for state in LANDED) if counts else 0
        ws.progress.start(f"reading back {stream}", total)
        proofs[stream] = _stream(ws, situation, apply, (run, stream), on_record)
        ws.progress.finish()
    return proofs


def _stream(
    ws: Workspace, situation: Situation, apply: Apply, where: tuple[str, str], on_record: OnRecord
) -> Proof:
    run, stream = where
    proof = Proof()
    cache: dict[tuple[str, int], Observed] = {}
    if any(m.source == stream and m.destination in VIEWED for m in situation.mappings.active):
        cache = _viewed(ws, stream)
    for records in _batches(situation.snapshot.read(stream)):
        landed = {k for k, s in ws.ledger.states(run, [r.key for r in records]).items() if s in LANDED}
        wanted = [
            (record, result)
            for record in records
            if record.key in landed and isinstance(result := apply(record), tuple)
        ]
        _batch(ws, wanted, cache, proof, on_record)
    return proof


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    stream = iter(records)
    while batch := list(islice(stream, BATCH)):
        yield batch


def _viewed(ws: Workspace, stream: str) -> dict[tuple[str, int], Observed]:
    """Read a whole stream through its views at once: 100 records a call."""
    ids: dict[str, list[int]] = {}
    for line in ws.ledger.located(stream):
        ids.setdefault(line.stream, []).append(line.destination_id)
    return {
        (name, seen.id): seen for name, wanted in ids.items() for seen in ws.destination.fetch(name, wanted)
    }


def _batch(
    ws: Workspace,
    wanted: Sequence[tuple[Record, tuple[Payload, ...]]],
    cache: Mapping[tuple[str, int], Observed],
    proof: Proof,
    on_record: OnRecord,
) -> None:
    parents = {link.to for _record, payloads in wanted for p in payloads for link in p.links}
    located = ws.ledger.locate([*(record.key for record, _p in wanted), *parents])
    homes = {key: lines[0].destination_id for key, lines in located.items() if lines}
    lines = {(key, line.part): line for key, found in located.items() for line in found}
    observed = dict(cache) if cache else _fetch(ws, wanted, lines, homes)
    for record, payloads in wanted:
        diffs: list[FieldDiff] = []
        there = True
        for payload in payloads:
            line = lines.get((record.key, payload.part))
            seen = observed.get((payload.stream, line.destination_id)) if line else None
            there = there and seen is not None
            diffs += _diffs(ws, record, payload, line, homes, seen)
        proof.add(diffs, there=there)
        ws.progress.advance(1)
        on_record(record.key, diffs)


def _fetch(
    ws: Workspace,
    wanted: Sequence[tuple[Record, tuple[Payload, ...]]],
    lines: Mapping[tuple[Key, int], Located],
    homes: Mapping[Key, int],
) -> dict[tuple[str, int], Observed]:
    ids: dict[str, dict[int, int]] = {}
    for record, payloads in wanted:
        for payload in payloads:
            line = lines.get((record.key, payload.part))
            parent = next((homes[link.to] for link in payload.links if link.to in homes), 0)
            if line is not None:
                ids.setdefault(payload.stream, {})[line.destination_id] = parent
    return {
        (stream, seen.id): seen
        for stream, parents in ids.items()
        for seen in ws.destination.fetch(stream, list(parents), parents)
    }


def _diffs(
    ws: Workspace,
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
        written = ws.ledger.written(record.key, payload.part)
        kept = frozenset(name for name in payload.fields if name not in written)
    return compare(
        Expected(
            payload=payload,
            destination_id=line.destination_id,
            links={link.field: homes[link.to] for link in payload.links if link.to in homes},
            kept=kept,
            sources=_sources(payload, record),
        ),
        seen,
    )


def _sources(payload: Payload, record: Record) -> dict[str, Json]:
    """Return what the source holds for each written field, as text; fields computed from several show all."""
    return {
        name: " | ".join(str(record.values.get(f)) for f in fields if record.values.get(f) is not None)
        for name, fields in payload.sources.items()
    }
