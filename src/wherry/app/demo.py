"""The five-minute proof: the bundled clinic, the emulator, and the command line, as a person would use them.

Every step runs the real command in a process of its own and checks what it promised. The emulator is
another process; nothing leaves this machine.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from wherry.app.emulated import API_KEY, limits, running
from wherry.app.progress import Progress, Silent
from wherry.app.run_results import DemoResult, DemoStep
from wherry.model.errors import PreflightFailed

FIRST_EXPORT, LATER_EXPORT = "small/clinic.zip", "small/later.zip"
PASSWORD = "riverside-demo"  # of the example clinic, printed in its README  # noqa: S105
OWNER = "ops@riverside.example.com"
PER_HOUR, PER_MINUTE = 200_000, 12_000  # the demo's account is faster than any real one
STEP_SECONDS = 240
KILL_AFTER = 150  # writes of the load, after which it is killed


def clinic_folder() -> Path:
    """Return the folder of the example clinic: inside the package, or beside the source tree."""
    packaged = Path(str(files("wherry.app").joinpath("clinic")))
    beside = Path(__file__).resolve().parents[3] / "examples" / "clinic"
    for folder in (packaged, beside):
        if (folder / "small" / "clinic.zip").exists():
            return folder
    raise PreflightFailed("the example clinic is missing from this installation", hint="install wherry again")


@dataclass(slots=True, kw_only=True)
class Stage:
    """What the steps share: the workspace, the emulator, and what earlier steps found."""

    workspace: Path
    url: str
    seen: dict[str, Any] = field(default_factory=dict)

    def wherry(self, *words: str, expect: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run a command with --json and return its document; raises Failed for another exit code."""
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            timeout=STEP_SECONDS,
            env=self.environment(),
            check=False,
        )
        if done.returncode not in expect:
            said = (done.stdout or done.stderr).decode(errors="replace").strip()[-400:]
            raise Failed(f"wherry {words[0]} ended with {done.returncode}: {said}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def command(self, *words: str) -> list[str]:
        """Return the command line of a verb."""
        return [sys.executable, "-m", "wherry", "--project-dir", str(self.workspace), "--json", *words]

    def environment(self) -> dict[str, str]:
        """Return the environment with the demo's secrets, and no setting of the user's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WHERRY_")}
        kept["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # and no secret of theirs
        return {**kept, "WHERRY_SOURCE__PASSWORD": PASSWORD, "WHERRY_DESTINATION__API_KEY": API_KEY}

    def admin(self, path: str) -> Any:
        """Ask the emulator about itself; no call of the API."""
        root = self.url.partition("/crm/")[0]
        with urllib.request.urlopen(f"{root}/_emulator/{path}", timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def digest(self) -> str:
        """Return the fingerprint of everything that lives at the destination."""
        return str(self.admin("digest")["digest"])


class Failed(Exception):
    """A step did not show what it promised."""


def demo(
    *, directory: Path | None = None, keep: bool = False, progress: Progress | None = None
) -> DemoResult:
    """Run the proof and return what each step showed; stops at the first step that fails.

    Works in `directory` and keeps it, or in a temporary folder that goes unless `keep` is set.
    """
    watch = progress or Silent()
    folder = directory or Path(tempfile.mkdtemp(prefix="wherry-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    kept = keep or directory is not None
    steps: list[DemoStep] = []
    watch.start("demo", len(STEPS))
    try:
        with _emulator(folder) as url:
            stage = Stage(workspace=folder / "workspace", url=url)
            for name, step in STEPS:
                steps.append(_run(name, step, stage))
                watch.advance(1)
                if not steps[-1].ok:
                    break
    finally:
        watch.finish()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    report = str(folder / "workspace" / "reports") if kept else ""
    result = DemoResult(steps=tuple(steps), directory=str(folder) if kept else "", report=report)
    if kept:
        text = json.dumps(result.document(), indent=2, ensure_ascii=False)
        (folder / "demo.json").write_text(text + "\n", encoding="utf-8")
    return result


def _run(name: str, step: Callable[[Stage], str], stage: Stage) -> DemoStep:
    begun = time.monotonic()
    try:
        ok, summary = True, step(stage)
    except (Failed, subprocess.TimeoutExpired, ValueError, KeyError, OSError) as error:
        ok, summary = False, str(error) or type(error).__name__
    return DemoStep(name=name, ok=ok, seconds=round(time.monotonic() - begun, 2), summary=summary)


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    arguments = [
        *("--plan", "enterprise", "--seed-file", str(clinic_folder() / "seed-destination.json")),
        *limits(PER_HOUR, PER_MINUTE),
    ]
    with running(folder, "emulator", arguments) as emulated:
        yield emulated.url


def _check(holds: object, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


# the steps -----------------------------------------------------------------------------------------


def _workspace(stage: Stage) -> str:
    stage.wherry("init", str(stage.workspace))
    settings = f"""[source]
connector = "aerona"
bundle = "{clinic_folder() / FIRST_EXPORT}"

[destination]
connector = "freshsales"
base_url = "{stage.url}"
plan = "enterprise"
calls_per_hour = {PER_HOUR}
calls_per_minute = {PER_MINUTE}

[policy]
fallback_owner = "{OWNER}"

[engine]
settle_wait_seconds = 2
"""
    (stage.workspace / "wherry.toml").write_text(settings, encoding="utf-8")
    checks = stage.wherry("doctor")["checks"]
    return f"a workspace; doctor made {len(checks)} checks"


def _discover(stage: Stage) -> str:
    found = stage.wherry("discover")
    records = sum(sum(counts.values()) for counts in found["fates"].values())
    return f"{records:,} source records staged in {len(found['fates'])} streams, each with one fate"


def _propose(stage: Stage) -> str:
    bands = stage.wherry("propose")["bands"]
    return ", ".join(f"{count} {band}" for band, count in bands.items() if count) + "; nothing applied itself"


def _plan(stage: Stage) -> str:
    plan = stage.wherry("plan")
    stage.seen["digest"] = plan["digest"]
    stage.wherry("load", expect=(5,))
    return (
        f"plan {plan['digest'][:12]}: {plan['calls']['total']:,} calls; load refused it, nobody had approved"
    )


def _approve(stage: Stage) -> str:
    digest = stage.seen["digest"]
    stage.wherry("approve", digest, "--by", "Maria Murphy", "--for", "prepare,sample,load,delta")
    unlock = ("--unlock", "clinical", "--purpose", "continuity of care", "--basis", "Art. 9(2)(h) GDPR")
    stage.wherry("approve", digest, "--by", "Maria Murphy", *unlock)
    return f"Maria Murphy approved exactly {digest[:12]}, and opened the clinical class for a purpose"


def _prepare(stage: Stage) -> str:
    stage.seen["before"] = stage.digest()
    made = stage.wherry("prepare")
    return f"{len(made['created'])} custom fields created, {len(made['manual_steps'])} steps left to an admin"


def _sample(stage: Stage) -> str:
    diff = stage.wherry("sample", "--size", "200")["diff"]
    _check(
        diff["records"] >= 100 and not diff["different"], f"the sample differs in {diff['different']} fields"
    )
    return f"{diff['records']} records, {diff['fields']:,} fields read back, {diff['different']} different"


def _kill(stage: Stage) -> str:
    before = stage.admin("calls")["total"]
    process = subprocess.Popen(
        stage.command("load"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=stage.environment()
    )
    until = time.monotonic() + STEP_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if stage.admin("calls")["total"] - before > KILL_AFTER:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.02)
    _check(process.wait() == -signal.SIGKILL, "the load ended before it could be killed")
    streams = stage.wherry("status")["streams"]
    _check(not any(s["unexplained"] for s in streams.values()), "a killed load left records unexplained")
    pending = sum(s["pending"] for name, s in streams.items() if not name.startswith("link."))
    return f"killed with kill -9 in the middle; {pending:,} records pending, 0 unexplained"


def _resume(stage: Stage) -> str:
    status = stage.wherry("load")
    streams = status["streams"]
    stage.seen["first"] = _landed(streams)
    _check(
        not any(s["unexplained"] or s["pending"] for s in streams.values()), "records are not accounted for"
    )
    doubled = _doubled(stage)
    _check(not doubled, f"{doubled} records are there twice")
    created = sum(s["created"] for name, s in streams.items() if not name.startswith("link."))
    return f"the same command went on: {created:,} records created in this run, 0 lost, 0 doubled"


def _landed(streams: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {name: s["created"] + s["updated"] + s["unchanged"] for name, s in streams.items()}


def _doubled(stage: Stage) -> int:
    """Count what is at the destination more than once, by external id or by the marker at the end of a text."""
    doubled = 0
    for entity, name in (("contact", "external_id"), ("task", "description"), ("note", "description")):
        marks = [str(r.get(name) or "").rpartition("[aerona:")[2] for r in stage.admin(f"records/{entity}")]
        marks = [mark for mark in marks if mark]
        doubled += len(marks) - len(set(marks))
    return doubled


def _delta(stage: Stage) -> str:
    _use(stage, LATER_EXPORT)
    streams = stage.wherry("delta")["streams"]
    _check(
        not any(s["unexplained"] or s["pending"] for s in streams.values()), "records are not accounted for"
    )
    gone = {name for name in streams if name.startswith("deleted.")}
    own = [s for name, s in streams.items() if name not in gone and not name.startswith("link.")]
    created, updated = sum(s["created"] for s in own), sum(s["updated"] for s in own)
    deleted = sum(streams[name]["updated"] for name in gone)
    _check(created and updated and deleted, "the later export's changes did not follow")
    again = stage.wherry("delta")["streams"].items()
    writes = sum(s["created"] + s["updated"] for name, s in again if not name.startswith("link."))
    _check(not writes, f"a second delta without changes wrote {writes} records")
    return f"two days later: {created} new, {updated} changed, {deleted} gone; a second delta wrote nothing"


def _use(stage: Stage, export: str) -> None:
    path = stage.workspace / "wherry.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    told = [
        f'bundle = "{clinic_folder() / export}"' if line.startswith("bundle = ") else line for line in lines
    ]
    path.write_text("\n".join(told) + "\n", encoding="utf-8")


def _reconcile(stage: Stage) -> str:
    proof = stage.wherry("reconcile")
    fields = sum(s["fields_compared"] for s in proof["streams"].values())
    records = sum(s["found"] for s in proof["streams"].values())
    return f"{records:,} records and {fields:,} fields read back and compared: all as expected"


def _rollback(stage: Stage) -> str:
    preview = stage.wherry("rollback", "--preview")
    done = stage.wherry("rollback", "--confirm", preview["confirm"])
    buckets = done["buckets"]
    _check(stage.digest() == stage.seen["before"], "the destination is not as it was before the first write")
    again = stage.wherry("rollback", "--preview")["buckets"]["reverted"]
    _check(again == 0, f"{again} writes are left to take back")
    return (
        f"{buckets['reverted']:,} writes taken back, {buckets['irreversible']} cannot be (custom fields); the "
        "destination's digest is the one before the first write"
    )


def _again(stage: Stage) -> str:
    _use(stage, FIRST_EXPORT)
    stage.wherry("discover")  # the same export is the same snapshot: the plan and its approval hold again
    streams = stage.wherry("load")["streams"]
    landed = _landed(streams)
    _check(landed == stage.seen["first"], "the second load is not equal to the first")
    _check(stage.wherry("reconcile")["ok"], "the second load does not reconcile")
    return f"loaded again: {sum(n for s, n in landed.items() if not s.startswith('link.')):,} records, equal"


def _audit(stage: Stage) -> str:
    chain = stage.wherry("audit", "verify")
    calls = stage.admin("calls")
    _check(chain["ok"], "the hash chain is broken")
    _check(not calls["refused_429"], f"{calls['refused_429']} calls were over the limit")
    return f"{chain['entries']:,} chained entries hold; {calls['total']:,} calls, none over the limit"


STEPS: tuple[tuple[str, Callable[[Stage], str]], ...] = (
    ("workspace", _workspace),
    ("discover", _discover),
    ("propose", _propose),
    ("plan", _plan),
    ("approve", _approve),
    ("prepare", _prepare),
    ("sample", _sample),
    ("crash", _kill),
    ("resume", _resume),
    ("delta", _delta),
    ("reconcile", _reconcile),
    ("rollback", _rollback),
    ("load again", _again),
    ("audit", _audit),
)
