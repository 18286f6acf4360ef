"""The file system through which DuckDB reads and writes here: sealed files, and spill that only this process can read."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import duckdb
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]  # it ships no types

from wherry.model.errors import WherryError
from wherry.privacy import Sealer
from wherry.staging.layout import text

_SCHEME = "sealed://"
_SPILL = "/spill/"
_INTERRUPTED = ("KeyboardInterrupt", "KeyboardInterrupt:", "Query interrupted")  # by its own thread or ours


class Vault:
    """A database in memory that reads and writes the sealed files of one workspace.

    What it spills below `folder` is readable by nobody else, and by no later process. Where the files are
    sealed and `threads` is 1, the database has no threads of its own: one that waits for Python would be
    waited for while a cursor is closed.
    """

    def __init__(self, sealer: Sealer, folder: Path, *, memory_mb: int, threads: int) -> None:
        self.sealer = sealer
        spill = folder.absolute() / "spill"
        config: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", "threads": threads}
        self._db = duckdb.connect(":memory:", config=config)
        self._files = _Files(sealer)
        if sealer.sealed:
            self._db.register_filesystem(self._files)
            # Its cache would keep plain copies of what it has read.
            self._db.execute("SET enable_external_file_cache = false")
        self._db.execute(f"SET temp_directory = {text(f'{_SCHEME}{spill}' if sealer.sealed else str(spill))}")

    def place(self, path: Path) -> str:
        """Return a file as SQL names it: an SQL text literal."""
        return text(f"{_SCHEME}{path.absolute()}" if self.sealer.sealed else str(path))

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; for those that give few."""
        with self._told():
            return self._db.execute(sql, parameters).fetchall()

    def rows(self, sql: str, page: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, so many in memory at a time.

        Raises PreflightFailed where a sealed file was changed, or its key is another.
        """
        cursor = self._db.cursor()
        try:
            with self._told():
                cursor.execute(sql)
            while found := self._page(cursor, page):
                yield from found
        finally:
            cursor.close()

    def close(self) -> None:
        """Let go of the database and its spill."""
        self._db.close()

    def _page(self, cursor: duckdb.DuckDBPyConnection, page: int) -> list[tuple[Any, ...]]:
        with self._told():
            return cursor.fetchmany(page)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what a sealed file refused with, or Ctrl-C: DuckDB would pass on no more than their words."""
        try:
            yield
        except (duckdb.Error, RuntimeError) as error:
            refusal, self._files.refusal = self._files.refusal, None
            if refusal is not None:
                raise refusal from None
            if str(error).strip().endswith(_INTERRUPTED):
                raise KeyboardInterrupt from None
            raise


class _Files(AbstractFileSystem):  # type: ignore[misc]  # no types
    """What DuckDB asks of a file system, over files on this machine."""

    protocol: ClassVar[str] = "sealed"
    cachable: ClassVar[bool] = False

    def __init__(self, sealer: Sealer) -> None:
        super().__init__()
        self._sealer = sealer
        self.refusal: WherryError | None = None  # why the newest file could not be read
        self._spill = AESGCM(AESGCM.generate_key(256))  # kept nowhere: it ends with this process

    def open(self, path: str, mode: str = "rb", **_options: Any) -> Any:
        """Return a file; below spill/ one that can be read and written at any place."""
        there = _local(path)
        if _SPILL in str(there):
            return _Spill(there, self._spill)
        if "w" in mode:
            return self._sealer.create(there)
        try:
            return _Watched(self._sealer.read(there), self)
        except WherryError as refusal:
            self.refusal = refusal
            raise

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        """Return name, kind and size, as fsspec wants them."""
        there = _local(path)
        if there.is_dir():
            return {"name": path, "size": 0, "type": "directory"}
        size = there.stat().st_size if _SPILL in str(there) else self._sealer.size(there)
        return {"name": path, "size": size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """Return when a file was written."""
        return datetime.fromtimestamp(_local(path).stat().st_mtime, UTC)

    def exists(self, path: str, **_options: Any) -> bool:
        """Return whether a file is there."""
        return _local(path).exists()

    def isfile(self, path: str) -> bool:
        """Return whether a file is there; fsspec's own swallows Ctrl-C."""
        return _local(path).is_file()

    def isdir(self, path: str) -> bool:
        """Return whether a folder is there."""
        return _local(path).is_dir()

    def glob(self, path: str, **_options: Any) -> list[str]:
        """Return the one path: names are never patterns here."""
        return [path] if self.exists(path) else []

    def touch(self, path: str, truncate: bool = True, **_options: Any) -> None:  # noqa: ARG002, FBT001, FBT002 - fsspec's signature
        """Make an empty file; one that is there stays as it is.

        DuckDB calls this where it wants spill cut to a size, and does not say to which.
        """
        _local(path).touch(mode=0o600)

    def mv(self, path1: str, path2: str, **_options: Any) -> None:
        """Give a file its final name."""
        _local(path1).replace(_local(path2))

    def ls(self, path: str, detail: bool = True, **_options: Any) -> list[Any]:  # noqa: FBT001, FBT002 - fsspec's signature
        """Return what a folder holds."""
        names = [f"{path.rstrip('/')}/{there.name}" for there in sorted(_local(path).iterdir())]
        return [self.info(name) for name in names] if detail else names

    def mkdir(self, path: str, create_parents: bool = True, **_options: Any) -> None:  # noqa: FBT001, FBT002 - fsspec's signature
        """Make a folder."""
        _local(path).mkdir(mode=0o700, parents=create_parents, exist_ok=True)

    def rm(self, path: str, **_options: Any) -> None:
        """Remove a file or a folder."""
        there = _local(path)
        if there.is_dir():
            shutil.rmtree(there)
        else:
            with contextlib.suppress(FileNotFoundError):
                there.unlink()


class _Watched:
    """A file that is read; why it could not be is kept for whoever asked."""

    def __init__(self, file: BinaryIO, files: _Files) -> None:
        self._file, self._files = file, files
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes from this thread's place on."""
        try:
            return self._file.read(size)
        except WherryError as refusal:
            self._files.refusal = refusal
            raise


class _Spill:
    """One file of spill: blocks that are read back as they were written, each sealed under a nonce of its own.

    Which nonce and tag belong to which place is known to this process alone.
    """

    _turn = threading.Lock()
    _used = 0  # nonces; one count for all files, for they share the key

    def __init__(self, path: Path, cipher: AESGCM) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._cipher = cipher
        self._blocks: dict[int, tuple[int, bytes]] = {}
        self._at: dict[int, int] = {}  # by thread: a foreign thread keeps no thread-local between two calls

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move this thread's place."""
        base = {os.SEEK_SET: 0, os.SEEK_END: os.fstat(self._handle).st_size}.get(whence, self.tell())
        self._at[threading.get_ident()] = base + offset
        return self.tell()

    def tell(self) -> int:
        """Return this thread's place."""
        return self._at.get(threading.get_ident(), 0)

    def write(self, block: Any) -> int:
        """Seal a block and put it at this thread's place."""
        data = bytes(block)
        with _Spill._turn:
            _Spill._used += 1
            number = _Spill._used
        sealed = self._cipher.encrypt(number.to_bytes(12, "big"), data, None)
        place = self.tell()
        os.pwrite(self._handle, sealed[: len(data)], place)
        self._blocks[place] = (number, sealed[len(data) :])
        self._at[threading.get_ident()] = place + len(data)
        return len(data)

    def read(self, size: int) -> bytes:
        """Return the block at this thread's place."""
        place = self.tell()
        number, tag = self._blocks[place]
        plain = self._cipher.decrypt(
            number.to_bytes(12, "big"), os.pread(self._handle, size, place) + tag, None
        )
        self._at[threading.get_ident()] = place + len(plain)
        return plain

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _local(path: str) -> Path:
    return Path(path.removeprefix(_SCHEME))
