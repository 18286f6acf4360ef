"""Which custom fields the mappings write, and whether the destination has them."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from wherry.mapping.ask import length_of
from wherry.mapping.conditions import terms_of
from wherry.mapping.gate import class_beside, class_of
from wherry.mapping.labels import custom_label, normal_label, place_of, predicted_name
from wherry.mapping.transforms import named
from wherry.model.catalog import Catalog, Choice, Field, FieldType, Privacy
from wherry.model.mapping import LinkRule, Mapping, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNeed:
    """A custom field that must be there before records are written.

    `mismatch` says what an existing field of that label lacks: its type or choices. `sources` are
    `stream.field`; `privacy` is the strictest class among them.
    """

    stream: str
    label: str
    type: FieldType
    choices: tuple[str, ...] = ()
    exists: bool = False
    name: str = ""  # API name where it exists
    mismatch: str = ""
    missing_choices: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    privacy: Privacy = Privacy.COMMERCIAL
    module: str = ""  # label of the custom module that the field belongs to
    references: str = ""  # destination stream that a lookup points into

    @property
    def field(self) -> Field:
        """Return the field to create; its name is a forecast."""
        return Field(
            name=self.name or predicted_name(self.label),
            type=self.type,
            label=self.label,
            custom=True,
            max_length=length_of(self.type),
            choices=tuple(Choice(id=str(n), value=text) for n, text in enumerate(self.choices, 1)),
            privacy=self.privacy,
            references=self.references or None,
        )


LINKED: dict[str, str] = {"patients": "contacts", "invoices": "deals", "practices": "sales_accounts"}
"""Source stream → the destination stream that its records live in, for lookup fields."""


def linked_stream(link: LinkRule) -> str:
    """Return the destination stream that a lookup field for this link points into."""
    return LINKED.get(link.stream, link.stream)


def lookups(mappings: Sequence[Mapping]) -> Iterator[tuple[Mapping, LinkRule, str]]:
    """Yield the links that are lookup fields, with the label of each."""
    for mapping in mappings:
        for link in mapping.links:
            label = custom_label(link.relation)
            if label:
                yield mapping, link, label


def custom_rules(mappings: Sequence[Mapping]) -> Iterator[tuple[Mapping, Rule, str]]:
    """Yield the rules that write a custom field which must exist, with its label."""
    for mapping in mappings:
        for rule in mapping.rules:
            label = custom_label(rule.to)
            if label and (True, "field_exists") not in terms_of(rule.when):
                yield mapping, rule, label


def labelled(catalog: Catalog, stream: str, label: str) -> Field | None:
    """Return the custom field of that label (case, spaces, underscores and `__c` ignored), or None."""
    found = catalog.stream(stream)
    wanted = normal_label(label)
    fields = found.fields if found else ()
    return next((f for f in fields if f.custom and normal_label(f.label or f.name) == wanted), None)


def needed_fields(
    mappings: Sequence[Mapping],
    source: Catalog,
    destination: Catalog,
    *,
    filled: AbstractSet[tuple[str, str]] | None = None,
    unlocked: AbstractSet[str] = frozenset(),
) -> tuple[FieldNeed, ...]:
    """Return the custom fields that the mappings write, each once, in the order of the mappings.

    `filled` are the (stream, field) pairs of the source that hold any value; where given, fields that
    would stay empty are left out. Fields of locked classes appear only once their class is in `unlocked`.
    """
    needs: dict[tuple[str, str], FieldNeed] = {}
    for mapping, rule, label in custom_rules(mappings):
        classes = [class_beside(rule), *(class_of(mapping.source, name, source) for name in rule.source)]
        if any(c and c.locked and c not in unlocked for c in classes) or not _used(mapping, rule, filled):
            continue
        place = (mapping.destination, normal_label(label))
        need = _need(mapping, rule, label, destination, [c for c in classes if c])
        needs[place] = _together(needs[place], need) if place in needs else need
    for mapping, link, label in lookups(mappings):
        rule = Rule(to=link.relation, source=(link.source,), type=str(FieldType.REFERENCE))
        need = replace(_need(mapping, rule, label, destination, []), references=linked_stream(link))
        needs.setdefault((mapping.destination, normal_label(label)), need)
    return tuple(needs.values())


def _used(mapping: Mapping, rule: Rule, filled: AbstractSet[tuple[str, str]] | None) -> bool:
    function = named(rule.using)
    if filled is None or not rule.source or (function and function.always):
        return True
    return any(place_of(mapping.source, name) in filled for name in rule.source)


def _need(
    mapping: Mapping, rule: Rule, label: str, destination: Catalog, classes: list[Privacy]
) -> FieldNeed:
    kind = FieldType(rule.type) if rule.type else FieldType.TEXT
    there = labelled(destination, mapping.destination, label)
    missing = _missing(rule, there) if there else ()
    locked = [c for c in classes if c.locked]
    return FieldNeed(
        stream=mapping.destination,
        label=label,
        type=kind,
        choices=rule.choices,
        exists=there is not None,
        name=there.name if there else "",
        mismatch=_mismatch(kind, there, missing),
        missing_choices=missing,
        sources=tuple(".".join(place_of(mapping.source, name)) for name in rule.source),
        module=mapping.module,
        privacy=(locked or classes or [Privacy.COMMERCIAL])[0],
    )


def _missing(rule: Rule, there: Field) -> tuple[str, ...]:
    offered = {choice.value.strip().casefold() for choice in there.choices}
    return tuple(text for text in rule.choices if text.strip().casefold() not in offered)


def _mismatch(kind: FieldType, there: Field | None, missing: tuple[str, ...]) -> str:
    if there is None:
        return ""
    if there.type != kind and not holds_type(kind, there.type):
        return f"is a {there.type} field, not {kind}"
    return f"lacks {len(missing)} of its choices" if missing else ""


def holds_type(given: FieldType, there: FieldType) -> bool:
    """Return whether a field of type `there` holds values of type `given` without loss."""
    return there == given or there in _HOLDS.get(given, frozenset())


_HOLDS = {
    FieldType.TEXT: frozenset({FieldType.TEXTAREA}),
    FieldType.INTEGER: frozenset({FieldType.NUMBER, FieldType.DROPDOWN, FieldType.REFERENCE}),
    FieldType.NUMBER: frozenset({FieldType.MONEY}),
    FieldType.MONEY: frozenset({FieldType.NUMBER}),
    FieldType.DATETIME: frozenset({FieldType.TEXT, FieldType.TEXTAREA}),
    FieldType.DROPDOWN: frozenset({FieldType.TEXT, FieldType.TEXTAREA, FieldType.REFERENCE}),
    FieldType.MULTI_SELECT: frozenset({FieldType.TEXTAREA, FieldType.TEXT}),
    FieldType.REFERENCE: frozenset({FieldType.DROPDOWN, FieldType.INTEGER, FieldType.TEXT}),
}


def _together(first: FieldNeed, other: FieldNeed) -> FieldNeed:
    sources = tuple(dict.fromkeys((*first.sources, *other.sources)))
    choices = tuple(dict.fromkeys((*first.choices, *other.choices)))
    return FieldNeed(
        stream=first.stream,
        label=first.label,
        type=first.type,
        choices=choices,
        exists=first.exists,
        name=first.name,
        mismatch=first.mismatch or other.mismatch,
        missing_choices=tuple(dict.fromkeys((*first.missing_choices, *other.missing_choices))),
        sources=sources,
        privacy=other.privacy if other.privacy.locked else first.privacy,
        module=first.module,
    )
