"""Who calls: API keys, the users they belong to, and what a caller without rights is told."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from wherry_emulators.process import SettingError

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Authorization: Token token=KEY", "[D]", "Official docs"),
    ("Authorization: Token KEY is accepted too", "[C]", "Client code"),
    (
        '401 with {"login": "failed", "message": "Incorrect or expired API key"}',
        "[?]",
        "The text was seen; the JSON around it was not captured",
    ),
    (
        "403 in the errors shape, its message in the user's language (--language)",
        "[C]",
        "Client code; a key given with --read-only-key gets it on every write",
    ),
    ("A key belongs to one user, who becomes creater and updater of what it writes", "[D]", "Official docs"),
)

UNAUTHORISED: dict[str, Any] = {"login": "failed", "message": "Incorrect or expired API key"}

_FORBIDDEN: dict[str, str] = {
    "en": "You are not authorized to perform this action.",
    "de": "Sie sind nicht berechtigt, diese Aktion auszuführen.",
    "fr": "Vous n'êtes pas autorisé à effectuer cette action.",
    "es": "No tiene autorización para realizar esta acción.",
}

CURRENT_USER: ContextVar[str | None] = ContextVar("CURRENT_USER", default=None)
"""The email of the calling key's user while a call is handled; None for a key without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One API key: the email of the user it belongs to (None: the account's first), and its rights."""

    user: str | None
    may_write: bool


class Keys:
    """The keys of the account, and how a caller without rights is answered."""

    def __init__(self, keys: dict[str, Key], forbidden: str) -> None:
        """``forbidden`` is the message of a 403, in the language of the account."""
        self._keys = keys
        self.forbidden = forbidden

    def of(self, header: bytes | None) -> Key | None:
        """Find the key an Authorization header names; None if it is absent, malformed or unknown."""
        if header is None:
            return None
        scheme, _, rest = header.decode("latin-1").strip().partition(" ")
        if scheme.lower() != "token":
            return None
        token = rest.strip().removeprefix("token=").strip().strip('"')
        return self._keys.get(token)


def read_keys(full: Iterable[str], read_only: Iterable[str], language: str = "en") -> Keys:
    """Read keys written ``KEY`` or ``KEY=user@example.com``; SettingError for an empty or repeated key."""
    keys: dict[str, Key] = {}
    for texts, may_write in ((full, True), (read_only, False)):
        for text in texts:
            name, _, user = text.partition("=")
            if not name or name in keys:
                raise SettingError(f"API key number {len(keys) + 1} is empty or given twice")
            keys[name] = Key(user=user or None, may_write=may_write)
    message = _FORBIDDEN.get(language)
    if message is None:
        raise SettingError(f"language {language!r} is none of {', '.join(_FORBIDDEN)}")
    return Keys(keys, message)
