"""`wherry delta`."""

import re
from typing import TYPE_CHECKING

import click

from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import show_status

if TYPE_CHECKING:
    from wherry.app.run_results import StatusResult
    from wherry.app.workspace import Workspace

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType[float]):
    """A length of time as people write it, in seconds: 90s, 15m, 48h, 2d."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; fails with an example for anything else."""
        found = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip().lower())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no length of time such as 90s, 15m, 48h or 2d", param, ctx)
        return float(int(found[1]) * _SECONDS[found[2]])


class Address(click.ParamType[tuple[str, int]]):
    """Where to listen: HOST:PORT, or a port of this machine alone."""

    name = "address"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return host and port; fails with an example for anything else."""
        host, _, port = str(value).rpartition(":")
        if not port.isdigit() or int(port) > 65535:
            self.fail(f"{value!r} is no address such as 8470 or 127.0.0.1:8470", param, ctx)
        return host or "127.0.0.1", int(port)


@click.command("delta")
@click.option("--watch", type=Span(), metavar="SPAN", help="Repeat for so long, for example 48h.")
@click.option("--every", type=Span(), default="15m", show_default=True, help="With --watch: how often.")
@click.option(
    "--webhooks",
    type=Address(),
    metavar="[HOST:]PORT",
    help="With --watch: listen for the source's webhooks, which bring the next delta forward.",
)
@click.option(
    "--wait/--no-wait",
    default=True,
    show_default=True,
    help="Wait for API quota, or pause and exit 8 when it is used up.",
)
@shared_options
@pass_face
def command(
    face: Face, watch: float | None, every: float, webhooks: tuple[str, int] | None, wait: bool
) -> None:
    """Pick up what changed in the source since.

    Reads the source again and brings over new, changed, deleted and merged records. Needs an approval of the current plan for delta. What people changed in Freshsales meanwhile stays and
    is reported. Ctrl-C stops at the next batch border; the same command goes on from there.
    """
    from wherry.app.delta import delta, listening
    from wherry.app.delta import watch as repeat

    if watch is None and webhooks is not None:
        raise click.UsageError("--webhooks goes with --watch")
    if watch is None:
        face.end(face.in_workspace(lambda ws: delta(ws, wait=wait), stoppable=True), show_status)
        return

    def follow(ws: "Workspace") -> "StatusResult":
        if webhooks is None:
            return repeat(ws, lasting=watch, every=every, wait=wait)
        with listening(ws, *webhooks) as hooks:
            return repeat(ws, lasting=watch, every=every, wait=wait, hooks=hooks)

    face.end(face.in_workspace(follow, stoppable=True), show_status)
