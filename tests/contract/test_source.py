"""Every source keeps the same contract: the export as a folder and as a zip, the API, and a folder of foreign CSV files."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import make_bundle, slim
from foreign_folder import decide, write_folder
from live_source import SECRETS, ScaledClock, live_clinic
from wherry.app.sort import sort
from wherry.app.workspace import SystemClock, _connector
from wherry.connectors.kit.source_contract import breaches
from wherry.model.errors import ApprovalMissing, WherryError
from wherry.model.opening import Opening, OpenSource
from wherry.staging import stage

TESTS = Path(__file__).parents[1]
KINDS = ("folder", "zip", "api", "csv")


@dataclass(slots=True, kw_only=True)
class Place:
    """A source that can be opened again and again, changed, and torn."""

    kind: str
    root: Path
    data: Path
    settings: dict[str, Any]
    change: Callable[[], None]
    tear: Callable[[], None]

    @property
    def state(self) -> Path:
        return self.root / ".wherry"

    def opened(self) -> OpenSource:
        self.state.mkdir(exist_ok=True)
        name = "csv" if self.kind == "csv" else "aerona"
        live = "base_url" in self.settings
        return _connector(name)(
            Opening(
                settings=self.settings,
                root=self.root,
                state=self.state,
                clock=ScaledClock() if live else SystemClock(),
                secret=SECRETS.get,
            )
        )

    def staged(self) -> Any:
        source = self.opened()
        try:
            return stage(source, self.root / "snapshots")
        finally:
            source.close()


class _Sortable:
    """What app.sort needs of a workspace."""

    def __init__(self, root: Path) -> None:
        self.mapping_dir = root / "mapping"
        self.mapping_dir.mkdir(parents=True, exist_ok=True)


def reworked(file: Path, old: str, new: str) -> None:
    text = file.read_bytes().decode("utf-8")
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode("utf-8"))


@pytest.fixture(scope="session")
def few_patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contract-clinic")
    make_bundle(out)
    return slim(out / "bundle", tmp_path_factory.mktemp("contract-few") / "bundle")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, few_patients: Path, tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "ws"
    root.mkdir()
    if request.param == "csv":
        yield _csv(root, tmp_path / "theirs")
        return
    data = tmp_path / "bundle"
    shutil.copytree(few_patients, data)
    if request.param == "api":
        with live_clinic(data, "--setting", "limit.calls=100000") as there:
            yield _api(root, data, there)
        return
    yield _bundle(request.param, root, data)


def _bundle(kind: str, root: Path, data: Path) -> Place:
    def packed() -> None:
        if kind == "zip":
            shutil.make_archive(str(data), "zip", data)

    def changed() -> None:
        from clinicgen.later import rework

        shutil.move(data, data.with_name("before"))
        rework(data.with_name("before"), data, {"clinical_notes": lambda rows: rows[1:]})
        packed()

    def torn() -> None:
        reworked(data / "recalls.csv", "recallId", "recallIt")
        packed()

    packed()
    bundle = f"{data}.zip" if kind == "zip" else str(data)
    return Place(kind=kind, root=root, data=data, settings={"bundle": bundle}, change=changed, tear=torn)


def _api(root: Path, data: Path, there: Any) -> Place:
    (root / "clinic.yaml").write_text("limit: {calls: 90000}\npaging: {size: 5}\n", encoding="utf-8")

    def changed() -> None:
        from clinicgen.later import rework

        later = rework(data, data.with_name("later"), {"clinical_notes": lambda rows: rows[1:]})
        there.admin("bundle", {"folder": str(later)})

    def torn() -> None:
        there.process.terminate()
        there.process.wait(10)

    settings = {"base_url": there.url, "profile": "clinic.yaml"}
    return Place(kind="api", root=root, data=data, settings=settings, change=changed, tear=torn)


def _csv(root: Path, data: Path) -> Place:
    write_folder(data)

    def changed() -> None:
        reworked(data / "Client List.csv", "Cobh", "Youghal")

    def torn() -> None:
        reworked(data / "Diary.csv", "A2", '"A2')

    place = Place(kind="csv", root=root, data=data, settings={"bundle": str(data)}, change=changed, tear=torn)
    source = place.opened()
    with pytest.raises(ApprovalMissing):
        sort(_Sortable(root), source)  # type: ignore[arg-type]  # all that is asked of a workspace here
    source.close()
    decide(root / "mapping" / "csv.yaml")
    return place


def test_it_keeps_to_every_point(place: Place) -> None:
    assert list(breaches(place.opened)) == []


def test_the_digest_is_the_same_however_often_it_is_read(place: Place) -> None:
    first = place.staged()
    assert place.staged().digest == first.digest
    assert sum(counts["ready"] for counts in first.counts().values()) > 5


def test_a_snapshot_stays_as_it_was_when_the_source_changes(place: Place) -> None:
    first = place.staged()
    before = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    place.change()
    second = place.staged()
    assert second.digest != first.digest
    assert {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()} == before


def test_a_torn_source_leaves_nothing_half_staged(place: Place) -> None:
    place.tear()
    with pytest.raises(WherryError) as refused:
        place.staged()
    assert refused.value.hint
    folder = place.root / "snapshots"
    assert not folder.exists() or list(folder.iterdir()) == []


CHILD = """
import sys, time
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from live_source import SECRETS, ScaledClock
from wherry.app.workspace import SystemClock, _connector
from wherry.model.opening import Opening
from wherry.staging import stage
import json
name, root, settings = sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
clock = ScaledClock() if "base_url" in settings else SystemClock()
state = root / ".wherry"
state.mkdir(exist_ok=True)
source = _connector(name)(
    Opening(settings=settings, root=root, state=state, clock=clock, secret=SECRETS.get)
)
print("begun", flush=True)
stage(source, root / "snapshots")
"""


def test_one_that_was_killed_is_read_again_to_the_same_digest(place: Place) -> None:
    import json

    name = "csv" if place.kind == "csv" else "aerona"
    command = [sys.executable, "-c", CHILD, str(TESTS), name, str(place.root), json.dumps(place.settings)]
    for wait in (0.02, 0.2):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdout.close()
    digest = place.staged().digest
    other = place.root.with_name("untouched")
    shutil.copytree(place.root, other, ignore=shutil.ignore_patterns("snapshots", ".wherry"))
    place.root = other
    assert place.staged().digest == digest


def test_no_secret_and_no_value_is_in_a_repr_or_a_log(place: Place, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    source = place.opened()
    shown = [repr(source)]
    for stream in source.describe().streams:
        shown += [repr(record) for record in source.extract(stream.name)]
    shown.append(repr(source.findings()))
    source.close()
    text = "\n".join([*shown, caplog.text])
    addresses = re.findall(r"[\w.]+@[\w.]+", text.replace("noemail@…", ""))
    assert addresses == []
    for secret in SECRETS.values():
        assert f"'{secret}'" not in text
