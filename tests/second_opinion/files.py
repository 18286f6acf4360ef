"""Files and links below a record: uploaded as a strict form, listed in one way or another, never deleted."""

import hashlib
from typing import Any

from starlette.datastructures import FormData, Headers, UploadFile

from second_opinion.checking import Refusal
from second_opinion.records import Absent, Answer
from second_opinion.world import MODELS, Row, World

_PARTS = {"file", "file_name", "targetable_type", "targetable_id", "is_shared"}
_STREAMS = {model: stream for stream, model in MODELS.items()}
_LARGEST = 150_000_000
GIGABYTES = {"growth": 2, "enterprise": 100}


def upload(world: World, headers: Headers, form: FormData) -> Answer:
    """Keep a file. Refused without a length, with a part too many, empty, nameless, too large, or without room."""
    if "content-length" not in headers:
        raise Refusal("Length required", status=411)
    given = form.multi_items()
    names = [name for name, _ in given]
    if set(names) - _PARTS or len(names) != len(set(names)):
        raise Refusal("Invalid request", status=400)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refusal("File can't be blank")
    content = file.file.read()
    _check(world, form, file.filename, len(content))
    target = _target(world, form)
    name = form.get("file_name") if world.choices.files_own_name else file.filename
    row = {
        "id": world.new_id(),
        "name": str(name or file.filename),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "target": target,
        "created_at": world.now(),
    }
    world.files[row["id"]] = row
    number: Any = str(row["id"]) if world.choices.text_ids else row["id"]
    return world.choices.created, {"id": number, "url": _url(row), "msg": "File added successfully"}


def _check(world: World, form: FormData, filename: str, size: int) -> None:
    if size == 0:
        raise Refusal("File can't be empty")
    if size > _LARGEST:
        raise Refusal("File is too large (maximum is 150 MB)")
    if any(len(str(one)) > 255 for one in (filename, form.get("file_name") or "")):
        raise Refusal("File name is too long (maximum is 255 characters)")
    if any(one in filename for one in "/\\\r\n\0"):
        raise Refusal("File name is invalid")
    if form.get("is_shared", "false") not in {"true", "false"}:
        raise Refusal("Is shared is invalid")
    used = sum(row["size"] for row in world.files.values())
    if used + size > GIGABYTES[world.choices.plan] * 1_000_000_000:
        raise Refusal("You have reached the storage limit of your plan")


def _target(world: World, form: FormData) -> list[Any]:
    stream = _STREAMS.get(str(form.get("targetable_type")))
    number = str(form.get("targetable_id"))
    if stream is None or not number.isdigit() or world.get(stream, int(number)) is None:
        raise Refusal("Targetable must exist")
    return [stream, int(number)]


def listed(world: World, stream: str, number: int, query: dict[str, str]) -> Answer:
    """List what hangs on a record, in the shape that the configuration says."""
    if world.get(stream, number) is None:
        raise Absent
    rows = [row for row in world.files.values() if row["target"] == [stream, number]]
    page, size = query.get("page", "1"), min(int(query.get("per_page", "25")), world.choices.files_page)
    start = (int(page) - 1) * size
    shown = [_shown(world, row) for row in rows[start : start + size]]
    meta = {"total": len(rows), "total_pages": max(1, -(-len(rows) // size))}
    return 200, {world.choices.files_key: shown, "meta": meta}


def _shown(world: World, row: Row) -> Row:
    plain = {"id": row["id"], "name": row["name"], "url": _url(row), "created_at": row["created_at"]}
    if world.choices.files_sized:
        plain["content_file_size"] = row["size"]
    if world.choices.text_ids:
        plain["id"] = str(plain["id"])
    if world.choices.files_nested:
        return {"id": row["id"] + 500_000, "document_id": row["id"], "document": plain}
    return plain


def _url(row: Row) -> str:
    return f"https://files.example.invalid/{row['id']}"
