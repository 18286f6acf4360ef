import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.model.errors import PreflightFailed
from wherry.model.ports import Extracted, Integrity
from wherry.model.record import Fate, Key, Staged
from wherry.staging import ChangeKind, ParquetSnapshot, compare, stage
from wherry.staging.canonical import decode, encode

TYPES = (
    FieldType.TEXT, FieldType.TEXTAREA, FieldType.INTEGER, FieldType.NUMBER, FieldType.MONEY, FieldType.BOOLEAN,
    FieldType.DATE, FieldType.DATETIME, FieldType.DROPDOWN, FieldType.MULTI_SELECT, FieldType.REFERENCE,
)  # fmt: skip


class Listed:
    """A source made of values: staging knows nothing of the system behind it."""

    def __init__(self, fields, rows, *, breaks_after=None):
        self._stream = Stream(name="things", fields=tuple(fields), key="id")
        self._rows = rows
        self._breaks_after = breaks_after

    def describe(self) -> Catalog:
        return Catalog(system="listed", streams=(self._stream,))

    def facts(self):
        return {"tz": "Europe/London"}

    def integrity(self) -> Integrity:
        return Integrity()

    def extract(self, stream: str) -> Iterator[Extracted]:
        for line, (key, values) in enumerate(self._rows, start=2):
            if line - 2 == self._breaks_after:
                raise PreflightFailed("things: broken on the way")
            staged = Staged(key=Key(stream, key), fate=Fate.READY, line=line)
            yield Extracted(staged=staged, values=values, raw_hash=f"{key}{values}")

    def findings(self):
        return ()

    def open_document(self, ref):
        raise NotImplementedError


LONDON = ZoneInfo("Europe/London")
ROW = {
    "text": 'é "quoted", 😀',
    "textarea": "  a\r\nb\n\n",
    "integer": -7,
    "number": Decimal("2.50"),
    "money": Decimal("-12.00"),
    "boolean": False,
    "date": date(1984, 2, 29),
    "datetime": datetime(2025, 10, 26, 1, 30, tzinfo=LONDON, fold=1),
    "dropdown": "Gold",
    "multi_select": ("A", 'B";'),
    "reference": "77",
}


def test_every_type_comes_back_as_it_went_in(tmp_path):
    fields = [Field(name=type_.value, type=type_) for type_ in TYPES]
    snapshot = stage(Listed(fields, [("1", ROW), ("2", {})]), tmp_path)
    full, empty = snapshot.read("things")
    assert dict(full.values) == ROW
    assert full.values["datetime"].astimezone(UTC) == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    assert full.values["datetime"].fold == 1
    assert set(empty.values.values()) == {None}
    assert "Gold" not in repr(full)
    snapshot.close()


@given(
    st.one_of(
        st.tuples(st.just(FieldType.TEXT), st.text(min_size=1)),
        st.tuples(st.just(FieldType.INTEGER), st.integers(-(10**15), 10**15)),
        st.tuples(st.just(FieldType.MONEY), st.decimals(-(10**9), 10**9, places=2)),
        st.tuples(st.just(FieldType.DATE), st.dates()),
        st.tuples(
            st.just(FieldType.DATETIME),
            st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(
                lambda moment: moment.astimezone(LONDON)
            ),
        ),
        st.tuples(st.just(FieldType.MULTI_SELECT), st.lists(st.text(), min_size=1).map(tuple)),
    )
)
def test_canonical_text_goes_both_ways(case):
    type_, value = case
    assert decode(encode(value), type_) == value


def test_names_that_sql_cannot_take_or_tell_apart(tmp_path):
    names = ["id", 'custom:What\'s "this"?', "custom:Tier", "custom:tier", "Date", "date", "_key", "_hash"]
    fields = [Field(name=name, type=FieldType.TEXT) for name in names]
    snapshot = stage(Listed(fields, [("1", {name: f"v{n}" for n, name in enumerate(names)})]), tmp_path)
    (record,) = snapshot.read("things")
    assert list(record.values.items()) == [(name, f"v{n}") for n, name in enumerate(names)]
    assert snapshot.value_profile("things", "custom:tier").top == (("v3", 1),)
    snapshot.close()


def test_keys_are_in_numeric_order_across_shards(tmp_path):
    keys = ["10", "9", "100", "2|10", "2|9", "x1", "1", "12"]
    source = Listed([Field(name="id", type=FieldType.TEXT)], [(key, {"id": key}) for key in keys])
    snapshot = stage(source, tmp_path, shard_records=3)
    ordered = ["1", "2|9", "2|10", "9", "10", "12", "100", "x1"]
    assert list(snapshot.keys("things")) == ordered
    assert [key for key, _ in snapshot.record_hashes("things")] == ordered
    assert [r.key.id for r in snapshot.read("things", ["100", "x1", "2|9", "nobody", "9", "9"])] == [
        "2|9", "9", "100", "x1",
    ]  # fmt: skip
    assert list(snapshot.read("things", [])) == []
    assert len(list((snapshot.folder / "things").glob("*.parquet"))) == 3
    snapshot.close()


