"""propose_choice(): the reviewed crosswalk, the tenant's own list, what is ambiguous, and what is held."""

from importlib import resources

import pytest

from wherry.connectors.bundle.columns import SHEETS
from wherry.mapping.blueprint import parse_yaml
from wherry.mapping.own_values import CLOSED
from wherry.mapping.proposer.choices import propose_choice, told
from wherry.mapping.values import spelling, translate, value_tables
from wherry.model.mapping import Band

STATUS = value_tables()["appointment_status"].texts
CROSSWALK = {
    "Booked": "Pending; Booked; Scheduled; Unconfirmed; Left Message; booked; pending",
    "Confirmed": "Confirmed; CONFIRMED",
    "Arrived": "Arrived; Late; In Reception; Available; Here; Ready; checked-in; Checked In",
    "In chair": "In surgery; Seated in chair; In Operatory; Chair; in_chair",
    "Completed": "Complete; Completed; Treatment complete; Checked out; Posted; Checkout; fulfilled; Done",
    "Cancelled": "Cancelled; Canceled",
    "No-show": "Did not attend; FTA; Missed; No Show; noshow; DNA; FTE; no-show; NoShow; Failed; UTA",
}


@pytest.mark.parametrize(
    ("word", "choice"), [(w.strip(), text) for text, words in CROSSWALK.items() for w in words.split(";")]
)
def test_the_crosswalk_of_appointment_states_is_green(word: str, choice: str) -> None:
    found = propose_choice(word, STATUS, "appointment_status")
    assert (found.choice, found.band) == (choice, Band.GREEN)


def test_what_means_different_things_in_different_systems_goes_to_review_without_an_entry() -> None:
    found = propose_choice("Broken", STATUS, "appointment_status")
    assert (found.choice, found.band) == ("", Band.AMBER)
    assert found.evidence.startswith("ambiguous: cancelled in one system")


@pytest.mark.parametrize("word", ["Gone fishing", "x", "Zz9", "", "  ", "???", "waitlist"])
def test_what_nobody_knows_is_held(word: str) -> None:
    found = propose_choice(word, STATUS, "appointment_status")
    assert (found.choice, found.band) == ("", Band.GREY)


@pytest.mark.parametrize(
    ("word", "offered", "choice", "band"),
    [
        ("Male", ("M", "F", "U"), "M", Band.GREEN),
        ("f", ("Female", "Male"), "Female", Band.GREEN),
        ("FTA", ("Attended", "Did not attend", "Cancelled"), "Did not attend", Band.GREEN),
        ("Cancelled by patient", ("Attended", "Cancelled"), "Cancelled", Band.AMBER),
        ("Compleet", ("Completed", "Cancelled"), "Completed", Band.AMBER),
        ("Other", ("Male", "Female"), "", Band.GREY),
        ("not confirmed", ("Confirmed", "Cancelled"), "", Band.GREY),
        ("Blocket", ("Booked", "Cancelled"), "", Band.GREY),  # letters in common are no likeness
        ("Herr", ("Other",), "", Band.GREY),
    ],
)
def test_the_tenants_own_entries_are_what_is_proposed(
    word: str, offered: tuple[str, ...], choice: str, band: Band
) -> None:
    table = "sex" if offered[0] in {"M", "Female", "Male"} else "appointment_status"
    found = propose_choice(word, offered, table)
    assert (found.choice, found.band) == (choice, band)


@pytest.mark.parametrize(
    ("word", "header", "choice"),
    [
        ("true", "is_male", "Male"),
        ("false", "is_male", "Female"),
        ("Y", "Female?", "Female"),
        ("0", "female", "Male"),
        ("1", "gender", "Male"),
        ("2", "sex", "Female"),
        ("9", "sex", "Unknown"),
    ],
)
def test_a_code_book_is_amber_and_says_by_which_book(word: str, header: str, choice: str) -> None:
    found = propose_choice(word, ("Male", "Female", "Other", "Unknown"), "sex", header)
    assert (found.choice, found.band) == (choice, Band.AMBER)
    assert "a code" in found.evidence


@pytest.mark.parametrize(
    ("word", "offered", "choice"),
    [
        ("Left", ("Active", "Inactive"), "Inactive"),
        ("Gone away", ("Active", "Inactive"), "Inactive"),
        ("active", ("Current", "Lapsed"), "Current"),
        ("inactive", ("Current", "Lapsed"), "Lapsed"),
    ],
)
def test_other_systems_words_are_amber(word: str, offered: tuple[str, ...], choice: str) -> None:
    found = propose_choice(word, offered, "patient_status")
    assert (found.choice, found.band) == (choice, Band.AMBER)


def _listed(place: str) -> set[str]:
    stream, _, column = place.partition(".")
    found = SHEETS[stream].column(column)
    return set(found.words) if found else set()


def test_words_elsewhere_are_of_known_lists_and_no_word_of_the_reviewed_tables_is_among_them() -> None:
    text = resources.files("wherry.mapping").joinpath("values_elsewhere.yaml").read_text(encoding="utf-8")
    tables = parse_yaml(text, "values_elsewhere.yaml")
    closed = {table: _listed(place) for place, table in CLOSED.items()}
    for table, body in tables.items():
        reviewed = value_tables().get(table)
        assert set(body["values"]) <= (set(reviewed.texts) if reviewed else closed[table])
        words = [str(word) for some in body["values"].values() for word in some]
        assert len({spelling(word) for word in words}) == len(words)
        assert not [word for word in words if reviewed and (reviewed.text(word) or reviewed.doubt(word))]
        assert not [word for word in words if isinstance(translate(table, word), str)]  # never read by itself


@pytest.mark.parametrize("word", ["Rescheduled", "postponed"])
def test_a_moved_appointment_is_ambiguous(word: str) -> None:
    found = propose_choice(word, STATUS, "appointment_status")
    assert (found.choice, found.band) == ("", Band.AMBER)


@pytest.mark.parametrize(
    ("word", "said"), [("Compleet", "spelling only"), ("Finish", "words only"), ("Compl", "only")]
)
def test_a_likeness_says_what_it_rests_on(word: str, said: str) -> None:
    found = propose_choice(word, ("Completed", "Proposed"), "plan_status")
    assert (found.choice, found.band) == ("Completed", Band.AMBER)
    assert found.evidence.endswith(said)


def test_a_yes_under_a_header_of_both_sexes_is_held() -> None:
    assert propose_choice("true", ("Male", "Female"), "sex", "male female").choice == ""


def test_texts_are_told_in_a_pick_list_by_the_reviewed_table_of_its_entries() -> None:
    assert list(told(("f", "m", "zz"), ("Male", "Female"))) == ["f", "m"]
    assert list(told(("dna", "done"), ("Completed", "No show", "Cancelled"))) == ["dna", "done"]
    assert list(told(("f",), ("Gold", "Silver"))) == []
