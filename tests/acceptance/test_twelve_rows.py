"""The twelve rows on every plan: a table of what lands, counted from the export by this file alone.

One migration of the example clinic per plan, every case in it, all privacy classes opened. Each row's check looks
at what the account holds, not at what Wherry says of it; then everything is proved, and taken back.
"""

import csv
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clinic_journey import QUICK, SEED_FILE, SOURCE_ID, Journey, make_bundle

PLANS = ("growth", "pro", "enterprise")
CLASSIC = "enterprise of the Classic edition"
FULL = ("pro", "enterprise")
MODULE = "cm_treatment_plan_rv"
MARKER = re.compile(r"\n\n\[aerona:([a-z_]+):(\S+?)(?: (\d+)/(\d+))?\]$")
STANDING = ("in_progress", "accepted", "proposed")  # statuses of a plan that may be the active one
TYPES = {
    "text": "text",
    "date": "date",
    "number": "number",
    "dropdown": "dropdown",
    "multi": "multi_select_dropdown",
    "long": "textarea",
}
CUSTOM = {
    "Dentist notes preference": "long",
    "Preferred language": "dropdown",
    "Loyalty tier": "dropdown",
    "First seen": "date",
    "Newsletter topics": "multi",
    "Mouthguard size": "number",
}

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Export:
    """The bundle as its files say, with what is expected to be held back or filtered."""

    folder: Path
    rows: Mapping[str, list[Row]]
    held: Mapping[str, Mapping[str, Any]]
    master: Mapping[str, str]
    nobody: frozenset[str]  # patients whose address is not anybody's

    def ready(self, stream: str, key: str) -> list[Row]:
        """The rows of a stream that are to arrive, each once."""
        found = {row[key]: row for row in self.rows[stream] if row[key] not in self.held[stream]}
        return list(found.values())

    def patient(self, row: Row) -> str:
        """The patient that a row belongs to, once merges are followed."""
        id_ = row["patientId"]
        while id_ in self.master:
            id_ = self.master[id_]
        return id_

    @property
    def patients(self) -> dict[str, Row]:
        return {row["patientId"]: row for row in self.ready("patients", "patientId")}

    @property
    def booked(self) -> set[str]:
        return {self.patient(row) for row in self.rows["appointments"] if row["patientId"]}


def read_export(out: Path) -> Export:
    """Make the clinic and read its bundle as plain CSV."""
    expected = make_bundle(out)
    nobody = frozenset(expected["cases"]["placeholder_emails"]["keys"]["patients"])
    folder = out / "bundle"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rows: dict[str, list[Row]] = {}
    for entry in manifest["files"]:
        text = (folder / entry["name"]).read_bytes().decode(entry["encoding"]).removeprefix("\ufeff")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=entry["delimiter"])
        rows[entry["name"].removesuffix(".csv")] = list(reader)
    master = {row["duplicateId"]: row["masterId"] for row in rows["merges"]}
    return Export(folder=folder, rows=rows, held=expected["records"], master=master, nobody=nobody)


@dataclass(frozen=True, slots=True)
class Account:
    """What an account holds after the load, and what came of proving and taking back."""

    plan: str
    classic: bool
    way: Journey
    records: Mapping[str, list[dict[str, Any]]]
    files: list[dict[str, Any]]
    selectors: Mapping[str, list[dict[str, Any]]]
    fields: Mapping[str, list[dict[str, Any]]]
    frozen: Any
    run: Any
    proof: Any
    back: Any
    before: Any
    after: Any

    def contacts(self) -> dict[str, dict[str, Any]]:
        """Our contacts by patient id."""
        ours = [one for one in self.records["contact"] if one.get("external_id")]
        found = {str(one["external_id"]): one for one in ours}
        assert len(found) == len(ours)
        return found

    def people(self) -> dict[str, dict[str, Any]]:
        """Our contacts, and on Classic our leads, by patient id; nobody is both."""
        contacts, leads = self.contacts(), self.by_source("lead")
        assert not set(contacts) & set(leads)
        return contacts | leads

    def by_source(self, entity: str) -> dict[str, dict[str, Any]]:
        """Our records of an entity by source id."""
        ours = [one for one in self.records[entity] if (one.get("custom_field") or {}).get(SOURCE_ID)]
        found = {str(one["custom_field"][SOURCE_ID]): one for one in ours}
        assert len(found) == len(ours)
        return found

    def marked(self, entity: str, word: str) -> dict[str, list[dict[str, Any]]]:
        """Our records of an entity by the id in their marker, parts in order."""
        found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        for one in self.records[entity]:
            hit = MARKER.search(str(one.get("description") or ""))
            if hit and hit[1] == word:
                number = int(hit[3] or 1)
                assert number not in found[hit[2]], hit[0]
                found[hit[2]][number] = one
        return {key: [parts[n] for n in sorted(parts)] for key, parts in found.items()}

    def names(self, selector: str) -> dict[int, str]:
        return {row["id"]: row.get("name") or row.get("email") for row in self.selectors[selector]}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return read_export(tmp_path_factory.mktemp("clinic"))


