"""From a change in the clinic to a delta that need not wait its turn: AeronaClinic's webhooks and their receiver."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from clinicgen.later import rework

from live_source import LiveClinic, live_clinic
from wherry.app.hooks import Hooks

TOKEN = "a1b2c3d4e5f6a7b8"


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def changed(there: LiveClinic, few: Path, folder: Path) -> None:
    def move(rows: Any) -> Any:
        rows[0]["town"] = "Youghal"
        return rows

    there.admin("bundle", {"folder": str(rework(few, folder, {"patients": move}))})


def test_a_change_is_told_and_told_once(few: Path, tmp_path: Path) -> None:
    with Hooks(("127.0.0.1", 0), TOKEN, tmp_path / "webhooks.json") as hooks:
        url = f"http://127.0.0.1:{hooks.port}/{TOKEN}"
        with live_clinic(few, "--webhook", f"Patient={url}", "--webhook", f"Appointment={url}") as there:
            changed(there, few, tmp_path / "later")
            assert until(lambda: there.figures()["webhooks"]["answered"] == 1)
            assert hooks.pending()
            assert not hooks.pending()
            there.admin("bundle", {"folder": str(tmp_path / "later")})  # the same again is no change
            assert there.figures()["webhooks"] == {"tried": 1, "answered": 1, "given_up": 0}


@pytest.mark.parametrize(("good_after", "figures"), [(2, (3, 1, 0)), (99, (25, 0, 1))])
def test_the_emulator_tries_again_every_hour_for_a_day(
    few: Path, tmp_path: Path, good_after: int, figures: tuple[int, int, int]
) -> None:
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200 if len(calls) > good_after else 500)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        with live_clinic(few, "--webhook", f"Patient={url}", scale=40_000) as there:
            changed(there, few, tmp_path / "later")
            names = ("tried", "answered", "given_up")
            assert until(lambda: tuple(there.figures()["webhooks"][name] for name in names) == figures)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert len(set(calls)) == 1  # the same event, with the same id
