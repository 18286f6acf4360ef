"""Propose which stream each table of an unknown source is, and which field each of its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wherry.mapping.own_values import CLOSED, spelt
from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.catalogue import read_targets
from wherry.mapping.proposer.lexicon import words_of
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.objects import sure_objects
from wherry.mapping.proposer.table import Column, SourceColumn, TargetField, read_columns
from wherry.mapping.proposer.words import split
from wherry.mapping.values import elsewhere, spelling, value_tables
from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.model.mapping import Band, Proposal
from wherry.model.opening import RawColumn, RawTable

CUSTOM = "custom:"
PEOPLE = "patients"
STATUS = "appointmentStatusId"
BOTH_NAMES = "firstName + lastName"
_KEY_LEAST = 0.5  # from here on a column whose values are all different is the key
_ASKED_LEAST = 0.15  # from here on a person is asked about a column that nothing is near enough to
_STAMPS: Mapping[str, frozenset[str]] = {
    "createdAt": frozenset({"created", "entered", "added"}),
    "updatedAt": frozenset({"updated", "modified", "changed"}),
}
_DATED = frozenset({FieldType.DATE, FieldType.DATETIME})
_OPTIONAL_KEYS = frozenset({"appointments", "clinical_notes", "recalls"})
"""Streams whose records can do without an id of their own: it is made of the row."""

_WORD_TABLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("appointments", STATUS): ("appointment_status",),
    ("appointment_statuses", "canonical"): ("appointment_status",),
    (PEOPLE, "status"): ("foreign_patient_status",),
    ("treatment_plans", "status"): ("plan_status",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What something may be, how likely, and why; what is not sure waits for a person."""

    name: str  # empty: nothing
    sure: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The proposal for one table. `words` holds by field what each of its words means."""

    table: str
    stream: Guess
    date_format: Guess
    columns: Mapping[str, Guess] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Guess]] = field(default_factory=dict)


def sort_tables(tables: Sequence[RawTable], contract: Catalog) -> tuple[Sorted, ...]:
    """Return a proposal for every table, in their order. The same tables give the same proposals.

    A column is sure where the names say so or a strong form does (band green), where its values are those of
    the key that it may refer to and its header agrees, or where it may be the key and no value is there twice.
    """
    given = [_given(table, column) for table in tables for column in table.columns]
    targets = [
        TargetField(
            object=stream.name,
            field=one.name,
            type=str(one.type),
            required=one.required,
            picks=tuple(choice.value for choice in one.choices),
        )
        for stream in contract.streams
        for one in stream.fields
    ]
    read = read_columns(given)
    lines = match_columns(given, targets)
    chosen = {table.name: _stream_of(table, lines) for table in tables}
    named = sure_objects(read, read_targets(targets), {_object(t): chosen[t.name] for t in tables})
    drafts = []
    for table in tables:
        stream = contract.stream(chosen[table.name])
        own = [(c, p) for c, p in zip(read, lines, strict=True) if c.given.object == _object(table)]
        draft = _Draft(table=table, stream=stream, own=own, named=_object(table) in named)
        drafts.append(_by_name(draft, contract, targets) if _lacks_a_key(draft) else draft)
    keys = {d.table.name: _key_header(d) for d in drafts if d.stream}
    return _unless_twice([_sorted(draft, drafts, keys) for draft in drafts], tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """One table with what the match says of it."""

    table: RawTable
    stream: Stream | None
    own: Sequence[tuple[Column, Proposal]]
    named: bool  # the table's own name says the stream


def _object(table: RawTable) -> str:
    return table.name.rpartition(".")[0] or table.name


def _given(table: RawTable, column: RawColumn) -> SourceColumn:
    return SourceColumn(object=_object(table), header=column.header, samples=column.samples)


def _stream_of(table: RawTable, lines: Sequence[Proposal]) -> str:
    own = [line for line in lines if line.source_object == _object(table) and line.target != NONE]
    found = Counter(line.target.partition(".")[0] for line in own)
    return found.most_common(1)[0][0] if found else ""


def _lacks_a_key(draft: _Draft) -> bool:
    """Return whether there is no stream for the table, or no column here that may be the stream's key."""
    stream = draft.stream
    if stream is None:
        return True
    needed = {one.name for one in stream.fields if one.required}
    placed = {line.target.partition(".")[2] for _column, line in draft.own if line.target != NONE}
    return not needed <= placed | ({stream.key} if stream.name in _OPTIONAL_KEYS else set())


