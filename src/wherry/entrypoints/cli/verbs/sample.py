"""`wherry sample`."""

from pathlib import Path

import click

from wherry.app.run_results import SampleResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_diff, show_status
from wherry.entrypoints.cli.screen import Screen


@click.command("sample")
@click.option(
    "--size",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Records to take, at least: patients with all that hangs on them. Every risky case is in, whatever the size.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another sample.")
@click.option(
    "--keys",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Take these patients instead: one patient id a line.",
)
@click.option("--show-values", is_flag=True, help="Show values in the diff report; masked otherwise.")
@shared_options
@pass_face
def command(face: Face, size: int, seed: int, keys: Path | None, show_values: bool) -> None:
    """Load a stratified slice, read it back and write the field-level diff.

    The slice covers the risky cases (shared addresses, long notes, odd dates, every status), each patient
    with all relations. Needs an approval for sample.
    """
    from wherry.app.sample import sample

    result = face.in_workspace(
        lambda ws: sample(ws, size=size, seed=seed, keys=keys, show_values=show_values),
        stoppable=True,
    )
    face.end(result, show)


def show(screen: Screen, result: SampleResult) -> None:
    """Print the run and the diff."""
    show_status(screen, result)
    show_diff(screen, result.diff)
