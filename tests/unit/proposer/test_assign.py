import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from wherry.mapping.proposer.assign import assign

GAINS = st.lists(
    st.dictionaries(st.integers(0, 3), st.integers(1, 50).map(lambda n: n / 100), max_size=4), max_size=5
)


@given(GAINS, st.dictionaries(st.integers(0, 3), st.integers(1, 3)))
def test_no_other_assignment_gains_more(gains: list[dict[int, float]], capacities: dict[int, int]) -> None:
    chosen = assign(gains, capacities)
    for column in range(4):
        assert chosen.count(column) <= capacities.get(column, 1)
    best = 0.0
    for other in itertools.product([None, 0, 1, 2, 3], repeat=len(gains)):
        if all(c is None or c in gains[row] for row, c in enumerate(other)) and all(
            other.count(c) <= capacities.get(c, 1) for c in range(4)
        ):
            best = max(best, sum(gains[row][c] for row, c in enumerate(other) if c is not None))
    gained = sum(gains[row][c] for row, c in enumerate(chosen) if c is not None)
    assert abs(gained - best) < 1e-9


def test_the_greedy_choice_is_not_the_best() -> None:
    assert assign([{0: 0.4, 1: 0.39}, {0: 0.39}], {}) == (1, 0)


def test_a_row_without_a_gain_gets_nothing() -> None:
    assert assign([{}, {2: 0.1}], {}) == (None, 2)


def test_two_hundred_rows_are_quick() -> None:
    gains = [{c: ((r * 31 + c * 17) % 97 + 1) / 200 for c in range(105)} for r in range(200)]
    start = time.perf_counter()
    assign(gains, {})
    assert time.perf_counter() - start < 6