@pytest.fixture(scope="module", params=[*PLANS, CLASSIC])
def account(
    request: pytest.FixtureRequest,
    module_emulator_factory: Any,
    export: Export,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Account]:
    """A whole migration on this plan: there, proved, and back."""
    plan = request.param.split()[0]
    classic = request.param == CLASSIC
    edition = ("--switch", "edition=classic") if classic else ()
    policy = 'edition = "classic"' if classic else ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHERRY_DESTINATION__API_KEY", "emulator-key")
        emulator = module_emulator_factory("--plan", plan, "--seed-file", str(SEED_FILE), *QUICK, *edition)
        way = Journey(tmp_path_factory.mktemp(plan) / "ws", emulator, export.folder, plan=plan, policy=policy)
        before = way.state()
        way.planned()
        with way.open() as workspace:
            frozen = workspace.plan()
        assert way.prepare().exit_code == 0
        run = way.load()
        modules = [name for name in emulator.admin("state") if name.startswith("cm_")]
        entities = (
            "contact",
            "lead",
            "sales_account",
            "deal",
            "product",
            "task",
            "appointment",
            "note",
            *modules,
        )
        records = {entity: way.live(entity) for entity in entities}
        files = emulator.admin("files")["files"]
        selectors = emulator.admin("dump")["selectors"] | {"users": emulator.admin("dump")["users"]}
        fields = {
            name: emulator.call("GET", f"/settings/{name}/fields")[1]["fields"] for name in ("contacts",)
        }
        proof = way.reconcile()
        back = way.rollback()
        yield Account(
            plan,
            classic,
            way,
            records,
            files,
            selectors,
            fields,
            frozen,
            run,
            proof,
            back,
            before,
            way.state(),
        )


# the rows --------------------------------------------------------------------------------------------


def patients(export: Export, account: Account) -> None:
    """Row 1: each patient is there once, found by its id; each primary address once, none lost."""
    there = account.people()
    assert set(there) == set(export.patients)
    addresses = [one["email"].casefold() for one in there.values() if one.get("email")]
    assert len(addresses) == len(set(addresses))
    for key, row in export.patients.items():
        custom = there[key]["custom_field"]
        assert custom[SOURCE_ID] == key
        if row["email"] and key not in export.nobody:
            held = (there[key].get("email"), custom.get("cf_secondary_email"))
            assert row["email"].strip().casefold() in {str(one).casefold() for one in held}, key


def prospects(export: Export, account: Account) -> None:
    """Row 2: who never booked is in the stage Lead, everybody else a customer; on Classic they are leads."""
    asking = set(export.patients) - export.booked
    assert len(asking) >= 4
    if account.classic:
        assert set(account.by_source("lead")) == asking
        return
    assert account.by_source("lead") == {}
    stages = account.names("lifecycle_stages")
    found = {key: stages[one["lifecycle_stage_id"]] for key, one in account.contacts().items()}
    assert {key for key, stage in found.items() if stage == "Lead"} == asking
    assert set(found.values()) == {"Lead", "Customer"}


def appointments(export: Export, account: Account) -> None:
    """Rows 3 and 4: each appointment of a patient lands once, upcoming ones in the calendar where there is one."""
    tasks, events = account.marked("task", "appointments"), account.marked("appointment", "appointments")
    wanted = {row["appointmentId"]: row for row in export.ready("appointments", "appointmentId")}
    assert set(tasks) | set(events) == set(wanted)
    assert not set(tasks) & set(events)
    assert bool(events) == (account.plan in FULL)
    exported = "2026-10-02"
    assert all(one["from_date"][:10] >= exported for (one,) in events.values())
    if account.plan in FULL:
        late = [one for (one,) in tasks.values() if one["due_date"][:10] > exported]
        assert all(one["status"] == 1 for one in late)  # cancelled already
    people = {one["id"]: key for key, one in account.contacts().items()}
    for key, (one,) in {**tasks, **events}.items():
        assert [people[target["id"]] for target in one["targetables"]] == [export.patient(wanted[key])]


