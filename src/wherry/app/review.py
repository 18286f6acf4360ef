"""The review on the terminal: propose, ask a person row by row, write what was said, and remember it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wherry.app.mappings import mapping_texts
from wherry.app.propose import MEMORY, PROPOSED, filling_of, kept_memory, propose, value_row
from wherry.app.results import ProposalLine, ProposeResult
from wherry.app.values import lines_of
from wherry.app.workspace import VALUES, Workspace
from wherry.mapping.blueprint import read_mappings
from wherry.mapping.labels import CUSTOM, custom_label, normal_label
from wherry.mapping.proposer.memory import memory_key
from wherry.mapping.proposer.review import Choice, Decision, Row, difference, rows_of, settled
from wherry.mapping.proposer.values_file import decided
from wherry.mapping.proposer.worded import ValueLine
from wherry.model.catalog import Field
from wherry.model.mapping import Band

_TIMES = 5  # a row is asked before it is left for later

Decided = tuple[Row, Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The person: asked for one row, and whether all rows that are sure may stand as they are.

    `refuse` says why an answer cannot be, before the row is asked again. `tell` shows lines that are not
    sure and are not decided here: what is locked is opened by an approval.
    """

    row: Callable[[Row], Decision]
    bulk: Callable[[Sequence[Row]], bool]
    word: Callable[[ValueLine], str] = lambda _line: ""  # the entry that a word stands for; empty: later
    refuse: Callable[[str], None] = lambda _why: None
    tell: Callable[[Sequence[ProposalLine]], None] = lambda _lines: None


def review(ws: Workspace, ask: Asker) -> ProposeResult:
    """Propose, walk a person through amber and red rows one by one and green ones in bulk, then words that are open.

    Each answer is written before the next question, so that an end in between loses none. What was decided
    is kept in mapping/memory.json as a suggestion for later proposals. The result shows what is left open.
    Raises what propose() raises.
    """
    result = propose(ws)
    own = {field.name: field.header or field.name for field in _own_columns(ws)}
    locked = [
        p for p in result.proposals if p.band in {"amber", "red"} and p.source_header not in own.values()
    ]
    if locked:
        ask.tell(locked)
    changed: list[str] = []
    done: set[str] = set()
    for name, text in mapping_texts(ws.mapping_dir).items():
        for some in _decisions(ws, name, list(rows_of(name, text)), ask):
            _write(ws, name, some)
            _remember(ws, name, some)
            done |= {own.get(row.column, row.column) for row, _ in some}
        path = ws.mapping_dir / Path(name).name
        changed += difference(name, _proposed(ws, path.name, text), path.read_bytes().decode())
    changed += _words(ws, ask)
    left = tuple(value_row(line) for line in lines_of(ws))
    lines = tuple(p for p in result.proposals if p.band == "green" or p.source_header not in done)
    return replace(result, changed=tuple(changed), values=left, proposals=lines)


def _own_columns(ws: Workspace) -> list[Field]:
    streams = ws.snapshot().catalog.streams
    return [field for stream in streams for field in stream.fields if field.name.startswith(CUSTOM)]


def _decisions(ws: Workspace, name: str, rows: Sequence[Row], ask: Asker) -> Iterator[list[Decided]]:
    """Yield what is decided: rows that stay as they are together, then each answer as soon as it is given."""
    sure = [row for row in rows if row.band is Band.GREEN]
    open_rows = [row for row in rows if row.band is not Band.GREEN]
    if sure and ask.bulk(sure):
        yield [(row, Decision(choice=Choice.KEEP)) for row in sure]
    else:
        open_rows = list(rows)
    for row in open_rows:
        decision = _answer(ws, name, row, ask)
        if decision.choice is not Choice.LATER:
            yield [(row, decision)]


def _answer(ws: Workspace, name: str, row: Row, ask: Asker) -> Decision:
    for _ in range(_TIMES):
        decision = ask.row(row)
        if decision.choice is not Choice.RENAME:
            return decision
        if normal_label(decision.label) not in _taken(ws, name, row):
            return decision
        ask.refuse(f"another line writes the field {decision.label} already")
    return Decision(choice=Choice.LATER)


def _taken(ws: Workspace, name: str, row: Row) -> set[str]:
    """Return the labels, as they are compared, of the fields that other rules write where a file's go."""
    written = read_mappings(mapping_texts(ws.mapping_dir))
    places = {one.mapping.destination for one in written if one.place.file == name}
    rules = [rule for one in written if one.mapping.destination in places for rule in one.mapping.rules]
    labels = [custom_label(rule.to) for rule in rules if rule.source != (row.column,)]
    return {normal_label(label) for label in labels if label}


def _write(ws: Workspace, name: str, some: Sequence[Decided]) -> None:
    texts = mapping_texts(ws.mapping_dir)
    new = texts[name]
    for row, decision in some:
        new = settled(new, row, decision)
    if new != texts[name]:
        read_mappings({**texts, name: new})  # a decision never leaves a broken file
        _put(ws.mapping_dir / Path(name).name, new)


def _put(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(text.encode())
    fresh.replace(path)


def _words(ws: Workspace, ask: Asker) -> tuple[str, ...]:
    """Ask for each word that is not sure, and write each answer as soon as it is given."""
    path = ws.mapping_dir / VALUES
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = before
    for line in lines_of(ws):
        choice = ask.word(line) if line.found.band is not Band.GREEN else ""
        if choice:
            text = decided(text, line, choice)
            _put(path, text)
    return difference(f"mapping/{VALUES}", before, text)


def _remember(ws: Workspace, name: str, some: Sequence[Decided]) -> None:
    snapshot = ws.snapshot()
    filling, system = filling_of(snapshot), snapshot.catalog.system
    written = read_mappings(mapping_texts(ws.mapping_dir))
    streams = {one.mapping.source for one in written if one.place.file == name}
    found: dict[str, str] = {}
    for row, decision in some:
        for stream in streams:
            label = row.column.removeprefix(CUSTOM)
            key = memory_key(system, stream, label, filling(stream, row.column).samples)
            place = f"{CUSTOM}{decision.label}" if decision.choice is Choice.RENAME else row.to
            if row.band is not Band.RED:
                found[key] = "" if decision.choice is Choice.LEAVE else place
    if not found:
        return
    path, kept = ws.mapping_dir / MEMORY, kept_memory(ws)
    if path.exists() and not kept.places:  # what cannot be read may still be of use to a person
        path.replace(path.with_suffix(".unreadable"))
    _put(path, kept.keeping(found).text())


def _proposed(ws: Workspace, name: str, otherwise: str) -> str:
    path = ws.state / PROPOSED / name
    return path.read_bytes().decode() if path.exists() else otherwise
