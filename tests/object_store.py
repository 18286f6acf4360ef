"""A server that speaks S3, on loopback, as a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

START_SECONDS = 30
KEYS = {"WHERRY_STORE__FILES_ACCESS_KEY": "test-access", "WHERRY_STORE__FILES_SECRET_KEY": "test-secret"}


@dataclass(frozen=True, slots=True)
class ObjectStore:
    endpoint: str

    def make_bucket(self, name: str) -> str:
        """A new bucket, as a URL."""
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            return f"s3://{name}"

    def environment(self) -> dict[str, str]:
        """What a process needs to get in."""
        return {"WHERRY_STORE__FILES_ENDPOINT": self.endpoint, **KEYS}


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield ObjectStore(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def _wait(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(endpoint, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the S3 server of the tests did not start (exit code {process.poll()})")
        time.sleep(0.05)
