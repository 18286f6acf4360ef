"""The checks of single rules: their fields exist, and their types fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from wherry.mapping.blueprint import load_blueprint
from wherry.mapping.conditions import excluding, terms_of
from wherry.mapping.form import Place
from wherry.mapping.form_check import nearest
from wherry.mapping.issue import Issue
from wherry.mapping.labels import custom_label, place_of
from wherry.mapping.needs import holds_type, labelled
from wherry.mapping.transforms import named
from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.model.mapping import Mapping, Rule

_OUTSIDE = frozenset({"users"})  # found, never written
MODULE_FIELDS = (
    Field(name="name", type=FieldType.TEXT, label="Name", required=True, max_length=256),
    Field(name="owner_id", type=FieldType.REFERENCE, label="Owner"),
)
"""What a custom module holds before any field is made [D] crmsupport 50000002402; what may be written of it [C]."""

_CUSTOM_TYPES = frozenset(
    {
        FieldType.TEXT,
        FieldType.TEXTAREA,
        FieldType.NUMBER,
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.DROPDOWN,
        FieldType.MULTI_SELECT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One rule on trial."""

    mapping: Mapping
    rule: Rule
    place: Place | None
    source: Catalog
    destination: Catalog

    def issue(self, code: str, message: str, *, hint: str = "", warning: bool = False) -> Issue:
        return Issue(
            code=code,
            message=f"{self.rule.to}: {message}",
            severity="warning" if warning else "error",
            mapping=self.mapping.name,
            field=self.rule.to,
            place=self.place,
            hint=hint,
        )


def check_rules(
    mapping: Mapping, source: Catalog, destination: Catalog, places: Sequence[Place]
) -> Iterator[Issue]:
    """Yield what is wrong with the rules of one mapping; `places` are the mapping's own, then its rules'."""
    if mapping.destination in _OUTSIDE:
        return
    if destination.stream(mapping.destination) is None and mapping.module:
        destination = foreseen(destination, mapping)
    if destination.stream(mapping.destination) is None:
        yield Issue(
            code="unknown_stream",
            message=f"the destination has no stream {mapping.destination}",
            mapping=mapping.name,
            place=places[0] if places else None,
        )
        return
    for n, rule in enumerate(mapping.rules, 1):
        place = places[n] if n < len(places) else None
        asked = _Asked(mapping=mapping, rule=rule, place=place, source=source, destination=destination)
        yield from _sources(asked)
        yield from _target(asked)
        earlier = [one for one in mapping.rules[: n - 1] if one.to == rule.to]
        if rule.to != mapping.marker and not all(excluding(one.when, rule.when) for one in earlier):
            yield asked.issue("written_twice", "an earlier rule writes this field already")


def _sources(asked: _Asked) -> Iterator[Issue]:
    stream = asked.source.stream(asked.mapping.source)
    names = [field.name for field in stream.fields] if stream else []
    for source in asked.rule.source:
        owner, name = place_of(asked.mapping.source, source)
        if owner != asked.mapping.source:
            yield from _source_elsewhere(asked, owner, name)
            continue
        if name in names:
            continue
        if name in known_columns(asked.mapping.source):
            message = f"the export has no column {name}; the field stays blank"
            yield asked.issue("column_absent", message, warning=True)
            continue
        near = nearest(name, names)
        hint = (
            f"did you mean {near}?" if near else f"columns of {asked.mapping.source} are listed by discover"
        )
        yield asked.issue("unknown_column", f"{asked.mapping.source} has no column {name}", hint=hint)


def _source_elsewhere(asked: _Asked, owner: str, name: str) -> Iterator[Issue]:
    """Yield an issue where the rule names a field of another stream that nobody knows; an export may lack it."""
    found = asked.source.stream(owner)
    known = found is None or found.field(name) is not None or name in known_elsewhere(owner)
    if not known:
        yield asked.issue("unknown_column", f"{owner} has no column {name}")


@cache
def known_elsewhere(stream: str) -> frozenset[str]:
    """Return the columns of a stream that the blueprint's rules for other streams speak of."""
    places = [
        place_of(m.source, name) for m in load_blueprint().mappings for r in m.rules for name in r.source
    ]
    return frozenset(name for owner, name in places if owner == stream)


