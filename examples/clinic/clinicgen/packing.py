"""Pack a bundle's folder into one zip: plain, ZipCrypto or AES."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED

from pyzipper import zipfile_aes

METHODS = ("zipcrypto", "aes")
_WHEN = (2026, 10, 2, 19, 40, 0)  # the moment of the export, so that packing again gives the same bytes
_DOS_DATE = (_WHEN[0] - 1980) << 9 | _WHEN[1] << 5 | _WHEN[2]
_DOS_TIME = _WHEN[3] << 11 | _WHEN[4] << 5
_BLOCK = 1 << 16
_LIMIT = 0xFFFFFFFF


def pack(folder: Path, archive: Path, password: str, method: str) -> None:
    """Pack every file of the folder, in name order, under the export's own date.

    ZipCrypto and plain archives come out the same for the same files and the same zlib; an AES one has a random
    salt each time. Raises ValueError when a file is too large for a zip without 64-bit fields.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if method == "aes" and password:
        _pack_aes(folder, archive, names, password)
    else:
        with archive.open("wb") as sink:
            _write_zip(sink, folder, names, password.encode())


def _pack_aes(folder: Path, archive: Path, names: Iterable[str], password: str) -> None:
    opened = zipfile_aes.AESZipFile(archive, "w", encryption=zipfile_aes.WZ_AES)  # type: ignore[no-untyped-call]  # the package has no types
    with opened as sink:
        sink.setpassword(password.encode())
        for name in names:
            info = sink.zipinfo_cls(name, date_time=_WHEN)
            info.compress_type = ZIP_DEFLATED
            with (folder / name).open("rb") as source, sink.open(info, "w", force_zip64=True) as member:
                while block := source.read(_BLOCK):
                    member.write(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: bytes
    flags: int
    crc: int
    packed: int
    size: int
    offset: int

    def header(self, *, central: bool) -> bytes:
        sizes = (self.crc, self.packed, self.size, len(self.name), 0)
        shared = struct.pack("<HHHHHIIIHH", 20, self.flags, 8, _DOS_TIME, _DOS_DATE, *sizes)
        if not central:
            return b"PK\x03\x04" + shared + self.name
        made_by_unix = struct.pack("<H", 3 << 8 | 20)
        tail = struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, self.offset)
        return b"PK\x01\x02" + made_by_unix + shared + tail + self.name


def _write_zip(sink: IO[bytes], folder: Path, names: list[str], password: bytes) -> None:
    members = [_write_member(sink, folder / name, name.encode(), password) for name in names]
    start = sink.tell()
    sink.writelines(member.header(central=True) for member in members)
    counts = (0, 0, len(members), len(members), sink.tell() - start, start, 0)
    sink.write(struct.pack("<4sHHHHIIH", b"PK\x05\x06", *counts))


def _write_member(sink: IO[bytes], path: Path, name: bytes, password: bytes) -> _Member:
    with TemporaryFile() as packed:
        crc, size = _deflate(path, packed)
        length = packed.tell() + (12 if password else 0)
        if max(length, size, sink.tell()) >= _LIMIT:
            raise ValueError(f"{path.name} is too large for this kind of zip; use --zip-method aes")
        flags = 0x800 | (1 if password else 0)
        member = _Member(name=name, flags=flags, crc=crc, packed=length, size=size, offset=sink.tell())
        sink.write(member.header(central=False))
        packed.seek(0)
        blocks = iter(lambda: packed.read(_BLOCK), b"")
        sink.writelines(_encrypted(blocks, password, member) if password else blocks)
    return member


def _deflate(path: Path, sink: IO[bytes]) -> tuple[int, int]:
    """Compress the file into the sink; return its CRC and size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    crc = size = 0
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            crc = zlib.crc32(block, crc)
            size += len(block)
            sink.write(packer.compress(block))
    sink.write(packer.flush())
    return crc, size


def _crc_table() -> list[int]:
    table = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def _encrypted(blocks: Iterable[bytes], password: bytes, member: _Member) -> Iterator[bytes]:
    """Encrypt with PKWARE's traditional cipher; its twelve leading bytes come from name and checksum, not chance."""
    keys = _Keys()
    for byte in password:
        keys.turn(byte)
    salt = Random(f"{member.crc} {member.name!r}").randbytes(11) + bytes((member.crc >> 24,))
    yield keys.encrypt(salt)
    for block in blocks:
        yield keys.encrypt(block)


class _Keys:
    """The cipher's three running keys."""

    __slots__ = ("_first", "_second", "_third")

    def __init__(self) -> None:
        self._first, self._second, self._third = 0x12345678, 0x23456789, 0x34567890

    def turn(self, byte: int) -> None:
        self._first = (self._first >> 8) ^ _TABLE[(self._first ^ byte) & 0xFF]
        self._second = ((self._second + (self._first & 0xFF)) * 134775813 + 1) & _LIMIT
        self._third = (self._third >> 8) ^ _TABLE[(self._third ^ (self._second >> 24)) & 0xFF]

    def encrypt(self, block: bytes) -> bytes:
        out = bytearray(len(block))
        for at, byte in enumerate(block):
            mask = self._third | 2
            out[at] = byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF)
            self.turn(byte)
        return bytes(out)
