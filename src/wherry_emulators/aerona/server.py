"""The emulator as a process: login, lists and documents behind the gate, and admin routes beside them."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from wherry_emulators.aerona import clinic, exports, gate, lists, webhooks
from wherry_emulators.aerona.clinic import Clinic, read_clinic
from wherry_emulators.aerona.dialect import Dialect
from wherry_emulators.aerona.exports import Exports
from wherry_emulators.aerona.faults import KINDS, Rule
from wherry_emulators.aerona.gate import Gate
from wherry_emulators.aerona.lists import BadRequest, Lists
from wherry_emulators.aerona.settings import Settings
from wherry_emulators.aerona.webhooks import Webhooks
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.process import OrderlyServer, SettingError, announce, listen, require_loopback

TOKEN = "AERONA-AUTH-TOKEN"  # noqa: S105 - the name of a header
BEHAVIOURS = (
    *gate.BEHAVIOURS,
    *lists.BEHAVIOURS,
    *clinic.BEHAVIOURS,
    *webhooks.BEHAVIOURS,
    *exports.BEHAVIOURS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything one emulator is started with; see the command's ``--help`` for each."""

    bundle: Path
    host: str = "127.0.0.1"
    port: int = 0
    users: dict[str, str] = field(repr=False)
    dialect: Dialect
    settings: Settings
    faults: list[Rule]
    webhooks: dict[str, str] = field(default_factory=dict)  # event → address
    clock_scale: float = 1.0
    start: datetime | None = None
    zone: str = "Europe/London"
    ready_file: Path | None = None


