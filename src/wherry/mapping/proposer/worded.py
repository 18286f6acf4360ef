"""The proposal for values: what each word of the source's lists means in the tenant's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.mapping.labels import custom_label
from wherry.mapping.needs import labelled
from wherry.mapping.own_values import CLOSED, Own, entries_of, spelt, table_of, texts_of
from wherry.mapping.proposer.choices import ChoiceProposal, propose_choice
from wherry.mapping.values import spelling, value_tables
from wherry.model.catalog import Catalog
from wherry.model.mapping import Band, Rule
from wherry.model.mapping import Mapping as StreamMapping

STATUSES = "appointment_status"
# Tables whose words stand in one column, whatever a rule that reads them names first.
_COLUMNS = {"invoice_status": ("invoices", "status"), "plan_item_status": ("treatment_items", "status")}
_MOST = 60  # words of one list
_NAMED = 0.9  # how sure a status is whose name alone says what it means
_REPEATED = 2  # records from which a word of a column that is no closed list counts as one
_LONGEST = 60  # characters of what still is a word of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """A word of the source, how many records hold it, and the entry that is proposed for it (empty: held)."""

    table: str
    stream: str
    field: str
    word: str
    records: int
    target: str
    found: ChoiceProposal
    offered: tuple[str, ...] = ()  # the entries that a person may choose from

    @property
    def held_by(self) -> str:
        """Say how many records hold the word."""
        return f"{self.records} records of {self.stream}" if self.records else "not in this snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status of the source: its name, what the source says it means, and how many records are in it."""

    name: str
    canonical: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A word for which records were rejected at reading, how many, and the words that its closed list knows."""

    stream: str
    field: str
    word: str
    records: int
    listed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is known of the source's words: counts by (stream, field), statuses of appointments, unknown words."""

    counts: Callable[[str, str], Mapping[str, int]]
    statuses: Sequence[Status] = ()
    held: Sequence[Held] = ()


def value_lines(
    mappings: Sequence[StreamMapping], destination: Catalog, words: Words, own: Own
) -> Iterator[ValueLine]:
    """Yield a line for each word of each list that a rule reads, once; what is decided already is left out."""
    yield from _statuses(words, own)
    yield from _held(words, own)
    seen: set[tuple[str, str, str]] = set()
    for mapping in mappings:
        for rule in mapping.rules:
            table, _ = table_of(rule)
            stream, field = _column(mapping, rule, table)
            if not table or not field or (table, stream, field) in seen:
                continue
            if custom_label(table) and not _there(mapping, rule, destination):
                continue  # a list that is to be made has the source's own words
            seen.add((table, stream, field))
            listed = _Listed(
                table=table,
                stream=stream,
                field=field,
                target=f"{mapping.destination}.{rule.to}",
                offered=entries_of(rule, mapping, destination) or texts_of(table),
            )
            yield from _lines(listed, rule, words, own)


def _there(mapping: StreamMapping, rule: Rule, destination: Catalog) -> bool:
    field = labelled(destination, mapping.destination, custom_label(rule.to) or rule.to)
    return field is not None and bool(field.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A column that is read by a table: where it stands, where its words go, and the entries there."""

    table: str
    stream: str
    field: str
    target: str
    offered: tuple[str, ...]


def _column(mapping: StreamMapping, rule: Rule, table: str) -> tuple[str, str]:
    """Return the stream and the field whose words a rule reads by that table."""
    if table in _COLUMNS:
        return _COLUMNS[table]
    return mapping.source, rule.source[0] if rule.source else ""


def _lines(listed: _Listed, rule: Rule, words: Words, own: Own) -> Iterator[ValueLine]:
    table, argument = table_of(rule)
    said = rule.args.get(argument)
    decided = {spelling(word) for word in (*own.get(table, {}), *(said if isinstance(said, dict) else {}))}
    for word, records in list(words.counts(listed.stream, listed.field).items())[:_MOST]:
        if spelling(word) in decided or not word.strip() or len(word) > _LONGEST:
            continue
        if argument == "names" and records < _REPEATED:
            continue
        found = propose_choice(word, listed.offered, table, listed.field)
        if argument == "names" and not found.choice:
            found = replace(
                found, evidence="no entry is like it: left empty there, and kept as text beside it"
            )
        yield ValueLine(
            table=table,
            stream=listed.stream,
            field=listed.field,
            word=word,
            records=records,
            target=listed.target,
            found=found,
            offered=listed.offered,
        )


def _statuses(words: Words, own: Own) -> Iterator[ValueLine]:
    """Yield a line for each status of appointments whose meaning the source leaves open."""
    decided = {spelt(word) for word in own.get(STATUSES, {})}
    texts = value_tables()[STATUSES].texts
    for status in words.statuses:
        if status.canonical or not status.name or spelt(status.name) in decided:
            continue
        found = propose_choice(status.name, texts, STATUSES)
        if found.band is Band.GREEN:  # a name is no declaration: a person has to say so
            why = f"by its name only ({found.evidence}); the source does not say what it means"
            found = replace(found, confidence=_NAMED, band=Band.AMBER, evidence=why)
        yield ValueLine(
            table=STATUSES,
            stream="appointment_statuses",
            field="canonical",
            word=status.name,
            records=status.records,
            target="appointments.status",
            found=found,
            offered=texts,
        )


def _held(words: Words, own: Own) -> Iterator[ValueLine]:
    """Yield a line for each word that a closed list of the source does not know: its records were not read."""
    for held in words.held:
        table = CLOSED.get(f"{held.stream}.{held.field}", "")
        if not table or spelt(held.word) in {spelt(word) for word in own.get(table, {})}:
            continue
        reviewed = value_tables().get(table)
        offered = reviewed.texts if reviewed else held.listed
        found = propose_choice(held.word, offered, table, held.field)
        band = Band.AMBER if found.band is Band.GREEN else found.band
        evidence = f"{found.evidence}; its records are rejected until then"
        yield ValueLine(
            table=table,
            stream=held.stream,
            field=held.field,
            word=held.word,
            records=held.records,
            target=f"{held.stream}.{held.field}",
            found=replace(found, band=band, evidence=evidence),
            offered=offered,
        )
