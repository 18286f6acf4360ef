"""Whose clock a local time is on: the record's practice, else its patient's, else the export's."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from wherry.connectors.bundle.manifest import known_zone
from wherry.connectors.bundle.tables import Table
from wherry.connectors.bundle.values import Unreadable, identifier


class Zones:
    """Time zones by practice and patient; patients on the export's own zone take no memory."""

    def __init__(self, default: str, practices: Table | None, patients: Table | None) -> None:
        self.default = ZoneInfo(default)
        self._practices = dict(_pairs(practices, "practiceId", "timeZone"))
        self._zones = {key: self._zone(name) for key, name in self._practices.items()}
        self._patients: dict[str, str] = {}
        if any(zone.key != default for zone in self._zones.values()):
            self._patients = {
                patient: practice
                for patient, practice in _pairs(patients, "patientId", "practiceId")
                if self.of_practice(practice).key != default
            }

    def _zone(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(known_zone(name))
        except ValueError:
            return self.default

    def of_practice(self, practice: str) -> ZoneInfo:
        """Return the zone of a practice."""
        return self._zones.get(practice.lstrip("0"), self.default)

    def of(self, values: Mapping[str, object]) -> ZoneInfo:
        """Return the zone of a record by its practiceId, else by its patientId."""
        practice = values.get("practiceId")
        if practice is None:
            practice = self._patients.get(str(values.get("patientId")))
        return self.default if practice is None else self.of_practice(str(practice))


def _pairs(table: Table | None, key: str, value: str) -> list[tuple[str, str]]:
    """Return key and value of every record that has both, by canonical names."""
    if table is None or not {key, value} <= table.header.places.keys():
        return []
    at, to = table.header.places[key], table.header.places[value]
    found = []
    for _, cells in table.read():
        if max(at, to) < len(cells):
            text, other = cells[at].strip(), cells[to].strip()
            if text and other and (name := _id(text)):
                found.append((name, other))
    return found


def _id(text: str) -> str | None:
    try:
        return identifier(text)
    except Unreadable:
        return None
