"""Files and links on a record: uploaded or linked, listed below it, and never deleted by a call."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.routing import Route

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.files import Arrived
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.targets import TARGET_MODELS, clean_targets
from wherry_emulators.freshsales.validate import Problems, text, truth
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, upload_route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

KINDS = ("document", "document_link")
_NAME_MAX = 255
_URL_MAX = 2048
_MEGABYTE = 1024 * 1024
_READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("Name", lambda value: text(value, _NAME_MAX)),
    "is_shared": ("Is shared", truth),
}


def storage_of(state: "State") -> int:
    """Bytes that the files of one user may take: the switch's, else the plan's."""
    chosen = state.switches.storage_per_user_bytes
    return state.plan.storage_per_user_bytes if chosen is None else chosen


def used_by(state: "State", user_id: int) -> int:
    """Bytes that the files of a user take."""
    rows = state.tables["document"].everything()
    return sum(row.get("size") or 0 for row in rows if row["creater_id"] == user_id)


def files_report(state: "State") -> Record:
    """Show every file with checksum and size, whether its content is here, and the storage in use."""
    rows = list(state.tables["document"].everything())
    users = {row["creater_id"] for row in rows}
    return {
        "files": [{**row, "is_kept": state.files.path(row.get("sha256")) is not None} for row in rows],
        "per_user_bytes": storage_of(state),
        "used_bytes": {str(user): used_by(state, user) for user in sorted(users)},
    }


def routes(state: "State") -> list[Route]:
    """Routes of files and links: create only; they are listed below their record."""

    def upload(asked: RequestData, given: UploadFile | None) -> Reply:
        return _upload(state, asked, given)

    def link(asked: RequestData) -> Any:
        record = state.insert("document_link", prepare_link(state, asked.body))
        return _made(state, "document_link", record, str(record["url"]))

    return [
        upload_route("/documents", upload),
        route("/document_links", "POST", link, state.lock),
    ]


def associations_route(state: "State", key: str, path: str) -> Route:
    """The route that lists the files and links below a record, newest first."""

    def rows(asked: RequestData) -> Any:
        state.get(key, asked.id)
        below = [(kind, one) for kind in KINDS for one in state.children((key, asked.id), kind)]
        below.sort(key=lambda pair: (pair[1]["created_at"], pair[1]["id"]), reverse=True)
        page = page_of(state, asked)
        shown = [_shown(state, kind, one, asked) for kind, one in page.of(below)]
        meta = {"total_pages": page.pages(len(below)), "total": len(below)}
        return {"document_associations": shown, "meta": meta}

    return route(path, "GET", rows, state.lock)


def prepare_link(state: "State", body: Record) -> Record:
    """Turn a body into a link's values; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    readers = {**_READERS, "url": ("Url", lambda value: text(value, _URL_MAX))}
    values = {"is_shared": False} | read_values(body, readers, problems)
    values |= clean_targets(state, body, None, problems, custom=False)
    require(values, {"url": "Url", "name": "Name"}, problems)
    problems.raise_if_any()
    return values | stamps(state, body)


def _upload(state: "State", asked: RequestData, given: UploadFile | None) -> Reply:
    if given is None:
        raise ApiError(400, "File can't be blank")
    if given.file.tell():
        # The parser rewinds a part once it has seen its end.
        raise ApiError(400, "The file is incomplete")
    if not given.size and not state.switches.documents_may_be_empty:
        raise ApiError(400, "File can't be blank")
    with state.lock:
        values = _prepare(state, asked.body, given)
        _check_size(state, given.size or 0)
    # The copy is made without the lock: others need not wait for a large file, and may upload meanwhile.
    arrived = state.files.take(given.file)
    with state.lock:
        return _keep(state, asked, values, arrived)


def _keep(state: "State", asked: RequestData, values: Record, arrived: Arrived) -> Reply:
    try:
        _check_size(state, arrived.size)
    except ApiError:
        state.files.refuse(arrived)
        raise
    state.files.keep(arrived)
    record = state.insert("document", {**values, "size": arrived.size, "sha256": arrived.sha256})
    return _made(state, "document", record, _file_url(asked, record["id"]))


def _prepare(state: "State", body: Record, given: UploadFile) -> Record:
    problems = Problems()
    named = {"name": body.get("file_name") or given.filename, "is_shared": body.get("is_shared", False)}
    values = read_values(named, _READERS, problems)
    values |= clean_targets(state, body, None, problems, (*TARGET_MODELS, "Product"), custom=False)
    require(values, {"name": "Name"}, problems)
    problems.raise_if_any()
    kind = given.content_type or "application/octet-stream"
    return {**values, "content_type": kind, **stamps(state, body)}


def _check_size(state: "State", size: int) -> None:
    most = state.switches.documents_max_bytes
    if size > most:
        raise ApiError(400, too_long(most))
    if used_by(state, state.user_id) + size > storage_of(state):
        raise ApiError(400, "You have reached the storage limit of your plan")


def too_long(most: int) -> str:
    """The complaint about a file of more than so many bytes."""
    limit = f"{most // _MEGABYTE} MB" if most >= _MEGABYTE else f"{most} bytes"
    return f"File is too large (maximum is {limit})"


def _made(state: "State", key: str, record: Record, url: str) -> Reply:
    body = {"id": record["id"], "url": url, "msg": f"{state.entities[key].label} added successfully"}
    return Reply(body, state.switches.create_status.get(key, 200))


def _shown(state: "State", kind: str, record: Record, asked: RequestData) -> Record:
    shown = {**plain(state, kind, record), "type": state.entities[kind].model, "is_attached": True}
    return {**shown, "url": _file_url(asked, record["id"])} if kind == "document" else shown


def _file_url(asked: RequestData, record_id: int) -> str:
    parts = urlsplit(asked.url)
    return f"{parts.scheme}://{parts.netloc}/_emulator/files/{record_id}"


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A file is uploaded as multipart, a link is sent flat; both answer id, url and msg", "[D]", "MC"),
    ("An empty file is a 400", "[?]", "switch documents.may_be_empty"),
    ("A file belongs to a contact, account, deal or product; a link not to a product", "[D]", "MC"),
    (
        "A file has at most 150 MB",
        "[D]/[I]",
        "SUP 50000002563; megabytes of 1024², switch documents.max_bytes",
    ),
    (
        "The files of one user take at most 0, 2, 5 or 100 GB, by plan; more is a 400",
        "[D]/[I]",
        "SUP 50000002563; the answer is inferred; switch storage.per_user_bytes",
    ),
    (
        "Files and links cannot be read, changed or deleted; they go when their record is forgotten",
        "[D] by absence/[I]",
        "MC",
    ),
    (
        "A record's files and links are listed together, newest first, with total and total_pages",
        "[D]/[I]",
        "MC list_files; the rows' keys beyond the reply's are inferred",
    ),
    ("The url of a file leads to its content", "[I]", "section 3.11: the only handle there is"),
)
