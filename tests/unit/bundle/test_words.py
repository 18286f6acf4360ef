"""Other spellings of a closed list's words, and statuses that a person declared by their name."""

from pathlib import Path

import pytest

from wherry.connectors.bundle import open_bundle
from wherry.mapping.own_values import source_words
from wherry.model.record import Fate

STATUSES = """id,name,canonical
1,Kept,completed
2,DNA,dna
3,Broken,broken
4,FTA,
5,Gone fishing,
6,Odd,whatever
"""
PATIENTS = "patientId,lastName,status\n1,Byrne,Active\n2,Keller,Dormant\n"


@pytest.fixture
def read(write_bundle, tmp_path: Path):
    folder = write_bundle({"appointment_statuses.csv": STATUSES, "patients.csv": PATIENTS})

    def found(own: dict[str, dict[str, str]]) -> dict[str, str | None]:
        with open_bundle(folder, words=source_words(own)) as bundle:
            rows = list(bundle.extract("appointment_statuses"))
            patients = list(bundle.extract("patients"))
        said = {
            row.staged.key.id: str(row.values["canonical"])
            if row.staged.fate is Fate.READY
            else row.staged.reason
            for row in rows
        }
        return said | {
            f"p{row.staged.key.id}": row.staged.reason or str(row.values["status"]) for row in patients
        }

    return found


def test_a_listed_spelling_is_read_and_what_is_ambiguous_unknown_or_undeclared_is_not(read) -> None:
    assert read({}) == {
        "1": "completed",
        "2": "no_show",
        "3": "unmapped_status",
        "4": "None",
        "5": "None",
        "6": "unmapped_status",
        "p1": "active",
        "p2": "unmapped_status",
    }


def test_what_a_person_decides_is_read_by_word_or_by_name(read) -> None:
    own = {
        "appointment_status": {"Broken": "Cancelled", "gone  fishing": "No-show", "FTA": "No-show"},
        "patient_status": {"Dormant": "Inactive"},
    }
    found = read(own)
    assert (found["3"], found["4"], found["5"], found["6"]) == (
        "cancelled",
        "no_show",
        "no_show",
        "unmapped_status",
    )
    assert found["p2"] == "inactive"


def test_a_meaning_that_is_no_word_of_the_list_stays_held(read) -> None:
    assert read({"patient_status": {"Dormant": "Asleep"}})["p2"] == "unmapped_status"
