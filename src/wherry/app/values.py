"""The words of the source's lists, counted, for the proposal of values."""

from collections import Counter
from collections.abc import Mapping

from wherry.app.workspace import Workspace
from wherry.mapping.blueprint import load_blueprint
from wherry.mapping.proposer.worded import Status, ValueLine, Words, value_lines
from wherry.model.ports import Snapshot

_STATUSES = "appointment_statuses"


def words_of(snapshot: Snapshot) -> Words:
    """Return the words that the snapshot's lists hold, with how many records hold each; the commonest fifty."""

    def counts(stream: str, field: str) -> Mapping[str, int]:
        known = snapshot.catalog.stream(stream)
        if known is None or known.field(field) is None:
            return {}
        return dict(snapshot.value_profile(stream, field).top)

    used = Counter(dict(snapshot.value_profile("appointments", "appointmentStatusId").top))
    statuses = tuple(
        Status(
            name=str(record.values.get("name") or "").strip(),
            canonical=str(record.values.get("canonical") or "").strip(),
            records=used[record.key.id],
        )
        for record in snapshot.read(_STATUSES)
    )
    return Words(counts=counts, statuses=statuses)


def lines_of(ws: Workspace) -> tuple[ValueLine, ...]:
    """Return the proposal for each word of the source's lists that nobody decided yet."""
    words = words_of(ws.snapshot())
    return tuple(value_lines(load_blueprint().mappings, ws.catalog(), words, ws.own_values()))
