"""Secrets: from the environment, from a file that the environment names, or from the system keyring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wherry.model.errors import SettingsInvalid

SECRETS = (
    "source.username",
    "source.password",
    "source.pin",
    "source.webhook_token",
    "destination.api_key",
    "llm.api_key",
    "store.key",
    "store.files_access_key",
    "store.files_secret_key",
)
KEYRING_SERVICE = "wherry"


def variable(name: str) -> str:
    """Return the environment variable of a setting: `store.key` → `WHERRY_STORE__KEY`."""
    return "WHERRY_" + name.replace(".", "__").upper()


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets of one workspace; looked up when asked for, never shown.

    `accounts` says whose secret it is: a keyring entry holds for one account only, so that two
    workspaces on one machine cannot take each other's key.
    """

    environ: Mapping[str, str] = field(repr=False)
    accounts: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Return the secret (a name of SECRETS), or None where nobody keeps one.

        Raises SettingsInvalid when the file that …_FILE names cannot be read or is empty.
        """
        direct = self.environ.get(variable(name))
        if direct:
            return direct
        path = self.environ.get(f"{variable(name)}_FILE")
        return _from_file(variable(name), Path(path)) if path else _from_keyring(self.entry(name))

    def require(self, name: str) -> str:
        """Return the secret, or raise SettingsInvalid saying where to put it."""
        secret = self.get(name)
        if secret is None:
            raise SettingsInvalid(
                f"{name} is not set",
                hint=f"set {variable(name)}, or {variable(name)}_FILE to the path of a file that holds it, "
                f"or keep it in the system keyring: keyring set {KEYRING_SERVICE} '{self.entry(name)}'",
            )
        return secret

    def entry(self, name: str) -> str:
        """Return the name of the keyring entry: the secret and whose it is."""
        return f"{name} {self.accounts[name.partition('.')[0]]}"


def _from_file(name: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8 text"
        raise SettingsInvalid(
            f"{name}_FILE names {path}, which cannot be read: {why}", hint="correct the path or the file"
        ) from None
    if not secret:
        raise SettingsInvalid(f"{name}_FILE names {path}, which is empty", hint="write the secret into it")
    return secret


def _from_keyring(entry: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - starts looking for desktop services; only where it is needed

        found: str | None = keyring.get_password(KEYRING_SERVICE, entry)
    except Exception:  # noqa: BLE001 - a machine without a working keyring keeps no secret there
        return None
    return found or None
