"""Reads every list of the API into the spool, page by page; what is there already is not asked for again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from wherry.connectors.aerona.api_ahead import Ahead
from wherry.connectors.aerona.api_cells import flattened, inside
from wherry.connectors.aerona.api_judge import NotAllowed, NotThere
from wherry.connectors.aerona.api_profile import Listing, Profile
from wherry.connectors.aerona.api_session import Session
from wherry.connectors.aerona.api_spool import Extraction, Page, Spool
from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.kit.http import Param
from wherry.connectors.kit.redact import log_event
from wherry.model.errors import PreflightFailed, WherryError
from wherry.model.jsons import Json
from wherry.model.ports import Clock, Finding

PASSES = 3  # over a list that changes while it is read
LATE = "+"  # after a stream's name: what changed while the lists were read
CHANGED = "~"  # what changed since the last reading
KEYS = "#"  # which keys there are
OVERLAP = timedelta(minutes=5)  # a change may be seen later than the moment that it carries
_MOST_PAGES = 1_000_000
_BLOCK = 1 << 20  # bytes


class _Moved(Exception):
    """The list changed its length while it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """Carries one extraction to its end."""

    session: Session
    spool: Spool
    clock: Clock
    subject: str  # a digest of what is read: address and profile

    @property
    def profile(self) -> Profile:
        """How the API is spelt."""
        return self.session.profile

    def run(self) -> Extraction:
        """Read what is not read yet. Raises what the session raises; what was read stays."""
        now = self.clock.now()
        extraction = self.spool.to_resume(self.subject, now)
        if extraction is None:
            self.session.refuse_maintenance()
            before = (
                self.spool.to_follow(self.subject, now, self.profile.whole_every_hours)
                if self.profile.modified_since
                else None
            )
            extraction = self.spool.begin(self.subject, now, self.facts(), before)
        for stream, listing in self.profile.listed().items():
            if stream not in extraction.done:
                extraction = self._step(extraction, stream, listing)
        for stream, listing in self.profile.listed().items():
            if listing.changes and self.profile.modified_since and f"{stream}{LATE}" not in extraction.done:
                extraction = self._catch_up(extraction, stream, listing)
        return extraction

    def facts(self) -> dict[str, Json]:
        """Return what the clinic says of itself, or the profile's defaults."""
        tenant, defaults = self.profile.tenant, self.profile.defaults
        body: Json = self.session.get(tenant.path).body if tenant.path else {}
        said = {
            name: inside(body, path)
            for name, path in tenant.model_dump().items()
            if name != "path" and path and inside(body, path) is not None
        }
        return {**defaults.model_dump(), **said}

    def _step(self, extraction: Extraction, stream: str, listing: Listing) -> Extraction:
        note = None
        before = self.spool.seen_before().get(stream)
        needed = not listing.may_be_empty and (listing.essential or bool(before and before.rows))
        try:
            count, followed = self._whole_or_followed(extraction, stream, listing)
        except (NotAllowed, NotThere) as error:
            if needed:
                raise PreflightFailed(
                    f"AeronaClinic: {error.message}, and what it held before would pass for deleted"
                    if before
                    else f"AeronaClinic: {error.message}, and nothing can be moved without it",
                    hint=error.hint,
                ) from None
            note = _left_out(error, stream)
            log_event("source.list_left_out", "a list cannot be read", stream=stream)
        else:
            if count == 0 and needed:
                raise _empty(stream)
            if followed:
                extraction = replace(extraction, followed=(*extraction.followed, stream))
        notes = (*extraction.notes, asdict(note)) if note else extraction.notes
        extraction = replace(extraction, done=(*extraction.done, stream), notes=notes)
        self.spool.keep(extraction)
        return extraction

    def _whole_or_followed(self, extraction: Extraction, stream: str, listing: Listing) -> tuple[int, bool]:
        """Read a list whole, or what changed in it since the last reading and which keys it holds now.

        A key that no change and no earlier record has was committed later than the overlap reaches back: the
        list is read whole then. Returns how many records the list has, and whether it was followed.
        """
        if not (extraction.since and listing.changes and listing.keys):
            return self._read(stream, listing, stream, {}), False
        key = SHEETS[stream].key[0]
        self._read(f"{stream}{CHANGED}", listing, stream, self._changes(extraction.since))
        only = dict(listing.keys)
        if self.profile.paging.size_param and self.profile.paging.keys_size:
            only[self.profile.paging.size_param] = str(self.profile.paging.keys_size)
        count = self._read(f"{stream}{KEYS}", listing, stream, only)
        there = {cells.get(key, "") for cells in self._cells(f"{stream}{KEYS}", listing)}
        known = {cells.get(key, "") for cells in self.spool.before(SHEETS[stream].file)}
        known |= {cells.get(key, "") for cells in self._cells(f"{stream}{CHANGED}", listing)}
        if there <= known:
            return count, True
        log_event("source.keys_unknown", "a list holds keys that nobody told of; read whole", stream=stream)
        return self._read(stream, listing, stream, {}), False

    def _changes(self, since: str) -> dict[str, Param]:
        """Return the parameter that asks for what changed since a moment, with the overlap for late commits."""
        moment = datetime.fromisoformat(since) - OVERLAP
        return {self.profile.modified_since: moment.isoformat()}

    def _catch_up(self, extraction: Extraction, stream: str, listing: Listing) -> Extraction:
        self._read(f"{stream}{LATE}", listing, stream, self._changes(extraction.begun))
        extraction = replace(extraction, done=(*extraction.done, f"{stream}{LATE}"))
        self.spool.keep(extraction)
        return extraction

    def _read(self, spooled: str, listing: Listing, stream: str, extra: Mapping[str, Param]) -> int:
        """Read a list to its end and return how many records it has."""
        for _ in range(PASSES):
            try:
                return self._pass(spooled, listing, stream, extra)
            except _Moved:
                log_event("source.list_moved", "a list changed while it was read; read anew", stream=stream)
                self.spool.forget(spooled)
        raise PreflightFailed(
            f"AeronaClinic: the list of {stream} changed each of {PASSES} times that it was read",
            hint="Run the same command again when the practice is closed: what was read is kept.",
        )

    def _pass(self, spooled: str, listing: Listing, stream: str, extra: Mapping[str, Param]) -> int:
        number = read = 0
        last: Page | None = None
        for page in self.spool.pages(spooled):
            number, read, last = number + 1, read + len(page.records), page
        calls = self.profile.paging.parallel if self.profile.paging.style == "page" else 1
        with Ahead(lambda place: self._page(stream, listing, place, extra), calls) as ahead:
            while number < _MOST_PAGES and not self._ends(last, read):
                page = ahead.page((number, read, last))
                if last is not None and page.records and page.records == last.records:
                    raise _same_page(stream, self.profile.paging.param)
                if last is not None and page.total != last.total:
                    raise _Moved
                self.spool.add(spooled, number, page)
                number, read, last = number + 1, read + len(page.records), page
        if last is not None and last.total is not None and read != last.total:
            raise _Moved
        return read

    def _ends(self, last: Page | None, read: int) -> bool:
        """Return whether the list is at its end. A short page is none: a server may give less than was asked."""
        if last is None:
            return False
        style = self.profile.paging.style
        if style == "cursor":
            return last.next is None
        return style == "none" or not last.records or (last.total is not None and read >= last.total)

    def _page(
        self, stream: str, listing: Listing, place: tuple[int, int, Page | None], extra: Mapping[str, Param]
    ) -> Page:
        number, read, last = place
        paging = self.profile.paging
        params: dict[str, Param] = {**listing.params, **extra}
        if paging.style != "none" and paging.size_param:
            params.setdefault(paging.size_param, paging.size)
        if paging.style == "page":
            params[paging.param] = paging.first + number
        elif paging.style == "offset":
            params[paging.param] = read
        elif paging.style == "cursor" and last is not None and last.next is not None:
            params[paging.param] = last.next
        body = self.session.get(listing.path, params).body
        records = inside(body, paging.items)
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise PreflightFailed(
                f"AeronaClinic: the answer of {listing.path} holds no list of {stream} under '{paging.items}'",
                hint="Correct paging.items in the profile ([source] profile).",
            )
        total = inside(body, paging.total) if paging.total else None
        following = inside(body, paging.next) if paging.style == "cursor" else None
        return Page(
            records=records,
            total=total if isinstance(total, int) else None,
            next=None if following in {None, ""} else str(following),
        )

    def peek(self, listing: Listing) -> None:
        """Ask for one record of a list, to see whether it may be read."""
        paging = self.profile.paging
        size: dict[str, Param] = (
            {paging.size_param: 1} if paging.style != "none" and paging.size_param else {}
        )
        self.session.get(listing.path, {**listing.params, **size})

    # documents ----------------------------------------------------------------------------------

    def document(self, cells: Mapping[str, str]) -> bool:
        """Have a document's bytes in the spool; False where the API has none."""
        document = cells.get("documentId", "")
        path = self.spool.documents / document_name(document)
        if path.exists() and self._unaltered(path, cells):
            return True
        safe = {name: quote(text, safe="") for name, text in cells.items()}
        new = path.with_suffix(".new")
        with self.spool.create(new, path.name) as file:
            there = self.session.save(self.profile.documents.content.format_map(_Blank(safe)), file)
        if there:
            new.replace(path)
        else:
            new.unlink()
        return there

    def _unaltered(self, path: Path, cells: Mapping[str, str]) -> bool:
        expected = cells.get("sha256", "").lower()
        if not expected:
            return False
        digest = sha256()
        try:
            with self.spool.read(path) as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except PreflightFailed:  # sealed with a key that is gone: it is read anew
            return False
        return digest.hexdigest() == expected

    def records(self, stream: str, listing: Listing) -> Iterator[dict[str, str]]:
        """Yield the cells of each record that was read of a list, those that came late in their place."""
        key, moment = SHEETS[stream].key[0], "updatedAt"
        late: dict[str, dict[str, str]] = {}
        if listing.changes:
            late = {one[key]: one for one in self._cells(f"{stream}{LATE}", listing) if one.get(key)}
        seen = set()
        for cells in self._now(stream, listing):
            newer = late.get(cells.get(key, ""))
            if newer is not None:
                seen.add(newer[key])
            yield newer if newer is not None and newer.get(moment, "") > cells.get(moment, "") else cells
        yield from (one for name, one in late.items() if name not in seen)

    def _now(self, stream: str, listing: Listing) -> Iterator[dict[str, str]]:
        """Yield the cells of each record: as they were read, or as the last reading left them with the changes since."""
        last = self.spool.last()
        if last is None or stream not in last.followed:
            yield from self._cells(stream, listing)
            return
        key = SHEETS[stream].key[0]
        there = {cells.get(key, "") for cells in self._cells(f"{stream}{KEYS}", listing)}
        changed = {one.get(key, ""): one for one in self._cells(f"{stream}{CHANGED}", listing)}
        for cells in self.spool.before(SHEETS[stream].file):
            if cells.get(key, "") in there:
                yield changed.pop(cells.get(key, ""), cells)
        yield from (one for name, one in changed.items() if name in there)

    def _cells(self, spooled: str, listing: Listing) -> Iterator[dict[str, str]]:
        for page in self.spool.pages(spooled):
            for record in page.records:
                yield flattened(record, listing)


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def document_name(document: str) -> str:
    """Return the name under which a document's bytes lie in the spool: nothing that the API said is a path."""
    return sha256(document.encode()).hexdigest()[:40]


def _empty(stream: str) -> PreflightFailed:
    return PreflightFailed(
        f"AeronaClinic says that it holds no {stream.replace('_', ' ')}, which is hard to believe",
        hint=f"Check the API user's rights and practice. If it is true, set lists.{stream}.may_be_empty: true in the profile.",
    )


def _same_page(stream: str, param: str) -> PreflightFailed:
    return PreflightFailed(
        f"AeronaClinic sends the same page of {stream} again, as if it did not know the parameter '{param}'",
        hint="Correct paging in the profile ([source] profile).",
    )


def _left_out(error: WherryError, stream: str) -> Finding:
    message = f"{error.message}: none of it is moved"
    if isinstance(error, NotAllowed):
        return Finding(code="list_refused", message=message, file=stream, hint=error.hint)
    return Finding(
        code="list_missing",
        message=message,
        file=stream,
        hint="Give its path in the profile, or an empty one if the clinic has no such list.",
    )
