"""`wherry reconcile`."""

import click

from wherry.app.run_results import ReconcileResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("reconcile")
@click.option(
    "--run", "run", metavar="ID", default="", help="Only what this run wrote (default: everything)."
)
@shared_options
@pass_face
def command(face: Face, run: str) -> None:
    """Prove it: conservation per stream, field-level read-back.

    Reads the destination and changes nothing. Interrupted, it goes on where it stopped. Exits 6 when anything is different, missing or unexplained.
    """
    from wherry.app.reconcile import reconcile

    face.end(face.in_workspace(lambda ws: reconcile(ws, run=run), stoppable=True), show)


def show(screen: Screen, result: ReconcileResult) -> None:
    """Print the proof for each stream."""
    screen.table(
        ["stream", "expected", "found", "fields", "equal", "equal after rule", "different", "missing", "not readable"],
        [
            [name, p.expected, p.found, p.fields_compared, p.equal, sum(p.equal_after_rule.values()), p.different, p.missing, p.not_readable]
            for name, p in result.streams.items()
        ],
    )  # fmt: skip
    wrong = [row for row in result.control_totals if not row.equal]
    if result.control_totals:
        screen.line(
            f"control totals: {len(result.control_totals) - len(wrong)} of {len(result.control_totals)} equal; {result.control_csv}"
        )
    screen.line(_verdict(result))
    screen.line(result.discrepancies)


def _verdict(result: ReconcileResult) -> str:
    """Return the last word: what cannot be read back is never called proved."""
    if not result.ok:
        return "not everything is as it should be"
    unread = sum(proof.not_readable for proof in result.streams.values())
    return (
        f"everything that can be read back is proved; {unread:,} fields cannot be (not_readable in the CSV)"
        if unread
        else "everything is proved"
    )
