"""Bulk upserts, which are done later and say little; the forms that make fields."""

from typing import Any

from second_opinion import records
from second_opinion.checking import Refusal, cleaned
from second_opinion.kinds import code_of, metadata, type_of
from second_opinion.records import Absent, Answer
from second_opinion.world import MODELS, Row, World

_KEYS = {"contacts": "emails", "sales_accounts": "name", "deals": "name"}
_MOST = 100
_FORM = 402_000_950_000


def bulk_upsert(world: World, stream: str, body: Any, root: str) -> Answer:
    if not isinstance(body, dict) or set(body) != {stream} or not isinstance(body[stream], list):
        raise Refusal(f"param is missing or the value is empty: {stream}", status=400)
    rows = body[stream]
    if not 1 <= len(rows) <= _MOST:
        raise Refusal(f"{stream} is too long (maximum is {_MOST} records)", status=400)
    for row in rows:
        if not isinstance(row, dict) or set(row) not in ({_KEYS[stream], "data"}, {"id", "data"}):
            raise Refusal("Please provide a unique field", status=400)
        if not isinstance(row["data"], dict):
            raise Refusal("data is invalid", status=400)
    number = world.new_id()
    job = {"id": str(number), "status": "PENDING", "job_type_name": "BulkUpsert", "created_at": world.now()}
    if world.choices.job_progress:
        job["progress"] = 0
    world.jobs[number] = job
    world.after(world.choices.job_seconds / 2, lambda: job.update(status="PROCESSING"))
    world.after(world.choices.job_seconds, lambda: _work(world, stream, rows, number))
    return 200, {"message": "Accepted.", "job_status_url": f"{root}/api/job_statuses/{number}"}


def _work(world: World, stream: str, rows: list[Row], number: int) -> None:
    """Do what can be done, and say nothing of the rest."""
    for row in rows:
        try:
            _upsert(world, stream, row)
        except Refusal:
            continue
    job = world.jobs[number]
    job |= {"status": "SUCCESS", "status_updated_at": world.now(), "data": None}
    if world.choices.job_progress:
        job["progress"] = 100
    if world.choices.job_vanishes:
        del world.jobs[number]


def _upsert(world: World, stream: str, row: Row) -> None:
    data = dict(row["data"])
    if "id" in row:
        old = world.get(stream, int(row["id"])) if str(row["id"]).isdigit() else None
        if old is None:
            raise Refusal("Record must exist")
    else:
        name = "email" if stream == "contacts" else "name"
        key = str(row[_KEYS[stream]])
        old = next(
            (one for one in world.live(stream) if str(one.get(name)).casefold() == key.casefold()), None
        )
        data[name] = key
    values = cleaned(world, stream, data, old=old)
    if old is None:
        records.insert(world, stream, values)
    else:
        records.apply(world, stream, old, values)


def job(world: World, number: int) -> Answer:
    if number not in world.jobs:
        raise Absent
    return 200, dict(world.jobs[number])


def fields(world: World, stream: str) -> Answer:
    return 200, {"fields": [*metadata(stream), *world.custom[stream]]}


def forms(world: World, stream: str) -> Answer:
    rows = [{**one, "field_type": code_of(world.choices, kind)} for one in metadata(stream)
            if (kind := {"group_field": "text", "auto_complete": "text"}.get(one["type"], one["type"]))]  # fmt: skip
    groups = [{"name": "basic_information", "label": "Basic information", "type": "section", "fields": rows}]
    if world.choices.shows_all_codes:
        hidden = [{"name": f"hidden_{kind}", "label": kind, "type": kind, "field_type": code_of(world.choices, kind)}
                  for kind in ("textarea", "checkbox", "multi_select_dropdown", "date", "text")]  # fmt: skip
        groups.append({"name": "hidden_fields", "label": "Hidden", "type": "section", "fields": hidden})
    number = _FORM + list(MODELS).index(stream)
    form = {"id": number, "name": stream, "active": True, "field_class": MODELS[stream], "fields": groups}
    return 200, {"forms": [form]}


def create_field(world: World, stream: str, number: int, body: Any) -> Answer:
    if number != _FORM + list(MODELS).index(stream):
        raise Absent
    if not isinstance(body, dict) or set(body) - {"label", "field_type", "required", "choices"}:
        raise Refusal("unknown attribute for field", status=400)
    kind = type_of(world.choices, body.get("field_type"))
    if kind is None:
        raise Refusal("Field type is not included in the list")
    label = body.get("label")
    if not isinstance(label, str) or not label.strip():
        raise Refusal("Label can't be blank")
    if any(one["label"].casefold() == label.casefold() for one in world.custom[stream]):
        raise Refusal("Label has already been taken")
    if world.capped(stream, kind):
        raise Refusal("You have reached the limit of custom fields of this type")
    choices = body.get("choices", [])
    if (kind in {"dropdown", "multi_select_dropdown"}) != bool(choices):
        raise Refusal("Choices can't be blank" if not choices else "Choices is invalid")
    if any(set(one) - {"value", "position"} for one in choices):
        raise Refusal("Choices is invalid")
    row = world.add_field(stream, label.strip(), kind, [one["value"] for one in choices])
    return world.choices.created, {"field": {**row, "field_type": body["field_type"], "field_options": {}}}
