"""A small clinic, and migrations of it, on emulators of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import QUICK, SEED_FILE, Journey, make_bundle, slim


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the clean clinic with 120 patients."""
    out = tmp_path_factory.mktemp("clinic")
    make_bundle(out)
    return out


@pytest.fixture(scope="session")
def few(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of its odd cases: about thirty patients with their appointments and notes."""
    return slim(clinic / "bundle", tmp_path_factory.mktemp("few") / "bundle")


@pytest.fixture
def journey(
    emulator_factory: Any, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Journey]:
    """Begin a migration: a fresh emulator with these arguments, a fresh workspace with these settings."""
    monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")

    def begin(*args: str, bundle: Path = few, name: str = "ws", **settings: Any) -> Journey:
        plan = settings.get("plan", "enterprise")
        seed = () if "--seed-file" in args else ("--seed-file", str(SEED_FILE))
        emulator = emulator_factory("--plan", plan, *seed, *QUICK, *args)
        return Journey(tmp_path / name, emulator, bundle, **settings)

    return begin


@pytest.fixture(scope="module")
def ready(
    module_emulator_factory: Any, few: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    """One migration, ready to load, that all tests of a module share: they put back what they change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
        emulator = module_emulator_factory("--seed-file", str(SEED_FILE), *QUICK)
        yield Journey(tmp_path_factory.mktemp("ready") / "ws", emulator, few).prepared()
