"""Ids sort as people count."""

from hypothesis import given
from hypothesis import strategies as st

from wherry.store.order import rank

IDS = st.integers(0, 10**30).map(str) | st.text(min_size=1, max_size=8) | st.from_regex(r"0{0,3}[0-9]{1,4}\Z")


@given(st.integers(0, 10**40), st.integers(0, 10**40))
def test_numbers_sort_by_size(one: int, other: int) -> None:
    assert (rank(str(one)) < rank(str(other))) == (one < other)


@given(IDS, IDS)
def test_two_ids_never_share_a_place(one: str, other: str) -> None:
    assert (rank(one) == rank(other)) == (one == other)


def test_other_ids_come_after_all_numbers() -> None:
    assert sorted(["P-2", "10", "@unassigned", "9", "٣", "007", "7"], key=rank) == [
        "7",
        "007",
        "9",
        "10",
        "@unassigned",
        "P-2",
        "٣",
    ]
