"""`wherry audit show | verify | export`."""

from pathlib import Path

import click

from wherry.app.run_results import AuditExportResult, AuditShowResult, AuditVerifyResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.group("audit")
@shared_options
def command() -> None:
    """Show, verify or export the ledger.

    The ledger holds every create, update, link and delete as a hash chain of ids, never of values.
    """


@command.command("show")
@click.option("--run", "run", metavar="ID", default="", help="Only entries of this run.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the newest N entries.")
@shared_options
@pass_face
def show_command(face: Face, run: str, limit: int | None) -> None:
    """Print the entries, oldest first."""
    from wherry.app.audit import show

    face.end(face.in_workspace(lambda ws: show(ws, run=run, limit=limit)), show_entries)


@command.command("verify")
@shared_options
@pass_face
def verify_command(face: Face) -> None:
    """Check the hash chain; exits 1 when it is broken."""
    from wherry.app.audit import verify

    face.end(face.in_workspace(verify), show_verdict)


@command.command("export")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it (default: in reports/).",
)
@shared_options
@pass_face
def export_command(face: Face, output: Path | None) -> None:
    """Write a masked evidence pack."""
    from wherry.app.audit import export

    face.end(face.in_workspace(lambda ws: export(ws, output=output)), show_pack)


def show_entries(screen: Screen, result: AuditShowResult) -> None:
    """Print one line for each entry."""
    columns = ("seq", "at", "run", "state", "verb", "stream", "key", "destination_id", "hash")
    screen.table(columns, [[_cell(entry.get(c)) for c in columns] for entry in result.entries])
    if not result.entries:
        screen.line("the ledger is empty")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text  # of a hash, as much as people compare


def show_verdict(screen: Screen, result: AuditVerifyResult) -> None:
    """Say whether the chain holds."""
    if result.first_broken is None:
        screen.line(f"the chain holds: {result.entries:,} entries")
    else:
        screen.line(f"the chain is broken at entry {result.first_broken} of {result.entries:,}")


def show_pack(screen: Screen, result: AuditExportResult) -> None:
    """Name the file and its fingerprint."""
    screen.line(f"{result.entries:,} entries in {result.path}")
    screen.line(f"sha256 {result.sha256}")
