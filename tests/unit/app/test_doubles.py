"""Which records count as a second copy of ours, and what is looked through to find them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from wherry.app.doubles import Doubles
from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.model.diff import Observed
from wherry.model.operation import Payload
from wherry.model.record import Key

SOURCE = "custom_field.cf_source"
KEYED = Field(name="cf_source", type=FieldType.TEXT, custom=True)
CATALOG = Catalog(
    system="crm",
    streams=(
        Stream(name="deals", fields=(KEYED,), key="id"),
        Stream(
            name="contacts", fields=(Field(name="external_id", type=FieldType.TEXT, unique=True),), key="id"
        ),
        Stream(name="products", fields=(KEYED,), key="id"),
    ),
)


class Lists:
    """Lists these records of every stream, and counts how often it was asked."""

    def __init__(self, *rows: Observed) -> None:
        self.rows, self.asked = rows, 0

    def scan(self, stream: str, _since: datetime | None) -> Iterator[Observed]:
        self.asked += 1
        return (row for row in self.rows if row.stream == stream)


def doubles(*rows: Observed) -> tuple[Doubles, Lists]:
    lists: Any = Lists(*rows)
    return Doubles(destination=lists, catalog=CATALOG, since=None), lists


def deal(number: int, source: str | None, **how: Any) -> Observed:
    return Observed(stream="deals", id=number, fields={SOURCE: source}, links={}, **how)


def note(number: int, text: str, contact: int = 5) -> Observed:
    return Observed(stream="notes", id=number, fields={"description": text}, links={"targetable": (contact,)})


def ours(stream: str, *, match: tuple[str, str] | None = None, marker: str = "") -> Payload:
    return Payload(stream=stream, key=Key("source", "1"), fields={}, match=match, marker=marker)


def test_a_list_is_read_once_and_names_the_others_with_our_key() -> None:
    found, lists = doubles(
        deal(1, "7"), deal(2, "7"), deal(3, "8"), deal(4, None), deal(5, "7", deleted=True)
    )
    payload = ours("deals", match=(SOURCE, "7"))
    assert [one.id for one in found.of(payload, deal(1, "7"))] == [2]
    assert found.of(ours("deals", match=(SOURCE, "8")), deal(3, "8")) == []
    assert lists.asked == 1


def test_what_is_unique_there_or_costs_a_call_each_is_not_listed() -> None:
    found, lists = doubles()
    for stream, name in (("contacts", "external_id"), ("products", SOURCE), ("unknown", SOURCE)):
        seen = Observed(stream=stream, id=1, fields={name: "7"}, links={})
        assert found.of(ours(stream, match=(name, "7")), seen) == []
    assert lists.asked == 0


def test_the_same_text_under_the_same_contact_is_a_copy() -> None:
    found, lists = doubles()
    found.among(
        [note(1, "well [m:1]"), note(2, "well [m:1]"), note(3, "ill [m:2]"), note(4, "well [m:1]", 6)]
    )
    assert [one.id for one in found.of(ours("notes", marker="[m:1]"), note(1, "well [m:1]"))] == [2]
    assert found.of(ours("notes"), note(1, "well [m:1]")) == []
    assert lists.asked == 0


def test_a_file_is_told_by_its_name() -> None:
    found, _ = doubles()
    files = [
        Observed(stream="documents", id=n, fields={"name": "x.pdf [m:1]"}, links={"targetable": (5,)})
        for n in (1, 2)
    ]
    found.among(files)
    assert found.of(ours("documents", marker="[m:1]"), files[0]) == [files[1]]
