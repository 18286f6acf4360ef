"""What every contract test may use: a PostgreSQL server (postgres.py), a destination (destination.py)."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _load(file: str) -> ModuleType:
    name = f"wherry_test_{file}"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{file}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


_postgres = _load("postgres")
postgres_server = _postgres.postgres_server
postgres_database = _postgres.postgres_database
postgres_url = _postgres.postgres_url

_destination = _load("destination")
places = _destination.places
place = _destination.place
emulator = _destination.emulator
fresh = _destination.fresh
knock = _destination.knock
