"""The published figures: `make bench`, or `python benchmarks/run.py [FIGURE …]`.

recall: a corpus of faults in one clinic; what the rehearsal says will not arrive, against what the load rejects.
coverage: 1 % of what is stored is changed in silence; the share that reconcile finds, and what it finds too much.
duplicates: a load killed again and again while answers get lost; records that are there twice, or not at all.
rollback: creates, updates of records that were there, links; then people edit; then a rollback that is killed.
matching: columns put into their places, beside plain fuzzy matching and COMA; needs no emulator.
live: a practice read from AeronaClinic's API within its limit, killed five times; share of the limit, digest.
cutover: two days of work in both systems at once, followed by one delta after another.

Everything runs against the local emulator. Ends with 1 when a figure is worse than what is promised.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "matching"))
sys.path.insert(0, str(Path(__file__).parent))

import versus

import coverage_figure
import cutover_figure
import duplicates_figure
import live_figure
import recall_figure
import rollback_figure

FIGURES: dict[str, Callable[..., dict[str, Any]]] = {
    "recall": recall_figure.measure,
    "coverage": coverage_figure.measure,
    "duplicates": duplicates_figure.measure,
    "rollback": rollback_figure.measure,
    "cutover": cutover_figure.measure,
    "live": live_figure.measure,
    "matching": versus.measure,
}
SIZED = ("rollback", "cutover", "live")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument(
        "--full",
        action="store_true",
        help=f"{' and '.join(SIZED)} at the size of a whole clinic (an hour)",
    )
    parser.add_argument("--output", type=Path, help="also write the figures as JSON here")
    asked = parser.parse_args()
    if unknown := set(asked.figures) - set(FIGURES):
        parser.error(f"no figure {min(unknown)!r}; there are {', '.join(FIGURES)}")
    found = {}
    for name in asked.figures or FIGURES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            sized = {"full": asked.full} if name in SIZED else {}
            figure = FIGURES[name](Path(folder), **sized)
        found[name] = {**figure, "seconds": round(time.monotonic() - began)}
        print(json.dumps({"figure": name, **found[name]}), flush=True)
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure["ok"] for figure in found.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
