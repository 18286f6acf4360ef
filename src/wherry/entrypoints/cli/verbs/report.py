"""`wherry report`."""

import click

from wherry.app.report_results import ReportResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("report")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Write one HTML page for the whole migration.

    What moved, what did not and why, the proofs, the approvals and the runs, to print and to sign. It holds
    ids and counts, never a value; it asks neither system.
    """
    from wherry.app.report import report

    face.end(face.in_workspace(report), show)


def show(screen: Screen, result: ReportResult) -> None:
    """Print where the page is, and what it says in short."""
    read = sum(line["read"] for name, line in result.streams.items() if not name.startswith("link."))
    proof = result.reconcile
    screen.facts(
        [
            ("page", result.path),
            ("records accounted for", read),
            ("kinds of records that stayed", len(result.reasons)),
            (
                "reconcile",
                "not done" if proof is None else "as expected" if proof["ok"] else "not as expected",
            ),
            (
                "ledger",
                f"{result.chain['entries']:,} entries, " + ("whole" if result.chain["ok"] else "broken"),
            ),
        ]
    )
