"""What the workers of a run read, in a place that all machines reach: kept by content, checked when fetched.

Without `[store] files` the workers share the workspace's folder, or have a copy of it.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from wherry.app.credentials import Credentials, variable
from wherry.app.documents import publish_documents
from wherry.app.place import Place, hash_of
from wherry.app.progress import Progress
from wherry.app.settings import FILE_NAME, StoreSettings
from wherry.app.workspace import Workspace
from wherry.model.catalog import Privacy
from wherry.model.errors import PreflightFailed
from wherry.planning.approve import unlocked_classes

KEPT = ("snapshot.json", "plan.json", "destination.json", "existing.json")
BROUGHT = (
    "# Brought here by `wherry worker` from [store] files, and again at each start: edit the original.\n"
)
LOOK_SECONDS = 1.0  # between two looks for the settings of a run


def publish(ws: Workspace, digest: str, snapshot: str = "") -> None:
    """Put all that a run of this plan reads where its workers find it; nothing where no place is set.

    `snapshot` is that of the run, where it is a later one than the plan's.
    """
    place = Place.of(ws.settings.store, ws.settings.credentials)
    if place is None:
        return
    files = {path.relative_to(ws.root).as_posix(): path for path in _files(ws, digest, snapshot)}
    listed = {name: hash_of(path) for name, path in files.items()}
    # Written down before it is there, and kept when a later listing leaves it out: a purge takes all of it away.
    ever = {*_published(place, digest), *listed.values()}
    place.write(f"published/{digest}.json", orjson.dumps(sorted(ever)))
    for name, path in files.items():
        place.put(listed[name], path)
    if Privacy.DOCUMENTS in unlocked_classes(ws.ledger.approvals(digest), digest):
        snapshot_of_plan = ws.snapshot(ws.plan(digest).basis.snapshot)
        publish_documents(place, snapshot_of_plan, ws.documents, ws.sealer)
    place.write(f"runs/{digest}.json", orjson.dumps(listed, option=orjson.OPT_SORT_KEYS))
    place.write(FILE_NAME, (ws.root / FILE_NAME).read_bytes().removeprefix(BROUGHT.encode()))


def fetch(ws: Workspace, digest: str) -> None:
    """Bring here all that a run of this plan reads and that is not here yet; raises PreflightFailed.

    A file is taken over only when its content is what its name says.
    """
    place = Place.of(ws.settings.store, ws.settings.credentials)
    if place is None:
        return
    listing = place.read(f"runs/{digest}.json")
    if listing is None:
        raise PreflightFailed(
            "the files of this run are not in [store] files",
            hint="set [store] files to the same place on every machine, then start the run again",
        )
    for name, sha256 in orjson.loads(listing).items():
        path = ws.root / name
        if not path.resolve().is_relative_to(ws.root.resolve()):
            raise PreflightFailed(f"{name} lies outside of the workspace", hint="publish the run again")
        if not path.exists() or hash_of(path) != sha256:
            place.get(sha256, path)


def withdraw(ws: Workspace) -> None:
    """Take away from the place what was published of this workspace's plans: snapshots, documents, listings."""
    place = Place.of(ws.settings.store, ws.settings.credentials)
    if place is None:
        return
    snapshots = {run.options.get("snapshot", "") for run in ws.ledger.runs()}
    for digest in ws.plan_digests():
        snapshots.add(ws.plan(digest).basis.snapshot)
        place.remove(f"objects/{sha256}" for sha256 in _published(place, digest))
        place.remove([f"runs/{digest}.json", f"published/{digest}.json"])
    for name in (f"documents/{snapshot}.json" for snapshot in snapshots if snapshot):
        listed = place.read(name)
        if listed is not None:
            place.remove(f"objects/{sha256}" for sha256, _size in orjson.loads(listed).values())
            place.remove([name])


def _published(place: Place, digest: str) -> list[str]:
    found: list[str] = orjson.loads(place.read(f"published/{digest}.json") or b"[]")
    return found


def bring_settings(directory: Path, progress: Progress, environ: Mapping[str, str] = os.environ) -> None:
    """Make a workspace of a folder without settings: those of the run that its worker is to join.

    The environment says where: WHERRY_STORE__URL and WHERRY_STORE__FILES. Waits until some machine has
    begun a run. A wherry.toml that a person put there is left as it is, and so is a folder of which the
    environment says nothing.
    """
    there = directory / FILE_NAME
    named = environ.get(variable("store.files"), "")
    if not (named and environ.get(variable("store.url"))) or not _ours(there):
        return
    endpoint = environ.get(variable("store.files_endpoint"), "")
    store = StoreSettings(files=named, files_endpoint=endpoint)
    place = Place.of(store, Credentials(environ, {"store": str(directory)}))
    if place is not None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        there.write_bytes(BROUGHT.encode() + _settings_of_a_run(place, progress))


def _settings_of_a_run(place: Place, progress: Progress) -> bytes:
    progress.start("waiting for a run to join", None)
    while (text := place.read(FILE_NAME)) is None:
        time.sleep(LOOK_SECONDS)
    progress.finish()
    return text


def _ours(settings: Path) -> bool:
    return not settings.exists() or settings.read_text(encoding="utf-8").startswith(BROUGHT)


def _files(ws: Workspace, digest: str, snapshot: str) -> Iterator[Path]:
    snapshot = snapshot or ws.plan(digest).basis.snapshot
    yield from sorted(path for path in (ws.state / "snapshots" / snapshot).rglob("*") if path.is_file())
    yield from sorted(ws.mapping_dir.glob("*.yaml"))
    yield ws.plans_dir / f"{digest}.json"
    yield from (ws.state / name for name in KEPT if (ws.state / name).exists())
