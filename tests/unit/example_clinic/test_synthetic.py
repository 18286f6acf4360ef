"""Nobody in the clinic exists: every address, number and code lies in a range kept for fiction."""

import json
import re

import phonenumbers

from wherry_emulators.freshsales.account import Account
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.faults import Faults
from wherry_emulators.freshsales.switches import Plan, Switches

ADDRESS = re.compile(r"[\w.+'()-]+@([\w.-]+)")
OFCOM = re.compile(r"\+44(7700900\d{3}|2079460\d{3}|1614960\d{3}|1632960\d{3})")
IRISH = re.compile(r"\+353(8[3567]555\d{4}|1555\d{4})")
RESERVED = re.compile(r"(.+\.)?(example\.(com|org|net)|example)")
POSTCODES = {"GB": re.compile(r"ZZ\d{1,2} \d[A-Z]{2}"), "IE": re.compile(r"Z9\d [A-Z]\d[A-Z]\d")}
LEFT_OUT = {"123", "N/A"}


def _phones(row):
    return [row[name] for name in ("mobile", "homePhone", "workPhone") if row[name]]


def test_every_address_is_of_a_reserved_domain(either):
    texts = [path.read_bytes().decode("utf-8", "replace") for path in either.out.rglob("*.csv")]
    texts.append((either.out / "seed-destination.json").read_text(encoding="utf-8"))
    domains = {found.lower().strip(".") for text in texts for found in ADDRESS.findall(text)}
    assert domains
    assert [domain for domain in domains if not RESERVED.fullmatch(domain)] == []


def test_every_number_is_kept_for_fiction(either):
    for row in either.rows["patients"]:
        for number in set(_phones(row)) - LEFT_OUT:
            parsed = phonenumbers.parse(number, row["country"])
            written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            assert OFCOM.fullmatch(written) or IRISH.fullmatch(written), number


def test_numbers_are_possible_but_for_the_named_one(clean):
    """Possible, not valid: the library knows that the UK's mobile range for fiction is nobody's."""
    odd = set()
    for row in clean.rows["patients"]:
        for number in set(_phones(row)) - {"N/A"}:
            if not phonenumbers.is_possible_number(phonenumbers.parse(number, row["country"])):
                odd.add(row["patientId"])
    assert odd == set(clean.expected["cases"]["phone_invalid"]["keys"]["patients"])


def test_national_numbers_are_nobodys(either):
    numbers = [row["nhsNumber"] for row in either.rows["patients"] if row["nhsNumber"]]
    assert len(numbers) > 5
    for number in numbers:
        assert re.fullmatch(r"999\d{7}", number)
        total = sum(int(digit) * weight for digit, weight in zip(number, range(10, 0, -1), strict=True))
        assert total % 11 == 0
    letters = [row["ppsNumber"] for row in either.rows["patients"] if row["ppsNumber"]]
    assert len(letters) > 5
    for number in letters:
        total = sum(int(digit) * weight for digit, weight in zip(number[:7], range(8, 1, -1), strict=True))
        assert number[7] != "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def test_postcodes_are_of_areas_that_do_not_exist(either):
    for stream in ("practices", "patients"):
        for row in either.rows[stream]:
            assert POSTCODES[row["country"]].fullmatch(row["postcode"]), row["postcode"]


def test_seed_holds_the_clinicians_and_two_of_the_patients(clean):
    seed = json.loads((clean.out / "seed-destination.json").read_text(encoding="utf-8"))
    users = {user["email"]: user["is_active"] for user in seed["users"]}
    emails = {row["userId"]: row["email"].strip().lower() for row in clean.rows["clinicians"]}
    active = {row["userId"]: row["active"] == "true" for row in clean.rows["clinicians"]}
    absent = {number for number, email in emails.items() if email not in users}
    assert absent == set(clean.expected["cases"]["clinician_without_user"]["keys"]["clinicians"])
    assert all(users[email] == active[number] for number, email in emails.items() if number not in absent)
    assert users["ops@riverside.example.com"]
    practices = {row["name"] for row in clean.rows["practices"]}
    assert [account["name"] in practices for account in seed["sales_accounts"]] == [True]

    def known(row):
        return row["firstName"], row["lastName"], row["email"].lower(), row["dateOfBirth"]

    patients = {known(row): row["patientId"] for row in clean.rows["patients"]}
    shared = {row["email"].lower() for row in clean.rows["patients"] if row["email"]}
    contacts = [
        (c["first_name"], c["last_name"], c.get("email", ""), c["custom_field"]["cf_date_of_birth"])
        for c in seed["contacts"]
    ]
    same = [patients[contact] for contact in contacts if contact in patients]
    assert same == clean.expected["cases"]["already_at_destination"]["keys"]["patients"]
    only_email = [c for c in contacts if c not in patients and c[2] in shared]
    assert [c[2] for c in only_email] == [row["email"] for row in clean.case("email_of_another_contact")]


def test_the_emulated_account_takes_the_seed(clean):
    account = Account(Plan.PRO, Switches(), Clock(), 1, faults=Faults((), 1))
    seed = json.loads((clean.out / "seed-destination.json").read_text(encoding="utf-8"))
    account.load_seed(seed)
    first = seed["contacts"][0]["id"]
    assert account.get("contact", first)["emails"][0]["value"] == seed["contacts"][0]["email"]
    assert len(account.children(("contact", first), "task")) == 1
    assert len(account.children(("contact", first), "note")) == 1
