"""`wherry match COLUMNS.csv TARGETS.csv`."""

from collections import Counter
from pathlib import Path

import click

from wherry.app.results import MatchResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Cell, Screen
from wherry.entrypoints.cli.verbs.advice import show_advice

CSV = click.Path(path_type=Path, dir_okay=False, exists=True)


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:  # noqa: ARG001 - click's signature
    pairs: dict[str, str] = {}
    for value in values:
        source, equals, target = value.partition("=")
        if not (source and equals and target):
            raise click.BadParameter("write SOURCE=TARGET")
        if pairs.get(source, target) != target:
            raise click.BadParameter(f"{source} goes to {pairs[source]} or to {target}, not to both")
        pairs[source] = target
    return pairs


@click.command("match")
@click.argument("columns", metavar="COLUMNS.csv", type=CSV)
@click.argument("targets", metavar="TARGETS.csv", type=CSV)
@click.option(
    "--object",
    "objects",
    metavar="SOURCE=TARGET",
    multiple=True,
    callback=_pairs,
    help="This source object goes to that target object; repeatable.",
)
@shared_options
@pass_face
def command(face: Face, columns: Path, targets: Path, objects: dict[str, str]) -> None:
    """Propose a map for any two column lists; needs no workspace.

    COLUMNS.csv has source_object, source_header and sample_1 … sample_n. TARGETS.csv has object, field,
    label, type, required and picklist.
    """
    from wherry.app.match import match

    face.end(face.watched(lambda: match(columns, targets, objects)), show)


def show(screen: Screen, result: MatchResult) -> None:
    """Print one line for each column."""
    rows: list[list[Cell]] = [
        [p.source_object, p.source_header, p.target, p.confidence, p.band, p.evidence]
        for p in result.proposals
    ]
    screen.table(["object", "column", "proposed place", "confidence", "band", "evidence"], rows)
    show_advice(screen, result.llm)
    counts = Counter(p.band for p in result.proposals)
    bands = ", ".join(f"{counts[band]:,} {band}" for band in ("green", "amber", "grey", "red"))
    screen.line(f"{len(result.proposals):,} columns: {bands}")
