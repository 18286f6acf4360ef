"""A small clinic, and migrations of it, on emulators of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import SEED_FILE, Journey, make_bundle, slim

QUICK = ("--switch", "rate.limit_hour=2000000", "--switch", "rate.limit_min=600000")


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
        emulator = emulator_factory("--plan", plan, "--seed-file", str(SEED_FILE), *QUICK, *args)
        return Journey(tmp_path / name, emulator, bundle, **settings)

    return begin
