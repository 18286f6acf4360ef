"""Creating, reading, changing and deleting single records."""

from typing import Any

from second_opinion.checking import Refusal, cleaned, unwrap
from second_opinion.render import Page
from second_opinion.world import CHILDREN, ROOTS, Row, World

Answer = tuple[int, Any]


class Absent(Exception):
    """There is no such record."""


def need(world: World, stream: str, number: int) -> Row:
    row = world.tables[stream].get(number)
    if row is None or row["is_deleted"]:
        raise Absent
    return row


def create(world: World, stream: str, body: Any) -> Answer:
    values = cleaned(world, stream, unwrap(body, ROOTS[stream]))
    return world.choices.created, _single(world, stream, insert(world, stream, values), "", new=True)


def insert(world: World, stream: str, values: Row) -> Row:
    """Keep a new record, of values that were cleaned."""
    attendees = values.pop("appointment_attendees_attributes", None) or []
    row = world.add(stream, _settled(stream, _with_contacts(stream, {}, values)))
    if stream == "deals":
        _staged(world, row)
    if stream == "contacts":
        row.setdefault("subscription_status", 2)
        if row.get("lifecycle_stage_id") is None:
            row["lifecycle_stage_id"] = world.named("lifecycle_stages", "Lead")
        if row.get("contact_status_id") is None:
            stage = row["lifecycle_stage_id"]
            rows = world.lists["contact_statuses"]
            row["contact_status_id"] = next(one["id"] for one in rows if one["lifecycle_stage_id"] == stage)
    if stream in {"contacts", "sales_accounts"} and row.get("owner_id") is None:
        row["owner_id"] = world.key_user
    if stream == "tasks":
        row.setdefault("status", 0)
    if stream == "appointments":
        _attend(world, row, attendees)
        if world.choices.creator_attends:
            mine = {"attendee_type": "FdMultitenant::User", "attendee_id": str(world.key_user)}
            if not any(_person(one) == _person(mine) for one in row["attendees"]):
                row["attendees"].insert(0, {"id": world.new_id(), **mine})
    return row


def _with_contacts(stream: str, old: Row, values: Row) -> Row:
    """Take the contacts that a deal is to gain or lose into the list of those that it has."""
    if stream != "deals":
        return values
    added, removed = values.pop("contacts_added_list", []), values.pop("contacts_removed_list", [])
    kept = [*old.get("contacts", []), *(one for one in added if one not in old.get("contacts", []))]
    return {**values, "contacts": [one for one in kept if one not in removed]}


def _staged(world: World, row: Row) -> None:
    """Give a deal its place: the first stage where none was named, and a day where a closed one has none."""
    rows = world.lists["deal_stages"]
    stage = next((one for one in rows if one["id"] == row.get("deal_stage_id")), rows[0])
    row["deal_stage_id"], row["deal_pipeline_id"] = stage["id"], stage["deal_pipeline_id"]
    if stage["forecast_type"] != "Open" and row.get("closed_date") is None:
        row["closed_date"] = world.now()[:10]


def _settled(stream: str, values: Row) -> Row:
    if stream == "contacts":
        if "emails" in values:
            values["email"] = values.pop("emails")
        number = values.pop("sales_account_id", None)
        if number is not None and "sales_accounts" not in values:
            values["sales_accounts"] = [{"id": number, "is_primary": True}]
    return values


def _attend(world: World, row: Row, changes: list[Row]) -> None:
    people = row.setdefault("attendees", [])
    for one in changes:
        if one.get("_destroy") is True:
            people[:] = [who for who in people if str(who["id"]) != str(one.get("id"))]
        else:
            person = {name: one[name] for name in ("attendee_type", "attendee_id")}
            people.append({"id": world.new_id(), **person})


def _person(one: Row) -> tuple[str, str]:
    return one["attendee_type"], one["attendee_id"]


def read(world: World, stream: str, number: int, include: str) -> Answer:
    row = world.tables[stream].get(number)
    if row is None or (row["is_deleted"] and not (world.choices.deleted_shown and stream not in CHILDREN)):
        raise Absent
    return 200, _single(world, stream, row, include)


def change(world: World, stream: str, number: int, body: Any) -> Answer:
    row = need(world, stream, number)
    values = unwrap(body, ROOTS[stream])
    apply(world, stream, row, cleaned(world, stream, values, old=row))
    return 200, _single(world, stream, row, "")


def apply(world: World, stream: str, row: Row, values: Row) -> None:
    """Change a record, by values that were cleaned."""
    changes = values.pop("appointment_attendees_attributes", None) or []
    values = _settled(stream, _with_contacts(stream, row, values))
    if stream == "contacts" and "lifecycle_stage_id" in values and "contact_status_id" not in values:
        rows = world.lists["contact_statuses"]
        stage = values["lifecycle_stage_id"]
        if stage != row.get("lifecycle_stage_id"):
            values["contact_status_id"] = next(
                (one["id"] for one in rows if one["lifecycle_stage_id"] == stage), None
            )
    row |= values
    if stream == "deals":
        _staged(world, row)
    if stream == "appointments":
        _attend(world, row, changes)
    row["updater_id"] = world.key_user
    world.touch(row)


def delete(world: World, stream: str, number: int, *, forever: bool = False) -> Answer:
    row = need(world, stream, number)
    remove(world, stream, row, forever=forever)
    return 200, {"success": "200"} if stream in CHILDREN else True


def remove(world: World, stream: str, row: Row, *, forever: bool = False) -> None:
    row["is_deleted"] = True
    world.touch(row)
    if stream == "sales_accounts":
        for contact in world.tables["contacts"].values():
            links = contact.get("sales_accounts") or []
            contact["sales_accounts"] = [one for one in links if one["id"] != row["id"]]
    if forever:
        world.files = {n: one for n, one in world.files.items() if one["target"] != [stream, row["id"]]}
    if forever or stream in CHILDREN:
        del world.tables[stream][row["id"]]


def bulk_destroy(world: World, stream: str, body: Any) -> Answer:
    """Delete many; in one configuration later, without a job to ask about."""
    if not isinstance(body, dict) or set(body) - {"selected_ids", "delete_associated_contacts_deals"}:
        raise Refusal("Invalid request", status=400)
    ids = body.get("selected_ids")
    if not isinstance(ids, list) or not ids or not all(type(one) is int for one in ids):
        raise Refusal("selected_ids is invalid", status=400)

    def work() -> None:
        for number in ids:
            row = world.get(stream, number)
            if row is not None:
                remove(world, stream, row)

    if world.choices.slow_destroy:
        world.after(world.choices.job_seconds, work)
        return 200, {"message": "Deleting now. We'll let you know once it is done."}
    work()
    return 200, {"message": f"{len(ids)} {stream} deleted."}


def _single(world: World, stream: str, row: Row, include: str, *, new: bool = False) -> Row:
    page = Page(world, include)
    page.check(stream)
    shown = page.record(stream, row, whole=not (new and stream in CHILDREN))
    if world.choices.text_ids and stream in CHILDREN:
        shown["id"] = str(shown["id"])
        shown["targetables"] = [{**one, "id": str(one["id"])} for one in shown["targetables"]]
    answer: Row = {ROOTS[stream]: shown, **page.sideloads()}
    if stream not in CHILDREN:
        answer["meta"] = None
    if stream == "appointments" and new:
        answer |= {"appointment_attendees": row.get("attendees", []), "conferences": [], "notes": []}
    return answer
