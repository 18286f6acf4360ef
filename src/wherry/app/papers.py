"""Writing what people read: tables for a spreadsheet, and pages made from a template."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import orjson
from jinja2 import Environment, StrictUndefined

from wherry.model.jsons import Json

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> None:
    """Write a CSV file; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_safe(cell) for cell in row] for row in rows)


def _safe(cell: Json) -> Json:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def write_pages(folder: Path, name: str, document: Mapping[str, Json]) -> tuple[Path, ...]:
    """Write a document as JSON, HTML and Markdown from the templates of that name; return the three files."""
    paths = tuple(folder / f"{name}.{ending}" for ending in ("json", "html", "md"))
    paths[0].write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    for path in paths[1:]:
        path.write_text(_rendered(path.name, document), encoding="utf-8")
    return paths


def _rendered(template: str, document: Mapping[str, Json]) -> str:
    source = files("wherry.app").joinpath("templates", template).read_text(encoding="utf-8")
    page = Environment(
        autoescape=template.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page.filters["cell"] = _cell
    return page.from_string(source).render(**document)


def _cell(value: Json) -> str:
    """Return a value as it may stand in a cell of a Markdown table: one line, no bar, no tag."""
    text = " ".join(str("" if value is None else value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
