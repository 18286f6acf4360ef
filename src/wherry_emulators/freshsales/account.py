"""The account as the server runs it: its records, under the calling key's user and the coercing faults."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from typing_extensions import override

from wherry_emulators.freshsales.auth import CURRENT_USER
from wherry_emulators.freshsales.canonical import canonical
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.faults import COERCION_KINDS, FaultRule, Faults
from wherry_emulators.freshsales.jobs import CURRENT_CALL
from wherry_emulators.freshsales.seed import dump, load_seed
from wherry_emulators.freshsales.state import State
from wherry_emulators.freshsales.switches import Plan, Switches

Coercion = Callable[[Any, FaultRule], Any]

_UNSET: tuple[Any, ...] = (None, "", [])


class Account(State):
    """The account's records; who calls, and silent coercions, are taken from the call being handled."""

    def __init__(self, plan: Plan, switches: Switches, clock: Clock, seed: int, *, faults: Faults) -> None:
        self._first_user = 0
        self._faults = faults
        super().__init__(plan, switches, clock, seed)

    def canonical(self) -> dict[str, Any]:
        """Give all live records in a form that does not depend on stamps, counters or the order of lists."""
        with self.lock:
            return canonical(self)

    def load_seed(self, seed: Mapping[str, Any]) -> None:
        """Add what a seed holds; see :func:`wherry_emulators.freshsales.seed.load_seed`."""
        with self.lock:
            load_seed(self, seed)

    def dump(self) -> dict[str, Any]:
        """Give the account as a seed that restores it, the recycle bin included."""
        with self.lock:
            return dump(self)

    @property
    @override
    def user_id(self) -> int:
        """The id of the calling key's user; the account's first user for a key without one."""
        email = CURRENT_USER.get()
        if email is None:
            return self._first_user
        users = self.selectors.rows("users")
        return next((int(row["id"]) for row in users if row.get("email") == email), self._first_user)

    @user_id.setter
    def user_id(self, user_id: int) -> None:
        """Make this the account's first user."""
        self._first_user = user_id

    @override
    def put(self, key: str, record: dict[str, Any]) -> dict[str, Any]:
        """Store a record as a coercing fault leaves it, and return it as it was sent."""
        super().put(key, self._coerced(key, record))
        return record

    def _coerced(self, key: str, record: dict[str, Any]) -> dict[str, Any]:
        call = CURRENT_CALL.get()
        if call is None or record.get("is_deleted"):
            return record
        before = self.tables[key].get_any(record["id"]) or {}

        def writes_to(rule: FaultRule) -> bool:
            value = _value_at(record, rule.field)
            return rule.entity in {"", key} and value not in _UNSET and value != _value_at(before, rule.field)

        changed = record
        for rule in self._faults.picked(call, COERCION_KINDS, only=writes_to):
            changed = coerced(changed, rule)
        return changed


def coerced(record: dict[str, Any], rule: FaultRule) -> dict[str, Any]:
    """Copy a record with the rule's field changed; the record itself if it has no such value.

    ``field`` may name one level below: ``custom_field.cf_code``.
    """
    name, _, below = rule.field.partition(".")
    value = record.get(name)
    if below:
        return {**record, name: coerced(value, _below(rule, below))} if isinstance(value, dict) else record
    if value in _UNSET:
        return record
    return {**record, name: _COERCIONS[rule.how](value, rule)}


def _value_at(record: dict[str, Any], field: str) -> Any:
    name, _, below = field.partition(".")
    value = record.get(name)
    if not below:
        return value
    return value.get(below) if isinstance(value, dict) else None


def _below(rule: FaultRule, field: str) -> FaultRule:
    return FaultRule(kind=rule.kind, field=field, how=rule.how, length=rule.length, hours=rule.hours)


def _truncate(value: Any, rule: FaultRule) -> Any:
    return value[: rule.length] if isinstance(value, (str, list)) else value


def _shift_zone(value: Any, rule: FaultRule) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if len(value) == len("2026-01-31"):
            return (date.fromisoformat(value) + timedelta(days=1 if rule.hours > 0 else -1)).isoformat()
        return (datetime.fromisoformat(value) + timedelta(hours=rule.hours)).isoformat()
    except ValueError:
        return value


def _reformat_phone(value: Any, _rule: FaultRule) -> Any:
    return re.sub(r"\D", "", value) if isinstance(value, str) else value


def _drop_link(value: Any, _rule: FaultRule) -> Any:
    return [] if isinstance(value, (list, tuple)) else None


def _change_case(value: Any, _rule: FaultRule) -> Any:
    return value.upper() if isinstance(value, str) else value


_COERCIONS: Mapping[str, Coercion] = {
    "truncate": _truncate,
    "shift_zone": _shift_zone,
    "reformat_phone": _reformat_phone,
    "drop_link": _drop_link,
    "change_case": _change_case,
}
