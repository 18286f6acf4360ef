"""The files and links of a contact, as their list shows them, and the bytes behind a file."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wherry.connectors.freshsales.answers import Row, as_id, as_row, as_rows, meta_number
from wherry.connectors.freshsales.observed import plain_text, same_text
from wherry.connectors.freshsales.upload import STREAM
from wherry.connectors.kit.http import ApiClient
from wherry.model.diff import Observed
from wherry.model.errors import DestinationRefused, ProtocolBroken, RecordGone
from wherry.model.jsons import Json
from wherry.model.operation import Operation

_LISTS = ("document_associations", "documents", "files", "links")
"""Keys under which the list may stand: `links` was seen live [L], the first is our reading of the docs [I]."""
_NESTED = ("document", "file", "document_link", "link", "attachable")
_NAMES = ("name", "file_name", "content_file_name", "display_name", "filename")
_SIZES = ("size", "file_size", "content_file_size", "byte_size")
_PER_PAGE = 100
_MOST_PAGES = 1_000
_ENDING = re.compile(r"\.[^\W_]{1,16}\Z")
_FIELDS = ("name", "size", "sha256")


@dataclass(slots=True, kw_only=True)
class Attachments:
    """Reads `/contacts/{id}/document_associations` [D]; what its rows hold is not documented [?].

    With `read_bytes`, files that are read back are fetched by the `url` of their row, the only handle that
    the API gives [D], to compare their checksum.
    """

    client: ApiClient
    read_bytes: bool = True
    _refused: bool = False

    def of(self, stream: str, parent: int) -> list[Observed]:
        """Return all files and links of a contact or account; none where it is gone. A call for each hundred.

        Raises ProtocolBroken where the record is there and its files cannot be listed: then nobody can tell
        whether an upload has arrived.
        """
        path = f"/{stream}/{parent}/document_associations"
        try:
            return list(self._pages(path, parent))
        except RecordGone:
            pass
        try:
            self.client.request("GET", f"/{stream}/{parent}")
        except RecordGone:
            return []
        raise ProtocolBroken(
            f"GET {path} answers that there is nothing, though the record is there",
            hint="This account does not list files, so uploads cannot be proved: leave the class documents locked.",
        )

    def ids(self, stream: str, parent: int) -> tuple[int, ...] | None:
        """Return the ids of all files and links of a record; None where this account does not list them."""
        try:
            return None if self._refused else tuple(one.id for one in self.of(stream, parent))
        except (DestinationRefused, ProtocolBroken):
            self._refused = True
            return None

    def find(self, operations: Sequence[Operation]) -> dict[str, Observed]:
        """Return the files that carry the operations' markers, by operation id; the oldest of several."""
        wanted: dict[int, list[Operation]] = {}
        for one in operations:
            if "targetable" in one.links:
                wanted.setdefault(one.links["targetable"], []).append(one)
        found: dict[str, Observed] = {}
        for parent, group in wanted.items():
            there = self.of("contacts", parent)
            for one in group:
                hits = [file for file in there if _is(one, file)]
                if hits:
                    found[one.id] = min(hits, key=lambda file: file.id)
        return found

    def fetch(self, parent: int, ids: Sequence[int], *, copies: bool = False) -> Iterator[Observed]:
        """Yield the files with these ids, with the checksum of their bytes where these can be read.

        With `copies`, other files of the same names come behind them.
        """
        there = {file.id: file for file in self.of("contacts", parent)}
        for number in ids:
            if number in there:
                yield self._proved(there[number])
        if copies:
            yield from same_text(there, ids, "name")

    def _proved(self, file: Observed) -> Observed:
        url = file.fields.get("url")
        found = self.client.downloads.digest(url) if self.read_bytes and isinstance(url, str) else None
        if found is None:
            return file
        fields = {**file.fields, "sha256": found.sha256, "size": found.size}
        return replace(file, fields=fields, not_readable=file.not_readable - {"sha256", "size"})

    def _pages(self, path: str, parent: int) -> Iterator[Observed]:
        before: list[int] = []
        for page in range(1, _MOST_PAGES + 1):
            body = self.client.request("GET", path, params={"page": page, "per_page": _PER_PAGE}).body
            files = [one for row in _rows(body) if (one := _observed(row, parent)) is not None]
            ids = [one.id for one in files]
            if not ids or ids == before:
                return
            yield from files
            last = meta_number(body, "total_pages")
            if page == last or (last is None and len(ids) < _PER_PAGE):
                return
            before = ids


def _rows(body: Json) -> list[Row]:
    if isinstance(body, list):
        return as_rows(body)
    whole = as_row(body)
    return [row for name in _LISTS for row in as_rows(whole.get(name))]


def _observed(row: Row, parent: int) -> Observed | None:
    inner = next((as_row(row[name]) for name in _NESTED if as_row(row.get(name))), row)
    own = as_id(inner.get("id")) if inner is not row else None
    number = own or as_id(row.get("document_id")) or as_id(row.get("id"))
    if number is None:
        return None
    fields: dict[str, Json] = {}
    for name, spellings in (("name", _NAMES), ("size", _SIZES)):
        shown = next((inner[s] for s in spellings if inner.get(s) is not None), None)
        if shown is not None:
            fields[name] = shown
    if isinstance(inner.get("url"), str):
        fields["url"] = inner["url"]
    return Observed(
        stream=STREAM,
        id=number,
        fields=fields,
        links={"targetable": (parent,)},
        not_readable=frozenset(name for name in _FIELDS if name not in fields),
        created_at=str(inner.get("created_at") or ""),
        updated_at=str(inner.get("updated_at") or ""),
        deleted=inner.get("is_deleted") is True,
    )


def _is(operation: Operation, file: Observed) -> bool:
    """Return whether a name ends with the marker, before or after the ending, however a server spells it."""
    if not operation.marker or file.deleted:
        return False
    name, marker = _plain(plain_text(file.fields.get("name"))), _plain(operation.marker)
    return name.endswith(marker) or _plain(_ENDING.sub("", name)).endswith(marker)


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z.]", "_", text.lower()).rstrip("_.")
