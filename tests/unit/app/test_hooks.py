"""Webhooks wake a watch once each, are believed in nothing, and never show their token."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wherry.app.delta import _until, listening
from wherry.app.hooks import Hooks
from wherry.model.errors import SettingsInvalid

TOKEN = "a1b2c3d4e5f6a7b8"


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Hooks]:
    with Hooks(("127.0.0.1", 0), TOKEN, tmp_path / "webhooks.json") as one:
        yield one


def post(hooks: Hooks, body: Any, token: str = TOKEN) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{hooks.port}/{token}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_an_event_is_answered_with_200_and_counts_once(hooks):
    assert not hooks.pending()
    assert post(hooks, {"eventId": 7, "patientId": 1}) == 200
    assert hooks.pending()
    assert not hooks.pending()
    assert post(hooks, {"eventId": 7, "patientId": 1, "attempt": 2}) == 200
    assert not hooks.pending()
    assert post(hooks, {"eventId": 8}) == 200
    assert hooks.pending()


def test_without_an_id_the_whole_body_tells_events_apart(hooks):
    for body, new in ((b"no json", True), (b"no json", False), ([1], True), ({"id": 1, "at": "a"}, True)):
        assert post(hooks, body) == 200
        assert hooks.pending() is new
    assert post(hooks, {"id": 1, "at": "b"}) == 200  # the same patient, another event
    assert hooks.pending()


def test_an_event_counts_once_over_restarts_too(hooks, tmp_path):
    post(hooks, {"eventId": 7})
    with Hooks(("127.0.0.1", 0), TOKEN, tmp_path / "webhooks.json") as again:
        assert post(again, {"eventId": 7}) == 200
        assert not again.pending()


def test_a_torn_file_of_events_is_begun_anew(tmp_path):
    (tmp_path / "webhooks.json").write_bytes(b'["ab')
    with Hooks(("127.0.0.1", 0), TOKEN, tmp_path / "webhooks.json") as one:
        assert post(one, {"eventId": 7}) == 200
        assert one.pending()


def test_a_stranger_wakes_nobody(hooks):
    assert post(hooks, {"eventId": 7}, token="guess") == 404
    assert post(hooks, b"x" * 70_000) == 413
    assert not hooks.pending()


def test_neither_token_nor_body_is_logged_or_kept(hooks, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    post(hooks, {"eventId": 7, "name": "Aoife Byrne"})
    post(hooks, {"eventId": 7}, token="guess")
    said = (
        caplog.text + "".join(capfd.readouterr()) + (tmp_path / "webhooks.json").read_text(encoding="utf-8")
    )
    assert TOKEN not in said
    assert "Byrne" not in said
    assert "guess" not in said


def workspace(tmp_path: Path, token: str) -> Any:
    def require(_name: str) -> str:
        return token

    credentials = SimpleNamespace(require=require)
    clock = SimpleNamespace(now=lambda: datetime.now(UTC), sleep=time.sleep)
    return SimpleNamespace(
        settings=SimpleNamespace(credentials=credentials),
        state=tmp_path,
        clock=clock,
        stopper=SimpleNamespace(asked=False),
    )


@pytest.mark.parametrize("token", ["short", "with/slash/in/it/and/long", "x" * 15])
def test_a_weak_token_is_refused(tmp_path, token):
    with pytest.raises(SettingsInvalid, match="16 letters and digits"):
        listening(workspace(tmp_path, token), "127.0.0.1", 0)


def test_a_port_that_is_taken_is_named(hooks, tmp_path):
    with pytest.raises(SettingsInvalid, match=f"127.0.0.1:{hooks.port}"):
        Hooks(("127.0.0.1", hooks.port), TOKEN, tmp_path / "other.json")


def test_a_watch_wakes_but_not_before_its_gap_is_over(hooks, tmp_path):
    ws, now = workspace(tmp_path, TOKEN), datetime.now(UTC)
    late = now + timedelta(seconds=30)
    post(hooks, {"eventId": 1})
    began = time.monotonic()
    assert _until(ws, late, now, hooks)
    assert time.monotonic() - began < 2
    post(hooks, {"eventId": 2})
    began = time.monotonic()
    assert _until(ws, now + timedelta(seconds=1), late, hooks)  # its own turn comes first
    assert hooks.pending()
