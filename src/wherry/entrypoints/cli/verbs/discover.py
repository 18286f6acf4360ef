"""`wherry discover`."""

from collections.abc import Mapping
from typing import Any

import click

from wherry.app.results import DiscoverResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Cell, Screen

FATES = ("ready", "filtered", "merged", "no_equivalent", "rejected", "deferred")


@click.command("discover")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Stage a snapshot of the source and read both catalogs.

    Also reads the destination's pick lists, owners, fields and plan limits, and profiles values. Nothing is
    written to the destination.
    """
    from wherry.app.discover import discover

    face.end(face.in_workspace(discover), show)


def show(screen: Screen, result: DiscoverResult) -> None:
    """Print what both systems hold and what was noticed."""
    screen.line(f"snapshot {result.snapshot[:12]}")
    rows: list[list[Cell]] = []
    for stream, fates in result.fates.items():
        counts = [fates.get(fate, 0) for fate in FATES]
        rows.append([stream, sum(counts), *counts])
    screen.table(["source stream", "records", *(fate.replace("_", " ") for fate in FATES)], rows)
    screen.heading(f"Destination: {result.destination.get('system', '')}")
    streams: Mapping[str, Mapping[str, Any]] = result.destination.get("streams", {})
    screen.table(
        ["stream", "records", "fields"],
        [[name, s.get("records"), s.get("fields")] for name, s in streams.items()],
    )
    if result.findings:
        screen.heading("Findings")
    for finding in result.findings:
        screen.line(finding_line(finding))


def finding_line(finding: Mapping[str, Any]) -> str:
    """Return one finding as a line: where, what, and what to do."""
    where = ":".join(str(part) for part in (finding.get("file"), finding.get("line")) if part)
    remedy = f"; {finding['hint']}" if finding.get("hint") else ""
    return f"{where + ': ' if where else ''}{finding.get('message', '')}{remedy} [{finding.get('code')}]"
