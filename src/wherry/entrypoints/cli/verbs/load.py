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
@click.option(
    "--stand-by",
    is_flag=True,
    help="Where another process loads already, wait for it, and take its place when it is gone.",
)
@shared_options
@pass_face
def command(face: Face, wait: bool, stand_by: bool) -> None:
    """Run the full load, or resume it where it stopped.

    Needs an approval of the current digest for load; without one it names what changed since the approval.
    Ctrl-C stops at the next batch border; the same command goes on from there.
    """
    from wherry.app.load import load

    face.end(
        face.in_workspace(lambda ws: load(ws, wait=wait, stand_by=stand_by), stoppable=True), show_status
    )
