"""What the source no longer has: taken away there, children first, where no person has made it theirs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from wherry.engine.along import DEALS, LINES
from wherry.engine.hands import Hands
from wherry.engine.states import GONE, LANDED
from wherry.engine.undo import Bucket, Judgement, Surroundings, kept_with_deals, take_back
from wherry.mapping.apply import NoWrite
from wherry.model.ledger import Attempt
from wherry.model.operation import Located, Verb
from wherry.model.record import Key
from wherry.model.run import RecordState, StateChange

PREFIX = "deleted."  # of the streams in which what is gone is counted
DELETED, KEPT, LEFT = "deleted_at_source", "kept_edited", "kept_by_policy"
STAYING = (Bucket.KEPT_EDITED, Bucket.BLOCKED)
_PAGE = 500


def enlist_gone(hands: Hands, run: str, streams: Sequence[str]) -> None:
    """Count every record of these streams that we brought there and that the source no longer has.

    Those are records that the run does not know, and those that it merged or filtered. Call it when the
    run has walked all streams.
    """
    _enlist(hands, run, streams, partial(_gone, hands, run))


def enlist_withdrawn(hands: Hands, run: str, streams: Sequence[str], made_in: Collection[str]) -> None:
    """Count every record of these streams that one of those earlier runs brought and this run does not."""
    _enlist(hands, run, streams, partial(_withdrawn, hands, run, made_in))


def _enlist(
    hands: Hands, run: str, streams: Sequence[str], chosen: Callable[[Sequence[Located]], Iterable[Key]]
) -> None:
    for stream in streams:
        lines = hands.ledger.located(stream)
        while page := list(islice(lines, _PAGE)):
            keys = chosen([line for line in page if not line.key.id.startswith("@")])
            hands.ledger.enlist(run, [StateChange(key=_named(k), state=RecordState.PENDING) for k in keys])


def _withdrawn(hands: Hands, run: str, made_in: Collection[str], lines: Sequence[Located]) -> Iterator[Key]:
    own = dict.fromkeys(line.key for line in lines if line.created_in in made_in)
    states = hands.ledger.states(run, list(own))
    yield from (key for key in own if states.get(key) not in LANDED)


def _gone(hands: Hands, run: str, lines: Sequence[Located]) -> Iterator[Key]:
    own = dict.fromkeys(line.key for line in lines)
    states = hands.ledger.states(run, list(own))
    for key in own:
        state = states.get(key)
        if state is None or (state in GONE and not _shut(hands, key)):
            yield key


def _shut(hands: Hands, key: Key) -> bool:
    """Return whether a record is only filtered since its privacy class is locked now: that is no deletion."""
    for record in hands.snapshot.read(key.stream, [key.id]):
        result = hands.apply(record)
        return isinstance(result, NoWrite) and result.reason.startswith("class_locked:")
    return False


def take_away(hands: Hands, run: str, streams: Sequence[str], around: Surroundings, *, delete: bool) -> None:
    """Delete what is gone, stream by stream in this order: children before their parents.

    What a person edited stays, and so do the records that it hangs on; with `delete` unset everything
    stays. Each record ends in a state of its own. Killed in the middle, the next call goes on.
    """
    for stream in streams:
        name = f"{PREFIX}{stream}"
        while ids := hands.ledger.pending(run, name, hands.pace.batch_size):
            keys = [Key(stream, id_) for id_ in ids]
            if delete:
                judged = _take_back(hands, run, keys, around)
                changes = [_state(key, judged.get(key, [])) for key in keys]
            else:
                changes = [StateChange(key=_named(k), state=RecordState.UNCHANGED, reason=LEFT) for k in keys]
            hands.ledger.record(run, [], changes)


def _take_back(
    hands: Hands, run: str, keys: Sequence[Key], around: Surroundings
) -> Mapping[Key, list[Judgement]]:
    located = hands.ledger.locate(keys)
    attempts = [
        attempt for key in keys for line in located.get(key, ()) for attempt in _standing(hands, line)
    ]
    stay = _deals_that_stay(hands, run, attempts, around)
    lines: list[Attempt] = []
    others: list[Attempt] = []
    for one in attempts:
        with_deal = one.operation.stream == LINES and one.destination_id in stay
        (lines if with_deal else others).append(one)
    judged: dict[Key, list[Judgement]] = {}
    for judgement in (*kept_with_deals(lines, around), *take_back(hands, run, others, around, write=True)):
        judged.setdefault(judgement.attempt.operation.key, []).append(judgement)
    return judged


def _deals_that_stay(
    hands: Hands, run: str, attempts: Sequence[Attempt], around: Surroundings
) -> frozenset[int]:
    """Return the ids of deals that the source no longer has and that stay, of all that these products are attached to."""
    ids = {one.destination_id or 0 for one in attempts if one.operation.stream == LINES}
    lines = hands.ledger.located_at(DEALS, sorted(ids)) if ids else ()
    states = hands.ledger.states(run, [_named(line.key) for line in lines]) if lines else {}
    going = [line for line in lines if states.get(_named(line.key)) is RecordState.PENDING]
    writes = [attempt for line in going for attempt in _standing(hands, line)]
    look = replace(around, kept=dict(around.kept), foreseen={}, released={}, gone=set())
    judged = take_back(hands, run, writes, look, write=False)
    return frozenset(one.attempt.destination_id or 0 for one in judged if one.bucket in STAYING)


def _standing(hands: Hands, line: Located) -> list[Attempt]:
    """Return our writes to a record that stand, newest first."""
    history = hands.ledger.history(line.key, line.part)
    return [
        attempt
        for attempt in reversed(history)
        if attempt.destination_id == line.destination_id
        and not attempt.undone_by
        and not attempt.operation.undoes
        and attempt.operation.verb is not Verb.DELETE
    ]


def _state(key: Key, judged: Sequence[Judgement]) -> StateChange:
    stays = [one for one in judged if one.bucket in STAYING]
    fixed = [one for one in judged if one.bucket is Bucket.IRREVERSIBLE]
    if not stays and not fixed:
        return StateChange(key=_named(key), state=RecordState.UPDATED, reason=DELETED)
    names = sorted({name for one in stays for name in one.fields})
    why = next((one.why for one in (*stays, *fixed) if one.why), "")
    return StateChange(
        key=_named(key), state=RecordState.UNCHANGED, reason=KEPT, hint=why, field=" ".join(names)
    )


def _named(key: Key) -> Key:
    return Key(f"{PREFIX}{key.stream}", key.id)
