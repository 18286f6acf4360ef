"""A workspace with a small export that was staged; no destination is needed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from small_export import FILES, write_export
from wherry.app.workspace import Workspace

SETTINGS = """\
[source]
bundle = "export"

[destination]
base_url = "http://127.0.0.1:9/crm/sales"
plan = "pro"

[policy]
fallback_owner = "ops@clinic.example"
"""


def make_clinic(folder: Path, *, files: dict[str, str] | None = None, settings: str = "") -> Workspace:
    """Make a workspace of an export of these files, not staged yet."""
    write_export(folder / "export", {**FILES, **(files or {})})
    (folder / "wherry.toml").write_text(SETTINGS + settings, encoding="utf-8")
    return Workspace.open(folder)


def stage(workspace: Workspace) -> None:
    with workspace.source() as source:
        workspace.stage(source).close()


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One staged workspace for every test that only reads it and writes reports."""
    workspace = make_clinic(tmp_path_factory.mktemp("still") / "ws")
    stage(workspace)
    yield workspace
    workspace.close()


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Workspace]]:
    """Make a workspace of one's own; staged unless told otherwise."""
    monkeypatch.delenv("WHERRY_SOURCE__PASSWORD", raising=False)
    opened: list[Workspace] = []

    def make(*, staged: bool = True, **options: Any) -> Workspace:
        workspace = make_clinic(tmp_path / f"ws{len(opened)}", **options)
        opened.append(workspace)
        if staged:
            stage(workspace)
        return workspace

    yield make
    for workspace in opened:
        workspace.close()
