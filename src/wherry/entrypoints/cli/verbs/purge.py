"""`wherry purge`."""

import click

from wherry.app.run_results import PurgeResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("purge")
@click.option("--preview", is_flag=True, help="Only say what would be lost, and print the digest to confirm.")
@click.option("--confirm", metavar="DIGEST", default="", help="The digest that the preview printed.")
@shared_options
@pass_face
def command(face: Face, preview: bool, confirm: str) -> None:
    """Destroy keys and staged data when the retention ends.

    The values in the store go too. The audit stays, without them: afterwards nothing can be taken back or loaded here. Neither system is
    asked. On a terminal the preview is shown first and a question asked; elsewhere pass --confirm.
    """
    if preview and confirm:
        raise click.UsageError("--preview and --confirm exclude each other")
    from wherry.app.purge import purge

    def work(*, preview: bool, confirm: str) -> PurgeResult:
        return face.in_workspace(lambda ws: purge(ws, preview=preview, confirm=confirm))

    if not preview and not confirm and face.may_ask:
        confirm = _asked(work(preview=True, confirm=""))
    face.end(work(preview=preview, confirm=confirm), show)


def _asked(foreseen: PurgeResult) -> str:
    show(Screen(), foreseen)
    if foreseen.confirm:
        click.confirm("Destroy this for good?", abort=True, err=True)
    return foreseen.confirm


def show(screen: Screen, result: PurgeResult) -> None:
    """Print what is lost, what stays, and for a preview how to go on."""
    screen.facts(
        [
            ("writes that can no longer be taken back", result.operations),
            ("writes whose outcome stays open", result.undecided),
            ("operations whose values go", result.values),
            ("unfinished runs", " ".join(result.unfinished_runs) or "none"),
            ("goes", " ".join(result.removed) or "nothing"),
            ("stays", " ".join(result.kept)),
        ]
    )
    if result.confirm:
        screen.line(f"nothing was destroyed; confirm with {result.confirm[:12]}")
    elif result.ended:
        screen.line(f"purged at {result.ended}")
    else:
        screen.line(f"a purge began at {result.began} and has not ended: wherry purge goes on")
