"""Emulators as real processes for every kind of test."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO, Any

import pytest

LOGGERS = ("wherry", "wherry_emulators")
START_SECONDS = 30
STOP_SECONDS = 10


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    """Undo what a command line did to our loggers, in a test or in a fixture that outlives one."""
    _plain_loggers()
    yield
    _plain_loggers()


def _plain_loggers() -> None:
    for logger in map(logging.getLogger, LOGGERS):
        logger.handlers[:], logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


@dataclass(slots=True)
class RunningEmulator:
    """One `wherry-emulator` process. `url` ends with /crm/sales; the API is below `url` + /api."""

    process: subprocess.Popen[str]
    url: str
    errors: IO[str]
    api_key: str = "emulator-key"

    @property
    def root(self) -> str:
        return self.url.removesuffix("/crm/sales")

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    def admin(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Call an admin route: GET, or POST with a body (PUT for faults and switches); gives its JSON or text."""
        put = path.strip("/") in {"faults", "switches"}
        verb = method or ("GET" if body is None else "PUT" if put else "POST")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.root}/_emulator/{path.strip('/')}", data=data, method=verb)
        with urllib.request.urlopen(request, timeout=STOP_SECONDS) as reply:
            text = reply.read().decode()
            return json.loads(text) if reply.headers.get_content_type() == "application/json" else text

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Call the API below /api with the key; gives the status and the JSON, or the text if it is not JSON."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api_url}{path}", data=data, method=method)
        request.add_header("Authorization", headers.pop("authorization", f"Token token={self.api_key}"))
        request.add_header("Content-Type", headers.pop("content_type", "application/json"))
        try:
            with urllib.request.urlopen(request, timeout=STOP_SECONDS) as reply:
                return reply.status, _parsed(reply.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, _parsed(refusal.read())

    def stop(self) -> int:
        """End the process with SIGTERM and give its exit code."""
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(STOP_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        self.errors.close()
        return code


Factory = Callable[..., RunningEmulator]


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def command() -> list[str]:
    """The console script of this environment."""
    return [str(Path(sys.executable).with_name("wherry-emulator"))]


def _start(args: tuple[str, ...], env: dict[str, str]) -> RunningEmulator:
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the emulator is stopped
    process = subprocess.Popen(
        [*command(), "freshsales", "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, **env},
    )
    assert process.stdout is not None
    with DefaultSelector() as waiting:
        waiting.register(process.stdout, EVENT_READ)
        line = process.stdout.readline() if waiting.select(START_SECONDS) else ""
    if not line.startswith("ready "):
        process.kill()
        process.communicate(timeout=STOP_SECONDS)
        errors.seek(0)
        with errors:
            raise RuntimeError(f"the emulator did not start: {line}{errors.read()}")
    keys = [value for flag, value in pairwise(args) if flag == "--api-key"]
    return RunningEmulator(process, line.split()[1], errors, (keys or ["emulator-key"])[0].partition("=")[0])


def _factory() -> Iterator[Factory]:
    started: list[RunningEmulator] = []

    def start(*args: str, **env: str) -> RunningEmulator:
        started.append(_start(args, env))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def emulator_factory() -> Iterator[Factory]:
    """Start `wherry-emulator freshsales ARGS` on a free port; every one ends with the test."""
    yield from _factory()


@pytest.fixture(scope="module")
def module_emulator_factory() -> Iterator[Factory]:
    """The same, for processes that all tests of a module share."""
    yield from _factory()
