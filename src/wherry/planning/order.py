"""Parents before children, always."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from wherry.model.errors import MappingIncomplete
from wherry.model.mapping import Mapping


def stream_order(mappings: Sequence[Mapping]) -> tuple[str, ...]:
    """Return the source streams in the order in which they are loaded.

    A stream comes after every stream that it links to; among those that may come next the lowest stage does.
    Raises MappingIncomplete when the links go round in a circle.
    """
    stage = {m.source: m.stage for m in sorted(mappings, key=lambda m: -m.stage)}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for mapping in mappings:
        sorter.add(mapping.source, *(link.stream for link in mapping.links if link.stream in stage))
    try:
        sorter.prepare()
    except CycleError as error:
        raise MappingIncomplete(
            "mapping: these streams link to one another in a circle: " + " → ".join(error.args[1]),
            hint="remove one of the links from the mapping files",
        ) from None
    order: list[str] = []
    ready: set[str] = set()
    while sorter.is_active():
        ready.update(sorter.get_ready())
        name = min(ready, key=lambda name: (stage.get(name, 0), name))
        ready.remove(name)
        order.append(name)
        sorter.done(name)
    return tuple(name for name in order if name in stage)


def link_streams(mappings: Sequence[Mapping]) -> dict[str, dict[str, str]]:
    """Return, per source stream, the streams it links to and the name under which those links are counted."""
    names: dict[str, dict[str, str]] = {}
    for mapping in mappings:
        for link in mapping.links:
            name = f"link.{mapping.source}.{link.stream}"
            names.setdefault(mapping.source, {})[link.stream] = name
    return names
