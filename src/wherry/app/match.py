"""Propose a map for any two column lists; needs no workspace, no network, and changes nothing."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from wherry.app.advice import adviser_of
from wherry.app.results import MatchResult, ProposalLine
from wherry.app.sentences import warn_without_model
from wherry.app.settings import llm_of_environment
from wherry.mapping.proposer.lexicon import lexicon_sha256, model_sha256
from wherry.mapping.proposer.match import ENGINE, match_columns
from wherry.mapping.proposer.table import SourceColumn, TargetField
from wherry.model.errors import UsageInvalid

_COLUMNS = ("source_object", "source_header")
_TARGETS = ("object", "field", "label", "type", "required", "picklist")
_YES = frozenset({"true", "yes", "y", "1", "required", "x"})
_PICK_SEPARATORS = ("|", ";", ",")


def match(columns: Path, targets: Path, objects: Mapping[str, str] | None = None) -> MatchResult:
    """Return a proposal for each column of one CSV file into the fields of another.

    COLUMNS.csv has source_object, source_header and sample_1 … sample_n; TARGETS.csv has object, field,
    label, type, required, picklist (entries parted by `|`, `;` or `,`). `objects` says which target object
    a source object becomes. A language model is asked about what is not sure where the environment names one.
    Raises UsageInvalid naming file, line and column, SettingsInvalid for a wrong WHERRY_LLM__… variable.
    """
    given = tuple(_read_columns(columns))
    fields = tuple(_read_targets(targets))
    fixed = dict(objects or {})
    _known(fixed, given, fields)
    warn_without_model()
    adviser = adviser_of(*llm_of_environment())
    lines = match_columns(given, fields, fixed, adviser.hear if adviser else None)
    return MatchResult(
        proposals=tuple(ProposalLine(**{**asdict(line), "band": str(line.band)}) for line in lines),
        engine=ENGINE,
        lexicon_sha256=lexicon_sha256(),
        model_sha256=model_sha256(),
        llm=adviser.summary() if adviser else None,
    )


def _read_columns(path: Path) -> Iterator[SourceColumn]:
    for line, row in _rows(path, _COLUMNS):
        _filled(path, line, row, _COLUMNS)
        samples = [value.strip() for name, value in row.items() if name.startswith("sample_")]
        # The header comes back as it stands in the file, so that the proposal finds its column again.
        yield SourceColumn(
            object=row["source_object"].strip(), header=row["source_header"], samples=tuple(samples)
        )


def _read_targets(path: Path) -> Iterator[TargetField]:
    seen: dict[tuple[str, str], int] = {}
    for line, cells in _rows(path, _TARGETS):
        row = {name: cell.strip() for name, cell in cells.items()}
        _filled(path, line, row, ("object", "field"))
        place = (row["object"], row["field"])
        if place in seen:
            raise UsageInvalid(
                f"{path.name}, line {line}, column field: {'.'.join(place)} is there already in line {seen[place]}",
                hint="name every field once",
            )
        seen[place] = line
        yield TargetField(
            object=row["object"],
            field=row["field"],
            label=row["label"],
            type=row["type"],
            required=row["required"].casefold() in _YES,
            picks=_picks(row["picklist"]),
        )


def _picks(text: str) -> tuple[str, ...]:
    separator = next((s for s in _PICK_SEPARATORS if s in text), "|")
    return tuple(pick for part in text.split(separator) if (pick := part.strip()))


def _filled(path: Path, line: int, row: Mapping[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        if not row[name].strip():
            raise UsageInvalid(f"{path.name}, line {line}, column {name}: is empty", hint="fill it in")


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the physical line and the cells, by column, of each record that holds anything."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = broken.object[: broken.start].count(b"\n") + 1
        raise UsageInvalid(
            f"{path.name}, line {line}: is not UTF-8 text", hint="save the file as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(path, header, needed)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if any(cell.strip() for cell in cells[len(header) :]):
                    raise UsageInvalid(
                        f"{path.name}, line {reader.line_num}, column {len(header) + 1}: there are more cells than the header has",
                        hint="put values that hold a comma in quotes",
                    )
                padded = [*cells[: len(header)], *([""] * (len(header) - len(cells)))]
                yield reader.line_num, dict(zip(header, padded, strict=True))
    except csv.Error as broken:
        raise UsageInvalid(
            f"{path.name}, line {reader.line_num}: is no valid CSV: {broken}", hint="check the quotes"
        ) from None


def _check_header(path: Path, header: list[str], needed: tuple[str, ...]) -> None:
    for name in needed:
        if name not in header:
            wanted = f"the first line holds: {', '.join(needed)}" + (
                ", sample_1 … sample_n" if needed == _COLUMNS else ""
            )
            other = len(header) == 1 and any(sign in header[0] for sign in ";\t|")
            raise UsageInvalid(
                f"{path.name}, line 1: there is no column {name}",
                hint=f"{wanted}; they are parted by commas" if other else wanted,
            )
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise UsageInvalid(f"{path.name}, line 1: the column {twice} is there twice", hint="remove one")


def _known(
    fixed: Mapping[str, str], columns: tuple[SourceColumn, ...], fields: tuple[TargetField, ...]
) -> None:
    sources = list(dict.fromkeys(column.object for column in columns))
    targets = list(dict.fromkeys(field.object for field in fields))
    for source, target in fixed.items():
        if source not in sources:
            raise UsageInvalid(
                f"--object {source}={target}: there is no source object {source}",
                hint=f"one of: {', '.join(sources)}",
            )
        if target not in targets:
            raise UsageInvalid(
                f"--object {source}={target}: there is no target object {target}",
                hint=f"one of: {', '.join(targets)}",
            )
