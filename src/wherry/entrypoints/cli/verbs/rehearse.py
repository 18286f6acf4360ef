"""`wherry rehearse`."""

import click

from wherry.app.report_results import RehearseResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("rehearse")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Run the whole plan against a local emulator.

    It holds the fields, pick lists, people and limits that discover found; faults happen on the way, and at
    the end everything is taken back. The real destination is neither asked nor written.
    """
    from wherry.app.rehearse import rehearse

    face.end(face.in_workspace(rehearse, stoppable=True), show)


def show(screen: Screen, result: RehearseResult) -> None:
    """Print what the plan came to."""
    document = result.document()
    proof, back = document["proof"], document["rollback"]
    screen.facts(
        [
            ("plan", result.digest[:12]),
            ("calls", ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in result.calls.items())),
            ("hours at the real quota", f"{result.hours:.2f}, and {result.rollback_hours:.2f} to take it back"),
            ("faults on the way", result.faults),
            ("read back", f"{proof['records']:,} records, {proof['different'] + proof['missing']} fields not as expected"),
            ("taken back", "to the state before" if back["restored"] else "not to the state before"),
        ]
    )  # fmt: skip
    if result.rejects:
        screen.heading("Will not arrive")
        screen.table(
            ["stream", "reason", "rehearsed", "foreseen by the plan"],
            [[r["stream"], r["reason"], r["count"], r["foreseen"]] for r in result.rejects],
        )
        screen.line(result.rejects_csv)
