"""An emulator of the destination, as a process of its own on loopback; no code is shared with it."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wherry.model.errors import PreflightFailed

API_KEY = "emulator-key"
START_SECONDS = 30
STOP_SECONDS = 10
ASK_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """A running emulator; `url` is the base_url of a workspace that writes to it."""

    url: str

    def admin(self, path: str, body: Any = None) -> Any:
        """Ask the emulator about itself, or put something; no call of the API."""
        root = self.url.partition("/crm/")[0]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback, of a process that we started
            f"{root}/_emulator/{path}", data=data, method="GET" if data is None else "PUT"
        )
        with urllib.request.urlopen(request, timeout=ASK_SECONDS) as answer:  # noqa: S310 - same
            return json.load(answer)

    def calls(self) -> int:
        """Return how many API calls were made so far."""
        return int(self.admin("calls")["total"])

    def state(self) -> dict[str, Any]:
        """Return everything that lives there, comparable; without files of contacts in the recycle bin.

        No call deletes a file; it goes with its contact when the bin is emptied [D] crmsupport 50000002562.
        """
        state: dict[str, Any] = self.admin("state")
        contacts = state.get("contacts", {})
        files = {
            id_: one
            for id_, one in state.pop("documents", {}).items()
            if any(str(target["id"]) in contacts for target in one.get("targetables", ()))
        }
        return {**state, "documents": files}


def limits(per_hour: int, per_minute: int) -> list[str]:
    """Return the arguments for an account with these limits of calls."""
    return ["--switch", f"rate.limit_hour={per_hour}", "--switch", f"rate.limit_min={per_minute}"]


@contextmanager
def running(folder: Path, name: str, arguments: Sequence[str]) -> Iterator[Emulated]:
    """Start `wherry-emulator freshsales` with these arguments, and end it at the end.

    Its log and its address lie in `folder`. Raises PreflightFailed when it does not start.
    """
    ready = folder / f"{name}.url"
    ready.unlink(missing_ok=True)
    code = "from wherry_emulators.main import main; main()"
    command = [sys.executable, "-c", code, "freshsales", "--port", "0", "--ready-file", str(ready)]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([*command, "--api-key", API_KEY, *arguments], stdout=log, stderr=log)
        try:
            yield Emulated(url=_wait_for(process, ready))
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=STOP_SECONDS)


def _wait_for(process: subprocess.Popen[bytes], ready: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if ready.exists() and (url := ready.read_text(encoding="utf-8").strip()):
            return url
        time.sleep(0.05)
    said = ready.with_suffix(".log").read_text(encoding="utf-8", errors="replace").strip()[-200:]
    raise PreflightFailed("the local emulator did not start", hint=said or "run wherry-emulator by hand")
