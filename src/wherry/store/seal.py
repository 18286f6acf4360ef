"""With which key a store is sealed: found, made or asked for when the store is opened."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Row, bindparam, func, select, update

from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.privacy import AesSealer, DataKey, Destroyed, KeyFile, Sealer, Unsealed, unwrapped, wrapped
from wherry.store.database import Database, Fields, Transaction
from wherry.store.tables import bodies, seal

_PAGE = 500
_COLUMNS = ("operation", "before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Where the key of a store is looked for: the workspace's folder of keys, and the secret that wraps it."""

    folder: Path
    secret: str | None = field(default=None, repr=False)


def sealer_of(database: Database, keys: Keys) -> Sealer:
    """Return the sealer of this store; a key is made, and what lay open is sealed, where there was none.

    A store of one machine has its key in the folder of keys. One that several machines share has it in the
    database, wrapped by the secret; without a secret it stays unsealed, for workers elsewhere must be able to
    join. Raises SettingsInvalid where the secret is missing or wrong, PreflightFailed where the key is gone.
    """
    kept = kept_seal(database)
    if kept is not None and kept.purge_began:
        return Destroyed(kept.purge_began)
    key = _shared_key(database, keys, kept) if database.shared else _own_key(keys, kept)
    if key is None:
        return Unsealed()
    sealer = AesSealer(key)
    if kept is None and not database.shared:
        _seal_all(database, sealer)
        _keep(database, {"key_id": key.id, "wrapped": None})
    return sealer


def kept_seal(database: Database) -> Row[Any] | None:
    """Return what the store says of its key, or None where nothing was ever sealed in it."""
    found = database.rows(select(seal))
    return found[0] if found else None


def body_name(operation_id: str, column: str) -> str:
    """Return what a sealed body is bound to."""
    return f"{column}:{operation_id}"


def _own_key(keys: Keys, kept: Row[Any] | None) -> DataKey:
    file = KeyFile(keys.folder)
    key = file.read(keys.secret)
    if key is None and kept is not None:
        raise PreflightFailed(
            f"the key of this store is missing: {file.path}",
            hint="restore it from a backup; without it nothing that was sealed can be opened, and only "
            "wherry purge is left",
        )
    if key is None:
        return file.make(keys.secret)
    if kept is not None and kept.key_id != key.id:
        raise PreflightFailed(
            f"the store was sealed with another key than that in {file.path}",
            hint="restore the store and .wherry/keys from the same backup",
        )
    return key


def _shared_key(database: Database, keys: Keys, kept: Row[Any] | None) -> DataKey | None:
    if kept is not None and kept.wrapped is not None:
        return unwrapped(bytes(kept.wrapped), keys.secret)
    if keys.secret is None:
        return None
    if database.scalar(select(func.count()).select_from(bodies)):
        raise SettingsInvalid(
            "WHERRY_STORE__KEY is set, but this PostgreSQL store was begun without it and holds open values",
            hint="unset it, or take the migration back and begin it again on an empty database",
        )
    key = DataKey.new()
    _keep(database, {"key_id": key.id, "wrapped": wrapped(key, keys.secret)})
    kept = kept_seal(database)  # another process may have been faster
    return None if kept is None else unwrapped(bytes(kept.wrapped), keys.secret)


def _keep(database: Database, line: Fields) -> None:
    whole = {"id": 1, "purge_began": "", "purge_ended": "", **line}
    database.write(lambda tx: tx.execute(tx.insert(seal).values(whole).on_conflict_do_nothing()))


def _seal_all(database: Database, sealer: Sealer) -> None:
    """Seal the bodies that an earlier version wrote open; going over them again changes nothing."""
    after, sealed = "", False
    query = select(bodies).order_by(bodies.c.operation_id).limit(_PAGE)
    while page := database.rows(query.where(bodies.c.operation_id > after)):
        lines = [_sealed_line(row, sealer) for row in page]
        database.write(partial(_replace, lines=lines))
        after, sealed = page[-1].operation_id, True
    if sealed:
        database.forget(bodies)


def _sealed_line(row: Row[Any], sealer: Sealer) -> Fields:
    line: Fields = {"operation_id_": row.operation_id}
    for name in _COLUMNS:
        body = getattr(row, name)
        is_open = body is not None and bytes(body[:1]) == b"{"
        line[f"{name}_"] = sealer.seal(bytes(body), body_name(row.operation_id, name)) if is_open else body
    return line


def _replace(tx: Transaction, lines: list[Fields]) -> None:
    tx.many("bodies.seal", _replacing, lines)


def _replacing() -> Executable:
    values: Fields = {name: bindparam(f"{name}_") for name in _COLUMNS}
    return update(bodies).where(bodies.c.operation_id == bindparam("operation_id_")).values(values)
