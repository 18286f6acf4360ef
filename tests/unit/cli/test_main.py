"""The frame of the command line: flags, errors, interrupts, pipes, help and completion."""

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from sample_results import STATUS
from wherry.entrypoints.cli.faults import frames
from wherry.entrypoints.cli.interrupt import stopping_on_ctrl_c
from wherry.model import errors
from wherry.model.errors import Interrupted, StalePlan, WherryError

ERROR_SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "error.json"
HEAVY = ("pydantic", "rich", "sqlalchemy", "duckdb", "httpx2", "starlette", "wherry.app", "orjson")

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WherryError)]


def started(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from wherry.entrypoints.cli.main import main; main(sys.argv[1:])"
    env = {**os.environ, **environ}
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=env, timeout=60, check=False
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_error_of_ours_becomes_a_block_and_a_document(wherry, replace_verb, kind):
    takes_reason = "reason" in inspect.signature(kind.__init__).parameters
    error = kind("it is so", hint="do that", **({"reason": "gone"} if takes_reason else {}))
    replace_verb("load", error)
    ran = wherry("load")
    assert (ran.code, ran.out) == (kind.exit_code, "")
    assert ran.err.splitlines() == [f"error[{kind.code}]: it is so", "hint: do that"]
    ran = wherry("load", "--json")
    document = json.loads(ran.out)
    jsonschema.validate(document, json.loads(ERROR_SCHEMA.read_text()))
    assert document["error"]["code"] == kind.code
    assert ran.code == kind.exit_code
    assert not ran.err


def test_details_stand_between_message_and_hint(wherry, replace_verb):
    replace_verb("load", StalePlan("changed", hint="plan again", details=["patients/7: changed", "x"]))
    lines = wherry("load").err.splitlines()
    assert lines == ["error[stale_plan]: changed", "  patients/7: changed", "  x", "hint: plan again"]


@pytest.mark.parametrize("flag", ["--verbose", "--quiet"])
def test_an_unexpected_fault_shows_no_words_of_others(wherry, replace_verb, flag):
    fault = KeyError("Ana Patient")
    fault.__cause__ = ValueError("020 7946 0018")
    replace_verb("load", fault)
    ran = wherry("load", flag)
    assert ran.code == 1
    assert "error[unexpected]: KeyError in " in ran.err
    assert "Ana" not in ran.err
    assert "7946" not in ran.err
    assert ("builtins.ValueError" in ran.err) is (flag == "--verbose")
    assert len(ran.err.splitlines()) == 2 or flag == "--verbose"


def test_frames_of_a_circle_of_causes_end():
    one, two = ValueError(), TypeError()
    one.__cause__, two.__cause__ = two, one
    assert frames(one).count("\n") == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted("stopped at a batch border", hint="x")])
def test_an_interrupt_exits_130_and_says_how_to_go_on(wherry, replace_verb, error):
    replace_verb("load", error)
    ran = wherry("load")
    assert ran.code == 130
    assert "error[interrupted]" in ran.err
    assert "hint: " in ran.err


def test_the_first_ctrl_c_asks_and_the_second_ends(capsys):
    asked = []
    before = signal.getsignal(signal.SIGINT)
    with stopping_on_ctrl_c(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGINT)
        assert asked == [1]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert asked == [1]
    assert signal.getsignal(signal.SIGINT) is before
    assert "next batch border" in capsys.readouterr().err


def test_a_run_is_stopped_by_asking_it(wherry, replace_verb):
    def pressed() -> object:
        signal.raise_signal(signal.SIGINT)
        return STATUS

    verbs = replace_verb("load", pressed)
    wherry("load")
    assert verbs.stopped == 1


@pytest.mark.parametrize(
    "words", ["--json -C here load", "load --json -C here", "-C there load -C here --json"]
)
def test_shared_flags_stand_before_or_after_the_verb(wherry, replace_verb, words):
    verbs = replace_verb("load", STATUS)
    ran = wherry(*words.split())
    assert json.loads(ran.out)["schema"] == "wherry/status/1"
    assert verbs.opened == [Path("here")]


def test_without_a_verb_the_help_is_shown_and_it_is_a_usage_error(wherry):
    ran = wherry()
    assert ran.code == 2
    assert "Verbs, in the order you use them" in ran.err


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom wherry.entrypoints.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit as e: assert e.code == 0\n"
        f"print([m for m in sys.modules if m in {HEAVY!r}], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stderr == "[]\n"
    assert "Verbs, in the order you use them" in ran.stdout


def test_the_version_is_the_package_s(wherry):
    from importlib.metadata import version

    ran = wherry("--version")
    assert (ran.code, ran.out) == (0, f"wherry {version('wherry')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(wherry, shell):
    ran = wherry("completion", shell)
    assert ran.code == 0
    assert f"_WHERRY_COMPLETE={shell}_complete" in ran.out


def test_completion_knows_the_verbs():
    ran = started(COMP_WORDS="wherry re", COMP_CWORD="1", _WHERRY_COMPLETE="bash_complete")
    assert ran.stdout.split() == ["plain,rehearse", "plain,reconcile", "plain,retry", "plain,report"]


def test_a_reader_that_has_enough_is_no_error():
    code = "from wherry.entrypoints.cli.main import main; main(['--help'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


def test_a_result_that_nobody_reads_keeps_its_exit_code(replace_verb, monkeypatch):
    import click

    from wherry.entrypoints.cli import face as face_module

    class Closed:
        def isatty(self) -> bool:
            return False

        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            """Nothing was kept."""

    abandoned = []
    monkeypatch.setattr(face_module, "abandon_stdout", lambda: abandoned.append(1))
    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises(click.exceptions.Exit) as caught:
        face_module.Face(face_module.Flags(json=True)).end(STATUS, lambda _screen, _result: None)
    assert caught.value.exit_code == 0
    assert abandoned == [1]


def test_an_object_goes_to_one_place(wherry, tmp_path):
    for name in ("c.csv", "t.csv"):
        (tmp_path / name).touch()
    files = [str(tmp_path / "c.csv"), str(tmp_path / "t.csv")]
    ran = wherry("match", *files, "--object", "pat=contact", "--object", "pat=deal")
    assert ran.code == 2
    assert "pat goes to contact or to deal, not to both" in ran.err