def foreseen(destination: Catalog, mapping: Mapping) -> Catalog:
    """Return the catalog as it will be once the mapping's custom module is made."""
    made = Stream(name=mapping.destination, fields=MODULE_FIELDS, key="id", label=mapping.module)
    return replace(destination, streams=(*destination.streams, made))


@cache
def known_columns(stream: str) -> frozenset[str]:
    """Return the columns of a stream that the blueprint speaks of."""
    mappings = [m for m in load_blueprint().mappings if m.source == stream]
    places = [place_of(stream, name) for m in mappings for rule in m.rules for name in rule.source]
    named_in_rules = {name for owner, name in places if owner == stream}
    linked = {link.source for m in mappings for link in m.links}
    return frozenset(named_in_rules | linked | {name for m in mappings for name in m.unmapped})


def _target(asked: _Asked) -> Iterator[Issue]:
    label = custom_label(asked.rule.to)
    optional = bool(terms_of(asked.rule.when)) and not asked.rule.when.startswith("not ")
    if label is not None:
        there = labelled(asked.destination, asked.mapping.destination, label)
        if there is not None or not optional:
            yield from _custom(asked, there)
        return
    stream = asked.destination.stream(asked.mapping.destination)
    field = stream.field(asked.rule.to) if stream else None
    if optional and (field is None or field.read_only):
        return
    if field is None:
        names = [f.name for f in stream.fields] if stream else []
        near = nearest(asked.rule.to, names)
        hint = f"did you mean {near}?" if near else 'custom fields are written as "custom:<Label>"'
        yield asked.issue(
            "unknown_field", f"{asked.mapping.destination} has no field of this name", hint=hint
        )
    elif field.read_only:
        yield asked.issue("read_only_field", "the destination sets this field itself")
    elif not _fits(_given(asked), field.type, custom=False):
        yield asked.issue("type_unsafe", f"{_given(asked)} values do not fit a {field.type} field")


def _custom(asked: _Asked, there: Field | None) -> Iterator[Issue]:
    rule = asked.rule
    if there is None and not rule.type:
        hint = f"one of: {', '.join(sorted(_CUSTOM_TYPES))}"
        yield asked.issue("type_missing", "a custom field to be made needs a type", hint=hint)
        return
    kind = there.type if there else FieldType(rule.type)
    if there is None and kind not in _CUSTOM_TYPES:
        yield asked.issue("type_unknown", f"the destination has no custom fields of type {kind}")
        return
    given = _given(asked)
    if not _fits(given, kind, custom=True):
        yield asked.issue(
            "type_unsafe",
            f"{given} values do not fit a {kind} field",
            hint="choose another value function (using) or another type",
        )
    elif given is FieldType.TEXTAREA and kind is FieldType.TEXT:
        yield asked.issue("may_be_too_long", "long texts go to a short field", warning=True)
    if there is None and kind in {FieldType.DROPDOWN, FieldType.MULTI_SELECT} and not rule.choices:
        yield asked.issue("choices_missing", "a pick list to be made needs its choices")


def _given(asked: _Asked) -> FieldType:
    """Return the type of the values that the rule gives."""
    function = named(asked.rule.using)
    if function and function.gives:
        return function.gives
    stream = asked.source.stream(asked.mapping.source)
    field = stream.field(asked.rule.source[0]) if stream and asked.rule.source else None
    return field.type if field else FieldType.TEXT


_STANDARD = frozenset({FieldType.REFERENCE, FieldType.DROPDOWN, FieldType.INTEGER, FieldType.NUMBER})
_MOMENTS = frozenset({FieldType.DATE, FieldType.DATETIME})


def _fits(given: FieldType, there: FieldType, *, custom: bool) -> bool:
    if holds_type(given, there) or there is FieldType.GROUP:
        return True
    if given is FieldType.TEXTAREA and there is FieldType.TEXT:
        return True
    if custom:
        return False
    # Standard fields are looser than their metadata say: dates carry times, ids are called dropdowns.
    same_kind = (given in _STANDARD and there in _STANDARD) or (given in _MOMENTS and there in _MOMENTS)
    return same_kind or (given is FieldType.TEXT and there is FieldType.DROPDOWN)
