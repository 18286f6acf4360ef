"""`wherry doctor`."""

import click

from wherry.app.results import DoctorResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen


@click.command("doctor")
@shared_options
@pass_face
def command(face: Face) -> None:
    """Check settings, credentials, reachability, clock, disk and plan limits.

    Each finding says what to do about it. Exits 3 when one of them stands in the way.
    """
    from wherry.app.doctor import doctor

    face.end(face.in_workspace(doctor), show)


def show(screen: Screen, result: DoctorResult) -> None:
    """Print each check, and its remedy where one is needed."""
    for check in result.checks:
        screen.line(f"{check.verdict:<4}  {check.what}: {check.found}")
        if check.verdict != "ok" and check.remedy:
            screen.line(f"      {check.remedy}")
    failed = sum(check.verdict == "fail" for check in result.checks)
    screen.line(f"{failed} of {len(result.checks)} checks failed" if failed else "ready")
