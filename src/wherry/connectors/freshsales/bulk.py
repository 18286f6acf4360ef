"""Up to 100 records in one call, done by the server in its own time."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson

from wherry.connectors.freshsales.answers import Row, as_id, as_row, as_rows, words
from wherry.connectors.freshsales.failures import Failures, messages_of
from wherry.connectors.freshsales.limits import BULK_ROWS
from wherry.connectors.freshsales.pick_lists import PickLists
from wherry.connectors.freshsales.render import bulk_row
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.errors import OutcomeUnknown, RefuseRecord, UsageInvalid
from wherry.model.jsons import Json
from wherry.model.operation import Operation, Verb
from wherry.model.ports import JobProgress

_AT_ONCE = "at-once"
"""Id of a job that was over when its call was answered; such calls name no job [D]."""

_ENDED = words("""
    complete completed finish finished done success succeeded successful fail failed failure error errored
    errors cancelled canceled cancel aborted partial partially rejected expired
    """)
_RUNNING = words("in progress pending queued waiting processing running started not yet un")
_FAILED_KEYS = ("failed", "failures", "errors", "failed_rows", "failed_records", "error_rows")
_ROW_KEYS = ("row", "index", "row_index", "position")


class Bulk:
    """Bulk jobs for contacts, accounts and deals; the only streams that have them [D]."""

    def __init__(self, client: ApiClient, failures: Failures, picks: PickLists | None = None) -> None:
        self._client, self._failures, self._picks = client, failures, picks or PickLists()
        self._rows: dict[str, tuple[str, list[dict[str, str]]]] = {}

    @staticmethod
    def takes(operation: Operation) -> bool:
        """Return whether submit() takes this operation.

        A create needs the unique key by which the server would recognise it on a second try: an e-mail
        for contacts, the name for accounts. Deal names are not unique.
        """
        if operation.stream not in {"contacts", "sales_accounts", "deals"}:
            return False
        if operation.verb is not Verb.CREATE:
            return operation.destination_id is not None
        key = {"contacts": "email", "sales_accounts": "name"}.get(operation.stream, "")
        return bool(operation.fields.get(key))

    def submit(self, operations: Sequence[Operation]) -> str:
        """Send 1 to 100 operations of one stream, all deletes or none, and return the job's id.

        Raises OutcomeUnknown when it is open whether a job was made, UsageInvalid when they do not fit.
        """
        _check(operations)
        stream = operations[0].stream
        if operations[0].verb is Verb.DELETE:
            ids: list[Json] = [one.destination_id for one in operations]
            body = self._client.request(
                "POST",
                f"/{stream}/bulk_destroy",
                json={"selected_ids": ids},
                effect=Effect.REPEATABLE,
            ).body
            return _job_of(body) or f"{_AT_ONCE}:{len(ids)}"
        rows = [bulk_row(self._picks.spoken(one)) for one in operations]
        by_id = all("id" in row for row in rows)
        body = self._client.request(
            "POST",
            f"/{stream}/bulk_upsert",
            json={stream: list(rows)},
            effect=Effect.REPEATABLE if by_id else Effect.ONCE,
        ).body
        job = _job_of(body)
        if not job:
            raise OutcomeUnknown(
                f"POST /{stream}/bulk_upsert was accepted without naming a job",
                hint="Its records are looked up before anything is sent again.",
            )
        self._rows[job] = (stream, [_keys(row) for row in rows])
        return job

    def progress(self, job: str) -> JobProgress:
        """Ask how a job stands; one call, none for a job that was over at once.

        The names of states and the shape of row failures are not documented [?]: a job is done at
        progress 100, at a name that sounds like an end, or when nobody knows it any more. `failures`
        (row from 0 → reason code, with " field" where it can be told) are hints: only reading back tells.
        """
        if job.startswith(_AT_ONCE):
            return JobProgress(done=True, failures={})
        try:
            body = as_row(self._client.request("GET", f"/job_statuses/{job}").body)
        except RefuseRecord:
            return JobProgress(done=True, failures={})
        status = as_row(body.get("job_status")) or body
        if not _over(status):
            return JobProgress(done=False, failures={})
        stream, rows = self._rows.pop(job, ("", []))
        return JobProgress(done=True, failures=self._failed(stream, rows, status.get("data")))

    def _failed(self, stream: str, rows: Sequence[dict[str, str]], data: Json) -> dict[int, str]:
        found: dict[int, str] = {}
        for entry in _failed_entries(_parsed(data)):
            number = _row_of(entry, rows)
            if number is not None:
                texts = [*messages_of(entry), *messages_of({"errors": entry.get("reason")})]
                reason, field = self._failures.refusal_of(stream, texts)
                found[number] = f"{reason} {field}".strip()
        return found


def _check(operations: Sequence[Operation]) -> None:
    streams = {one.stream for one in operations}
    deletes = {one.verb is Verb.DELETE for one in operations}
    if not 1 <= len(operations) <= BULK_ROWS or len(streams) != 1 or len(deletes) != 1:
        raise UsageInvalid(
            f"a bulk job takes 1 to {BULK_ROWS} operations of one stream, all deletes or none of them"
        )
    if not all(Bulk.takes(one) for one in operations):
        raise UsageInvalid("a bulk job was given an operation that has no unique key; ask bulk() first")


def _job_of(body: Json) -> str:
    """Return the job's id from an answer: the last part of `job_status_url` [D], or an id beside it."""
    found = as_row(body)
    url = found.get("job_status_url")
    if isinstance(url, str) and url:
        return urlsplit(url).path.rstrip("/").rpartition("/")[2].removesuffix(".json")
    inner = as_row(found.get("job_status")) or found
    for name in ("job_id", "job_status_id", "id"):
        if (number := inner.get(name)) not in (None, ""):
            return str(number)
    return ""


def _over(status: Row) -> bool:
    progress = status.get("progress")
    figure = re.match(r"\s*(\d+)", str(progress))
    if figure and int(figure.group(1)) >= 100:
        return True
    parts = set(re.split(r"[^a-z]+", str(status.get("status") or "").lower())) - {""}
    return bool(parts & _ENDED) and not parts & _RUNNING


def _parsed(data: Json) -> Json:
    if not isinstance(data, str):
        return data
    try:
        found: Json = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return found


def _failed_entries(data: Json) -> list[Row]:
    if isinstance(data, list):
        return [row for row in as_rows(data) if _messages_in(row)]
    found = as_row(data)
    for name in _FAILED_KEYS:
        if isinstance(found.get(name), list):
            return as_rows(found[name])
    return []


def _messages_in(row: Row) -> bool:
    return any(row.get(name) for name in ("errors", "error", "message", "reason"))


def _row_of(entry: Row, rows: Sequence[dict[str, str]]) -> int | None:
    """Return the row that an entry speaks of: by its key where it names one, else by its number from 0."""
    inside = {**as_row(entry.get("record")), **entry}
    for name in ("emails", "email", "name", "id"):
        value = str(inside.get(name) or "").lower()
        matching = [place for place, keys in enumerate(rows) if value and keys.get(name) == value]
        if len(matching) == 1:
            return matching[0]
    for name in _ROW_KEYS:
        number = as_id(entry.get(name))
        if number is not None and (not rows or number < len(rows)):
            return number
    return None


def _keys(row: Row) -> dict[str, str]:
    keys = {name: str(value).lower() for name, value in row.items() if name != "data"}
    if "emails" in keys:
        keys["email"] = keys["emails"]
    return keys
