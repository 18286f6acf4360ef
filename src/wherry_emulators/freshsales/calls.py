"""The record of calls: how many of each kind, how fast, and which writes; never a body."""

import re
import threading
from array import array
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from wherry_emulators.freshsales.limits import HOUR, MINUTE, busiest

_DIGITS = re.compile(r"/\d+(?=/|$|\.)")
_READS_BY_POST = re.compile(r"^/filtered_search/")
_SINGULAR = {
    "contacts": "contact",
    "leads": "lead",
    "sales_accounts": "sales_account",
    "deals": "deal",
    "tasks": "task",
    "appointments": "appointment",
    "sales_activities": "sales_activity",
    "notes": "note",
    "lists": "list",
    "documents": "document",
    "document_links": "document_link",
    "phone_calls": "phone_call",
    "products": "product",
    "cpq_documents": "cpq_document",
    "module_customizations": "module_customization",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as the record keeps it; ``path`` is relative to ``/crm/sales/api`` and has no query."""

    method: str
    path: str

    @property
    def is_write(self) -> bool:
        """Whether it means to change something: any verb but GET and HEAD, searches by POST excepted."""
        return self.method not in {"GET", "HEAD", "OPTIONS"} and not _READS_BY_POST.match(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One line of the write log; ``id`` is None for bulk calls and refused creates."""

    seq: int
    method: str
    path: str
    status: int
    entity: str
    id: int | None


class CallLog:
    """Counts calls since the start or the last reset; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every call; the write log's numbers start at 1 again."""
        with self._lock:
            self._counts: Counter[tuple[str, str, int]] = Counter()
            self._minutes: Counter[int] = Counter()
            self._accepted: array[float] = array("d")
            self._writes: list[Write] = []

    def accept(self, seconds: float) -> None:
        """Note that a call passed the limits at this emulated second."""
        with self._lock:
            self._accepted.append(seconds)

    def answered(self, call: Call, template: str, status: int, seconds: float) -> None:
        """Note what a call was answered; ``status`` 0 means that the connection was dropped instead."""
        with self._lock:
            self._counts[call.method, template, status] += 1
            self._minutes[int(seconds // MINUTE)] += 1

    def wrote(self, call: Call, status: int, body: bytes) -> None:
        """Add a write that reached the account's records, with the id its path or its reply names."""
        entity, found = _subject(call.path)
        with self._lock:
            self._writes.append(
                Write(
                    seq=len(self._writes) + 1,
                    method=call.method,
                    path=call.path,
                    status=status,
                    entity=entity,
                    id=found if found is not None else _id_in(body, entity),
                )
            )

    def report(self) -> dict[str, Any]:
        """Summarise: totals, counts by call, busiest minute and hour, refusals, and the write log."""
        with self._lock:
            counts, accepted = dict(self._counts), array("d", self._accepted)
            minutes, writes = dict(self._minutes), list(self._writes)
        routes: Counter[str] = Counter()
        statuses: Counter[int] = Counter()
        for (method, template, status), number in counts.items():
            routes[f"{method} {template}"] += number
            statuses[status] += number
        return {
            "total": sum(routes.values()),
            "accepted": len(accepted),
            "by_route": dict(sorted(routes.items())),
            "by_status": {str(status): number for status, number in sorted(statuses.items())},
            "by_minute": {str(minute): number for minute, number in sorted(minutes.items())},
            "max_in_60s": busiest(accepted, MINUTE),
            "max_in_3600s": busiest(accepted, HOUR),
            "refused_429": statuses[429],
            "writes": [asdict(write) for write in writes],
        }


def template_of(path: str) -> str:
    """Write a path with every numeric segment as ``{id}``, for paths that reached no route."""
    return _DIGITS.sub("/{id}", path)


def _subject(path: str) -> tuple[str, int | None]:
    parts = [part for part in path.split("/") if part]
    if parts and parts[0] in {"custom_module", "cpq", "settings"}:
        parts = parts[1:]
    if not parts:
        return "", None
    entity = _SINGULAR.get(parts[0], parts[0])
    digits = parts[1].removesuffix(".json") if len(parts) > 1 else ""
    return entity, int(digits) if digits.isascii() and digits.isdigit() else None


def _id_in(body: bytes, entity: str) -> int | None:
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    record = reply.get(entity, reply) if isinstance(reply, dict) else {}
    found = record.get("id") if isinstance(record, dict) else None
    return int(found) if isinstance(found, int) or (isinstance(found, str) and found.isdigit()) else None
