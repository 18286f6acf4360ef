"""The last look of a run: is anything of ours at the destination twice? It deletes nothing by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from wherry.engine.hands import Hands
from wherry.model.diff import Observed
from wherry.model.errors import DuplicatesFound
from wherry.model.ledger import Attempt
from wherry.model.operation import Operation
from wherry.model.record import Key

SLICE = 400  # records compared at a time
SKEW = timedelta(minutes=5)  # what the destination's clock and ours may differ
PARENTS = ("targetable",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A source record that is there more than once."""

    key: Key
    stream: str
    ids: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.key} is there {len(self.ids)} times: {self.stream} {', '.join(map(str, self.ids))}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a run wrote to one stream of the destination, as far as the sweep has to know."""

    source: str  # the source stream
    field: str  # the field by which its records are recognised


def sweep(hands: Hands, run: str, since: datetime) -> None:
    """Raise DuplicatesFound, naming ids, when a record that this run made since then is there twice.

    Looked at is what could have been doubled: all rows of streams in which a bulk job or an open outcome
    occurred, 100 a call through the views; and the children of those contacts under which a child's
    outcome was open, two calls or three a contact. A run in which nothing was ever in doubt costs nothing.
    """
    found = [
        *(
            twin
            for stream, kinds in _listed(hands, run).items()
            for twin in _in_view(hands, stream, kinds, since)
        ),
        *_among_children(hands, run),
    ]
    if found:
        raise DuplicatesFound(
            f"{len(found)} records are at the destination more than once",
            hint="look at them and delete the ones too many there, then run the same command again",
            details=[str(one) for one in found],
        )


def _listed(hands: Hands, run: str) -> Mapping[str, Sequence[Kind]]:
    """Return the streams with a unique key in which a row of this run could have been doubled.

    By which field a record is recognised is said by its mapping, so one write of each kind tells it.
    """
    doubted = {attempt.operation.stream for attempt in hands.ledger.doubtful(run)}
    kinds: dict[str, dict[Kind, bool]] = {}
    for attempt in hands.ledger.one_of_each(run, doubted):
        operation = attempt.operation
        if operation.match is None:
            continue
        kinds.setdefault(operation.stream, {})[Kind(operation.key.stream, operation.match[0])] = True
    return {stream: list(found) for stream, found in kinds.items()}


def _in_view(hands: Hands, stream: str, kinds: Sequence[Kind], since: datetime) -> Iterator[Duplicate]:
    """Compare the newest rows of a view with the crosswalk: whoever carries our key must be the one it knows."""
    rows = hands.destination.scan(stream, since - SKEW)
    while part := list(islice(rows, SLICE)):
        carried: dict[Key, list[int]] = {}
        for row in part:
            for key in _keys(row, kinds):
                carried.setdefault(key, []).append(row.id)
        for key, places in hands.ledger.locate(carried).items():
            known = {line.destination_id for line in places}
            others = [id_ for id_ in carried[key] if id_ not in known]
            if others and _both_there(hands, stream, [*known, *others]):
                yield Duplicate(key=key, stream=stream, ids=tuple(sorted([*known, *others])))


def _keys(row: Observed, kinds: Sequence[Kind]) -> Iterator[Key]:
    for kind in kinds:
        value = row.fields.get(kind.field)
        if value not in (None, ""):
            yield Key(kind.source, str(value))


def _both_there(hands: Hands, stream: str, ids: Sequence[int]) -> bool:
    live = [one for one in hands.destination.fetch(stream, ids) if not one.deleted]
    return len(live) > 1


def _among_children(hands: Hands, run: str) -> Iterator[Duplicate]:
    """Count the markers under each contact under which something was in doubt."""
    under: dict[tuple[str, int], list[Attempt]] = {}
    for attempt in hands.ledger.doubtful(run):
        parent = _parent(attempt.operation)
        if attempt.operation.marker and parent is not None:
            under.setdefault((attempt.operation.stream, parent), []).append(attempt)
    for (stream, parent), attempts in under.items():
        texts = _texts(hands, stream, parent)
        for attempt in attempts:
            ids = [id_ for id_, text in texts.items() if attempt.operation.marker in text]
            if len(ids) > 1:
                yield Duplicate(key=attempt.operation.key, stream=stream, ids=tuple(sorted(ids)))


def _parent(operation: Operation) -> int | None:
    return next((operation.links[name] for name in PARENTS if name in operation.links), None)


def _texts(hands: Hands, stream: str, parent: int) -> dict[int, str]:
    """Return the texts of the children of a contact, by id."""
    contact = next(iter(hands.destination.fetch("contacts", [parent], dependents=True)), None)
    ids = list(contact.links.get(stream, ())) if contact is not None else []
    if not ids:
        return {}
    children = hands.destination.fetch(stream, ids, dict.fromkeys(ids, parent))
    return {one.id: _marked_text(one) for one in children if not one.deleted}


def _marked_text(one: Observed) -> str:
    """Return the text at whose end a marker stands: a description, or the name of a file."""
    return str(one.fields.get("description") or one.fields.get("name") or "")
