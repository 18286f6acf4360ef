"""Whether a difference is the work of a person since, or something that the server did to what we sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wherry.model.diff import FieldDiff, Observed, Verdict
from wherry.model.jsons import Json
from wherry.model.ledger import STAMP, Attempt
from wherry.model.operation import Verb
from wherry.reconcile.fields import FINE, verdict
from wherry.reconcile.rules import exact, phone_e164

SLACK = timedelta(seconds=1)  # the server's stamps are whole seconds
OVERWRITTEN = ("deals", "amount")  # by the server, when we attach products: a touch of our own [L]
ZONES = timedelta(hours=26)  # between the two zones that are furthest apart


def by_a_person(diff: FieldDiff, observed: Observed, history: Sequence[Attempt], rule: str) -> bool:
    """Return whether somebody changed this field after our last write to the record; in doubt, False.

    `history` are our confirmed writes to the record, oldest first, and `rule` is that of the field. Three
    things have to come together: the server's answer showed the value that we wanted; the record was touched
    later, by the server's own clock; and the value does not look like ours cut, recased, reformatted,
    shifted, rounded or dropped, which is what servers do by themselves.
    """
    if (diff.stream, diff.field) == OVERWRITTEN:
        return False
    shown: dict[str, Json] = {}
    for attempt in history:
        shown |= attempt.after or {}
    arrived = diff.field in shown and verdict(diff.expected, shown[diff.field], rule)[0] in FINE
    differs = diff.verdict in (Verdict.DIFFERENT, Verdict.MISSING)
    return differs and arrived and _touched(observed, history) and not _coerced(diff.expected, diff.observed)


def _touched(observed: Observed, history: Sequence[Attempt]) -> bool:
    """Whether the server's last stamp is later than that of our last write.

    Where its answer showed none, that is counted from the server's stamp of our first.
    """
    stamp = _moment(str((history[-1].after or {}).get(STAMP) or "")) if history else None
    if stamp is not None:
        updated = _moment(observed.updated_at)
        return updated is not None and updated > stamp + SLACK
    made = [a for a in history if a.operation.verb is Verb.CREATE and not a.adopted]
    created, updated = _moment(observed.created_at), _moment(observed.updated_at)
    if not made or created is None or updated is None:
        return False
    return updated > created + (history[-1].at - made[-1].at) + SLACK


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _coerced(sent: Json, there: Json) -> bool:
    if exact(there) is None:
        return True
    if isinstance(sent, bool) or isinstance(there, bool):
        return (
            sent is not False or there is not True
        )  # an unticked box is what is left of one that was dropped
    if isinstance(sent, int | float) and isinstance(there, int | float):
        return not there or abs(sent - there) < 1
    if isinstance(sent, str) and isinstance(there, str):
        return _reshaped(sent, there)
    return True


def _reshaped(sent: str, there: str) -> bool:
    one, other = _letters(sent), _letters(there)
    if one.startswith(other) or one.endswith(other) or phone_e164(sent) == phone_e164(there):
        return True
    first, second = _moment(_timed(sent)), _moment(_timed(there))
    return first is not None and second is not None and abs(first - second) <= ZONES


def _timed(text: str) -> str:
    """A date as the moment at which it begins, so that it can be told how far apart two are."""
    return f"{text}T00:00:00+00:00" if len(text) == len("2026-01-31") else text


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
