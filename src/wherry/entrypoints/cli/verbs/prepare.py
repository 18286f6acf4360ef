"""`wherry prepare`."""

import click

from wherry.app.results import PrepareResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import stands
from wherry.entrypoints.cli.screen import Screen


@click.command("prepare")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Create fields and accounts there, and list the admin's manual steps.

    Needs an approval for prepare. What the API cannot create is listed step by step and verified; the verb
    exits 3 while a step that the load needs is not done.
    """
    from wherry.app.prepare import prepare

    face.end(face.in_workspace(prepare, stoppable=True), show)


def show(screen: Screen, result: PrepareResult) -> None:
    """Print what was created and what is left for the admin."""
    screen.line(
        f"created {len(result.created):,}, already there {len(result.existing):,}, {result.calls:,} calls"
    )
    columns = ("stream", "label", "type")
    screen.table(columns, [[str(row.get(column, "")) for column in columns] for row in result.created])
    if result.manual_steps:
        screen.heading("Steps for the admin")
    for step in result.manual_steps:
        needed = " (needed before the load)" if step.get("blocking") else ""
        screen.line(f"[{stands(step)}] {step.get('what', '')}{needed}")
        if step.get("why"):
            screen.line(f"    {step['why']}")
