"""The way of every call: key, limits, rights, faults, handler, record; pure ASGI, one reply at a time."""

import asyncio
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wherry_emulators.freshsales.auth import CURRENT_USER, UNAUTHORISED, Key, Keys
from wherry_emulators.freshsales.bodies import ENVELOPE, Body, claims_json, new_body, read_into, skip
from wherry_emulators.freshsales.calls import Call, CallLog, template_of
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.connections import Connections
from wherry_emulators.freshsales.documents import too_long
from wherry_emulators.freshsales.errors import UNKNOWN_ROUTE_HTML, error_body
from wherry_emulators.freshsales.faults import DELAY_KINDS, END_KINDS, STORM_KINDS, FaultRule, Faults
from wherry_emulators.freshsales.jobs import CURRENT_CALL
from wherry_emulators.freshsales.limits import Limits, Verdict
from wherry_emulators.freshsales.settings import Settings

BASE = "/crm/sales"
API = f"{BASE}/api"
ADMIN = "/_emulator"

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Base path /crm/sales/api; some nested lists only under /crm/sales",
        "[D]/[L]",
        "Official docs; live client",
    ),
    ("429 with the errors shape and the text Too many requests", "[D]/[?]", "Text documented, shape not"),
    ("A body that is not JSON is a 400", "[I]", "Not captured"),
    ("500 has the errors shape, 502 and 503 an HTML page", "[I]", "Sources only say that 5xx are generic"),
    ("A wrong key is answered before the limits are looked at", "[I]", "No source says"),
)

_LOG = logging.getLogger(__name__)
_CONVERTOR = re.compile(r":\w+}")
_JSON = (b"content-type", b"application/json; charset=utf-8")
_HTML = (b"content-type", b"text/html; charset=utf-8")
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply before it is sent, and how its sending ends: whole, cut in half, or by a reset."""

    status: int
    headers: Headers
    body: bytes
    ending: Literal["whole", "half", "reset"] = "whole"


@dataclass(slots=True)
class _Buffer:
    """Takes what a handler sends, to be looked at before it goes out."""

    status: int = 0
    headers: Headers = ()
    chunks: list[bytes] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = tuple((bytes(name), bytes(value)) for name, value in message.get("headers", ()))
        else:
            self.chunks.append(message.get("body", b""))

    def reply(self) -> Reply:
        return Reply(status=self.status, headers=self.headers, body=b"".join(self.chunks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a call passes on its way."""

    keys: Keys
    limits: Limits
    faults: Faults
    log: CallLog
    clock: Clock
    settings: Settings
    connections: Connections


