"""`wherry rollback`."""

import click

from wherry.app.run_results import RollbackResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen

BUCKETS = (
    ("reverted", "taken back"),
    ("kept_edited", "kept: a person edited it since"),
    ("blocked", "blocked: something new hangs on it"),
    ("irreversible", "cannot be undone"),
    ("already_gone", "already gone"),
)


@click.command("rollback")
@click.option("--preview", is_flag=True, help="Only say what would happen, and print the digest to confirm.")
@click.option("--run", "run", metavar="ID", default="", help="Only this run (default: all, newest first).")
@click.option("--confirm", metavar="DIGEST", default="", help="The digest that the preview printed.")
@shared_options
@pass_face
def command(face: Face, preview: bool, run: str, confirm: str) -> None:
    """Take runs back, newest first, down to the state before.

    A record that a person edited since is kept and listed. Exits 7 when anything was kept or blocked. On a
    terminal the preview is shown first and a question asked; elsewhere pass --confirm.
    """
    if preview and confirm:
        raise click.UsageError("--preview and --confirm exclude each other")
    from wherry.app.rollback import rollback

    def work(*, preview: bool, confirm: str) -> RollbackResult:
        return face.in_workspace(
            lambda ws: rollback(ws, preview=preview, run=run, confirm=confirm), stoppable=True
        )

    if not preview and not confirm and face.may_ask:
        confirm = _asked(work(preview=True, confirm=""))
    face.end(work(preview=preview, confirm=confirm), show)


def _asked(foreseen: RollbackResult) -> str:
    show(Screen(), foreseen)
    click.confirm("Take this back?", abort=True, err=True)
    return foreseen.preview.confirm if foreseen.preview else ""


def show(screen: Screen, result: RollbackResult) -> None:
    """Print the buckets, and for a preview how to go on."""
    buckets = result.document()["buckets"]
    screen.table(["writes", "items"], [[words, buckets[name]] for name, words in BUCKETS])
    screen.line(f"{result.writes:,} confirmed writes not taken back before; {result.calls:,} calls")
    if result.items_csv:
        screen.line(result.items_csv)
    if result.preview:
        screen.line(f"nothing was written; about {result.preview.hours:,.1f} hours")
        screen.line(f"confirm with {result.preview.confirm[:12]} until {result.preview.expires_at}")
