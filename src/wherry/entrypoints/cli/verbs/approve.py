"""`wherry approve DIGEST`."""

from typing import Any

import click

from wherry.app.results import ApproveResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen

RUNS = ("prepare", "sample", "load", "delta", "instalments")


def _runs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    words = [word.strip() for value in values for word in value.split(",") if word.strip()]
    for word in words:
        if word not in RUNS:
            raise click.BadParameter(f"{word!r} is none of {', '.join(RUNS)}")
    return tuple(dict.fromkeys(words))


@click.command("approve")
@click.argument("digest")
@click.option("--by", metavar="NAME", required=True, help="Who says yes.")
@click.option(
    "--for",
    "runs",
    metavar="|".join(RUNS),
    multiple=True,
    callback=_runs,
    help="For which kinds of run; repeatable, or a list with commas.",
)
@click.option(
    "--unlock",
    metavar="CLASS",
    multiple=True,
    help="Open a privacy class; repeatable; needs --purpose and --basis.",
)
@click.option("--purpose", default="", help="What the opened class is needed for.")
@click.option("--basis", default="", help="The legal basis for it.")
@shared_options
@pass_face
def command(face: Face, digest: str, **words: Any) -> None:
    """Record a person's yes to exactly one plan.

    DIGEST is what `wherry plan` printed; its first 12 characters are enough. The yes is kept in the ledger.
    """
    from wherry.app.approve import approve

    face.end(face.in_workspace(lambda ws: approve(ws, digest, **words)), show)


def show(screen: Screen, result: ApproveResult) -> None:
    """Repeat what was approved."""
    if result.runs:
        screen.line(f"{result.by} approved plan {result.digest[:12]} for {', '.join(result.runs)}")
    if result.unlock:
        screen.line(f"{result.by} opened {result.unlock} for plan {result.digest[:12]}")
