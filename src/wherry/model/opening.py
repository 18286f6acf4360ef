"""What a source connector is handed, and what it gives back; see docs/howto/write-a-connector.md."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from wherry.model.catalog import Catalog
from wherry.model.ports import Clock, Documents, Source
from wherry.model.sealing import Sealer


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
    # what seals values that the connector keeps in `state`; None where nothing is sealed. Asking for it may open the store.
    sealer: Callable[[], Sealer] | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RawColumn:
    """A column of a table that nobody has recognised yet; the repr hides its values."""

    header: str
    filled: int  # records that have a value
    samples: tuple[str, ...] = field(default=(), repr=False)  # of them, evenly spread, at most 200
    words: tuple[str, ...] = field(default=(), repr=False)  # every value, where there are at most 50
    unique: bool = False  # every record has a value, and no two the same
    within: tuple[tuple[str, str], ...] = ()  # unique columns, as (table, header), that hold all its values
    date_format: str = ""  # dd/mm/yyyy and so on, where the values prove one
    decided: bool = False  # a person has said what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table that nobody has recognised yet."""

    name: str
    records: int
    columns: tuple[RawColumn, ...]
    decided: bool = False  # a person has said which stream it is, or that it is none


@runtime_checkable
class Unsorted(Protocol):
    """A source that does not know which of its tables and columns is which until a person has said so."""

    def tables(self) -> Sequence[RawTable]:
        """Return every table; reads all of it. Raises PreflightFailed for one that cannot be read."""

    def contract(self) -> Catalog:
        """Return the streams that a table can be; `required` are the fields that it cannot do without."""
