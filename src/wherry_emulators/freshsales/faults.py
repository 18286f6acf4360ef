"""Failure as a setting: rules that pick calls, and what goes wrong with them."""

import json
import random
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wherry_emulators.freshsales.calls import Call
from wherry_emulators.process import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """What a kind of fault does, in a sentence, and which settings it has besides the selection."""

    meaning: str
    settings: frozenset[str]


def _kind(meaning: str, *settings: str) -> KindInfo:
    return KindInfo(meaning=meaning, settings=frozenset(settings))


KINDS: Mapping[str, KindInfo] = {
    "slow": _kind("The call waits `ms` real milliseconds, then goes on.", "ms"),
    "hang": _kind(
        "The call waits `seconds` real seconds `when` = before (default) or after it is applied.",
        "seconds",
        "when",
    ),
    "rate_storm": _kind(
        "429 without being applied or counted; with `seconds`, every call is refused for that emulated time.",
        "seconds",
    ),
    "before_commit": _kind("`status` (500) without being applied.", "status"),
    "after_commit": _kind(
        "Applied, then `status` (500); with `drop`, applied and the connection closed.", "status", "drop"
    ),
    "reset": _kind("The connection is reset without a response; `applied` (false) first or not.", "applied"),
    "html": _kind(
        "An HTML page with `status` (502) in place of the reply; `applied` (false).", "status", "applied"
    ),
    "truncated_body": _kind("Applied; half of the body is sent, then the connection is closed."),
    "malformed_json": _kind("Applied; the body is complete but is not JSON."),
    "wrong_content_type": _kind("Applied; the right body is labelled text/html."),
    "silent_coercion": _kind(
        "What was stored is changed afterwards, in `entity`'s `field`, by `how`: truncate (to `length`), "
        "shift_zone (by `hours`), reformat_phone, drop_link, change_case. The reply may still show what was sent.",
        "entity",
        "field",
        "how",
        "length",
        "hours",
    ),
    "search_lag": _kind(
        "Search, lookup and filtered search see a write `ms` emulated milliseconds later.", "ms"
    ),
    "job_late": _kind("A bulk job takes `ms` emulated milliseconds longer.", "ms"),
    "job_stalled": _kind("A bulk job stops for ever after a share `rows` (0.5) of its rows.", "rows"),
    "job_partial": _kind("A share `rows` (0.1) of a job's rows fails with `message`.", "rows", "message"),
    "job_lost": _kind("A job's id answers 404, although its rows are applied."),
}

JOB_KINDS = frozenset({"job_late", "job_stalled", "job_partial", "job_lost"})
DELAY_KINDS = frozenset({"slow", "hang"})
STORM_KINDS = frozenset({"rate_storm"})
COERCION_KINDS = frozenset({"silent_coercion"})
LAG_KINDS = frozenset({"search_lag"})
END_KINDS = frozenset(KINDS) - JOB_KINDS - DELAY_KINDS - STORM_KINDS - COERCION_KINDS - LAG_KINDS

