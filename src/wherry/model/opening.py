"""What a source connector is handed, and what it gives back; see docs/howto/write-a-connector.md."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wherry.model.ports import Clock, Documents, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a source connector gets to open its source with."""

    settings: Mapping[str, object]  # the [source] section, defaults filled in
    root: Path  # the workspace's folder; relative paths are read against it
    state: Path  # a private folder, for what the connector keeps
    clock: Clock
    secret: Callable[[str], str | None] = field(default=lambda _: None, repr=False)  # username, password, pin
    headers: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # a person's: file → header → field
    words: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # `stream.column` of a closed list → spelling (lower case, `_` between parts) → word of the list


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """One finding of doctor: a stable code, what was looked at, whether it is well, and what to do about it.

    What is not well and `fatal` keeps a migration from starting; the rest is a warning.
    """

    code: str
    what: str
    ok: bool
    message: str
    hint: str = ""
    fatal: bool = True


class OpenSource(Source, Documents, Protocol):
    """A source that was opened. Opening asks nothing of a remote system yet."""

    def probe(self) -> Iterable[SourceCheck]:
        """Yield what doctor wants to know; raises PreflightFailed, CredentialsRefused and the like, or says it."""

    def close(self) -> None:
        """Let go of files and connections."""
