"""The emulator's own routes under /_emulator: look at the account, steer the emulator; no key, no limits."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from wherry_emulators.freshsales.account import Account
from wherry_emulators.freshsales.behaviours import page
from wherry_emulators.freshsales.documents import files_report
from wherry_emulators.freshsales.gateway import ADMIN, API, Desk, Reply, inner_call
from wherry_emulators.freshsales.jobs import Jobs
from wherry_emulators.freshsales.switches import as_settings
from wherry_emulators.process import SettingError

_BEFORE = {"product": "/cpq", "cpq_document": "/cpq", "module_customization": "/settings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """What the admin routes look at and steer."""

    account: Account
    jobs: Jobs
    desk: Desk
    product: Starlette


def admin_app(desktop: Desktop) -> Starlette:
    """Build the application of the admin routes; errors are ``{"error": sentence}`` with 400 or 404."""

    def refused(_request: Request, error: Exception) -> Response:
        return _json({"error": str(error)}, 400)

    looks: dict[str, Callable[[], Any]] = {
        "health": lambda: _health(desktop),
        "state": lambda: _canonical(desktop),
        "digest": lambda: {"digest": _digest(desktop)},
        "dump": lambda: _settled(desktop).dump(),
        "calls": desktop.desk.log.report,
        "faults": desktop.desk.faults.report,
        "switches": lambda: as_settings(desktop.desk.settings.switches),
        "files": lambda: _files(desktop),
    }
    acts: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("PUT", "faults"): lambda body: _set_faults(desktop, body),
        ("PUT", "switches"): lambda body: _set_switches(desktop, body),
        ("POST", "advance"): lambda body: _advance(desktop, body),
        ("POST", "reset-calls"): lambda _body: _reset_calls(desktop),
    }
    routes = [Route(f"{ADMIN}/{name}", _look(look), methods=["GET"]) for name, look in looks.items()]
    routes += [Route(f"{ADMIN}/{name}", _act(act), methods=[method]) for (method, name), act in acts.items()]
    routes += [
        Route(f"{ADMIN}/files/{{id:int}}", _content(desktop), methods=["GET"]),
        Route(f"{ADMIN}/records/{{entity}}", _records(desktop), methods=["GET"]),
        Route(f"{ADMIN}/human-edit", _human_edit(desktop), methods=["POST"]),
        Route(f"{ADMIN}/behaviours", _behaviours(desktop), methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={SettingError: refused})


Endpoint = Callable[[Request], Any]


def _look(look: Callable[[], Any]) -> Endpoint:
    def endpoint(_request: Request) -> Response:
        return _json(look())

    return endpoint


def _act(act: Callable[[Any], Any]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        return _json(await run_in_threadpool(act, body))

    return endpoint


def _records(desktop: Desktop) -> Endpoint:
    def endpoint(request: Request) -> Response:
        entity = request.path_params["entity"]
        account = _settled(desktop)
        with account.lock:
            table = account.tables.get(entity)
            if table is None:
                return _json({"error": f"no entity {entity}; there are: {', '.join(account.tables)}"}, 404)
            return _json(list(table.everything()))

    return endpoint


def _human_edit(desktop: Desktop) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        edit = await _body(request)
        if not isinstance(edit, dict) or set(edit) != {"entity", "id", "changes"}:
            raise SettingError("an edit is {entity, id, changes}")
        entity = desktop.account.entities.get(edit["entity"])
        if entity is None:
            raise SettingError(
                f"no entity {edit['entity']}; there are: {', '.join(desktop.account.entities)}"
            )
        before = _BEFORE.get(entity.key, "")
        place = f"/custom_module/{entity.key}" if entity.is_custom else f"{before}/{entity.plural}"
        path = f"{API}{place}/{edit['id']}"
        reply: Reply = await inner_call(
            desktop.product, "PUT", path, orjson.dumps({entity.key: edit["changes"]})
        )
        return Response(reply.body, reply.status, headers=dict(_texts(reply)))

    return endpoint


def _content(desktop: Desktop) -> Endpoint:
    def endpoint(request: Request) -> Response:
        account = desktop.account
        with account.lock:
            row = account.tables["document"].get_any(request.path_params["id"])
            path = account.files.path(row.get("sha256")) if row else None
        if row is None or path is None:
            return _json({"error": "no file of that id, or its content is not kept"}, 404)
        return FileResponse(path, media_type=row.get("content_type"), filename=row["name"])

    return endpoint


def _files(desktop: Desktop) -> Any:
    with desktop.account.lock:
        return files_report(desktop.account)


def _texts(reply: Reply) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in reply.headers if name == b"content-type"]


def _behaviours(desktop: Desktop) -> Endpoint:
    def endpoint(_request: Request) -> Response:
        desk = desktop.desk
        return HTMLResponse(page(desk.settings.switches, desk.faults.report()))

    return endpoint


def _settled(desktop: Desktop) -> Account:
    """Give the account after the rows of bulk jobs that are due have been applied."""
    desktop.jobs.advance()
    return desktop.account


def _canonical(desktop: Desktop) -> Any:
    return _settled(desktop).canonical()


def _digest(desktop: Desktop) -> str:
    text = json.dumps(_canonical(desktop), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _health(desktop: Desktop) -> dict[str, Any]:
    account = desktop.account
    with account.lock:
        records = {key: len(table) for key, table in account.tables.items()}
    now = account.now().isoformat(timespec="seconds")
    return {
        "ok": True,
        "plan": account.plan.value,
        "now": now,
        "records": records,
        "rows_waiting": desktop.jobs.pending(),
    }


def _set_faults(desktop: Desktop, body: Any) -> Any:
    if not isinstance(body, list):
        raise SettingError("faults are a list of rules")
    desktop.desk.faults.replace(body)
    desktop.desk.settings.refresh()
    return desktop.desk.faults.report()


def _set_switches(desktop: Desktop, body: Any) -> Any:
    if not isinstance(body, Mapping):
        raise SettingError("switches are an object of names and values")
    desktop.desk.settings.change(body)
    return as_settings(desktop.desk.settings.switches)


def _advance(desktop: Desktop, body: Any) -> Any:
    seconds = body.get("seconds") if isinstance(body, dict) else None
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or seconds < 0:
        raise SettingError("seconds must be a number of emulated seconds, 0 or more")
    desktop.desk.clock.advance(seconds)
    desktop.jobs.wake()
    return {"now": _settled(desktop).now().isoformat(timespec="seconds")}


def _reset_calls(desktop: Desktop) -> Any:
    desktop.desk.log.reset()
    return desktop.desk.log.report()


async def _body(request: Request) -> Any:
    try:
        return orjson.loads(await request.body() or b"null")
    except orjson.JSONDecodeError as error:
        raise SettingError("the body is not JSON") from error


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status, media_type="application/json")
