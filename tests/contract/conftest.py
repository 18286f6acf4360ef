"""What every contract test may use: a PostgreSQL server (postgres.py)."""

import importlib.util
import sys
from pathlib import Path

_NAME = "wherry_test_postgres"
_spec = importlib.util.spec_from_file_location(_NAME, Path(__file__).with_name("postgres.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules[_NAME] = _module  # dataclasses look their module up
_spec.loader.exec_module(_module)

postgres_server = _module.postgres_server
postgres_database = _module.postgres_database
postgres_url = _module.postgres_url
