"""`wherry load`."""

import click

from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_status


@click.command("load")
@click.option(
    "--wait/--no-wait",
    default=True,
    show_default=True,
    help="Wait for API quota, or pause and exit 8 when it is used up.",
)
@shared_options
@pass_face
def command(face: Face, wait: bool) -> None:
    """Run the full load, or resume it where it stopped.

    Needs an approval of the current digest for load; without one it names what changed since the approval.
    Ctrl-C stops at the next batch border; the same command goes on from there.
    """
    from wherry.app.load import load

    face.end(face.in_workspace(lambda ws: load(ws, wait=wait), stoppable=True), show_status)
