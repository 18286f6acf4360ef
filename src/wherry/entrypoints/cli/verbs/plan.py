"""`wherry plan`."""

from collections import Counter
from pathlib import Path

import click

from wherry.app.results import PlanResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.runs import duration, stands
from wherry.entrypoints.cli.screen import Screen
from wherry.model.plan import Plan


@click.command("plan")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write it here.",
)
@shared_options
@pass_face
def command(face: Face, output: Path | None) -> None:
    """Freeze a plan of everything that will be done, and print its digest.

    The plan lists stages, API calls, hours, rejects foreseen, what has no equivalent, and what cannot be
    undone. `wherry approve` records a person's yes to exactly this digest.
    """
    from wherry.app.plan import plan

    face.end(face.in_workspace(lambda ws: plan(ws, output=output)), show)


def show(screen: Screen, result: PlanResult) -> None:
    """Print what a person decides by, the digest last."""
    plan = result.plan
    screen.table(
        ["stage", "from", "to", "records", "writes", "calls", "how", "needs open"],
        [
            [s.mapping, s.source, s.destination, s.records, s.writes, s.calls, "bulk" if s.bulk else "one by one", ", ".join(s.privacy)]
            for s in plan.stages
        ],
    )  # fmt: skip
    calls = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in plan.calls.items())
    screen.line(f"API calls: {calls}; about {duration(plan.hours * 3600)} under the hourly budget")
    _show_lists(screen, plan)
    _show_irreversible(screen, plan)
    for warning in plan.warnings:
        screen.line(f"warning: {warning}")
    if "coverage" in plan.extra:
        screen.line(plan.extra["coverage"]["sentence"])
    if result.reports:
        screen.line("to read before approving: " + ", ".join(result.reports))
    screen.heading(f"plan {plan.digest}")
    screen.line(result.path)


def _show_lists(screen: Screen, plan: Plan) -> None:
    steps = [{**step, "state": stands(step)} for step in plan.manual_steps]
    lists = (
        ("Rejects foreseen", plan.rejects, ("stream", "reason", "count", "hint")),
        ("Deferred: they wait, and do not move until then", plan.extra.get("deferred", ()), ("stream", "reason", "count", "until")),
        ("No equivalent there", plan.no_equivalent, ("stream", "field", "count", "reason")),
        ("Fields to create or to be created by the admin", plan.fields, ("stream", "label", "type", "exists", "how")),
        ("Privacy classes that stay closed until someone opens them", plan.locked, ("class", "records")),
        ("Steps for the admin", steps, ("id", "state", "what", "why")),
    )  # fmt: skip
    for title, rows, columns in lists:
        if rows:
            screen.heading(title)
            screen.table(columns, [[_cell(row.get(column)) for column in columns] for row in rows])
    counted = (
        ("adopted", plan.adoptions),
        ("e-mail addresses demoted", plan.demotions),
        ("owners", plan.owners),
    )
    screen.line("; ".join(f"{name}: {len(rows):,}" for name, rows in counted))


def _show_irreversible(screen: Screen, plan: Plan) -> None:
    """Print each reason once, with what it holds for: fields by their number, their names stand above."""
    fields: dict[str, Counter[str]] = {}
    others: dict[str, list[str]] = {}
    for row in plan.irreversible:
        why = str(row.get("why", ""))
        if "field" in row:
            fields.setdefault(why, Counter())[str(row["stream"])] += 1
        else:
            others.setdefault(why, []).append(str(row.get("what", "")))
    if plan.irreversible:
        screen.heading("Cannot be undone")
    for why, counts in fields.items():
        each = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        screen.line(f"{counts.total():,} custom fields, named above ({each}): {why}")
    for why, what in others.items():
        screen.line(f"{'; '.join(what)}: {why}")


def _cell(value: object) -> str | int | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int) or value is None else str(value)
