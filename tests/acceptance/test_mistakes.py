"""What a new user gets wrong: one clear error that says what to do, the right exit code, no traceback, no value."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from wherry.entrypoints.cli.main import main

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
PASSWORD = "riverside-demo"
TOML = """\
[source]
bundle = "{bundle}"

[destination]
base_url = "{url}"
plan = "enterprise"
calls_per_hour = 2000000
calls_per_minute = 600000

[policy]
fallback_owner = "ops@riverside.example.com"

[engine]
settle_wait_seconds = 1
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    said: str
    printed: str


@dataclass(slots=True)
class World:
    """A workspace that has been planned, and a way to break one thing in it at a time."""

    root: Path
    capture: Any = None
    undo: list[tuple[Path, bytes]] = field(default_factory=list)

    def wherry(self, *words: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(["-C", str(self.root), "--non-interactive", *words])
        printed, said = self.capture.readouterr()
        return Answer(int(ended.value.code or 0), said, printed)

    def change(self, name: str, before: str, after: str) -> None:
        path = self.root / name
        old = path.read_text(encoding="utf-8")
        assert before in old, f"{name} holds no {before!r}"
        self.write(name, old.replace(before, after, 1))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        self.undo.append((path, path.read_bytes() if path.exists() else b""))
        path.write_text(text, encoding="utf-8")

    @property
    def digest(self) -> str:
        digest: str = json.loads((self.root / ".wherry" / "plan.json").read_text())["digest"]
        return digest[:12]


@pytest.fixture(scope="module")
def planned(module_emulator_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    quick = ("--switch", "rate.limit_hour=2000000", "--switch", "rate.limit_min=600000")
    emulator = module_emulator_factory("--seed-file", str(CLINIC / "seed-destination.json"), *quick)
    root = tmp_path_factory.mktemp("mistakes") / "ws"
    with pytest.MonkeyPatch.context() as patch:
        secrets(patch)
        run("init", str(root))
        (root / "wherry.toml").write_text(TOML.format(bundle=CLINIC / "clinic.zip", url=emulator.url))
        for verb in ("discover", "propose", "plan"):
            run("-C", str(root), "--quiet", verb)
    return root


def run(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert not ended.value.code, words


def secrets(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
    patch.setenv("WHERRY_SOURCE__PASSWORD", PASSWORD)


@pytest.fixture
def world(
    planned: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[World]:
    secrets(monkeypatch)
    world = World(planned, capfd)
    yield world
    for path, content in reversed(world.undo):
        if content:
            path.write_bytes(content)
        else:
            path.unlink()


@pytest.fixture(scope="module")
def personal() -> frozenset[str]:
    """Values of the export that no message may hold: names, addresses, numbers."""
    with zipfile.ZipFile(CLINIC / "clinic.zip") as bundle:
        text = bundle.read("patients.csv", pwd=PASSWORD.encode()).decode("utf-8-sig")
    columns = ("lastName", "email", "mobile", "address1", "dateOfBirth")
    found = {row[name].strip() for row in csv.DictReader(io.StringIO(text)) for name in columns}
    return frozenset(value for value in found if len(value) > 6)


def clear(answer: Answer, code: int, *words: str, personal: frozenset[str] = frozenset()) -> None:
    said = answer.said + answer.printed
    assert answer.code == code, said
    assert "Traceback" not in said
    assert "error[unexpected]" not in said
    for word in words:
        assert word in said, f"{word!r} is not in:\n{said}"
    if answer.said.startswith("error"):
        assert answer.said.count("error[") == 1
        assert re.search(r"^hint: \S", answer.said, re.MULTILINE), f"no remedy in:\n{answer.said}"
    assert not {value for value in personal if value in said}


ENVIRONMENT = {
    "no password": ("discover", "SOURCE__PASSWORD", "", 3, ("protected by a password", "WHERRY_SOURCE__PASSWORD")),
    "wrong password": ("discover", "SOURCE__PASSWORD", "nope", 3, ("password is wrong",)),
    "no key": ("discover", "DESTINATION__API_KEY", "", 2, ("api_key is not set", "WHERRY_DESTINATION__API_KEY")),
    "wrong key": ("discover", "DESTINATION__API_KEY", "wrong", 3, ("401", "API Settings")),
    "wrong key, doctor": ("doctor", "DESTINATION__API_KEY", "wrong", 3, ("fail", "401", "API Settings")),
    "no address": ("doctor", "DESTINATION__BASE_URL", "acme", 2, ("WHERRY_DESTINATION__BASE_URL", "https://")),
    "no export": ("discover", "SOURCE__BUNDLE", "gone.zip", 3, ("gone.zip", "[source] bundle")),
    "no such variable": ("doctor", "ENGINE__WORKER", "3", 2, ("WHERRY_ENGINE__WORKERS",)),
}  # fmt: skip


@pytest.mark.parametrize("case", ENVIRONMENT)
def test_wrong_in_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch, personal: frozenset[str], case: str
) -> None:
    verb, name, value, code, words = ENVIRONMENT[case]
    monkeypatch.setenv(f"WHERRY_{name}", value)
    clear(world.wherry(verb), code, *words, personal=personal)


def test_a_server_that_is_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherry.app.workspace.SystemClock.sleep", lambda *_: None)
    monkeypatch.setenv("WHERRY_DESTINATION__BASE_URL", "http://127.0.0.1:1/crm/sales")
    answer = world.wherry("discover")
    clear(answer, 1, "cannot be reached", "[destination] base_url", "ConnectError")
    assert "stamina" not in answer.said


def test_an_address_without_an_account(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    url = re.search(r'base_url = "(.*?)/crm', (world.root / "wherry.toml").read_text())
    assert url
    monkeypatch.setenv("WHERRY_DESTINATION__BASE_URL", f"{url[1]}/elsewhere")
    clear(world.wherry("doctor"), 3, "404", "[destination] base_url")


SETTINGS = {
    "typo": ("fallback_owner", "fallback_ownr", ("wherry.toml:11", "did you mean fallback_owner?")),
    "typo in a section": ("[engine]", "[engines]", ("[engines]", "did you mean engine?")),
    "no such plan": ('"enterprise"', '"gold"', ("wherry.toml:6", "'enterprise'")),
    "no quotes": ('"enterprise"', "enterprise", ("line 6", "quotes")),
    "left out": ('plan = "enterprise"\n', "", ("[destination] plan is missing",)),
    "only for all files": (
        "[destination]",
        '[source.files."patients.csv"]\ndelimiter = ";"\n\n[destination]',
        ("delimiter is not carried out",),
    ),
    "a secret": ("[policy]", '[policy]\napi_key = "s3cret"', ("secret", "WHERRY_DESTINATION__API_KEY")),
    "no number": ("2000000", '"many"', ("calls_per_hour",)),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_wrong_in_the_settings(world: World, case: str) -> None:
    before, after, words = SETTINGS[case]
    world.change("wherry.toml", before, after)
    answer = world.wherry("doctor")
    clear(answer, 2, *words)
    assert "s3cret" not in answer.said


@pytest.mark.parametrize(
    ("line", "words"), [("", "is not set"), ('fallback_owner = "x@y.example"', "no active user")]
)
def test_no_fallback_owner(world: World, line: str, words: str) -> None:
    world.change("wherry.toml", 'fallback_owner = "ops@riverside.example.com"', line)
    clear(
        world.wherry("plan"),
        2,
        "[policy] fallback_owner",
        words,
        "name the e-mail of an active Freshsales user",
    )
    clear(world.wherry("doctor"), 3, "fallback owner")


PATIENTS, ADOPTIONS = "mapping/01_patients.yaml", "mapping/adoptions.yaml"
MAPPINGS = {
    "broken": (PATIENTS, "from: firstName, ", "from: {firstName, ", ("01_patients.yaml, line", "not valid YAML")),
    "no such column": (PATIENTS, "from: firstName", "from: firstNam", ("01_patients.yaml, line", "did you mean firstName")),
    "no such field": (PATIENTS, "to: last_name", "to: last_nme", ("01_patients.yaml, line", "did you mean last_name")),
    "no such function": (PATIENTS, "phone_e164", "phone_e16", ("01_patients.yaml, line", "did you mean phone_e164")),
    "no such condition": (PATIENTS, "when: booked", "when: bookd", ("01_patients.yaml, line", "never_booked")),
    "no such key": (PATIENTS, "rules:", "rulez:", ("01_patients.yaml, line", "did you mean rules")),
    "no such decision": (ADOPTIONS, "decision: undecided", "decision: adoptt", ("entry 1 of contacts", "separate")),
    "nobody to adopt": (ADOPTIONS, "id: 31000700001", "x: 1", ("entry 1 of contacts",)),
    "no such section": (ADOPTIONS, "contacts:", "contact:", ("contacts, leads and accounts",)),
}  # fmt: skip


@pytest.mark.parametrize("case", MAPPINGS)
def test_wrong_in_a_mapping_file(world: World, personal: frozenset[str], case: str) -> None:
    name, before, after, words = MAPPINGS[case]
    world.change(name, before, after)
    if case == "nobody to adopt":
        world.change(name, "decision: undecided", "decision: adopt")
    clear(world.wherry("plan"), 2, *words, personal=personal)


def test_a_list_in_the_place_of_the_decisions(world: World) -> None:
    world.write(ADOPTIONS, "- a\n")
    clear(world.wherry("plan"), 2, "adoptions.yaml", "wherry propose")


@pytest.mark.parametrize(
    ("before", "after"), [("id: 31000700001", "id: 999"), ('patient: "64"', 'patient: "6400"')]
)
def test_a_decision_about_nothing_is_a_warning(world: World, before: str, after: str) -> None:
    plan = (world.root / ".wherry" / "plan.json").read_bytes()
    world.undo.append((world.root / ".wherry" / "plan.json", plan))
    world.change(ADOPTIONS, before, after)
    world.change(ADOPTIONS, "decision: undecided", "decision: adopt")
    clear(world.wherry("plan"), 0, "warning: mapping/adoptions.yaml")


def test_approvals_that_are_none(world: World) -> None:
    by = ("--by", "Maria Murphy")
    clear(world.wherry("approve", world.digest[:4], *by, "--for", "load"), 2, "12 characters")
    clear(world.wherry("approve", f"x{world.digest}", *by, "--for", "load"), 2, "wherry plan")
    clear(world.wherry("approve", world.digest, *by, "--for", "laod"), 2, "prepare, sample, load")
    clear(world.wherry("approve", world.digest, "--for", "load"), 2, "--by")
    clear(world.wherry("approve", world.digest, *by), 2, "--unlock")
    clear(world.wherry("approve", world.digest, *by, "--unlock", "clinicl"), 2, "clinical")
    clear(world.wherry("approve", world.digest, *by, "--unlock", "clinical"), 2, "--purpose", "--basis")
    clear(world.wherry("aprove"), 2, "did you mean approve?")


def test_out_of_order(world: World, personal: frozenset[str]) -> None:
    clear(world.wherry("load"), 5, "nobody has approved", f"wherry approve {world.digest}")
    clear(world.wherry("reconcile"), 2, "nothing to reconcile")
    clear(world.wherry("reconcile", "--run", "r99"), 2, "r99 is no run that loads")
    clear(world.wherry("audit", "show", "--run", "r99"), 2, "there is no run r99")
    clear(world.wherry("rollback", "--preview"), 2, "nothing to take back")
    clear(world.wherry("rollback"), 2, "nothing to take back")
    clear(world.wherry("approve", world.digest, "--by", "M", "--for", "prepare,load"), 0)
    clear(world.wherry("load"), 3, "wherry prepare", personal=personal)
    clear(world.wherry("sample"), 5, "approved so far for: load, prepare")
    world.change("wherry.toml", "[policy]", '[policy]\narchived = "skip"')
    clear(world.wherry("load"), 5, "archived", "wherry plan")


def test_before_anything(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nowhere = World(tmp_path / "nowhere", capfd)
    clear(nowhere.wherry("doctor"), 2, "is no workspace", "wherry init")
    fresh = World(tmp_path / "fresh", capfd)
    run("init", str(fresh.root))
    clear(fresh.wherry("doctor"), 2, "base_url is still the example")
    (fresh.root / "wherry.toml").write_text(TOML.format(bundle="x.zip", url="http://127.0.0.1:1/crm/sales"))
    for verb, remedy in (("propose", "discover"), ("plan", "discover"), ("load", "plan"), ("retry", "plan")):
        clear(fresh.wherry(verb), 2, f"hint: wherry {remedy}")
    clear(fresh.wherry("status"), 0, "no run yet")


def test_a_file_of_keys_without_keys(world: World, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("\n")
    clear(world.wherry("approve", world.digest, "--by", "M", "--for", "sample"), 0)
    clear(world.wherry("sample", "--keys", str(keys)), 2, "one patient id a line")


def test_a_verb_that_is_not_built_names_another() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wherry", "serve"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "not built yet" in done.stderr
