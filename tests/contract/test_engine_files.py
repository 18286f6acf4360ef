"""What workers of other machines read: kept by content, fetched once, refused when it was changed.

The same for a shared folder and for a server that speaks S3.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from fsspec.core import url_to_fs

from memory_destination import MemorySnapshot
from object_store import KEYS, ObjectStore, object_store
from wherry.app import durable_files
from wherry.app.credentials import Credentials
from wherry.app.documents import PlacedDocuments, publish_documents, sealed_blocks, unsealed_blocks
from wherry.app.durable_files import bring_settings, fetch, publish
from wherry.app.place import Place
from wherry.app.progress import Silent
from wherry.app.settings import StoreSettings
from wherry.app.workspace import Workspace
from wherry.model.errors import PreflightFailed, SettingsInvalid
from wherry.model.record import Key, Record
from wherry.privacy import UNSEALED, Sealer, scratch_sealer

TOML = (
    '[source]\nbundle = "export"\n[destination]\nbase_url = "https://acme.example.com/crm/sales"\n'
    'plan = "pro"\n[store]\nfiles = "{files}"\n'
)
FILES = {
    "mapping/patients.yaml": b"stream: patients",
    "plans/abc.json": b"{}",
    ".wherry/snapshots/s1/patients/00000.parquet": b"rows" * 3_000_000,  # more than one part of an upload
    ".wherry/snapshot.json": b'{"digest": "s1"}',
}
Machine = Callable[..., Workspace]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


@pytest.fixture(autouse=True)
def no_keys_of_the_machines_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(params=["folder", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "shared")
    server = request.getfixturevalue("server")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = server.make_bucket(f"b{abs(hash(request.node.name))}")
    return f"{bucket}/migrations/one"


@pytest.fixture
def inside(shared: str, request: pytest.FixtureRequest) -> tuple[Any, str]:
    """The same place, reached past the product."""
    if not shared.startswith("s3"):
        return url_to_fs(shared)
    endpoint = request.getfixturevalue("server").endpoint
    return url_to_fs(shared, endpoint_url=endpoint, key="k", secret="s", use_listings_cache=False)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str) -> Machine:
    def make(name: str, files: str = "") -> Workspace:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "wherry.toml").write_text(TOML.format(files=files or shared))
        return Workspace.open(folder)

    def listed(ws: Workspace, _digest: str, _snapshot: str) -> list[Path]:
        return [ws.root / name for name in FILES]

    monkeypatch.setattr(durable_files, "_files", listed)
    return make


def filled(ws: Workspace) -> Workspace:
    for name, data in FILES.items():
        path = ws.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return ws


def test_another_machine_gets_what_the_run_reads(machine: Machine) -> None:
    publish(filled(machine("here")), "abc")
    there = machine("there")
    fetch(there, "abc")
    assert {name: (there.root / name).read_bytes() for name in FILES} == FILES
    stamps = {name: (there.root / name).stat().st_mtime_ns for name in FILES}
    fetch(there, "abc")
    assert {name: (there.root / name).stat().st_mtime_ns for name in FILES} == stamps


def test_what_was_changed_on_the_way_is_not_taken_over(machine: Machine, inside: tuple[Any, str]) -> None:
    publish(filled(machine("here")), "abc")
    files, root = inside
    for one in files.ls(f"{root}/objects", detail=False):
        files.pipe_file(one, b"something else")
    there = machine("there")
    with pytest.raises(PreflightFailed, match="was changed"):
        fetch(there, "abc")
    assert not list(there.root.glob("mapping/*"))


def stamped(files: Any, root: str) -> dict[str, str]:
    listed = files.ls(f"{root}/objects", detail=True)
    return {one["name"]: str(one.get("LastModified") or one["mtime"]) for one in listed}


def test_what_is_kept_already_is_not_sent_again(machine: Machine, inside: tuple[Any, str]) -> None:
    here = filled(machine("here"))
    publish(here, "abc")
    files, root = inside
    before = stamped(files, root)
    (here.root / "plans" / "abc.json").write_bytes(b'{"changed": 1}')
    publish(here, "abc")
    after = stamped(files, root)
    assert len(before) == len(FILES)
    assert after.items() > before.items()
    assert len(after) == len(before) + 1


def test_a_run_that_was_never_published_says_where_to_look(machine: Machine) -> None:
    with pytest.raises(PreflightFailed, match="not in") as refused:
        fetch(machine("there"), "abc")
    assert "the same place on every machine" in refused.value.hint


def test_a_name_that_leads_out_of_the_workspace_is_refused(machine: Machine, inside: tuple[Any, str]) -> None:
    publish(filled(machine("here")), "abc")
    files, root = inside
    files.pipe_file(f"{root}/runs/abc.json", orjson.dumps({"../outside": "0" * 64}))
    with pytest.raises(PreflightFailed, match="outside"):
        fetch(machine("there"), "abc")


def test_a_file_that_is_gone_is_named(machine: Machine, inside: tuple[Any, str]) -> None:
    publish(filled(machine("here")), "abc")
    files, root = inside
    for one in files.ls(f"{root}/objects", detail=False):
        files.rm_file(one)
    with pytest.raises(PreflightFailed, match="is missing"):
        fetch(machine("there"), "abc")


def test_an_empty_folder_becomes_a_workspace(
    machine: Machine, shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(filled(machine("here")), "abc")
    monkeypatch.setenv("WHERRY_STORE__FILES", shared)
    monkeypatch.setenv("WHERRY_STORE__URL", "postgresql://wherry@db.example.com/wherry")
    empty = tmp_path / "empty"
    bring_settings(empty, Silent())
    ws = Workspace.open(empty)
    fetch(ws, "abc")
    assert {name: (ws.root / name).read_bytes() for name in FILES} == FILES
    assert ws.settings.destination.base_url == "https://acme.example.com/crm/sales"
    assert ws.settings.store.url.startswith("postgresql")


def test_settings_that_a_person_wrote_are_left_alone(
    machine: Machine, shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(filled(machine("here")), "abc")
    monkeypatch.setenv("WHERRY_STORE__FILES", shared)
    monkeypatch.setenv("WHERRY_STORE__URL", "postgresql://wherry@db.example.com/wherry")
    own = machine("own").root / "wherry.toml"
    before = own.read_text()
    bring_settings(own.parent, Silent())
    assert own.read_text() == before
    assert not (tmp_path / "nothing said").exists()


def test_a_bucket_that_is_not_there_is_one_line(
    machine: Machine, server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PreflightFailed, match="does not exist"):
        publish(filled(machine("here", "s3://nosuch/folder")), "abc")


def test_no_keys_is_one_line(machine: Machine, server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    for name in KEYS:
        monkeypatch.delenv(name)
    with pytest.raises(PreflightFailed, match="does not let us in"):
        publish(filled(machine("here", f"{server.make_bucket('keyless')}/folder")), "abc")


def test_half_of_the_keys_is_refused() -> None:
    environ = {"WHERRY_STORE__FILES_ACCESS_KEY": "half"}
    with pytest.raises(SettingsInvalid, match="only one of"):
        Place.of(StoreSettings(files="s3://bucket/folder"), Credentials(environ, {"store": "here"}))


def test_without_the_extra_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(SettingsInvalid) as refused:
        Place.of(StoreSettings(files="s3://bucket/folder"), Credentials({}, {"store": "here"}))
    assert refused.value.hint == "pip install 'wherry[s3]'"


def test_a_place_that_nothing_here_can_reach_is_a_wrong_setting(machine: Machine) -> None:
    with pytest.raises(SettingsInvalid, match="files"):
        publish(machine("here", "nosuch://bucket/folder"), "abc")


class Shelf:
    """Documents in memory."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self.found = found

    def document_size(self, ref: str) -> int | None:
        return len(self.found[ref]) if ref in self.found else None

    @contextmanager
    def open_document(self, ref: str) -> Iterator[list[bytes]]:
        yield [self.found[ref][:3], self.found[ref][3:]]


