"""The proposal for every mapping of a blueprint: its file, and a line for each column on where it goes and why."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.mapping.blueprint import Blueprint
from wherry.mapping.check_rules import known_columns
from wherry.mapping.labels import CUSTOM
from wherry.mapping.proposer.advice import NONE, Ask
from wherry.mapping.proposer.custom import CustomPlace, Filling, Room, Setting, custom_places, room_left
from wherry.mapping.proposer.document import extended, with_evidence
from wherry.mapping.proposer.lexicon import never_class, words_of
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.memory import NOTHING, Memory, memory_key, recalled_phrase
from wherry.mapping.proposer.suggest import Offer, advised_places, free_fields
from wherry.mapping.proposer.table import SourceColumn, TargetField, barred_by
from wherry.mapping.proposer.words import split
from wherry.model.catalog import Catalog, Field
from wherry.model.mapping import Band, Proposal
from wherry.model.mapping import Mapping as StreamMapping

_LIKELY = 0.8  # from here a person is asked whether a column is one of the contract's
_TITLE = "columns of the clinic's own"
_TO = re.compile(r"\bto *: *(?:\"[^\"]*\"|'[^']*'|[^,}]*)")
_END = re.compile(r"\s*(?:[\"',\]}:#]|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProposal:
    """The file to propose for one mapping; `without_columns` is the same without the clinic's own columns."""

    file: str
    text: str
    without_columns: str
    lines: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all proposals stand on.

    `filling` tells how a column (stream, field) is filled. `decided` tells whether a person's own lines of
    a file say what becomes of a custom column, so that nothing is proposed for it; `persons` are the mappings
    with the rules that stay whatever is proposed: their fields are taken, and count for the plan's caps.
    `ask` puts what is not sure to a language model; without it none is asked.
    """

    source: Catalog
    destination: Catalog
    filling: Callable[[str, str], Filling]
    decided: Callable[[str, str], bool] = lambda _file, _column: False
    persons: Sequence[StreamMapping] = ()
    memory: Memory = NOTHING
    ask: Ask | None = None


def propose_streams(
    blueprint: Blueprint, texts: Mapping[str, str], ground: Ground
) -> Iterator[StreamProposal]:
    """Yield the proposal for each mapping of the blueprint, in the order of its stages."""
    room = room_left([*blueprint.mappings, *ground.persons], ground.source, ground.destination)
    extends = {m.source: m.name for m in reversed(blueprint.mappings)}
    seen: set[tuple[str, str, str]] = set()
    for mapping in blueprint.mappings:
        file = blueprint.places[mapping.name][0].file
        places: tuple[CustomPlace, ...] = ()
        if extends[mapping.source] == mapping.name:
            found = custom_places(_own_columns(mapping, file, ground), _setting(mapping, ground, room))
            heard = _heard(mapping, tuple(found), blueprint, ground)
            places = tuple(_recalled(mapping, place, ground) for place in heard)
        plain = with_evidence(texts[file], _evidence(mapping, blueprint, ground))
        lines = [*_lines(mapping, ground), *(_custom_line(mapping, place) for place in places)]
        fresh = [line for line in lines if _once(line, seen)]
        yield StreamProposal(
            file=file,
            text=extended(
                plain,
                _TITLE,
                [place.rule for place in places if place.rule],
                {place.column.name: place.reason for place in places if not place.rule},
            ),
            without_columns=extended(plain, _TITLE, [], {}),
            lines=tuple(fresh),
        )


def _heard(
    mapping: StreamMapping, places: Sequence[CustomPlace], blueprint: Blueprint, ground: Ground
) -> Sequence[CustomPlace]:
    """Return the places after a language model was asked about what is not sure, where one may be asked."""
    if ground.ask is None or not places:
        return places
    offers = [
        Offer(
            place=place,
            line=_custom_line(mapping, place),
            filling=ground.filling(mapping.source, place.column.name),
        )
        for place in places
    ]
    free = free_fields(mapping, blueprint.mappings, ground.destination)
    return tuple(advised_places(offers, free, ground.ask))


def _recalled(mapping: StreamMapping, place: CustomPlace, ground: Ground) -> CustomPlace:
    """Say beside a place what was approved for such a column before; it stays as proposed."""
    if place.band is Band.RED:
        return place
    column = _as_column(mapping, place.column, ground.filling(mapping.source, place.column.name))
    key = memory_key(ground.source.system, mapping.source, column.header, column.samples)
    before = ground.memory.recalled(key)
    if before is None:
        return place
    evidence = f"{place.evidence}; {recalled_phrase(before)}"
    rule = replace(place.rule, evidence=evidence) if place.rule else None
    return replace(place, rule=rule, evidence=evidence)


def _once(line: Proposal, seen: set[tuple[str, str, str]]) -> bool:
    what = (line.source_object, line.source_header, line.target)
    new = what not in seen
    seen.add(what)
    return new


def _own_columns(mapping: StreamMapping, file: str, ground: Ground) -> list[Field]:
    stream = ground.source.stream(mapping.source)
    return [
        field
        for field in (stream.fields if stream else ())
        if field.name.startswith(CUSTOM) and not ground.decided(file, field.name)
    ]


def _setting(mapping: StreamMapping, ground: Ground, room: Room) -> Setting:
    theirs = [rule for m in ground.persons if m.destination == mapping.destination for rule in m.rules]
    return Setting(
        mapping=replace(mapping, rules=(*mapping.rules, *theirs)),
        destination=ground.destination,
        filling=lambda name: ground.filling(mapping.source, name),
        never=lambda field, filling: barred_by(_as_column(mapping, field, filling)),
        known=lambda field, filling: _known_as(mapping, field, filling, ground),
        room=room,
    )


def _as_column(mapping: StreamMapping, field: Field, filling: Filling) -> SourceColumn:
    label = field.label or field.name.removeprefix(CUSTOM)
    return SourceColumn(object=mapping.source, header=label, samples=filling.samples)


def _known_as(mapping: StreamMapping, field: Field, filling: Filling, ground: Ground) -> str:
    """Return the column of the contract that the export lacks and that this one may be, or the empty text."""
    stream = ground.source.stream(mapping.source)
    there = {f.name for f in stream.fields} if stream else set()
    missing = [name for name in sorted(known_columns(mapping.source) - there) if not name.startswith(CUSTOM)]
    if not missing:
        return ""
    fields = [TargetField(object=mapping.source, field=name) for name in missing]
    (found,) = match_columns([_as_column(mapping, field, filling)], fields, {mapping.source: mapping.source})
    likely = found.target != NONE and found.confidence >= _LIKELY
    return found.target if likely else ""


def _evidence(mapping: StreamMapping, blueprint: Blueprint, ground: Ground) -> dict[int, str]:
    """Return evidence by the number of a rule in the mapping's own file."""
    places = blueprint.places[mapping.name]
    own = [
        rule for rule, place in zip(mapping.rules, places[1:], strict=True) if place.file == places[0].file
    ]
    stream = ground.source.stream(mapping.source)
    found: dict[int, str] = {}
    for number, rule in enumerate(own):
        fields = [stream.field(name) for name in rule.source] if stream else []
        spelt = [f"header {field.header!r}" for field in fields if field and field.header]
        locked = sorted({f"locked: {field.privacy}" for field in fields if field and field.privacy.locked})
        found[number] = "; ".join([f"blueprint row {mapping.row}", *spelt, *locked])
    return found


