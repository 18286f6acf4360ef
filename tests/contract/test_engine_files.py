"""What workers of other machines read: kept by content, fetched once, refused when it was changed."""

from pathlib import Path

import orjson
import pytest

from wherry.app import durable_files
from wherry.app.durable_files import fetch, publish
from wherry.app.workspace import Workspace
from wherry.model.errors import PreflightFailed, SettingsInvalid

TOML = (
    '[source]\nbundle = "export"\n[destination]\nbase_url = "https://acme.example.com/crm/sales"\n'
    'plan = "pro"\n[store]\nfiles = "{files}"\n'
)
FILES = {
    "mapping/patients.yaml": b"stream: patients",
    "plans/abc.json": b"{}",
    ".wherry/snapshots/s1/patients/00000.parquet": b"rows",
    ".wherry/snapshot.json": b'{"digest": "s1"}',
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def make(name: str, files: str = "") -> Workspace:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "wherry.toml").write_text(TOML.format(files=files or tmp_path / "shared"))
        return Workspace.open(folder)

    def listed(ws: Workspace, _digest: str) -> list[Path]:
        return [ws.root / name for name in FILES]

    monkeypatch.setattr(durable_files, "_files", listed)
    return make


def filled(ws: Workspace) -> Workspace:
    for name, data in FILES.items():
        path = ws.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return ws


def test_another_machine_gets_what_the_run_reads(machine) -> None:
    publish(filled(machine("here")), "abc")
    there = machine("there")
    fetch(there, "abc")
    assert {name: (there.root / name).read_bytes() for name in FILES} == FILES
    stamps = {name: (there.root / name).stat().st_mtime_ns for name in FILES}
    fetch(there, "abc")
    assert {name: (there.root / name).stat().st_mtime_ns for name in FILES} == stamps


def test_what_was_changed_on_the_way_is_not_taken_over(machine, tmp_path: Path) -> None:
    publish(filled(machine("here")), "abc")
    for one in (tmp_path / "shared" / "objects").iterdir():
        one.write_bytes(b"something else")
    there = machine("there")
    with pytest.raises(PreflightFailed, match="was changed"):
        fetch(there, "abc")
    assert not list(there.root.glob("mapping/*"))


def test_a_run_that_was_never_published_says_where_to_look(machine) -> None:
    with pytest.raises(PreflightFailed, match="not in") as refused:
        fetch(machine("there"), "abc")
    assert "the same place on every machine" in refused.value.hint


def test_a_name_that_leads_out_of_the_workspace_is_refused(machine, tmp_path: Path) -> None:
    publish(filled(machine("here")), "abc")
    listing = tmp_path / "shared" / "runs" / "abc.json"
    listing.write_bytes(orjson.dumps({"../outside": "0" * 64}))
    with pytest.raises(PreflightFailed, match="outside"):
        fetch(machine("there"), "abc")


def test_a_place_that_nothing_here_can_reach_is_a_wrong_setting(machine) -> None:
    with pytest.raises(SettingsInvalid, match="files"):
        publish(machine("here", "nosuch://bucket/folder"), "abc")
