"""A migration of the small clinic on an emulator that loses answers and whose search lags."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import SEED_FILE, Journey, make_bundle, slim
from contract.postgres import PostgresServer, own_server

QUICK = ("--switch", "rate.limit_hour=2000000", "--switch", "rate.limit_min=600000")
HOSTILE: list[dict[str, Any]] = [
    {"kind": "after_commit", "match": {"method": "POST"}, "every": 13},
    {"kind": "after_commit", "drop": True, "match": {"method": "POST"}, "every": 17},
    {"kind": "slow", "ms": 25, "match": {"method": "POST"}},
    {"kind": "search_lag", "ms": 400},
]


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the clean clinic with 120 patients."""
    out = tmp_path_factory.mktemp("clinic")
    make_bundle(out)
    return out / "bundle"


@pytest.fixture(scope="session")
def few(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of its odd cases: about thirty patients."""
    return slim(clinic, tmp_path_factory.mktemp("few") / "bundle")


@pytest.fixture
def prepared(
    emulator_factory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Journey]:
    """Bring a migration to the point where it is approved for load, and let the destination turn hostile."""
    monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")

    def begin(bundle: Path, store: str = "", engine: str = "", faults: Any = HOSTILE) -> Journey:
        emulator = emulator_factory("--seed-file", str(SEED_FILE), *QUICK)
        more = f'{engine}\n[store]\nurl = "{store}"' if store else engine
        way = Journey(tmp_path / "ws", emulator, bundle, engine=f"batch_size = 20\n{more}", settle=0.8)
        way.prepared()
        emulator.admin("faults", faults)
        return way

    return begin


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A server of the soak's own, which it may kill."""
    with own_server() as running:
        yield running


@pytest.fixture
def store_url(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    name = f"soak_{abs(hash(request.node.name)) % 10**8}"
    yield server.create(name)
    server.drop(name)
