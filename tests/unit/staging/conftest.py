import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wherry.connectors.aerona import open_bundle
from wherry.staging import ParquetSnapshot, stage

PRACTICES = "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n2,Carrigmoy,Europe/Dublin,EUR\n"
STATUSES = "id,name,canonical\n1,Booked,booked\n5,Done,completed\n9,Broken,\n"


def write_bundle(folder: Path, files: dict[str, str], **said: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for stream, text in ({"practices": PRACTICES, "appointment_statuses": STATUSES} | files).items():
        name, data = f"{stream}.csv", text.encode()
        (folder / name).write_bytes(data)
        rows = sum(1 for row in csv.reader(text.splitlines()) if row) - 1
        listed.append({"name": name, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = {
        "format": "aerona-bundle",
        "version": 1,
        "tenant": "testing",
        "exported_at": "2026-10-02T19:40:00+01:00",
        "tz": "Europe/London",
        "currency": "GBP",
        "date_format": "yyyy-mm-dd",
        "files": listed,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | said))
    return folder


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., ParquetSnapshot]]:
    """Stage a bundle written from {stream: CSV text}; practices and statuses are there unless given."""
    opened: list[ParquetSnapshot] = []

    def make(files: dict[str, str], **options: object) -> ParquetSnapshot:
        with open_bundle(write_bundle(tmp_path / f"bundle{len(opened)}", files)) as bundle:
            opened.append(stage(bundle, tmp_path / "snapshots", **options))
        return opened[-1]

    yield make
    for snapshot in opened:
        snapshot.close()


@pytest.fixture
def fates() -> Callable[[ParquetSnapshot, str], dict[str, tuple[str, str]]]:
    """Return {key: (fate, reason)} of a stream."""

    def of(snapshot: ParquetSnapshot, stream: str) -> dict[str, tuple[str, str]]:
        return {s.key.id: (s.fate.value, s.reason) for s in snapshot.fates(stream)}

    return of
