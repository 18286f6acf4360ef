"""The first of two privacy guards: a rule that reads a locked class is left out; the writer checks again."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC

from wherry.mapping.ask import Context
from wherry.mapping.labels import place_of
from wherry.mapping.transforms import named
from wherry.model.catalog import Catalog, Privacy
from wherry.model.mapping import Mapping, Rule


def class_of(stream: str, name: str, catalog: Catalog) -> Privacy | None:
    """Return the privacy class of a source field, or None where the catalog has no such field."""
    owner, own = place_of(stream, name)
    found = catalog.stream(owner)
    field = found.field(own) if found else None
    return field.privacy if field else None


def locked_class(stream: str, rule: Rule, context: Context) -> str:
    """Return the locked class that the rule reads and nobody opened; the empty text where there is none."""
    for found in _classes(stream, rule, context):
        if found.locked and found not in context.unlocked:
            return str(found)
    return ""


def classes_read(stream: str, rule: Rule, context: Context) -> frozenset[str]:
    """Return the classes, locked by default, that the rule reads, opened or not."""
    return frozenset(str(found) for found in _classes(stream, rule, context) if found.locked)


def class_beside(rule: Rule) -> Privacy | None:
    """Return the class of what the rule's value function reads beside the rule's own source fields."""
    function = named(rule.using)
    return function.privacy if function else None


def _classes(stream: str, rule: Rule, context: Context) -> Iterator[Privacy]:
    beside = class_beside(rule)
    if beside is not None:
        yield beside
    for name in rule.source:
        field = context.source_field(stream, name)
        if field is not None:
            yield field.privacy


def classes_of(mapping: Mapping, catalog: Catalog) -> MappingABC[str, Privacy]:
    """Return for each destination field (as in `Rule.to`) the strictest privacy class that its rules read.

    `catalog` is the source's. A text that several rules make (a description) has one class here although
    its locked lines may be left out; what really went into one record stands in `Payload.classes`.
    """
    classes: dict[str, Privacy] = {}
    for rule in mapping.rules:
        for name in rule.source:
            found = class_of(mapping.source, name, catalog)
            known = classes.get(rule.to)
            if found is not None and (known is None or (found.locked and not known.locked)):
                classes[rule.to] = found
    return classes
