"""A place that all machines of a run reach: a folder that they share, or a bucket of an S3-compatible store.

What is kept there lies under the hash of its content and is checked when it is fetched, so that neither a
torn write nor a changed file is ever taken over.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from wherry.app.credentials import Credentials
from wherry.app.settings import StoreSettings
from wherry.model.errors import PreflightFailed, SettingsInvalid

BLOCK = 1 << 20
S3 = ("s3://", "s3a://")
S3_SECRETS = ("store.files_access_key", "store.files_secret_key")


class Place:
    """Where the files of a run are kept for its workers; see Place.of."""

    def __init__(self, files: Any, root: str) -> None:
        """`files` is a file system of fsspec, `root` a path in it."""
        self._files, self._root = files, root.rstrip("/")

    def __repr__(self) -> str:
        return f"Place({type(self._files).__name__})"

    @classmethod
    def of(cls, store: StoreSettings, credentials: Credentials) -> "Place | None":
        """Return the place that the settings name, or None.

        Endpoint and keys of an S3-compatible store come from the settings; what they leave open is taken
        as every program for such stores takes it (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, profiles, roles).
        Raises SettingsInvalid for a place that cannot be reached from this installation.
        """
        if not store.files:
            return None
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - it ships no types; only where such a place is set

        options = _s3_options(store, credentials) if store.files.startswith(S3) else {}
        try:
            files, root = url_to_fs(store.files, **options)
        except ImportError:
            raise SettingsInvalid(
                "[store] files names an S3 store, which this installation cannot reach"
                if options
                else "[store] files names a kind of store that this installation cannot reach",
                hint="pip install 'wherry[s3]'",
            ) from None
        except ValueError:
            raise SettingsInvalid(
                "[store] files cannot be used",
                hint="write a folder that all machines share, or s3://bucket/folder",
            ) from None
        return cls(files, root)

    def put(self, sha256: str, path: Path) -> None:
        """Keep a file under its content, unless it is there."""
        there = f"{self._root}/objects/{sha256}"
        with _reached():
            if self._files.exists(there):
                return
            if not self._is_folder:  # an object appears whole or not at all
                self._files.put_file(str(path), there)
                return
            new = f"{there}.{uuid.uuid4().hex}.new"
            self._files.makedirs(f"{self._root}/objects", exist_ok=True)
            self._files.put_file(str(path), new)
            self._files.mv(new, there)

    def remove(self, names: Iterable[str]) -> None:
        """Remove documents and content by their names below the place; what is not there stays away."""
        with _reached():
            for name in names:
                with suppress(FileNotFoundError):
                    self._files.rm(f"{self._root}/{name}")

    def holds(self, sha256: str) -> bool:
        """Return whether content of that hash is there."""
        with _reached():
            return bool(self._files.exists(f"{self._root}/objects/{sha256}"))

    def keep(
        self, sha256: str, blocks: Iterable[bytes], seal: Callable[[Iterable[bytes]], Iterable[bytes]] = iter
    ) -> bool:
        """Keep content piece by piece, as `seal` makes it.

        Returns False, and keeps nothing, where the content itself is not what its hash says.
        """
        there = f"{self._root}/objects/{sha256}"
        new = f"{self._root}/arriving/{uuid.uuid4().hex}"
        digest = hashlib.sha256()
        with _reached():
            if self._is_folder:
                self._files.makedirs(f"{self._root}/objects", exist_ok=True)
                self._files.makedirs(f"{self._root}/arriving", exist_ok=True)
            with self._files.open(new, "wb") as file:
                for piece in seal(_seen(blocks, digest.update)):
                    file.write(piece)
            if digest.hexdigest() != sha256:
                self._files.rm(new)
                return False
            self._files.mv(new, there)
        return True

    @contextmanager
    def open(self, sha256: str) -> Iterator[Iterable[bytes]]:
        """Open content as a stream of blocks; who reads it checks it against its hash."""
        with _reached(
            "a document is missing in [store] files", "start the run again: it publishes its files"
        ):
            file = self._files.open(f"{self._root}/objects/{sha256}", "rb")
        with file:
            yield iter(partial(file.read, BLOCK), b"")

    def get(self, sha256: str, path: Path) -> None:
        """Bring a file here; raises PreflightFailed where it is missing or is not what its name says."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f"{path.name}.fetched")
        with _reached(
            f"{path.name} is missing in [store] files", "start the run again: it publishes its files"
        ):
            self._files.get_file(f"{self._root}/objects/{sha256}", str(new))
        if hash_of(new) != sha256:
            new.unlink()
            raise PreflightFailed(
                f"{path.name} in [store] files was changed", hint="delete it there, then start the run again"
            )
        new.chmod(0o600)
        new.replace(path)

    def write(self, name: str, data: bytes) -> None:
        """Keep a small document."""
        there = f"{self._root}/{name}"
        with _reached():
            if self._is_folder:
                self._files.makedirs(there.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(there, data)

    def read(self, name: str) -> bytes | None:
        """Return a small document, or None where there is none of that name."""
        with _reached():
            try:
                found: bytes = self._files.cat_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return None
        return found

    @property
    def _is_folder(self) -> bool:
        return "file" in self._files.protocol


def _seen(blocks: Iterable[bytes], look: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yield the blocks, each shown first."""
    for block in blocks:
        look(block)
        yield block


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _s3_options(store: StoreSettings, credentials: Credentials) -> dict[str, Any]:
    key, secret = (credentials.get(name) for name in S3_SECRETS)
    options: dict[str, Any] = {"use_listings_cache": False}  # another machine writes there too
    if store.files_endpoint:
        options["endpoint_url"] = store.files_endpoint
    if key and secret:
        options |= {"key": key, "secret": secret}
    elif key or secret:
        raise SettingsInvalid(
            "only one of store.files_access_key and store.files_secret_key is set",
            hint="set both, or neither",
        )
    return options


@contextmanager
def _reached(missing: str = "", remedy: str = "") -> Iterator[None]:
    """Turn what a store says no with into one line; every kind of store has errors of its own."""
    try:
        yield
    except FileNotFoundError:
        raise PreflightFailed(
            missing or "the place that [store] files names does not exist",
            hint=remedy or "make the bucket or the folder, then start the run again",
        ) from None
    except Exception as error:
        raise PreflightFailed(
            f"[store] files cannot be reached or does not let us in ({type(error).__name__})",
            hint="check [store] files, its endpoint and its keys, and that the store is up",
        ) from error
