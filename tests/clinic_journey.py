"""A whole migration of the example clinic, verb by verb, for tests that need a destination behind it."""

import csv
import hashlib
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wherry.app.approve import approve
from wherry.app.delta import delta
from wherry.app.discover import discover
from wherry.app.init import init
from wherry.app.load import load
from wherry.app.plan import plan
from wherry.app.prepare import prepare
from wherry.app.propose import propose
from wherry.app.reconcile import reconcile
from wherry.app.retry import retry
from wherry.app.rollback import rollback
from wherry.app.sample import sample
from wherry.app.workspace import Workspace

CLINIC = Path(__file__).parents[1] / "examples" / "clinic"
SEED_FILE = CLINIC / "seed-destination.json"
sys.path.insert(0, str(CLINIC))

from clinicgen.clinic import Order, make_clinic  # noqa: E402 - the folder must be on the path first
from clinicgen.columns import COLUMNS  # noqa: E402 - same

QUICK = ("--switch", "rate.limit_hour=2000000", "--switch", "rate.limit_min=600000")  # limits out of the way
MARKER = re.compile(r"\[aerona:[a-z_]+:[^\]]+\]")
UNMARKED = frozenset({"fields", "modules"})  # no records that marks() looks at
SOURCE_ID = "cf_source_system_id_c"
OWN_FIELD = {"contact": "external_id"}
TEXT_ENTITIES = ("task", "appointment", "note", "product")
UNLOCKED = ("clinical", "national_id", "demographic_sensitive", "third_party", "documents")
RUNS = ("prepare", "sample", "load", "delta")
WHOLE = frozenset(
    {"practices", "clinicians", "appointment_types", "appointment_statuses", "care_plans", "households"}
)
# The families with a shared address, odd names, phones, merges, twins at the destination, long notes, documents.
FEW = frozenset(
    map(
        str,
        (
            1,
            2,
            3,
            4,
            11,
            12,
            14,
            15,
            19,
            27,
            29,
            30,
            36,
            49,
            51,
            59,
            60,
            64,
            65,
            66,
            67,
            68,
            69,
            70,
            71,
            72,
            73,
            74,
            87,
        ),
    )
)


def make_bundle(out: Path, **order: Any) -> dict[str, Any]:
    """Make the clinic with 120 patients, the fewest there can be; give what is expected of it."""
    expected: dict[str, Any] = make_clinic(Order(**{"out": out, "patients": 120, **order}))
    return expected


def slim(bundle: Path, out: Path, patients: Collection[str] = FEW) -> Path:
    """Copy a clean bundle with these patients only, their appointments, notes and documents; give the new folder."""
    out.mkdir(parents=True)
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        stream = entry["name"].removesuffix(".csv")
        text = (bundle / entry["name"]).read_bytes().decode(entry["encoding"])
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=entry["delimiter"]))
        kept = [row for row in rows[1:] if _wanted(stream, row, patients)]
        target = io.StringIO(newline="")
        csv.writer(target, delimiter=entry["delimiter"]).writerows([rows[0], *kept])
        data = target.getvalue().encode(entry["encoding"])
        (out / entry["name"]).write_bytes(data)
        if stream == "documents":
            _copy_files(bundle, out, (dict(zip(rows[0], row, strict=False))["ref"] for row in kept))
        entry |= {"rows": len(kept), "sha256": hashlib.sha256(data).hexdigest()}
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


def _copy_files(bundle: Path, out: Path, refs: Iterable[str]) -> None:
    for ref in refs:
        (out / ref).parent.mkdir(parents=True, exist_ok=True)
        (out / ref).write_bytes((bundle / ref).read_bytes())


def _wanted(stream: str, row: list[str], patients: Collection[str]) -> bool:
    cells = dict(zip(COLUMNS[stream], row, strict=False))
    if stream in WHOLE:
        return True
    if stream == "merges":
        return {cells["duplicateId"], cells["masterId"]} <= set(patients)
    if stream in {"patients", "appointments", "clinical_notes", "documents"}:
        return cells["patientId"] in patients or cells["patientId"] == ""
    return False


SETTINGS = """\
[source]
bundle = "{bundle}"

[destination]
base_url = "{url}"
plan = "{plan}"
calls_per_hour = 2000000
calls_per_minute = 600000

[policy]
fallback_owner = "ops@riverside.example.com"
{policy}
[engine]
settle_wait_seconds = {settle}
{engine}
"""


