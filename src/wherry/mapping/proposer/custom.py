"""A column of the clinic's own becomes a custom field: which, of what type, and on what evidence."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wherry.mapping.ask import TEXT_LENGTH
from wherry.mapping.check import cap_of
from wherry.mapping.custom_columns import destination_type
from wherry.mapping.form import default_compare
from wherry.mapping.labels import CUSTOM, custom_label, normal_label
from wherry.mapping.needs import holds_type, labelled, needed_fields
from wherry.model.catalog import Catalog, Field, FieldType, Privacy
from wherry.model.mapping import Band, Rule
from wherry.model.mapping import Mapping as StreamMapping

T = FieldType

# The types that hold a column without loss, the natural one first, each with its value function.
_WAYS: dict[FieldType, tuple[tuple[FieldType, str], ...]] = {
    T.TEXT: ((T.TEXT, "as_is"), (T.TEXTAREA, "as_is")),
    T.TEXTAREA: ((T.TEXTAREA, "as_is"),),
    T.NUMBER: ((T.NUMBER, "as_is"), (T.TEXT, "one_text"), (T.TEXTAREA, "one_text")),
    T.BOOLEAN: ((T.BOOLEAN, "boolean"), (T.TEXT, "one_text"), (T.TEXTAREA, "one_text")),
    T.DATE: ((T.DATE, "iso_date"), (T.TEXT, "one_text"), (T.TEXTAREA, "one_text")),
    T.DROPDOWN: ((T.DROPDOWN, "choice"), (T.TEXT, "one_text"), (T.TEXTAREA, "one_text")),
    T.MULTI_SELECT: ((T.MULTI_SELECT, "multi"), (T.TEXTAREA, "as_is")),
}
_AS_TEXT = {T.DATETIME: "instant", T.REFERENCE: "one_text", T.GROUP: "one_text"}
_READ_AS = {
    T.NUMBER: "all numbers",
    T.INTEGER: "all whole numbers",
    T.MONEY: "all amounts",
    T.BOOLEAN: "all yes or no",
    T.DATE: "all dates",
    T.DATETIME: "all dates with a time",
    T.TEXT: "short texts",
    T.TEXTAREA: "long texts, or texts of several lines",
    T.DROPDOWN: "repeated values",
    T.MULTI_SELECT: "several entries each",
    T.REFERENCE: "keys of other records",
    T.GROUP: "texts",
}
_LISTS = frozenset({T.DROPDOWN, T.MULTI_SELECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How a column is filled; `samples` are some of its values, for telling their kind and never to be shown."""

    records: int
    filled: int
    distinct: int
    longest: int = 0  # characters
    samples: tuple[str, ...] = field(default=(), repr=False)

    @property
    def said(self) -> str:
        """The counts as a phrase."""
        return f"{self.filled} of {self.records} filled, {self.distinct} distinct"


@dataclass(slots=True)
class Room:
    """How many more custom fields the destination's plan holds, per stream and kind."""

    limits: Mapping[str, int]
    used: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, stream: str, kind: FieldType) -> bool:
        """Book one field of this kind, and return whether there was room for it."""
        words = (cap_of(kind), "total")
        if any(self.used[stream, word] >= self.limits.get(f"cap_{word}", 1 << 30) for word in words):
            return False
        self.used.update((stream, word) for word in words)
        return True


