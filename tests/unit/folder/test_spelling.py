"""Foreign spellings become the bundle's where they have one reading, and stay as they are where not."""

import pytest

from wherry.connectors.folder.spelling import both_names, joined_moment, plain_date, plain_time, slug


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("12.03.1980", "12/03/1980"),
        ("12-3-1980", "12/3/1980"),
        ("1980/3/12", "1980-03-12"),
        ("1980-03-12", "1980-03-12"),
        ("12 March 1980", "1980-03-12"),
        ("12-Mar-1980", "1980-03-12"),
        ("3rd May 1980", "1980-05-03"),
        ("12/03/1980 2:30 pm", "12/03/1980 14:30"),
        ("2026-01-02T10:00:05Z", "2026-01-02 10:00:05Z"),
        ("12/03/80", "12/03/80"),
        ("31 Febtember 1980", "31 Febtember 1980"),
        ("soon", "soon"),
    ],
)
def test_a_date_is_respelt_and_never_read_otherwise(text, plain):
    assert plain_date(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [("9:30", "09:30"), ("9.30", "09:30"), ("12:05 am", "00:05"), ("12:05PM", "12:05"), ("13:00 pm", ""), ("noon", "")],
)  # fmt: skip
def test_a_time_of_day_is_on_a_clock_of_24_hours(text, plain):
    assert plain_time(text) == plain


def test_a_date_and_its_time_become_one_moment():
    assert joined_moment("13/01/2026", "9:30 am") == "13/01/2026 09:30"
    assert joined_moment("13/01/2026 00:00", "14:15") == "13/01/2026 14:15"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Byrne, Aoife Mary", ("Aoife Mary", "Byrne")),
        ("Ms Aoife Mary Byrne", ("Aoife Mary", "Byrne")),
        ("Dr. Jones", ("", "Jones")),
        ("Byrne", ("", "Byrne")),
        ("", ("", "")),
    ],
)
def test_a_whole_name_is_parted(text, names):
    assert both_names(text) == names


def test_a_name_s_id_is_readable_and_stable():
    assert slug("Dr. O'Brien-Shaw") == "dr-o-brien-shaw"
