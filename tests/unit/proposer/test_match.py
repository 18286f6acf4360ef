from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.catalogue import read_targets
from wherry.mapping.proposer.features import FEATURES
from wherry.mapping.proposer.lexicon import barred_classes, combiner, concepts, kinds, word_list
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.meaning import MEANING
from wherry.mapping.proposer.table import SourceColumn, TargetField, kind_of
from wherry.mapping.proposer.values import types_of
from wherry.model.mapping import Band, Proposal

CONTACT = tuple(
    TargetField(object="contact", field=field, label=label, type=kind)
    for field, label, kind in [
        ("first_name", "First name", "text"),
        ("last_name", "Last name", "text"),
        ("emails", "Emails", "email"),
        ("mobile_number", "Mobile", "phone"),
        ("work_number", "Work", "phone"),
        ("address", "Address", "text"),
        ("zipcode", "Zipcode", "text"),
        ("cf_date_of_birth", "Date of birth", "date"),
    ]
)
EVENT = tuple(
    TargetField(object="appointment", field=field, label=label, type=kind)
    for field, label, kind in [
        ("title", "Title", "text"),
        ("from_date", "From", "datetime"),
        ("end_date", "To", "datetime"),
    ]
)


def match(header: str, *samples: str, obj: str = "Patients") -> Proposal:
    column = SourceColumn(object=obj, header=header, samples=samples)
    return match_columns([column], CONTACT + EVENT)[0]


@pytest.mark.parametrize(
    ("header", "samples", "target"),
    [
        ("Mobile No.", ["07700 900123"], "contact.mobile_number"),
        ("PT_DOB", ["19740511", "19900102"], "contact.cf_date_of_birth"),
        ("familyName", ["Walsh"], "contact.last_name"),
        ("e-mail", [], "contact.emails"),
        ("Post Code", ["ZZ1 2AB"], "contact.zipcode"),
    ],
)
def test_an_alias_with_fitting_values_is_green(header: str, samples: list[str], target: str) -> None:
    line = match(header, *samples)
    assert (line.target, line.band) == (target, Band.GREEN)
    assert line.confidence >= 0.95


def test_a_strong_type_alone_finds_its_only_field() -> None:
    line = match("column 9", "a@example.org", "b@example.com")
    assert line.target == "contact.emails"


@pytest.mark.parametrize("header", ["NHS Number", "ni_no", "Allergies", "IBAN", "Sort Code"])
def test_what_never_migrates_is_red_and_has_no_target(header: str) -> None:
    line = match(header, "1", "2")
    assert (line.target, line.band) == (NONE, Band.RED)
    assert (
        sum(likely for _, likely in line.candidates) <= 0.01
    )  # they are for who overrides it, and rule nothing


def test_values_alone_bar_a_column() -> None:
    assert match("ref 2", "QQ123456C", "AB123456D").band is Band.RED
    assert match("field 9", "4242424242424242", "5555555555554444").band is Band.RED


STYLES = (
    str.title,
    str.upper,
    lambda text: text.replace(" ", "_"),
    lambda text: "PT_" + text.upper().replace(" ", "_"),
    lambda text: text.title().replace(" ", ""),
    lambda text: f"{text} (old system)",
    lambda text: f"{text}?",
)


@given(
    st.sampled_from([" ".join(p) for barred in barred_classes() for p in barred.phrases]),
    st.sampled_from(STYLES),
    st.lists(st.sampled_from(["a@example.org", "07700 900123", "Byrne", "2001-02-03", "1"]), max_size=4),
)
def test_never_migrate_columns_are_never_proposed(
    phrase: str, style: Callable[[str], str], samples: list[str]
) -> None:
    line = match(style(phrase), *samples)
    assert (line.target, line.band) == (NONE, Band.RED)


def test_what_a_system_keeps_for_itself_is_grey() -> None:
    line = match("last_modified_by", "4", "9")
    assert (line.target, line.band) == (NONE, Band.GREY)
    assert "keeps this for itself" in line.evidence


def test_somebody_elses_phone_is_not_the_patients() -> None:
    assert match("emergency contact mobile", "07700 900123").target == NONE


def test_address_lines_share_the_address() -> None:
    columns = [
        SourceColumn(object="Patients", header=h, samples=("4 Larkspur Close",))
        for h in ("Address Line 1", "Address Line 2", "Address Line 3")
    ]
    lines = match_columns(columns, CONTACT)
    assert {line.target for line in lines} == {"contact.address"}
    assert "joined with Address Line 2, Address Line 3" in lines[0].evidence


def test_one_field_goes_to_one_column() -> None:
    columns = [
        SourceColumn(object="Patients", header=h, samples=("07700 900123",)) for h in ("Mobile", "Cell")
    ]
    lines = match_columns(columns, CONTACT)
    assert [line.target for line in lines].count("contact.mobile_number") == 1
    assert any("goes to" in line.evidence or line.target != NONE for line in lines)


def test_a_full_name_is_proposed_for_splitting() -> None:
    line = match("Patient Name", "Emma Stone", "Oscar Blake")
    assert (line.target, line.band) == ("contact.last_name", Band.AMBER)
    assert "split it into contact.first_name and contact.last_name" in line.evidence


