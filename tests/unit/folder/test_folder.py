"""A folder of foreign CSV files: what is read of it, where each record says it stands, and what stops it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreign_folder import CLIENTS, DIARY, write, write_folder
from wherry.connectors.folder import connector
from wherry.model.errors import ApprovalMissing, MappingIncomplete, PreflightFailed, SettingsInvalid
from wherry.model.opening import Opening
from wherry.model.record import Fate
from wherry.staging import stage

SORTED = """
approved_by: Maria
files:
  Client List.csv:
    stream: patients
    date_format: dd/mm/yyyy
    columns: {Client No: patientId, Forename: firstName, Surname: lastName, D.O.B: dateOfBirth, Mob: mobile,
              Client Status: status, Seat Pref: "custom:Seat Pref", NI Number: ""}
    words: {status: {Current: active, Left: "inactive?"}}
  Diary.csv:
    stream: appointments
    date_format: dd/mm/yyyy
    columns: {Booking Ref: appointmentId, Client No: patientId, Date: appointmentTime, Start Time: appointmentTime,
              Mins: duration, Dentist: userId, Outcome: appointmentStatusId}
    words: {appointmentStatusId: {Completed: completed, DNA: no_show, Confirmed: confirmed}}
  Notes_Export.csv:
    stream: clinical_notes
    columns: {Client No: patientId, Written On: notedAt, Note Text: text}
  Stock.csv: {stream: ""}
"""

Open = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "theirs")


@pytest.fixture
def opened(folder: Path, tmp_path: Path) -> Open:
    """Open the folder under this mapping/csv.yaml; None for none."""

    def make(sorting: str | None = SORTED, **settings: Any) -> Any:
        place = tmp_path / "mapping" / "csv.yaml"
        place.parent.mkdir(exist_ok=True)
        if sorting is not None:
            place.write_text(sorting, encoding="utf-8")
        said = {"bundle": str(folder), "timezone": "Europe/Dublin", "currency": "EUR", **settings}
        return connector(
            Opening(settings=said, root=tmp_path, state=tmp_path / ".wherry", clock=None)  # type: ignore[arg-type]  # no clock is looked at
        )

    return make


def records(source: Any, stream: str) -> dict[str, Any]:
    return {one.staged.key.id: one for one in source.extract(stream)}


def test_records_are_typed_and_keep_their_own_ids(opened):
    source = opened()
    patients = records(source, "patients")
    assert list(patients) == ["C1001", "C1002", "C1003", "C1004"]
    first = patients["C1001"].values
    assert str(first["dateOfBirth"]) == "1980-03-14"
    assert (first["status"], first["custom:Seat Pref"]) == ("active", "Window")
    assert "custom:NI Number" not in first
    diary = records(source, "appointments")
    moment = diary["A3"].values["appointmentTime"]
    assert moment.isoformat() == "2026-12-20T14:15:00+00:00"
    assert moment.tzinfo.key == "Europe/Dublin"
    source.close()


def test_names_become_entries_and_words_their_meaning(opened):
    source = opened()
    diary = records(source, "appointments")
    assert diary["A1"].values["userId"] == "dr-jones"
    staff = records(source, "clinicians")
    assert staff["dr-jones"].values["lastName"] == "Jones"
    status = records(source, "appointment_statuses")[diary["A2"].values["appointmentStatusId"]]
    assert status.values["canonical"] == "no_show"
    source.close()


def test_a_staff_list_is_referred_to_by_id_or_by_name(opened, folder):
    write(
        folder,
        "Team.csv",
        [
            ["Code", "First", "Last", "Mail"],
            ["7", "Ann", "Jones", "ann@clinic.example"],
            ["8", "Raj", "Shah", ""],
        ],
    )
    by_name = (
        SORTED
        + "  Team.csv: {stream: clinicians, columns: {Code: userId, First: firstName, Last: lastName, Mail: email}}\n"
    )
    write(
        folder,
        "Diary.csv",
        [
            DIARY[0],
            ["A1", "C1001", "13/01/2026", "9:30", "30", "Dr Ann Jones", "DNA"],
            ["A2", "C1001", "14/01/2026", "9:30", "30", "Dr Raj Shah", "DNA"],
        ],
    )
    source = opened(by_name)
    assert [one.values["userId"] for one in records(source, "appointments").values()] == ["7", "8"]
    assert set(records(source, "clinicians")) == {"7", "8"}
    source.close()
    write(folder, "Diary.csv", [DIARY[0], ["A1", "C1001", "13/01/2026", "9:30", "30", "007", "DNA"]])
    source = opened(by_name)
    assert records(source, "appointments")["A1"].values["userId"] == "7"
    source.close()  # fmt: skip


def test_a_status_in_a_file_of_its_own_means_itself_or_what_was_said(opened, folder):
    write(folder, "States.csv", [["No", "State"], ["1", "No-Show"], ["2", "Fertig"], ["3", "Broken"]])
    write(folder, "Diary.csv", [DIARY[0], ["A1", "C1001", "13/01/2026", "9:30", "30", "Dr Jones", "2"]])
    sorting = SORTED + (
        "  States.csv: {stream: appointment_statuses, columns: {No: id, State: name}, "
        "words: {canonical: {Fertig: completed, Broken: '?'}}}\n"
    )
    source = opened(sorting)
    found = records(source, "appointment_statuses")
    assert [found[key].values["canonical"] for key in "123"] == ["no_show", "completed", None]
    assert records(source, "appointments")["A1"].values["appointmentStatusId"] == "2"
    source.close()


def test_a_whole_name_is_parted(opened, folder):
    rows = [["Client No", "Name"], ["C1", "Byrne, Aoife"], ["C2", "Mr Brian O'Shea"]]
    write(folder, "Client List.csv", rows)
    sorting = """
