import pytest

from wherry.mapping.proposer.values import look_at


@pytest.mark.parametrize(
    ("samples", "main"),
    [
        (["a.b@example.org", "c@example.com"], "email"),
        (["07700 900123", "+44 7700 900456"], "mobile"),
        (["087 555 0101", "+353 87 555 0102"], "mobile"),
        (["020 7946 0123", "0161 496 0456"], "landline"),
        (["(503)555-0101", "(302)555-0102"], "phone"),
        (["12/06/1984", "03/11/1971", "25/01/2009"], "birth_date"),
        (["2026-11-02", "2027-01-15"], "date"),
        (["12/10/2026 09:30", "13/10/2026 14:15"], "datetime"),
        (["09:30", "14:15"], "time"),
        (["ZZ1 2AB", "ZZ99 3CD"], "postcode"),
        (["Z98 N9X6", "D6W AB12"], "postcode"),
        (["£1,234.50", "£0.00"], "money"),
        (["10%", "50 %"], "percent"),
        (["Europe/London", "America/New_York"], "zone"),
        (["GBP", "EUR"], "currency_code"),
        (["yes", "no", "yes"], "bool"),
        (["QQ 12 34 56 C", "AB123456D"], "ni_number"),
        (["4242 4242 4242 4242", "5555555555554444"], "card"),
        (["#ff8800", "#0a0"], "colour"),
        (["9f86d081884c7d659a2feaa0c55ad015"], "hash"),
        (["", "  "], ""),
    ],
)
def test_what_values_are(samples: list[str], main: str) -> None:
    assert look_at(samples).main == main


def test_four_in_five_are_enough() -> None:
    assert look_at(["a@example.org"] * 4 + ["none"]).main == "email"
    assert look_at(["a@example.org"] * 3 + ["none"]).main != "email"


def test_values_are_not_shown() -> None:
    assert "example.org" not in repr(look_at(["someone@example.org"]))
