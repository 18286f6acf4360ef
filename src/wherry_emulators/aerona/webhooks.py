"""Webhooks: who registered an address is told of each change, again every hour for a day until it answers 200."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.process import SettingError, require_loopback

BEHAVIOURS = (
    ("Webhooks for Patient, Appointment and Treatment; one address each", "[A]", "Specification 1.0"),
    ("An answer other than 200 is followed by up to 24 more tries, once an hour", "[A]", "Specification 1.0"),
    ("Addresses are https", "[A]", "Specification 1.0; here loopback addresses only, http too"),
    ("The body: eventId, event, action and the record's id", "[U]", "Not published"),
)
STREAMS = {"Patient": "patients", "Appointment": "appointments", "Treatment": "treatment_items"}
MORE = 24
HOUR = 3600.0
_LOOK = 0.05  # real seconds between two looks at the clock
_ANSWER = 10.0  # real seconds for an answer

Records = Sequence[Mapping[str, Any]]


def read_webhooks(pairs: Iterable[str]) -> dict[str, str]:
    """Read `Patient=http://…` pairs; SettingError for another event or an address that others could own."""
    found = {}
    for pair in pairs:
        event, sign, url = pair.partition("=")
        if not sign or event not in STREAMS:
            raise SettingError(f"webhook {event!r} is none of {', '.join(STREAMS)} with =URL")
        require_loopback(urlsplit(url).hostname or "")
        found[event] = url
    return found


@dataclass(slots=True)
class Webhooks:
    """Who is told of what. `figures` counts deliveries that were tried, answered and given up."""

    urls: Mapping[str, str]
    clock: Clock
    tried: int = 0
    answered: int = 0
    given_up: int = 0
    _number: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def tell(self, before: Mapping[str, Records], after: Mapping[str, Records]) -> None:
        """Begin to tell everybody what is not what it was; call it in the event loop."""
        for event, url in self.urls.items():
            stream = STREAMS[event]
            for action, record in _changes(before.get(stream, ()), after.get(stream, ())):
                self._number += 1
                body = {"eventId": self._number, "event": event, "action": action, "id": record}
                task = asyncio.create_task(self._deliver(url, json.dumps(body).encode()))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _deliver(self, url: str, body: bytes) -> None:
        for _ in range(1 + MORE):
            self.tried += 1
            if await asyncio.to_thread(_posted, url, body):
                self.answered += 1
                return
            due = self.clock.seconds() + HOUR
            while self.clock.seconds() < due:  # noqa: ASYNC110 - the clock runs faster, and can be pushed forward
                await asyncio.sleep(_LOOK)
        self.given_up += 1


def _posted(url: str, body: bytes) -> bool:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})  # noqa: S310 - loopback only, see read_webhooks
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER) as reply:  # noqa: S310 - same
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _changes(before: Records, after: Records) -> Iterator[tuple[str, Any]]:
    """Yield (action, id) for each record that is new, different or gone; its id stands in its first field."""
    old = {_id(record): record for record in before}
    for record in after:
        known = old.pop(_id(record), None)
        if known != record:
            yield ("created" if known is None else "updated"), _id(record)
    for gone in old:
        yield "deleted", gone


def _id(record: Mapping[str, Any]) -> Any:
    return next(iter(record.values()), None)
