"""What a person looks at in a review: a row for each column of the clinic's own, and what a decision writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from enum import StrEnum

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from wherry.mapping.form import default_compare
from wherry.mapping.labels import CUSTOM
from wherry.mapping.proposer.document import extended, quoted
from wherry.model.mapping import Band, Rule

_RULE = re.compile(r"\s+- \{to: .*\}\s*(?:#.*)?\Z")
_BARRED = re.compile(
    r"\s+(?P<column>\"[^\"]*\"|'[^']*'|\S+) *: *[\"']?never_migrate:(?P<class>\w+)[\"']?\s*\Z"
)
_TO = re.compile(r"to: (?:\"(?:[^\"\\]|\\.)*\"|[^,}]+)")
_BAND = re.compile(r", band: \w+, confidence: [\d.]+")
_EVIDENCE = 'evidence: "'
_CONFIRMED = "confirmed by a person; "
_TITLE = "moved against the never-migrate list"


class Choice(StrEnum):
    """What a person can say of a row."""

    KEEP = "keep"
    RENAME = "rename"  # into the custom field of another label
    LEAVE = "leave"  # the column does not move
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a mapping file that is up for review; `to` is empty where the column does not move."""

    file: str
    line: str
    column: str
    to: str
    band: Band
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word on a row; `label` names the field of a RENAME, or the column that moves all the same."""

    choice: Choice
    label: str = ""


def rows_of(file: str, text: str) -> Iterator[Row]:
    """Yield the rows of one mapping file in the order of its lines: rules for custom columns, barred columns."""
    for line in text.split("\n"):
        barred = _BARRED.match(line)
        if barred:
            column = barred["column"].strip("\"'")
            why = f"on the never-migrate list ({barred['class']})"
            yield Row(file=file, line=line, column=column, to="", band=Band.RED, evidence=why)
        elif _RULE.match(line) and (row := _rule(file, line)):
            yield row


def _rule(file: str, line: str) -> Row | None:
    """Return what a one-line rule for a custom column says, or None for any other."""
    try:
        (found,) = YAML(typ="safe", pure=True).load(line)
    except (YAMLError, ValueError, TypeError):
        return None
    column = found.get("from")
    if not isinstance(column, str) or not column.startswith(CUSTOM):
        return None
    band = str(found.get("band", Band.GREEN))
    if band not in list(Band):
        return None
    evidence = str(found.get("evidence", ""))
    return Row(file=file, line=line, column=column, to=str(found["to"]), band=Band(band), evidence=evidence)


def settled(text: str, row: Row, decision: Decision) -> str:
    """Return the mapping file with the decision written into it; LATER, and a sure row that stays, change nothing."""
    as_it_is = row.band is Band.GREEN and decision.choice is Choice.KEEP
    if as_it_is or decision.choice is Choice.LATER or row.line not in text.split("\n"):
        return text
    if row.band is Band.RED:
        moves = decision.choice is Choice.RENAME and bool(decision.label)
        return _moved_all_the_same(text, row, decision.label) if moves else text
    if decision.choice is Choice.LEAVE:
        without = "\n".join(line for line in text.split("\n") if line != row.line)
        return extended(without, "", [], {row.column: "left_out:a person decided"})
    label = f"{CUSTOM}{decision.label}" if decision.choice is Choice.RENAME else ""
    return text.replace(row.line, _confirmed(row.line, label), 1)


def _confirmed(line: str, to: str) -> str:
    """Return the rule's line as a person's own: without its band, and with the other target where one is given."""
    new = _BAND.sub("", line)
    if _CONFIRMED not in new:
        new = new.replace(_EVIDENCE, _EVIDENCE + _CONFIRMED, 1)
    return _TO.sub(lambda _: f"to: {quoted(to)}", new, count=1) if to else new


def _moved_all_the_same(text: str, row: Row, label: str) -> str:
    without = "\n".join(line for line in text.split("\n") if line != row.line)
    rule = Rule(to=CUSTOM + label, source=(row.column,), using="one_text", type="text")
    own = replace(
        rule,
        compare=default_compare(rule.using, rule.type),
        evidence=f"{_CONFIRMED}{row.evidence}, moved all the same",
    )
    return extended(without, _TITLE, [own], {})


def difference(name: str, before: str, after: str) -> tuple[str, ...]:
    """Return what a person changed in a file since it was proposed, as lines of a unified diff."""
    lines = unified_diff(
        before.split("\n"), after.split("\n"), f"{name} as proposed", f"{name} as it is", n=0, lineterm=""
    )
    return tuple(lines)