def _by_name(draft: _Draft, contract: Catalog, targets: Sequence[TargetField]) -> _Draft:
    """Return the table as the one stream whose name shares most words with its own, where that has all it needs."""
    words = set(words_of(_object(draft.table)))
    shared = {stream.name: len(words & set(words_of(stream.name))) for stream in contract.streams}
    most = max(shared.values())
    best = [name for name, count in shared.items() if count == most]
    if most == 0 or len(best) > 1 or (draft.stream and best == [draft.stream.name]):
        return draft
    given = [column.given for column, _line in draft.own]
    lines = match_columns(
        given, [one for one in targets if one.object == best[0]], {_object(draft.table): best[0]}
    )
    own = [(column, _nearest(line)) for (column, _old), line in zip(draft.own, lines, strict=True)]
    other = _Draft(table=draft.table, stream=contract.stream(best[0]), own=own, named=True)
    return draft if _lacks_a_key(other) else other


def _nearest(line: Proposal) -> Proposal:
    """Return a proposal of none as one of the nearest field, to be asked about: the table's name says the rest."""
    name, likely = line.candidates[0] if line.candidates else (NONE, 0.0)
    if line.target != NONE or likely < _ASKED_LEAST:
        return line
    return replace(line, target=name, confidence=likely, band=Band.AMBER)


def _key_header(draft: _Draft) -> str:
    """Return the header of the column that may be the table's key, or the empty text."""
    key = draft.stream.key if draft.stream else ""
    for (_column, line), raw in zip(draft.own, draft.table.columns, strict=True):
        if raw.unique and line.target == f"{draft.stream.name if draft.stream else ''}.{key}":
            return raw.header
    return ""


def _sorted(draft: _Draft, drafts: Sequence[_Draft], keys: Mapping[str, str]) -> Sorted:
    columns = {
        raw.header: _column(draft, number, drafts, keys) for number, raw in enumerate(draft.table.columns)
    }
    columns = _once(columns)
    return Sorted(
        table=draft.table.name,
        stream=_stream_guess(draft, columns),
        date_format=_date_format(draft.table),
        columns=columns,
        words=_words(draft, columns),
    )


def _column(draft: _Draft, number: int, drafts: Sequence[_Draft], keys: Mapping[str, str]) -> Guess:
    column, line = draft.own[number]
    raw, stream = draft.table.columns[number], draft.stream
    if column.barred or stream is None:
        return Guess(name="", sure=True, why=line.evidence)
    name = line.target.partition(".")[2] if line.target != NONE else ""
    relation = _relation(raw, stream, name, (drafts, keys))
    if relation:
        return relation
    if name:
        placed = _placed(raw, stream, name, line)
        there = {draft.stream.name for draft in drafts if draft.stream}
        broken = name != stream.key and any(f.name == name and f.references in there for f in stream.fields)
        return (
            replace(placed, sure=False, why=f"not all its values are keys; {placed.why}")
            if broken
            else placed
        )
    return _unplaced(draft, raw, column, line)