def test_the_digest_knows_records_only(tmp_path):
    fields = [Field(name="id", type=FieldType.TEXT)]
    rows = [(str(n), {"id": str(n)}) for n in range(50)]
    one = stage(Listed(fields, rows), tmp_path / "a")
    other = stage(Listed(fields, rows[::-1]), tmp_path / "b", shard_records=7)
    changed = stage(Listed(fields, [*rows[:-1], ("49", {"id": "50"})]), tmp_path / "b")
    assert one.digest == other.digest != changed.digest
    assert {path.name for path in (tmp_path / "b").iterdir()} == {other.digest, changed.digest}
    for snapshot in (one, other, changed):
        snapshot.close()


def test_staging_the_same_again_keeps_one_folder(tmp_path):
    fields = [Field(name="id", type=FieldType.TEXT)]
    first = stage(Listed(fields, [("1", {"id": "1"})]), tmp_path)
    stage(Listed(fields, [("1", {"id": "1"})]), tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == [first.digest]
    assert [r.key.id for r in first.read("things")] == ["1"]
    first.close()


def test_a_source_that_breaks_leaves_nothing(tmp_path):
    rows = [(str(n), {"id": str(n)}) for n in range(10)]
    with pytest.raises(PreflightFailed):
        stage(Listed([Field(name="id", type=FieldType.TEXT)], rows, breaks_after=6), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_behind_is_swept_away_but_not_what_is_under_way(tmp_path):
    for name, age in ((".staging-old", 90_000), (".staging-new", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "load.ndjson").write_text("{}")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    snapshot = stage(Listed([Field(name="id", type=FieldType.TEXT)], []), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".staging-new", snapshot.digest}
    snapshot.close()


def test_progress_adds_up(tmp_path):
    told = []
    rows = [(str(n), {"id": str(n)}) for n in range(25_003)]
    source = Listed([Field(name="id", type=FieldType.TEXT)], rows)
    stage(source, tmp_path, progress=lambda stream, n: told.append((stream, n))).close()
    assert told == [("things", 10_000), ("things", 10_000), ("things", 5_003)]


def test_a_snapshot_opens_again_and_only_its_owner_may_read_it(tmp_path):
    snapshot = stage(Listed([Field(name="text", type=FieldType.TEXT)], [("1", ROW)]), tmp_path)
    again = ParquetSnapshot.open(snapshot.folder)
    assert again.digest == snapshot.digest
    assert again.catalog == snapshot.catalog
    assert again.counts() == snapshot.counts() == {
        "things": {"ready": 1, "filtered": 0, "merged": 0, "no_equivalent": 0, "rejected": 0, "deferred": 0}
    }  # fmt: skip
    assert snapshot.folder.stat().st_mode & 0o077 == 0
    with pytest.raises(PreflightFailed, match="no stream visits"):
        next(again.read("visits"))
    with pytest.raises(PreflightFailed, match="no staged snapshot"):
        ParquetSnapshot.open(tmp_path)
    snapshot.close()
    again.close()


def test_profile(tmp_path):
    values = ["Gold", "Tin", "Gold", None, "Größe"]
    rows = [(str(n), {"tier": value}) for n, value in enumerate(values)]
    snapshot = stage(Listed([Field(name="tier", type=FieldType.TEXT)], rows), tmp_path)
    found = snapshot.value_profile("things", "tier")
    assert (found.records, found.filled, found.distinct, found.max_length) == (5, 4, 3, 5)
    assert found.top == (("Gold", 2), ("Größe", 1), ("Tin", 1))
    assert "Gold" not in repr(found)
    snapshot.close()


def test_changes(staged):
    old = staged(
        {
            "patients": "patientId,lastName,email\n1,Ash,\n2,Brook,\n3,Cole,\n4,Dunne,\n5,Elm,a@example.org\n10,Fir,\n",
            "merges": "duplicateId,masterId\n",
        }
    )
    new = staged(
        {
            "patients": "patientId,lastName,email\n1,Ash,\n2,Brooke,\n4,,\n5,Elm,a@example.org\n10,Fir,\n11,Gorse,a@example.org\n",
            "merges": "duplicateId,masterId\n10,1\n",
        }
    )
    found = {
        (c.key.id, c.kind.value, c.fate, c.reason) for c in compare(old, new) if c.key.stream == "patients"
    }
    assert found == {
        ("1", "changed", "ready", ""),  # it has a merged id now
        ("2", "changed", "ready", ""),
        ("3", "deleted", "", ""),
        ("4", "withdrawn", "rejected", "missing_name"),
        ("5", "changed", "ready", ""),  # its address is shared now
        ("10", "withdrawn", "merged", "merged"),
        ("11", "created", "ready", ""),
    }
    assert list(compare(new, new)) == []
    back = {c.key.id: c.kind for c in compare(new, old, ["patients"])}
    assert back["4"] is back["3"] is back["10"] is ChangeKind.CREATED


def test_children_of_the_merged_are_changes(staged):
    note = "noteId,patientId,text\n1,10,a\n"
    patients = "patientId,lastName\n1,Ash\n10,Fir\n"
    old = staged({"patients": patients, "clinical_notes": note})
    new = staged({"patients": patients, "clinical_notes": note, "merges": "duplicateId,masterId\n10,1\n"})
    assert ("clinical_notes", "1", ChangeKind.CHANGED) in {
        (c.key.stream, c.key.id, c.kind) for c in compare(old, new)
    }
