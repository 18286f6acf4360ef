"""Names, sizes and checksums of files."""

import unicodedata

import regex

from wherry.mapping.ask import TEXTAREA_LENGTH, Ask, Outcome, Problem
from wherry.mapping.coerce import text_of
from wherry.mapping.notes import marker_of
from wherry.mapping.transforms.registry import transform
from wherry.model.catalog import FieldType, Privacy

MEGABYTE = 1_000_000  # the smaller of the two readings of "150 MB" [D] crmsupport 50000002563
LONGEST_NAME = 255  # bytes of UTF-8: what file systems take; the API's own limit is not documented [?]
LONGEST_EXTENSION = 16
_GRAPHEME = regex.compile(r"\X")
_UNSAFE = str.maketrans(dict.fromkeys('/\\<>:"|?*', "_"))
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)


@transform(sources=(1, 3), compare="file_name", always=True)
def file_name(ask: Ask) -> Outcome:
    """The file's own name, made safe to store under on any system, with room for the marker.

    Sources: name, kind, reference. A name that is missing is made of the kind and the reference's ending.
    """
    given = text_of(ask.first)
    if not given:
        given = f"{text_of(ask.value(1)) or 'document'}{_ending(text_of(ask.value(2)))}"
    room = LONGEST_NAME - len(marker_of(ask.record.key.stream, ask.record.key.id)) - 1
    return shortened(safe_name(given), room)


@transform(gives=FieldType.INTEGER, compare="number")
def file_size(ask: Ask) -> Outcome:
    """The size in bytes; refused where the file is empty or larger than the destination takes."""
    size = ask.first
    if not isinstance(size, int):
        return None
    most = ask.context.destination.limits.get("file_mb")
    if size == 0:
        return Problem(reason="empty_file", detail="the file holds nothing")
    if most is not None and size > most * MEGABYTE:
        return Problem(
            reason="file_too_large",
            detail=f"the file is larger than the {most} MB that one file may have there",
            hint="make it smaller in the source and export again, or keep it outside and link to it",
        )
    return size


@transform(compare="choice")
def checksum(ask: Ask) -> Outcome:
    """The sha256 of the bytes in lower-case hexadecimal digits."""
    return text_of(ask.first).lower() or None


@transform(privacy=Privacy.DOCUMENTS, compare="text")
def document_list(ask: Ask) -> Outcome:
    """A line for each document of the patient: id, original name, kind, appointment, media type, size, sha256.

    Source: the patient's id. What does not fit the field is counted in the last line.
    """
    lines = ask.record.facts.get("documents")
    if not isinstance(lines, tuple) or not lines:
        return None
    most = (ask.target.max_length if ask.target else None) or TEXTAREA_LENGTH
    clean = [" ".join(line.split()) for line in lines]
    shown = "\n".join(clean)
    while len(shown) > most:
        clean.pop()
        shown = "\n".join([*clean, f"… and {len(lines) - len(clean)} more"])
    return shown


def safe_name(name: str) -> str:
    """Return the name without what a file system, a header or a reader may take for something else.

    Line breaks, control and direction characters go, path and wildcard characters become `_`, so do a
    leading point and a device's name. No colon is left, so that nothing looks like a marker of ours.
    """
    plain = unicodedata.normalize("NFC", name)
    kept = "".join(
        " " if one in "\t\r\n" else one for one in plain if one in "\t\r\n" or _is_printed(one)
    ).translate(_UNSAFE)
    kept = " ".join(kept.split()).rstrip(". ")
    if kept.startswith("."):
        kept = f"_{kept[1:]}"
    if kept.partition(".")[0].casefold() in _DEVICES:
        kept = f"_{kept}"
    return kept or "document"


def shortened(name: str, room: int) -> str:
    """Return the name cut to so many bytes of UTF-8, its ending kept, never inside a grapheme."""
    if len(name.encode()) <= room:
        return name
    ending = _ending(name)
    stem, room = name.removesuffix(ending), room - len(ending.encode())
    kept = ""
    for found in _GRAPHEME.finditer(stem):
        if len(kept.encode()) + len(found.group().encode()) > room:
            break
        kept += found.group()
    return kept.rstrip() + ending


def _is_printed(one: str) -> bool:
    # Cc: control, Cf: direction and other format characters, Cs: half a character.
    return unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _ending(name: str) -> str:
    """Return the ending with its point, or "" where there is none that could be one."""
    stem, point, ending = name.rpartition(".")
    fits = stem and point and ending.isalnum() and len(ending) <= LONGEST_EXTENSION
    return f".{ending}" if fits else ""
