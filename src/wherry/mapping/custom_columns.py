"""Row 10: every column `custom:<Label>` becomes a custom field of the same label and type."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wherry.mapping.ask import TEXT_LENGTH
from wherry.mapping.form import default_compare
from wherry.mapping.labels import CUSTOM, custom_label, normal_label
from wherry.model.catalog import Catalog, Field, FieldType
from wherry.model.mapping import Mapping, Rule

_USING = {
    FieldType.TEXT: "as_is",
    FieldType.TEXTAREA: "as_is",
    FieldType.INTEGER: "as_is",
    FieldType.NUMBER: "as_is",
    FieldType.MONEY: "money",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "iso_date",
    FieldType.DATETIME: "instant",
    FieldType.DROPDOWN: "choice",
    FieldType.MULTI_SELECT: "multi",
    FieldType.REFERENCE: "one_text",
    FieldType.GROUP: "one_text",
}
_KEPT = frozenset(
    {FieldType.TEXTAREA, FieldType.BOOLEAN, FieldType.DATE, FieldType.DROPDOWN, FieldType.MULTI_SELECT}
)
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.MONEY})


def with_custom_fields(
    mappings: Sequence[Mapping], source: Catalog, only: Iterable[str] = ("patients",)
) -> tuple[Mapping, ...]:
    """Return the mappings with a rule for each custom column that has no fate yet.

    `only` names the source streams whose custom columns move (row 10 of the blueprint).
    """
    streams = set(only)
    return tuple(_extended(m, source) if m.source in streams else m for m in mappings)


def _extended(mapping: Mapping, source: Catalog) -> Mapping:
    stream = source.stream(mapping.source)
    decided = {name for rule in mapping.rules for name in rule.source} | set(mapping.unmapped)
    taken = {normal_label(custom_label(rule.to) or "") for rule in mapping.rules}
    rules = list(mapping.rules)
    for field in stream.fields if stream else ():
        if field.name.startswith(CUSTOM) and field.name not in decided:
            rule = _rule_for(field, taken)
            taken.add(normal_label(custom_label(rule.to) or ""))
            rules.append(rule)
    return replace(mapping, rules=tuple(rules))


def _rule_for(field: Field, taken: set[str]) -> Rule:
    label = field.label or field.name.removeprefix(CUSTOM)
    if normal_label(label) in taken:
        label = f"{label} (source)"  # two different things must not share one field
    kind = destination_type(field)
    using = _USING[field.type]
    return Rule(
        to=CUSTOM + label,
        source=(field.name,),
        using=using,
        type=str(kind),
        choices=tuple(choice.value for choice in field.choices) if _listed(kind) else (),
        compare=default_compare(using, str(kind)),
        evidence="a custom column of the source, type kept",
    )


def _listed(kind: FieldType) -> bool:
    return kind in {FieldType.DROPDOWN, FieldType.MULTI_SELECT}


def destination_type(field: Field) -> FieldType:
    """Return the type of the custom field that holds this column without loss.

    Freshsales has no custom field with a time of day, so moments become text.
    """
    if field.type in _NUMBERS:
        return FieldType.NUMBER
    if field.type in _KEPT:
        return field.type
    long = field.max_length is not None and field.max_length > TEXT_LENGTH
    return FieldType.TEXTAREA if long else FieldType.TEXT
