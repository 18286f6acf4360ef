"""The example clinic under other people's names and headers is recognised, and stages to what its export stages to."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clinicgen.columns import COLUMNS

from foreign_folder import decide
from wherry.app.sort import sort
from wherry.connectors.bundle import open_bundle
from wherry.connectors.folder import connector
from wherry.connectors.folder.sorting import read_sorting
from wherry.model.errors import ApprovalMissing
from wherry.model.opening import Opening
from wherry.staging import stage

SHEETS: dict[str, tuple[str, str]] = {
    "practices": ("Sites", "practiceId=Site ID|name=Site Name|address1=Street|town=City|postcode=Postcode|timeZone=Timezone|currency=Currency"),
    "clinicians": ("Practitioners", "userId=Practitioner ID|title=Title|firstName=First Name|lastName=Last Name|role=Job Role|email=Work Email|practiceId=Site ID|active=Active"),
    "appointment_types": ("Visit Types", "id=Type ID|name=Type Name|durationDefault=Default Mins"),
    "appointment_statuses": ("Visit Statuses", "id=Status ID|name=Status Name"),
    "patients": ("Clients", "patientId=Client No|householdId=Family No|title=Title|firstName=Forename|lastName=Surname|dateOfBirth=D.O.B|sex=Gender|email=Email Address|mobile=Mob|homePhone=Home Tel|address1=Address Line 1|town=Town|postcode=Post Code|practiceId=Site ID|status=Client Status|allowEmail=Email OK|createdAt=Created On"),
    "households": ("Families", "householdId=Family No|name=Family Name|headPatientId=Head Client No"),
    "appointments": ("Bookings", "appointmentId=Booking Ref|patientId=Client No|practiceId=Site ID|userId=Practitioner ID|appointmentTypeId=Type ID|appointmentStatusId=Status ID|appointmentTime=Starts|duration=Mins|cancelReason=Cancellation Reason"),
    "clinical_notes": ("Treatment Notes", "noteId=Note ID|appointmentId=Booking Ref|patientId=Client No|userId=Practitioner ID|notedAt=Note Date|text=Note"),
    "treatment_plans": ("Treatment Plans", "planId=Plan ID|patientId=Client No|userId=Practitioner ID|name=Plan Name|status=Plan Status|total=Total"),
    "treatment_items": ("Plan Items", "itemId=Item ID|planId=Plan ID|code=Procedure Code|tooth=Tooth|surfaces=Surfaces|material=Material|fee=Fee|discount=Discount|netPrice=Net Price|status=Item Status"),
    "invoices": ("Invoices", "invoiceId=Invoice No|patientId=Client No|date=Invoice Date|currency=Currency|total=Total|status=Invoice Status"),
    "invoice_lines": ("Invoice Lines", "lineId=Line ID|invoiceId=Invoice No|lineType=Line Type|description=Details|qty=Qty|net=Net|vat=VAT|gross=Gross"),
    "payments": ("Payments", "paymentId=Payment No|patientId=Client No|date=Paid On|method=Method|amount=Amount|currency=Currency|status=Payment Status"),
    "recalls": ("Recalls", "recallId=Recall ID|patientId=Client No|type=Recall Type|intervalMonths=Interval (months)|dueDate=Due|status=Recall Status"),
}  # fmt: skip
WORDS = {"Cancelled by patient": "cancelled", "Confirmed by text": "confirmed", "Broken": "cancelled"}


@pytest.fixture
def theirs(clinic: Path, tmp_path: Path) -> tuple[Path, dict[str, dict[str, str]]]:
    """The folder, and by file what each header is in truth."""
    folder, truth = tmp_path / "theirs", {}
    folder.mkdir()
    manifest = json.loads((clinic / "bundle" / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        stream = entry["name"].removesuffix(".csv")
        if stream not in SHEETS:
            continue
        name, spelt = SHEETS[stream]
        named = dict(pair.split("=") for pair in spelt.split("|"))
        with (clinic / "bundle" / entry["name"]).open(encoding=entry["encoding"], newline="") as file:
            rows = [
                dict(zip(COLUMNS[stream], row, strict=False))
                for row in list(csv.reader(file, delimiter=entry["delimiter"]))[1:]
            ]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([named.values(), *([row[column] for column in named] for row in rows)])
        truth[f"{name}.csv"] = {header: column for column, header in named.items()}
    return folder, truth  # fmt: skip


def _judged(proposed: str, truth: str) -> str:
    if proposed == truth:
        return "right"
    if proposed.endswith("?"):
        return "asked" if proposed == f"{truth}?" else "asked wrong"
    return "wrong" if proposed else "none"


def test_it_is_recognised_and_staged_like_the_export(clinic: Path, theirs: Any, tmp_path: Path) -> None:
    folder, truth = theirs
    root = tmp_path / "ws"
    (root / "mapping").mkdir(parents=True)
    (root / ".wherry").mkdir()

    def opened() -> Any:
        settings = {"bundle": str(folder), "timezone": "Europe/Dublin", "currency": "EUR"}
        return connector(Opening(settings=settings, root=root, state=root / ".wherry", clock=None))  # type: ignore[arg-type]  # no clock is looked at

    with pytest.raises(ApprovalMissing):
        sort(SimpleNamespace(mapping_dir=root / "mapping"), opened())  # type: ignore[arg-type]  # all that is asked of a workspace here
    file = root / "mapping" / "csv.yaml"
    proposed = read_sorting(root)
    assert proposed is not None
    assert {name for name, one in proposed.files.items() if one.stream.rstrip("?") == ""} == set()
    judged = Counter(
        _judged(proposed.files[name].columns.get(header, ""), column)
        for name, columns in truth.items()
        for header, column in columns.items()
    )
    assert judged["wrong"] == 0, judged
    assert judged["right"] >= 0.75 * judged.total(), judged
    assert judged["right"] + judged["asked"] >= 0.95 * judged.total(), judged

    text = file.read_text(encoding="utf-8")
    for word, ours in {**WORDS, "Type Name": "name", "Family Name": "name"}.items():  # what a person corrects
        text = re.sub(rf'^(\s+"?{word}"?): [^#\n]*', rf"\1: {ours}  ", text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    decide(file)

    source = opened()
    got = stage(source, tmp_path / "got").counts()
    source.close()
    with open_bundle(clinic / "bundle") as bundle:
        expected = stage(bundle, tmp_path / "expected").counts()
    for stream in SHEETS.keys() - {"patients", "appointments", "clinical_notes"}:
        assert got[stream] == expected[stream], stream
    for stream in ("patients", "appointments", "clinical_notes"):  # merges are in no file here
        assert sum(got[stream].values()) == sum(expected[stream].values())
        assert abs(got[stream]["ready"] - expected[stream]["ready"]) <= 2
