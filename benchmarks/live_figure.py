"""A whole practice read from AeronaClinic's API: `python benchmarks/live_figure.py --patients 50000`.

The emulator holds the practice and enforces the limit of 300 calls in 15 minutes, on a clock that runs
faster; so does the reader's. The reader is killed five times with SIGKILL. Shown are the calls, the share of
the limit that was used while it was reading, tokens that were invalidated, and whether the snapshot has the
digest of the one that the export gives. Ends with 1 where one of them is not as promised.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples" / "clinic")]

from clinicgen.clinic import Order, make_clinic  # noqa: E402 - the folders must be on the path first

from live_source import live_clinic  # noqa: E402 - same
from wherry.connectors.aerona import open_bundle  # noqa: E402 - same
from wherry.staging import ParquetSnapshot, compare, stage  # noqa: E402 - same

LIMIT, WINDOW = 300, 900.0
KILLS = 5
PROMISED = 0.9
START = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)
READER = """
import sys
from datetime import datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from live_source import ScaledClock, open_live
from wherry.staging import ParquetSnapshot, compare, stage
folder, scale = Path(sys.argv[3]), float(sys.argv[4])
clock = ScaledClock(scale=scale, origin=float(sys.argv[5]), start=datetime.fromisoformat(sys.argv[6]))
source = open_live(sys.argv[2], folder, clock, profile="clinic.yaml")
print(stage(source, folder / "snapshots").digest, flush=True)
source.close()
"""


def practice(folder: Path, patients: int) -> tuple[Path, int, str]:
    """Make the practice, without documents, and give its bundle, its records and the digest of its export."""
    make_clinic(Order(out=folder, patients=patients))
    bundle = folder / "bundle"
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] = [entry for entry in manifest["files"] if entry["name"] != "documents.csv"]
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (bundle / "documents.csv").unlink(missing_ok=True)
    shutil.rmtree(bundle / "documents", ignore_errors=True)
    with open_bundle(bundle) as source:
        snapshot = stage(source, folder / "expected")
    return bundle, sum(entry["rows"] for entry in manifest["files"]), snapshot.digest


def pages_of(folder: Path) -> int:
    """Return how many pages are there; a list that is being read has its newest page under the highest number."""
    pages = folder / "aerona-api" / "pages"
    return sum(1 for one in pages.iterdir() for _ in one.iterdir()) if pages.exists() else 0


def killed(command: list[str], folder: Path, pages: int) -> None:
    """Start the reader and kill it once that many pages are there."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))
    try:
        while pages_of(folder) < pages:
            if child.poll() is not None:
                raise SystemExit(f"the reader ended by itself with {child.returncode}")
            time.sleep(0.2)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)


def measure(folder: Path, *, full: bool = False) -> dict[str, Any]:
    """Give the figures for a whole practice, or for a small one with as many pages as a list needs to be cut."""
    if full:
        return read(folder, patients=50_000, scale=45.0)
    return read(folder, patients=1_000, scale=60.0, size=20)


def read(folder: Path, *, patients: int, scale: float, size: int = 200) -> dict[str, Any]:
    """Read the practice of that many patients, killed five times, and give the figures."""
    bundle, records, digest = practice(folder / "clinic", patients)
    work = folder / "work"
    work.mkdir()
    (work / "clinic.yaml").write_text(
        f'maintenance: {{begin: ""}}\npaging: {{size: {size}}}\nlists: {{documents: {{path: ""}}}}\n',
        encoding="utf-8",
    )
    settings = ("--setting", "maintenance=off")
    with live_clinic(bundle, *settings, scale=scale, start=START, patience=600) as there:
        origin = time.monotonic()
        command = [sys.executable, "-c", READER, str(ROOT / "tests"), there.url, str(work)]
        command += [str(scale), str(origin), START.isoformat()]
        expected = records // size
        for kill in range(1, KILLS + 1):
            killed(command, work, expected * kill // (KILLS + 1))
        end = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
        figures = there.figures()
    got = end.stdout.split()[-1]  # before it: progress that DuckDB shows to whoever has no script
    if got != digest:
        _show(folder / "clinic" / "expected" / digest, work / "snapshots" / got)
    asked = {"patients": patients, "records": records, "page": size, "kills": KILLS, "scale": scale}
    return _judged(figures, asked, same=got == digest)


def _show(expected: Path, got: Path) -> None:
    """Print what differs between two snapshots: counts, and the first keys."""
    before, after = ParquetSnapshot.open(expected), ParquetSnapshot.open(got)
    for stream, counts in before.counts().items():
        if counts != after.counts()[stream]:
            print(stream, counts, after.counts()[stream], file=sys.stderr)
    for change in islice(compare(before, after), 20):
        print(change, file=sys.stderr)


def _judged(figures: dict[str, Any], asked: dict[str, Any], *, same: bool) -> dict[str, Any]:
    """Give the figures; the share is the average of calls in a window's time, kills and all, against the limit."""
    took = figures["last_call"] - figures["first_call"]
    share = figures["calls"] / (took / WINDOW) / LIMIT
    return {
        **asked,
        "calls": figures["calls"],
        "logins": figures["logins"],
        "invalidated": figures["invalidated"],
        "fullest_window": figures["fullest"],
        "emulated_hours": round(took / 3600, 2),
        "share_of_limit": round(share, 3),
        "same_digest": same,
        "ok": same and figures["invalidated"] == 0 and share >= PROMISED,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument("--scale", type=float, default=45.0, help="emulated seconds a second")
    parser.add_argument("--page", type=int, default=200, help="records a page")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        began = time.monotonic()
        figure = read(Path(folder), patients=asked.patients, scale=asked.scale, size=asked.page)
    print(json.dumps({**figure, "seconds": round(time.monotonic() - began)}), flush=True)
    return 0 if figure["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
