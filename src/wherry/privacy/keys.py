"""The key of a workspace: how it is made, wrapped by a secret, kept in a file, and destroyed."""

import base64
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wherry.model.errors import PreflightFailed, SettingsInvalid

FORMAT = "wherry-key/1"
_BYTES = 32
_NONCE = 12
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 << 20}  # some 0.1 s and 32 MiB for each guess


@dataclass(frozen=True, slots=True)
class DataKey:
    """A random key of 256 bits; it shows itself nowhere."""

    _secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "DataKey":
        """Return a key that nobody has had before."""
        return cls(os.urandom(_BYTES))

    @property
    def id(self) -> str:
        """Return what tells keys apart and says nothing of them, in hexadecimal."""
        return self.derived("id")[:8].hex()

    def derived(self, purpose: str, salt: bytes | None = None) -> bytes:
        """Return a key of 32 bytes for one purpose."""
        return HKDF(SHA256(), _BYTES, salt, f"wherry/1/{purpose}".encode()).derive(self._secret)

    def written(self) -> bytes:
        """Return the bytes of the key itself, for the two places that keep it."""
        return self._secret


def wrapped(key: DataKey, secret: str) -> bytes:
    """Return the key as a document that only this secret opens (scrypt, AES-256-GCM)."""
    salt, nonce = os.urandom(16), os.urandom(_NONCE)
    body = AESGCM(_from_secret(secret, salt)).encrypt(nonce, key.written(), FORMAT.encode())
    return orjson.dumps(
        {"format": FORMAT, "id": key.id, "salt": _text(salt), "nonce": _text(nonce), "wrapped": _text(body)}
    )


def unwrapped(document: bytes, secret: str | None) -> DataKey:
    """Return the key in a document that `wrapped` or KeyFile wrote.

    Raises SettingsInvalid where the secret is missing or wrong, PreflightFailed where the document is damaged.
    """
    body = _read(document)
    try:
        if "key" in body:
            return DataKey(_bytes(body["key"]))
        if secret is None:
            raise SettingsInvalid(
                "the key of this workspace is wrapped by WHERRY_STORE__KEY, which is not set",
                hint="set WHERRY_STORE__KEY, or WHERRY_STORE__KEY_FILE, or the keyring's entry, to what it was",
            )
        wrapping = AESGCM(_from_secret(secret, _bytes(body["salt"])))
        return DataKey(wrapping.decrypt(_bytes(body["nonce"]), _bytes(body["wrapped"]), FORMAT.encode()))
    except InvalidTag:
        raise SettingsInvalid(
            "WHERRY_STORE__KEY is not the secret that the key of this workspace was wrapped with",
            hint="set it to what it was when the workspace was first used; it cannot be recovered",
        ) from None
    except (KeyError, ValueError):
        raise _damaged() from None


class KeyFile:
    """The key of one workspace in a file of its own, private to its owner."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.key"

    def read(self, secret: str | None) -> DataKey | None:
        """Return the key, or None where there is none yet; with a secret, a key that lay open is wrapped.

        Raises SettingsInvalid and PreflightFailed as `unwrapped` does.
        """
        try:
            document = self.path.read_bytes()
        except FileNotFoundError:
            return None
        key = unwrapped(document, secret)
        if secret is not None and "key" in _read(document):
            self._keep(wrapped(key, secret), over=True)
        return key

    def make(self, secret: str | None) -> DataKey:
        """Make the key, unless another process was faster, and return it."""
        key = DataKey.new()
        open_ = orjson.dumps({"format": FORMAT, "id": key.id, "key": _text(key.written())})
        self._keep(open_ if secret is None else wrapped(key, secret), over=False)
        found = self.read(secret)
        if found is None:
            raise _damaged()
        return found

    def destroy(self) -> bool:
        """Overwrite the key and remove it for good; return whether there was one."""
        there = False
        for path in sorted(self.path.parent.glob("*")) if self.path.parent.exists() else ():
            there = True
            with path.open("r+b") as file:
                file.write(os.urandom(max(512, path.stat().st_size)))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        if self.path.parent.exists():
            _fsync(self.path.parent)
        return there

    def _keep(self, document: bytes, *, over: bool) -> None:
        """Put the document in its place whole; without `over`, one that is there already stays."""
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = folder / f"{self.path.name}.{os.urandom(8).hex()}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        if over:
            new.replace(self.path)
        else:
            with suppress(FileExistsError):
                os.link(new, self.path)
            new.unlink()
        _fsync(folder)


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(document: bytes) -> dict[str, Any]:
    try:
        body: Any = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise _damaged() from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise _damaged()
    return body


def _damaged() -> PreflightFailed:
    return PreflightFailed(
        "the key of this workspace cannot be read",
        hint="restore .wherry/keys/store.key from a backup; without it nothing that was sealed can be opened",
    )


@lru_cache(maxsize=8)  # one process opens the same store more than once
def _from_secret(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=_BYTES, **_SCRYPT)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
