"""deploy/ as it is written: its commands carry a load through on PostgreSQL, with three workers."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

from clinic_journey import Journey
from contract.postgres import PostgresServer, own_server
from soak.deployed import BIN, DEPLOY, Service, Supervisor, container, unit
from soak.fleet import assert_whole

ENGINE = "lease_seconds = 2\nbeat_seconds = 0.4\ncall_seconds = 1"
PASSWORD = "synthetic-password"
SLOW = [{"kind": "slow", "ms": 60, "match": {"method": "POST"}}]
Begin = Callable[..., Journey]


@pytest.fixture(scope="module")
def locked() -> Iterator[PostgresServer]:
    """A server that asks for a password, as the one of the compose file does."""
    with own_server() as server:
        with psycopg.connect(server.at("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE wherry PASSWORD '{PASSWORD}'")
            rules = connection.execute("SHOW hba_file").fetchone()
        assert rules is not None
        server.url = server.url.replace("wherry@", f"wherry:{PASSWORD}@")
        text = Path(rules[0]).read_text(encoding="utf-8")
        Path(rules[0]).write_text(text.replace("trust", "scram-sha-256"), encoding="utf-8")
        with psycopg.connect(server.at("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def store(locked: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.name
    yield locked.create(name)
    locked.drop(name)


@pytest.fixture
def pgpass(locked: PostgresServer, tmp_path: Path) -> Path:
    path = tmp_path / "pgpass"
    path.write_text(f"127.0.0.1:{locked.url.rpartition(':')[2]}:*:wherry:{PASSWORD}\n")
    path.chmod(0o600)
    return path


SEAL = "a long text that nobody guesses"


def open_url(store: str) -> str:
    return store.replace(f":{PASSWORD}@", "@")


@contextmanager
def begun(
    prepared: Begin, few: Path, store: str, pgpass: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Journey]:
    """A load that is approved; only the password file opens the store."""
    with monkeypatch.context() as patched:
        patched.setenv("PGPASSFILE", str(pgpass))
        yield prepared(few, open_url(store), ENGINE, faults=SLOW)


def carried(supervisor: Supervisor, way: Journey, seconds: float = 150) -> None:
    """Start all, kill a worker and the coordinator in the middle, and see the load to its end."""
    until, killed = time.monotonic() + seconds, []
    first = sum(way.emulator.admin("health")["records"].values())
    supervisor.start()
    while 0 not in supervisor.ended:
        assert time.monotonic() < until, supervisor.log.read_text()[-6000:]
        supervisor.tend()
        written = sum(way.emulator.admin("health")["records"].values()) - first
        if len(killed) < 2 and written > 12 * (1 + len(killed)):
            killed.append(2 - 2 * len(killed))
            supervisor.kill(killed[-1])
        time.sleep(0.05)
    assert killed == [2, 0]


def begin_and_carry(services: list[Service], way: Journey, log: Path) -> Supervisor:
    supervisor = Supervisor(services, log)
    try:
        carried(supervisor, way)
        assert supervisor.ended[0] == 0, log.read_text()[-6000:]
        supervisor.tend()
        assert len(supervisor.ended) == 1  # the workers wait for the next run
        time.sleep(3)
        assert set(supervisor.stop()) <= {130, 143}
    finally:
        supervisor.end()
    assert_whole(way)
    return supervisor


def test_the_units_carry_a_load_through(
    prepared: Begin, few: Path, store: str, pgpass: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begun(prepared, few, store, pgpass, monkeypatch) as way:
        settings = tmp_path / "riverside.env"
        settings.write_text(
            f"WHERRY_STORE__URL={open_url(store)}\nWHERRY_DESTINATION__API_KEY=emulator-key\nPGPASSFILE={pgpass}\n"
        )
        places = {
            "/opt/wherry/bin": str(BIN),
            "/srv/wherry/riverside": str(way.directory),
            "/etc/wherry/riverside.env": str(settings),
        }
        monkeypatch.delenv("WHERRY_DESTINATION__API_KEY")
        services = [
            unit("wherry-load@.service", "riverside", places),
            *(unit("wherry-worker@.service", "riverside", places) for _ in range(3)),
        ]
        monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
        begin_and_carry(services, way, tmp_path / "units.log")


@pytest.mark.soak
def test_the_compose_file_carries_a_load_through(
    prepared: Begin, few: Path, store: str, pgpass: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERRY_STORE__KEY", SEAL)
    with begun(prepared, few, store, pgpass, monkeypatch) as way:
        (tmp_path / "api_key").write_text("emulator-key\n")
        (tmp_path / "store_key").write_text(f"{SEAL}\n")
        places = {
            "/workspace": str(way.directory),
            "postgresql://wherry@postgres:5432/wherry": open_url(store),
            "secrets/": f"{tmp_path}/",
        }
        monkeypatch.delenv("WHERRY_DESTINATION__API_KEY")
        monkeypatch.delenv("WHERRY_STORE__KEY")
        services = [container("load", places), *(container("worker", places) for _ in range(3))]
        monkeypatch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
        monkeypatch.setenv("WHERRY_STORE__KEY", SEAL)
        begin_and_carry(services, way, tmp_path / "compose.log")


def test_what_the_compose_file_refers_to_is_there() -> None:
    whole: dict[str, Any] = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    for service in whole["services"].values():
        assert set(service["secrets"]) <= set(whole["secrets"])
        assert set(service.get("depends_on", {})) <= set(whole["services"])
        named = {one.partition(":")[0] for one in service["volumes"] if not one.startswith("$")}
        assert named <= set(whole["volumes"])
    for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY "):
            assert all((DEPLOY.parent / source).exists() for source in line.split()[1:-1]), line


@pytest.mark.parametrize("code", [0, 1, 2, 4, 5, 6, 8, 130, 137])
def test_a_container_is_started_again_only_where_that_helps(tmp_path: Path, code: int) -> None:
    """`restart: on-failure` knows no exit codes: the script that the container runs does."""
    fake = tmp_path / "wherry"
    fake.write_text(f"#!/bin/sh\nexit {code}\n")
    fake.chmod(0o755)
    done = subprocess.run([DEPLOY / "load.sh"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert done.returncode == (0 if code in {0, 2, 4, 5, 6, 130} else code)


def test_a_stopped_container_lets_the_load_come_to_its_batch_border(tmp_path: Path) -> None:
    fake = tmp_path / "wherry"
    fake.write_text("#!/bin/sh\ntrap 'sleep 0.5; echo border; exit 130' TERM\nwhile :; do sleep 0.1; done\n")
    fake.chmod(0o755)
    script = subprocess.Popen(
        [DEPLOY / "load.sh"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.5)
    script.terminate()
    said, _ = script.communicate(timeout=20)
    assert (script.returncode, said) == (0, "border\n")


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.fail("no systemd-analyze: install the system's package systemd")
    for path in DEPLOY.glob("*.service"):
        text = path.read_text(encoding="utf-8").replace("/opt/wherry/bin", str(BIN))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "verify", *map(str, tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