def providers(export: Export, account: Account) -> None:
    """Row 5: what a clinician has is owned by the user of that address, all else by the fallback owner."""
    users = {str(row["email"]).strip().casefold(): row["id"] for row in account.selectors["users"]}
    fallback = users["ops@riverside.example.com"]
    owner = {
        row["userId"]: users.get(row["email"].replace(" ", "").casefold(), fallback)
        for row in export.rows["clinicians"]
    }
    matched = {key for key, id_ in owner.items() if id_ != fallback}
    assert len(matched) >= 5
    active = {row["id"] for row in account.selectors["users"] if row.get("is_active") is not False}
    for key, one in account.people().items():
        assert one["owner_id"] in active
        preferred = export.patients[key]["preferredClinicianId"]
        if preferred in matched and owner[preferred] in active:
            assert one["owner_id"] == owner[preferred], key


def treatment_plans(export: Export, account: Account) -> None:
    """Row 6: a record a plan on Enterprise; elsewhere the active plan on the contact, older ones as notes."""
    plans = {row["planId"]: row for row in export.ready("treatment_plans", "planId")}
    moving = {key for key, row in plans.items() if export.patient(row) in export.patients}
    told = {
        key
        for key, one in account.contacts().items()
        if one["custom_field"].get("cf_treatment_plan_status_c")
    }
    notes = account.marked("note", "treatment_plans")
    if account.plan == "enterprise":
        assert set(account.by_source(MODULE)) == moving
        assert (told, notes) == (set(), {})
        for row in export.rows["treatment_items"]:
            if row["planId"] in moving:
                custom = account.by_source(MODULE)[row["planId"]]["custom_field"]
                text = "".join(
                    str(custom.get(name) or "") for name in ("cf_items", "cf_items_2", "cf_items_3")
                )
                assert f"item {row['itemId']}" in text
        return
    assert MODULE not in account.records
    standing = {export.patient(plans[key]) for key in moving if plans[key]["status"] in STANDING}
    assert told == standing
    assert len(notes) == len(moving) - len(standing)


def clinical_notes(export: Export, account: Account) -> None:
    """Row 7: the parts of each note, joined, are its text byte for byte."""
    found = account.marked("note", "notes")
    wanted = {row["noteId"]: row for row in export.ready("clinical_notes", "noteId")}
    assert set(found) == set(wanted)
    for key, parts in found.items():
        bodies = [MARKER.sub("", one["description"]).partition("\n")[2] for one in parts]
        assert "".join(bodies) == wanted[key]["text"], key
        assert wanted[key]["notedAt"][:4] in parts[0]["description"].partition("\n")[0]
    assert max(len(parts) for parts in found.values()) > 5


def invoices(export: Export, account: Account) -> None:
    """Row 8: a deal of its total for each invoice; its lines products where there is a catalogue, text anyway."""
    deals = account.by_source("deal")
    wanted = {row["invoiceId"]: row for row in export.ready("invoices", "invoiceId")}
    assert set(deals) == set(wanted)
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in export.ready("invoice_lines", "lineId"):
        lines[row["invoiceId"]].append(row)
    for key, deal in deals.items():
        assert float(deal["amount"]) == float(wanted[key]["total"]), key
        assert all(
            f"Line {row['lineId']}:" in deal["custom_field"]["cf_description"] for row in lines[key]
        ), key
    codes = [one["product_code"] for one in account.records["product"]]
    assert len(codes) == len(set(codes))
    assert bool(codes) == (account.plan in FULL)
    assert any(deal.get("products") for deal in deals.values()) == (account.plan in FULL)


def recalls(export: Export, account: Account) -> None:
    """Row 9: the guide holds each rule once, with all recalls that stand."""
    guide = json.loads((account.way.reports("recall-guide.json")).read_text(encoding="utf-8"))
    rules = [(r["type"], r["interval_months"], r["method"], r["exempt"]) for r in guide["rules"]]
    assert len(rules) == len(set(map(str, rules)))
    asked = {
        (row["type"], row["intervalMonths"], row["method"].casefold(), row["exempt"])
        for row in export.ready("recalls", "recallId")
    }
    assert len(rules) == len(asked)
    assert guide["live"] == len(export.ready("recalls", "recallId"))
    for name in ("recall-guide.html", "recall-guide.md"):
        assert account.way.reports(name).stat().st_size > 1_000


