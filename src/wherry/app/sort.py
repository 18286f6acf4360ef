"""Write down what each table of an unknown source may be, for a person to correct and to approve."""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from wherry.app.workspace import Workspace
from wherry.mapping.proposer.document import quoted
from wherry.mapping.proposer.sort import Guess, Sorted, sort_tables
from wherry.model.errors import ApprovalMissing
from wherry.model.opening import OpenSource, RawTable, Unsorted

FILE = "csv.yaml"
_WIDTH = 4_096
_HEAD = """\
# What each file of the folder is, and each of its columns: proposed by `wherry discover`, decided by you.
#
# stream:      a stream of docs/howto/csv-folder.md; empty leaves the file out
# date_format: yyyy-mm-dd | dd/mm/yyyy | mm/dd/yyyy; empty has each column prove its own
# columns:     header: field. A name that ends with ? is not sure and counts as left out: take the question
#              mark away if it is right, write another field, or '' to leave the column out.
#              custom:Label is a field of the clinic's own (patients only)
# words:       what the words of a column mean, by field; those with ? are held back until you say
#
# Nothing is read before a name stands here. What is written here afterwards is yours: it is never changed,
# only files and columns that are new are added, with a question mark.
approved_by: ""

files:
"""


def sort(ws: Workspace, source: OpenSource) -> None:
    """Propose mapping/csv.yaml where the source needs it, or add what is new in the source to the one there.

    Raises ApprovalMissing after a first proposal: nothing applies itself.
    """
    if not isinstance(source, Unsorted):
        return
    path = ws.mapping_dir / FILE
    tables = source.tables()
    found = {one.table: one for one in sort_tables(tables, source.contract())}
    if path.exists():
        _extend(path, tables, found)
        return
    text = _HEAD + "".join(line for table in tables for line in _file_lines(table, found[table.name]))
    _write(path, text)
    sure, open_ = _figures(found.values())
    raise ApprovalMissing(
        f"mapping/{FILE} was written: {sure} columns of {len(tables)} files are recognised, {open_} wait for you",
        hint="read it, correct what is wrong, write your name at approved_by, then run wherry discover again",
    )


def _figures(found: Any) -> tuple[int, int]:
    guesses = [guess for one in found if one.stream.name for guess in one.columns.values() if guess.name]
    return sum(guess.sure for guess in guesses), sum(not guess.sure for guess in guesses)


def _written(guess: Guess) -> str:
    return guess.name if guess.sure else f"{guess.name}?"


def _line(indent: int, key: str, guess: Guess) -> str:
    why = " ".join(guess.why.split())
    comment = f"  # {why}" if why else ""
    return f"{' ' * indent}{quoted(key)}: {quoted(_written(guess))}{comment}\n"


def _file_lines(table: RawTable, found: Sorted) -> Iterator[str]:
    yield f"  {quoted(table.name)}:  # {table.records} records\n"
    yield _line(4, "stream", found.stream)
    if not found.stream.name:
        return
    if found.date_format.name:
        yield _line(4, "date_format", found.date_format)
    yield "    columns:\n"
    for header, guess in found.columns.items():
        yield _line(6, header, guess)
    if found.words:
        yield "    words:\n"
    for name, words in found.words.items():
        yield f"      {quoted(name)}:\n"
        for word, guess in words.items():
            yield _line(8, word, guess)


def _extend(path: Path, tables: Sequence[RawTable], found: Mapping[str, Sorted]) -> None:
    """Add files and columns that the file does not speak of; each with a question mark, and nothing else changes."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    data: Any = yaml.load(path.read_text(encoding="utf-8")) or {}
    changed = False
    for table in tables:
        if not table.decided:
            data.setdefault("files", {})[table.name] = {"stream": _asked(found[table.name].stream)}
            changed = True
            continue
        columns = data["files"][table.name].get("columns")
        for column in table.columns if columns is not None else ():
            if not column.decided:
                columns[column.header] = _asked(found[table.name].columns[column.header])
                changed = True
    if changed:
        out = StringIO()
        yaml.dump(data, out)
        _write(path, out.getvalue())


def _asked(guess: Guess) -> str:
    return f"{guess.name}?" if guess.name else ""


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
