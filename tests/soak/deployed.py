"""What stands in deploy/, read and started here: the same commands, folders, variables and rules of restart.

Only places are other ones: programs are those of this environment, folders are the test's.
"""

import configparser
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

DEPLOY = Path(__file__).parents[2] / "deploy"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One thing that a supervisor keeps running."""

    name: str
    command: list[str]
    folder: Path
    environment: Mapping[str, str]
    always: bool
    fine: frozenset[int] = frozenset({0})
    final: frozenset[int] = frozenset()  # exit codes after which it is never started again

    def again(self, code: int) -> bool:
        return code not in self.final and (self.always or code not in self.fine)


def unit(name: str, instance: str, places: Mapping[str, str]) -> Service:
    """A systemd unit of deploy/, for this instance; `places` are other names for what it names."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    there = {key: _placed(value.replace("%i", instance), places) for key, value in parser["Service"].items()}
    lines = Path(there["EnvironmentFile"]).read_text(encoding="utf-8").split()
    return Service(
        name=name,
        command=shlex.split(there["ExecStart"]),
        folder=Path(there["WorkingDirectory"]),
        environment={**os.environ, **dict(line.split("=", 1) for line in lines)},
        always=there["Restart"] == "always",
        fine=_codes(there.get("SuccessExitStatus", "")) | {0},
        final=_codes(there.get("RestartPreventExitStatus", "")),
    )


def container(name: str, places: Mapping[str, str]) -> Service:
    """A service of the compose file, run as its image would run it."""
    whole: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    there = whole["services"][name]
    files = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    entrypoint = there.get("entrypoint") or json.loads(
        re.findall(r"^ENTRYPOINT (.*)$", files, re.MULTILINE)[-1]
    )
    copied = dict(line.split()[:0:-1] for line in re.findall(r"^(COPY deploy/\S+ \S+)$", files, re.MULTILINE))
    secrets = {f"/run/secrets/{one}": whole["secrets"][one]["file"] for one in there["secrets"]}
    program = copied.get(entrypoint[0])
    start = str(DEPLOY.parent / program) if program else str(BIN / entrypoint[0])
    return Service(
        name=name,
        command=[start, *entrypoint[1:], *there["command"]],
        folder=Path(places[there["working_dir"]]),
        environment={
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            **{key: _placed(_placed(value, secrets), places) for key, value in there["environment"].items()},
        },
        always=there["restart"] in {"always", "unless-stopped"},
    )


def _placed(text: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


def _codes(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split()))


@dataclass(slots=True)
class Supervisor:
    """Keeps services running, as their own rules say."""

    services: list[Service]
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    ended: dict[int, int] = field(default_factory=dict)  # service → exit code, for those that are over
    starts: int = 0

    def start(self) -> None:
        self.processes = [self._started(one) for one in self.services]

    def _started(self, service: Service) -> "subprocess.Popen[bytes]":
        self.starts += 1
        with self.log.open("ab") as log:
            return subprocess.Popen(
                service.command,
                cwd=service.folder,
                env=dict(service.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def tend(self) -> None:
        for index, service in enumerate(self.services):
            code = self.processes[index].poll()
            if code is None or index in self.ended:
                continue
            if service.again(code):
                self.processes[index] = self._started(service)
            else:
                self.ended[index] = code

    def kill(self, index: int) -> None:
        """End a service's every process, as when its machine is gone."""
        os.killpg(self.processes[index].pid, signal.SIGKILL)
        self.processes[index].wait(20)

    def stop(self, seconds: float = 60) -> list[int]:
        """SIGTERM to all that run, as on a shutdown; their exit codes."""
        running = [process for process in self.processes if process.poll() is None]
        for process in running:
            process.terminate()
        until = time.monotonic() + seconds
        return [process.wait(max(0.1, until - time.monotonic())) for process in running]

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
