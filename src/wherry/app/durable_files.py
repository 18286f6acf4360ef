"""What the workers of a run read, in a place that all machines reach: kept by content, checked when fetched.

Without `[store] files` the workers share the workspace's folder, or have a copy of it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from wherry.app.workspace import Workspace
from wherry.model.errors import PreflightFailed, SettingsInvalid

KEPT = ("snapshot.json", "plan.json", "destination.json", "existing.json")


def publish(ws: Workspace, digest: str) -> None:
    """Put all that a run of this plan reads where its workers find it; nothing where no place is set."""
    place = _Place.of(ws)
    if place is None:
        return
    listed = {}
    for path in _files(ws, digest):
        name = path.relative_to(ws.root).as_posix()
        listed[name] = _sha256(path)
        place.put(listed[name], path)
    place.write(f"runs/{digest}.json", orjson.dumps(listed, option=orjson.OPT_SORT_KEYS))


def fetch(ws: Workspace, digest: str) -> None:
    """Bring here all that a run of this plan reads and that is not here yet; raises PreflightFailed.

    A file is taken over only when its content is what its name says.
    """
    place = _Place.of(ws)
    if place is None:
        return
    listed: dict[str, str] = orjson.loads(place.read(f"runs/{digest}.json"))
    for name, sha256 in listed.items():
        path = ws.root / name
        if not path.resolve().is_relative_to(ws.root.resolve()):
            raise PreflightFailed(f"{name} lies outside of the workspace", hint="publish the run again")
        if not path.exists() or _sha256(path) != sha256:
            place.get(sha256, path)


def _files(ws: Workspace, digest: str) -> Iterator[Path]:
    snapshot = ws.plan(digest).basis.snapshot
    yield from sorted(path for path in (ws.state / "snapshots" / snapshot).rglob("*") if path.is_file())
    yield from sorted(ws.mapping_dir.glob("*.yaml"))
    yield ws.plans_dir / f"{digest}.json"
    yield from (ws.state / name for name in KEPT if (ws.state / name).exists())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Place:
    """A folder, or a store of objects that fsspec knows (s3://…, with its own package installed)."""

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root.rstrip("/")

    @classmethod
    def of(cls, ws: Workspace) -> "_Place | None":
        """Return the place that the settings name, or None."""
        url = ws.settings.store.files
        if not url:
            return None
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - it ships no types; only where such a place is set

        try:
            files, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SettingsInvalid(
                f"[store] files cannot be used ({type(error).__name__})",
                hint="write a folder that all machines share, or s3://bucket/folder with the package s3fs installed",
            ) from None
        return cls(files, root)

    def put(self, sha256: str, path: Path) -> None:
        """Keep a file under its content, unless it is there."""
        there = f"{self._root}/objects/{sha256}"
        if not self._files.exists(there):
            self._files.makedirs(f"{self._root}/objects", exist_ok=True)
            self._files.put_file(str(path), f"{there}.new")
            self._files.mv(f"{there}.new", there)

    def get(self, sha256: str, path: Path) -> None:
        """Bring a file here; raises PreflightFailed where it is missing or is not what its name says."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f"{path.name}.fetched")
        try:
            self._files.get_file(f"{self._root}/objects/{sha256}", str(new))
        except FileNotFoundError:
            raise PreflightFailed(
                f"{path.name} is missing in [store] files", hint="start the run again: it publishes its files"
            ) from None
        if _sha256(new) != sha256:
            new.unlink()
            raise PreflightFailed(
                f"{path.name} in [store] files was changed", hint="delete it there, then start the run again"
            )
        new.chmod(0o600)
        new.replace(path)

    def write(self, name: str, data: bytes) -> None:
        """Keep a small document."""
        there = f"{self._root}/{name}"
        self._files.makedirs(there.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(there, data)

    def read(self, name: str) -> bytes:
        """Return a small document; raises PreflightFailed where it is missing."""
        try:
            found: bytes = self._files.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            raise PreflightFailed(
                "the files of this run are not in [store] files",
                hint="set [store] files to the same place on every machine, then start the run again",
            ) from None
        return found
