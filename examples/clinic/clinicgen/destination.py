"""What already lives in the clinic's CRM before anything is moved there."""

from typing import Any

from clinicgen.places import CLINICIAN_WITHOUT_USER, DEPARTED_CLINICIAN, PRACTICE_NAMES, clinician_users

_FIRST_USER, _FIRST_CONTACT, _FIRST_ACCOUNT = 31000900001, 31000700001, 31000800001
_OPERATIONS = {
    "id": _FIRST_USER,
    "display_name": "Riverside Operations",
    "email": "ops@riverside.example.com",
    "is_active": True,
}
_LABEL_OF_BIRTH = "Date of birth"
_NAME_OF_BIRTH = "cf_date_of_birth"


def destination_seed() -> dict[str, Any]:
    """Return the account's users, fields, accounts, contacts, tasks and notes.

    Two contacts are patients too (same name, e-mail and birth date, no source id); one has a patient's e-mail but
    is someone else; three have nothing to do with the clinic's patients. One account is named like a practice.
    """
    return {
        "users": _users(),
        "custom_fields": {"contacts": [{"label": _LABEL_OF_BIRTH, "type": "date"}]},
        "sales_accounts": [
            {
                "id": _FIRST_ACCOUNT,
                "name": PRACTICE_NAMES[0],
                "phone": "020 7946 0199",
                "city": "Ashmere",
                "owner_id": _FIRST_USER,
            }
        ],
        "contacts": _contacts(),
        "tasks": _tasks(),
        "notes": _notes(),
    }


def _users() -> list[dict[str, Any]]:
    users = [_OPERATIONS]
    for number, name, email in clinician_users():
        if number == CLINICIAN_WITHOUT_USER:
            continue
        users.append(
            {
                "id": _FIRST_USER + int(number),
                "display_name": name,
                "email": email,
                "is_active": number != DEPARTED_CLINICIAN,
            }
        )
    return users


def _contacts() -> list[dict[str, Any]]:
    people = (
        ("Harriet", "Pemberton-Vale", "harriet.pv@example.net", "07700 900160", "1976-04-18"),
        ("Cathal", "Mac an tSaoir", "cathal.mas@example.net", "", "1968-11-29"),
        ("Gordon", "Sandiford", "office@sandiford.example", "020 7946 0171", ""),
        ("Miriam", "Lattimer", "miriam@dental-supplies.example", "020 7946 0172", ""),
        ("Piotr", "Zaremba", "piotr@laboratory.example", "", ""),
        ("Wendy", "Colbeck", "", "07700 900173", ""),
    )
    rows = []
    for at, (first, last, email, mobile, born) in enumerate(people):
        row: dict[str, Any] = {
            "id": _FIRST_CONTACT + at,
            "first_name": first,
            "last_name": last,
            "display_name": f"{first} {last}",
            "owner_id": _FIRST_USER,
        }
        row |= {"email": email} if email else {}
        row |= {"mobile_number": mobile} if mobile else {}
        row |= {"custom_field": {_NAME_OF_BIRTH: born or None}}
        rows.append(row)
    rows[3]["sales_accounts"] = [{"id": _FIRST_ACCOUNT, "name": PRACTICE_NAMES[0], "is_primary": True}]
    return rows


def _below(contact: int) -> dict[str, Any]:
    return {"targetable_type": "Contact", "targetable_id": _FIRST_CONTACT + contact}


def _tasks() -> list[dict[str, Any]]:
    rows = (
        (0, "Ring about the whitening offer", 0),
        (3, "Renew the supply contract", 0),
        (4, "Settle the bill", 1),
    )
    return [
        {
            "title": title,
            "due_date": f"2026-10-{20 + at}T09:00:00+01:00",
            "owner_id": _FIRST_USER,
            "status": status,
            **_below(contact),
        }
        for at, (contact, title, status) in enumerate(rows)
    ]


def _notes() -> list[dict[str, Any]]:
    rows = ((0, "Met at the open day; interested."), (2, "Landlord of the Holmbridge building."))
    return [{"description": text, **_below(contact)} for contact, text in rows]
