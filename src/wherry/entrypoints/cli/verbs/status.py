"""`wherry status`."""

import time

import click

from wherry.app.run_results import StatusResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_status
from wherry.entrypoints.cli.screen import Screen


@click.command("status")
@click.option("--run", "run", metavar="ID", default="", help="This run (default: the newest).")
@click.option("--watch", is_flag=True, help="Look again and again until the run is over.")
@click.option(
    "--every",
    metavar="SECONDS",
    type=click.FloatRange(0.2),
    default=5.0,
    show_default=True,
    help="With --watch.",
)
@shared_options
@pass_face
def command(face: Face, run: str, watch: bool, every: float) -> None:
    """Show where things stand."""
    result = _look(face, run)
    while watch and result.state == "running":
        if not face.flags.json:
            show_status(Screen(), result)
        time.sleep(every)
        result = _look(face, run)
    face.end(result, show_status)


def _look(face: Face, run: str) -> StatusResult:
    from wherry.app.status import status

    return face.in_workspace(lambda ws: status(ws, run=run))
