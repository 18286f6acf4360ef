"""The counts file of `wherry estimate`: how many records each stream has, where nothing else is known."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from wherry.mapping.blueprint import load_blueprint
from wherry.model.errors import UsageInvalid
from wherry.planning.estimate import CATEGORIES, PLANS

ALSO_CALLED = {
    "notes": "clinical_notes",
    "providers": "clinicians",
    "locations": "practices",
    "files": "documents",
    "installments": "instalments",
    "installment_plans": "instalment_plans",
}
HEADER = ["stream", "count"]
NUMBERS = ("document_bytes", "users")
EXAMPLE = 'stream,count, or JSON {"plan": "pro", "counts": {"patients": 12000}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the file says; `plan` is empty and the others None where it is silent."""

    streams: Mapping[str, int]
    plan: str = ""
    document_bytes: int | None = None
    users: int | None = None


def read_counts(path: Path) -> Counts:
    """Return what the file says. Raises UsageInvalid naming file, place and remedy."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageInvalid(f"{path.name} is not UTF-8 text", hint="save it as UTF-8") from None
    given = _from_json(path, text) if text.lstrip().startswith("{") else _from_csv(path, text)
    streams: dict[str, int] = {}
    known = _streams()
    said: dict[str, Any] = {}
    for name, (value, where) in given.items():
        word = _word(name)
        if word == "plan":
            said["plan"] = _plan(path, where, value)
        elif word in NUMBERS:
            said[word] = _number(path, where, name, value)
        else:
            stream = _stream(path, where, name, ALSO_CALLED.get(word, word), known)
            if stream in streams:
                raise UsageInvalid(
                    f"{path.name}{where}: {stream} is there twice", hint="name every stream once"
                )
            streams[stream] = _number(path, where, name, value)
    if not streams:
        raise UsageInvalid(f"{path.name} names no stream", hint=f"write {EXAMPLE}")
    return Counts(streams=streams, **said)


def _word(name: str) -> str:
    return "_".join(name.strip().casefold().removesuffix(".csv").split())


@cache
def _streams() -> frozenset[str]:
    blueprint = load_blueprint()
    named = {name for category in CATEGORIES for name in category.streams}
    return frozenset({m.source for m in blueprint.mappings} | set(blueprint.streams) | named)


def _from_json(path: Path, text: str) -> dict[str, tuple[Any, str]]:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as broken:
        place = f", line {broken.lineno}"
        raise UsageInvalid(f"{path.name}{place}: is no valid JSON", hint=f"write {EXAMPLE}") from None
    counts = data.pop("counts", {})
    if not isinstance(counts, dict):
        raise UsageInvalid(f"{path.name}: counts is no object", hint=f"write {EXAMPLE}")
    return {name: (value, "") for name, value in {**data, **counts}.items()}


def _from_csv(path: Path, text: str) -> dict[str, tuple[Any, str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    found: dict[str, tuple[Any, str]] = {}
    headed = False
    for row in reader:
        where = f", line {reader.line_num}"
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if not found and not headed:
            headed = _headed(path, where, cells)
            if headed:
                continue
        if len(cells) < 2 or any(cells[2:]):
            hint = f"two cells a line: {EXAMPLE}; figures without commas"
            raise UsageInvalid(f"{path.name}{where}: has {len(cells)} cells", hint=hint)
        if cells[0] in found:
            raise UsageInvalid(
                f"{path.name}{where}: {cells[0]} is there twice", hint="name every stream once"
            )
        found[cells[0]] = (cells[1], where)
    return found


def _headed(path: Path, where: str, cells: list[str]) -> bool:
    """Return whether the first line is the header; raise UsageInvalid where it is one, and another than wanted."""
    words = [cell.casefold() for cell in cells]
    if words == HEADER:
        return True
    named = _word(cells[0]) in {"plan", *NUMBERS, *ALSO_CALLED, *_streams()}
    if named or (len(cells) == 2 and cells[1].isdigit()):
        return False
    raise UsageInvalid(
        f"{path.name}{where}: another header than {','.join(HEADER)}",
        hint=f"the first line is {','.join(HEADER)}, or left out; then a line for each stream, such as patients,12000",
    )


def _plan(path: Path, where: str, value: Any) -> str:
    plan = str(value).strip().casefold()
    if plan not in PLANS:
        raise UsageInvalid(f"{path.name}{where}: plan is {value!r}", hint=f"one of: {', '.join(PLANS)}")
    return plan


def _number(path: Path, where: str, name: str, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        hint = "write a whole number, 0 or more, without separators"
        raise UsageInvalid(f"{path.name}{where}: the count of {name} is no number", hint=hint)
    return int(text)


def _stream(path: Path, where: str, name: str, word: str, known: frozenset[str]) -> str:
    if word in known:
        return word
    near = get_close_matches(word, sorted(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(sorted(known))}"
    raise UsageInvalid(f"{path.name}{where}: there is no stream {name}", hint=hint)
