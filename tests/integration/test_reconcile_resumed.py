"""A reconcile that was killed goes on with what it has read; what was written meanwhile, or a day, begins it anew."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from wherry.app.readings import FRESH, Lines, Readings
from wherry.model.diff import Observed
from wherry.privacy import AesSealer, DataKey

SEALER = AesSealer(DataKey.new())
SLOW = [{"kind": "slow", "ms": 60, "match": {"method": "GET"}}]


@pytest.fixture
def loaded(journey: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
    way = journey().prepared()
    assert way.load().exit_code == 0
    return way


def calls(way: Any) -> int:
    return int(way.emulator.admin("calls")["total"])


def counted(way: Any) -> tuple[Any, int]:
    begun = calls(way)
    proof = way.reconcile()
    return proof, calls(way) - begun


def killed(way: Any, after: int) -> None:
    """Kill a reconcile of its own process when it has made so many calls."""
    way.emulator.admin("faults", SLOW)
    begun = calls(way)
    process = subprocess.Popen(
        [sys.executable, "-m", "wherry", "-C", str(way.directory), "--quiet", "reconcile"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while calls(way) < begun + after:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.wait(10)
    way.emulator.admin("faults", [])


def kept(way: Any) -> list[Path]:
    return list((way.directory / ".wherry" / "readings").glob("*"))


def test_killed_it_goes_on_and_proves_the_same(loaded: Any) -> None:
    whole, all_calls = counted(loaded)
    assert whole.exit_code == 0
    assert kept(loaded) == []
    killed(loaded, all_calls - 3)
    (file,) = kept(loaded)
    assert file.stat().st_mode & 0o077 == 0
    proof, rest = counted(loaded)
    assert proof.streams == whole.streams
    assert proof.exit_code == 0
    assert rest < all_calls - 5
    assert kept(loaded) == []


def test_what_was_written_meanwhile_is_read_anew(loaded: Any) -> None:
    _, all_calls = counted(loaded)
    killed(loaded, all_calls - 3)
    loaded.delta()
    (theirs,) = [one for one in loaded.live("contact") if one.get("external_id") == "64"]
    loaded.emulator.admin(
        "human-edit", {"entity": "contact", "id": theirs["id"], "changes": {"last_name": "X"}}
    )
    proof, again = counted(loaded)
    assert again >= all_calls - 1
    assert proof.streams["patients"].equal_after_rule["kept_edited"] == 1


class OneContact:
    """A destination with one contact, whose answers are counted."""

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self, stream: str, ids: Any, *_more: Any, **_others: Any) -> Any:
        self.asked += 1
        yield Observed(stream=stream, id=ids[0], fields={"city": "Cork"}, links={"sales_accounts": (4,)})

    def fetch_children(self, _wanted: Any) -> Any:
        self.asked += 1
        yield from ()


@pytest.mark.parametrize("torn", [False, True])
def test_answers_are_kept_as_they_were_and_a_torn_one_is_asked_again(tmp_path: Path, torn: bool) -> None:
    path, now, there = tmp_path / "r.jsonl", datetime(2026, 11, 25, tzinfo=UTC), OneContact()
    first = Readings(path, "a", there, Lines(sealer=SEALER, now=now))  # type: ignore[arg-type]  # reads only
    seen = first.fetch("contacts", [7])
    assert first.fetch_children({7: {"tasks": [1]}}) == []
    first.close()
    if torn:
        path.write_bytes(path.read_bytes()[:-5])
    again = Readings(path, "a", there, Lines(sealer=SEALER, now=now + timedelta(hours=1)))  # type: ignore[arg-type]  # reads only
    assert again.fetch("contacts", [7]) == seen
    assert again.fetch_children({7: {"tasks": [1]}}) == []
    assert there.asked == (3 if torn else 2)
    again.done()
    assert not path.exists()


@pytest.mark.parametrize(("about", "later"), [("b", timedelta()), ("a", FRESH + timedelta(seconds=1))])
def test_answers_about_something_else_or_of_yesterday_are_not_used(
    tmp_path: Path, about: str, later: timedelta
) -> None:
    path, now, there = tmp_path / "r.jsonl", datetime(2026, 11, 25, tzinfo=UTC), OneContact()
    first = Readings(path, "a", there, Lines(sealer=SEALER, now=now))  # type: ignore[arg-type]  # reads only
    first.fetch("contacts", [7])
    first.close()
    again = Readings(path, about, there, Lines(sealer=SEALER, now=now + later))  # type: ignore[arg-type]  # reads only
    again.fetch("contacts", [7])
    again.close()
    assert there.asked == 2
