"""`wherry demo`."""

from pathlib import Path

import click

from wherry.app.run_results import DemoResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("demo")
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Work here and keep it (default: a temporary folder).",
)
@click.option("--keep", is_flag=True, help="Keep the temporary folder.")
@shared_options
@pass_face
def command(face: Face, directory: Path | None, keep: bool) -> None:
    """The five-minute proof on the bundled clinic and emulators.

    Maps, plans, samples, loads, crashes on purpose, resumes, reconciles and rolls back. Needs no account, no
    key and no network.
    """
    from wherry.app.demo import demo

    face.end(face.watched(lambda: demo(directory=directory, keep=keep, progress=face.progress)), show)


def show(screen: Screen, result: DemoResult) -> None:
    """Print one line for each step."""
    columns = ("", "step", "seconds", "what it showed")
    screen.table(
        columns, [["ok" if s.ok else "FAIL", s.name, f"{s.seconds:.1f}", s.summary] for s in result.steps]
    )
    shown = sum(step.ok for step in result.steps)
    screen.line(f"{shown} of {len(result.steps)} steps showed what they promise")
    if result.report:
        screen.line(f"report: {result.report}")
    if result.directory:
        screen.line(f"kept: {result.directory}")
