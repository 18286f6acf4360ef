"""The control totals of a reconcile: where the fields are that hold them, and the file that people read."""

from pathlib import Path

from wherry.app.papers import write_table
from wherry.app.run_results import ControlRow
from wherry.app.situation import Situation
from wherry.mapping.labels import PAYLOAD_PREFIX, normal_label
from wherry.reconcile.control import LABELS, ControlTotals

COLUMNS = ("kind", "month", "currency", "method", "source_count", "source", "found_count", "found", "equal")


def control_totals(situation: Situation) -> ControlTotals:
    """Return control totals without amounts yet, for this destination."""
    names = situation.context.field_names
    known = {label: names.get(("deals", normal_label(label)), "") for label in LABELS}
    return ControlTotals(names={label: PAYLOAD_PREFIX + name for label, name in known.items() if name})


def control_rows(totals: ControlTotals) -> tuple[ControlRow, ...]:
    """Return the totals as a result shows them; amounts as text, exact to the penny."""
    return tuple(
        ControlRow(
            kind=line.cell.kind,
            month=line.cell.month,
            currency=line.cell.currency,
            method=line.cell.method,
            source_count=line.source.count,
            source=f"{line.source.amount:.2f}",
            found_count=line.found.count,
            found=f"{line.found.amount:.2f}",
            equal=line.equal,
        )
        for line in totals.lines
    )


def write_control(path: Path, rows: tuple[ControlRow, ...]) -> Path:
    """Write the totals as a table; amounts as numbers."""
    write_table(
        path,
        COLUMNS,
        (
            [
                r.kind,
                r.month,
                r.currency,
                r.method,
                r.source_count,
                float(r.source),
                r.found_count,
                float(r.found),
                r.equal,
            ]
            for r in rows
        ),
    )
    return path
