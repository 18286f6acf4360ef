"""The API and its admin routes as one Starlette application."""

import html
import json
import re
import time
from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from second_opinion import files, jobs, lists, records
from second_opinion.checking import Refusal
from second_opinion.records import Absent, Answer
from second_opinion.world import MODELS, World

KEY = "second-key"
PREFIX = "/crm/sales/api"
_FORBIDDEN = {
    "en": "You are not authorized to perform this action.",
    "de": "Sie sind für diese Aktion nicht berechtigt.",
    "fr": "Vous n'êtes pas autorisé à effectuer cette action.",
}
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class NoRoute(Exception):
    """Nothing is served there."""


class Forbidden(Exception):
    """The plan or the role does not allow it."""


class Api:
    """Answers calls; every call is counted, whatever comes of it."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        form = await request.form() if _is_form(request) else FormData()
        with self.world.lock:
            self.world.catch_up()
            route = re.sub(r"\d{6,}", "{id}", request.url.path.removeprefix(PREFIX))
            response = self._answer(request, body, form)
            self.world.calls.append((time.time(), request.method, route, response.status_code))
            return response

    def _answer(self, request: Request, body: bytes, form: FormData) -> Response:
        limited = self._over()
        if limited is not None:
            return limited
        if request.headers.get("authorization") != f"Token token={KEY}":
            return PlainTextResponse("Incorrect or expired API key", 401)
        try:
            upload = request.method == "POST" and request.url.path == f"{PREFIX}/documents"
            status, found = (
                files.upload(self.world, request.headers, form) if upload else self._dispatch(request, body)
            )
        except NoRoute:
            page = f"<!DOCTYPE html><html><body>{html.escape('The page was not found')}</body></html>"
            return HTMLResponse(page, 404)
        except Absent:
            status, found = 404, self._errors(404, ["Not found"])
        except Forbidden:
            status, found = 403, self._errors(403, [_FORBIDDEN[self.world.choices.locale]])
        except Refusal as refusal:
            status = refusal.status or self.world.choices.invalid
            found = self._errors(status, refusal.messages)
        return JSONResponse(found, status, headers=self._headers())

    def _errors(self, code: int, messages: list[str]) -> Any:
        message: Any = ", ".join(messages) if self.world.choices.message_as_text else messages
        return {"errors": {"code": code, "message": message}}

    def _counts(self) -> tuple[int, int]:
        now, calls = time.time(), self.world.calls
        since = [bisect_right(calls, now - length, key=itemgetter(0)) for length in (60, 3600)]
        return len(calls) - since[0], len(calls) - since[1]

    def _headers(self) -> dict[str, str]:
        choices = self.world.choices
        _, hour = self._counts()
        reset = datetime.now(UTC) + timedelta(seconds=60)
        return {
            "X-RateLimit-Limit": str(choices.per_hour),
            "X-RateLimit-Remaining": str(max(0, choices.per_hour - hour - 1)),
            "X-RateLimit-Reset": reset.strftime("%d%m%y%H%M%S"),
        }

    def _over(self) -> Response | None:
        minute, hour = self._counts()
        if minute < self.world.choices.per_minute and hour < self.world.choices.per_hour:
            return None
        return PlainTextResponse("Too many requests", 429, headers=self._headers())

    def _dispatch(self, request: Request, body: bytes) -> Answer:
        path = request.url.path.removeprefix(PREFIX)
        query = dict(request.query_params)
        data = None
        if request.method in {"POST", "PUT"}:
            if not request.headers.get("content-type", "").startswith("application/json"):
                raise Refusal("Content type is invalid", status=400)
            try:
                data = json.loads(body)
            except ValueError:
                raise Refusal("There was an error in parsing the JSON", status=400) from None
        parts = [part for part in path.split("/") if part]
        return self._route(
            request.method, parts, query, data, str(request.base_url).rstrip("/") + "/crm/sales"
        )

    def _route(self, method: str, parts: list[str], query: dict[str, str], data: Any, root: str) -> Answer:  # noqa: PLR0911 - one for each route
        world = self.world
        match (method, *parts):
            case ("GET", "selector", "owners"):
                return 200, {
                    "users": [{"work_number": None, "mobile_number": None, **one} for one in world.users]
                }
            case ("GET", "selector", name) if name in world.lists:
                return 200, {name: world.lists[name]}
            case ("GET", "settings", stream, "fields") if stream in MODELS:
                return jobs.fields(world, stream)
            case ("GET", "settings", stream, "forms") if stream in MODELS and world.choices.forms:
                return jobs.forms(world, stream)
            case ("POST", "settings", stream, "forms", number, "fields") if (
                stream in MODELS and world.choices.forms
            ):
                return jobs.create_field(world, stream, _number(number), data)
            case ("GET", "lookup"):
                return lists.lookup(world, query)
            case ("GET", "search"):
                return lists.search(world, query)
            case ("POST", "filtered_search", entity) if f"{entity}s" in MODELS:
                return lists.filtered(world, f"{entity}s", data, query)
            case ("GET", "job_statuses", number):
                return jobs.job(world, _number(number))
            case (_, stream, *rest) if stream in MODELS:
                return self._viewed(method, stream, rest, query, data, root)
            case (_, ("tasks" | "appointments" | "notes") as stream, *rest):
                return self._child(method, stream, rest, query, data)
            case _:
                raise NoRoute

    def _viewed(  # noqa: PLR0911 - one for each route
        self, method: str, stream: str, rest: list[str], query: dict[str, str], data: Any, root: str
    ) -> Answer:
        world = self.world
        match (method, *rest):
            case ("GET", "filters"):
                return lists.filters(world, stream)
            case ("GET", "view", number):
                return lists.view(world, stream, _number(number), query)
            case ("POST", "bulk_upsert"):
                return jobs.bulk_upsert(world, stream, data, root)
            case ("POST", "bulk_destroy"):
                return records.bulk_destroy(world, stream, data)
            case ("GET", number, "document_associations"):
                return files.listed(world, stream, _number(number), query)
            case ("GET", number, "notes") if stream != "sales_accounts":
                return lists.notes_of(world, stream, _number(number), query)
            case ("DELETE", number, "forget"):
                return records.delete(world, stream, _number(number), forever=True)
            case _:
                return self._plain(method, stream, rest, query, data)

    def _child(self, method: str, stream: str, rest: list[str], query: dict[str, str], data: Any) -> Answer:
        if stream == "appointments" and self.world.choices.plan == "growth":
            raise Forbidden
        if stream == "notes" and method == "GET":
            raise NoRoute
        if method == "GET" and not rest:
            return lists.by_filter(self.world, stream, query)
        return self._plain(method, stream, rest, query, data)

    def _plain(self, method: str, stream: str, rest: list[str], query: dict[str, str], data: Any) -> Answer:
        world = self.world
        match (method, *rest):
            case ("POST",):
                return records.create(world, stream, data)
            case ("GET", number):
                return records.read(world, stream, _number(number), query.get("include", ""))
            case ("PUT", number):
                return records.change(world, stream, _number(number), data)
            case ("DELETE", number):
                return records.delete(world, stream, _number(number))
            case _:
                raise NoRoute


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data; boundary=")


def _number(text: str) -> int:
    if not text.isdigit():
        raise NoRoute
    return int(text)


class Admin:
    """What a test asks behind the API's back: `dump`, `counts`, and fields made by hand."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        with self.world.lock:
            self.world.catch_up()
            match (request.method, request.path_params["what"]):
                case ("GET", "dump"):
                    return JSONResponse(self._dump())
                case ("GET", "counts"):
                    return JSONResponse(self._counts())
                case ("POST", "fields"):
                    return self._fields(json.loads(body))
                case _:
                    return PlainTextResponse("no such admin route", 404)

    def _dump(self) -> dict[str, Any]:
        """Return the live records, without what merely tells when they were touched."""
        left_out = {"created_at", "updated_at", "_tick", "_seen_from"}
        live = {
            stream: [
                {name: one for name, one in row.items() if name not in left_out and one not in (None, [])}
                for row in self.world.live(stream)
            ]
            for stream in self.world.tables
        }
        return {
            **live,
            "files": [one for one in self.world.files.values() if self.world.get(*one["target"])],
            "fields": self.world.custom,
            "lists": self.world.lists,
            "pending": len(self.world.later),
        }

    def _counts(self) -> dict[str, Any]:
        calls = self.world.calls
        times = [at for at, *_ in calls]
        return {
            "total": len(calls),
            "by_route": dict(Counter(f"{method} {route}" for _, method, route, _ in calls).most_common()),
            "by_status": {str(code): n for code, n in Counter(code for *_, code in calls).items()},
            "most_a_minute": _most(times, 60),
            "most_an_hour": _most(times, 3600),
            "refusals": dict(Counter(f"{c} {m} {r}" for _, m, r, c in calls if c >= 400).most_common()),
        }

    def _fields(self, wanted: dict[str, Any]) -> Response:
        for stream, fields in wanted.items():
            for one in fields:
                self.world.add_field(stream, one["label"], one["type"], one.get("choices", []))
        return JSONResponse({"ok": True})


def _most(times: list[float], seconds: float) -> int:
    most, start = 0, 0
    for end, at in enumerate(times):
        while times[start] <= at - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


def application(world: World) -> Starlette:
    return Starlette(
        routes=[
            Route("/_admin/{what}", Admin(world).handle, methods=["GET", "POST"]),
            Route("/{path:path}", Api(world).handle, methods=_METHODS),
        ]
    )