@dataclass(slots=True, kw_only=True)
class Desk:
    """One clinic's API while it runs."""

    clinic: Clinic
    gate: Gate
    options: Options
    hooks: Webhooks
    exports: Exports

    def listed(self, stream: str) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a list."""

        async def handle(request: Request) -> Response:
            if stream in self.options.settings.rights_denied.split(","):
                return _said(403, "You may not read this")
            if stream not in self.clinic.lists:
                return _said(404, "Not found")
            try:
                body = Lists(self.clinic, self.options.dialect, self.options.settings).page(
                    stream, request.query_params
                )
            except BadRequest as error:
                return _said(400, str(error))
            return self._spoilt(request.url.path, body)

        return handle

    def _spoilt(self, path: str, body: dict[str, Any]) -> Response:
        items, total = self.options.dialect.items, self.options.dialect.total
        for rule in self.options.faults:
            if rule.kind not in {"empty", "renamed", "extra", "shrunk"} or not rule.fires(path):
                continue
            if rule.kind == "empty":
                body = {**body, items: [], total: 0}
            elif rule.kind == "shrunk":
                body = {**body, items: body[items][1:], total: body.get(total, 0) - 1}
            else:
                body = {**body, items: [_renamed(record, rule) for record in body[items]]}
        return JSONResponse(body)

    async def log_in(self, request: Request) -> Response:
        """Answer a login."""
        try:
            body = orjson.loads(await request.body())
            user, password = body[self.options.dialect.login_user], body[self.options.dialect.login_password]
        except (ValueError, KeyError, TypeError):
            return _said(400, "User name and password are wanted")
        status, token = self.gate.log_in(str(user), str(password))
        if status != 200:
            return _said(status, "Account locked" if status == 423 else "Wrong user name or password")
        return JSONResponse({"authenticated": True}, headers={TOKEN: token})

    async def tenant(self, _request: Request) -> Response:
        """Tell what the clinic says of itself."""
        return JSONResponse(self.clinic.tenant)

    async def content(self, request: Request) -> Response:
        """Send a document's bytes."""
        if "documents" in self.options.settings.rights_denied.split(","):
            return _said(403, "You may not read this")
        path = self.clinic.document(request.path_params["id"])
        if path is None:
            return _said(404, "Not found")
        return FileResponse(path, media_type="application/octet-stream")

    async def ask_export(self, request: Request) -> Response:
        """Begin an export."""
        try:
            password = str(orjson.loads(await request.body())["password"])
        except (ValueError, KeyError, TypeError):
            password = ""
        if not password:
            return _said(400, "A password is wanted")
        number = await asyncio.to_thread(self.exports.ask, self.clinic.folder, password)
        return JSONResponse({"exportId": number, "status": "pending"}, 202)

    async def export(self, request: Request) -> Response:
        """Tell how an export stands."""
        number = int(request.path_params["id"])
        status = self.exports.status(number)
        return JSONResponse({"exportId": number, "status": status}) if status else _said(404, "Not found")

    async def export_file(self, request: Request) -> Response:
        """Send an export that is ready."""
        number = int(request.path_params["id"])
        if self.exports.status(number) != "ready":
            return _said(404, "There is no such export, or it is not ready")
        return FileResponse(self.exports.file(number), media_type="application/zip")

    async def guarded(self, request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        """Let a call through, or answer it here: maintenance, token, limit, faults."""
        path = request.url.path
        if not path.startswith(f"{self.options.dialect.prefix}/"):
            return await go_on(request)
        response = await self._judged(request, path, go_on)
        moment = self.gate.clock.now() + timedelta(seconds=self.options.settings.clock_skew)
        response.headers["date"] = format_datetime(moment)
        return response

    async def _judged(
        self, request: Request, path: str, go_on: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if self.gate.closed():
            return HTMLResponse("<html><body>Maintenance</body></html>", 503)
        if path == f"{self.options.dialect.prefix}/{self.options.dialect.login}":
            return await go_on(request)
        if not self.gate.admit(request.headers.get(TOKEN, "")):
            return _said(401, "The token is not valid")
        for rule in self.options.faults:
            if rule.kind in {"status", "reset", "html", "dead_token"} and rule.fires(path):
                return self._failed(rule)
        return await go_on(request)

    def _failed(self, rule: Rule) -> Response:
        match rule.kind:
            case "dead_token":
                self.gate.drop_tokens()
                return _said(401, "The token is not valid")
            case "html":
                return HTMLResponse("<html><body>Sign in</body></html>", rule.status)
            case "reset":
                return Response(b'{"items": [', headers={"content-length": "4096"})
            case _:
                return _said(rule.status, "Something went wrong")

    # beside the API -------------------------------------------------------------------------------

    async def figures(self, _request: Request) -> Response:
        """Tell what was counted."""
        told = {"tried": self.hooks.tried, "answered": self.hooks.answered, "given_up": self.hooks.given_up}
        now = self.gate.clock.now().isoformat()
        return JSONResponse({**asdict(self.gate.figures), "webhooks": told, "now": now})

    async def advance(self, request: Request) -> Response:
        """Push the clock forward."""
        body = orjson.loads(await request.body())
        self.gate.clock.advance(float(body["seconds"]))
        return JSONResponse({"now": self.gate.clock.now().isoformat()})

    async def replace(self, request: Request) -> Response:
        """Take another bundle as what the clinic holds now."""
        body = orjson.loads(await request.body())
        try:
            folder = Path(body["folder"])
            newer = await asyncio.to_thread(
                read_clinic, folder, self.options.dialect, self.options.settings.money_as
            )
        except SettingError as error:
            return _said(400, str(error))
        self.hooks.tell(self.clinic.lists, newer.lists)
        self.clinic = newer
        return JSONResponse({name: len(rows) for name, rows in self.clinic.lists.items()})

    async def behaviours(self, _request: Request) -> Response:
        """Tell what is imitated, and how sure each of it is."""
        rows = "".join(
            f"<tr><td>{escape(what)}</td><td>{escape(sure)}</td><td>{escape(source)}</td></tr>"
            for what, sure, source in BEHAVIOURS
        )
        faults = "".join(f"<tr><td>{name}</td><td>{escape(told)}</td></tr>" for name, told in KINDS.items())
        return HTMLResponse(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>AeronaClinic emulator</title>'
            f"</head><body><h1>Behaviours</h1><table>{rows}</table><h1>Faults</h1><table>{faults}</table></body></html>"
        )


def _renamed(record: dict[str, Any], rule: Rule) -> dict[str, Any]:
    if rule.kind == "extra":
        return {**record, rule.field: "new"}
    return {(rule.to if name == rule.field else name): value for name, value in record.items()}


def _said(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def build(options: Options) -> Starlette:
    """Put the parts together; SettingError if the bundle or the clock is wrong."""
    try:
        clock = Clock(options.clock_scale, options.zone, options.start)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise SettingError(f"clock: {error}") from error
    desk = Desk(
        clinic=read_clinic(options.bundle, options.dialect, options.settings.money_as),
        gate=Gate(users=options.users, settings=options.settings, clock=clock),
        options=options,
        hooks=Webhooks(options.webhooks, clock),
        exports=Exports(clock=clock, seconds=options.settings.export_seconds),
    )
    told = options.dialect
    product = [
        Route(f"/{told.login}", desk.log_in, methods=["POST"]),
        Route(f"/{told.tenant}", desk.tenant),
        Route(f"/{told.lists['documents']}/{{id}}/{told.content}", desk.content),
        Route(f"/{told.exports}", desk.ask_export, methods=["POST"]),
        Route(f"/{told.exports}/{{id:int}}", desk.export),
        Route(f"/{told.exports}/{{id:int}}/{told.content}", desk.export_file),
        *(Route(f"/{path}", desk.listed(stream)) for stream, path in told.lists.items()),
    ]
    admin = [
        Route("/figures", desk.figures),
        Route("/clock", desk.advance, methods=["POST"]),
        Route("/bundle", desk.replace, methods=["POST"]),
        Route("/behaviours", desk.behaviours),
    ]
    return Starlette(
        routes=[Mount(told.prefix, routes=product), Mount("/_emulator", routes=admin)],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=desk.guarded)],
    )


def serve(options: Options) -> None:
    """Run one emulator until SIGTERM or SIGINT; prints ``ready URL``. SettingError if it cannot start."""
    require_loopback(options.host)
    app = build(options)
    listener = listen(options.host, options.port)
    url = f"http://{options.host}:{listener.getsockname()[1]}{options.dialect.prefix}"
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )
    OrderlyServer(config, lambda: announce(url, options.ready_file)).run(sockets=[listener])
