"""A suggestion is near in spelling, or there is none."""

import pytest

from wherry.mapping.form_check import nearest
from wherry.mapping.transforms import REGISTRY


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("phone_e146", "phone_e164"),
        ("fullname", "full_name"),
        ("Full-Name", "full_name"),
        ("iso_dat", "iso_date"),
        ("booleen", "boolean"),
        ("magic", ""),
        ("adress", ""),
        ("name", ""),
        ("", ""),
    ],
)
def test_a_value_function_is_suggested_where_the_spelling_is_near(word: str, near: str) -> None:
    assert nearest(word, REGISTRY) == near