def _unplaced(draft: _Draft, raw: RawColumn, column: Column, line: Proposal) -> Guess:
    """Return what becomes of a column that the match gave no field."""
    taken = {one.target.partition(".")[2] for _column, one in draft.own if one.target != NONE}
    free = [one for one in (draft.stream.fields if draft.stream else ()) if one.name not in taken]
    if column.internal:
        return _stamp(raw, line, free)
    if draft.stream and draft.stream.name == PEOPLE:
        why = f"a field of the clinic's own; {line.evidence}"
        # A question mark at the end of a name says in the file that it is not confirmed.
        label = raw.header.rstrip("? ") or f"({raw.header})"
        return Guess(name=f"{CUSTOM}{label}", sure=True, why=why)
    return _asked(column, line, free)


def _placed(raw: RawColumn, stream: Stream, name: str, line: Proposal) -> Guess:
    if "split" in line.evidence and name in {"firstName", "lastName"}:
        name = BOTH_NAMES
    why, sure = f"{line.confidence:.2f}: {line.evidence}", line.band is Band.GREEN
    if name == stream.key and raw.unique and line.confidence >= _KEY_LEAST:
        why, sure = f"{why}; no two records share a value", True
    elif name == STATUS and _all_known(raw.words):
        why, sure = f"{why}; each of its words is a status that is known", True
    return Guess(name=name, sure=sure, why=why)


def _stamp(raw: RawColumn, line: Proposal, free: Sequence[Field]) -> Guess:
    """Return which stamp of the system's own a column may be: when a record was made, or changed last."""
    words, names = set(words_of(raw.header)), {one.name for one in free}
    stamp = next((name for name, said in _STAMPS.items() if name in names and words & said), "")
    return Guess(name=stamp, sure=not stamp, why=line.evidence)


def _asked(column: Column, line: Proposal, free: Sequence[Field]) -> Guess:
    """Return what to ask about a column that nothing is near enough to; `free` are fields that none has yet."""
    dates = [one.name for one in free if one.type in _DATED and one.name not in _STAMPS]
    if column.values.main in {"date", "datetime"} and len(dates) == 1:
        return Guess(name=dates[0], sure=False, why=f"the only date of these records; {line.evidence}")
    names = {one.name for one in free}
    near = [(one.partition(".")[2], likely) for one, likely in line.candidates]
    nearest = next((name for name, likely in near if likely >= _ASKED_LEAST and name in names), "")
    return Guess(name=nearest, sure=not nearest, why=line.evidence)


def _all_known(words: Sequence[str]) -> bool:
    known = value_tables()["appointment_status"].words
    return bool(words) and all(" ".join(word.split()).casefold() in known for word in words)


def _relation(
    raw: RawColumn, stream: Stream, name: str, around: tuple[Sequence[_Draft], Mapping[str, str]]
) -> Guess | None:
    """Return what a column refers to: all its values are keys there, and its header agrees."""
    drafts, keys = around
    for other in drafts:
        if not other.stream or (other.table.name, keys.get(other.table.name, "")) not in raw.within:
            continue
        fields = [one for one in stream.fields if one.references == other.stream.name]
        said = next((one for one in fields if one.name == name), None)
        alike = split(raw.header) == split(keys[other.table.name])
        target = said or (fields[0] if alike and fields else None)
        if target:
            why = f"every value is a key of '{other.table.name}'"
            why += f", and the header is that of its '{keys[other.table.name]}'" if alike else ""
            return Guess(name=target.name, sure=True, why=why)
    return None


def _once(columns: Mapping[str, Guess]) -> dict[str, Guess]:
    """Where several columns may be one field, none but the sure ones stay; a date and its time go together."""
    count = Counter(guess.name for guess in columns.values() if guess.name)
    found = dict(columns)
    for header, guess in columns.items():
        if count[guess.name] > 1 and not guess.sure and "time of day" not in guess.why:
            found[header] = replace(guess, name="", why=f"another column is {guess.name}; {guess.why}")
        elif count[guess.name] == 2 and "time of day" in guess.why:
            found[header] = replace(guess, sure=True)
    return found


