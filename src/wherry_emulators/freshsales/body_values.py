"""Reading the values of a body where an entity has no field metadata: a reader and a label for each name."""

from collections.abc import Callable, Mapping
from typing import Any

from wherry_emulators.freshsales.validate import Invalid, Problems
from wherry_emulators.freshsales.wire import Record


def attempt(label: str, problems: Problems, read: Callable[[Any], Any], value: Any) -> Any:
    """Read a value; null and blank text are None, and a broken rule becomes a complaint and None."""
    if value in (None, ""):
        return None
    try:
        return read(value)
    except Invalid as broken:
        problems.add(f"{label} {broken}")
        return None


def read_values(
    body: Record, readers: Mapping[str, tuple[str, Callable[[Any], Any]]], problems: Problems
) -> Record:
    """Read the values a body has for these names; null and blank text clear."""
    found: Record = {}
    for name, (label, read) in readers.items():
        if name in body:
            found[name] = attempt(label, problems, read, body[name])
    return found


def require(after: Record, labels: Mapping[str, str], problems: Problems) -> None:
    """Complain of each of these values that is missing, unless a complaint names it already."""
    for name, label in labels.items():
        named = any(message.startswith(f"{label} ") for message in problems.messages)
        if after.get(name) in (None, "") and not named:
            problems.add(f"{label} can't be blank")
