"""Custom pick lists: written and shown by text, or by the number of the choice; the account decides [?]."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wherry.connectors.freshsales.answers import as_id
from wherry.model.catalog import Catalog, FieldType
from wherry.model.diff import Observed
from wherry.model.errors import DestinationRefused
from wherry.model.jsons import Json
from wherry.model.operation import Operation

_Done = TypeVar("_Done")
_WORTH_A_TRY = frozenset({"invalid_choice", "refused"})


@dataclass(slots=True)
class PickLists:
    """Translates between the text of a choice, which is what the rest of the tool speaks of, and its number.

    Texts are written until the account shows, or proves by taking it, that it wants numbers. Knows the
    choices from the catalog; without one nothing is translated.
    """

    by_number: bool = False
    _numbers: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)
    _proved: bool = False

    def learn(self, catalog: Catalog) -> None:
        """Take over the choices of every custom pick list that have a number."""
        for stream in catalog.streams:
            for one in stream.fields:
                if not one.custom or one.type is not FieldType.DROPDOWN:
                    continue
                pairs = [(choice.value, as_id(choice.id)) for choice in one.choices]
                place = (stream.name, f"custom_field.{one.name}")
                self._numbers[place] = {text: number for text, number in pairs if number is not None}
                self._texts[place] = {number: text for text, number in pairs if number is not None}

    def shown(self, got: Observed) -> Observed:
        """Return a record with the texts of its choices, also where the answer held their numbers."""
        told = {name: text for name, value in got.fields.items() if (text := self._text(got, name, value))}
        if not told:
            return got
        if not self._proved:
            self.by_number = True
        return replace(got, fields={**got.fields, **told})

    def write(self, operation: Operation, send: Callable[[Operation], _Done]) -> _Done:
        """Send an operation in the form that the account takes; where a choice is refused, once in the other."""
        by_number = self.by_number  # another thread may find out more while ours is under way
        spoken = self._spoken(operation, by_number=by_number)
        try:
            done = send(spoken)
        except DestinationRefused as error:
            other = self._spoken(operation, by_number=not by_number)
            sure = self._proved and by_number == self.by_number
            if sure or error.reason not in _WORTH_A_TRY or other.fields == spoken.fields:
                raise
            done = _second_try(send, other, error)
            self.by_number = not by_number
        self._proved = self._proved or self._translates(operation)
        return done

    def spoken(self, operation: Operation) -> Operation:
        """Return the operation with its choices in the form that the account takes, as far as is known."""
        return self._spoken(operation, by_number=self.by_number)

    def _spoken(self, operation: Operation, *, by_number: bool) -> Operation:
        if not by_number:
            return operation
        fields = self._numbered(operation.stream, operation.fields)
        before = operation.before and self._numbered(operation.stream, operation.before)
        return replace(operation, fields=fields, before=before)

    def _numbered(self, stream: str, values: Mapping[str, Json]) -> dict[str, Json]:
        found = dict(values)
        for name, value in values.items():
            number = self._numbers.get((stream, name), {}).get(value) if isinstance(value, str) else None
            if number is not None:
                found[name] = number
        return found

    def _translates(self, operation: Operation) -> bool:
        return self._numbered(operation.stream, operation.fields) != dict(operation.fields)

    def _text(self, got: Observed, name: str, value: Json) -> str:
        place = (got.stream, name)
        number = as_id(value)
        if number is None or value in self._numbers.get(place, {}):
            return ""
        return self._texts.get(place, {}).get(number, "")


def _second_try(send: Callable[[Operation], _Done], other: Operation, first: DestinationRefused) -> _Done:
    """Send in the other form; the first refusal is the one that people can make sense of."""
    try:
        return send(other)
    except DestinationRefused:
        raise first from None
