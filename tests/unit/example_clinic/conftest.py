"""The clinic of examples/clinic, made once for each variant and read back by the manifest."""

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CLINIC = Path(__file__).parents[3] / "examples" / "clinic"
sys.path.insert(0, str(CLINIC))

from clinicgen.clinic import Order, make_clinic  # noqa: E402 - the folder must be on the path first
from clinicgen.columns import COLUMNS  # noqa: E402 - same

Row = dict[str, str]


@dataclass(slots=True)
class Made:
    """A generated clinic: its folder, what it expects, its manifest, and its rows under the contract's names."""

    out: Path
    expected: dict[str, Any]
    manifest: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def bundle(self) -> Path:
        return self.out / "bundle"

    def entry(self, stream: str) -> dict[str, Any]:
        return next(e for e in self.manifest["files"] if e["name"] == f"{stream}.csv")

    def case(self, name: str) -> list[Row]:
        """The rows of a named case."""
        found = []
        for stream, keys in self.expected["cases"][name]["keys"].items():
            first = COLUMNS[stream][0]
            found += [row for row in self.rows[stream] if row[first] in keys]
        return found


def _text(path: Path, declared: str) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig" if declared == "utf-8" else declared)
    except UnicodeDecodeError:
        return data.decode("cp1252")


def read(out: Path, expected: dict[str, Any]) -> Made:
    made = Made(out, expected, json.loads((out / "bundle" / "manifest.json").read_text(encoding="utf-8")))
    for entry in made.manifest["files"]:
        stream = entry["name"].removesuffix(".csv")
        text = _text(made.bundle / entry["name"], entry["encoding"])
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=entry["delimiter"])
        next(lines)
        made.rows[stream] = [dict(zip(COLUMNS[stream], line, strict=False)) for line in lines]
    return made


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """Make a clinic of 140 patients in a fresh folder, with other settings if named."""

    def made(**settings: Any) -> Made:
        out = tmp_path_factory.mktemp("clinic")
        return read(out, make_clinic(Order(**{"out": out, "patients": 140, **settings})))

    return made


@pytest.fixture(scope="session")
def clean(make: Callable[..., Made]) -> Made:
    return make()


@pytest.fixture(scope="session")
def dirty(make: Callable[..., Made]) -> Made:
    return make(dirty=True)


@pytest.fixture(params=["clean", "dirty"])
def either(request: pytest.FixtureRequest) -> Made:
    made: Made = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def clinic_folder() -> Path:
    return CLINIC
