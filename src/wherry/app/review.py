"""The review on the terminal: propose, ask a person row by row, write what was said, and remember it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wherry.app.mappings import mapping_texts
from wherry.app.propose import MEMORY, PROPOSED, filling_of, kept_memory, propose, value_row
from wherry.app.results import ProposeResult
from wherry.app.values import lines_of
from wherry.app.workspace import VALUES, Workspace
from wherry.mapping.blueprint import read_mappings
from wherry.mapping.labels import CUSTOM
from wherry.mapping.proposer.memory import memory_key
from wherry.mapping.proposer.review import Choice, Decision, Row, difference, rows_of, settled
from wherry.mapping.proposer.values_file import decided
from wherry.mapping.proposer.worded import ValueLine
from wherry.model.mapping import Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The person: asked for one row, and whether all rows that are sure may stand as they are."""

    row: Callable[[Row], Decision]
    bulk: Callable[[Sequence[Row]], bool]
    word: Callable[[ValueLine], str] = lambda _line: ""  # the entry that a word stands for; empty: later


def review(ws: Workspace, ask: Asker) -> ProposeResult:
    """Propose, walk a person through amber and red rows one by one and green ones in bulk, then words that are open.

    Each file is written as soon as its rows are decided, so that an end in between loses no more than the
    file at hand. What was decided is kept in mapping/memory.json as a suggestion for later proposals.
    Raises what propose() raises.
    """
    result = propose(ws)
    changed: list[str] = []
    for name, text in mapping_texts(ws.mapping_dir).items():
        path = ws.mapping_dir / Path(name).name
        rows = list(rows_of(name, text))
        decided = [
            (row, decision) for row, decision in _decisions(rows, ask) if decision.choice is not Choice.LATER
        ]
        new = text
        for row, decision in decided:
            new = settled(new, row, decision)
        if new != text:
            read_mappings(
                {**mapping_texts(ws.mapping_dir), name: new}
            )  # a decision never leaves a broken file
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(new.encode())
            fresh.replace(path)
        _remember(ws, name, decided)
        changed += difference(name, _proposed(ws, path.name, text), new)
    changed += _words(ws, ask)
    left = tuple(value_row(line) for line in lines_of(ws))
    return replace(result, changed=tuple(changed), values=left)


def _words(ws: Workspace, ask: Asker) -> tuple[str, ...]:
    """Ask for each word that is not sure, and write each answer as soon as it is given."""
    path = ws.mapping_dir / VALUES
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = before
    for line in lines_of(ws):
        choice = ask.word(line) if line.found.band is not Band.GREEN else ""
        if choice:
            text = decided(text, line, choice)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(text.encode())
            fresh.replace(path)
    return difference(f"mapping/{VALUES}", before, text)


def _decisions(rows: Sequence[Row], ask: Asker) -> list[tuple[Row, Decision]]:
    sure = [row for row in rows if row.band is Band.GREEN]
    open_rows = [row for row in rows if row.band is not Band.GREEN]
    if sure and not ask.bulk(sure):
        open_rows = list(rows)
        sure = []
    kept = [(row, Decision(choice=Choice.KEEP)) for row in sure]
    return [*((row, ask.row(row)) for row in open_rows), *kept]


def _remember(ws: Workspace, name: str, decided: Sequence[tuple[Row, Decision]]) -> None:
    snapshot = ws.snapshot()
    filling, system = filling_of(snapshot), snapshot.catalog.system
    written = read_mappings(mapping_texts(ws.mapping_dir))
    streams = {one.mapping.source for one in written if one.place.file == name}
    found: dict[str, str] = {}
    for row, decision in decided:
        for stream in streams:
            label = row.column.removeprefix(CUSTOM)
            key = memory_key(system, stream, label, filling(stream, row.column).samples)
            place = f"{CUSTOM}{decision.label}" if decision.choice is Choice.RENAME else row.to
            if row.band is not Band.RED:
                found[key] = "" if decision.choice is Choice.LEAVE else place
    if found:
        path = ws.mapping_dir / MEMORY
        path.write_text(kept_memory(ws).keeping(found).text(), encoding="utf-8")


def _proposed(ws: Workspace, name: str, otherwise: str) -> str:
    path = ws.state / PROPOSED / name
    return path.read_bytes().decode() if path.exists() else otherwise