def _stream_guess(draft: _Draft, columns: Mapping[str, Guess]) -> Guess:
    stream = draft.stream
    if stream is None:
        return Guess(name="", sure=True, why="none of its columns is like one that is known")
    placed = [(g, p) for g, (_column, p) in zip(columns.values(), draft.own, strict=True)]
    have = {guess.name for guess, line in placed if guess.sure or line.target != NONE}
    if BOTH_NAMES in have:
        have |= {"firstName", "lastName"}
    if stream.name in _OPTIONAL_KEYS:
        have.add(stream.key)
    missing = [one.name for one in stream.fields if one.required and one.name not in have]
    if missing:
        why = f"nearest is {stream.name}, but no column is like {' or '.join(missing)}"
        return Guess(name="", sure=True, why=why)
    known = sum(1 for guess in columns.values() if guess.sure and guess.name and CUSTOM not in guess.name)
    sure = draft.named or known >= 3
    why = "its name says so" if draft.named else "its columns say so"
    return Guess(name=stream.name, sure=sure, why=f"{why}; {known} of {len(columns)} columns are sure")


def _date_format(table: RawTable) -> Guess:
    told = {column.date_format for column in table.columns if column.date_format}
    if len(told) != 1:
        return Guess(name="", sure=True, why="not proven for the file; told column by column, else held back")
    by = ", ".join(f"'{column.header}'" for column in table.columns if column.date_format)
    return Guess(name=told.pop(), sure=True, why=f"proven by the values of {by}")


def _words(draft: _Draft, columns: Mapping[str, Guess]) -> dict[str, dict[str, Guess]]:
    stream = draft.stream
    if stream is None:
        return {}
    found: dict[str, dict[str, Guess]] = {}
    raws = {raw.header: raw for raw in draft.table.columns}
    for header, guess in columns.items():
        one = stream.field(guess.name)
        made = stream.name == "appointment_statuses" and guess.name == "name"
        if made and "canonical" not in {g.name for g in columns.values()}:
            one = stream.field("canonical")
        if one and (one.choices or one.name == STATUS) and "is a key of" not in guess.why:
            words = _word_guesses(stream.name, one, raws[header].words)
            if words:
                found[one.name] = words
    return found


def _word_guesses(stream: str, one: Field, words: Sequence[str]) -> dict[str, Guess]:
    allowed = {choice.value for choice in one.choices}
    found = {}
    for word in words:
        plain = "_".join(word.casefold().replace("-", " ").replace("_", " ").split())
        if plain not in allowed:
            found[word] = _word_guess(stream, one.name, word)
    return found


def _word_guess(stream: str, name: str, word: str) -> Guess:
    said = " ".join(word.split()).casefold()
    for table in _WORD_TABLES.get((stream, name), ()):
        known = value_tables()[table]
        if said in known.words:
            ours = "_".join(known.words[said].casefold().replace("-", " ").split())
            return Guess(name=ours, sure=not table.startswith("foreign"), why="")
        if said in known.ambiguous:
            return Guess(name="", sure=False, why=f"ambiguous: {known.ambiguous[said]}")
    for table in (*_WORD_TABLES.get((stream, name), ()), CLOSED.get(f"{stream}.{name}", "")):
        if text := elsewhere(table).get(spelling(word)):
            return Guess(name=spelt(text), sure=False, why="other systems' word for it")
    return Guess(name="", sure=False, why="nothing is known of this word")


def _unless_twice(found: Sequence[Sorted], tables: Sequence[RawTable]) -> tuple[Sorted, ...]:
    """Where two tables of different columns may be one stream, the larger one is; the others wait."""
    size = {table.name: table.records for table in tables}
    done = []
    for one in found:
        rivals = [
            other
            for other in found
            if other is not one
            and one.stream.name
            and other.stream.name == one.stream.name
            and set(other.columns) != set(one.columns)
        ]
        if any(size[rival.table] > size[one.table] for rival in rivals):
            stream = replace(one.stream, sure=False, why=f"a larger file is {one.stream.name} already")
            done.append(replace(one, stream=stream))
        else:
            done.append(one)
    return tuple(done)
