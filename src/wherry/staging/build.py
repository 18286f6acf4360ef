"""Stage a source: every record into shards, with exactly one fate, all of it or nothing."""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from wherry.model.catalog import Catalog
from wherry.model.errors import PreflightFailed
from wherry.model.ports import HeldWord, Source
from wherry.model.record import Fate
from wherry.privacy import UNSEALED, Sealer
from wherry.staging.decide import decide
from wherry.staging.layout import quoted
from wherry.staging.money import settle_money
from wherry.staging.passport import FILE, Passport, is_open, read_passport
from wherry.staging.plans import relate_plans
from wherry.staging.relations import relate
from wherry.staging.shards import digest_of, fsync, write_shards
from wherry.staging.snapshot import ParquetSnapshot
from wherry.staging.vault import Vault
from wherry.staging.workbench import Workbench

Progress = Callable[[str, int], None]

_PROGRESS_EVERY = 10_000
_READ_MB = 256
_KEYS_NAMED = 50
_WORDS_KEPT = 60  # unknown words of one stream
_SCRATCH = ".staging-"
_LEFT_BEHIND = 24 * 3600  # seconds; no staging takes that long


def stage(
    source: Source,
    directory: Path,
    *,
    memory_limit_mb: int = 512,
    shard_records: int = 50_000,
    progress: Progress | None = None,
    sealer: Sealer = UNSEALED,
) -> ParquetSnapshot:
    """Read a source whole and return its snapshot, in a folder below `directory` named by its digest.

    Everything is built in a folder beside it and moved into place at the end, so that a snapshot is never
    half there; older ones stay. `progress` is told a stream and how many more of its records were read. `memory_limit_mb` bounds
    the database; the process takes some 200 MB more. Whatever is written on the way, and the snapshot, is
    sealed. Raises whatever the source raises, and leaves nothing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _sweep(directory)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=directory))
    try:
        ready = scratch / "snapshot"
        ready.mkdir(mode=0o700)
        vault = Vault(sealer, scratch, memory_mb=memory_limit_mb, threads=2)
        passport = _build(source, vault, scratch, shard_records, progress or _silent)
        fsync(passport.write(ready, sealer))
        fsync(ready)
        final = _move(ready, directory / passport.digest, sealer)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return ParquetSnapshot.open(final, sealer=sealer)


def _sweep(directory: Path) -> None:
    """Remove what a process that was killed while staging has left behind."""
    for folder in directory.glob(f"{_SCRATCH}*"):
        if time.time() - folder.stat().st_mtime > _LEFT_BEHIND:
            shutil.rmtree(folder, ignore_errors=True)


def _silent(_stream: str, _records: int) -> None:
    pass


def _build(source: Source, vault: Vault, scratch: Path, records: int, progress: Progress) -> Passport:
    folder = scratch / "snapshot"
    catalog = source.describe()
    facts = source.facts()
    integrity = source.integrity()
    bench = Workbench(vault, scratch, catalog)
    try:
        for stream in catalog.streams:
            _load(source, bench, stream.name, progress)
        findings = [*source.findings(), *decide(bench, integrity)]
        findings += relate(bench, integrity, str(facts.get("tz") or "UTC"))
        relate_plans(bench)
        settle_money(bench)
        for shape in bench.layouts.values():
            write_shards(bench, shape, folder, records)
            fsync(folder / shape.name)
        counts = {name: _counts(bench, name) for name in bench.layouts}
        held = tuple(word for name in bench.layouts for word in _held_words(bench, name))
    finally:
        bench.close()
    reading = Vault(vault.sealer, scratch, memory_mb=_READ_MB, threads=1 if vault.sealer.sealed else 2)
    try:
        digest = digest_of(reading, folder, list(counts))
    finally:
        reading.close()
    return Passport(
        digest=digest,
        catalog=_counted(catalog, counts),
        facts=facts,
        findings=tuple(findings),
        counts=counts,
        held=held,
    )


def _load(source: Source, bench: Workbench, stream: str, progress: Progress) -> None:
    loader = bench.loader(bench.layouts[stream].stream)
    try:
        for record in source.extract(stream):
            loader.add(record)
            if loader.count % _PROGRESS_EVERY == 0:
                progress(stream, _PROGRESS_EVERY)
        loader.flush()
    finally:
        loader.abandon()
    progress(stream, loader.count % _PROGRESS_EVERY)


def _counts(bench: Workbench, stream: str) -> dict[str, int]:
    if stream not in bench.filled:
        return dict.fromkeys((fate.value for fate in Fate), 0)
    found = dict(bench.rows(f"SELECT _fate, count(*) FROM {quoted(stream)} GROUP BY _fate"))
    return {fate.value: int(found.get(fate.value, 0)) for fate in Fate}


def _held_words(bench: Workbench, stream: str) -> Iterator[HeldWord]:
    if stream not in bench.filled:
        return
    query = (
        f"SELECT _field, _word, count(*), list(_key ORDER BY _key)[:{_KEYS_NAMED}] FROM {quoted(stream)} "
        "WHERE _fate = 'rejected' AND _word IS NOT NULL GROUP BY _field, _word ORDER BY count(*) DESC, _word"
    )
    for column, word, count, keys in bench.rows(query)[:_WORDS_KEPT]:
        yield HeldWord(stream=stream, column=column, word=word, records=count, keys=tuple(keys))


def _counted(catalog: Catalog, counts: dict[str, dict[str, int]]) -> Catalog:
    streams = tuple(replace(s, records=sum(counts[s.name].values())) for s in catalog.streams)
    return replace(catalog, streams=streams)


def _move(ready: Path, final: Path, sealer: Sealer) -> Path:
    """Put a finished snapshot in its place; where the same records are there already, only say what is new."""
    if final.exists():
        if not _fits(final, sealer):  # from before it was sealed, or sealed with another key
            for path in sorted(ready.glob("*/*.parquet")):
                path.replace(final / path.relative_to(ready))
        (ready / FILE).replace(final / FILE)
        fsync(final)
        return final
    ready.rename(final)
    fsync(final.parent)
    return final


def _fits(final: Path, sealer: Sealer) -> bool:
    try:
        read_passport(final, sealer)
        return is_open((final / FILE).read_bytes()) is not sealer.sealed
    except PreflightFailed:
        return False
