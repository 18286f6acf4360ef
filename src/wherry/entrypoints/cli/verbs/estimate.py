"""`wherry estimate`."""

from pathlib import Path
from typing import Any

import click

from wherry.app.results import EstimateResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Screen
from wherry.model.errors import PreflightFailed, SettingsInvalid

COUNTS = "wherry estimate --counts FILE"


@click.command("estimate")
@click.option(
    "--counts",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Work from this file alone: CSV of stream,count, or JSON; needs no workspace.",
)
@shared_options
@pass_face
def command(face: Face, counts: Path | None) -> None:
    """Grade, price, timeline, storage fit and gotchas.

    Works from counts alone, from the bundle, from what was staged, or from the plan, and says which. Calls
    no API and changes nothing.
    """
    if counts is not None:
        from wherry.app.estimate import estimate_counts

        face.end(face.watched(lambda: estimate_counts(counts, face.flags.project_dir)), show)
    from wherry.app.estimate import estimate

    try:
        result = face.in_workspace(estimate)
    except (SettingsInvalid, PreflightFailed) as error:
        error.hint = f"{error.hint}; from counts alone: {COUNTS}" if error.hint else COUNTS
        raise
    face.end(result, show)


def show(screen: Screen, result: EstimateResult) -> None:
    """Print the grade with its points, the calls, the hours, and every gotcha with its verdict."""
    factors = result.factors
    screen.line(
        f"grade {result.grade}: {factors.get('points', '?')} points ({factors.get('grade_rule', '')}); "
        f"from {factors.get('basis', '?')}, plan {factors.get('plan', '?')} ({factors.get('plan_from', '')})"
    )
    named = ("objects", "field_mapping", "api", "volume")
    rows = [(name, factors[name]) for name in named if name in factors]
    screen.table(
        ["factor", "points", "rule"], [[name.replace("_", " "), f["points"], f["rule"]] for name, f in rows]
    )
    _show_hours(screen, result, factors.get("timeline", {}))
    price = result.price
    amount = "no amount" if price["amount"] is None else f"{price['amount']:,.2f} {price['currency']}"
    screen.line(f"price: {amount}: {price['rule']}")
    if result.gotchas:
        screen.heading("To look at")
    columns = ("verdict", "id", "finding", "remedy")
    screen.table(columns, [[str(row.get(name, "")) for name in columns] for row in result.gotchas])


def _show_hours(screen: Screen, result: EstimateResult, time: dict[str, Any]) -> None:
    screen.heading("API calls and hours")
    screen.table(["object", "calls"], [[name, count] for name, count in result.calls["by_object"].items()])
    screen.line(
        f"{result.calls['total']:,} calls; {result.calls['rollback_reserve']:,} more would take it all back"
    )
    low, high = result.timeline_hours
    holds = "hold" if time.get("holds", True) else "do not hold"
    screen.line(f"{low:,.0f} to {high:,.0f} hours: {time.get('rule', '')}; 48 to 72 hours {holds}")
    for words in time.get("helps", ()):
        screen.line(f"  {words}")
    fit = result.storage
    if fit:
        fits = "fit" if fit["fits"] else "do not fit"
        screen.line(
            f"storage: {fit['documents']:,} documents, {fit['bytes']:,} bytes {fits} on {fit['plan']}"
        )