approved_by: Maria
files:
  Client List.csv: {stream: patients, columns: {Client No: patientId, Name: firstName + lastName}}
"""
    source = opened(sorting)
    values = [one.values for one in records(source, "patients").values()]
    assert [(one["firstName"], one["lastName"]) for one in values] == [
        ("Aoife", "Byrne"),
        ("Brian", "O'Shea"),
    ]
    source.close()


def test_a_record_without_an_id_has_one_made_of_it(opened):
    first = opened()
    once = sorted(records(first, "clinical_notes"))
    first.close()
    again = opened()
    assert sorted(records(again, "clinical_notes")) == once
    assert all(key.startswith("row-") for key in once)
    again.close()


def test_a_problem_is_told_with_the_folder_s_own_file_and_line(opened, folder):
    write(
        folder,
        "Diary.csv",
        [
            *DIARY,
            ["A5", "C1001", "13/01/2026"],
            ["A6", "C1001", "31/13/2026", "9:30", "30", "Dr Jones", "DNA"],
        ],
    )
    source = opened()
    diary = records(source, "appointments")
    assert (diary["A5"].staged.fate, diary["A5"].staged.reason) == (Fate.REJECTED, "ragged_row")
    assert diary["A6"].staged.detail.startswith("Diary.csv, line 7: appointmentTime")
    assert (diary["A6"].staged.reason, diary["A6"].staged.line) == ("date_format_mismatch", 7)
    left = records(source, "patients")["C1003"]
    assert (left.staged.reason, left.staged.detail[:24]) == ("unmapped_status", "Client List.csv, line 4:")
    source.close()  # fmt: skip


def test_what_is_left_out_is_listed(opened, folder):
    write(folder, "Client List.csv", [[*CLIENTS[0], "Parking"], *([*row, "yes"] for row in CLIENTS[1:])])
    write(folder, "New.csv", [["a"], ["b"]])
    source = opened()
    found = {(finding.code, finding.file) for finding in source.findings()}
    assert {
        ("unknown_file", "Stock.csv"),
        ("unknown_file", "New.csv"),
        ("column_left_out", "Client List.csv"),
        ("field_appeared", "Client List.csv"),
    } <= found
    source.close()


def test_nothing_is_read_before_somebody_has_signed(opened):
    with pytest.raises(MappingIncomplete, match=r"there is no mapping/csv\.yaml"):
        opened(None).describe()
    with pytest.raises(ApprovalMissing, match="nobody has approved it"):
        opened(SORTED.replace("Maria", '""')).describe()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Surname: lastName", 'Surname: "lastName?"', r"'Client List.csv': no column is confirmed as lastName"),
        ("stream: patients", 'stream: "patients?"', "no file is confirmed as patients"),
        ("Mob: mobile", "Mob: firstName", r"2 columns are confirmed as firstName"),
        ("Client List.csv:", "Klienten.csv:", "'Klienten.csv' is, but there is no such file"),
    ],
)  # fmt: skip
def test_what_a_person_has_to_mend_is_named(opened, old, new, said):
    source = opened(SORTED.replace(old, new, 1))
    with pytest.raises(PreflightFailed, match=said):
        source.describe()
    assert not list(Path(source._state).glob("csv-*"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Surname: lastName", "Surname: sirname", "column 'Surname': patients has no field sirname"),
        ("stream: patients", "stream: people", "has the stream people, which is none"),
        ("approved_by", "aproved_by", "aproved_by"),
        ("dd/mm/yyyy", "d.m.y", "date_format"),
        ("  Client", " - Client", r"csv\.yaml:\d+ is not YAML"),
    ],
)
def test_a_wrong_line_is_named(opened, old, new, said):
    with pytest.raises(MappingIncomplete, match=said):
        opened(SORTED.replace(old, new, 1)).describe()


def test_files_that_are_none_stop_it_with_one_error(opened, folder, tmp_path):
    with pytest.raises(SettingsInvalid, match="bundle is not set"):
        opened(bundle="")
    with pytest.raises(PreflightFailed, match="there is no such folder"):
        opened(bundle=str(tmp_path / "nowhere")).tables()
    (tmp_path / "empty").mkdir()
    with pytest.raises(PreflightFailed, match="no CSV file"):
        opened(bundle=str(tmp_path / "empty")).tables()
    (folder / "torn.csv").write_text('a,b\n1,"2\n', encoding="utf-8")
    with pytest.raises(PreflightFailed, match=r"torn.csv, line 2: a quote"):
        opened().tables()
    (folder / "torn.csv").write_text("a,a\n1,2\n", encoding="utf-8")
    with pytest.raises(PreflightFailed, match="the column 'a' is there twice"):
        opened().tables()


def test_the_converted_files_are_gone_after_closing(opened, tmp_path):
    source = opened()
    snapshot = stage(source, tmp_path / "snapshots")
    (folder,) = (tmp_path / ".wherry").glob("csv-*")
    sheets = b"".join(path.read_bytes() for path in folder.glob("*.csv"))
    assert sheets.count(b"WHSEALED") == len(list(folder.glob("*.csv"))) > 1
    assert b"patientId" not in sheets
    source.close()
    assert not list((tmp_path / ".wherry").glob("csv-*"))
    assert snapshot.counts()["appointments"]["rejected"] == 1  # the one of a client who is not there


def test_doctor_says_what_is_to_be_done(opened):
    (open_, sorted_) = list(opened(None).probe())
    assert (open_.ok, open_.message) == (True, "4 CSV files")
    assert (sorted_.ok, sorted_.fatal, sorted_.hint) == (False, False, "wherry discover")
    assert all(check.ok for check in opened().probe())
