"""A blueprint: how one pair of systems correspond, row by row, as YAML files in a folder."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from wherry.mapping.conditions import CONDITIONS, terms_of
from wherry.mapping.form import Place, Written, from_data, to_data, written_from
from wherry.mapping.form_check import Reader
from wherry.model.errors import MappingIncomplete
from wherry.model.mapping import Mapping

__all__ = [
    "Blueprint",
    "Row",
    "StreamFate",
    "blueprint_texts",
    "from_data",
    "load_blueprint",
    "parse_yaml",
    "read_mappings",
    "to_data",
]

_STREAMS_FILE = "streams.yaml"
_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFate:
    """What becomes of a source stream that is no mapping's own.

    `reason` is a stable code; `feeds` names what its records are used for instead.
    """

    stream: str
    reason: str
    row: int = 0  # the row that will take it, where one will
    feeds: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One of the twelve rows: complete, or said to be carried out later."""

    number: int
    title: str
    status: str  # complete | later
    streams: tuple[str, ...]
    mappings: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """All that a blueprint folder says; `places` tell where each mapping's rules stand."""

    name: str
    mappings: tuple[Mapping, ...]
    streams: MappingABC[str, StreamFate]
    rows: tuple[Row, ...]
    places: MappingABC[str, tuple[Place, ...]]


def parse_yaml(text: str, file: str) -> Any:
    """Return what a YAML text holds, with lines; to be read only. Raises MappingIncomplete where it is no YAML."""
    try:
        return _loaded(text)
    except YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = getattr(broken, "problem", "") or "cannot be read"
        hint = "look at that line and the one before: a bracket, a quote or an indent is missing"
        raise MappingIncomplete(f"{Place(file, line)}: not valid YAML: {problem}", hint=hint) from None


@cache
def _loaded(text: str) -> Any:
    # A verb reads the same few files several times, and reading them takes longer than all that it does besides.
    return YAML(typ="rt", pure=True).load(text) or {}


def read_mappings(texts: MappingABC[str, str]) -> tuple[Written, ...]:
    """Return the mappings of a folder (file name → YAML text), in the order in which stages are walked.

    Files without a `mapping` key are left alone. Raises MappingIncomplete naming file, line and key.
    """
    documents = {file: parse_yaml(text, file) for file, text in sorted(texts.items())}
    waiting = {f: d for f, d in documents.items() if isinstance(d, MappingABC) and "mapping" in d}
    found: dict[str, Written] = {}
    ready = [file for file, data in waiting.items() if "like" not in data]
    for file in ready + [file for file in waiting if file not in ready]:
        written = written_from(waiting[file], file=file, others=found)
        if written.mapping.name in found:
            raise MappingIncomplete(f"{written.place}: mapping: {written.mapping.name} is there twice")
        _known_condition(written)
        found[written.mapping.name] = written
    return tuple(sorted(found.values(), key=lambda w: (w.mapping.stage, w.mapping.name)))


def _known_condition(written: Written) -> None:
    for _, name in terms_of(written.mapping.when):
        if name not in CONDITIONS:
            hint = f"one of: {', '.join(sorted(CONDITIONS))}"
            raise MappingIncomplete(f"{written.place}: when: there is no condition {name}", hint=hint)


def blueprint_texts(name: str = "aerona_to_freshsales") -> dict[str, str]:
    """Return the blueprint's files as they are (file name → text), to start a workspace's folder with."""
    folder = resources.files("wherry.mapping").joinpath("blueprints", name)
    if not folder.is_dir():
        raise MappingIncomplete(f"there is no blueprint {name}")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return {f.name: f.read_text(encoding="utf-8") for f in files}


@cache
def load_blueprint(name: str = "aerona_to_freshsales") -> Blueprint:
    """Return the blueprint of that name. Raises MappingIncomplete naming file, line and key."""
    texts = blueprint_texts(name)
    written = read_mappings({f: t for f, t in texts.items() if f != _STREAMS_FILE})
    fates = _stream_fates(Reader(parse_yaml(texts[_STREAMS_FILE], _STREAMS_FILE), _STREAMS_FILE))
    rows = []
    for file, text in texts.items():
        if file != _STREAMS_FILE:
            rows.append(_row(Reader(parse_yaml(text, file), file), file, written))
            fates.update(_later(Reader(parse_yaml(text, file), file)))
    return Blueprint(
        name=name,
        mappings=tuple(w.mapping for w in written),
        streams=fates,
        rows=_by_number(rows),
        places={w.mapping.name: (w.place, *w.places) for w in written},
    )


def _by_number(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows in order; what several files say of one row stands together, under the first one's title."""
    found: dict[int, Row] = {}
    for row in rows:
        known = found.get(row.number)
        if known is not None:
            streams = tuple(dict.fromkeys((*known.streams, *row.streams)))
            found[row.number] = replace(known, streams=streams, mappings=(*known.mappings, *row.mappings))
        else:
            found[row.number] = row
    return tuple(found[number] for number in sorted(found))


def _row(top: Reader, file: str, written: Sequence[Written]) -> Row:
    number = top.whole("row")
    if not 1 <= number <= _ROWS:
        raise top.error("row", f"must be a number from 1 to {_ROWS}")
    own = [w.mapping for w in written if w.place.file == file]
    streams = tuple(top.texts("streams")) or tuple(m.source for m in own)
    status = top.one_of("status", ("complete", "later")) or "complete"
    return Row(
        number=number,
        title=top.text("title"),
        status=status,
        streams=streams,
        mappings=tuple(m.name for m in own),
        file=file,
    )


def _later(top: Reader) -> dict[str, StreamFate]:
    if top.one_of("status", ("complete", "later")) != "later":
        return {}
    return {
        stream: StreamFate(stream=stream, reason=reason, row=top.whole("row"), why=top.text("title"))
        for stream, reason in top.texts("streams").items()
    }


def _stream_fates(top: Reader) -> dict[str, StreamFate]:
    fates = {}
    for item in top.parts("streams", ("stream", "reason", "feeds", "why")):
        for key in ("stream", "reason"):
            item.must_have(key)
        fate = StreamFate(
            stream=item.text("stream"),
            reason=item.text("reason"),
            feeds=item.listed("feeds"),
            why=item.text("why"),
        )
        fates[fate.stream] = fate
    return fates
