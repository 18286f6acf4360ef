"""Writing one record at a time: create, update, delete, each with its own odd answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from wherry.connectors.freshsales.answers import Row, as_id, record_of, sideloads_of
from wherry.connectors.freshsales.catalogue import STREAM as DEAL_PRODUCTS
from wherry.connectors.freshsales.entities import APPOINTMENTS, ENTITIES
from wherry.connectors.freshsales.observed import attendee_of, attendee_rows, observe
from wherry.connectors.freshsales.read import Reader
from wherry.connectors.freshsales.render import create_body, linked_before, update_body, wanted_attendees
from wherry.connectors.freshsales.upload import STREAM as FILES
from wherry.connectors.freshsales.upload import Uploader
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.errors import OutcomeUnknown, RecordGone, UsageInvalid
from wherry.model.jsons import Json
from wherry.model.operation import Operation, Verb
from wherry.model.ports import Written

_Person: TypeAlias = tuple[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes to Freshsales. `forget` deletes for good where it can, instead of into the recycle bin."""

    client: ApiClient
    reader: Reader
    uploader: Uploader
    forget: bool = False

    def write(self, operation: Operation) -> Written:
        """Send one operation and return what the answer shows of the record.

        Fields that the answer does not show are not in `after`. Raises OutcomeUnknown when it is open
        whether the write happened, DestinationRefused and RecordGone when it did not.
        """
        if operation.stream == FILES:
            return self.uploader.write(operation)
        if operation.stream == DEAL_PRODUCTS:
            return self.reader.deal_products.write(operation)
        match operation.verb:
            case Verb.CREATE:
                return self.reader.picks.write(operation, self._create)
            case Verb.UPDATE:
                return self.reader.picks.write(operation, self._update)
            case Verb.DELETE:
                return self._delete(operation)

    def _create(self, operation: Operation) -> Written:
        path = ENTITIES[operation.stream].path
        body = self.client.request("POST", path, json=create_body(operation), effect=Effect.ONCE).body
        record = record_of(body, ENTITIES[operation.stream])
        number = as_id(record.get("id")) if record else None
        if record is None or number is None:
            raise OutcomeUnknown(
                f"POST {path} was accepted without saying which record it made",
                hint="It is looked up before anything is sent again.",
            )
        return Written(destination_id=number, after=self._after(operation, body))

    def _update(self, operation: Operation) -> Written:
        number = _address(operation)
        body = update_body(operation)
        attendees = self._attendees(operation, number)
        if attendees:
            inner = dict(_inner(body, APPOINTMENTS.root))
            inner["appointment_attendees_attributes"] = attendees
            body = {APPOINTMENTS.root: inner}
        if not body:
            before = operation.before or {}
            shown = {name: before[name] for name in operation.fields if name in before}
            return Written(destination_id=number, after=shown)
        path = f"{ENTITIES[operation.stream].path}/{number}"
        # Adding an attendee twice would leave two of them; everything else ends the same however often sent.
        effect = Effect.ONCE if attendees else Effect.REPEATABLE
        answer = self.client.request("PUT", path, json=body, effect=effect).body
        return Written(destination_id=number, after=self._after(operation, answer))

    def _delete(self, operation: Operation) -> Written:
        number = _address(operation)
        path = f"{ENTITIES[operation.stream].path}/{number}"
        if (self.forget or operation.for_good) and ENTITIES[operation.stream].has_views:
            path += "/forget"
        try:
            body = self.client.request("DELETE", path, effect=Effect.REPEATABLE).body
        except RecordGone:
            if operation.for_good:  # it was gone before: whether it still lies in the bin, nobody said
                raise
            body = True
        if body is False:
            raise OutcomeUnknown(
                f"DELETE {path} answered false", hint="Whether the record is still there is looked up."
            )
        self.reader.hanging.gone(operation.stream, number)
        return Written(destination_id=number, after={})

    def _after(self, operation: Operation, body: Json) -> dict[str, Json]:
        entity = ENTITIES[operation.stream]
        record = record_of(body, entity)
        if record is None:
            return {}
        return dict(self.reader.picks.shown(observe(entity, record, sideloads_of(body, entity))).fields)

    def _attendees(self, operation: Operation, number: int) -> list[Json]:
        """Return the attendee rows that turn the invited people into the wanted ones; [] for no change."""
        if operation.stream != "appointments" or not _people_differ(operation):
            return []
        shown = self.reader.shown(APPOINTMENTS, number)
        if shown is None:
            raise RecordGone(f"appointment {number} is not there")
        present = {attendee_of(row): row for row in attendee_rows(shown.record, shown.beside) or []}
        wanted = [row for row in wanted_attendees(operation) if isinstance(row, dict)]
        rows: list[Json] = [row for row in wanted if attendee_of(row) not in present]
        leaving = _leaving(operation, present)
        return [*rows, *({"id": present[person].get("id"), "_destroy": True} for person in leaving)]


def _people_differ(operation: Operation) -> bool:
    before = operation.before or {}
    if "attendee_user_id" in operation.fields:
        wanted = operation.fields["attendee_user_id"]
        if "attendee_user_id" not in before or before["attendee_user_id"] != wanted:
            return True
    if operation.undoes and linked_before(operation, "attendee") is not None:
        return True
    contact = operation.links.get("attendee")
    return contact is not None and contact not in (linked_before(operation, "attendee") or ())


def _leaving(operation: Operation, present: Mapping[_Person, Row]) -> list[_Person]:
    """Return who is to be taken off the appointment: the former user, and whom an undone update added."""
    former = as_id((operation.before or {}).get("attendee_user_id"))
    leaving: list[_Person] = []
    if former is not None and former != as_id(operation.fields.get("attendee_user_id", former)):
        leaving.append(("user", former))
    before = linked_before(operation, "attendee")
    if operation.undoes and before is not None:
        leaving += [who for who in present if who[0] == "contact" and who[1] not in before]
    return [who for who in leaving if who in present]


def _address(operation: Operation) -> int:
    if operation.destination_id is None:
        raise UsageInvalid(f"{operation.id}: an update or delete without the id of its record")
    return operation.destination_id


def _inner(body: Row, root: str) -> Row:
    inner = body.get(root)
    return inner if isinstance(inner, dict) else {}
