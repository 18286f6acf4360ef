"""The emulator as a process: its parts put together, one listening socket on loopback, an orderly end."""

import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from wherry_emulators.freshsales.account import Account
from wherry_emulators.freshsales.admin import Desktop, admin_app
from wherry_emulators.freshsales.auth import Keys
from wherry_emulators.freshsales.calls import CallLog
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.connections import Connections
from wherry_emulators.freshsales.errors import UNKNOWN_ROUTE_HTML, ApiError, error_body
from wherry_emulators.freshsales.faults import Faults
from wherry_emulators.freshsales.files import Files
from wherry_emulators.freshsales.gateway import API, BASE, Desk, Gateway
from wherry_emulators.freshsales.jobs import Jobs
from wherry_emulators.freshsales.limits import Limits
from wherry_emulators.freshsales.routes import routes, ui_routes
from wherry_emulators.freshsales.settings import Settings
from wherry_emulators.freshsales.state import State
from wherry_emulators.freshsales.switches import Plan, Switches
from wherry_emulators.process import (
    OrderlyServer,
    SettingError,
    announce,
    listen,
    require_loopback,
    write_whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything one emulator is started with; see the command's ``--help`` for each."""

    plan: Plan = Plan.ENTERPRISE
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 0
    seed_file: Path | None = None
    state_file: Path | None = None
    ready_file: Path | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    switches: Switches = field(default_factory=Switches)
    keys: Keys
    clock_scale: float = 1.0
    zone: str = "Europe/London"
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """One account: its records, its jobs, its desk, and the ASGI application in front of them."""

    account: Account
    jobs: Jobs
    desk: Desk
    app: Gateway


def build(options: Options) -> Emulator:
    """Put the parts together and load the records; SettingError if an option or a file is wrong."""
    faults = Faults(options.faults, options.seed)
    clock = _clock(options)
    settings = Settings(options.switches, faults)
    account = Account(options.plan, settings.switches, clock, options.seed, faults=faults)
    _load(account, options)
    settings.listen(lambda switches: setattr(account, "switches", switches))
    jobs = Jobs(clock, lambda: settings.switches, faults, account.lock)
    desk = Desk(
        keys=options.keys,
        limits=Limits(options.plan, clock),
        faults=faults,
        log=CallLog(),
        clock=clock,
        settings=settings,
        connections=Connections(),
    )
    product = _product(account, jobs, settings)
    admin = admin_app(Desktop(account=account, jobs=jobs, desk=desk, product=product))
    return Emulator(account=account, jobs=jobs, desk=desk, app=Gateway(desk, product, admin))


def serve(options: Options) -> None:
    """Run one emulator until SIGTERM or SIGINT; SettingError if it cannot start.

    Prints ``ready URL`` on standard output when it listens. With a state file the records are written there
    at the end, with the rows of accepted jobs applied as if their time had come.
    """
    require_loopback(options.host)
    emulator = build(options)
    listener = listen(options.host, options.port)
    url = f"http://{options.host}:{listener.getsockname()[1]}{BASE}"
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    config = uvicorn.Config(
        emulator.app,
        http=emulator.desk.connections.protocol(),
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    OrderlyServer(config, lambda: announce(url, options.ready_file)).run(sockets=[listener])
    if options.state_file:
        emulator.jobs.finish()
        write_whole(options.state_file, orjson.dumps(emulator.account.dump(), option=orjson.OPT_INDENT_2))


def _product(state: State, jobs: Jobs, settings: Settings) -> Starlette:
    def job_status(request: Request) -> Response:
        text = str(request.path_params["id"])
        return JSONResponse(jobs.status(int(text) if text.isascii() and text.isdigit() else -1))

    def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)  # noqa: S101 - Starlette's signature is wider than its promise
        return JSONResponse(
            error_body(error.status, error.messages, settings.switches.errors_message_as), error.status
        )

    def no_route(_request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        if status in {404, 405}:
            return HTMLResponse(UNKNOWN_ROUTE_HTML, 404)
        return JSONResponse(error_body(status, (str(error),), settings.switches.errors_message_as), status)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        jobs.start()
        yield
        jobs.stop()

    status_route = Route("/job_statuses/{id}", job_status, methods=["GET"])
    return Starlette(
        routes=[
            Mount(API, routes=[status_route, *routes(state, jobs)]),
            Mount(BASE, routes=ui_routes(state)),
        ],
        exception_handlers={ApiError: refused, HTTPException: no_route},
        lifespan=lifespan,
    )


def _clock(options: Options) -> Clock:
    try:
        return Clock(options.clock_scale, options.zone, options.start)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise SettingError(f"clock: {error}") from error


def _load(account: Account, options: Options) -> None:
    """Load the state file if there is one yet, else the seed file if one is named."""
    kept = options.state_file if options.state_file and options.state_file.exists() else None
    if options.state_file:
        account.files = Files(options.state_file.with_name(f"{options.state_file.name}.files"))
    file = kept or options.seed_file
    if file is None:
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise SettingError(f"{file} does not hold one JSON object")
        account.load_seed(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
