"""AeronaClinic's API as a source: read whole into the spool, then read like a bundle."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property

import orjson

from wherry.connectors.aerona.api_bundle import build
from wherry.connectors.aerona.api_extract import Extractor
from wherry.connectors.aerona.api_probe import probe
from wherry.connectors.aerona.api_profile import Profile
from wherry.connectors.aerona.api_session import Access, Session
from wherry.connectors.aerona.api_spool import Seen, Spool, SpoolContainer
from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.bundle.headers import plain
from wherry.connectors.bundle.overrides import Overrides
from wherry.connectors.bundle.source import AeronaBundle, Words
from wherry.model.catalog import Catalog
from wherry.model.jsons import Json
from wherry.model.opening import SourceCheck
from wherry.model.ports import Extracted, Finding, Integrity

Headers = Mapping[str, Mapping[str, str]]
Said = tuple[Headers, Words]  # what people say of headers and of words


class AeronaApi:
    """The API, read through the Source port. Close it.

    The first call that needs records reads every list (hours for a large practice); each page is kept, so a
    process that was killed goes on where it stopped. What was read is staged by the reader of bundles, so
    that API and bundle give the same snapshot. Once all streams were extracted, closing marks the reading
    as used: the next source reads anew.
    """

    def __init__(self, access: Access, profile: Profile, overrides: Overrides, said: Said) -> None:
        self._overrides, (self._headers, self._words) = overrides, said
        self._spool = Spool(access.folder, access.sealer)
        self._session = Session(access, profile)
        self._extractor = Extractor(
            session=self._session,
            spool=self._spool,
            clock=access.clock,
            subject=_digest(access.base_url, profile),
        )
        self._asked: set[str] = set()

    def describe(self) -> Catalog:
        """Return the streams with all columns of the contract, and the custom fields found."""
        return self._bundle.describe()

    def facts(self) -> Mapping[str, Json]:
        """Return what the clinic says of itself, and when it was read."""
        return self._bundle.facts()

    def integrity(self) -> Integrity:
        """Return how the streams hang together."""
        return self._bundle.integrity()

    def extract(self, stream: str) -> Iterator[Extracted]:
        """Yield every record of a stream in the order of its list."""
        yield from self._bundle.extract(stream)
        self._asked.add(stream)

    def findings(self) -> Sequence[Finding]:
        """Return what was noticed; complete once every stream was extracted."""
        return [*self._bundle.findings(), *self._about_api()]

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB; what was read once is not asked for again."""
        return self._staged.open_document(ref)

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes; None when there is no such document."""
        return self._staged.document_size(ref)

    def probe(self) -> Iterator[SourceCheck]:
        """Yield whether the API can be used, in one call for each list and two more; reads one record a list."""
        return probe(self._extractor)

    def close(self) -> None:
        """Let go of the connections; what was staged to its end is not read a second time."""
        if self._asked >= SHEETS.keys():
            self._spool.use()
        self._session.close()

    @cached_property
    def _bundle(self) -> AeronaBundle:
        """Read what is not read yet, and return it as the bundle that it makes."""
        extraction = self._extractor.run()
        if not self._spool.built:
            build(self._extractor, extraction)
        return self._opened()

    @cached_property
    def _staged(self) -> AeronaBundle:
        """The bundle of the last reading: documents are found without reading all lists again."""
        return self._opened() if self._spool.built else self._bundle

    def _opened(self) -> AeronaBundle:
        return AeronaBundle(SpoolContainer(self._spool), self._overrides, self._headers, self._words)

    def _about_api(self) -> Iterator[Finding]:
        last = self._spool.last()
        for note in last.notes if last else ():
            yield Finding(**note)
        before = self._spool.seen_before()
        for stream, seen in self._spool.seen().items():
            yield from _drift(stream, seen, before.get(stream))
        if self._session.refusals:
            count = self._session.refusals
            yield Finding(
                code="token_lost",
                message=f"a token was refused before its time {count} times; a whole window was waited for",
                count=count,
                hint="Another program seems to use the same API user; give this one a user of its own.",
            )


def _drift(stream: str, seen: Seen, before: Seen | None) -> Iterator[Finding]:
    """Yield what a list lacks of the contract, and how it differs from the last reading."""
    have = {plain(name) for name in seen.fields}
    lacking = [c.name for c in SHEETS[stream].columns if plain(c.name) not in have and c.name != "ref"]
    if lacking:
        yield Finding(
            code="fields_missing",
            message=f"{len(lacking)} fields are not in the API's answer: {', '.join(lacking)}",
            file=stream,
            count=len(lacking),
            hint="If they have other names there, say so under fields in the profile.",
        )
    for name in sorted(set(seen.fields) - set(before.fields)) if before and seen.rows and before.rows else ():
        yield Finding(
            code="field_appeared",
            message=f"the field '{name}' is new since the last reading",
            file=stream,
            hint="wherry propose says what could become of it.",
        )
    for name in sorted(set(before.fields) - set(seen.fields)) if before and seen.rows and before.rows else ():
        yield Finding(
            code="field_vanished",
            message=f"the field '{name}' is gone since the last reading",
            file=stream,
            hint="If it was renamed, say so under fields in the profile; else the mapping loses it.",
        )


def _digest(base_url: str, profile: Profile) -> str:
    body = orjson.dumps([base_url, profile.model_dump(mode="json")], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def open_api(access: Access, profile: Profile, overrides: Overrides, said: Said) -> AeronaApi:
    """Open the API; nothing is asked of it yet. The caller closes it."""
    access.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {name: replace(one, encoding=None) for name, one in overrides.files.items()}
    return AeronaApi(access, profile, replace(overrides, encoding=None, files=files), said)