@pytest.mark.parametrize("sealer", [UNSEALED, scratch_sealer()], ids=["plain", "sealed"])
def test_documents_reach_a_machine_without_the_export(machine: Machine, sealer: Sealer) -> None:
    sound, other = b"sound document", b"other"
    rows = {
        "documents/1": (sound, hashlib.sha256(sound).hexdigest()),
        "documents/2": (other, hashlib.sha256(b"what it was").hexdigest()),  # altered since
        "documents/3": (other, None),  # the export declares no checksum
        "documents/4": (None, hashlib.sha256(b"gone").hexdigest()),
    }
    records = [
        Record(key=Key("documents", ref), values={"ref": ref, "sha256": sha256})
        for ref, (_content, sha256) in rows.items()
    ]
    shelf = Shelf({ref: content for ref, (content, _) in rows.items() if content is not None})
    settings = machine("here").settings
    place = Place.of(settings.store, settings.credentials)
    assert place is not None
    snapshot = MemorySnapshot(records)
    assert PlacedDocuments.of(place, snapshot.digest, sealer) is None
    publish_documents(place, snapshot, shelf, sealer)
    publish_documents(place, snapshot, shelf, sealer)  # what is there is not sent again

    there = PlacedDocuments.of(place, snapshot.digest, sealer)
    assert there is not None
    assert [there.document_size(ref) for ref in rows] == [len(sound), None, len(other), None]
    with there.open_document("documents/1") as blocks:
        assert b"".join(blocks) == sound
    with place.open(hashlib.sha256(sound).hexdigest()) as blocks:
        assert (sound in b"".join(blocks)) is not sealer.sealed
    listing = place.read(f"documents/{snapshot.digest}.json")
    assert listing is not None
    assert b"documents/1" not in listing


def test_content_from_before_the_sealing_is_read_as_it_is_and_what_was_changed_is_refused() -> None:
    sealer, plain = scratch_sealer(), [b"a" * 70_000, b"b", b"c" * 3]
    assert b"".join(unsealed_blocks(plain, sealer, "x")) == b"".join(plain)
    whole = b"".join(sealed_blocks(plain, sealer, "x"))
    cuts = [whole[at : at + 4_099] for at in range(0, len(whole), 4_099)]
    assert list(unsealed_blocks(cuts, sealer, "x")) == plain
    for wrong in (whole[:-1], whole[:-1] + b"\x00", whole[:9] + whole[13:]):
        with pytest.raises(PreflightFailed):
            list(unsealed_blocks([wrong], sealer, "x"))
    with pytest.raises(PreflightFailed):
        list(unsealed_blocks([whole], sealer, "another"))
    with pytest.raises(PreflightFailed):
        list(unsealed_blocks([whole], scratch_sealer(), "x"))
