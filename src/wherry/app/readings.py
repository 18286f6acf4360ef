"""What was read back so far, kept on disk, so that a reconcile that was interrupted does not read it again."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import orjson

from wherry.model.diff import Observed
from wherry.model.errors import PreflightFailed
from wherry.model.jsons import sha256_of
from wherry.model.ports import DestinationReader
from wherry.privacy import Sealer

_NAME = "readings"
FRESH = timedelta(hours=24)  # what is older is read again: people have been at work since


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """How a line of kept answers is written and read again, as of this moment."""

    sealer: Sealer
    now: datetime

    def of(self, body: dict[str, Any]) -> bytes:
        """Return the line."""
        plain = orjson.dumps(body)
        return (b64encode(self.sealer.seal(plain, _NAME)) if self.sealer.sealed else plain) + b"\n"

    def read(self, text: bytes) -> dict[str, Any]:
        """Return what the line says; nothing where it is torn, or not ours to read."""
        try:
            plain = (
                self.sealer.open(b64decode(text.strip(), validate=True), _NAME)
                if self.sealer.sealed
                else text
            )
            body = orjson.loads(plain)
        except (ValueError, PreflightFailed):
            return {}
        return body if isinstance(body, dict) and text.endswith(b"\n") else {}


class Readings:
    """Reads the destination, and remembers each answer until the work is done.

    `about` names what is read back, and as of when our own writes stand: kept answers of anything else, older
    than a day, or torn by a crash are not used. The file holds values of records, so each line is sealed, and
    `done` removes it.
    """

    def __init__(self, path: Path, about: str, destination: DestinationReader, lines: "Lines") -> None:
        self._path, self._destination, self._lines = path, destination, lines
        now = lines.now
        self._at = _places(path, about, lines)
        self.kept = len(self._at)
        self._file = self._opened(about, now)

    def _opened(self, about: str, now: datetime) -> IO[bytes]:
        if self._at:
            return self._path.open("r+b")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b")
        file.write(self._lines.of({"about": about, "begun": now.isoformat()}))
        return file

    def fetch(self, stream: str, ids: Sequence[int]) -> Sequence[Observed]:
        """See DestinationReader.fetch."""
        asked = sha256_of([stream, list(ids)])
        if asked in self._at:
            return self._known(asked)
        return self._keep(asked, self._destination.fetch(stream, ids))

    def fetch_children(self, wanted: Mapping[int, Mapping[str, Sequence[int]]]) -> Sequence[Observed]:
        """See DestinationReader.fetch_children."""
        asked = sha256_of([[i, {s: list(ids) for s, ids in of.items()}] for i, of in wanted.items()])
        if asked in self._at:
            return self._known(asked)
        return self._keep(asked, self._destination.fetch_children(wanted))

    def _known(self, asked: str) -> list[Observed]:
        self._file.seek(self._at[asked])
        return [_observed(row) for row in self._lines.read(self._file.readline())["seen"]]

    def _keep(self, asked: str, answer: Iterator[Observed]) -> list[Observed]:
        seen = list(answer)
        self._file.seek(0, os.SEEK_END)
        self._file.write(self._lines.of({"asked": asked, "seen": [_row(one) for one in seen]}))
        self._file.flush()
        return seen

    def close(self) -> None:
        """Keep what was read for the next time."""
        self._file.close()

    def done(self) -> None:
        """Forget all of it."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _places(path: Path, about: str, lines: Lines) -> dict[str, int]:
    """Return where in the file each usable answer begins; none where the file is about something else."""
    if not path.exists():
        return {}
    found: dict[str, int] = {}
    with path.open("rb") as file:
        head = lines.read(file.readline())
        if head.get("about") != about or lines.now - datetime.fromisoformat(str(head["begun"])) > FRESH:
            return {}
        at = file.tell()
        while text := file.readline():
            line = lines.read(text)
            if not line:  # torn by a crash: whatever comes behind it was never written
                break
            found[str(line["asked"])] = at
            at = file.tell()
    os.truncate(path, at)
    return found


def _row(seen: Observed) -> dict[str, Any]:
    return {**asdict(seen), "not_readable": sorted(seen.not_readable)}


def _observed(row: Mapping[str, Any]) -> Observed:
    links = {name: tuple(ids) for name, ids in row["links"].items()}
    return Observed(**{**row, "links": links, "not_readable": frozenset(row["not_readable"])})