def custom_fields(export: Export, account: Account) -> None:
    """Row 10: each of the clinic's own columns is a field of its type, filled for everybody who has a value."""
    fields = {row["label"]: row for row in account.fields["contacts"] if row["name"].startswith("cf_")}
    there = account.people()
    for label, kind in CUSTOM.items():
        field = fields[label]
        assert field["type"] == TYPES[kind], label
        filled = {key for key, row in export.patients.items() if row[f"custom:{label}"].strip()}
        assert {key for key in there if there[key]["custom_field"].get(field["name"])} == filled, label
    assert len([label for label in CUSTOM if fields[label].get("choices")]) == 3


def practices(export: Export, account: Account) -> None:
    """Row 11: an account a practice, one for those without; names are unique; every patient has the right one."""
    there = account.by_source("sales_account")
    wanted = {row["practiceId"] for row in export.ready("practices", "practiceId")}
    assert set(there) == wanted | {"@unassigned"}
    names = [one["name"].casefold() for one in account.records["sales_account"]]
    assert len(names) == len(set(names))
    homes = {one["id"]: key for key, one in there.items()}
    for key, one in account.contacts().items():
        mine = [homes[row["id"]] for row in one["sales_accounts"] if row["id"] in homes]
        assert mine == [export.patients[key]["practiceId"] or "@unassigned"], key


def documents(export: Export, account: Account) -> None:
    """Row 12: each document is a file on its patient's contact, byte for byte, under its name."""
    wanted = {row["documentId"]: row for row in export.ready("documents", "documentId")}
    found = {re.findall(r"\[aerona:documents:(\d+)\]", one["name"])[-1]: one for one in account.files}
    assert len(found) == len(account.files)
    assert set(found) == set(wanted)
    people = {one["id"]: key for key, one in account.contacts().items()}
    for key, one in found.items():
        content = (export.folder / wanted[key]["ref"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest() == wanted[key]["sha256"]
        assert [people[target["id"]] for target in one["targetables"]] == [export.patient(wanted[key])]


ROWS: Mapping[str, Callable[[Export, Account], None]] = {
    "1 patients": patients,
    "2 prospects": prospects,
    "3 and 4 appointments": appointments,
    "5 providers": providers,
    "6 treatment plans": treatment_plans,
    "7 clinical notes": clinical_notes,
    "8 invoices": invoices,
    "9 recalls": recalls,
    "10 custom fields": custom_fields,
    "11 practices": practices,
    "12 documents": documents,
}


@pytest.mark.parametrize("row", ROWS)
def test_what_lands(export: Export, account: Account, row: str) -> None:
    ROWS[row](export, account)


def test_each_record_is_in_one_counted_state_and_proved(export: Export, account: Account) -> None:
    assert account.run.exit_code == 0
    streams = account.run.document()["streams"]
    for stream, rows in export.rows.items():
        line = streams[stream]
        assert line["read"] == len(rows), stream
        assert (line["unexplained"], line["pending"]) == (0, 0), stream
        assert line["read"] == sum(n for name, n in line.items() if name not in {"read", "unexplained"}), (
            stream
        )
    proof = account.proof.document()
    assert account.proof.exit_code == 0, proof
    assert proof["ok"]
    assert all((line["different"], line["missing"]) == (0, 0) for line in proof["streams"].values())
    assert account.way.unexplained() == 0


def test_every_field_has_a_fate_and_the_plan_says_so(export: Export, account: Account) -> None:
    coverage = account.frozen.extra["coverage"]
    assert coverage["explained"] == coverage["fields"]
    assert coverage["fields"] >= sum(len(rows[0]) for rows in export.rows.values() if rows)
    lines = account.way.reports("coverage.csv").read_text(encoding="utf-8").splitlines()
    fates = list(csv.DictReader(lines))
    told = {(row["stream"], row["field"]) for row in fates}
    assert told >= {(name, column) for name, rows in export.rows.items() if rows for column in rows[0]}
    assert all(row["fate"] != "unexplained" for row in fates)


def test_what_cannot_be_undone_was_approved_and_all_else_is_as_before(account: Account) -> None:
    said = " ".join(str(line["what"]) for line in account.frozen.irreversible)
    assert "custom field 'Source_System_ID__c' on contacts" in said
    assert ("custom module" in said) == (account.plan == "enterprise")
    assert f"{len(account.files)} files" in said
    assert account.back.exit_code == 0, account.back.document()
    assert (account.back.kept_edited, account.back.blocked) == (0, 0)
    assert account.back.irreversible >= len(account.files)
    assert account.after == account.before
