"""The bundle's outside: a folder, or a zip of it, plain or under a password."""

import hashlib
import shutil
import tempfile
import threading
import weakref
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Protocol, cast
from zipfile import ZipFile

from pyzipper import BadZipFile, zipfile_aes

from wherry.model.errors import PreflightFailed
from wherry.privacy import UNSEALED, Sealer, scratch_sealer

MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_NOT_OURS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


class Container(Protocol):
    """Files by their name below the bundle's top, with `/` between parts."""

    @property
    def label(self) -> str:
        """Return the name that messages use."""

    def names(self) -> frozenset[str]:
        """Return every file that lies safely inside."""

    def unsafe(self) -> int:
        """Return how many entries were left out because their path leads outside."""

    def open(self, name: str) -> BinaryIO:
        """Return the file for reading at any place; it can be opened more than once."""

    def size(self, name: str) -> int:
        """Return the file's size in bytes."""

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the file's bytes in blocks of at most 1 MiB."""

    def close(self) -> None:
        """Let go of files and scratch space."""


def open_container(
    path: Path, password: str | None, scratch: Path | None = None, sealer: Sealer = UNSEALED
) -> Container:
    """Open a bundle's folder or zip and find its top folder.

    `scratch` is where CSV files of a zip are unpacked while it is open (default: the system's temporary
    folder), sealed for this process alone. `sealer` is that of a folder whose files are sealed. Raises PreflightFailed when there is nothing there, or it cannot be opened.
    """
    if path.is_dir():
        return _Folder(path, sealer)
    if not path.is_file():
        raise PreflightFailed(
            f"{path.name}: there is no such bundle",
            hint="Set [source] bundle in wherry.toml to the export's folder or zip.",
        )
    return _Zip(path, password, scratch)


def read_all(container: Container, name: str) -> bytes:
    """Return the whole of a small file."""
    return b"".join(container.blocks(name))


def sha256_of_file(container: Container, name: str) -> str:
    """Return a file's sha256 in hex."""
    digest = hashlib.sha256()
    for block in container.blocks(name):
        digest.update(block)
    return digest.hexdigest()


