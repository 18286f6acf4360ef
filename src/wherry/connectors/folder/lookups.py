"""References that stand in a column as names: `Dr Jones`, `Check-up`, `Confirmed`; entries are made where there are none."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from wherry.connectors.folder.spelling import both_names, slug, spoken_name

Cells = dict[str, str]
MADE = ("practices", "clinicians", "appointment_types", "appointment_statuses", "care_plans", "households")
"""Streams whose entries can be told by name. A patient never is: two people may share one."""

KEYS = {
    "practices": "practiceId",
    "clinicians": "userId",
    "appointment_types": "id",
    "appointment_statuses": "id",
    "care_plans": "carePlanId",
    "households": "householdId",
}
_MOST = 5_000  # different names in one column; more of them are no names


def plain_id(text: str) -> str:
    """Return an id as the bundle's reader will see it, to compare by."""
    word = "_".join(text.split())
    return word.lstrip("0") if word.isascii() and word.isdigit() else word


@dataclass(slots=True)
class Lookup:
    """The entries of one stream, by id and by name; new ones are made for names that nobody knows."""

    stream: str
    ids: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)  # spoken name → id; empty where two share it
    made: dict[str, Cells] = field(default_factory=dict)  # id → row

    def know(self, row: Mapping[str, str]) -> None:
        """Take an entry in that a file holds."""
        key = plain_id(row.get(KEYS[self.stream], ""))
        self.ids.add(key)
        name = spoken_name(row.get("name") or f"{row.get('firstName', '')} {row.get('lastName', '')}")
        if name:
            self.names[name] = key if self.names.get(name, key) == key else ""

    def by_id(self, values: Iterable[str]) -> bool:
        """Return whether a column refers by id: most of its values are ids that are there."""
        found = list(values)
        return len(found) > _MOST or sum(plain_id(value) in self.ids for value in found) * 2 > len(found)

    def resolve(self, text: str, fields: Callable[[str], Cells]) -> str:
        """Return the id of the entry with that name; `fields` gives a new entry's other cells."""
        name = spoken_name(text)
        known = self.names.get(name)
        if known:
            return known
        if known == "" or not name:
            return text  # two entries have that name: which is meant is not guessed
        key = slug(text)
        key = f"name-{key}" if key in self.ids else key
        self.ids.add(key)
        self.names[name] = key
        self.made[key] = {KEYS[self.stream]: key, **fields(text)}
        return key


def new_entry(stream: str, text: str, told: Mapping[str, str]) -> Cells:
    """Return the cells of an entry that is known by its name alone; `told` is timezone, currency and canonical."""
    match stream:
        case "clinicians":
            first, last = both_names(text)
            return {"firstName": first, "lastName": last, "active": "true"}
        case "practices":
            return {"name": text, "timeZone": told["timezone"], "currency": told["currency"]}
        case "appointment_statuses":
            return {"name": text, "canonical": told["canonical"]}
        case _:
            return {"name": text}