def test_minutes_make_an_end() -> None:
    columns = [
        SourceColumn(object="Appointments", header="Start", samples=("12/10/2026 09:30",)),
        SourceColumn(object="Appointments", header="Duration (mins)", samples=("30",)),
    ]
    start, minutes = match_columns(columns, EVENT)
    assert start.target == "appointment.from_date"
    assert (minutes.target, minutes.band) == ("appointment.end_date", Band.AMBER)
    assert "Start" in minutes.evidence


def test_a_fixed_object_is_kept() -> None:
    column = SourceColumn(object="Patients", header="Title", samples=())
    assert match_columns([column], CONTACT + EVENT, {"Patients": "appointment"})[0].target.startswith(
        "appointment"
    )


def test_green_needs_values_that_fit() -> None:
    line = match("Date of birth", "hello there", "not a day")
    assert line.band is not Band.GREEN


def test_no_value_stands_in_any_evidence() -> None:
    secrets = ("quillfeather", "marrowby")
    for header in ("First Name", "Surname", "Notes", "Mobile", "NHS Number", "x"):
        assert not any(s in match(header, *secrets).evidence for s in secrets)


def test_the_same_input_gives_the_same_proposals() -> None:
    columns = [SourceColumn(object="P", header=h, samples=("a",)) for h in ("First", "Last", "Email", "x")]
    assert match_columns(columns, CONTACT) == match_columns(list(columns), CONTACT)


def test_nothing_to_match_with_is_no_fault() -> None:
    assert match_columns([], CONTACT) == ()
    line = match_columns([SourceColumn(object="P", header="First name")], [])[0]
    assert (line.target, line.band) == (NONE, Band.GREY)


def test_every_feature_has_a_weight_and_no_weight_is_left_over() -> None:
    assert {*FEATURES, *MEANING} == set(combiner().weights)


@pytest.mark.usefixtures("without_model")
def test_without_the_model_its_features_have_no_weight() -> None:
    assert set(FEATURES) == set(combiner().weights)


def test_the_lexicon_speaks_of_what_there_is() -> None:
    names, known = set(concepts()), {kind.name for kind in kinds()}
    for concept in concepts().values():
        assert concept.of <= known, concept.name
        assert concept.near <= names, concept.name
        assert concept.family in names, concept.name
        assert concept.aliases, concept.name
    assert all(set(kind.also) <= known for kind in kinds())


def test_closed_lists_are_types() -> None:
    for name in ("bool", "gender", "country"):
        assert all(name in types_of(word) for word in word_list(name))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PT_MASTER", "person"),
        ("Appointments", "event"),
        ("sales_account", "organisation"),
        ("treatment_items", "line"),
        ("clinical_notes", "note"),
        ("zzz", ""),
    ],
)
def test_the_kind_of_an_object(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_custom_fields_are_read_without_their_prefix() -> None:
    (target,) = read_targets([TargetField(object="contact", field="cf_gender")])
    assert "gender" in target.concepts


@pytest.mark.parametrize(
    ("header", "samples", "coded"),
    [
        ("Gender", ("true", "false", "true"), True),
        ("Sex", ("1", "2", "1"), True),
        ("Is male", ("Y", "N", "Y"), True),
        ("Sex", ("F", "M", "F"), False),
        ("Gender", ("female", "male", "male"), False),
    ],
)
def test_codes_are_a_code_book_for_a_person_to_spell_out(
    header: str, samples: tuple[str, ...], coded: bool
) -> None:
    target = TargetField(
        object="contact",
        field="cf_gender",
        label="Gender",
        type="dropdown",
        picks=("Male", "Female", "Other"),
    )
    column = SourceColumn(object="Patients", header=header, samples=samples)
    (line,) = match_columns([column], [target])
    assert line.target == "contact.cf_gender"
    assert ("its values are codes" in line.evidence) is coded
    if coded:
        assert line.band is Band.AMBER


def test_what_is_only_akin_to_an_object_leaves_it_to_those_of_its_kind() -> None:
    fields = [
        TargetField(object="meeting", field="subject", label="Subject"),
        TargetField(object="meeting", field="begins", label="Begins", type="datetime"),
        TargetField(object="errand", field="what", label="What to do"),
        TargetField(object="errand", field="deadline", label="Deadline", type="date"),
    ]
    columns = [
        SourceColumn(object="Appointments", header="Start"),
        SourceColumn(object="Todo", header="Deadline"),
        SourceColumn(object="Todo", header="What to do"),
    ]
    places = [line.target for line in match_columns(columns, fields)]
    assert places == ["meeting.begins", "errand.deadline", "errand.what"]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("strForename", "contact.first_name"),
        ("Sur name", "contact.last_name"),
        ("E-mial", "contact.emails"),
        ("pt_lname", "contact.last_name"),
        ("emailadress", "contact.emails"),
    ],
)
def test_headers_as_programmers_and_people_write_them(header: str, target: str) -> None:
    (line,) = match_columns([SourceColumn(object="Patients", header=header)], CONTACT)
    assert line.target == target