def is_safe(name: str) -> bool:
    """Return whether a relative path stays below the folder it is read against."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not (name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0])


def _top(names: frozenset[str], label: str) -> str:
    """Return the prefix below which the bundle lies: nothing, or one top folder."""
    if MANIFEST in names:
        return ""
    tops = {name.partition("/")[0] for name in names}
    if len(tops) == 1 and f"{(top := next(iter(tops)))}/{MANIFEST}" in names:
        return f"{top}/"
    raise PreflightFailed(
        f"{label}: there is no {MANIFEST} at its top, so this is no Aerona bundle",
        hint="Point [source] bundle at the export as it was delivered.",
    )


class _Folder:
    def __init__(self, root: Path, sealer: Sealer) -> None:
        self.label = root.name
        self._sealer = sealer
        base = root.resolve()
        found = [p for p in root.rglob("*") if p.is_file()]
        inside = [p for p in found if p.resolve().is_relative_to(base)]
        self._unsafe = len(found) - len(inside)
        names = frozenset(
            name
            for p in inside
            if not (name := p.relative_to(root).as_posix()).startswith(_NOT_OURS)
            and not name.endswith(_NOT_OURS)
        )
        top = _top(names, self.label)
        self._root = root / top
        self._names = frozenset(name.removeprefix(top) for name in names)

    def names(self) -> frozenset[str]:
        return self._names

    def unsafe(self) -> int:
        return self._unsafe

    def open(self, name: str) -> BinaryIO:
        return self._sealer.read(self._root / name)

    def size(self, name: str) -> int:
        return self._sealer.size(self._root / name)

    def blocks(self, name: str) -> Iterator[bytes]:
        with self.open(name) as file:
            while block := file.read(_BLOCK):
                yield block

    def close(self) -> None:
        pass


class _Zip:
    def __init__(self, path: Path, password: str | None, scratch: Path | None) -> None:
        self.label = path.name
        self._password = password
        self._scratch_parent = scratch
        self._sealer = scratch_sealer()
        self._scratch: Path | None = None
        self._local: dict[str, Path] = {}
        self._archive = _open_archive(path)
        self._counting = threading.Lock()  # the archive counts its open members without one of its own
        self._finalizer = weakref.finalize(self, self._archive.close)
        try:
            self._index()
            self._unlock()
        except PreflightFailed:
            self.close()
            raise

    def _index(self) -> None:
        listed = [name for name in self._archive.namelist() if not name.endswith("/")]
        ours = [n for n in listed if not n.startswith(_NOT_OURS) and not n.endswith(_NOT_OURS)]
        twice = sorted(name for name, count in Counter(ours).items() if count > 1)
        if twice:
            raise PreflightFailed(
                f"{self.label}: {len(twice)} files stand in it twice, {twice[0]} first",
                hint="Ask for the export again, or pack its folder anew.",
            )
        safe = frozenset(name for name in ours if is_safe(name))
        self._unsafe = len(ours) - len(safe)
        self._top = _top(safe, self.label)
        self._names = frozenset(name.removeprefix(self._top) for name in safe)

    def _encrypted(self, name: str) -> bool:
        return bool(self._archive.getinfo(self._top + name).flag_bits & 0x1)

    def _unlock(self) -> None:
        locked = [name for name in sorted(self._names) if self._encrypted(name)]
        if not locked:
            return
        if not self._password:
            raise PreflightFailed(
                f"{self.label} is protected by a password, and none was given",
                hint="Set WHERRY_SOURCE__PASSWORD, or WHERRY_SOURCE__PASSWORD_FILE.",
            )
        self._archive.setpassword(self._password.encode())
        # One wrong password in 256 passes a member's check byte, so several members are asked.
        for name in locked[:16]:
            with self._member(name):
                pass

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._counting:
                member = self._archive.open(self._top + name)
            try:
                yield member
            finally:
                with self._counting:
                    member.close()
        except RuntimeError as problem:
            if isinstance(problem, NotImplementedError):
                raise self._torn(name) from problem
            raise PreflightFailed(
                f"{self.label}: the password is wrong (it does not open {name})",
                hint="Check WHERRY_SOURCE__PASSWORD; the practice set it when it asked for the export.",
            ) from None
        except _DAMAGE as problem:
            raise self._torn(name) from problem

    def _torn(self, name: str) -> PreflightFailed:
        password = " (a wrong password can look like this, too)" if self._encrypted(name) else ""
        return PreflightFailed(
            f"{self.label}: {name} is damaged{password}",
            hint="Copy the zip again and compare its size with the original, or ask for the export again.",
        )

    def names(self) -> frozenset[str]:
        return self._names

    def unsafe(self) -> int:
        return self._unsafe

    def open(self, name: str) -> BinaryIO:
        if name not in self._local:
            if self._scratch is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="wherry-", dir=self._scratch_parent))
                self._wipe = weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
            path = self._scratch / f"{len(self._local):04}"
            with self._sealer.create(path) as out:
                out.writelines(self.blocks(name))
            self._local[name] = path
        return self._sealer.read(self._local[name])

    def size(self, name: str) -> int:
        return int(self._archive.getinfo(self._top + name).file_size)

    def blocks(self, name: str) -> Iterator[bytes]:
        with self._member(name) as member:
            while block := member.read(_BLOCK):
                yield block

    def close(self) -> None:
        self._finalizer()
        if self._scratch is not None:
            self._wipe()


def _open_archive(path: Path) -> ZipFile:
    try:
        # pyzipper ships no types; what it opens is used as the standard library's class, which it mirrors.
        return cast("ZipFile", zipfile_aes.AESZipFile(path))  # type: ignore[no-untyped-call]  # see above
    except _DAMAGE as problem:
        raise PreflightFailed(
            f"{path.name} is no zip that can be read; it may be torn or only half copied",
            hint="Copy the zip again and compare its size with the original, or ask for the export again.",
        ) from problem
