"""How much memory an upload takes: one large document out of an encrypted zip, to the emulator, in a process of its own.

    python benchmarks/upload_memory.py [MEGABYTES]

Prints the peak of the resident set before and after, in MiB; what is added stays far below the size of the file.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyzipper

from wherry.app.documents import LazyDocuments
from wherry.app.workspace import SystemClock
from wherry.connectors.aerona import open_bundle
from wherry.connectors.freshsales import open_destination
from wherry.model.operation import Content, Operation, Verb
from wherry.model.record import Key
from wherry.store import open_store

MEGABYTE = 1_000_000
REF = "documents/1.bin"
PASSWORD = "benchmark"
KEY = "emulator-key"


def peak() -> float:
    """Return the peak of this process's resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_bundle(place: Path, megabytes: int) -> str:
    """Write an encrypted zip with one document of random bytes; return their sha256."""
    digest = hashlib.sha256()
    manifest = {
        "format": "aerona-bundle", "version": 1, "tenant": "benchmark", "exported_at": "2026-10-02T19:40:00+01:00",
        "tz": "Europe/London", "currency": "GBP", "files": [],
    }  # fmt: skip
    with pyzipper.AESZipFile(place, "w", encryption=pyzipper.WZ_AES) as pack:
        pack.setpassword(PASSWORD.encode())
        pack.writestr("manifest.json", json.dumps(manifest))
        with pack.open(REF, "w", force_zip64=True) as member:
            for _ in range(megabytes):
                block = os.urandom(MEGABYTE)
                digest.update(block)
                member.write(block)
    return digest.hexdigest()


def upload(url: str, bundle: Path, sha256: str, size: int) -> None:
    """Upload the document to a contact made for it, through what a load uses."""
    clock = SystemClock()
    budget = open_store("sqlite://", clock=clock).budget(
        url, per_minute=400, per_hour=5000, reserve=0.0, max_wait=60
    )
    documents = LazyDocuments(lambda: open_bundle(bundle, password=PASSWORD))
    with open_destination(url, KEY, "enterprise", budget, clock) as there:
        there.upload_from(documents)
        contact = there.write(_contact())
        before = peak()
        began = time.monotonic()
        there.write(_file(contact.destination_id, sha256, size))
        seconds = time.monotonic() - began
    documents.close()
    print(f"peak before {before:.0f} MiB, after {peak():.0f} MiB; {size / MEGABYTE / seconds:.0f} MB/s")


def _contact() -> Operation:
    return Operation(
        id="bench:contact",
        verb=Verb.CREATE,
        stream="contacts",
        key=Key("patients", "1"),
        part=1,
        fields={"last_name": "Benchmark", "email": "benchmark@example.com"},
    )


def _file(contact: int, sha256: str, size: int) -> Operation:
    return Operation(
        id="bench:file",
        verb=Verb.CREATE,
        stream="documents",
        key=Key("documents", "1"),
        part=1,
        fields={"name": "large.bin [aerona:documents:1]", "size": size, "sha256": sha256},
        links={"targetable": contact},
        marker="[aerona:documents:1]",
        content=Content(REF, "application/octet-stream"),
    )


def main() -> None:
    """Make the bundle in a process of its own, so that its memory does not count, then upload."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.zip"
        code = "import sys, upload_memory as u; print(u.make_bundle(u.Path(sys.argv[1]), int(sys.argv[2])))"
        made = subprocess.run(
            [sys.executable, "-c", code, str(bundle), str(megabytes)],
            check=True, capture_output=True, text=True, cwd=Path(__file__).parent,
        )  # fmt: skip
        emulator = subprocess.Popen(
            [Path(sys.executable).with_name("wherry-emulator"), "freshsales", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert emulator.stdout is not None
            url = emulator.stdout.readline().split()[1]
            upload(url, bundle, made.stdout.strip(), megabytes * MEGABYTE)
        finally:
            emulator.terminate()
            emulator.wait(10)


if __name__ == "__main__":
    main()
