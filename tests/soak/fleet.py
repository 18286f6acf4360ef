"""Processes of one migration, started again when they are killed, as a supervisor does."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clinic_journey import Journey

WHERRY = [str(Path(sys.executable).with_name("wherry"))]
CARELESS = [sys.executable, str(Path(__file__).with_name("careless.py"))]
HASTY = [sys.executable, str(Path(__file__).with_name("hasty.py"))]
AGAIN = {1, 130, -signal.SIGKILL, -signal.SIGTERM}  # what a supervisor starts again


@dataclass(slots=True)
class Fleet:
    """A coordinator, which is index 0, and workers; each is started again whenever it ends badly."""

    way: Journey
    workers: int = 0
    program: Sequence[str] = tuple(WHERRY)
    seed: int = 7
    ends: frozenset[int] = frozenset({0})  # exit codes with which a load may be over
    more: Sequence[str] = ()  # options of the load
    folders: Mapping[int, Path] = field(default_factory=dict)  # of those that work elsewhere, by index
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: int = 0
    starts: int = 0

    def start(self, index: int) -> subprocess.Popen[bytes]:
        verb = "load" if index == 0 else "worker"
        stands_by = ("--stand-by",) if self.workers else self.more  # a worker may have been quicker
        more = stands_by if index == 0 else ()
        self.starts += 1
        log = (self.way.directory / f"{verb}-{index}.log").open("ab")
        with log:
            return subprocess.Popen(
                [
                    *self.program,
                    "-C",
                    str(self.folders.get(index, self.way.directory)),
                    verb,
                    *more,
                    "--quiet",
                    "--json",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "WHERRY_DESTINATION__API_KEY": "emulator-key"},
            )

    @contextlib.contextmanager
    def running(self) -> Iterator["Fleet"]:
        self.processes = [self.start(index) for index in range(1 + self.workers)]
        try:
            yield self
        finally:
            for process in self.processes:
                process.kill()
                process.wait(20)

    def tend(self) -> bool:
        """Start again what ended badly; whether the coordinator is done."""
        code = self.processes[0].poll()
        if code is not None and code not in AGAIN:
            assert code in self.ends, self.logs()
            return True
        for index, process in enumerate(self.processes):
            ended = process.poll()
            if ended is not None and (index == 0 or ended in {*AGAIN, 0}):
                self.processes[index] = self.start(index)
        return False

    def strike(self, kills: int, seconds: float, blow: Callable[["Fleet", int], None] | None = None) -> None:
        """Kill a random process after every few writes until so many are killed, then let the load end."""
        chance = random.Random(self.seed)
        until = time.monotonic() + seconds
        target = self.writes() + chance.randint(3, 12)
        while not self.tend():
            assert time.monotonic() < until, f"{self.kills} kills, {self.starts} starts\n{self.logs()}"
            if self.kills < kills and self.writes() >= target:
                (blow or Fleet.kill)(self, chance.randrange(len(self.processes)))
                target = self.writes() + chance.randint(3, 12)
            time.sleep(0.02)

    def kill(self, index: int) -> None:
        if self.processes[index].poll() is None:
            self.processes[index].kill()
            self.processes[index].wait(20)
            self.kills += 1

    def freeze(self, index: int) -> None:
        """Stop a process for longer than its lease, then let it go on."""
        process = self.processes[index]
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            until = time.monotonic() + 3.5
            while time.monotonic() < until:
                time.sleep(0.1)
            process.send_signal(signal.SIGCONT)
            self.kills += 1

    def writes(self) -> int:
        """How many records there are."""
        return sum(self.way.emulator.admin("health")["records"].values())

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.way.directory.glob("*.log"))
        )


def assert_whole(way: Journey, *, lost: int = 0) -> None:
    """Nothing lost, nothing doubled, nothing unexplained, the ledger whole."""
    way.assert_once()
    assert way.unexplained() == 0
    with way.open() as workspace:
        run = workspace.ledger.runs()[-1]
        pending = sum(
            line.states.get(state, 0)
            for line in workspace.ledger.counts(run.id).values()
            for state in line.states
            if state.value == "pending"
        )
        assert pending == lost
        assert workspace.store.ledger.verify().ok


def calls_there(way: Journey) -> int:
    """How many calls the destination has seen."""
    return int(way.emulator.admin("calls")["total"])


def assert_calls_counted(fleet: Fleet, before: int) -> None:
    """The run counts every call, those of the killed too; a call may have been booked and not sent any more."""
    with fleet.way.open() as workspace:
        made = workspace.ledger.runs()[-1].calls
    seen = calls_there(fleet.way) - before
    # Four threads each, and a worker that came too late to join.
    under_way = 5 * fleet.kills + 4 * len(fleet.processes)
    assert seen <= made <= seen + under_way


def doubled(way: Journey) -> dict[str, int]:
    found: Any = way.marks()
    return {mark: n for mark, n in found.items() if n > 1}