def _lines(mapping: StreamMapping, ground: Ground) -> Iterator[Proposal]:
    stream = ground.source.stream(mapping.source)
    for field in stream.fields if stream else ():
        targets = [rule.to for rule in mapping.rules if field.name in rule.source]
        targets += [link.relation for link in mapping.links if link.source == field.name]
        for to in dict.fromkeys(targets):
            yield _line(mapping, field, f"{mapping.destination}.{to}", ground)
        if not targets and field.name in mapping.unmapped:
            why = f"does not move by itself: {mapping.unmapped[field.name]}"
            yield replace(_line(mapping, field, NONE, ground), band=Band.GREY, evidence=why)


def _line(mapping: StreamMapping, field: Field, target: str, ground: Ground) -> Proposal:
    confidence, why = _recognised(field)
    filling = ground.filling(mapping.source, field.name)
    said = [why, f"blueprint row {mapping.row}", filling.said]
    band = Band.GREEN
    if field.privacy.locked:
        band = Band.RED if never_class(field.name) else Band.AMBER
        said.append(f"locked until the class {field.privacy} is opened")
    return Proposal(
        source_object=mapping.source,
        source_header=field.header or field.name,
        target=target,
        confidence=confidence,
        band=band,
        candidates=((target, confidence),),
        evidence="; ".join(said),
    )


def _recognised(field: Field) -> tuple[float, str]:
    if not field.header or field.header == field.name:
        return 1.0, f"the header is {field.name}"
    if split(field.header) == split(field.name) or words_of(field.header) == words_of(field.name):
        return 0.99, f"the header reads {field.name}"
    return 0.97, f"the header is a listed spelling of {field.name}"


def _custom_line(mapping: StreamMapping, place: CustomPlace) -> Proposal:
    target = f"{mapping.destination}.{place.rule.to}" if place.rule else NONE
    return Proposal(
        source_object=mapping.source,
        source_header=place.column.header or place.column.name,
        target=target,
        confidence=place.confidence,
        band=place.band,
        candidates=((target, place.confidence),),
        evidence=place.evidence,
    )


def speaks_of(lines: Sequence[str], column: str) -> bool:
    """Return whether lines of a mapping file say what becomes of a column: in `from`, or under `unmapped`."""
    return any(_names(line, column) for line in lines)


def _names(line: str, column: str) -> bool:
    text = _TO.sub("", line)
    place = text.find(column)
    while place >= 0:
        if _END.match(text, place + len(column)):
            return True
        place = text.find(column, place + 1)
    return False
