"""Refuses every body that the documentation does not allow, and says so in the server's words."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from second_opinion.kinds import FIELDS, REQUIRED, ZONES, label
from second_opinion.world import CHILDREN, MODELS, Row, World, moment

_BANDS = {1, 11, 51, 201, 501, 1001, 5001, 10001}
_TARGETS = {"Contact": "contacts", "SalesAccount": "sales_accounts", "Deal": "deals"}
_LONGEST_NOTE = 25_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


class Refusal(Exception):
    """A body that is not taken."""

    def __init__(self, *messages: str, status: int | None = None) -> None:
        super().__init__(*messages)
        self.messages, self.status = list(messages), status


def unwrap(body: Any, root: str) -> Row:
    """Return what stands under the root key, which must be the only one."""
    if not isinstance(body, dict) or set(body) != {root} or not isinstance(body[root], dict):
        raise Refusal(f"param is missing or the value is empty: {root}", status=400)
    return body[root]


def cleaned(world: World, stream: str, values: Row, *, old: Row | None = None) -> Row:
    """Return the values as they are kept. Raises Refusal for whatever is not right."""
    problems: list[str] = []
    kept: Row = {}
    for name, value in values.items():
        kind = FIELDS[stream].get(name)
        if kind is None:
            raise Refusal(f"unknown attribute '{name}' for {MODELS.get(stream, stream)}.", status=400)
        if value is None:
            _none(stream, name, old, problems)
            kept[name] = None
            continue
        try:
            kept[name] = _Field(world, stream, name).read(kind, value)
        except ValueError as problem:
            problems.append(f"{label(name)} {problem}")
    whole = {**(old or {}), **kept}
    problems += _lacking(stream, whole)
    problems += _unfit(world, stream, whole)
    if not problems:
        problems += taken(world, stream, whole)
    if problems:
        raise Refusal(*problems)
    return _joined(kept, old)


def _none(stream: str, name: str, old: Row | None, problems: list[str]) -> None:
    if old is None:
        problems.append(f"{label(name)} is invalid")
    elif name in REQUIRED[stream]:
        problems.append(f"{label(name)} can't be blank")


def _joined(kept: Row, old: Row | None) -> Row:
    if "custom_field" in kept and old:
        kept["custom_field"] = {**old["custom_field"], **(kept["custom_field"] or {})}
    return kept


def _lacking(stream: str, whole: Row) -> list[str]:
    return [f"{label(name)} can't be blank" for name in REQUIRED[stream] if whole.get(name) in (None, "")]


def _unfit(world: World, stream: str, whole: Row) -> list[str]:
    """Return what does not go together."""
    found = []
    if stream == "contacts":
        if world.choices.contact_key and not any(
            whole.get(n) for n in ("email", "mobile_number", "external_id")
        ):
            found.append("Please provide a unique field: email, mobile number or external id can't be blank")
        status = _row(world, "contact_statuses", whole.get("contact_status_id"))
        if status and whole.get("lifecycle_stage_id") != status["lifecycle_stage_id"]:
            found.append("Status is not included in the list")
    if stream == "deals" and whole.get("deal_stage_id"):
        stage = _row(world, "deal_stages", whole["deal_stage_id"]) or {}
        if whole.get("deal_pipeline_id") not in {None, stage.get("deal_pipeline_id")}:
            found.append("Deal stage is not included in the list")
    if stream == "tasks" and whole.get("outcome_id") and whole.get("task_type_id"):
        outcome = _row(world, "sales_activity_outcomes", whole["outcome_id"]) or {}
        kind = _row(world, "sales_activity_entity_types", whole["task_type_id"]) or {}
        if outcome.get("sales_activity_type_id") != kind.get("sales_activity_type_id"):
            found.append("Outcome is not included in the list")
    ends = whole.get("end_date")
    if stream == "appointments" and ends and moment(ends) < moment(whole.get("from_date") or ends):
        found.append("End date must be after the start date")
    if stream in CHILDREN and whole.get("targetable_id") is not None:
        parent = _TARGETS.get(str(whole.get("targetable_type")))
        if parent is None or world.get(parent, whole["targetable_id"]) is None:
            found.append("Targetable must exist")
    return found


def taken(world: World, stream: str, whole: Row) -> list[str]:
    names = {"contacts": ("email", "external_id"), "sales_accounts": ("name",)}.get(stream, ())
    rows: Iterable[Row] = world.tables[stream].values()
    if not world.choices.bin_is_unique:
        rows = world.live(stream)
    others = [row for row in rows if row["id"] != whole.get("id")]
    return [
        f"{label(name)} has already been taken"
        for name in names
        if whole.get(name) and any(_same(row.get(name), whole[name]) for row in others)
    ]


def _same(one: object, other: object) -> bool:
    return one is not None and str(one).casefold() == str(other).casefold()


def _row(world: World, selector: str, number: object) -> Row | None:
    return next((row for row in world.lists[selector] if row["id"] == number), None)


class _Field:
    """One value of a body."""

    def __init__(self, world: World, stream: str, name: str) -> None:
        self.world, self.stream, self.name = world, stream, name

    def read(self, kind: str, value: Any) -> Any:
        if kind in {"text", "mobile", "title", "long", "note", "email", "moment", "zone", "target_type"}:
            return getattr(self, f"_{kind}")(self._string(value))
        if re.fullmatch(r"\d-\d", kind):
            return self._within(value, int(kind[0]), int(kind[2]))
        special = getattr(self, f"_{kind}", None)
        return special(value) if special else self._reference(kind, value)

    def _string(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("is not a string")  # noqa: TRY004 - a refusal, not a fault
        if "\x00" in value:
            raise ValueError("is invalid")
        return value.strip()

    def _at_most(self, text: str, length: int) -> str:
        if len(text) > length:
            raise ValueError(f"is too long (maximum is {length} characters)")
        return text

    def _text(self, text: str) -> str:
        return self._at_most(text, 256)

    def _mobile(self, text: str) -> str:
        return self._at_most(text, 30)

    def _title(self, text: str) -> str:
        return self._at_most(text, 255)

    def _long(self, text: str) -> str:
        return self._at_most(text, 65_535)

    def _note(self, text: str) -> str:
        return self._at_most(text, _LONGEST_NOTE)

    def _email(self, text: str) -> str:
        if not re.fullmatch(r"[^@\s,;]+@[^@\s.,;]+(\.[^@\s.,;]+)+", text):
            raise ValueError("is invalid")
        return self._at_most(text, 256)

    def _moment(self, text: str) -> str:
        if not _MOMENT.match(text):
            raise ValueError("is invalid")
        return moment(text).isoformat()

    def _zone(self, text: str) -> str:
        if text not in ZONES:
            raise ValueError("is not included in the list")
        return text

    def _target_type(self, text: str) -> str:
        if text not in _TARGETS:
            raise ValueError("is invalid")
        return text

    def _within(self, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError("is not included in the list")
        return value

    def _id(self, value: Any) -> int:
        if type(value) is not int:
            raise ValueError("is not a number")
        return value

    def _band(self, value: Any) -> int:
        if value not in _BANDS:
            raise ValueError("is not included in the list")
        return int(value)

    def _number(self, value: Any) -> float:
        if type(value) not in {int, float} or abs(value) >= 1e11 or round(value, 4) != value:
            raise ValueError("is not a number")
        return value

    def _boolean(self, value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError("is not included in the list")
        return value

    def _tags(self, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError("is invalid")
        return list(dict.fromkeys(value))

    def _list(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("is invalid")  # noqa: TRY004 - a refusal, not a fault
        return value

    def _account(self, value: Any) -> int:
        if self.world.get("sales_accounts", self._id(value)) is None:
            raise ValueError("must exist")
        return int(value)

    def _contact_ids(self, value: Any) -> list[int]:
        found = [self._id(one) for one in self._list(value)]
        if any(self.world.get("contacts", one) is None for one in found):
            raise ValueError("must exist")
        return found

    def _day(self, value: Any) -> str:
        return self._date(self._string(value))

    def _accounts(self, value: Any) -> list[Row]:
        rows = self._list(value)
        if any(not isinstance(row, dict) or set(row) - {"id", "is_primary"} for row in rows):
            raise ValueError("is invalid")
        if sum(row.get("is_primary") is True for row in rows) > 1:
            raise ValueError("can have one primary account")
        return [
            {"id": self._account(row.get("id")), "is_primary": row.get("is_primary") is True} for row in rows
        ]

    def _emails(self, value: Any) -> str:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = next((one.get("value") for one in value if one.get("is_primary")), value[0].get("value"))
        return self._email(self._string(value))

    def _attendees(self, value: Any) -> list[Row]:
        rows = []
        for one in self._list(value):
            if not isinstance(one, dict) or set(one) - {"id", "attendee_type", "attendee_id", "_destroy"}:
                raise ValueError("is invalid")
            if one.get("_destroy") is not True:
                self._attendee(one)
            rows.append(one)
        return rows

    def _attendee(self, one: Row) -> None:
        number = one.get("attendee_id")
        if not isinstance(number, str) or not number.isdigit():
            raise ValueError("is invalid")
        if one.get("attendee_type") == "Contact":
            known = self.world.get("contacts", int(number)) is not None
        else:
            known = one.get("attendee_type") == "FdMultitenant::User"
            known = known and any(user["id"] == int(number) for user in self.world.users)
        if not known:
            raise ValueError("must exist")

    def _reference(self, selector: str, value: Any) -> int:
        number = self._id(value)
        if selector == "users":
            if not any(one["id"] == number and one["is_active"] for one in self.world.users):
                raise ValueError("must exist")
        elif _row(self.world, selector, number) is None:
            raise ValueError("must exist")
        return number

    def _custom(self, value: Any) -> Row:
        if not isinstance(value, dict):
            raise ValueError("is invalid")  # noqa: TRY004 - a refusal, not a fault
        return {name: self._custom_value(name, one) for name, one in value.items()}

    def _custom_value(self, name: str, value: Any) -> Any:
        field = self.world.field(self.stream, name)
        if field is None:
            raise Refusal(f"unknown attribute '{name}'.", status=400)
        if value is None:
            return None
        try:
            return self._of_type(field, value)
        except ValueError as problem:
            raise Refusal(f"{field['label']} {problem}") from None

    def _of_type(self, field: Row, value: Any) -> Any:  # noqa: PLR0911 - one for each type
        match field["type"]:
            case "text":
                return self._text(self._string(value))
            case "textarea":
                return self._at_most(self._string(value), 10_000)
            case "number":
                return self._number(value)
            case "checkbox":
                return self._boolean(value)
            case "date":
                return self._date(self._string(value))
            case "multi_select_dropdown":
                return ";".join(self._choice(field, part) for part in self._string(value).split(";"))
            case _:
                return self._choice(field, value)

    def _date(self, text: str) -> str:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError("is not a valid date")
        return date.fromisoformat(text).isoformat()

    def _choice(self, field: Row, value: Any) -> str:
        by_id = self.world.choices.choice_by_id and field["type"] != "multi_select_dropdown"
        key = "id" if by_id else "value"
        found = [one for one in field["choices"] if type(one[key]) is type(value) and one[key] == value]
        if not found:
            raise ValueError("is not included in the list")
        return str(found[0]["value"])
