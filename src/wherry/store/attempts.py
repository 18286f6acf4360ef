"""Attempted writes as they lie in the store: an operation, its bodies, and what is known of it now."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, and_, func, or_, select, tuple_

from wherry.model.jsons import Json, canonical_json, sha256_of
from wherry.model.ledger import OPEN_STATES, Attempt, EntryState
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.privacy import Destroyed, Sealer
from wherry.store.database import Database
from wherry.store.seal import body_name
from wherry.store.tables import attempts, bodies, chain

JOINED = select(attempts, bodies.c.operation, bodies.c.before, bodies.c.after).join(
    bodies, bodies.c.operation_id == attempts.c.operation_id, isouter=True
)


_OPEN = [str(state) for state in OPEN_STATES]
_SLICE = 400
_PAGE = 500


def opened_of(database: Database, keys: Collection[Key] | None) -> list[Row[Any]]:
    """Return the lines of attempts whose outcome is open, oldest first: all, or those of these records."""
    query = JOINED.where(attempts.c.state.in_(_OPEN)).order_by(attempts.c.seq)
    if keys is None:
        return list(database.rows(query))
    pairs = sorted((key.stream, key.id) for key in set(keys))
    found: list[Row[Any]] = []
    for start in range(0, len(pairs), _SLICE):
        place = tuple_(attempts.c.source_stream, attempts.c.source_id)
        found += database.rows(query.where(place.in_(pairs[start : start + _SLICE])))
    return sorted(found, key=lambda row: int(row.seq))


def one_of_each(database: Database, run: str, streams: Collection[str]) -> list[Row[Any]]:
    """Return one confirmed attempt for each verb and pair of streams: of bulk jobs, and of these streams."""
    first = (
        select(func.min(attempts.c.confirmed_seq))
        .where(
            attempts.c.run == run,
            attempts.c.confirmed_seq.is_not(None),
            attempts.c.undone_by == "",
            or_(attempts.c.job != "", attempts.c.stream.in_(streams)),
        )
        .group_by(attempts.c.stream, attempts.c.source_stream, attempts.c.verb)
    )
    return list(database.rows(JOINED.where(attempts.c.confirmed_seq.in_(first))))


def doubted(database: Database, run: str) -> Iterator[Row[Any]]:
    """Yield confirmed creates of a run that were open once, or were found by looking; in short transactions."""
    open_once = chain.c.state.in_([str(EntryState.UNKNOWN), str(EntryState.ABSENT)])
    looked_up = and_(chain.c.state == EntryState.CONFIRMED, chain.c.note.contains("found"))
    ids = select(chain.c.operation_id).where(chain.c.run == run, or_(open_once, looked_up))
    query = (
        JOINED.where(
            attempts.c.run == run,
            attempts.c.verb == Verb.CREATE,
            attempts.c.confirmed_seq.is_not(None),
            attempts.c.undone_by == "",
            attempts.c.operation_id.in_(ids),
        )
        .order_by(attempts.c.confirmed_seq)
        .limit(_PAGE)
    )
    page_query = query
    while page := database.rows(page_query):
        yield from page
        page_query = query.where(attempts.c.confirmed_seq > page[-1].confirmed_seq)


def sent_body(operation: Operation) -> dict[str, Any]:
    """Return what is kept of an operation beside its ids."""
    return {
        "fields": dict(operation.fields),
        "links": dict(operation.links),
        "match": None if operation.match is None else list(operation.match),
        "marker": operation.marker,
        "irreversible": operation.irreversible,
        "adopts": operation.adopts,
        "for_good": operation.for_good,
        "unlinks": {name: list(ids) for name, ids in operation.unlinks.items()},
    }


def before_body(operation: Operation) -> dict[str, Any] | None:
    """Return the before-image, or None where nothing was there."""
    if operation.before is None and operation.before_links is None:
        return None
    return {
        "fields": None if operation.before is None else dict(operation.before),
        "links": None if operation.before_links is None else dict(operation.before_links),
    }


def attempt_of(row: Row[Any], sealer: Sealer) -> Attempt:
    """Return the attempt that lies in a joined line of attempts and bodies; purged bodies come back empty."""
    sent = _opened(row, "operation", sealer) or {}
    before = _opened(row, "before", sealer) or {}
    match = sent.get("match")
    operation = Operation(
        id=row.operation_id,
        verb=Verb(row.verb),
        stream=row.stream,
        key=Key(row.source_stream, row.source_id),
        part=row.part,
        fields=sent.get("fields", {}),
        links=sent.get("links", {}),
        match=None if match is None else (match[0], match[1]),
        marker=sent.get("marker", ""),
        destination_id=row.target_id,
        before=before.get("fields"),
        before_links=before.get("links"),
        fingerprint=row.fingerprint,
        undoes=row.undoes,
        irreversible=sent.get("irreversible", ""),
        adopts=sent.get("adopts", False),
        for_good=sent.get("for_good", False),
        unlinks=sent.get("unlinks", {}),
    )
    return Attempt(
        operation=operation,
        run=row.run,
        digest=row.digest,
        state=EntryState(row.state),
        at=datetime.fromisoformat(row.at),
        destination_id=row.destination_id,
        after=_opened(row, "after", sealer),
        job=row.job,
        adopted=row.adopted,
        undone_by=row.undone_by,
    )


def _opened(row: Row[Any], column: str, sealer: Sealer) -> Any:
    sealed = getattr(row, column)
    if sealed is None or isinstance(sealer, Destroyed):  # what no key opens any more is as good as gone
        return None
    return orjson.loads(sealer.open(bytes(sealed), body_name(row.operation_id, column)))


def body_mark(body: Json, sealer: Sealer) -> str:
    """Return the hash of a body as the chain holds it: keyed, so that it says nothing once the key is gone."""
    return sealer.mark(canonical_json(body))


def is_body_of(row: Row[Any], column: str, chained: str, sealer: Sealer) -> bool:
    """Return whether a body is the one that the chain speaks of; one that was purged is no flaw.

    What was written before the store was sealed stands in the chain under its plain hash.
    """
    body: Json = _opened(row, column, sealer)
    return body is None or chained in (body_mark(body, sealer), sha256_of(body))


def _confirmed_of(key: Key, part: int) -> Select[Any]:
    of_part = (
        attempts.c.source_stream == key.stream,
        attempts.c.source_id == key.id,
        attempts.c.part == part,
    )
    return JOINED.where(*of_part, attempts.c.confirmed_seq.is_not(None)).order_by(attempts.c.confirmed_seq)


def history(database: Database, sealer: Sealer, key: Key, part: int) -> list[Attempt]:
    """Return every confirmed write to this part, oldest first, those that were taken back included."""
    return [attempt_of(row, sealer) for row in database.rows(_confirmed_of(key, part))]


def written(database: Database, sealer: Sealer, key: Key, part: int) -> Mapping[str, Json]:
    """Return the newest after-image per field of our confirmed, not undone writes to this part."""
    rows = database.rows(_confirmed_of(key, part))
    adoptions = {row.operation_id for row in rows if row.adopted}
    image: dict[str, Json] = {}
    lives_at: int | None = None
    for row in rows:
        gone = row.verb == Verb.DELETE or row.undoes in adoptions
        if gone or row.destination_id != lives_at:
            image, lives_at = {}, None if gone else row.destination_id
        if not gone and not row.undone_by:
            image |= _opened(row, "after", sealer) or {}
    return image