class Journey:
    """One workspace and the emulator it writes to. Every verb opens the workspace anew, as a process does."""

    def __init__(
        self,
        directory: Path,
        emulator: Any,
        bundle: Path,
        *,
        plan: str = "enterprise",
        policy: str = "",
        engine: str = "",
        settle: float = 0.3,
    ) -> None:
        self.directory, self.emulator = directory, emulator
        init(directory)
        self.toml = directory / "wherry.toml"
        self.toml.write_text(
            SETTINGS.format(
                bundle=bundle, url=emulator.url, plan=plan, policy=policy, engine=engine, settle=settle
            ),
            encoding="utf-8",
        )
        self.digest = ""
        self.before: Any = None

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        """The workspace, closed at the end."""
        workspace = Workspace.open(self.directory)
        try:
            yield workspace
        finally:
            workspace.close()

    def plan(self) -> Any:
        with self.open() as workspace:
            result = plan(workspace)
        self.digest = result.plan.digest
        return result.plan

    def approve(self, runs: tuple[str, ...] = RUNS, unlock: tuple[str, ...] = UNLOCKED) -> None:
        with self.open() as workspace:
            approve(
                workspace,
                self.digest,
                "Maria",
                runs=runs,
                unlock=unlock,
                purpose="care",
                basis="Art. 9(2)(h)",
            )

    def planned(self) -> "Journey":
        """Discover, propose, plan and approve."""
        with self.open() as workspace:
            discover(workspace)
            propose(workspace)
        self.plan()
        self.approve()
        return self

    def prepare(self) -> Any:
        with self.open() as workspace:
            return prepare(workspace)

    def prepared(self) -> "Journey":
        """Ready to load; `before` is the state of the destination then, without the Unassigned account."""
        self.planned()
        assert self.prepare().exit_code == 0
        return self

    def discover(self) -> Any:
        with self.open() as workspace:
            return discover(workspace)

    def propose(self) -> Any:
        with self.open() as workspace:
            return propose(workspace)

    def sample(self, **options: Any) -> Any:
        with self.open() as workspace:
            return sample(workspace, **options)

    def load(self, **options: Any) -> Any:
        with self.open() as workspace:
            return load(workspace, **options)

    def reconcile(self) -> Any:
        with self.open() as workspace:
            return reconcile(workspace)

    def delta(self, bundle: Path | None = None, **options: Any) -> Any:
        """Follow the source, as this later export shows it."""
        if bundle is not None:
            self.follow(bundle)
        with self.open() as workspace:
            return delta(workspace, **options)

    def follow(self, bundle: Path) -> None:
        """Put this export where the settings point to."""
        text = self.toml.read_text(encoding="utf-8")
        self.toml.write_text(re.sub("(?m)^bundle = .*$", f'bundle = "{bundle}"', text), encoding="utf-8")

    def retry(self, **where: str) -> Any:
        with self.open() as workspace:
            return retry(workspace, where=where)

    def preview(self) -> Any:
        with self.open() as workspace:
            return rollback(workspace, preview=True)

    def rollback(self, confirm: str = "") -> Any:
        """Preview and confirm."""
        confirm = confirm or self.preview().preview.confirm
        with self.open() as workspace:
            return rollback(workspace, confirm=confirm)

    def reports(self, name: str) -> Path:
        """A file of the workspace's reports."""
        return self.directory / "reports" / name

    # what is there -------------------------------------------------------------------------------

    def live(self, entity: str) -> list[dict[str, Any]]:
        """The live records of an entity as the emulator stores them."""
        records: list[dict[str, Any]] = self.emulator.admin(f"records/{entity}")
        return [record for record in records if not record.get("is_deleted")]

    def marks(self) -> Counter[str]:
        """How often each of our records is there: by source id, external id, or marker."""
        return marks(self.emulator)

    def located(self) -> list[Any]:
        with self.open() as workspace:
            return [line for line in workspace.ledger.located() if line.stream not in UNMARKED]

    def state(self) -> Any:
        """The state of the destination, comparable."""
        return state_of(self.emulator)

    def assert_once(self) -> None:
        """Every record of the crosswalk is there once, and nothing of ours is there besides."""
        found = self.marks()
        assert found
        doubled = {mark: n for mark, n in found.items() if n != 1}
        assert doubled == {}
        located = self.located()
        kinds = Counter(mark.rpartition(" ")[0] for mark in found)
        assert sum(found.values()) == len(located), (kinds, Counter(line.stream for line in located))
        assert len({(line.stream, line.destination_id) for line in located}) == len(located)

    def unexplained(self) -> int:
        """Over all runs and streams: how many records are in no state, or in more than one."""
        with self.open() as workspace:
            return sum(
                abs(line.unexplained)
                for run in workspace.ledger.runs()
                for line in workspace.ledger.counts(run.id).values()
            )


def state_of(emulator: Any) -> dict[str, Any]:
    """The state of a destination, without files of contacts in the recycle bin: no call deletes a file [D]."""
    state: dict[str, Any] = emulator.admin("state")
    contacts = state.get("contacts", {})
    files = {
        id_: one
        for id_, one in state.pop("documents", {}).items()
        if any(str(target["id"]) in contacts for target in one.get("targetables", ()))
    }
    return {**state, "documents": files} if files else state


def marks(emulator: Any) -> Counter[str]:
    """How often each of our records is live at the destination: by source id, external id, or marker."""
    found: Counter[str] = Counter()
    modules = [name for name in emulator.admin("state") if name.startswith("cm_")]
    for entity in ("contact", "sales_account", "deal", *TEXT_ENTITIES, *modules):
        for record in emulator.admin(f"records/{entity}"):
            mark = _mark(entity, record)
            if mark and not record.get("is_deleted"):
                found[f"{entity} {mark}"] += 1
                if record.get("products"):  # what is attached to a deal counts as a record of its own
                    found[f"products of {entity} {mark}"] += 1
    return found + _file_marks(emulator)


def _file_marks(emulator: Any) -> Counter[str]:
    """Files have no delete of their own: one is live while the contact that it hangs on is."""
    live = {one["id"] for one in emulator.admin("records/contact") if not one.get("is_deleted")}
    return Counter(
        f"document {mark}"
        for one in emulator.admin("files")["files"]
        if one["targetables"][0]["id"] in live
        for mark in MARKER.findall(one["name"])[-1:]
    )


def _mark(entity: str, record: Mapping[str, Any]) -> str:
    if entity in TEXT_ENTITIES:
        hits = MARKER.findall(str(record.get("description") or ""))
        return hits[-1] if hits else ""
    custom = record.get("custom_field") or {}
    return str(record.get(OWN_FIELD.get(entity, "")) or custom.get(SOURCE_ID) or "")
