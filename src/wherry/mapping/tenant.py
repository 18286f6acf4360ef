"""What of the mappings is left for one tenant: conditions that it alone decides are settled beforehand.

So needs, checks, coverage and order speak of what will really be done there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wherry.mapping.conditions import terms_of
from wherry.mapping.labels import custom_label, normal_label
from wherry.mapping.needs import labelled
from wherry.model.catalog import Catalog, Stream
from wherry.model.mapping import Mapping as StreamMapping
from wherry.model.operation import LEADS

_Decides = Callable[[Catalog, str, str], bool]  # of the tenant's catalog, a stream and a rule's `to`


def _custom_modules(catalog: Catalog, _stream: str, _to: str) -> bool:
    return catalog.abilities.get("custom_modules") is True


def _has_leads(catalog: Catalog, _stream: str, _to: str) -> bool:
    return catalog.stream(LEADS) is not None


def _plan_on_contact(catalog: Catalog, stream: str, to: str) -> bool:
    label = custom_label(to)
    there = label is not None and labelled(catalog, stream, label) is not None
    return there or not _custom_modules(catalog, stream, to)


_BY_TENANT: Mapping[str, _Decides] = {
    "custom_modules": _custom_modules,
    "has_leads": _has_leads,
    "plan_on_contact": _plan_on_contact,
}


def fitting(mappings: Sequence[StreamMapping], destination: Catalog) -> tuple[StreamMapping, ...]:
    """Return the mappings and rules that this tenant can take, with its own names of custom modules.

    A module is found by its label; one that is not there yet keeps the name that it will be made under.
    Links to streams that nothing of this brings over are left out where they are not required.
    """
    kept = [m for m in mappings if _may_hold(m.when, destination, m.destination, "")]
    sources = {mapping.source for mapping in kept}
    return tuple(_fitted(mapping, destination, sources) for mapping in kept)


def _fitted(mapping: StreamMapping, destination: Catalog, sources: set[str]) -> StreamMapping:
    there = module_of(destination, mapping.module) if mapping.module else None
    name = there.name if there else mapping.destination
    rules = tuple(rule for rule in mapping.rules if _may_hold(rule.when, destination, name, rule.to))
    links = tuple(link for link in mapping.links if link.required or link.stream in sources)
    return replace(mapping, destination=name, rules=rules, links=links)


def module_of(destination: Catalog, label: str) -> Stream | None:
    """Return the custom module of that label (case, spaces and underscores ignored), or None."""
    wanted = normal_label(label)
    return next((s for s in destination.streams if s.label and normal_label(s.label) == wanted), None)


def missing_modules(destination: Catalog, mappings: Sequence[StreamMapping]) -> tuple[str, ...]:
    """Return the labels of custom modules that the mappings write to and that are not there yet."""
    labels = dict.fromkeys(mapping.module for mapping in mappings if mapping.module)
    return tuple(label for label in labels if module_of(destination, label) is None)


def _may_hold(when: str, destination: Catalog, stream: str, to: str) -> bool:
    return all(
        _BY_TENANT[name](destination, stream, to) is wanted
        for wanted, name in terms_of(when)
        if name in _BY_TENANT
    )
