"""A worker on another machine, which holds nothing: files come through a server that speaks S3."""

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from clinic_journey import Journey
from object_store import ObjectStore, object_store
from soak.fleet import Fleet, assert_whole
from wherry.app.place import Place
from wherry.app.purge import purge

Begin = Callable[..., Journey]
SLOW = [{"kind": "slow", "ms": 300, "match": {"method": "POST"}}]  # until the worker is in
QUICK_LEASES = "lease_seconds = 3\nbeat_seconds = 0.5\ncall_seconds = 1"


@pytest.fixture
def objects() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def search(url: str, bundle: Path) -> dict[str, object]:
    """Look for what names a patient in every cell of every table of the database, whosever it is."""
    with (bundle / "patients.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    values = {row[name].encode() for row in rows for name in ("lastName", "email", "mobile")}
    values = {value for value in values if len(value) > 8}
    assert len(values) > 30
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    held, count = [], 0
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(tables).fetchall():
            count += 1
            names = sql.Identifier(schema, table)
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(names)):
                cells = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
                held += [f"{table}: {value!r}" for value in values if any(value in cell for cell in cells)]
    return {"tables": count, "held": held}


def test_a_worker_in_an_empty_folder_carries_a_load_on(
    prepared: Begin,
    few: Path,
    store_url: str,
    objects: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The coordinator is killed once the worker is in; what is enqueued then is the worker's alone.

    All of it is sealed: of the key the worker has the secret only. A purge takes away what lies in the bucket.
    """
    monkeypatch.setenv("WHERRY_STORE__KEY", "river-side")
    monkeypatch.setenv("WHERRY_STORE__FILES", f"{objects.make_bucket('migrations')}/one")
    monkeypatch.setenv("WHERRY_STORE__URL", store_url)
    for name, value in objects.environment().items():
        monkeypatch.setenv(name, value)
    way = prepared(few, store_url, QUICK_LEASES, faults=SLOW)
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    fleet = Fleet(way, workers=1, folders={1: empty})
    with fleet.running(), psycopg.connect(store_url, autocommit=True) as connection:
        until = time.monotonic() + 120
        while ("worker",) not in connection.execute("SELECT role FROM leases").fetchall():
            assert time.monotonic() < until, fleet.logs()
            assert fleet.processes[0].poll() is None, fleet.logs()
            time.sleep(0.05)
        fleet.kill(0)
        alone = fleet.writes()
        while fleet.writes() == alone:
            assert time.monotonic() < until, fleet.logs()
            time.sleep(0.1)
        assert (empty / "wherry.toml").exists()
        shards = list(empty.glob(".wherry/snapshots/*/*/*.parquet"))
        assert {path.read_bytes()[:8] for path in shards} == {b"WHSEALED"}
        assert not (empty / ".wherry" / "keys").exists()
        way.emulator.admin("faults", [])
        fleet.strike(1, seconds=240)
    assert_whole(way)
    found = search(store_url, few)
    assert found["tables"] > 12  # the engine's too
    assert found["held"] == []
    with way.open() as workspace:
        place = Place.of(workspace.settings.store, workspace.settings.credentials)
        assert place is not None
        assert place.read(f"runs/{way.digest}.json") is not None
        time.sleep(4)  # the lease of the worker, where that was killed
        purge(workspace, confirm=purge(workspace, preview=True).confirm)
        assert place.read(f"runs/{way.digest}.json") is None
        assert place._files.find(f"{place._root}/objects") == []
