"""What was read of the API so far, page by page on this machine: a process that is killed goes on from there."""

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from wherry.connectors.bundle.container import MANIFEST
from wherry.privacy import UNSEALED, Sealer, as_text

_KEPT = timedelta(hours=72)  # an extraction older than that is begun anew: its pages are of too many days
INDEX = "documents.json"  # reference → file below documents/
SEEN = "seen.json"  # stream → records and fields
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """One reading of all lists: for which profile and address, since when, and whether it is whole."""

    subject: str  # a digest of address and profile
    begun: str  # ISO, aware
    facts: Mapping[str, Any]
    done: tuple[str, ...] = ()  # lists that were read to their end
    used: bool = False  # staged: the next one begins anew
    since: str = ""  # of the reading that this one goes on from; empty: every list is read whole
    whole: str = ""  # when every list was read whole last
    followed: tuple[str, ...] = ()  # lists of which only changes and keys were read
    notes: tuple[Mapping[str, Any], ...] = ()  # findings, as tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was received."""

    records: list[dict[str, Any]]
    total: int | None
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one list held: how many records, and which fields."""

    rows: int
    fields: list[str]


class Spool:
    """A private folder: extraction.json, pages/<stream>/<number>.json, files/<stream>.csv, documents/<id>.

    Pages, files and documents are sealed. What an earlier version left open is read as it is.
    """

    def __init__(self, folder: Path, sealer: Callable[[], Sealer] | None = None) -> None:
        self.folder = folder
        self._sealer = sealer
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def sealer(self) -> Sealer:
        """What seals values here."""
        return self._sealer() if self._sealer else UNSEALED

    def create(self, path: Path, name: str) -> BinaryIO:
        """Return a new file that will have that name, wherever in the spool it is moved."""
        return self.sealer.create(path, _bound(name))

    def read(self, path: Path) -> BinaryIO:
        """Return a file for reading."""
        return self.sealer.read(path, _bound(path.name))

    @property
    def files(self) -> Path:
        """The folder of finished lists, as CSV files."""
        return self._made("files")

    @property
    def built(self) -> bool:
        """Whether the lists are there as a bundle."""
        return (self.files / MANIFEST).exists()

    @property
    def documents(self) -> Path:
        """The folder of the documents' bytes."""
        return self._made("documents")

    def last(self) -> Extraction | None:
        """Return the newest extraction, or None where there is none that can be read."""
        try:
            body = orjson.loads((self.folder / "extraction.json").read_bytes())
            return Extraction(
                **{
                    **body,
                    "done": tuple(body["done"]),
                    "notes": tuple(body.get("notes", ())),
                    "followed": tuple(body.get("followed", ())),
                }
            )
        except (OSError, orjson.JSONDecodeError, TypeError, KeyError):
            return None

    def to_resume(self, subject: str, now: datetime) -> Extraction | None:
        """Return the extraction to go on with: of the same subject, not used yet, and not too old."""
        last = self.last()
        if last is None or last.used or last.subject != subject:
            return None
        return last if now - datetime.fromisoformat(last.begun) < _KEPT else None

    def to_follow(self, subject: str, now: datetime, hours: float) -> Extraction | None:
        """Return the reading that a new one can go on from: whole and staged, of the same subject, not too old."""
        last = self.last()
        if last is None or not last.used or last.subject != subject or not self.built or not last.whole:
            return None
        young = now - datetime.fromisoformat(last.whole) < timedelta(hours=hours)
        return last if young else None

    def begin(
        self, subject: str, now: datetime, facts: Mapping[str, Any], before: Extraction | None = None
    ) -> Extraction:
        """Start anew, or from what the reading before left; documents are kept, for they are known by their checksum."""
        if self.built:
            (self.folder / SEEN).write_bytes((self.files / SEEN).read_bytes())
        shutil.rmtree(self.base, ignore_errors=True)
        if before is not None:
            self.files.replace(self.base)
        for name in ("pages", "files"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        extraction = Extraction(
            subject=subject,
            begun=now.isoformat(),
            facts=facts,
            since=before.begun if before else "",
            whole=before.whole if before else now.isoformat(),
        )
        self.keep(extraction)
        return extraction

    @property
    def base(self) -> Path:
        """The folder of the lists of the reading that this one goes on from."""
        return self.folder / "base"

    def before(self, file: str) -> Iterator[dict[str, str]]:
        """Yield the cells of each record of a list as the reading before left it; nothing where it had none."""
        path = self.base / file
        if path.exists():
            with as_text(self.read(path), "utf-8") as text:
                yield from csv.DictReader(text)

    def keep(self, extraction: Extraction) -> None:
        """Write down how far it is."""
        replace_file(self.folder / "extraction.json", orjson.dumps(asdict(extraction)))

    def use(self) -> None:
        """Note that the extraction is staged; its pages are not needed any more."""
        last = self.last()
        if last is not None:
            self.keep(replace(last, used=True))
            shutil.rmtree(self.folder / "pages", ignore_errors=True)
            shutil.rmtree(self.base, ignore_errors=True)

    def seen(self) -> dict[str, Seen]:
        """Return what the lists of this reading held."""
        return _seen(self.files / SEEN)

    def seen_before(self) -> dict[str, Seen]:
        """Return what the lists of the reading before held; nothing where there was none."""
        return _seen(self.folder / SEEN)

    def pages(self, stream: str) -> Iterator[Page]:
        """Yield the pages that are there, up to the first gap."""
        for number in range(1_000_000):
            try:
                kept = self._page(stream, number).read_bytes()
            except FileNotFoundError:
                return
            plain = kept if kept.startswith(b"{") else self.sealer.open(kept, _page_name(stream, number))
            yield Page(**orjson.loads(plain))

    def add(self, stream: str, number: int, page: Page) -> None:
        """Keep a page; numbers count from 0."""
        path = self._page(stream, number)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, self.sealer.seal(orjson.dumps(asdict(page)), _page_name(stream, number)))

    def forget(self, stream: str) -> None:
        """Drop the pages of a list."""
        shutil.rmtree(self.folder / "pages" / stream, ignore_errors=True)

    def _page(self, stream: str, number: int) -> Path:
        return self.folder / "pages" / stream / f"{number:06}.json"

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFile:
    """A finished list as a CSV file: its records, without header, and its checksum."""

    rows: int
    sha256: str


