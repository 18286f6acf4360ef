"""What lies in a store is sealed, the key is found again, and a wrong one is refused; on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from wherry.model.errors import PreflightFailed, SettingsInvalid, UsageInvalid
from wherry.model.ledger import Confirmed, Intended
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.run import RunKind
from wherry.store import Keys, Store, open_store
from wherry.store import seal as seal_module

SECRET = "river-side"
NAME = "Zyxwvu-Sealed"
BODIES = "SELECT operation, before, after FROM bodies"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(folder=tmp_path / "keys", secret=SECRET)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def opened(url: str, keys: Keys | None) -> Store:
    return open_store(url, clock=Clock(), keys=keys)


def fill(store: Store, number: int = 1) -> Operation:
    """One confirmed update with a before-image."""
    run = store.ledger.begin(RunKind.LOAD, "d" * 64, {}).id
    operation = Operation(
        id=f"{run}:patients/{number}:1:update",
        verb=Verb.UPDATE,
        stream="contacts",
        key=Key("patients", str(number)),
        part=1,
        fields={"last_name": NAME},
        destination_id=number,
        before={"last_name": f"Old {NAME}"},
        fingerprint="f1",
    )
    store.ledger.record(run, [Intended(operation=operation)])
    store.ledger.record(
        run, [Confirmed(operation_id=operation.id, destination_id=number, after={"last_name": NAME})]
    )
    return operation


def lying(engine: Engine) -> list[bytes]:
    with engine.connect() as connection:
        return [bytes(cell) for row in connection.execute(text(BODIES)) for cell in row if cell is not None]


def test_bodies_are_sealed_and_come_back(url: str, keys: Keys, engine: Engine) -> None:
    store = opened(url, keys)
    operation = fill(store)
    store.close()
    assert len(lying(engine)) == 3
    assert not any(NAME.encode() in cell for cell in lying(engine))
    again = opened(url, keys)
    (attempt,) = again.ledger.attempts()
    assert attempt.operation == operation
    assert again.ledger.written(operation.key, 1) == {"last_name": NAME}
    assert again.ledger.verify().ok
    again.close()


def test_the_chain_does_not_tell_what_was_written(
    url: str, keys: Keys, engine: Engine, tmp_path: Path
) -> None:
    """The same write has another hash under another key: nobody can guess a value and look its hash up."""
    store = opened(url, keys)
    fill(store)
    sealed = {e.after_hash for e in store.ledger.entries() if e.after_hash}
    store.close()
    plain = open_store(f"sqlite:///{tmp_path}/plain.db", clock=Clock())
    fill(plain)
    assert sealed
    assert sealed.isdisjoint({e.after_hash for e in plain.ledger.entries()})
    plain.close()


def test_two_bodies_cannot_change_places(url: str, keys: Keys, engine: Engine) -> None:
    store = opened(url, keys)
    fill(store, 1)
    fill(store, 2)
    assert store.ledger.verify().ok
    with engine.begin() as connection:
        one, other = connection.execute(text("SELECT operation_id, after FROM bodies ORDER BY 1")).all()
        connection.execute(
            text("UPDATE bodies SET after = :after WHERE operation_id = :id"),
            {"after": other.after, "id": one.operation_id},
        )
    assert not store.ledger.verify().ok
    with pytest.raises(PreflightFailed, match="does not open"):
        list(store.ledger.attempts())
    store.close()


def test_another_secret_and_none_are_refused(url: str, keys: Keys) -> None:
    opened(url, keys).close()
    with pytest.raises(SettingsInvalid, match="not the secret"):
        opened(url, Keys(folder=keys.folder, secret="another"))
    with pytest.raises(SettingsInvalid, match="not set"):
        opened(url, Keys(folder=keys.folder))


def test_workers_elsewhere_need_only_the_secret(postgres_url: str, keys: Keys, tmp_path: Path) -> None:
    first = opened(postgres_url, keys)
    operation = fill(first)
    elsewhere = opened(postgres_url, Keys(folder=tmp_path / "elsewhere", secret=SECRET))
    assert [one.operation for one in elsewhere.ledger.attempts()] == [operation]
    assert elsewhere.sealer.open(first.sealer.seal(b"x", "a"), "a") == b"x"
    assert not keys.folder.exists()
    first.close()
    elsewhere.close()


def test_a_shared_store_without_a_secret_stays_open_for_everybody(postgres_url: str, keys: Keys) -> None:
    store = opened(postgres_url, Keys(folder=keys.folder))
    assert not store.sealer.sealed
    fill(store)
    store.close()
    with pytest.raises(SettingsInvalid, match="begun without it"):
        opened(postgres_url, keys)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_store_from_before_is_sealed_when_it_is_opened(tmp_path: Path, secret: str | None) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    plain = opened(url, None)
    operations = [fill(plain, number) for number in range(1, 4)]
    plain.close()
    assert NAME.encode() in (tmp_path / "store.db").read_bytes()
    store = opened(url, Keys(folder=tmp_path / "keys", secret=secret))
    assert [one.operation for one in store.ledger.attempts()] == operations
    assert store.ledger.verify().ok
    fill(store, 9)
    store.close()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert NAME.encode() not in held
    again = opened(url, Keys(folder=tmp_path / "keys", secret=secret))
    assert again.ledger.verify().ok
    again.close()


def test_a_store_whose_sealing_was_interrupted_is_sealed_by_the_next_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, keys = f"sqlite:///{tmp_path}/store.db", Keys(folder=tmp_path / "keys")
    plain = opened(url, None)
    operations = [fill(plain, number) for number in range(1, 6)]
    plain.close()
    pages = iter([False, False, True])
    replacing = seal_module._replace

    def replace(*args: Any, **lines: Any) -> None:
        if next(pages):
            raise KeyboardInterrupt
        replacing(*args, **lines)

    with monkeypatch.context() as patch:
        patch.setattr(seal_module, "_PAGE", 2)
        patch.setattr(seal_module, "_replace", replace)
        with pytest.raises(KeyboardInterrupt):
            opened(url, keys)
    assert NAME.encode() in (tmp_path / "store.db").read_bytes()
    store = opened(url, keys)
    assert [one.operation for one in store.ledger.attempts()] == operations
    assert store.ledger.verify().ok
    store.close()
    assert NAME.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))


def test_a_missing_key_and_that_of_another_workspace_are_said_so(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path}/store.db", Keys(folder=tmp_path / "keys")
    opened(url, keys).close()
    kept = (tmp_path / "keys" / "store.key").rename(tmp_path / "kept")
    with pytest.raises(PreflightFailed, match="missing"):
        opened(url, keys)
    assert list((tmp_path / "keys").iterdir()) == []
    opened(f"sqlite:///{tmp_path}/other.db", keys).close()
    with pytest.raises(PreflightFailed, match="another key"):
        opened(url, keys)
    kept.rename(tmp_path / "keys" / "store.key")
    opened(url, keys).close()


def test_a_purged_store_gives_nothing_back_and_still_proves(url: str, keys: Keys, engine: Engine) -> None:
    store = opened(url, keys)
    operation = fill(store)
    store.close()
    ending = opened(url, None)  # no secret is needed
    assert (ending.holdings().values, ending.holdings().standing) == (1, 1)
    began = ending.begin_purge()
    assert ending.begin_purge() == began == ending.purged.began
    assert (ending.destroy_values(), ending.destroy_values()) == (1, 0)
    assert ending.end_purge() == ending.end_purge() == ending.purged.ended
    ending.close()
    assert lying(engine) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT wrapped FROM seal")).scalar_one() is None
        assert connection.execute(text("SELECT fingerprint FROM crosswalk")).scalar_one() == ""
    after = opened(url, keys)
    assert after.ledger.verify().ok
    assert next(iter(after.ledger.located())).destination_id == operation.destination_id
    for refused in (after.lock.held, lambda: after.sealer.seal(b"x", "a"), lambda: after.sealer.mark(b"x")):
        with pytest.raises(UsageInvalid, match="was purged at"):
            refused()
    after.close()
