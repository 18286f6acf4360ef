"""A clinic's API in a process of its own, its clock and ours scaled alike, for tests of the live source."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from wherry.connectors.aerona import connector
from wherry.model.opening import Opening
from wherry.privacy import AesSealer, DataKey

SCALE = 1000  # emulated seconds per real second
START = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
SEALER = AesSealer(DataKey(b"k" * 32))  # the same in every process
SECRETS = {"username": "emulator", "password": "emulator"}


@dataclass(slots=True)
class ScaledClock:
    """The emulator's clock, on our side."""

    scale: float = SCALE
    start: datetime = START
    origin: float = field(default_factory=time.monotonic)
    slept: float = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.monotonic() - self.origin) * self.scale)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        time.sleep(seconds / self.scale)


@dataclass(slots=True)
class LiveClinic:
    """The running emulator; `url` is what [source] base_url wants."""

    process: subprocess.Popen[str]
    url: str

    def admin(self, path: str, body: Any = None) -> Any:
        root = self.url.split("/", 3)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{root[0]}//{root[2]}/_emulator/{path}", data=data)
        with urllib.request.urlopen(request, timeout=10) as reply:
            text = reply.read().decode()
            return json.loads(text) if reply.headers.get_content_type() == "application/json" else text

    def figures(self) -> Any:
        return self.admin("figures")


@contextmanager
def live_clinic(
    bundle: Path, *args: str, scale: float = SCALE, start: datetime = START, patience: float = 30
) -> Iterator[LiveClinic]:
    """Start `wherry-emulator aerona` on a free port, waiting so many seconds for it, and end it."""
    clock = ("--clock-scale", str(scale), "--clock-start", f"{start:%Y-%m-%dT%H:%M:%S}", "--zone", "UTC")
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("wherry-emulator")), "aerona", "--port", "0"),
            *("--bundle", str(bundle), *clock, *args),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    try:
        with DefaultSelector() as waiting:
            waiting.register(process.stdout, EVENT_READ)
            line = process.stdout.readline() if waiting.select(patience) else ""
        assert line.startswith("ready "), line
        yield LiveClinic(process, line.split()[1])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def open_live(url: str, folder: Path, clock: ScaledClock | None = None, **settings: Any) -> Any:
    """Open the API as the workspace in that folder would."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets = settings.pop("secrets", SECRETS)
    return connector(
        Opening(
            settings={"base_url": url, **settings},
            root=folder,
            state=folder,
            clock=clock or ScaledClock(),
            secret=secrets.get,
            sealer=lambda: SEALER,
        )
    )
