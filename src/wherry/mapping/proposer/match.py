"""Propose a map between any two column lists: objects, then columns, each with confidence, band and evidence."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.mapping.proposer.advice import NONE, Ask, Unsure, advised
from wherry.mapping.proposer.assign import assign
from wherry.mapping.proposer.catalogue import read_targets
from wherry.mapping.proposer.composite import Composite, code_book, composites, must_split
from wherry.mapping.proposer.explain import (
    barred_line,
    code_line,
    composite_line,
    kind_phrase,
    none_line,
    place_line,
)
from wherry.mapping.proposer.features import BRIDGED, Pair, value_fit
from wherry.mapping.proposer.lexicon import combiner
from wherry.mapping.proposer.objects import choose_objects, sure_objects
from wherry.mapping.proposer.score import Scored, score_column
from wherry.mapping.proposer.table import (
    Column,
    SourceColumn,
    Target,
    TargetField,
    kind_of,
    read_columns,
)
from wherry.model.mapping import Band, Proposal

ENGINE = "wherry-match/2"
_CANDIDATES = 5
# From here an alias counts as listed: also without words that say nothing, and written out where cut off.
_DETERMINISTIC = 0.85
_AMBER_MOST = 0.949
_BARRED = 0.99  # how sure no place is by the never-migrate list; its candidates are for who overrides it
# Powers by which shares become confidences: bare shares came out surer of doubt than they were right.
_PLACED, _UNPLACED = 0.7, 0.5
_CLEARLY = 0.3  # of the values, more in another target's pick list
_LEAST = 0.15
# A place must be this much likelier than none: what is not moved is seen, what is misplaced is not.
_FAVOUR = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A column with its scored targets, and what the assignment gave it."""

    column: Column
    object: str
    scored: tuple[Scored, ...]
    place: int | None = None
    sure: bool = True  # the object was confirmed, or the names say it
    taken_by: str = ""  # header of the column that got its best target
    contested: bool = False  # another column would have its target too


def match_columns(
    columns: Sequence[SourceColumn],
    targets: Sequence[TargetField],
    fixed: Mapping[str, str] | None = None,
    ask: Ask | None = None,
) -> tuple[Proposal, ...]:
    """Return a proposal for every column, in their order; the same input gives the same proposals.

    `fixed` says which target object a source object becomes. Nothing that is on the never-migrate list is
    ever given a target. `ask`, where it is given, is asked about what is amber or grey (see advice.py).
    """
    rows_in, fields = read_columns(columns), read_targets(targets)
    chosen = choose_objects(rows_in, fields, dict(fixed or {}))
    told = {name: kind_of(target) for name, target in chosen.items() if not kind_of(name) and kind_of(target)}
    if told:  # what the table's own name leaves open, its target says
        rows_in = read_columns(columns, told)
    sure = sure_objects(rows_in, fields, chosen) | set(fixed or {})
    rows = [_row(column, chosen[column.given.object], fields, sure) for column in rows_in]
    rows = _assigned(rows, fields)
    added = composites([(row.column, row.object, row.place) for row in rows], fields)
    lines = [_proposal(row, fields, rows, added.get(number)) for number, row in enumerate(rows)]
    return tuple(lines if ask is None else _advised(rows, lines, fields, ask))


def _advised(
    rows: Sequence[Row], lines: list[Proposal], fields: Sequence[Target], ask: Ask
) -> list[Proposal]:
    """Put what is amber or grey to the model, object by object; what is green or red is never shown to it."""
    for name in dict.fromkeys(row.column.given.object for row in rows):
        own = [n for n, row in enumerate(rows) if row.column.given.object == name]
        open_rows = [n for n in own if lines[n].band in {Band.AMBER, Band.GREY}]
        chosen = rows[own[0]].object
        inside = [field for field in fields if not chosen or field.given.object == chosen]
        used = Counter(lines[n].target for n in own)
        room = {field.given.name: field.holds - used[field.given.name] for field in inside}
        unsure = [_unsure(rows[n], lines[n], inside) for n in open_rows]
        heard = advised(unsure, [field.given for field in inside], room, ask)
        for number, line in zip(open_rows, heard, strict=True):
            lines[number] = line
    return lines


def _unsure(row: Row, line: Proposal, inside: Sequence[Target]) -> Unsure:
    by_name = {field.given.name: field for field in inside}
    return Unsure(
        line=line,
        kind=kind_phrase(row.column),
        samples=row.column.given.samples,
        fits=lambda target: value_fit(Pair(row.column, by_name[target.name])) > -1.0,
    )


def _row(column: Column, target_object: str, fields: Sequence[Target], sure: Container[str]) -> Row:
    inside = [(n, field) for n, field in enumerate(fields) if field.given.object == target_object]
    scored = score_column(column, inside) if inside else ()
    return Row(column=column, object=target_object, scored=scored, sure=column.given.object in sure)


