"""Between HTTP and the handlers: what a call says, what it gets back, and routes that join the two."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError

Record = dict[str, Any]
_MAX_FIELDS = 20

# One client asks for page 2 as `?per_page=100?page=2&per_page=100`; the second mark is read as an ampersand.
_SECOND_MARK = re.compile(r"\?(?=(?:page|per_page)=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestData:
    """What a call says: path parameters, query (last value wins) and the JSON body, ``{}`` if none."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Record = field(default_factory=dict)
    url: str = ""

    @property
    def id(self) -> int:
        """The record id in the path."""
        return int(self.path["id"])

    @property
    def includes(self) -> tuple[str, ...]:
        """Names listed in ``include``."""
        return tuple(name.strip() for name in self.query.get("include", "").split(",") if name.strip())

    def root_url(self, route_tail: str) -> str:
        """The address before ``route_tail``, which this call's path ends with."""
        return self.url.removesuffix(route_tail)


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON body with a status."""

    body: Any
    status: int = 200


Handler = Callable[[RequestData], Any]
UploadHandler = Callable[[RequestData, UploadFile | None], Reply]


def unwrap(body: Record, root: str) -> Record:
    """Give what lies under the singular root key, or the flat body itself when there is no such key.

    ApiError 400 if the root key holds anything but an object.
    """
    if root not in body:
        return body
    inner = body[root]
    if not isinstance(inner, dict):
        raise ApiError(400, f"The type for {root} is invalid.")
    return inner


def require_wrapped(body: Record, root: str) -> Record:
    """Give what lies under the root key; ApiError 400 if it is missing."""
    if root not in body:
        raise ApiError(400, f"param is missing or the value is empty: {root}")
    return unwrap(body, root)


def query_of(text: str) -> dict[str, str]:
    """Read a query string; a second question mark before page or per_page counts as an ampersand."""
    return dict(parse_qsl(_SECOND_MARK.sub("&", text), keep_blank_values=True))


def json_response(body: Any, status: int = 200) -> Response:
    """Write a JSON response."""
    return Response(orjson.dumps(body), status, media_type="application/json; charset=utf-8")


def route(path: str, method: str, handler: Handler, lock: RLock) -> Route:
    """Join a path to a synchronous handler, which runs in a worker thread and holds ``lock``.

    The handler returns a :class:`Reply` or a JSON value (status 200), or raises ApiError.
    """

    def run(asked: RequestData) -> Response:
        with lock:
            answer = handler(asked)
            if isinstance(answer, Reply):
                return json_response(answer.body, answer.status)
            return json_response(answer)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(run, await _read(request))

    named: Callable[[Request], Awaitable[Response]] = endpoint
    return Route(path, named, methods=[method])


def upload_route(path: str, handler: UploadHandler) -> Route:
    """Join a path to a handler of an upload: the form's texts are its body, the part ``file`` its second argument.

    The handler runs in a worker thread without the lock, which it takes itself where it touches records.
    """

    def run(asked: RequestData, given: UploadFile | None) -> Response:
        answer = handler(asked, given)
        return json_response(answer.body, answer.status)

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS) as form:
            given = form.get("file")
            asked = RequestData(
                path=request.path_params,
                query=query_of(request.url.query),
                body={name: value for name, value in form.multi_items() if isinstance(value, str)},
                url=str(request.url).partition("?")[0],
            )
            return await run_in_threadpool(run, asked, given if isinstance(given, UploadFile) else None)

    return Route(path, endpoint, methods=["POST"])


async def _read(request: Request) -> RequestData:
    raw = await request.body()
    return RequestData(
        path=request.path_params,
        query=query_of(request.url.query),
        body=_parse(raw),
        url=str(request.url).partition("?")[0],
    )


def _parse(raw: bytes) -> Record:
    if not raw.strip():
        return {}
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "There was a problem in the JSON you submitted") from error
    if not isinstance(found, dict):
        raise ApiError(400, "The JSON you submitted is not an object")
    return found


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Bodies are accepted under their singular root key or flat", "[D]/[C]", "MC; N8N, RV, BF"),
    ("A sales activity must be under its root key", "[C]", "MC, N8N"),
    ("`?per_page=100?page=2` is read as per_page 100 and page 2", "[C]", "RV client; our tolerance"),
)
