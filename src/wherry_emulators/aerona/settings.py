"""What is not known about the original, or differs from clinic to clinic, as settings with names."""

import dataclasses
import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from wherry_emulators.process import SettingError

_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z")


def _setting(name: str, default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"name": name, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the emulator behaves; each default is the specification's word or the best reading."""

    limit_calls: int = _setting(
        "limit.calls", 300, "Requests accepted in any window; more end the token. [A]"
    )
    limit_seconds: int = _setting("limit.seconds", 900, "The window, in emulated seconds. [A]")
    limit_per: Literal["account", "token"] = _setting(
        "limit.per", "account", "Whether a new token begins a new window. [U]"
    )
    token_seconds: int = _setting("token.seconds", 3600, "Life of a token, in emulated seconds. [A]")
    login_attempts: int = _setting(
        "login.attempts", 5, "Wrong passwords in a row until the user is locked. [U]"
    )
    maintenance: str = _setting(
        "maintenance", "21:00-00:00", "Every call is a 503 at these hours of the zone; `off` for never. [B]"
    )
    page_style: Literal["page", "offset", "cursor"] = _setting("page.style", "page", "How lists are cut. [U]")
    page_max: int = _setting("page.max", 500, "Largest page; a larger size gets this one. [U]")
    page_total: bool = _setting(
        "page.total", default=True, meaning="Whether a page says how many there are. [U]"
    )
    money_as: Literal["text", "number"] = _setting("money.as", "text", "How amounts stand in JSON. [U]")
    rights_denied: str = _setting(
        "rights.denied", "", "Lists that this user may not read, parted by commas: a 403. [U]"
    )
    export_seconds: int = _setting(
        "export.seconds", 600, "How long an export takes, in emulated seconds. [U]"
    )
    clock_skew: int = _setting("clock.skew", 0, "Seconds that the Date header is ahead.")


def read_settings(pairs: Sequence[str]) -> Settings:
    """Read `name=value` pairs; SettingError for a wrong name or value."""
    known = {one.metadata["name"]: one for one in fields(Settings)}
    hints = typing.get_type_hints(Settings)
    changed: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or name.strip() not in known:
            raise SettingError(f"setting {pair!r} is not one of {', '.join(known)} with =value")
        own = known[name.strip()].name
        changed[own] = _parsed(name.strip(), hints[own], value.strip())
    settings = dataclasses.replace(Settings(), **changed)
    if settings.maintenance != "off" and not _WINDOW.match(settings.maintenance):
        raise SettingError("setting maintenance must be HH:MM-HH:MM or off")
    return settings


def _parsed(name: str, hint: Any, value: str) -> Any:
    if hint is str:
        return value
    if hint is bool and value in {"true", "false"}:
        return value == "true"
    if hint is int and value.isascii() and value.isdigit():
        return int(value)
    if value in typing.get_args(hint):
        return value
    raise SettingError(f"setting {name}: {value!r} is not allowed")
