"""The tutorial does what it says: its commands are run as they stand, and its output is what they print."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest

from source_reading import ROOT
from wherry.entrypoints.cli.catalogue import VERBS
from wherry.entrypoints.cli.main import cli

PAGE = ROOT / "docs" / "tutorial" / "first-migration.md"
PORT = "8765"  # as the page has it; the test takes a free one
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 900  # a minute and a half where nothing else runs

pytestmark = pytest.mark.timeout(SECONDS + 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Commands of the page, the exit code they end with, and lines that their output holds."""

    text: str
    info: str = ""
    exit_code: int = 0
    shown: tuple[str, ...] = ()


def blocks(page: str) -> list[Block]:
    """Return the page's commands, each with the output that follows it."""
    found: list[Block] = []
    for language, info, text in FENCE.findall(page):
        if language == "sh":
            code = re.search(r"exit=(\d+)", info)
            found.append(Block(text=text, info=info.strip(), exit_code=int(code[1]) if code else 0))
        elif language == "text":
            lines = tuple(line for line in text.splitlines() if line.strip())
            found[-1] = replace(found[-1], shown=found[-1].shown + lines)
    return found


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


@contextmanager
def emulator(command: str, folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Run the second terminal's command; yield its first line."""
    words = shlex.split(command.replace("\\\n", " "))
    log = folder / "emulator.log"
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=folder, env=environ, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 30
        while "ready" not in log.read_text() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        yield log.read_text()
    finally:
        process.terminate()
        process.wait(timeout=20)


MARK = "--- end of block"


def script_of(commands: list[Block]) -> str:
    """Return one script for one shell, which says after each block that it ended, and how."""
    return "".join(f'{block.text}\nprintf "\\n{MARK} %d %d\\n" {n} $?\n' for n, block in enumerate(commands))


def run_all(commands: list[Block], folder: Path, environ: dict[str, str]) -> list[tuple[str, int]]:
    """Run the blocks one after another in one shell; return what each printed and its exit code."""
    done = subprocess.run(
        ["bash", "-c", script_of(commands)],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    parts = re.split(rf"\n{MARK} \d+ (\d+)\n", done.stdout)
    return list(zip(parts[0::2], map(int, parts[1::2]), strict=False))


def project_copy(folder: Path) -> Path:
    """Return a folder that looks like the project to somebody who reads the page."""
    (folder / "examples").mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "clinic", folder / "examples" / "clinic")
    return folder


def test_every_command_of_the_tutorial_shows_what_the_page_shows(tmp_path: Path) -> None:
    here, port = project_copy(tmp_path / "project"), free_port()
    page = blocks(PAGE.read_text(encoding="utf-8").replace(PORT, port))
    (second,) = [block for block in page if block.info == "emulator"]
    first = [block for block in page if block.info != "emulator"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WHERRY_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    shutil.copy(here / "examples" / "clinic" / "seed-destination.json", here)

    with emulator(second.text, here, environ) as said:
        results = [(said, 0), *run_all(first, here, environ)]

    wrong = [
        line
        for block, result in zip([second, *first], results, strict=True)
        for line in amiss(block, *result)
    ]
    assert not wrong, "\n\n".join(wrong)


def amiss(block: Block, output: str, code: int) -> Iterator[str]:
    """Yield what the page says of this block and the block did not do."""
    context = f"\n$ {block.text}{output}"
    printed = plain(output)
    if code != block.exit_code:
        yield f"ended with {code}, not {block.exit_code}{context}"
    for line in block.shown:
        if plain(line) not in printed:
            yield f"the page shows {line!r}{context}"
    if "Traceback" in output:
        yield f"a traceback{context}"


def test_the_page_shows_output_for_every_verb_that_writes() -> None:
    shown = {
        word
        for block in blocks(PAGE.read_text(encoding="utf-8"))
        if block.shown
        for word in re.findall(r"wherry (\w+)", block.text)
    }
    assert {
        "doctor",
        "discover",
        "propose",
        "plan",
        "approve",
        "prepare",
        "sample",
        "load",
        "reconcile",
        "rollback",
    } <= shown


def test_the_readme_names_the_verbs_that_are_not_built_and_the_tests_that_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^- \*\*Verbs\*\*.*exit 2: (.*)$", text, re.MULTILINE)
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in VERBS}
    unbuilt = {
        name for name, command in commands.items() if command and "Not built yet" in (command.help or "")
    }
    assert set(re.findall(r"`(\w+)`", line)) == unbuilt
    named = re.findall(r"`(tests/[\w/.]+)`", text)
    assert len(named) > 9
    assert [path for path in named if not (ROOT / path).exists()] == []