def write_sheet(spool: Spool, name: str, header: list[str], rows: Iterator[list[str]]) -> SheetFile:
    """Write a list as CSV in UTF-8, sealed, and return what the manifest says of it."""
    path = spool.files / name
    new = path.with_suffix(".new")
    digest, count = hashlib.sha256(), -1
    with spool.create(new, name) as file:
        for cells in _chained(header, rows):
            line = io.StringIO(newline="")
            csv.writer(line).writerow(cells)
            data = line.getvalue().encode("utf-8", errors="replace")
            digest.update(data)
            file.write(data)
            count += 1
    new.replace(path)
    return SheetFile(rows=count, sha256=digest.hexdigest())


def _chained(header: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield header
    yield from rows


class SpoolContainer:
    """The bundle's outside over a spool: the reader of bundles reads what the API said."""

    def __init__(self, spool: Spool) -> None:
        self._spool, self._files = spool, spool.files
        listed: dict[str, str] = orjson.loads((self._files / INDEX).read_bytes())
        self._documents = {ref: spool.documents / name for ref, name in listed.items()}
        self._sheets = frozenset(path.name for path in self._files.glob("*.csv"))

    @property
    def label(self) -> str:
        """Return the name that messages use."""
        return "AeronaClinic's API"

    def names(self) -> frozenset[str]:
        """Return every file that lies inside."""
        return frozenset({MANIFEST, *self._sheets, *self._documents})

    def unsafe(self) -> int:
        """Return 0: references that lead outside are never followed."""
        return 0

    def open(self, name: str) -> BinaryIO:
        """Return a file for reading."""
        return self._spool.read(self._local(name))

    def size(self, name: str) -> int:
        """Return the file's size in bytes."""
        return self._spool.sealer.size(self._local(name))

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the file's bytes in blocks of at most 1 MiB."""
        with self.open(name) as file:
            while block := file.read(_BLOCK):
                yield block

    def close(self) -> None:
        """Nothing is held open."""

    def _local(self, name: str) -> Path:
        return self._documents.get(name, self._files / name)


def _bound(name: str) -> str:
    return f"spool/{name}"


def _page_name(stream: str, number: int) -> str:
    return f"page:{stream}/{number}"


def _seen(path: Path) -> dict[str, Seen]:
    try:
        return {stream: Seen(**one) for stream, one in orjson.loads(path.read_bytes()).items()}
    except (OSError, orjson.JSONDecodeError, TypeError):
        return {}


def replace_file(path: Path, data: bytes) -> None:
    """Write a small file so that a reader sees all of it or none."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(data)
    with suppress(OSError):
        new.chmod(0o600)
    new.replace(path)
