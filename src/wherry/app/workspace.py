"""One migration's folder: the only place that joins connectors, staging and store."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

from wherry.app.documents import Closable, LazyDocuments, PlacedDocuments
from wherry.app.place import Place
from wherry.app.progress import Progress, Silent
from wherry.app.settings import LlmSettings, Settings, read_settings
from wherry.engine.hands import Stopper
from wherry.engine.lease import FencedBudget
from wherry.mapping.own_values import Own, source_words
from wherry.model.catalog import Catalog
from wherry.model.catalogs import dump_catalog, load_catalog
from wherry.model.errors import SettingsInvalid, UsageInvalid
from wherry.model.opening import Opening, OpenSource
from wherry.model.plan import Plan
from wherry.model.ports import Ledger, Source
from wherry.planning.files import dump_plan, load_plan
from wherry.planning.twins import Existing
from wherry.privacy import Destroyed, Sealer
from wherry.staging import ParquetSnapshot, compare, stage
from wherry.store import Keys, Store, open_store

if TYPE_CHECKING:
    from wherry.connectors.freshsales import FreshsalesDestination
    from wherry.connectors.kit.chat import Chat

_log = logging.getLogger("wherry.store")

KEYS = "keys"
VALUES = "values.yaml"
CONNECTORS = "wherry.connectors"  # the group of entry points
MINUTE_WAIT = 65.0  # seconds; longer than any wait for the limit of calls a minute


def _connector(name: str) -> Callable[[Opening], OpenSource]:
    """Return the source connector of that name; it and its libraries are loaded by the verbs that read a source."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - see above

    found = {entry.name: entry for entry in entry_points(group=CONNECTORS)}
    opens = found[name].load() if name in found else None
    if opens is None or "opening" not in signature(opens).parameters:
        raise SettingsInvalid(
            f"wherry.toml: [source] connector: no installed source is called {name}",
            hint=f"there are {', '.join(sorted(found))}; a package of its own declares one under {CONNECTORS}",
        )
    return cast("Callable[[Opening], OpenSource]", opens)


