"""Lists, cut into pages, and filtered by when a record was changed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wherry_emulators.aerona.clinic import Clinic
from wherry_emulators.aerona.dialect import Dialect
from wherry_emulators.aerona.settings import Settings

BEHAVIOURS = (
    (
        "Lists come in pages, an object with the records and their total",
        "[U]",
        "Not published; settings and dialect",
    ),
    ("modifiedSince takes an instant and includes it", "[U]", "Not published"),
    ("fields names the fields that a list shows, parted by commas", "[U]", "Not published"),
    ("A record without a date of change is always in a list of changes", "[U]", "The cautious reading"),
)
_DEFAULT_SIZE = 50


class BadRequest(Exception):
    """A parameter cannot be understood."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one clinic."""

    clinic: Clinic
    dialect: Dialect
    settings: Settings

    def page(self, stream: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Return one page; raises BadRequest."""
        records = self._changed(stream, params.get(self.dialect.modified))
        size = min(_whole(params.get(self.dialect.size), _DEFAULT_SIZE, least=1), self.settings.page_max)
        start = self._start(params, size)
        shown = [_narrowed(record, params.get(self.dialect.only)) for record in records[start : start + size]]
        body: dict[str, Any] = {self.dialect.items: shown}
        if self.settings.page_total:
            body[self.dialect.total] = len(records)
        if self.settings.page_style == "cursor":
            more = start + size < len(records)
            body[self.dialect.next] = _sealed(start + size) if more else None
        return body

    def _start(self, params: Mapping[str, str], size: int) -> int:
        match self.settings.page_style:
            case "page":
                return (_whole(params.get(self.dialect.page), 1, least=1) - 1) * size
            case "offset":
                return _whole(params.get(self.dialect.offset), 0, least=0)
            case _:
                return _opened(params.get(self.dialect.cursor))

    def _changed(self, stream: str, since: str | None) -> list[dict[str, Any]]:
        records = self.clinic.lists[stream]
        if since is None:
            return records
        try:
            moment = datetime.fromisoformat(since)
        except ValueError:
            raise BadRequest(f"{self.dialect.modified} is no instant") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        pairs = zip(records, self.clinic.changed[stream], strict=True)
        return [record for record, changed in pairs if changed is None or changed >= moment]


def _narrowed(record: dict[str, Any], names: str | None) -> dict[str, Any]:
    if names is None:
        return record
    wanted = {name.partition(".")[0] for name in names.split(",")}
    return {name: value for name, value in record.items() if name in wanted}


def _whole(text: str | None, default: int, *, least: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise BadRequest("page and size are whole numbers")
    return int(text)


def _sealed(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode()


def _opened(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at:"))
    except ValueError:
        raise BadRequest("the cursor is none of ours") from None
