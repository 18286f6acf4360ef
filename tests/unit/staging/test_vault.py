"""A sealed snapshot: the same records, nothing readable beside them, and no thread that waits for another for ever."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from wherry.model.errors import PreflightFailed
from wherry.privacy import UNSEALED, AesSealer, DataKey, Sealer
from wherry.staging import ParquetSnapshot, compare
from wherry.staging.vault import Vault

SEALER = AesSealer(DataKey.new())
PATIENTS = "patientId,lastName,practiceId,status\n" + "".join(
    f"{n},Zyxwvu{n},1,active\n" for n in range(1, 3001)
)


def shards(snapshot: ParquetSnapshot) -> list[Path]:
    return sorted(snapshot.folder.rglob("*.parquet"))


def test_a_sealed_snapshot_holds_the_same_records(staged: Callable[..., ParquetSnapshot]) -> None:
    plain = staged({"patients": PATIENTS})
    was = [path.read_bytes()[:4] for path in shards(plain)]
    sealed = staged({"patients": PATIENTS}, sealer=SEALER)
    assert sealed.digest == plain.digest
    assert sealed.folder == plain.folder  # what lay open there was replaced
    assert {bytes(head) for head in was} == {b"PAR1"}
    assert {path.read_bytes()[:8] for path in shards(sealed)} == {b"WHSEALED"}
    assert sum(1 for _ in sealed.read("patients")) == 3000
    assert sealed.value_profile("patients", "lastName").distinct == 3000
    assert b"patients" not in (sealed.folder / "snapshot.json").read_bytes()
    assert list(compare(sealed, ParquetSnapshot.open(sealed.folder, sealer=SEALER))) == []


def test_another_key_and_none_are_refused_and_staging_again_mends_it(
    staged: Callable[..., ParquetSnapshot],
) -> None:
    first = staged({"patients": PATIENTS}, sealer=SEALER)
    other = AesSealer(DataKey.new())
    with pytest.raises(PreflightFailed, match="does not open"):
        ParquetSnapshot.open(first.folder, sealer=other)
    with pytest.raises(PreflightFailed, match="no staged snapshot"):
        ParquetSnapshot.open(first.folder)
    again = staged({"patients": PATIENTS}, sealer=other)
    assert again.folder == first.folder
    assert next(again.read("patients")).values["lastName"] == "Zyxwvu1"
    with pytest.raises(PreflightFailed, match="sealed file"):
        next(first.read("patients"))


@pytest.mark.parametrize("place", [30, 90, -5])
def test_a_changed_shard_is_one_clear_error(staged: Callable[..., ParquetSnapshot], place: int) -> None:
    snapshot = staged({"patients": PATIENTS}, sealer=SEALER)
    path = next(path for path in shards(snapshot) if path.parent.name == "patients")
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(PreflightFailed, match=r"patients/00000\.parquet does not open"):
        list(snapshot.read("patients"))


@pytest.mark.timeout(60)
def test_readers_that_stop_halfway_in_several_threads_wait_for_nobody(
    staged: Callable[..., ParquetSnapshot],
) -> None:
    snapshot = staged({"patients": PATIENTS}, sealer=SEALER, shard_records=500)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(12):
                next(snapshot.read("patients"))
                assert len(list(snapshot.read("patients", ["7", "2999"]))) == 2
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert not any(thread.is_alive() for thread in threads)
    assert failures == []


FILL = "CREATE TABLE t AS SELECT i, 'Zyxwvu '||i||md5(i::VARCHAR) AS a, md5(i::VARCHAR||'x') AS b FROM range(700000) r(i)"


@pytest.mark.parametrize(("sealer", "found"), [(SEALER, False), (UNSEALED, True)])
def test_spill_is_readable_by_its_own_database_alone(tmp_path: Path, sealer: Sealer, found: bool) -> None:
    vault = Vault(sealer, tmp_path, memory_mb=40, threads=2)
    vault.execute(FILL)
    spilt = b"".join(path.read_bytes() for path in (tmp_path / "spill").iterdir())
    assert len(spilt) > 1 << 20
    assert (b"Zyxwvu" in spilt) is found
    expected: list[tuple[Any, ...]] = [(700000, sum(range(700000)))]
    assert vault.execute("SELECT count(DISTINCT b), sum(i) FROM t") == expected
    assert vault.execute("SELECT count(*) FROM t WHERE a <> 'Zyxwvu '||i||md5(i::VARCHAR)") == [(0,)]
    vault.close()
    assert list((tmp_path / "spill").glob("*.tmp")) == []


def test_a_plain_database_cannot_read_a_shard(staged: Callable[..., ParquetSnapshot]) -> None:
    snapshot = staged({"patients": PATIENTS}, sealer=SEALER)
    with pytest.raises(duckdb.Error):
        duckdb.execute(f"SELECT * FROM read_parquet('{shards(snapshot)[0]}')")


INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from wherry.privacy import AesSealer, DataKey
from wherry.staging.vault import Vault
vault = Vault(AesSealer(DataKey.new()), Path(sys.argv[1]), memory_mb=60, threads=2)
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    for _ in range(1000):
        vault.execute(sys.argv[3].replace("CREATE", "CREATE OR REPLACE"))
except KeyboardInterrupt:
    vault.close()
    os._exit(42)
"""


@pytest.mark.parametrize("after", [0.7, 1.0, 1.3])
def test_ctrl_c_gets_through_whichever_thread_is_at_work(tmp_path: Path, after: float) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), str(after), FILL]
    assert subprocess.run(command, timeout=50, check=False).returncode == 42
