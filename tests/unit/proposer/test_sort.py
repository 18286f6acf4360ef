"""Tables of an unknown source are recognised: by names, by the form of values, and by what refers to what."""

from pathlib import Path
from typing import Any

import pytest

from foreign_folder import NOTES, write, write_folder
from wherry.connectors.bundle.overrides import Overrides
from wherry.connectors.folder.raw import files_of, tables_of
from wherry.connectors.folder.source import CsvFolder
from wherry.mapping.proposer.sort import Sorted, sort_tables


def proposed(folder: Path) -> dict[str, Sorted]:
    contract = CsvFolder(folder, folder, folder, Overrides()).contract()
    return {one.table: one for one in sort_tables(tables_of(files_of(folder, Overrides())), contract)}


@pytest.fixture
def found(tmp_path: Path) -> Any:
    return proposed(write_folder(tmp_path / "theirs"))


def names(one: Sorted, *, sure: bool = True) -> dict[str, str]:
    return {header: guess.name for header, guess in one.columns.items() if guess.sure is sure}


def test_files_are_recognised_and_foreign_ones_are_none(found):
    assert {name: (one.stream.name, one.stream.sure) for name, one in found.items()} == {
        "Client List.csv": ("patients", True),
        "Diary.csv": ("appointments", True),
        "Notes_Export.csv": ("clinical_notes", True),
        "Stock.csv": ("", True),
    }


def test_columns_are_recognised(found):
    clients = names(found["Client List.csv"])
    assert clients.items() >= {
        "Client No": "patientId",
        "Forename": "firstName",
        "Surname": "lastName",
        "D.O.B": "dateOfBirth",
        "E-mail Address": "email",
        "Mob": "mobile",
    }.items()  # fmt: skip
    diary = names(found["Diary.csv"])
    assert (diary["Date"], diary["Start Time"]) == ("appointmentTime", "appointmentTime")
    assert diary["Mins"] == "duration"


def test_what_may_never_move_is_left_out(found):
    assert names(found["Client List.csv"])["NI Number"] == ""
    assert "never-migrate" in found["Client List.csv"].columns["NI Number"].why


def test_a_reference_is_told_by_its_values_and_its_header(found, tmp_path):
    assert names(found["Notes_Export.csv"])["Client No"] == "patientId"
    assert "every value is a key of 'Client List.csv'" in found["Notes_Export.csv"].columns["Client No"].why
    orphan = [NOTES[0], ["X1", "13/01/2026 10:05", "a"], ["X2", "13/01/2026 10:05", "b"]]
    folder = write_folder(tmp_path / "other")
    write(folder, "Notes_Export.csv", orphan)
    assert not proposed(folder)["Notes_Export.csv"].columns["Client No"].sure


def test_a_date_format_is_proposed_where_the_values_prove_one(found):
    assert found["Client List.csv"].date_format.name == "dd/mm/yyyy"
    assert "'D.O.B'" in found["Client List.csv"].date_format.why


def test_words_of_a_status_are_said_where_they_are_known_and_asked_where_not(found):
    diary = found["Diary.csv"].words["appointmentStatusId"]
    assert {word: (one.name, one.sure) for word, one in diary.items()} == {
        "Completed": ("completed", True),
        "Confirmed": ("confirmed", True),
        "DNA": ("no_show", True),
    }
    clients = found["Client List.csv"].words["status"]
    assert {word: (one.name, one.sure) for word, one in clients.items()} == {
        "Current": ("active", False),
        "Left": ("inactive", False),
    }


def test_words_of_other_systems_are_asked_about(tmp_path):
    rows = [["Patient ID", "Appointment Start", "Status"]]
    rows += [
        [str(n), f"2026-03-0{n} 09:00", word] for n, word in enumerate(("Booked", "Seen", "DNA", "Seen"), 1)
    ]
    write(tmp_path / "theirs", "Appointments.csv", rows)
    words = proposed(tmp_path / "theirs")["Appointments.csv"].words["appointmentStatusId"]
    assert {word: (guess.name, guess.sure) for word, guess in words.items() if word != "Booked"} == {
        "Seen": ("completed", False),
        "DNA": ("no_show", True),
    }


def test_a_table_is_told_by_its_name_where_its_columns_say_little(tmp_path):
    folder = write_folder(tmp_path / "theirs")
    write(folder, "Visit Statuses.csv", [["Status ID", "Status Name"], ["1", "Booked"], ["2", "FTA"]])
    diary = [["Booking Ref", "Client No", "Starts", "Status ID"], ["A1", "C1001", "13/01/2026 09:00", "2"]]
    write(folder, "Diary.csv", diary)
    found = proposed(folder)
    states = found["Visit Statuses.csv"]
    assert (states.stream.name, states.columns["Status ID"].name) == ("appointment_statuses", "id")
    assert states.words["canonical"]["FTA"].name == "no_show"
    status = found["Diary.csv"].columns["Status ID"]
    assert (status.name, status.sure) == ("appointmentStatusId", True)
    assert "every value is a key of 'Visit Statuses.csv'" in status.why


def test_the_only_date_of_a_table_is_asked_about(found):
    written = found["Notes_Export.csv"].columns["Written On"]
    assert (written.name, written.sure) == ("notedAt", False)


def test_a_whole_name_is_to_be_parted(tmp_path):
    rows = [["Patient ID", "Patient Name", "Email"]]
    rows += [
        [str(n), f"Aoife {name}", f"a{n}@mail.example"]
        for n, name in enumerate(("Byrne", "Walsh", "Ryan"), 1)
    ]
    write(tmp_path / "theirs", "Patients.csv", rows)
    one = proposed(tmp_path / "theirs")["Patients.csv"]
    assert one.columns["Patient Name"].name == "firstName + lastName"
    assert one.stream.name == "patients"


def test_a_header_that_asks_becomes_a_field_that_is_confirmed(tmp_path):
    rows = [["Patient ID", "Surname", "Hobby ?", "???"]]
    rows += [[str(n), name, f"a{n}", f"b{n}"] for n, name in enumerate(("Byrne", "Walsh", "Ryan"), 1)]
    write(tmp_path / "theirs", "Patients.csv", rows)
    columns = proposed(tmp_path / "theirs")["Patients.csv"].columns
    assert (columns["Hobby ?"].name, columns["Hobby ?"].sure) == ("custom:Hobby", True)
    assert (columns["???"].name, columns["???"].sure) == ("custom:(???)", True)


def test_the_same_folder_gives_the_same_proposal(tmp_path, found):
    assert proposed(write_folder(tmp_path / "again")) == found


def test_no_evidence_shows_a_value(found):
    text = repr(found)
    assert "Aoife" not in text
    assert "900101" not in text
