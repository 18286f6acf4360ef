"""Which column is which: canonical names, their usual spellings, and what a person decided."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.connectors.bundle.columns import Sheet
from wherry.model.errors import PreflightFailed

_PLAIN = re.compile(r"[\W_]+")

# Canonical name → spellings seen in exports of neighbouring systems; compared without case and punctuation.
_ALIASES: dict[str, tuple[str, ...]] = {
    "patientId": ("patient no", "patient number", "patient ref", "pat id", "patno", "client id"),
    "householdId": ("family id", "household no"),
    "isHouseholdHead": ("head of household", "household head", "head of family"),
    "firstName": ("forename", "given name", "christian name"),
    "lastName": ("surname", "family name"),
    "preferredName": ("known as", "nickname", "preferred"),
    "dateOfBirth": ("dob", "d.o.b.", "birth date", "born"),
    "sex": ("gender",),
    "email": ("e-mail", "email address", "e-mail address"),
    "mobile": ("mobile no", "mobile number", "mobile phone", "mobile tel", "cell", "cell phone"),
    "homePhone": ("home tel", "home telephone", "home phone no", "home no", "tel home", "phone home"),
    "workPhone": ("work tel", "work telephone", "work phone no", "work no", "tel work", "phone work"),
    "address1": ("address line 1", "addr1", "street"),
    "address2": ("address line 2", "addr2"),
    "address3": ("address line 3", "addr3"),
    "town": ("city", "town/city", "post town"),
    "county": ("region",),
    "postcode": ("post code", "zip", "eircode", "postal code"),
    "practiceId": ("practice no", "location id", "site id", "clinic id"),
    "preferredClinicianId": ("preferred clinician", "preferred dentist id", "dentist id", "usual clinician"),
    "deceasedDate": ("date of death", "died"),
    "allowEmail": ("email allowed", "contact by email"),
    "allowSms": ("sms allowed", "contact by sms", "allow text"),
    "allowPost": ("post allowed", "contact by post", "allow letter"),
    "marketingEmail": ("email marketing", "marketing by email"),
    "marketingSms": ("sms marketing", "marketing by sms"),
    "referralSource": ("referred by", "source of referral", "acquisition source", "how did you hear"),
    "insuranceProvider": ("insurer", "insurance"),
    "nhsNumber": ("nhs no",),
    "ppsNumber": ("pps no", "ppsn"),
    "createdAt": ("created", "created on", "date created"),
    "updatedAt": ("updated", "updated on", "last updated", "modified", "last modified"),
    "userId": ("clinician id", "provider id", "user no"),
    "appointmentId": ("appt id", "appointment no", "appt no"),
    "appointmentTypeId": ("appt type id", "appt type", "appointment type"),
    "appointmentStatusId": ("appt status id", "appt status", "appointment status"),
    "appointmentTime": ("appt start", "appt time", "appointment start", "start time", "start", "appt date time"),
    "duration": ("duration mins", "duration minutes", "length", "appt length"),
    "cancelReason": ("cancellation reason", "reason for cancellation"),
    "appointmentNotes": ("appt notes", "appointment note"),
    "text": ("note", "note text", "notes"),
    "notedAt": ("note date", "date of note"),
    "netPrice": ("net price", "price net"),
    "qty": ("quantity",),
    "timeZone": ("tz",),
    "gdcOrDentalCouncilNo": ("gdc no", "gdc number", "dental council no"),
    "fileName": ("file", "name of file"),
    "sha256": ("checksum", "hash"),
    "ref": ("path",),
}  # fmt: skip


def plain(header: str) -> str:
    """Return a header without case, space and punctuation."""
    return _PLAIN.sub("", header).casefold()


_BY_SPELLING = {plain(spelling): name for name, spellings in _ALIASES.items() for spelling in spellings}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file's header row means."""

    places: Mapping[str, int]  # canonical name → place of the cell
    spelt: Mapping[str, str]  # canonical name → header as written
    unknown: tuple[str, ...]  # columns that nobody knows and that are not kept
    empty: tuple[int, ...]  # places without a header
    width: int


def recognised(cells: Sequence[str], sheet: Sheet) -> int:
    """Return how many cells of a header row are columns of the sheet."""
    known = {plain(column.name): column.name for column in sheet.columns}
    return sum(_canonical(cell, known) is not None for cell in cells)


def _canonical(cell: str, known: Mapping[str, str]) -> str | None:
    word = plain(cell)
    if word in known:
        return known[word]
    alias = _BY_SPELLING.get(word)
    return alias if alias and plain(alias) in known else None


def read_header(cells: Sequence[str], sheet: Sheet, decided: Mapping[str, str]) -> Header:
    """Return what each column of a header row is.

    `decided` holds a person's decisions, header → canonical name; an empty name leaves the column out.
    Unknown columns of patients become `custom:<header>`. Raises PreflightFailed when two columns mean the
    same, or one that the file cannot do without is missing.
    """
    known = {plain(column.name): column.name for column in sheet.columns}
    places: dict[str, int] = {}
    spelt: dict[str, str] = {}
    unknown: list[str] = []
    empty: list[int] = []
    for place, cell in enumerate(cells):
        header = cell.strip()
        name = decided.get(header, _canonical(header, known) or _custom(header, sheet))
        if not header:
            empty.append(place)
        elif not name:
            unknown.append(header)
        elif name in places:
            raise PreflightFailed(
                f"{sheet.file}, line 1: the columns '{spelt[name]}' and '{header}' both mean {name}",
                hint=f"Say in mapping/headers.yaml which one it is; give the other an empty name: {{'{sheet.file}': {{'{header}': ''}}}}",
            )
        else:
            places[name] = place
            spelt[name] = header
    _require(places, sheet)
    return Header(places=places, spelt=spelt, unknown=tuple(unknown), empty=tuple(empty), width=len(cells))


def _custom(header: str, sheet: Sheet) -> str:
    if sheet.stream != "patients" or not header:
        return ""
    return header if header.startswith("custom:") else f"custom:{header}"


def _require(places: Mapping[str, int], sheet: Sheet) -> None:
    missing = [name for name in sheet.needed if name not in places]
    if missing:
        raise PreflightFailed(
            f"{sheet.file}, line 1: there is no column {' and no column '.join(missing)}",
            hint=f"If it has another name there, say so in mapping/headers.yaml: {{'{sheet.file}': {{'its header': {missing[0]}}}}}",
        )