_CHOICES = {
    "when": ("before", "after"),
    "how": ("truncate", "shift_zone", "reformat_phone", "drop_link", "change_case"),
}
_SELECTION = frozenset({"kind", "match", "every", "share", "times", "after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One rule: which calls it picks, and the settings of its kind.

    Of the calls that match ``method`` and ``path`` (regular expressions, searched; the path begins after
    ``/api``), the first ``after`` are spared; of the rest every ``every``-th or a seeded ``share`` is picked,
    until ``times`` have been.
    """

    kind: str
    method: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    path: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    every: int = 1
    share: float = 1.0
    times: int | None = None
    after: int = 0
    status: int = 0
    seconds: float = 0.0
    ms: int = 0
    when: str = "before"
    applied: bool = False
    drop: bool = False
    entity: str = ""
    field: str = ""
    how: str = "truncate"
    length: int = 20
    hours: int = 1
    rows: float = -1.0
    message: str = "Row could not be processed"

    def wants(self, call: Call) -> bool:
        """Whether the rule looks at this call at all."""
        return bool(self.method.search(call.method) and self.path.search(call.path))


class _Counter:
    """How often one rule has matched and fired."""

    def __init__(self, rule: FaultRule, given: Mapping[str, Any], seed: str) -> None:
        self.rule, self.given, self.matched, self.fired = rule, given, 0, 0
        self._seed = seed

    def fires(self) -> bool:
        self.matched += 1
        turn = self.matched - self.rule.after
        if turn <= 0 or turn % self.rule.every:
            return False
        if self.rule.times is not None and self.fired >= self.rule.times:
            return False
        if self.rule.share < 1 and random.Random(f"{self._seed}|{turn}").random() >= self.rule.share:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force, with their counters; the same seed and order of calls give the same faults."""

    def __init__(self, rules: Iterable[Mapping[str, Any]] = (), seed: int = 0) -> None:
        """Read the rules; SettingError if one is wrong."""
        self._lock = threading.Lock()
        self._seed = seed
        self._counters: list[_Counter] = []
        self.replace(rules)

    @property
    def seed(self) -> int:
        """The number from which every share is decided."""
        return self._seed

    def replace(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Put other rules in force, counters at 0; SettingError, and no change, if one is wrong."""
        counters = [
            _Counter(read_rule(given, number), dict(given), f"{self._seed}|{number}")
            for number, given in enumerate(rules, start=1)
        ]
        with self._lock:
            self._counters = counters

    def picked(
        self,
        call: Call,
        kinds: Collection[str],
        *,
        first_only: bool = False,
        only: Callable[[FaultRule], bool] = lambda _rule: True,
    ) -> list[FaultRule]:
        """Count this call with the rules of these kinds and return those that strike it.

        With ``first_only`` rules after the first that strikes are not asked and do not count the call, nor
        do rules for which ``only`` is false.
        """
        struck: list[FaultRule] = []
        with self._lock:
            for counter in self._counters:
                rule = counter.rule
                if rule.kind in kinds and only(rule) and rule.wants(call) and counter.fires():
                    struck.append(rule)
                    if first_only:
                        break
        return struck

    def search_lag_ms(self) -> int:
        """Tell the longest lag that a search_lag rule sets; 0 without one."""
        with self._lock:
            return max((one.rule.ms for one in self._counters if one.rule.kind in LAG_KINDS), default=0)

    def report(self) -> list[dict[str, Any]]:
        """List the rules as given, each with how many calls it matched and how often it fired."""
        with self._lock:
            return [{**one.given, "matched": one.matched, "fired": one.fired} for one in self._counters]


def read_rule(given: Mapping[str, Any], number: int) -> FaultRule:
    """Check one rule and build it; SettingError naming the rule's number and what is wrong."""
    if not isinstance(given, Mapping):
        raise SettingError(f"fault rule {number} is not an object")
    kind = str(given.get("kind", ""))
    if kind not in KINDS:
        raise SettingError(f"fault rule {number}: kind {kind!r} is none of {', '.join(KINDS)}")
    unknown = sorted(set(given) - _SELECTION - KINDS[kind].settings)
    if unknown:
        allowed = ", ".join(sorted(KINDS[kind].settings | _SELECTION))
        raise SettingError(f"fault rule {number} ({kind}): no setting {unknown[0]!r}; it has: {allowed}")
    settings: dict[str, Any] = {
        name: _value(name, value, number) for name, value in given.items() if name != "match"
    }
    settings |= _patterns(given.get("match", {}), number)
    if kind == "silent_coercion" and not settings.get("field"):
        raise SettingError(f"fault rule {number} (silent_coercion): `field` is missing")
    return FaultRule(**settings)


def read_faults(text: str) -> list[dict[str, Any]]:
    """Read a list of rules from inline JSON or from a JSON file; SettingError if that is not what it is."""
    source = text.strip()
    try:
        found = json.loads(
            source if source.startswith(("[", "{")) else Path(source).read_text(encoding="utf-8")
        )
    except (OSError, ValueError) as error:
        raise SettingError(f"faults cannot be read: {error}") from error
    rules = [found] if isinstance(found, dict) else found
    if not isinstance(rules, list):
        raise SettingError("faults must be a JSON list of rules")
    return rules


def _value(name: str, value: Any, number: int) -> Any:
    wanted = type(getattr(_DEFAULTS, name)) if name != "times" else int
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingError(f"fault rule {number}: {name} {value!r} is none of {', '.join(_CHOICES[name])}")
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise SettingError(f"fault rule {number}: {name} {value!r} is not a {wanted.__name__}")
    if name == "every" and value < 1:
        raise SettingError(f"fault rule {number}: every must be at least 1")
    if name in {"share", "rows"} and not 0 <= value <= 1:
        raise SettingError(f"fault rule {number}: {name} must lie between 0 and 1")
    return value


def _patterns(match: Any, number: int) -> dict[str, re.Pattern[str]]:
    if not isinstance(match, Mapping) or set(match) - {"method", "path"}:
        raise SettingError(f"fault rule {number}: match may hold method and path, as regular expressions")
    try:
        return {name: re.compile(text) for name, text in match.items()}
    except (re.error, TypeError) as error:
        raise SettingError(f"fault rule {number}: match is not a regular expression: {error}") from error


_DEFAULTS = FaultRule(kind="slow")
