"""`wherry init DIR`."""

from pathlib import Path

import click

from wherry.app.results import InitResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("init")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@shared_options
@pass_face
def command(face: Face, directory: Path) -> None:
    """Make a workspace: one folder for one migration.

    Writes wherry.toml with every setting explained, and the folders that the other verbs use. An existing
    wherry.toml is never overwritten.
    """
    from wherry.app.init import init

    face.end(init(directory), show)


def show(screen: Screen, result: InitResult) -> None:
    """Name what was made."""
    screen.line(f"made the workspace {result.directory}")
    for name in result.files:
        screen.line(f"  {name}")
