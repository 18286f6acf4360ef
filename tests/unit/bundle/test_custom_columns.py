"""Columns of the clinic's own: which type all their values allow, and what is locked."""

from decimal import Decimal

import pytest

from wherry.model.catalog import FieldType, Privacy
from wherry.model.record import Fate

CUSTOM = {
    "Plain": (["a", "b", "c", "d"], FieldType.TEXT, ()),
    "Count": (["1", "2.5", "", "-3"], FieldType.NUMBER, ()),
    "Barcode": (["353871234567", "3", "", "4"], FieldType.TEXT, ()),  # more than a number field holds
    "Place": (["53.349812", "3.5", "", "4"], FieldType.TEXT, ()),
    "Locker": (["007", "012", "", "1"], FieldType.TEXT, ()),
    "Member": (["yes", "no", "", "Yes"], FieldType.BOOLEAN, ()),
    "Since": (["2020-01-31", "", "2021-02-28", ""], FieldType.DATE, ()),
    "Tier": (["Gold", "Gold", "Tin", "Tin"], FieldType.DROPDOWN, ("Gold", "Tin")),
    "Topics": (["A;B", "B;A", "A", "B"], FieldType.MULTI_SELECT, ("A", "B")),
    "Story": (["x" * 300, "", "", ""], FieldType.TEXTAREA, ()),
}


def test_types_of_custom_columns_come_from_all_values(write_bundle, opened):
    header = "patientId,lastName," + ",".join(f"custom:{name}" for name in CUSTOM)
    rows = [
        ",".join([str(n + 1), "Brook", *(values[n] for values, _, _ in CUSTOM.values())]) for n in range(4)
    ]
    bundle = opened(write_bundle({"patients.csv": "\n".join([header, *rows]) + "\n"}))
    patients = bundle.describe().stream("patients")
    for name, (_, type_, choices) in CUSTOM.items():
        field = patients.field(f"custom:{name}")
        assert (name, field.type, tuple(c.value for c in field.choices)) == (name, type_, choices)
    first = next(bundle.extract("patients")).values
    assert first["custom:Topics"] == ("A", "B")
    assert first["custom:Count"] == Decimal(1)
    assert first["custom:Member"] is True


def a_custom_column(values):
    return "patientId,lastName,custom:Own\n" + "".join(
        f"{number},Brook,{text}\n" for number, text in enumerate(values, 1)
    )


@pytest.mark.parametrize(
    ("declared", "values", "days"),
    [
        ("yyyy-mm-dd", ["02/03/1990", "28/03/1990"], ["1990-03-02", "1990-03-28"]),
        ("yyyy-mm-dd", ["02/03/1990", "03/28/1990"], ["1990-02-03", "1990-03-28"]),
        ("dd/mm/yyyy", ["1990-03-02", "1990-03-28"], ["1990-03-02", "1990-03-28"]),
        ("dd/mm/yyyy", ["02/03/1990", "1990-03-28"], ["1990-03-02", "1990-03-28"]),
        (None, ["1990-03-02", "28/03/1990"], ["1990-03-02", "1990-03-28"]),
    ],
)
def test_a_column_of_dates_of_the_clinics_own_is_read_as_all_its_values_can_be(
    write_bundle, opened, declared, values, days
):
    files = {"patients.csv": a_custom_column(values)}
    bundle = opened(write_bundle(files, {"patients.csv": {"date_format": declared}}, date_format=declared))
    assert bundle.describe().stream("patients").field("custom:Own").type is FieldType.DATE
    assert [str(one.values["custom:Own"]) for one in bundle.extract("patients")] == days


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("yyyy-mm-dd", ["02/03/1990", "04/03/1990"]),
        ("yyyy-mm-dd", ["28/03/1990", "03/28/1990"]),
        ("dd/mm/yyyy", ["02/03/1990", "03/28/1990"]),
    ],
)
def test_dates_of_the_clinics_own_that_have_no_one_order_stay_text_and_hold_no_patient(
    write_bundle, opened, declared, values
):
    bundle = opened(write_bundle({"patients.csv": a_custom_column(values * 2)}, date_format=declared))
    field = bundle.describe().stream("patients").field("custom:Own")
    assert (field.type, field.choices) == (FieldType.TEXT, ())
    assert [(one.values["custom:Own"], one.staged.fate) for one in bundle.extract("patients")] == [
        (text, Fate.READY) for text in values * 2
    ]


@pytest.mark.parametrize(
    "values",
    [
        ["ann@example.org", "bob@example.org"],
        ["087 555 0101", "087 555 0102"],
        ["2020-01-31T10:00", "2020-02-28T10:00"],
        ["ann@example.org;bob@example.org", "bob@example.org"],
    ],
)
def test_addresses_numbers_and_moments_that_repeat_are_no_pick_list(write_bundle, opened, values):
    bundle = opened(write_bundle({"patients.csv": a_custom_column(values * 3)}))
    field = bundle.describe().stream("patients").field("custom:Own")
    assert (field.type, field.choices) == (FieldType.TEXT, ())


def test_choices_that_differ_in_case_only_are_one(write_bundle, opened):
    bundle = opened(write_bundle({"patients.csv": a_custom_column(["green", "Green", "red"] * 2)}))
    choices = bundle.describe().stream("patients").field("custom:Own").choices
    assert [choice.value for choice in choices] == ["Green", "red"]


def test_entries_may_be_parted_by_strokes(write_bundle, opened):
    bundle = opened(write_bundle({"patients.csv": a_custom_column(["golf|chess", "golf", "chess"])}))
    field = bundle.describe().stream("patients").field("custom:Own")
    assert field.type is FieldType.MULTI_SELECT
    assert next(bundle.extract("patients")).values["custom:Own"] == ("golf", "chess")


@pytest.mark.parametrize(
    ("label", "privacy"),
    [
        ("Loyalty tier", Privacy.COMMERCIAL),
        ("Medical alert", Privacy.CLINICAL),
        ("Allergies", Privacy.CLINICAL),
        ("NI Number", Privacy.NATIONAL_ID),
        ("Ethnicity", Privacy.DEMOGRAPHIC_SENSITIVE),
        ("Next-of-kin phone", Privacy.THIRD_PARTY),
    ],
)
def test_labels_that_warn_lock_their_column(write_bundle, opened, label, privacy):
    bundle = opened(write_bundle({"patients.csv": f"patientId,lastName,{label}\n1,Brook,x\n"}))
    assert bundle.describe().stream("patients").field(f"custom:{label}").privacy is privacy
