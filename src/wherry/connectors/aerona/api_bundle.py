"""Turns what was read of the API into the files of a bundle: one sheet for each list, a manifest, the documents."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from wherry.connectors.aerona.api_cells import header_of
from wherry.connectors.aerona.api_extract import Extractor, document_name
from wherry.connectors.aerona.api_judge import NotAllowed
from wherry.connectors.aerona.api_profile import Listing, Profile
from wherry.connectors.aerona.api_spool import (
    INDEX,
    SEEN,
    Extraction,
    Seen,
    SheetFile,
    replace_file,
    write_sheet,
)
from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.bundle.container import MANIFEST, is_safe
from wherry.connectors.bundle.documents import FOLDER
from wherry.connectors.bundle.headers import plain
from wherry.connectors.kit.redact import log_event

_FORMATS = frozenset({"yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy"})


def build(extractor: Extractor, extraction: Extraction) -> None:
    """Write the bundle's files; the manifest comes last, so that a bundle is never half there."""
    spool, profile = extractor.spool, extractor.profile
    left_out = {str(note["file"]) for note in extraction.notes}
    index: dict[str, str] = {}
    sheets: dict[str, SheetFile] = {}
    seen: dict[str, Seen] = {}
    for stream, listing in profile.listed().items():
        if stream not in left_out:
            sheets[stream], fields = _sheet(extractor, stream, listing, index)
            seen[stream] = Seen(rows=sheets[stream].rows, fields=fields)
    replace_file(spool.files / INDEX, orjson.dumps(index))
    replace_file(spool.files / SEEN, orjson.dumps(seen))
    replace_file(spool.files / MANIFEST, orjson.dumps(_manifest(extraction, profile, sheets)))


def _sheet(
    extractor: Extractor, stream: str, listing: Listing, index: dict[str, str]
) -> tuple[SheetFile, list[str]]:
    came = header_of(extractor.records(stream, listing), SHEETS[stream])
    header = came
    rows: Iterator[Mapping[str, str]] = extractor.records(stream, listing)
    if stream == "documents":
        spelt = {plain(name) for name in came}
        header = [*came, *(name for name in ("sha256", "ref") if plain(name) not in spelt)]
        rows = _with_files(extractor, rows, index)
    name = SHEETS[stream].file
    sheet = write_sheet(
        extractor.spool, name, header, ([cells.get(column, "") for column in header] for cells in rows)
    )
    return sheet, came


def _with_files(
    extractor: Extractor, rows: Iterable[Mapping[str, str]], index: dict[str, str]
) -> Iterator[Mapping[str, str]]:
    """Have each document's bytes in the spool, and give a record its reference where it has none."""
    allowed = bool(extractor.profile.documents.content)
    for row in rows:
        cells = dict(row)
        ref = cells.setdefault("ref", f"{FOLDER}{cells.get('documentId', '')}")
        if allowed and is_safe(ref) and ref.startswith(FOLDER):
            try:
                if extractor.document(cells):
                    index[ref] = document_name(cells.get("documentId", ""))
            except NotAllowed:
                allowed = False
                log_event("source.documents_refused", "documents may not be read; their records stay behind")
        yield cells


def _manifest(extraction: Extraction, profile: Profile, sheets: Mapping[str, SheetFile]) -> dict[str, Any]:
    facts = extraction.facts
    window, options = facts.get("window"), facts.get("options")
    return {
        "format": "aerona-bundle",
        "version": 1,
        "tenant": facts.get("tenant"),
        "exported_at": extraction.begun,
        "tz": facts.get("tz"),
        "currency": facts.get("currency"),
        "tooth_notation": facts.get("tooth_notation") or None,
        "window": window if isinstance(window, dict) else {},
        "options": options if isinstance(options, dict) else {},
        "files": [
            {
                "name": SHEETS[stream].file,
                "rows": sheet.rows,
                "sha256": sheet.sha256,
                "encoding": "utf-8",
                "delimiter": ",",
                "date_format": _date_format(profile.lists[stream], profile, facts.get("date_formats")),
            }
            for stream, sheet in sheets.items()
        ],
    }


def _date_format(listing: Listing, profile: Profile, said: object) -> str | None:
    """Return how a list's dates are written: by the profile, else as the clinic says, else not declared."""
    told = said.get(listing.path) if isinstance(said, Mapping) else None
    told = told if told in _FORMATS else None
    return listing.date_format or told or profile.defaults.date_format or None