def language_model(llm: LlmSettings, key: str) -> "Chat":
    """Return the language model that the settings name."""
    from wherry.connectors.kit.chat import Chat  # noqa: PLC0415 - see _connector

    return Chat(base_url=llm.base_url, model=llm.model, key=key, seconds=llm.timeout_seconds)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class Workspace:
    """A workspace, opened: its settings, its folders, and what is behind the ports.

    Everything is made when it is first asked for, so that a verb opens only what it needs.
    """

    settings: Settings
    progress: Progress = field(default_factory=Silent)
    clock: SystemClock = field(default_factory=SystemClock)
    stopper: Stopper = field(default_factory=Stopper)
    wait_for_quota: bool = True
    lent: Sealer | None = None  # of the workspace whose snapshot this one reads
    _store: Store | None = None
    _budget: FencedBudget | None = None
    _destination: "FreshsalesDestination | None" = None
    _documents: LazyDocuments | None = None

    @classmethod
    def open(cls, directory: Path, progress: Progress | None = None) -> "Workspace":
        """Open the workspace in that directory; raises SettingsInvalid when it is none."""
        return cls(settings=read_settings(directory), progress=progress or Silent())

    def close(self) -> None:
        """Let go of the destination's connections and of the store."""
        if self._destination is not None:
            self._destination.close()
            self._destination = None
        if self._documents is not None:
            self._documents.close()
            self._documents = None
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.settings.directory

    @property
    def state(self) -> Path:
        """The folder of what is ours alone: store, snapshots, catalogs."""
        return self._folder(".wherry")

    @property
    def mapping_dir(self) -> Path:
        """The folder of the mappings that people edit."""
        return self._folder("mapping")

    @property
    def plans_dir(self) -> Path:
        """The folder of frozen plans."""
        return self._folder("plans")

    @property
    def reports_dir(self) -> Path:
        """The folder of what people read."""
        return self._folder("reports")

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def shown(self, path: Path) -> str:
        """Return a path as people see it: relative to the workspace."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    # what is behind the ports -----------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The store, opened once."""
        if self._store is None:
            _ = self.state
            keys = Keys(folder=self.state / KEYS, secret=self.settings.credentials.get("store.key"))
            url = self.settings.store.url
            self._store = open_store(url, clock=self.clock, keys=keys, sealer=self.lent)
        return self._store

    @property
    def sealer(self) -> Sealer:
        """What seals everything of this workspace that may hold values."""
        return self.store.sealer

    @property
    def ledger(self) -> Ledger:
        """Our own memory."""
        return self.store.ledger

    @property
    def budget(self) -> FencedBudget:
        """The API quota of the destination account, shared by everybody who uses this store."""
        if self._budget is None:
            there = self.settings.destination
            # A minute's border is always waited for: only the hour pauses a run that was asked not to wait.
            max_wait = self.settings.engine.max_wait_minutes * 60.0 if self.wait_for_quota else MINUTE_WAIT
            booked = self.store.budget(
                there.base_url,
                per_minute=there.minute_budget,
                per_hour=there.hourly_quota,
                reserve=there.quota_reserve,
                max_wait=max_wait,
            )
            self._budget = FencedBudget(booked, self.stopper)
        return self._budget

    @property
    def destination(self) -> "FreshsalesDestination":
        """The destination, reached with the key from the environment, a file or the keyring."""
        if self._destination is None:
            from wherry.connectors.freshsales import open_destination  # noqa: PLC0415 - see _connector

            there = self.settings.destination
            self._destination = open_destination(
                there.base_url,
                self.settings.credentials.require("destination.api_key"),
                plan=there.plan,
                budget=self.budget,
                clock=self.clock,
                overrides=self._destination_overrides(),
            )
            self._destination.upload_from(self.documents)
        return self._destination

    def _destination_overrides(self) -> dict[str, int | str | bool]:
        there = self.settings.destination
        overrides: dict[str, int | str | bool] = {
            "delete": self.settings.policy.delete,
            "call_seconds": self.settings.engine.call_seconds,
            "verify_files": self.settings.engine.verify_files,
        }
        if self.settings.policy.edition != "suite":
            overrides["edition"] = self.settings.policy.edition
        if there.calls_per_hour:
            overrides["calls_per_hour"] = there.calls_per_hour
        if there.calls_per_minute:
            overrides["calls_per_minute"] = there.calls_per_minute
        if there.storage_mb_per_user is not None:
            overrides["storage_mb_per_user"] = there.storage_mb_per_user
        return overrides

    @property
    def documents(self) -> LazyDocuments:
        """The bytes of the source's documents; its bundle is opened when the first one is asked for."""
        if self._documents is None:
            self._documents = LazyDocuments(self._opened_documents)
        return self._documents

    @contextmanager
    def source(self) -> Iterator[OpenSource]:
        """Open the source as the settings describe it; raises PreflightFailed when it is not fit."""
        source = self._opened_source()
        try:
            yield source
        finally:
            source.close()

    def _opened_documents(self) -> Closable:
        """Open the bundle, or where it is on another machine, what that machine has published."""
        here = self.settings.source
        missing = (
            not Path(here.bundle).exists() if here.bundle else not (self.state / "snapshot.json").exists()
        )
        if missing:
            place = Place.of(self.settings.store, self.settings.credentials)
            placed = PlacedDocuments.of(place, self.snapshot().digest, self.sealer) if place else None
            if placed is not None:
                return placed
        return self._opened_source()

    def _opened_source(self) -> OpenSource:
        here = self.settings.source
        return _connector(here.connector)(
            Opening(
                settings=asdict(here),
                root=self.root,
                state=self.state,
                clock=self.clock,
                secret=lambda name: self.settings.credentials.get(f"source.{name}"),
                headers=self.headers(),
                words=source_words(self.own_values()),
                sealer=lambda: self.sealer,
            )
        )

    # what discover keeps ------------------------------------------------------------------------

    def stage(self, source: Source) -> ParquetSnapshot:
        """Stage the source as an immutable snapshot and make it the current one."""
        self._not_purged()
        if not self.sealer.sealed:
            _log.warning(
                "nothing is sealed: a PostgreSQL store without WHERRY_STORE__KEY stays open",
                extra={"action": "store.unsealed"},
            )
        snapshot = stage(
            source,
            self.state / "snapshots",
            progress=lambda _name, n: self.progress.advance(n),
            sealer=self.sealer,
        )
        self._write("snapshot.json", orjson.dumps({"digest": snapshot.digest}))
        return snapshot

    def snapshot(self, digest: str = "") -> ParquetSnapshot:
        """Return the current snapshot, or the one with that digest."""
        self._not_purged()
        if not digest:
            digest = orjson.loads(self._read("snapshot.json"))["digest"]
        include = ("deceased",) if self.settings.policy.deceased == "load" else ()
        return ParquetSnapshot.open(self.state / "snapshots" / digest, include, self.sealer)

    def changed_records(self, before: str) -> Iterator[str]:
        """Yield a line for every record that changed since the snapshot with that digest was taken."""
        for change in compare(self.snapshot(before), self.snapshot()):
            yield f"{change.key}: {change.kind}"

    def keep_destination(
        self, catalog: Catalog, existing: Mapping[str, list[Existing]], at: datetime
    ) -> None:
        """Keep what was discovered of the destination, and when the look at it began."""
        self._keep("destination.json", dump_catalog(catalog))
        self._keep("existing.json", orjson.dumps({"at": at, "streams": existing}))

    def keep_existing(self, newer: Mapping[str, list[Existing]], at: datetime) -> None:
        """Keep newer lists of what is there, as of that moment."""
        streams = {**orjson.loads(self._kept("existing.json"))["streams"], **newer}
        self._keep("existing.json", orjson.dumps({"at": at, "streams": streams}))

    def discovered_at(self) -> datetime:
        """Return the moment from which on changes at the destination are not known."""
        return datetime.fromisoformat(orjson.loads(self._kept("existing.json"))["at"])

    def catalog(self) -> Catalog:
        """Return the destination's catalog as last discovered."""
        return load_catalog(self._kept("destination.json"))

    def existing(self, stream: str) -> list[Existing]:
        """Return the contacts or accounts that were there when the destination was discovered."""
        return [
            Existing(**row) for row in orjson.loads(self._kept("existing.json"))["streams"].get(stream, [])
        ]

    def headers(self) -> Mapping[str, Mapping[str, str]]:
        """Return the person's own header map, mapping/headers.yaml: file → header → field."""
        from wherry.app.mappings import read_headers  # noqa: PLC0415 - YAML is loaded where it is needed

        return read_headers(self.mapping_dir / "headers.yaml")

    def own_values(self) -> Own:
        """Return what the clinic says its words mean, mapping/values.yaml."""
        from wherry.app.mappings import read_values  # noqa: PLC0415 - YAML is loaded where it is needed

        return read_values(self.mapping_dir / VALUES)

    def _write(self, name: str, data: bytes) -> None:
        new = self.state / f"{name}.new"
        new.write_bytes(data)
        new.chmod(0o600)
        new.replace(self.state / name)

    def _keep(self, name: str, document: bytes) -> None:
        """Keep what may hold values."""
        self._write(name, self.sealer.seal(document, name))

    def _not_purged(self) -> None:
        sealer = self.sealer
        if isinstance(sealer, Destroyed):
            sealer.refuse()

    def _kept(self, name: str) -> bytes:
        self._not_purged()
        found = self._read(name)
        # What was discovered before anything was sealed lies there as it is.
        return found if found.startswith(b"{") else self.sealer.open(found, name)

    def _read(self, name: str) -> bytes:
        try:
            return (self.state / name).read_bytes()
        except FileNotFoundError:
            raise UsageInvalid("nothing has been discovered here yet", hint="wherry discover") from None

    # plans --------------------------------------------------------------------------------------

    def keep_plan(self, plan: Plan) -> Path:
        """Keep a plan under its digest and make it the current one."""
        path = self.plans_dir / f"{plan.digest}.json"
        if not path.exists():
            path.write_bytes(dump_plan(plan))
        self._write("plan.json", orjson.dumps({"digest": plan.digest}))
        return path

    def plan(self, digest: str = "") -> Plan:
        """Return the current plan, or the one with that digest."""
        if not digest:
            try:
                digest = orjson.loads((self.state / "plan.json").read_bytes())["digest"]
            except FileNotFoundError:
                raise UsageInvalid("there is no plan yet", hint="wherry plan") from None
        path = self.plans_dir / f"{digest}.json"
        if not path.exists():
            raise UsageInvalid(
                f"plans/{digest}.json is gone", hint="restore it, or make a new one: wherry plan"
            )
        return load_plan(path.read_bytes(), self.shown(path))

    def plan_digests(self) -> tuple[str, ...]:
        """Return the digests of all plans that are kept."""
        return tuple(sorted(path.stem for path in self.plans_dir.glob("*.json")))