class Gateway:
    """The outermost application: routes between the API, the admin routes and nothing."""

    def __init__(self, desk: Desk, product: Starlette, admin: ASGIApp) -> None:
        self._desk, self._product, self._admin = desk, product, admin
        self._storm_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event; only HTTP calls pass the desk."""
        if scope["type"] != "http":
            await self._product(scope, receive, send)
            return
        path: str = scope["path"]
        CURRENT_CALL.set(None)
        CURRENT_USER.set(None)
        if path == ADMIN or path.startswith(f"{ADMIN}/"):
            await self._admin(scope, receive, send)
            return
        if path.startswith(f"{BASE}/"):
            call = Call(method=scope["method"], path=path.removeprefix(API))
            reply = await self._pass(call, scope, receive)
        else:
            reply = _html(404)
        await self._send(reply, scope, send)

    async def _pass(self, call: Call, scope: Scope, receive: Receive) -> Reply:
        desk = self._desk
        key = desk.keys.of(dict(scope["headers"]).get(b"authorization"))
        if key is None:
            await skip(receive)
            reply = _json(401, UNAUTHORISED)
        else:
            verdict = self._judge(call)
            if verdict.allowed:
                desk.limits.count(verdict)
                desk.log.accept(verdict.at)
                reply = await self._with_faults(call, key, scope, receive)
            else:
                await skip(receive)
                reply = self._refusal(429, "Too many requests")
            reply = replace(reply, headers=(*reply.headers, *verdict.headers))
        template = self._template(call, scope)
        dropped = reply.ending == "reset"
        desk.log.answered(call, template, 0 if dropped else reply.status, desk.clock.seconds())
        return reply

    def _template(self, call: Call, scope: Scope) -> str:
        """Name the route a call reached, or would have reached had it not been refused before."""
        found = getattr(scope.get("route"), "path", "") or _route_in(self._product.routes, scope)
        return _CONVERTOR.sub("}", found) or template_of(call.path)

    def _judge(self, call: Call) -> Verdict:
        """Ask the limits, then the storms; a refused call is not counted by any fault rule."""
        desk = self._desk
        switches = desk.settings.switches
        verdict = desk.limits.check(switches)
        if not verdict.allowed:
            return verdict
        now = desk.clock.seconds()
        for rule in desk.faults.picked(call, STORM_KINDS, first_only=True):
            self._storm_until = max(self._storm_until, now + rule.seconds)
            return Verdict(
                allowed=False, at=now, headers=desk.limits.refusal(switches, max(1.0, rule.seconds))
            )
        if now < self._storm_until:
            return Verdict(
                allowed=False, at=now, headers=desk.limits.refusal(switches, self._storm_until - now)
            )
        return verdict

    async def _with_faults(self, call: Call, key: Key, scope: Scope, receive: Receive) -> Reply:
        if call.is_write and not key.may_write:
            await skip(receive)
            return self._refusal(403, self._desk.keys.forbidden)
        CURRENT_USER.set(key.user)
        CURRENT_CALL.set(call)
        most = self._desk.settings.switches.documents_max_bytes + ENVELOPE
        with new_body(scope) as body:
            await read_into(body, receive, most)
            return await self._with_body(call, scope, body)

    async def _with_body(self, call: Call, scope: Scope, body: Body) -> Reply:
        delays = self._desk.faults.picked(call, DELAY_KINDS)
        ends = self._desk.faults.picked(call, END_KINDS, first_only=True)
        await _wait(delays, after=False)
        if ends:
            reply = await self._ended(ends[0], call, scope, body)
        else:
            reply = await self._apply(call, scope, body)
        await _wait(delays, after=True)
        return reply

    async def _ended(self, rule: FaultRule, call: Call, scope: Scope, body: Body) -> Reply:
        """Play the fault that takes the place of the reply, or spoils it."""
        applied = rule.kind in {"after_commit", "truncated_body", "malformed_json", "wrong_content_type"}
        reply = await self._apply(call, scope, body) if applied or rule.applied else _html(502)
        match rule.kind:
            case "before_commit" | "after_commit":
                failed = self._broken(rule.status or 500)
                return replace(failed, ending="reset") if rule.drop else failed
            case "reset":
                return replace(reply, ending="reset")
            case "html":
                return _html(rule.status or 502)
            case "truncated_body":
                return replace(reply, ending="half")
            case "malformed_json":
                return replace(reply, body=reply.body[:-1] + b',"')
            case _:
                others = tuple(pair for pair in reply.headers if pair[0] != b"content-type")
                return replace(reply, headers=(*others, _HTML))

    async def _apply(self, call: Call, scope: Scope, body: Body) -> Reply:
        """Let the product handle the call, and record it if it is a write."""
        complaint = self._complaint(scope, body)
        if complaint:
            return self._refusal(400, complaint)
        buffer = _Buffer()
        try:
            await self._product(scope, body.replay(), buffer.send)
        except Exception:  # noqa: BLE001 - whatever a handler does, the caller gets a reply and the log the reason
            _LOG.exception("%s %s broke", call.method, template_of(call.path))
        reply = buffer.reply() if buffer.status else self._broken(500)
        no_route = reply.status == 404 and _HTML in reply.headers
        if call.is_write and not no_route:
            self._desk.log.wrote(call, reply.status, reply.body)
        return reply

    def _complaint(self, scope: Scope, body: Body) -> str | None:
        if body.is_too_long:
            return too_long(self._desk.settings.switches.documents_max_bytes)
        if body.is_upload and body.is_broken:
            return "Bad request: the body is incomplete"
        if claims_json(scope) and not body.is_json_or_empty():
            return "Bad request: the body is not JSON"
        return None

    def _refusal(self, status: int, message: str) -> Reply:
        message_as = self._desk.settings.switches.errors_message_as
        return _json(status, error_body(status, (message,), message_as))

    def _broken(self, status: int) -> Reply:
        return self._refusal(500, "Internal server error") if status == 500 else _html(status)

    async def _send(self, reply: Reply, scope: Scope, send: Send) -> None:
        client = tuple(scope["client"])
        if reply.ending == "reset":
            await self._desk.connections.reset(client)
            return
        headers = [pair for pair in reply.headers if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        half = reply.ending == "half"
        body = reply.body[: len(reply.body) // 2] if half else reply.body
        await send({"type": "http.response.body", "body": body, "more_body": half})
        if half:
            await self._desk.connections.close(client)


def _route_in(routes: Iterable[BaseRoute], scope: Scope) -> str:
    for route in routes:
        match, inner = route.matches(scope)
        if match is Match.FULL and isinstance(route, Mount):
            return _route_in(route.routes, {**scope, **inner})
        if match is Match.FULL and isinstance(route, Route):
            return route.path
    return ""


async def inner_call(product: ASGIApp, method: str, path: str, body: bytes) -> Reply:
    """Call the product from inside: no key, no limits, no faults, no record of the call."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": None,
        "server": ("127.0.0.1", 80),
    }
    buffer = _Buffer()
    with new_body(scope) as kept:
        kept.take(body, len(body))
        await product(scope, kept.replay(), buffer.send)
    return buffer.reply()


async def _wait(delays: Iterable[FaultRule], *, after: bool) -> None:
    for rule in delays:
        if rule.kind == "slow" and not after:
            await asyncio.sleep(rule.ms / 1000)
        elif rule.kind == "hang" and after == (rule.when == "after"):
            await asyncio.sleep(rule.seconds)


def _json(status: int, body: Any) -> Reply:
    return Reply(status=status, headers=(_JSON,), body=orjson.dumps(body))


def _html(status: int) -> Reply:
    if status == 404:
        return Reply(status=404, headers=(_HTML,), body=UNKNOWN_ROUTE_HTML.encode())
    page = (
        f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>\n"
    )
    return Reply(status=status, headers=(_HTML,), body=page.encode())
