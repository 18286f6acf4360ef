"""Sealing and opening is the identity; whatever was changed, moved or cut off is refused."""

import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.model.errors import PreflightFailed
from wherry.privacy import AesSealer, DataKey
from wherry.privacy.files import CHUNK

KEY = DataKey(bytes(range(32)))
SEALER = AesSealer(KEY)
OTHER = AesSealer(DataKey(bytes(32)))
EDGES = st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 7])


@given(st.binary(max_size=200), st.text(max_size=20))
def test_a_value_comes_back(plain: bytes, about: str) -> None:
    sealed = SEALER.seal(plain, about)
    assert SEALER.open(sealed, about) == plain
    assert sealed != SEALER.seal(plain, about)
    assert len(plain) < 4 or plain not in sealed


@given(st.binary(max_size=60), st.data())
def test_a_flipped_bit_another_name_and_another_key_are_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = SEALER.seal(plain, "after:r1")
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[place // 8] ^= 1 << place % 8
    for wrong in (bytes(changed), sealed[:-1], b"", plain):
        with pytest.raises(PreflightFailed, match="does not open"):
            SEALER.open(wrong, "after:r1")
    with pytest.raises(PreflightFailed):
        SEALER.open(sealed, "before:r1")
    with pytest.raises(PreflightFailed):
        OTHER.open(sealed, "after:r1")


@given(st.binary(max_size=60))
def test_a_mark_tells_values_apart_and_needs_the_key(plain: bytes) -> None:
    assert SEALER.mark(plain) == AesSealer(KEY).mark(plain)
    assert SEALER.mark(plain) != SEALER.mark(plain + b"x")
    assert SEALER.mark(plain) != OTHER.mark(plain)


def written(path: Path, plain: bytes, cuts: list[int]) -> None:
    with SEALER.create(path) as file:
        start = 0
        for cut in [*sorted(min(cut, len(plain)) for cut in cuts), len(plain)]:
            file.write(plain[start:cut])
            start = cut


@settings(max_examples=40, deadline=None)
@given(EDGES, st.lists(st.integers(0, 3 * CHUNK), max_size=4), st.data())
def test_a_file_comes_back_from_any_place_however_it_was_written(
    size: int, cuts: list[int], data: st.DataObject
) -> None:
    plain = os.urandom(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shard"
        written(path, plain, cuts)
        assert SEALER.size(path) == size
        with SEALER.read(path) as file:
            assert file.read() == plain
            for _ in range(4):
                start = data.draw(st.integers(0, size + 3))
                length = data.draw(st.integers(0, size + 3))
                file.seek(start)
                assert file.read(length) == plain[start : start + length]
            assert file.seek(-min(3, size), os.SEEK_END) == size - min(3, size)


def test_a_file_that_is_begun_anew_holds_what_came_last(tmp_path: Path) -> None:
    with SEALER.create(tmp_path / "f") as file:
        file.write(b"x" * (CHUNK + 9))
        file.seek(0)
        file.truncate()
        file.write(b"again")
        with pytest.raises(io.UnsupportedOperation):
            file.seek(3)
    with SEALER.read(tmp_path / "f") as file:
        assert file.read() == b"again"


@settings(max_examples=60, deadline=None)
@given(EDGES, st.data())
def test_a_file_that_was_changed_cut_or_lengthened_is_refused(size: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shard"
        written(path, bytes(size), [])
        whole = path.read_bytes()
        place = data.draw(st.integers(8, len(whole) - 1))  # without its first word it is no sealed file
        cut = data.draw(st.integers(8, len(whole) - 1))
        changed = bytearray(whole)
        changed[place] ^= 1 << data.draw(st.integers(0, 7))
        chunk = CHUNK + 16
        wrongs = [bytes(changed), whole[:cut], whole + b"\x00", whole[: 40 + chunk] + whole[40:]]
        for wrong in wrongs:
            path.write_bytes(wrong)
            with pytest.raises(PreflightFailed), SEALER.read(path) as file:
                file.read()
        path.write_bytes(whole)
        with pytest.raises(PreflightFailed):
            OTHER.read(path)
        moved = path.rename(Path(folder) / "another")
        with pytest.raises(PreflightFailed):
            SEALER.read(moved)
