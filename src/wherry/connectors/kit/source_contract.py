"""What every source keeps to, as a check that any connector's tests can call; see docs/howto/write-a-connector.md."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal

from wherry.model.catalog import Catalog, FieldType, Stream
from wherry.model.errors import PreflightFailed
from wherry.model.opening import OpenSource
from wherry.model.ports import Extracted
from wherry.model.record import Fate, Value

NO_SUCH = "documents/there-is-no-such-document"

_TYPES: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.TEXT: (str,),
    FieldType.TEXTAREA: (str,),
    FieldType.INTEGER: (int,),
    FieldType.NUMBER: (Decimal,),
    FieldType.MONEY: (Decimal,),
    FieldType.BOOLEAN: (bool,),
    FieldType.DATE: (date,),
    FieldType.DATETIME: (datetime,),
    FieldType.DROPDOWN: (str,),
    FieldType.MULTI_SELECT: (tuple,),
    FieldType.REFERENCE: (str,),
}


def breaches(opened: Callable[[], OpenSource]) -> Iterator[str]:
    """Yield a sentence for each point of the contract that a source does not keep; nothing where it keeps all.

    `opened` opens the same, unchanged and sound source anew each time. A sentence names streams, fields and
    keys, never a value.
    """
    with closing(opened()) as source:
        catalog = source.describe()
        first = {stream.name: list(source.extract(stream.name)) for stream in catalog.streams}
        again = {stream.name: list(source.extract(stream.name)) for stream in catalog.streams}
        yield from _shape(source, catalog)
        for stream in catalog.streams:
            yield from _records(stream, first[stream.name])
        yield from _documents(source)
        yield from _checks(source)
        if source.describe() != catalog:
            yield "describe() says something else after the records were read"
        values = _secrets(first)
        yield from _silent("findings()", repr(source.findings()), values)
        yield from _silent("the repr of the source", repr(source), values)
        if first != again:
            yield "extract() gives other records the second time"
    with closing(opened()) as anew:
        if {name: list(anew.extract(name)) for name in first} != first:
            yield "opened anew, the source gives other records"
    anew.close()  # twice is once


def _shape(source: OpenSource, catalog: Catalog) -> Iterator[str]:
    names = {stream.name for stream in catalog.streams}
    for stream in catalog.streams:
        for field in stream.fields:
            if field.references and field.references not in names:
                yield f"{stream.name}.{field.name} refers to {field.references}, which is no stream"
    facts = source.facts()
    for name in ("tenant", "exported_at", "tz", "currency"):
        if not facts.get(name):
            yield f"facts() does not say {name}"
    integrity = source.integrity()
    for parent in integrity.parents:
        if {parent.stream, parent.parent} - names:
            yield f"integrity() speaks of {parent.stream} and {parent.parent}, one of which is no stream"


def _records(stream: Stream, records: list[Extracted]) -> Iterator[str]:
    fields = {field.name: field for field in stream.fields}
    for record in records:
        key, staged = record.staged.key, record.staged
        if key.stream != stream.name or not key.id:
            yield f"{key}: a record of {stream.name} has no key of that stream"
        if staged.fate is not Fate.READY and not (staged.reason and staged.detail):
            yield f"{key}: is {staged.fate} without a reason and a detail"
        if not record.raw_hash:
            yield f"{key}: has no hash of what was written"
        for name in record.values.keys() - fields.keys():
            yield f"{key}: has the field {name}, which describe() does not know"
        for name in record.values.keys() & fields.keys():
            if not _typed(record.values[name], fields[name].type):
                yield f"{key}: {name} is no {fields[name].type}"


def _typed(value: Value, type_: FieldType) -> bool:
    if value is None:
        return True
    if isinstance(value, datetime):
        return type_ is FieldType.DATETIME and value.tzinfo is not None
    if isinstance(value, bool):
        return type_ is FieldType.BOOLEAN
    return isinstance(value, _TYPES.get(type_, ()))


def _documents(source: OpenSource) -> Iterator[str]:
    if source.document_size(NO_SUCH) is not None:
        yield "document_size() knows a document that is not there"
    try:
        with source.open_document(NO_SUCH) as blocks:
            list(blocks)
        yield "open_document() opens a document that is not there"
    except PreflightFailed:
        pass


def _checks(source: OpenSource) -> Iterator[str]:
    for check in source.probe():
        if not check.code.startswith("source."):
            yield f"probe() gives the code {check.code}, which does not begin with source."
        if not check.ok and not check.hint:
            yield f"probe() finds {check.code} not well, and does not say what to do"


def _secrets(records: Mapping[str, list[Extracted]]) -> frozenset[str]:
    """Return texts that are nobody's but a person's: the longer ones of free text, addresses and numbers."""
    return frozenset(
        value
        for found in records.values()
        for record in found
        for name, value in record.values.items()
        if isinstance(value, str)
        and name in {"email", "mobile", "homePhone", "text", "address1"}
        and len(value) > 6
    )


def _silent(what: str, text: str, values: frozenset[str]) -> Iterator[str]:
    if any(value in text for value in values):
        yield f"{what} shows a value of a record"