def _assigned(rows: Sequence[Row], fields: Sequence[Target]) -> list[Row]:
    """Give each column its target so that the whole of a source object fits best."""
    done = list(rows)
    for name in dict.fromkeys(row.column.given.object for row in rows):
        own = [n for n, row in enumerate(rows) if row.column.given.object == name]
        inside = [field for field in fields if field.given.object == rows[own[0]].object]
        gains = [{} if must_split(rows[n].column, inside) else _gains(rows[n]) for n in own]
        held = {n: field.holds for n, field in enumerate(fields)}
        places = assign(gains, held)
        by_place = {place: rows[n].column.given.header for n, place in zip(own, places, strict=True)}
        wished = Counter(wish for n in own if (wish := _wish(rows[n])) is not None)
        for n, place in zip(own, places, strict=True):
            row = rows[n]
            best = _wish(row)
            taken = by_place.get(best, "") if place is None and best is not None else ""
            contested = place is not None and wished[place] > fields[place].holds
            done[n] = replace(row, place=place, taken_by=taken, contested=contested)
    return done


def _gains(row: Row) -> dict[int, float]:
    if row.column.barred:
        return {}
    return {s.target: s.probability - s.none for s in row.scored if s.probability > _bar(s)}


def _bar(found: Scored) -> float:
    """Return what a place must be likelier than: no place at all, and the merest chance."""
    return max(_FAVOUR * found.none, _LEAST)


def _wish(row: Row) -> int | None:
    """Return the target that the column would have were it alone, or None."""
    if row.scored and not row.column.barred and row.scored[0].probability > _bar(row.scored[0]):
        return row.scored[0].target
    return None


def _proposal(
    row: Row, fields: Sequence[Target], rows: Sequence[Row], composite: Composite | None
) -> Proposal:
    left = 1.0 - _BARRED if row.column.barred else 1.0  # what the list leaves to any place at all
    candidates = tuple(
        (fields[s.target].given.name, _rounded(left * s.probability**_PLACED))
        for s in row.scored[:_CANDIDATES]
    )
    target, confidence, band, evidence = NONE, _BARRED, Band.RED, ""
    if row.column.barred:
        evidence = barred_line(row.column)
    elif composite is not None:
        target, confidence, band = fields[composite.place].given.name, composite.confidence, Band.AMBER
        evidence = composite_line(row.column, composite, fields)
        candidates = ((target, confidence), *(c for c in candidates if c[0] != target))[:_CANDIDATES]
    elif row.place is None:
        confidence, band = _none_confidence(row), Band.GREY
        evidence = none_line(row.column, row.object, row.taken_by, candidates)
    else:
        found = next(s for s in row.scored if s.target == row.place)
        target = fields[row.place].given.name
        confidence, band = _banded(found, row)
        joined = [r.column.given.header for r in rows if r is not row and _shares(r, row)]
        evidence = place_line(row.column, fields[row.place], found, (candidates, joined))
        if code_book(row.column, fields[row.place]):
            confidence, band = min(confidence, _AMBER_MOST), Band.AMBER
            evidence = f"{evidence}; {code_line(fields[row.place])}"
    return Proposal(
        source_object=row.column.given.object,
        source_header=row.column.given.header,
        target=target,
        confidence=_rounded(confidence),
        band=band,
        candidates=candidates,
        evidence=" ".join(evidence.split()),  # headers in it may be of several lines
    )


def _shares(other: Row, row: Row) -> bool:
    return other.place == row.place and other.column.given.object == row.column.given.object


def _banded(found: Scored, row: Row) -> tuple[float, Band]:
    features = found.features
    named = features["alias"] >= _DETERMINISTIC and not _rival(found, row)
    told = (
        features["unique_strong_type"] >= 1.0 and not features["other_concept"] and not _said_id(row.column)
    )
    deterministic = named or features["exact_name"] > 0 or features["bridge"] >= BRIDGED or told
    doubted = row.contested or features["somebody_elses"] > 0 or _better_told(found, row)
    sure = row.sure and deterministic and not doubted and features["value_fit"] >= 0
    if sure and found.probability >= combiner().green:
        return found.probability**_PLACED, Band.GREEN
    return min(found.probability**_PLACED, _AMBER_MOST), Band.AMBER


def _rival(found: Scored, row: Row) -> bool:
    """Tell whether the header is a listed alias of another target too."""
    return any(s is not found and s.features["alias"] >= _DETERMINISTIC for s in row.scored)


def _said_id(column: Column) -> bool:
    """Tell whether the header calls its values a number or key of something, whatever they look like."""
    return column.meaning.words[-1:] in {("id",), ("reference",), ("key",), ("code",), ("identifier",)}


def _better_told(found: Scored, row: Row) -> bool:
    """Tell whether the values alone speak for another target: the only one of their form, or its pick list."""
    mine = found.features
    return any(
        s is not found
        and (
            s.features["unique_strong_type"] >= 1.0 > mine["unique_strong_type"]
            or s.features["choice_overlap"] > max(mine["choice_overlap"], 0.0) + _CLEARLY
        )
        for s in row.scored
    )


def _none_confidence(row: Row) -> float:
    if not row.scored:
        return 0.99
    return 0.5 if row.taken_by else row.scored[0].none ** _UNPLACED


def _rounded(probability: float) -> float:
    return round(probability, 3)
