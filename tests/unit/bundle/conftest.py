import csv
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wherry.connectors.aerona import AeronaBundle, open_bundle
from wherry.model.ports import Extracted

WriteBundle = Callable[..., Path]


def manifest_entry(name: str, data: bytes, **said: object) -> dict[str, object]:
    text = data.decode(errors="replace")
    rows = sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row)
    return {"name": name, "rows": max(rows - 1, 0), "sha256": hashlib.sha256(data).hexdigest(), **said}


@pytest.fixture
def write_bundle(tmp_path: Path) -> WriteBundle:
    """Write a bundle's folder from {file name: text or bytes}; `entries` adds to a file's manifest entry."""

    def write(
        files: dict[str, str | bytes],
        entries: dict[str, dict[str, object]] | None = None,
        extra: dict[str, bytes] | None = None,
        **said: object,
    ) -> Path:
        folder = tmp_path / "bundle"
        folder.mkdir(exist_ok=True)
        listed = []
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)
            listed.append(manifest_entry(name, data) | (entries or {}).get(name, {}))
        for name, data in (extra or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        manifest = {
            "format": "aerona-bundle",
            "version": 1,
            "tenant": "testing",
            "exported_at": "2026-10-02T19:40:00+01:00",
            "tz": "Europe/London",
            "currency": "GBP",
            "date_format": "yyyy-mm-dd",
            "encoding": "utf-8",
            "files": listed,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest | said))
        return folder

    return write


@pytest.fixture
def opened() -> Iterator[Callable[..., AeronaBundle]]:
    bundles: list[AeronaBundle] = []

    def open_it(path: Path, **options: object) -> AeronaBundle:
        bundles.append(open_bundle(path, **options))
        return bundles[-1]

    yield open_it
    for bundle in bundles:
        bundle.close()


@pytest.fixture
def extracted(
    write_bundle: WriteBundle, opened: Callable[..., AeronaBundle]
) -> Callable[..., list[Extracted]]:
    """Write a bundle with one file and return that file's records."""

    def extract(name: str, content: str | bytes, **said: object) -> list[Extracted]:
        bundle = opened(write_bundle({name: content}, **said))
        return list(bundle.extract(name.removesuffix(".csv")))

    return extract


_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = _byte >> 1 ^ (0xEDB88320 if _byte & 1 else 0)
    _TABLE.append(_byte)


def _zipcrypto(data: bytes, password: bytes) -> bytes:
    """PKWARE's traditional cipher, as APPNOTE 6.1 has it: no library in use here writes it."""
    first, second, third = 0x12345678, 0x23456789, 0x34567890

    def turn(byte: int) -> None:
        nonlocal first, second, third
        first = first >> 8 ^ _TABLE[(first ^ byte) & 0xFF]
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        third = third >> 8 ^ _TABLE[(third ^ second >> 24) & 0xFF]

    for byte in password:
        turn(byte)
    out = bytearray()
    for byte in data:
        mask = third | 2
        out.append(byte ^ (mask * (mask ^ 1) >> 8 & 0xFF))
        turn(byte)
    return bytes(out)


@pytest.fixture
def zipcrypto() -> Callable[[Path, Path, str], None]:
    """Pack a folder under the old cipher, stored without compression."""

    def pack(folder: Path, archive: Path, password: str) -> None:
        body, central, count = bytearray(), bytearray(), 0
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name, data = path.relative_to(folder).as_posix().encode(), path.read_bytes()
            crc = zlib.crc32(data)
            sealed = _zipcrypto(bytes(11) + bytes([crc >> 24]) + data, password.encode())
            shared = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 33, crc, len(sealed), len(data), len(name), 0)
            central += b"PK\x01\x02\x14\x00" + shared + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
            body += b"PK\x03\x04" + shared + name + sealed
            count += 1
        end = struct.pack("<HHHHIIH", 0, 0, count, count, len(central), len(body), 0)
        archive.write_bytes(bytes(body) + bytes(central) + b"PK\x05\x06" + end)

    return pack