def room_left(mappings: Sequence[StreamMapping], source: Catalog, destination: Catalog) -> Room:
    """Return the room that the fields there, and those that the mappings need anyway, leave."""
    room = Room(limits=destination.limits)
    for stream in destination.streams:
        for there in (f for f in stream.fields if f.custom):
            room.used.update([(stream.name, cap_of(there.type)), (stream.name, "total")])
    everything = frozenset(str(privacy) for privacy in Privacy)
    for need in needed_fields(mappings, source, destination, unlocked=everything):
        if not need.exists:
            room.used.update([(need.stream, cap_of(need.type)), (need.stream, "total")])
    return room


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomPlace:
    """What is proposed for one custom column: a rule, or the reason why it does not move."""

    column: Field
    rule: Rule | None
    band: Band
    confidence: float
    evidence: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the proposal for the custom columns of one mapping stands on."""

    mapping: StreamMapping
    destination: Catalog
    filling: Callable[[str], Filling]
    never: Callable[[Field, Filling], str]  # the never-migrate class, or the empty text
    known: Callable[[Field, Filling], str]  # the column of the contract that it may be, or the empty text
    room: Room


def custom_places(columns: Sequence[Field], setting: Setting) -> Iterator[CustomPlace]:
    """Yield what becomes of each custom column, in order; two columns never share a field.

    Where the plan holds fewer fields than there are columns, each kind of field goes to the columns of that
    kind first, and only what is left of it to those that it holds as well.
    """
    taken = {normal_label(custom_label(rule.to) or "") for rule in setting.mapping.rules}
    places: dict[str, CustomPlace] = {}
    for most in (1, None):  # ways to hold a column that are tried: the natural one, then all
        for column in columns:
            place = None if column.name in places else _place(column, setting, taken, most)
            if place is not None and (most is None or place.rule is not None or place.band is Band.RED):
                places[column.name] = place
                taken |= {normal_label(custom_label(place.rule.to) or "")} if place.rule else set()
    for column in columns:
        yield places[column.name]


def _place(column: Field, setting: Setting, taken: set[str], most: int | None) -> CustomPlace:
    label = column.label or column.name.removeprefix(CUSTOM)
    filling = setting.filling(column.name)
    barred = setting.never(column, filling)
    if barred:
        evidence = f"on the never-migrate list ({barred}); {filling.said}"
        return CustomPlace(
            column=column,
            rule=None,
            band=Band.RED,
            confidence=1.0,
            evidence=evidence,
            reason=f"never_migrate:{barred}",
        )
    own = label
    while True:  # two different things must not share one field
        if normal_label(own) not in taken:
            there = labelled(setting.destination, setting.mapping.destination, own)
            if there is None:
                return _new(column, own, setting, most)
            found = onto(column, CUSTOM + (there.label or column.label), there, filling)
            if found is not None:
                return found
        own = f"{own} (source)"


def _held_by(column: Field, there: Field, filling: Filling) -> tuple[FieldType, str] | None:
    """Return the type and value function under which an existing field takes the column, or None."""
    ways = [] if there.read_only else list(_ways(column, filling))
    same = [way for way in ways if way[0] is there.type]
    return next((way for way in [*same, *ways] if holds_type(way[0], there.type)), None)


def _ways(column: Field, filling: Filling) -> tuple[tuple[FieldType, str], ...]:
    using = _AS_TEXT.get(column.type)
    if using:
        return (T.TEXT, using), (T.TEXTAREA, using)
    kind, short = destination_type(column), filling.longest <= TEXT_LENGTH
    ways = _WAYS[T.TEXTAREA if kind is T.TEXT and not short else kind]
    if kind is T.MULTI_SELECT and short:
        ways = (*ways, (T.TEXT, "as_is"))
    return tuple((kind, "money" if (kind, column.type) == (T.NUMBER, T.MONEY) else how) for kind, how in ways)


def onto(column: Field, to: str, there: Field, filling: Filling) -> CustomPlace | None:
    """Return the place of a column in a field that is there, named `to` in a rule; None where its type cannot."""
    way = _held_by(column, there, filling)
    if way is None:
        return None
    kind, using = way
    picks = tuple(choice.value for choice in column.choices) if kind in _LISTS else ()
    offered = {choice.value.strip().casefold() for choice in there.choices}
    absent = sum(pick.strip().casefold() not in offered for pick in picks) if there.choices else 0
    evidence = f"a {there.type} field labelled {there.label} is there already; {filling.said}"
    if absent:
        evidence += f"; its pick list lacks {absent} of {len(picks)} values"
    band, confidence = (Band.AMBER, 0.8) if absent else (Band.GREEN, 0.97)
    return _made(column, _rule(column, to, (kind, using, picks)), (band, confidence, evidence))


def _new(column: Field, label: str, setting: Setting, most: int | None) -> CustomPlace:
    stream, filling = setting.mapping.destination, setting.filling(column.name)
    ways = _ways(column, filling)
    for kind, using in ways[:most]:
        if not setting.room.take(stream, kind):
            continue
        picks = tuple(choice.value for choice in column.choices) if kind in _LISTS else ()
        natural = kind is ways[0][0]
        evidence = _said(column, kind, filling, picks)
        if not natural:
            evidence += f"; written as {kind}, as the plan holds no more {ways[0][0]} fields"
        if column.privacy.locked:
            evidence += f"; locked until the class {column.privacy} is opened"
        known = setting.known(column, filling)
        if known:
            evidence += f"; it may be {known}: if it is, say so in mapping/headers.yaml and discover again"
        sure = natural and not column.privacy.locked and filling.filled > 0 and not known
        band, confidence = (Band.GREEN, 0.97) if sure else (Band.AMBER, 0.75)
        rule = _rule(column, CUSTOM + label, (kind, using, picks))
        return _made(column, rule, (band, confidence, evidence))
    return CustomPlace(
        column=column,
        rule=None,
        band=Band.GREY,
        confidence=1.0,
        evidence=f"the plan holds no more custom fields that could take it; {filling.said}",
        reason="no_room:custom_fields",
    )


def _said(column: Field, kind: FieldType, filling: Filling, picks: Sequence[str]) -> str:
    if picks:
        return f"{filling.filled} of {filling.records} filled with {len(picks)} repeated values: {kind}"
    if not filling.filled:
        return f"0 of {filling.records} filled: {kind}, as nothing says otherwise"
    return f"{filling.said}, {_READ_AS[column.type]}: {kind}"


def _rule(column: Field, to: str, how: tuple[FieldType, str, tuple[str, ...]]) -> Rule:
    kind, using, picks = how
    return Rule(
        to=to,
        source=(column.name,),
        using=using,
        type=str(kind),
        choices=picks,
        compare=default_compare(using, str(kind)),
    )


def _made(column: Field, rule: Rule, sure: tuple[Band, float, str]) -> CustomPlace:
    band, confidence, evidence = sure
    full = replace(rule, band=band, confidence=confidence, evidence=evidence)
    return CustomPlace(column=column, rule=full, band=band, confidence=confidence, evidence=evidence)
