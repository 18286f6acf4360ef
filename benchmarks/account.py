"""A local account to migrate to, and the clinic, for the benchmarks."""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from clinic_journey import QUICK, SEED_FILE, Journey, make_bundle  # noqa: E402 - the folder must be on the path
from wherry.app.emulated import API_KEY, running  # noqa: E402 - same

__all__ = ["Account", "Journey", "account", "clean_clinic"]


@dataclass(frozen=True)
class Account:
    """A running emulator, as a Journey wants it."""

    url: str

    def admin(self, path: str, body: Any = None) -> Any:
        put = path.strip("/") in {"faults", "switches"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url.partition('/crm/')[0]}/_emulator/{path}",
            data=data,
            method="GET" if body is None else "PUT" if put else "POST",
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def account(folder: Path, *arguments: str) -> Iterator[Account]:
    """Start an account that ends with the block; it is seeded with the clinic's own unless a seed is named."""
    os.environ["WHERRY_DESTINATION__API_KEY"] = API_KEY
    folder.mkdir(parents=True, exist_ok=True)
    seed = () if "--seed-file" in arguments else ("--seed-file", str(SEED_FILE))
    with running(folder, "account", [*QUICK, *seed, *arguments]) as emulated:
        yield Account(emulated.url)


def clean_clinic(folder: Path, patients: int = 120) -> Path:
    """Make the clean clinic and give its bundle."""
    make_bundle(folder, patients=patients)
    return folder / "bundle"
