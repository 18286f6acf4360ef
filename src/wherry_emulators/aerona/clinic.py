"""The clinic behind the API: the files of an export bundle, kept as what the API would say."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wherry_emulators.aerona.dialect import LISTS, Dialect
from wherry_emulators.process import SettingError

BEHAVIOURS = (
    ("Ids are integers of at most 11 digits", "[A]", "Specification 1.0"),
    ("JSON in camelCase; empty is null", "[A]/[U]", "Specification 1.0 shows camelCase; null is assumed"),
    (
        "A cell that is not what its column holds is shown as the text that it is",
        "own",
        "Dirty data stays dirty",
    ),
    ("Custom fields are an object of a patient", "[U]", "Nothing is published"),
)

_BOOLEANS = frozenset(
    {
        *("active", "isHouseholdHead", "allowEmail", "allowSms", "allowPost", "marketingEmail"),
        *("marketingSms", "recallExempt", "allDay", "emergency", "reminderSent", "exempt"),
    }
)
_NUMBERS = frozenset({"duration", "durationDefault", "months", "intervalMonths", "bytes", "qty"})
_MONEY = frozenset(
    {
        *("fee", "total", "discount", "netPrice", "outstanding", "net", "vat", "gross", "amount"),
    }
)
_TRUTH = {"true": True, "false": False}
_CUSTOM = "custom:"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """All that one clinic holds: what it says of itself, its lists, and where its documents lie."""

    tenant: Record
    lists: Mapping[str, list[Record]]
    changed: Mapping[str, list[datetime | None]]  # beside each record, when it was changed last
    folder: Path
    refs: Mapping[str, str]  # document id → path below the folder

    def document(self, document: str) -> Path | None:
        """Return the file of a document, or None where there is none below the bundle's documents."""
        ref = self.refs.get(document, "")
        root = (self.folder / "documents").resolve()
        path = (self.folder / ref).resolve() if ref else root
        return path if path.is_relative_to(root) and path.is_file() else None


def read_clinic(folder: Path, dialect: Dialect, money_as: str) -> Clinic:
    """Read a bundle's folder; SettingError when it is none."""
    try:
        manifest: Record = json.loads((folder / "manifest.json").read_text(encoding="utf-8-sig"))
        rows = {entry["name"]: _rows(folder, manifest, entry) for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise SettingError(f"{folder.name} is no bundle that can be read: {error}") from error
    lists, changed, refs, formats = {}, {}, {}, {}
    for entry in manifest["files"]:
        stream = entry["name"].removesuffix(".csv")
        if stream not in LISTS:
            continue
        own = list(rows[entry["name"]])
        shaper = _Shaper(stream, dialect, money_as)
        lists[stream] = [shaper.shape(row) for row in own]
        changed[stream] = [_moment(row.get("updatedAt") or row.get("createdAt") or "") for row in own]
        formats[dialect.lists[stream]] = entry.get("date_format", manifest.get("date_format"))
        if stream == "documents":
            refs = {row["documentId"]: row["ref"] for row in own}
    return Clinic(tenant=_tenant(manifest, formats), lists=lists, changed=changed, folder=folder, refs=refs)


def _rows(folder: Path, manifest: Record, entry: Record) -> list[dict[str, str]]:
    data = (folder / entry["name"]).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("windows-1252")
    delimiter = entry.get("delimiter") or manifest.get("delimiter") or ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    head = next(lines, [])
    return [dict(zip(head, cells, strict=False)) for cells in lines if cells]


def _tenant(manifest: Record, formats: Record) -> Record:
    return {
        "tenant": manifest["tenant"],
        "timeZone": manifest.get("tz", "Europe/London"),
        "currency": manifest.get("currency", "GBP"),
        "toothNotation": manifest.get("tooth_notation"),
        "window": manifest.get("window", {}),
        "options": manifest.get("options", {}),
        "dateFormats": formats,
    }


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Shaper:
    stream: str
    dialect: Dialect
    money_as: str

    def shape(self, row: Mapping[str, str]) -> Record:
        """Return a row as the API shows it."""
        record: Record = {}
        names = self.dialect.fields.get(self.stream, {})
        for column, text in row.items():
            if column.startswith(_CUSTOM):
                record.setdefault(self.dialect.custom, {})[column.removeprefix(_CUSTOM)] = text or None
            elif column:
                self._put(record, names.get(column, column), self._value(column, text))
        return record

    def _put(self, record: Record, name: str, value: Any) -> None:
        *outer, last = name.split(".")
        for part in outer:
            record = record.setdefault(part, {})
        record[last] = value

    def _value(self, column: str, text: str) -> Any:
        if not text:
            return None
        if column in _BOOLEANS:
            return _TRUTH.get(text, text)
        if column in _NUMBERS or column == "id" or column.endswith("Id"):
            return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text
        if column in _MONEY and self.money_as == "number":
            return _number(text)
        return text


def _number(text: str) -> Any:
    try:
        found = float(text)
    except ValueError:
        return text
    return found if f"{found:.2f}" == text else text
