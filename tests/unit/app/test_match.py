from pathlib import Path

import pytest

from wherry.app.match import match
from wherry.model.errors import UsageInvalid

COLUMNS = "source_object,source_header,sample_1,sample_2\nPatients,Mobile No.,07700 900123,\n"
TARGETS = (
    "object,field,label,type,required,picklist\n"
    "contact,mobile_number,Mobile,phone,false,\n"
    "contact,status,Status,dropdown,false,Active|Inactive\n"
    "note,description,Description,textarea,true,\n"
)


def run(
    folder: Path, columns: str = COLUMNS, targets: str = TARGETS, **objects: str
) -> list[dict[str, object]]:
    (folder / "c.csv").write_bytes(columns.encode())
    (folder / "t.csv").write_bytes(targets.encode())
    return match(folder / "c.csv", folder / "t.csv", objects).document()["proposals"]


def test_the_document(tmp_path: Path) -> None:
    (line,) = run(tmp_path)
    assert (line["source_object"], line["source_header"]) == ("Patients", "Mobile No.")
    assert (line["target"], line["band"]) == ("contact.mobile_number", "green")
    assert line["candidates"][0] == {"target": "contact.mobile_number", "confidence": line["confidence"]}
    assert "\n" not in line["evidence"]


def test_the_versions_that_a_proposal_depends_on_are_named(tmp_path: Path) -> None:
    run(tmp_path)
    document = match(tmp_path / "c.csv", tmp_path / "t.csv").document()
    assert document["engine"]
    assert len(document["lexicon_sha256"]) == 64
    assert len(document["model_sha256"]) == 64


def test_an_object_can_be_fixed(tmp_path: Path) -> None:
    columns = COLUMNS + "Patients,Description,,\n"
    assert run(tmp_path, columns, Patients="note")[1]["target"] == "note.description"


def test_a_byte_order_mark_and_values_of_several_lines_are_fine(tmp_path: Path) -> None:
    columns = '\ufeffsource_object,source_header,sample_1\r\nPatients,Mobile,"07700\n900123"\r\n\r\n'
    assert len(run(tmp_path, columns)) == 1


def test_a_header_comes_back_as_it_stands_in_the_file(tmp_path: Path) -> None:
    lines = run(tmp_path, 'source_object,source_header\nPatients," Mobile No. "\nPatients,"Mobile\nNumber"\n')
    assert [line["source_header"] for line in lines] == [" Mobile No. ", "Mobile\nNumber"]
    assert lines[0]["candidates"][0]["target"] == "contact.mobile_number"
    assert not [line for line in lines if "\n" in line["evidence"]]


def test_empty_cells_behind_the_header_are_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, COLUMNS + "Patients,Status,Active,,,,\n")[1]["target"] == "contact.status"


def test_another_separator_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageInvalid) as refused:
        run(tmp_path, COLUMNS.replace(",", ";"))
    assert "parted by commas" in refused.value.hint


@pytest.mark.parametrize(
    ("columns", "targets", "objects", "said"),
    [
        ("", TARGETS, {}, "c.csv, line 1: there is no column source_object"),
        ("source_object,header\n", TARGETS, {}, "no column source_header"),
        (COLUMNS + "Patients,,1,2\n", TARGETS, {}, "c.csv, line 3, column source_header: is empty"),
        (COLUMNS + "a,b,c,d,e\n", TARGETS, {}, "c.csv, line 3, column 5"),
        (COLUMNS + 'a,"b,c\n', TARGETS, {}, "c.csv, line 3: is no valid CSV"),
        (COLUMNS, "object,field\n", {}, "t.csv, line 1: there is no column label"),
        (COLUMNS, TARGETS + "contact,status,S,text,,\n", {}, "t.csv, line 5, column field: contact.status is there already in line 3"),
        (COLUMNS, TARGETS, {"Nobody": "contact"}, "there is no source object Nobody"),
        (COLUMNS, TARGETS, {"Patients": "deal"}, "there is no target object deal"),
        ("source_object,source_header,sample_1,sample_1\n", TARGETS, {}, "the column sample_1 is there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    tmp_path: Path, columns: str, targets: str, objects: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageInvalid) as refused:
        run(tmp_path, columns, targets, **objects)
    assert said in refused.value.message
    assert refused.value.hint


def test_text_that_is_not_utf8_is_named_by_line(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "c.csv").write_bytes(COLUMNS.encode() + b"Patients,Tel\xe9phone,,\n")
    with pytest.raises(UsageInvalid, match=r"c\.csv, line 3: is not UTF-8"):
        match(tmp_path / "c.csv", tmp_path / "t.csv")


def test_a_message_holds_no_sample(tmp_path: Path) -> None:
    with pytest.raises(UsageInvalid) as refused:
        run(tmp_path, COLUMNS + "Patients,,quillfeather,\n")
    assert "quillfeather" not in str(refused.value)
