"""File names made safe, sizes that are refused, checksums."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.mapping.transforms.files import LONGEST_NAME, safe_name, shortened


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("Consent.pdf", "Consent.pdf"),
        ("X-ray – Órla’s (2).png", "X-ray – Órla’s (2).png"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("C:\\scan\\a.tif", "C__scan_a.tif"),
        ("line\r\nbreak\tand  space.txt", "line break and space.txt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("nul.txt", "_nul.txt"),
        ("COM1", "_COM1"),
        ("trailing. . ", "trailing"),
        ("\ud800half.txt", "half.txt"),
        ("[aerona:documents:5].pdf", "[aerona_documents_5].pdf"),
        ("", "document"),
        (" .. ", "document"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_names(given_name: str, expected: str) -> None:
    assert safe_name(given_name) == expected


@given(st.text(max_size=400))
def test_every_name_is_safe_and_fits(name: str) -> None:
    safe = shortened(safe_name(name), LONGEST_NAME - 25)
    assert 0 < len(safe.encode()) <= LONGEST_NAME - 25
    assert not set(safe) & set('/\\<>:"|?*\r\n\t\0')
    assert not safe.startswith(".")
    assert safe_name(safe) == safe
    assert all(unicodedata.category(one) not in {"Cc", "Cf", "Cs"} for one in safe)


def test_a_long_name_keeps_its_ending_and_breaks_no_letter() -> None:
    short = shortened("👩‍👩‍👧" * 40 + ".jpeg", 100)
    assert short.endswith(".jpeg")
    assert short.removesuffix(".jpeg") == "👩‍👩‍👧" * (95 // len("👩‍👩‍👧".encode()))
