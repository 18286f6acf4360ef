"""The views a fresh tenant has, by entity: data, before anything asks what they show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from wherry_emulators.freshsales.ids import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A saved filter of an entity: its id, name and whether the tenant's users see it by default."""

    id: int
    name: str
    is_default: bool


@cache
def _defaults() -> Mapping[str, Sequence[tuple[str, bool]]]:
    text = resources.files(__package__).joinpath("data", "views.json").read_text(encoding="utf-8")
    found: Mapping[str, Sequence[tuple[str, bool]]] = json.loads(text)
    return found


def default_views(ids: Ids, plural: str) -> list[View]:
    """The views a fresh tenant has of contacts, sales_accounts or deals; none for other entities."""
    return [
        View(id=ids.next("view"), name=name, is_default=shown) for name, shown in _defaults().get(plural, ())
    ]
