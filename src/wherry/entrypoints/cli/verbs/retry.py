"""`wherry retry`."""

import click

from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_status


def _where(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:  # noqa: ARG001 - click's signature
    conditions = {}
    for value in values:
        name, equals, wanted = value.partition("=")
        if name not in {"reason", "stream", "key"} or not equals or not wanted:
            raise click.BadParameter("write reason=CODE, stream=NAME or key=ID")
        conditions[name] = wanted
    return conditions


@click.command("retry")
@click.option(
    "--where",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_where,
    help="Only rejects with this reason, stream or key; repeatable, all must hold.",
)
@shared_options
@pass_face
def command(face: Face, where: dict[str, str]) -> None:
    """Load only rejects again, and their descendants, after a fix.

    What waited for a rejected record follows by itself once that record is loaded.
    """
    from wherry.app.retry import retry

    face.end(face.in_workspace(lambda ws: retry(ws, where=where), stoppable=True), show_status)
