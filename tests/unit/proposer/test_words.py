import pytest

from wherry.mapping.proposer.lexicon import never_class, words_of
from wherry.mapping.proposer.words import shared_prefix, split, without_aside


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("D.O.B.", ("date", "birth")),
        ("mobileNo", ("mobile", "number")),
        ("PT_HM_TEL", ("patient", "home", "phone")),
        ("Post Code", ("postcode",)),
        ("E-mail", ("email",)),
        ("wirelessphone", ("wireless", "phone")),
        ("HmPhone", ("home", "phone")),
        ("Fee (£)", ("fee", "money")),
        ("Address1", ("address", "1")),
        ("LName", ("last", "name")),
        ("the notes", ("note",)),
    ],
)
def test_a_header_as_words(header: str, words: tuple[str, ...]) -> None:
    assert words_of(header) == words


def test_marks_and_accents_do_not_count() -> None:
    assert split("Ríomhphost №") == ("riomhphost", "number")


def test_an_aside_is_taken_off() -> None:
    assert without_aside("cell (not landline!)") == "cell"
    assert without_aside("(all)") == "(all)"


def test_a_shared_prefix_needs_most_of_the_headers() -> None:
    assert shared_prefix([("rf", "a"), ("rf", "b"), ("rf", "c"), ("x",)]) == "rf"
    assert shared_prefix([("rf", "a"), ("b", "b"), ("c", "c")]) == ""


@pytest.mark.parametrize(
    ("header", "barred"),
    [
        ("NHS No.", "health_number"),
        ("N.I. Number", "national_id"),
        ("ppsn", "national_id"),
        ("MedAlert", "clinical_alert"),
        ("ALLERGY_TXT", "clinical_alert"),
        ("CreditCardNo", "payment_data"),
        ("bank a/c sort code", "payment_data"),
        ("portal_password", "secret"),
        ("Loyalty card tier", ""),
        ("NHS / Private", ""),
        ("First Name", ""),
        ("House Number", ""),
    ],
)
def test_the_never_migrate_list(header: str, barred: str) -> None:
    assert never_class(header) == barred
