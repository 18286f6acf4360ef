"""`wherry propose`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from wherry.app.results import ProposalLine, ProposeResult
from wherry.entrypoints.cli.face import Face, pass_face
from wherry.entrypoints.cli.options import shared_options
from wherry.entrypoints.cli.screen import Cell, Screen, printable
from wherry.entrypoints.cli.verbs.advice import show_advice

if TYPE_CHECKING:
    from wherry.mapping.proposer.review import Decision, Row
    from wherry.mapping.proposer.worded import ValueLine

_BY_ENTER = 0.85  # how sure a proposal must be so that Enter alone takes it
_ANSWERS = {"k": "keep", "r": "rename", "l": "leave", "s": "later"}


@click.command("propose")
@click.option("--review", is_flag=True, help="Go through what is not sure, one by one, on the terminal.")
@shared_options
@pass_face
def command(face: Face, review: bool) -> None:
    """Write mapping proposals with confidence, band and evidence.

    One YAML file for each mapping goes to mapping/. A line that a person changed is never overwritten.
    """
    from wherry.app.propose import propose

    face.end(_reviewed(face) if review else face.in_workspace(propose), show)


def _reviewed(face: Face) -> ProposeResult:
    from wherry.app.review import Asker, review
    from wherry.model.errors import UsageInvalid

    if not face.may_ask:
        raise UsageInvalid(
            "a review needs a person at a terminal", hint="leave --review out, and edit mapping/*.yaml"
        )
    asker = Asker(row=_ask_row, bulk=_ask_bulk, word=_ask_word, refuse=_say, tell=_tell_locked)
    return face.in_workspace(lambda ws: review(ws, asker))


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


def _tell_locked(lines: "Sequence[ProposalLine]") -> None:
    names = ", ".join(dict.fromkeys(f"{line.source_object}.{line.source_header}" for line in lines))
    _say(f"Not asked here, as an approval opens them (wherry approve … --unlock CLASS): {names}\n")


def _ask_bulk(rows: "Sequence[Row]") -> bool:
    for row in rows:
        _say(f"  {row.column} → {row.to}: {row.evidence}")
    return click.confirm(f"{len(rows)} green lines. Keep them all?", default=True, err=True)


def _ask_row(row: "Row") -> "Decision":
    from wherry.mapping.proposer.review import Choice, Decision

    _say(f"\n{row.band}: {row.column} → {row.to or 'does not move'}")
    _say(f"  {row.evidence}")
    if not row.to:
        return _ask_barred(row)
    question = "[k]eep, [r]ename the field, [l]eave the column out, [s]kip for now"
    answer = click.prompt(question, type=click.Choice(list(_ANSWERS)), show_choices=False, err=True)
    choice = Choice(_ANSWERS[answer])
    label = ""
    if choice is Choice.RENAME:
        label = click.prompt("label of the field", value_proc=_label, err=True)
    return Decision(choice=choice, label=label)


def _label(typed: str) -> str:
    if not typed.strip() or not typed.isprintable():
        raise click.BadParameter("a field needs a label")
    return typed.strip()


def _ask_word(line: "ValueLine") -> str:
    _say(f"\n{line.found.band}: {line.word!r}, {line.held_by}: {line.found.evidence}")
    entries = {str(number): entry for number, entry in enumerate(line.offered, start=1)}
    _say("  " + ", ".join(f"{number} {entry}" for number, entry in entries.items()))
    meant = line.found.choice if line.found.confidence >= _BY_ENTER else ""
    default = next((number for number, entry in entries.items() if entry == meant), "s")
    question = "which entry it stands for, or [s]kip for now"
    answer = click.prompt(
        question, type=click.Choice([*entries, "s"]), default=default, show_choices=False, err=True
    )
    return entries.get(answer, "")


def _ask_barred(row: "Row") -> "Decision":
    from wherry.mapping.proposer.review import Choice, Decision

    label = row.column.partition(":")[2]
    typed = click.prompt(
        "Enter leaves it behind; to move it all the same, type the column's name",
        default="",
        show_default=False,
        err=True,
    )
    return Decision(choice=Choice.RENAME, label=label) if typed == label else Decision(choice=Choice.KEEP)


def show(screen: Screen, result: ProposeResult) -> None:
    """Print every proposal that is not green, how many of each band there are, and what a review changed."""
    open_lines = [p for p in result.proposals if p.band != "green"]
    rows: list[list[Cell]] = [
        [p.source_object, p.source_header, p.target, p.confidence, p.band, p.evidence] for p in open_lines
    ]
    screen.table(["stream", "field", "proposed place", "confidence", "band", "evidence"], rows)
    open_values = [v for v in result.values if v["band"] != "green"]
    if open_values:
        screen.heading("Words that need a decision (mapping/values.yaml)")
        cells: list[list[Cell]] = [
            [
                v["stream"],
                v["field"],
                v["value"] or "(in the file)",
                v["records"] or "not in this snapshot",
                v["choice"] or "none",
                v["band"],
                v["evidence"],
            ]
            for v in open_values
        ]
        screen.table(["stream", "field", "word", "records", "proposed entry", "band", "evidence"], cells)
    show_advice(screen, result.llm)
    bands = ", ".join(f"{count:,} {band}" for band, count in result.document()["bands"].items())
    screen.line(f"{len(result.proposals):,} fields: {bands}")
    for name in result.written:
        screen.line(f"wrote {name}")
    for name in result.kept:
        screen.line(f"kept {name}")
    if result.changed:
        screen.heading("Changed by you")
        for line in result.changed:
            screen.line(line)
