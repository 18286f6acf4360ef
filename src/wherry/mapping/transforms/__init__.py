"""Named value functions, by the name that a rule's `using` gives; importing this fills the registry."""

from wherry.mapping.transforms import (
    consent,
    contact,
    files,
    lines,
    lookups,
    money,
    people,
    scalars,
    scheduling,
    treatment,
)
from wherry.mapping.transforms.registry import REGISTRY, Transform

__all__ = ["REGISTRY", "Transform", "families", "named"]


def named(name: str) -> Transform | None:
    """Return the value function of that name, or None."""
    return REGISTRY.get(name)


def families() -> tuple[str, ...]:
    """Return the modules that value functions are kept in."""
    modules = (scalars, contact, consent, lookups, people, scheduling, lines, files, money, treatment)
    return tuple(module.__name__ for module in modules)
