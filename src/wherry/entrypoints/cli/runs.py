"""How the end of a run is shown: the conservation table, calls, rejects."""

from collections.abc import Mapping

from wherry.app.run_results import DiffSummary, StatusResult, stream_document
from wherry.entrypoints.cli.screen import Cell, Screen
from wherry.model.jsons import Json


def stands(step: Mapping[str, Json]) -> str:
    """Say how a step of the admin stands, by what was verified of it."""
    verified = step.get("verified")
    return "cannot be checked" if verified is None else "done" if verified else "to do"


def show_status(screen: Screen, result: StatusResult) -> None:
    """Print where a run stands: one line for each stream, every record in one column."""
    if not result.run:
        screen.line("no run yet")
        return
    screen.line(f"run {result.run} ({result.kind}) of plan {result.digest[:12]}: {result.state}")
    show_streams(screen, result)
    calls = result.calls
    pace = f" of {calls.budget_per_hour:,} an hour" if calls.budget_per_hour else ""
    throttled = f", throttled {calls.throttled:,} times" if calls.throttled else ""
    screen.line(f"API calls: {calls.made:,}{pace}{throttled}")
    if result.eta_seconds:
        screen.line(f"about {duration(result.eta_seconds)} to go")
    if result.rejected and result.rejects_csv:
        screen.line(f"rejects: {result.rejects_csv}")


def show_streams(screen: Screen, result: StatusResult) -> None:
    """Print the conservation table, without the columns that are 0 throughout."""
    lines = {name: stream_document(counts) for name, counts in result.streams.items()}
    states = next(iter(lines.values()), {})
    shown = [s for s in states if s == "read" or any(line[s] for line in lines.values())]
    rows: list[list[Cell]] = [[name, *(line[state] for state in shown)] for name, line in lines.items()]
    screen.table(["stream", *(state.replace("_", " ") for state in shown)], rows)


def show_diff(screen: Screen, diff: DiffSummary) -> None:
    """Print what reading the sample back showed."""
    after_rule = sum(diff.equal_after_rule.values())
    rules = ", ".join(f"{rule} {count:,}" for rule, count in diff.equal_after_rule.items())
    screen.heading("Read back, field by field")
    screen.line(f"{diff.records:,} records, {diff.fields:,} fields: {diff.equal:,} equal")
    if after_rule:
        screen.line(f"{after_rule:,} equal after a rule ({rules})")
    screen.line(f"{diff.different:,} different")
    screen.line(f"{diff.report_html}\n{diff.report_csv}")


def duration(seconds: float) -> str:
    """Return a length of time in words, rounded up to the minute."""
    minutes = max(1, -(-int(seconds) // 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
