"""The whole job as processes: every command's one document, five kills, Ctrl-C, and the way back twice."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clinic_journey import QUICK, SEED_FILE, SETTINGS, UNLOCKED, make_bundle, marks, slim, state_of

WHERRY = str(Path(sys.executable).with_name("wherry"))
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
WRITES = {"method": "POST|PUT", "path": "^/(contacts|sales_accounts|tasks|appointments|notes)"}
SECONDS = 120

pytestmark = pytest.mark.timeout(280)


class Line:
    """A command line in one workspace; the key is in the environment, as people have it."""

    def __init__(self, directory: Path, emulator: Any) -> None:
        self.directory, self.emulator = directory, emulator
        self.env = {**os.environ, "WHERRY_DESTINATION__API_KEY": "emulator-key"}
        self.ended: dict[str, Any] = {}

    def start(self, *words: str) -> "subprocess.Popen[str]":
        command = [WHERRY, "--project-dir", str(self.directory), "--json", "--non-interactive", *words]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env
        )

    def run(self, *words: str, code: int = 0) -> Any:
        """Run a command to its end; its standard output is one document that fits its published schema."""
        process = self.start(*words)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, (words, out, err)
        document = json.loads(out)
        fits(document)
        self.ended[" ".join(words[:2])] = document
        return document


def fits(document: Any) -> None:
    name = document["schema"].split("/")[1]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)


@pytest.fixture(scope="module")
def line(module_emulator_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A workspace whose plan is approved and whose destination is prepared."""
    folder = tmp_path_factory.mktemp("main_job")
    make_bundle(folder / "clinic")
    bundle = slim(folder / "clinic" / "bundle", folder / "bundle")
    emulator = module_emulator_factory("--seed-file", str(SEED_FILE), *QUICK)
    line = Line(folder / "ws", emulator)
    process = subprocess.run(
        [WHERRY, "--json", "init", str(line.directory)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    fits(json.loads(process.stdout))
    text = SETTINGS.format(
        bundle=bundle, url=emulator.url, plan="enterprise", policy="", engine="", settle=0.5
    )
    (line.directory / "wherry.toml").write_text(text, encoding="utf-8")
    line.run("doctor")
    line.run("discover")
    line.run("propose")
    digest = line.run("plan")["digest"]
    unlock = [word for name in UNLOCKED for word in ("--unlock", name)]
    runs = [word for name in ("prepare", "sample", "load") for word in ("--for", name)]
    line.run(
        "approve",
        digest[:12],
        "--by",
        "Maria",
        *runs,
        *unlock,
        "--purpose",
        "care",
        "--basis",
        "Art. 9(2)(h)",
    )
    line.run("prepare")
    return line


def created(document: Any) -> dict[str, int]:
    """Records of each stream that are there at the end of a run, however they came there."""
    return {n: s["created"] + s["updated"] + s["unchanged"] for n, s in document["streams"].items()}


def explained(document: Any) -> bool:
    return all(stream["unexplained"] == 0 for stream in document["streams"].values())


def take_back(line: Line) -> Any:
    preview = line.run("rollback", "--preview")
    return line.run("rollback", "--confirm", preview["confirm"][:12])


def test_the_whole_job_with_five_kills_and_back_again(line: Line) -> None:
    before = state_of(line.emulator)
    sample = line.run("sample", "--size", "10")
    assert sample["diff"]["different"] == 0
    assert sample["diff"]["equal"] > 100

    chance = random.Random(20261005)
    line.emulator.admin("faults", [{"kind": "slow", "ms": 500, "match": WRITES}])
    kills = 0
    for _ in range(12):
        process = line.start("load")
        try:
            process.wait(chance.uniform(1.5, 5.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=SECONDS)
        if kills == 5 or process.returncode == 0:
            break
    assert kills == 5
    line.emulator.admin("faults", [])
    load = line.run("load")
    assert load["state"] == "finished"
    assert explained(load)
    found = marks(line.emulator)
    assert set(found.values()) == {1}
    assert len(found) > 100
    assert line.run("reconcile")["ok"] is True
    verified = line.run("audit", "verify")
    assert verified["ok"]
    assert verified["entries"] > len(found)
    assert line.run("status")["run"] == load["run"]

    back = take_back(line)
    assert back["ok"]
    assert marks(line.emulator) == {}
    again = take_back(line)
    assert again["buckets"]["reverted"] == 0
    assert again["ok"]
    assert line.run("audit", "verify")["ok"]

    second = line.run("load")
    assert created(second) == created(load)
    assert set(marks(line.emulator).values()) == {1}
    assert marks(line.emulator) == found
    take_back(line)
    left = state_of(line.emulator)
    assert _without_unassigned(left) == _without_unassigned(before)


def _without_unassigned(state: Any) -> Any:
    """Prepare makes that account, and rollback takes it back with the rest."""
    accounts = {id_: one for id_, one in state["sales_accounts"].items() if one["name"] != "Unassigned"}
    return {**state, "sales_accounts": accounts}


def test_ctrl_c_ends_at_a_border_says_how_to_go_on_and_loses_nothing(line: Line) -> None:
    line.emulator.admin("faults", [{"kind": "slow", "ms": 150, "match": WRITES}])
    process = line.start("load")
    _wait_for_writes(line, 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    line.emulator.admin("faults", [])
    assert process.returncode == 130, (out, err)
    document = json.loads(out)
    fits(document)
    assert document["error"]["code"] == "interrupted"
    assert "again" in document["error"]["hint"]
    status = line.run("status")
    assert status["state"] == "interrupted"
    assert explained(status)
    assert line.run("load")["run"] == status["run"]
    assert set(marks(line.emulator).values()) == {1}
    assert take_back(line)["ok"]
    assert marks(line.emulator) == {}


def _wait_for_writes(line: Line, writes: int) -> None:
    line.emulator.admin("reset-calls", {})
    until = time.monotonic() + 60
    while time.monotonic() < until:
        routes = line.emulator.admin("calls")["by_route"]
        if (
            sum(n for route, n in routes.items() if re.match(r"POST /(contacts|tasks|notes)", route))
            >= writes
        ):
            return
        time.sleep(0.1)
    raise AssertionError("the load wrote nothing")


def test_what_cannot_be_done_is_one_document_too(line: Line) -> None:
    error = line.run("approve", "ffffffffffff", "--by", "Maria", "--for", "load", code=2)["error"]
    assert error["hint"]
    assert line.run("rollback", "--confirm", "000000000000", code=5)["error"]["code"] == "approval_missing"
    assert line.run("status", "--run", "r999", code=2)["error"]["code"] == "usage_invalid"
