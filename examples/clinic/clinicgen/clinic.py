"""Make the whole clinic: the named cases first, then as many invented patients as asked for."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from clinicgen.calendar_days import EXPORTED_AT, PAST_DAYS, WINDOW
from clinicgen.cases_diary import write_diary_cases
from clinicgen.cases_money import write_money_cases
from clinicgen.cases_people import write_people_cases
from clinicgen.cast import Cast
from clinicgen.destination import destination_seed
from clinicgen.diary import write_blocked_time, write_random_visits
from clinicgen.dirt_money import write_money_faults
from clinicgen.dirt_people import write_people_faults
from clinicgen.export import Export
from clinicgen.fates import READY
from clinicgen.later import two_days_later
from clinicgen.money_rows import write_random_money
from clinicgen.packing import pack
from clinicgen.paperwork import write_random_document, write_random_flags, write_random_recalls
from clinicgen.people import Patient, merge_into, random_household
from clinicgen.places import write_places
from clinicgen.treatment import write_random_plans

_LISTED_UP_TO = 5000
_FEWEST = 120
_MANIFEST = {
    "format": "aerona-bundle",
    "version": 1,
    "tenant": "riverside-dental",
    "exported_at": EXPORTED_AT,
    "tz": "Europe/London",
    "currency": "GBP",
    "date_format": "yyyy-mm-dd",
    "tooth_notation": "FDI",
    "encoding": "utf-8",
    "window": {"from": WINDOW[0], "to": WINDOW[1]},
    "options": {
        "requested": ["clinical_notes", "documents", "audit_history"],
        "granted": ["clinical_notes", "documents"],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of the generator. Raises ValueError when there are too few patients for the named cases."""

    out: Path
    patients: int = 300
    records: int = 0
    seed: int = 7
    dirty: bool = False
    password: str | None = None
    zip_method: str = "zipcrypto"
    later: bool = False

    def __post_init__(self) -> None:
        if self.patients < _FEWEST:
            raise ValueError(f"--patients {self.patients}: the named cases alone need {_FEWEST}")
        if self.later and (self.dirty or self.password is None):
            raise ValueError("--later: only beside a clean clinic that is packed with --zip")

    @property
    def listing(self) -> bool:
        """Whether every record that is not ready is named in expected.json, or only counted."""
        return not self.records and self.patients <= _LISTED_UP_TO


def make_clinic(order: Order) -> dict[str, Any]:
    """Write bundle, expected.json, seed-destination.json and, if asked, the zips; return what is expected."""
    folder = order.out / "bundle"
    if folder.exists():
        shutil.rmtree(folder)
    export = Export(folder, dirty=order.dirty, listing=order.listing)
    rng = Random(order.seed)
    write_places(export)
    cast = Cast(export)
    write_people_cases(cast)
    write_diary_cases(cast)
    write_money_cases(cast)
    _write_population(rng, export, order)
    if order.dirty:
        write_people_faults(cast)
        write_money_faults(cast)
    expected = {
        "variant": "dirty" if order.dirty else "clean",
        "seed": order.seed,
        **export.close(_MANIFEST),
    }
    _write_json(order.out / "expected.json", expected)
    _write_json(order.out / "seed-destination.json", destination_seed())
    if order.password is not None:
        pack(folder, order.out / "clinic.zip", order.password, order.zip_method)
        if order.later:
            with TemporaryDirectory() as scratch:
                after = two_days_later(folder, Path(scratch) / "bundle")
                pack(after, order.out / "later.zip", order.password, order.zip_method)
    return expected


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_population(rng: Random, export: Export, order: Order) -> None:
    while _wanting(export, order):
        for patient in random_household(rng, export):
            _write_history(rng, export, patient)
            if patient.fate is READY and not patient.prospect and rng.random() < 0.01:
                _write_duplicate(rng, export, patient)
        if rng.random() < 0.25:
            write_blocked_time(rng, export)


def _wanting(export: Export, order: Order) -> bool:
    if order.records:
        return export.records < order.records
    return export.rows_of("patients") < order.patients


def _write_history(rng: Random, export: Export, patient: Patient) -> None:
    if patient.prospect:
        return
    visits = write_random_visits(rng, export, patient)
    items = write_random_plans(rng, export, patient, visits)
    write_random_money(rng, export, patient, items, visits)
    if visits:
        write_random_recalls(rng, export, patient, max(day for _, day in visits))
        write_random_document(rng, export, patient, visits)
    write_random_flags(rng, export, patient)


def _write_duplicate(rng: Random, export: Export, patient: Patient) -> None:
    duplicate = merge_into(export, patient, f"{rng.choice(PAST_DAYS)}T18:00", still_listed=rng.random() < 0.5)
    write_random_visits(rng, export, duplicate)
