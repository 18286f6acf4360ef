"""From bytes to text: which encoding a file is really in, proven over all of it, and what spoils it."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import ftfy
from ftfy.badness import is_bad

from wherry.model.errors import PreflightFailed

_LFS = b"version https://git-lfs.github.com/spec/"
_HEAD = 64  # bytes; enough to tell a mark or a pointer
_UTF8_NAMES = ("utf-8", "utf-8-sig")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How a file is to be read. `finding` is empty, or the code and sentence of what a person should know."""

    encoding: str
    sha256: str
    bytes: int
    finding: tuple[str, str] = ("", "")


class _Candidate:
    """Tries one encoding over the whole file, block by block."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self.bad_line = 0  # physical line of the first byte that does not decode

    def feed(self, block: bytes, line: int) -> None:
        if self.bad_line:
            return
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError as problem:
            self.bad_line = line + block[: max(problem.start, 0)].count(b"\n")

    def finish(self, line: int) -> None:
        if not self.bad_line:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.bad_line = line


def inspect(blocks: Iterable[bytes], file: str, declared: str | None) -> Decoding:
    """Read a file's bytes once; return checksum and proven encoding.

    The order of proof: a byte order mark, the declared encoding if every byte fits, UTF-8, Windows-1252.
    A file declared Windows-1252 whose accented letters are all valid UTF-8 is read as UTF-8.

    Raises PreflightFailed, naming file and line, on a NUL byte, on a Git LFS pointer in the file's place,
    on an unknown encoding name and on bytes that no candidate can hold.
    """
    name = _known(declared, file)
    stream = iter(blocks)
    first = _first_bytes(stream)
    if first.startswith(_LFS):
        raise PreflightFailed(
            f"{file}, line 1: this is a Git LFS pointer, not the file itself",
            hint="Fetch the real file (git lfs pull) or take the export as it was delivered.",
        )
    bom = next((encoding for mark, encoding in _BOMS if first.startswith(mark)), None)
    scan = _Scan([encoding for encoding in (bom, name, "utf-8", "cp1252") if encoding])
    for block in chain((first,), stream):
        if bom != "utf-16" and b"\0" in block:
            _refuse_nul(file, scan.line + block[: block.index(b"\0")].count(b"\n"))
        scan.feed(block)
    fits = scan.fits()
    if not fits or (bom and bom not in fits):
        said = bom or name or "utf-8"
        _refuse_bytes(file, scan.tried[said].bad_line, said)
    encoding, finding = _decide(bom, name, fits, ascii_only=scan.ascii_only)
    return Decoding(encoding=encoding, sha256=scan.digest.hexdigest(), bytes=scan.size, finding=finding)


def _first_bytes(stream: Iterator[bytes]) -> bytes:
    first = b""
    for block in stream:
        first += block
        if len(first) >= _HEAD:
            break
    return first


class _Scan:
    """One pass over a file: checksum, size, lines, and which encodings hold all of it."""

    def __init__(self, encodings: list[str]) -> None:
        self.tried = {encoding: _Candidate(encoding) for encoding in encodings}
        self.digest = hashlib.sha256()
        self.size = 0
        self.line = 1
        self.ascii_only = True

    def feed(self, block: bytes) -> None:
        self.digest.update(block)
        self.size += len(block)
        self.ascii_only = self.ascii_only and block.isascii()
        for candidate in self.tried.values():
            candidate.feed(block, self.line)
        self.line += block.count(b"\n")

    def fits(self) -> set[str]:
        for candidate in self.tried.values():
            candidate.finish(self.line)
        return {encoding for encoding, candidate in self.tried.items() if not candidate.bad_line}


def _known(declared: str | None, file: str) -> str | None:
    if not declared:
        return None
    try:
        return codecs.lookup(declared).name
    except LookupError:
        raise PreflightFailed(
            f"{file}: its declared encoding has no name that is known here",
            hint="Set [source] encoding for this file in wherry.toml, for instance utf-8 or windows-1252.",
        ) from None


def _decide(
    bom: str | None, declared: str | None, fits: set[str], *, ascii_only: bool
) -> tuple[str, tuple[str, str]]:
    if bom is not None and bom in fits:
        return bom, ("", "")
    if "utf-8" in fits:
        as_said = ascii_only or declared in {*_UTF8_NAMES, None}
        sentence = f"declared as {declared}, but every accented letter is UTF-8"
        return "utf-8", ("", "") if as_said else ("encoding_differs", sentence)
    if declared is not None and declared in fits:
        return declared, ("", "")
    if declared is None:
        return "cp1252", ("encoding_proven", "not declared and no UTF-8; read as Windows-1252")
    return "cp1252", ("encoding_differs", f"declared as {declared}, but written in Windows-1252")


def _refuse_nul(file: str, line: int) -> None:
    raise PreflightFailed(
        f"{file}, line {line}: there is a NUL byte, so the file is damaged or no text",
        hint="Ask for this file again; do not mend it by hand.",
    )


def _refuse_bytes(file: str, line: int, encoding: str) -> None:
    raise PreflightFailed(
        f"{file}, line {line}: bytes that are neither {encoding} nor UTF-8 nor Windows-1252",
        hint="Set [source] encoding for this file in wherry.toml to the one it was written in.",
    )


def is_mojibake(text: str) -> bool:
    """Return whether a text looks decoded twice (`SiobhÃ¡n`): it is odd, and undoing that makes it better."""
    return not text.isascii() and is_bad(text) and ftfy.fix_encoding(text) != text
