"""`wherry worker`."""

import click

from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_status


@click.command("worker")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Join the run of a store on PostgreSQL, from any machine with the same settings.

    Waits for a run, works on it until it is over, and ends. Another worker takes over what this one was
    at when it dies. Ctrl-C stops at the next batch border.
    """
    from wherry.app.durable_files import bring_settings
    from wherry.app.worker import worker

    bring_settings(face.flags.project_dir, face.progress)
    face.end(face.in_workspace(worker, stoppable=True), show_status)
