"""`wherry propose`."""

import click

from wherry.app.results import ProposeResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Cell, Screen


@click.command("propose")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Write mapping proposals with confidence, band and evidence.

    One YAML file for each mapping goes to mapping/. A line that a person changed is never overwritten.
    """
    from wherry.app.propose import propose

    face.end(face.in_workspace(propose), show)


def show(screen: Screen, result: ProposeResult) -> None:
    """Print every proposal that is not green, and how many of each band there are."""
    open_lines = [p for p in result.proposals if p.band != "green"]
    rows: list[list[Cell]] = [
        [p.source_object, p.source_header, p.target, p.confidence, p.band, p.evidence] for p in open_lines
    ]
    screen.table(["stream", "field", "proposed place", "confidence", "band", "evidence"], rows)
    bands = ", ".join(f"{count:,} {band}" for band, count in result.document()["bands"].items())
    screen.line(f"{len(result.proposals):,} fields: {bands}")
    for name in result.written:
        screen.line(f"wrote {name}")
    for name in result.kept:
        screen.line(f"kept {name}")
