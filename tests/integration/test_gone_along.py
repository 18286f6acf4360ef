"""What went with the record it belonged to is made anew when that record comes back, whatever took it away."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

import wherry.app.rollback
import wherry.engine.undo
from small_export import write_export
from wherry.app.report import report
from wherry.app.rollback import rollback

BYTES = b"%PDF-1.4 consent"
PATIENTS = (
    "patientId,firstName,lastName,email,status,practiceId,town\n"
    "1,Ana,Brook,ana@clinic.example,active,1,Cork\n2,Ben,Cole,ben@clinic.example,active,1,Sligo\n"
)
SECOND = "2,Ben,Cole,ben@clinic.example,active,1,Sligo\n"
DOCUMENTS = "documentId,patientId,kind,fileName,mime,bytes,sha256,ref\n" + "".join(
    f"{n},{n},letter,Consent.pdf,application/pdf,{len(BYTES)},{hashlib.sha256(BYTES).hexdigest()},documents/{n}.pdf\n"
    for n in (1, 2)
)
FILES = {
    "practices": "practiceId,name,timeZone,currency\n1,Ashmere,Europe/London,GBP\n",
    "appointment_statuses": "id,name,canonical\n1,Booked,booked\n",
    "patients": PATIENTS,
    "appointments": (
        "appointmentId,patientId,practiceId,appointmentStatusId,appointmentTime,duration\n"
        "1,1,1,1,2026-11-02T09:00,30\n2,2,1,1,2026-11-03T09:00,30\n"
    ),
    "treatment_plans": "planId,patientId,userId,name,status,createdAt,total\n1,1,,Implant,in_progress,2025-01-01T09:00:00Z,0\n",
    "treatment_items": "itemId,planId,code,description,fee,netPrice,status\n1,1,EX1,Exam,52,52,completed\n",
    "invoices": "invoiceId,patientId,date,currency,total,outstanding,status\n1,1,2026-03-03,GBP,52.00,52.00,unpaid\n",
    "invoice_lines": "lineId,invoiceId,lineType,itemId,description,qty,net,vat,gross\n1,1,treatment,1,Exam,1,52.00,0,52.00\n",
    "documents": DOCUMENTS,
}


class Killed(BaseException):
    """The process dies here."""


def export(folder: Path, **other: str) -> Path:
    write_export(folder, {**FILES, **other})
    (folder / "documents").mkdir()
    for number in (1, 2):
        (folder / "documents" / f"{number}.pdf").write_bytes(BYTES)
    return folder


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    return export(tmp_path / "clinic")


def files(way: Any) -> dict[str, str]:
    """Document → patient, of the files on contacts that are live."""
    live = {one["id"]: one["external_id"] for one in way.live("contact") if one.get("external_id")}
    on = [(one["name"], one["targetables"][0]["id"]) for one in way.emulator.admin("files")["files"]]
    found = [(name.rpartition(":")[2].rstrip("]"), live[home]) for name, home in on if home in live]
    assert len(dict(found)) == len(found)
    return dict(found)


def products(way: Any) -> int:
    return sum(len(deal.get("products") or ()) for deal in way.live("deal"))


def die(*_args: Any) -> Any:
    raise Killed


def die_at_a_contact(_self: Any, judgement: Any) -> Any:
    if judgement.attempt.operation.stream == "contacts":
        raise Killed
    return judgement


def test_a_rollback_killed_behind_a_deal_and_a_load_after_it(
    journey: Any, practice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    assert products(way) == 1
    confirm = way.preview().preview.confirm
    with monkeypatch.context() as dying:
        dying.setattr(wherry.engine.undo, "gone_along", die)
        with pytest.raises(Killed):
            way.rollback(confirm)
    assert products(way) == 0
    way.load()
    assert products(way) == 1
    assert way.reconcile().exit_code == 0
    way.assert_once()
    assert way.unexplained() == 0
    assert way.rollback().exit_code == 0
    assert products(way) == 0


def test_a_rollback_killed_behind_a_contact_and_a_load_after_it(
    journey: Any, practice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    assert files(way) == {"1": "1", "2": "2"}
    confirm = way.preview().preview.confirm
    with monkeypatch.context() as dying:
        dying.setattr(wherry.app.rollback.Uploads, "foresee", die_at_a_contact)
        with pytest.raises(Killed):
            way.rollback(confirm)
    way.load()
    assert files(way) == {"1": "1", "2": "2"}
    way.assert_once()
    assert way.unexplained() == 0


def test_a_rollback_killed_behind_a_contact_and_resumed_counts_every_write(
    journey: Any, practice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    before = way.preview()
    with monkeypatch.context() as dying:
        dying.setattr(wherry.app.rollback.Uploads, "foresee", die_at_a_contact)
        with pytest.raises(Killed):
            way.rollback(before.preview.confirm)
    back = way.rollback(before.preview.confirm)
    assert (back.reverted, back.irreversible, back.writes) == (
        before.reverted,
        before.irreversible,
        before.writes,
    )


def test_a_patient_whom_the_source_lost_and_found_has_his_file_again(
    journey: Any, practice: Path, tmp_path: Path
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    gone = export(
        tmp_path / "gone",
        patients=PATIENTS.replace(SECOND, ""),
        appointments=FILES["appointments"].replace("2,2,1,1,2026-11-03T09:00,30\n", ""),
        documents="".join(FILES["documents"].splitlines(keepends=True)[:2]),
    )
    way.delta(gone)
    assert files(way) == {"1": "1"}
    way.delta(practice)
    assert files(way) == {"1": "1", "2": "2"}
    assert way.reconcile().exit_code == 0
    way.assert_once()
    shown = way.preview()
    back = way.rollback(shown.preview.confirm)
    assert (back.reverted, back.irreversible, back.writes) == (
        shown.reverted,
        shown.irreversible,
        shown.writes,
    )


def test_a_patient_whom_a_later_sample_left_out_has_his_file_after_the_load(
    journey: Any, practice: Path, tmp_path: Path
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.sample()
    assert files(way) == {"1": "1", "2": "2"}
    (path,) = (way.directory / "mapping").glob("01_patients.yaml")
    text = path.read_text(encoding="utf-8").replace("from: town,", "from: x,")
    text = text.replace("from: county,", "from: town,").replace("from: x,", "from: county,")
    path.write_text(text, encoding="utf-8")
    keys = tmp_path / "keys.csv"
    keys.write_text("patientId\n1\n", encoding="utf-8")
    way.plan()
    way.approve()
    assert way.prepare().exit_code == 0
    way.sample(keys=keys)
    assert files(way) == {"1": "1"}
    way.load()
    assert files(way) == {"1": "1", "2": "2"}
    assert way.reconcile().exit_code == 0
    way.assert_once()


def test_the_file_of_a_patient_who_is_merged_is_on_the_other_one(
    journey: Any, practice: Path, tmp_path: Path
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    merged = export(tmp_path / "merged", merges="duplicateId,masterId\n2,1\n")
    way.delta(merged)
    assert files(way) == {"1": "1", "2": "1"}
    before = way.state()
    way.delta(merged)
    assert way.state() == before
    assert way.unexplained() == 0
    assert way.reconcile().exit_code == 0
    way.assert_once()
    shown = way.preview()
    back = way.rollback(shown.preview.confirm)
    assert (back.reverted, back.irreversible, back.writes) == (
        shown.reverted,
        shown.irreversible,
        shown.writes,
    )
    assert files(way) == {}


def test_a_delta_that_changed_the_lines_of_a_deal_is_taken_back_alone(
    journey: Any, practice: Path, tmp_path: Path
) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    before = way.live("deal")[0]
    later = export(
        tmp_path / "later",
        invoices=FILES["invoices"].replace("52.00,52.00,unpaid", "199.00,199.00,unpaid"),
        invoice_lines=FILES["invoice_lines"].replace("Exam,1,52.00,0,52.00", "Exam,2,104.00,0,104.00")
        + "2,1,shop,,Brushes,1,95.00,0,95.00\n",
    )
    changed = way.delta(later).run
    deal = way.live("deal")[0]
    assert (len(deal["products"]), float(deal["amount"])) == (2, 199.0)
    with way.open() as workspace:
        shown = rollback(workspace, preview=True, run=changed)
    with way.open() as workspace:
        back = rollback(workspace, run=changed, confirm=shown.preview.confirm)
    assert (back.reverted, back.writes) == (shown.reverted, shown.writes)
    assert back.reverted == back.writes
    deal = way.live("deal")[0]
    rows = [{n: row[n] for n in ("product_id", "quantity", "unit_price")} for row in deal["products"]]
    assert rows == [
        {n: row[n] for n in ("product_id", "quantity", "unit_price")} for row in before["products"]
    ]
    assert float(deal["amount"]) == float(before["amount"])
    way.delta(later)
    assert way.reconcile().exit_code == 0
    assert way.rollback().exit_code == 0
    assert products(way) == 0


def test_products_of_a_deal_that_a_person_changed_keep_the_deal(journey: Any, practice: Path) -> None:
    way = journey(bundle=practice, plan="pro").prepared()
    way.load()
    deal = way.live("deal")[0]
    row = {"id": deal["products"][0]["product_id"], "quantity": 2, "unit_price": 26}
    for change in ({"products": [row]}, {"amount": 52}):
        assert way.emulator.call("PUT", f"/deals/{deal['id']}", {"deal": change})[0] == 200
    back = way.rollback()
    assert (back.exit_code, back.kept_edited) == (7, 1)
    assert [one["products"][0]["quantity"] for one in way.live("deal")] == [2]


def a_person_deletes_the_first_patient_and_the_second_one_s_task(way: Any) -> None:
    """With the contact go his file and what is attached to his deal, which stays."""
    contact = next(one for one in way.live("contact") if one.get("external_id") == "1")
    task = next(one for one in way.live("task") if "appointments:2]" in str(one.get("description")))
    for path in (f"/contacts/{contact['id']}", f"/tasks/{task['id']}"):
        assert way.emulator.call("DELETE", path)[0] == 200


def test_what_a_person_had_deleted_stands_no_longer_behind_a_rollback_and_comes_again(
    journey: Any, practice: Path
) -> None:
    way = journey(bundle=practice, plan="pro", policy='appointments = "task"').prepared()
    loaded = way.load()
    there = way.marks()
    a_person_deletes_the_first_patient_and_the_second_one_s_task(way)
    shown = way.preview()
    assert shown.already_gone >= 3  # the contact, his file, the task
    back = way.rollback(shown.preview.confirm)
    assert (back.already_gone, back.reverted, back.exit_code) == (shown.already_gone, shown.reverted, 0)
    with way.open() as workspace:
        assert report(workspace).standing == ()
    assert way.preview().already_gone == 0
    again = way.load()
    assert {name: line.states for name, line in again.streams.items()} == {
        name: line.states for name, line in loaded.streams.items()
    }
    assert way.marks() == there
    assert files(way) == {"1": "1", "2": "2"}
    assert way.reconcile().exit_code == 0


def test_a_rollback_killed_behind_a_contact_that_a_person_had_deleted_counts_the_same(
    journey: Any, practice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = journey(bundle=practice, plan="pro", policy='appointments = "task"').prepared()
    way.load()
    a_person_deletes_the_first_patient_and_the_second_one_s_task(way)
    shown = way.preview()
    with monkeypatch.context() as dying:
        dying.setattr(wherry.app.rollback.Uploads, "foresee", die_at_a_contact)
        with pytest.raises(Killed):
            way.rollback(shown.preview.confirm)
    back = way.rollback(shown.preview.confirm)
    assert back.document()["buckets"] == shown.document()["buckets"]
    with way.open() as workspace:
        assert report(workspace).standing == ()
