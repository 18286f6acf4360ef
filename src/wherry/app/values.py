"""The words of the source's lists, counted, for the proposal of values."""

from collections import Counter
from collections.abc import Iterator, Mapping

from wherry.app.mappings import mapping_texts
from wherry.app.workspace import Workspace
from wherry.mapping.blueprint import load_blueprint, read_mappings
from wherry.mapping.proposer.worded import Held, Status, ValueLine, Words, value_lines
from wherry.model.errors import MappingIncomplete
from wherry.model.record import Fate

_STATUSES = "appointment_statuses"
_BEHIND = (Fate.REJECTED, Fate.DEFERRED)


def words_of(ws: Workspace) -> Words:
    """Return the words that the snapshot's lists hold, with how many records hold each; the commonest fifty.

    Of an appointment's status count those appointments as well that are held back, be it for that status.
    """
    snapshot = ws.snapshot()

    def counts(stream: str, field: str) -> Mapping[str, int]:
        known = snapshot.catalog.stream(stream)
        if known is None or known.field(field) is None:
            return {}
        return dict(snapshot.value_profile(stream, field).top)

    used = Counter(dict(snapshot.value_profile("appointments", "appointmentStatusId").top))
    for _fate, one in snapshot.read_with_fate("appointments", _BEHIND):
        used[str(one.values.get("appointmentStatusId") or "")] += 1
    statuses = tuple(
        Status(
            name=str(record.values.get("name") or "").strip(),
            canonical=str(record.values.get("canonical") or "").strip(),
            records=used[record.key.id],
        )
        for record in snapshot.read(_STATUSES)
    )
    return Words(counts=counts, statuses=statuses, held=tuple(_held(ws, used)))


def _held(ws: Workspace, used: Mapping[str, int]) -> Iterator[Held]:
    """Yield the words that no closed list knows; a status counts for the appointments that have it."""
    snapshot = ws.snapshot()
    for one in snapshot.held_words():
        stream = snapshot.catalog.stream(one.stream)
        column = stream.field(one.column) if stream else None
        own = one.stream == _STATUSES
        yield Held(
            stream=one.stream,
            field=one.column,
            word=one.word,
            records=sum(used.get(key, 0) for key in one.keys) if own else one.records,
            listed=tuple(choice.value for choice in column.choices) if column else (),
        )


def lines_of(ws: Workspace) -> tuple[ValueLine, ...]:
    """Return the proposal for each word of the source's lists that nobody decided yet, by the rules of the workspace."""
    try:
        written = [one.mapping for one in read_mappings(mapping_texts(ws.mapping_dir))]
    except MappingIncomplete:
        written = []
    mappings = written or load_blueprint().mappings
    return tuple(value_lines(mappings, ws.catalog(), words_of(ws), ws.own_values()))
