"""A staged snapshot, opened for reading."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from wherry.model.catalog import Catalog
from wherry.model.errors import PreflightFailed
from wherry.model.jsons import Json
from wherry.model.ports import Finding, HeldWord, ValueProfile
from wherry.model.record import Fate, Key, Record, Staged, Value
from wherry.privacy import UNSEALED, Sealer
from wherry.staging.canonical import decode
from wherry.staging.layout import Layout, layout, quoted, text
from wherry.staging.passport import Passport, read_passport
from wherry.staging.profile import profile
from wherry.staging.shards import scan, shard_files
from wherry.staging.vault import Vault

_MEMORY_MB = 256
_KEYS_A_QUERY = 5_000


class ParquetSnapshot:
    """The source's records as they were at one moment; read-only, and safe to read from several threads."""

    def __init__(
        self, folder: Path, passport: Passport, include: Sequence[str] = (), sealer: Sealer = UNSEALED
    ) -> None:
        self.folder = folder
        self.sealer = sealer
        self._include = tuple(include)
        self._passport = passport
        self._layouts = {stream.name: layout(stream) for stream in passport.catalog.streams}
        self._vault = Vault(sealer, folder.parent, memory_mb=_MEMORY_MB, threads=1 if sealer.sealed else 2)

    @classmethod
    def open(
        cls, directory: Path, include: Sequence[str] = (), sealer: Sealer = UNSEALED
    ) -> "ParquetSnapshot":
        """Open the snapshot in a folder. Raises PreflightFailed when there is none, or none with this key.

        `include` names filter reasons that a policy lets in (`deceased`): records filtered for them are
        READY, and so are records filtered only because such a record is their parent.
        """
        return cls(directory, read_passport(directory, sealer), include, sealer)

    def close(self) -> None:
        """Let go of the reading connection."""
        self._vault.close()

    @property
    def digest(self) -> str:
        """Return the sha256 over every record of every stream."""
        return self._passport.digest

    @property
    def catalog(self) -> Catalog:
        """Return the source's catalog as discovered."""
        return self._passport.catalog

    def facts(self) -> Mapping[str, Json]:
        """Return what the source says of itself."""
        return self._passport.facts

    def findings(self) -> Sequence[Finding]:
        """Return what was noticed about the source; no values."""
        return self._passport.findings

    def held_words(self) -> Sequence[HeldWord]:
        """Return the words that the source's closed lists do not know, the commonest of each list first."""
        return self._passport.held

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return per stream how many records have each fate; every fate is named."""
        return self._passport.counts

    def read(self, stream: str, keys: Sequence[str] | None = None) -> Iterator[Record]:
        """Yield READY records in key order, or those of the given keys among them."""
        shape = self._shape(stream)
        make = _record_maker(shape)
        columns = ", ".join(["_key", "_hash", "_facts", *(quoted(column) for _, column in shape.fields())])
        for where in _key_filters(keys):
            for path in shard_files(self.folder, stream):
                for row in scan(self._vault, path, columns, f"{_ready(self._include)} AND {where}"):
                    yield make(row)

    def read_where(self, stream: str, field: str, values: Sequence[str]) -> Iterator[Record]:
        """Yield the READY records whose field holds one of these values, in key order."""
        shape = self._shape(stream)
        if not values or field not in shape.columns:
            return
        make = _record_maker(shape)
        columns = ", ".join(["_key", "_hash", "_facts", *(quoted(column) for _, column in shape.fields())])
        where = f"{quoted(shape.columns[field])} IN ({', '.join(text(value) for value in values)})"
        for path in shard_files(self.folder, stream):
            for row in scan(self._vault, path, columns, f"{_ready(self._include)} AND {where}"):
                yield make(row)

    def read_with_fate(self, stream: str, fates: Collection[Fate]) -> Iterator[tuple[Fate, Record]]:
        """Yield every record whose staged fate is one of these, in key order, READY or not.

        For reports about what does not move: of a rejected record, the values that could not be read are
        None.
        """
        shape = self._shape(stream)
        make = _record_maker(shape)
        columns = ", ".join(
            ["_fate", "_key", "_hash", "_facts", *(quoted(column) for _, column in shape.fields())]
        )
        where = f"_fate IN ({', '.join(text(fate.value) for fate in fates)})"
        for path in shard_files(self.folder, stream) if fates else ():
            for fate, *row in scan(self._vault, path, columns, where):
                yield Fate(fate), make(tuple(row))

    def keys(self, stream: str) -> Iterator[str]:
        """Yield the keys of READY records in order."""
        self._shape(stream)
        for path in shard_files(self.folder, stream):
            for (key,) in scan(self._vault, path, "_key", _ready(self._include)):
                yield key

    def record_hashes(self, stream: str) -> Iterator[tuple[str, str]]:
        """Yield key and hash of READY records in order."""
        self._shape(stream)
        for path in shard_files(self.folder, stream):
            for key, hash_ in scan(self._vault, path, "_key, _hash", _ready(self._include)):
                yield str(key), str(hash_)

    def fates(self, stream: str | None = None) -> Iterator[Staged]:
        """Yield the fate of every record, in key order within each stream."""
        names = [stream] if stream is not None else list(self._layouts)
        ready = _ready(self._include)
        columns = (
            f"_key, CASE WHEN {ready} THEN 'ready' ELSE _fate END, CASE WHEN {ready} THEN '' ELSE _reason END, "
            "_detail, _field, _line, _blocked_by, _hash"
        )
        for name in names:
            self._shape(name)
            for path in shard_files(self.folder, name):
                for key, fate, reason, detail, field, line, blocked_by, hash_ in scan(
                    self._vault, path, columns
                ):
                    yield Staged(
                        key=Key(name, key),
                        fate=Fate(fate),
                        reason=reason,
                        detail=detail,
                        field=field,
                        line=line,
                        blocked_by=blocked_by,
                        hash=hash_,
                    )

    def value_profile(self, stream: str, field: str) -> ValueProfile:
        """Return how a field is filled in READY records. Raises PreflightFailed for an unknown field."""
        shape = self._shape(stream)
        if field not in shape.columns:
            raise PreflightFailed(f"the snapshot's stream {stream} has no field {field}")
        return profile(self._vault, shard_files(self.folder, stream), shape.columns[field])

    def _shape(self, stream: str) -> Layout:
        shape = self._layouts.get(stream)
        if shape is None:
            raise PreflightFailed(
                f"the snapshot has no stream {stream}", hint=f"It has: {', '.join(self._layouts)}."
            )
        return shape


def _ready(include: Sequence[str]) -> str:
    if not include:
        return "_fate = 'ready'"
    reasons = ", ".join(text(reason) for reason in include)
    return f"(_fate = 'ready' OR (_fate = 'filtered' AND (_reason IN ({reasons}) OR _via IN ({reasons}))))"


def _key_filters(keys: Sequence[str] | None) -> Iterator[str]:
    """Yield conditions that select the keys, some thousands a time in key order; numbers narrow the shards."""
    if keys is None:
        yield "true"
        return
    ordered = sorted(set(keys), key=_order)
    for start in range(0, len(ordered), _KEYS_A_QUERY):
        part = ordered[start : start + _KEYS_A_QUERY]
        numbers = [_order(key)[1] for key in part]
        bounds = "" if _order(part[-1])[0] else f"_n BETWEEN {numbers[0]} AND {numbers[-1]} AND "
        yield f"{bounds}_key IN ({', '.join(text(key) for key in part)})"


def _order(key: str) -> tuple[bool, int, int, str]:
    """Return the place of a key: by the number it begins with, then by length, then as text."""
    digits = key[: len(key) - len(key.lstrip("0123456789"))]
    return not digits, int(digits or 0), len(key), key


def _record_maker(shape: Layout) -> Callable[[tuple[Any, ...]], Record]:
    fields = [(field.name, field.type) for field, _ in shape.fields()]
    stream = shape.name

    def make(row: tuple[Any, ...]) -> Record:
        key, hash_, facts, *texts = row
        values = {name: decode(cell, type_) for (name, type_), cell in zip(fields, texts, strict=True)}
        return Record(key=Key(stream, key), values=values, facts=_facts(facts), hash=hash_)

    return make


def _facts(body: str | None) -> dict[str, Value]:
    if body is None:
        return {}
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in orjson.loads(body).items()
    }
