"""The main job of wherry, verb by verb and each a process of its own, against the second opinion."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from second_opinion.choices import Choices
from second_opinion.server import KEY
from second_opinion.world import CHILDREN

TESTS = Path(__file__).parents[1]
UNLOCKED = ("clinical", "national_id", "demographic_sensitive", "third_party", "documents")
_STEP = re.compile(
    r"^## Admin Settings → (\w+) → Fields: add a custom field labelled exactly '(.+?)' of type (\w+)"
    r"(?: with the choices (.+))?$",
    re.MULTILINE,
)
_TYPES = {
    "boolean": "checkbox",
    "multi_select": "multi_select_dropdown",
    "integer": "number",
    "money": "number",
}
_SETTINGS = """\
[source]
bundle = "{bundle}"

[destination]
base_url = "{url}"
plan = "{plan}"
calls_per_hour = {hour}
calls_per_minute = {minute}

[policy]
fallback_owner = "ops@riverside.example.com"
delete = "{delete}"

[engine]
settle_wait_seconds = {settle}
"""
_REFERENCES = {
    "owner_id": "users", "lifecycle_stage_id": "lifecycle_stages", "contact_status_id": "contact_statuses",
}  # fmt: skip


class Second:
    """One process of the second opinion."""

    def __init__(self, name: str, seed: Path, **changed: object) -> None:
        self.choices: Choices | None = None
        words = ["--way", name, "--seed-file", str(seed), "--changed", json.dumps(changed)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "second_opinion.main", *words],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http"), "the second opinion did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def admin(self, what: str, body: Any = None) -> Any:
        """Call an admin route."""
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.url.removesuffix('/crm/sales')}/_admin/{what}"
        with urllib.request.urlopen(urllib.request.Request(address, data=data), timeout=30) as reply:
            return json.loads(reply.read())

    def dump(self) -> Any:
        """Return what is there, once everything that was promised is done."""
        until = time.monotonic() + 20
        while (found := self.admin("dump"))["pending"] and time.monotonic() < until:
            time.sleep(0.2)
        return found

    def records(self) -> Any:
        """Return the live records with their ids: the state that a rollback restores."""
        found = self.dump()
        return {name: found[name] for name in ("contacts", "sales_accounts", "deals", *CHILDREN)}


def content(dump: Any) -> list[str]:
    """Return what live records say, whatever ids they have; sorted, so that two loads can be compared."""
    names: dict[int, str] = {}
    for row in dump["sales_accounts"]:
        names[row["id"]] = f"account {row['name']}"
    for row in dump["contacts"]:
        names[row["id"]] = f"contact {row.get('external_id')} {row.get('email')}"

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: named(v) for k, v in value.items() if k not in {"creater_id", "updater_id"}}
        if isinstance(value, list):
            return [named(one) for one in value]
        if isinstance(value, str) and value.isdigit():
            return names.get(int(value), value)
        return names.get(value, value) if isinstance(value, int) else value

    lines = []
    for stream in ("contacts", "sales_accounts", "deals", *CHILDREN):
        for row in dump[stream]:
            plain = {name: value for name, value in row.items() if name != "id"}
            for one in plain.get("attendees", []):
                one.pop("id", None)
            lines.append(stream + " " + json.dumps(named(plain), sort_keys=True))
    for row in dump["files"]:
        plain = {name: one for name, one in row.items() if name not in {"id", "created_at"}}
        lines.append("files " + json.dumps(named(plain), sort_keys=True))
    return sorted(lines)


class Migration:
    """A workspace and the verbs in order."""

    def __init__(self, folder: Path, second: Second, bundle: Path, *, plan: str, **figures: Any) -> None:
        self.folder, self.second = folder, second
        values = {"hour": 100_000, "minute": 6_000, "settle": 4, "delete": "recycle_bin"} | figures
        self.environ = {name: one for name, one in os.environ.items() if not name.startswith("WHERRY_")}
        self.environ |= {
            "WHERRY_DESTINATION__API_KEY": KEY,
            "WHERRY_SOURCE__PASSWORD": "riverside-demo",
            "NO_COLOR": "1",
        }
        self.run("init", str(folder), at=False)
        (folder / "wherry.toml").write_text(
            _SETTINGS.format(bundle=bundle, url=second.url, plan=plan, **values), encoding="utf-8"
        )
        self.digest = ""

    def command(self, *words: str, at: bool = True) -> list[str]:
        """Return the command line of a verb."""
        place = ["--project-dir", str(self.folder)] if at else []
        return [sys.executable, "-m", "wherry", *words, *place, "--json", "--quiet", "--non-interactive"]

    def run(self, *words: str, ends: int = 0, at: bool = True) -> Any:
        """Run a verb to its end and return its document."""
        done = subprocess.run(
            self.command(*words, at=at),
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == ends, f"{words} ended {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def _arrived(self) -> int:
        found = self.second.admin("dump")
        return sum(len(found[name]) for name in ("contacts", *CHILDREN))

    def kill(self, verb: str, after: int) -> None:
        """Start a verb and end it the hard way once that many more records are at the destination."""
        before = self._arrived()
        started = subprocess.Popen(
            self.command(verb), env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 300
        while started.poll() is None and time.monotonic() < until and self._arrived() < before + after:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            started.send_signal(signal.SIGKILL)
        assert started.wait(30) == -signal.SIGKILL, f"{verb} was over before it could be killed"

    def frozen(self) -> None:
        """Plan, and approve what was planned."""
        self.digest = self.run("plan")["digest"]
        words = [word for name in UNLOCKED for word in ("--unlock", name)]
        runs = [word for name in ("prepare", "sample", "load") for word in ("--for", name)]
        why = ["--purpose", "care", "--basis", "Art. 9(2)(h)"]
        self.run("approve", self.digest, "--by", "Maria", *runs, *words, *why)

    def prepared(self) -> None:
        """Bring the account to where it can be loaded; what the API cannot do, the admin does by the sheet."""
        self.run("doctor")
        self.run("discover")
        self.run("propose")
        self.frozen()
        done = subprocess.run(
            self.command("prepare"),
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in {0, 3}, done.stdout + done.stderr
        if done.returncode == 3:
            self._by_hand()
            self.run("prepare")

    def _by_hand(self) -> None:
        sheet = (self.folder / "reports" / "admin-steps.md").read_text(encoding="utf-8")
        fields: dict[str, list[Any]] = {}
        for stream, label, kind, choices in _STEP.findall(sheet):
            row = {
                "label": label,
                "type": _TYPES.get(kind, kind),
                "choices": choices.split(" | ") if choices else [],
            }
            fields.setdefault(stream, []).append(row)
        assert fields, sheet
        self.second.admin("fields", fields)

    def rolled_back(self) -> Any:
        """Preview, confirm, take everything back."""
        foreseen = self.run("rollback", "--preview")
        return self.run("rollback", "--confirm", foreseen["confirm"])
