"""Several threads, few commits: all become durable, each hears of its own error only."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from wherry.store.group import GroupCommit

THREADS = 8


def test_who_comes_during_a_commit_is_taken_along_by_the_next() -> None:
    groups: list[list[int]] = []
    first_is_committing, go_on = threading.Event(), threading.Event()

    def commit(items: Sequence[int]) -> None:
        groups.append(list(items))
        if len(groups) == 1:
            first_is_committing.set()
            assert go_on.wait(5)

    group = GroupCommit(commit)
    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(group.put, 0)
        assert first_is_committing.wait(5)
        others = [pool.submit(group.put, n) for n in range(1, THREADS)]
        while group.waiting < THREADS - 1:
            threading.Event().wait(0.001)
        assert not any(one.done() for one in others)  # nobody hears of success before the commit
        go_on.set()
        for one in (first, *others):
            one.result(5)
    assert groups[0] == [0]
    assert sorted(groups[1]) == list(range(1, THREADS))
    assert len(groups) == 2


def test_a_bad_item_does_not_take_the_others_with_it() -> None:
    kept: list[int] = []
    barrier = threading.Barrier(THREADS)

    def commit(items: Sequence[int]) -> None:
        if 3 in items:
            raise ValueError("three")
        kept.extend(items)

    group = GroupCommit(commit)

    def put(number: int) -> None:
        barrier.wait(5)
        group.put(number)

    with ThreadPoolExecutor(THREADS) as pool:
        done = [pool.submit(put, n) for n in range(THREADS)]
    for number, one in enumerate(done):
        if number == 3:
            with pytest.raises(ValueError, match="three"):
                one.result()
        else:
            one.result()
    assert sorted(kept) == [n for n in range(THREADS) if n != 3]


def test_what_ends_the_process_reaches_everyone_who_waits() -> None:
    class Dies(BaseException):
        pass

    def commit(_items: Sequence[int]) -> None:
        raise Dies

    with pytest.raises(Dies):
        GroupCommit(commit).put(1)
