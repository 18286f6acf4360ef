"""Stage a snapshot of the source and read both catalogs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from wherry.app.results import DiscoverResult, Row
from wherry.app.sort import sort
from wherry.app.workspace import Workspace
from wherry.mapping.labels import normal_label
from wherry.model.catalog import Catalog
from wherry.model.diff import Observed
from wherry.model.ports import Snapshot
from wherry.planning.twins import Existing

STREAMS = ("contacts", "sales_accounts", "leads")
SKEW = timedelta(minutes=5)  # what the two clocks may differ
SOURCE_ID_LABEL = "Source_System_ID__c"


def discover(ws: Workspace) -> DiscoverResult:
    """Stage the source, read the destination's catalog and what identifies its records; write nothing there.

    A source whose tables can be anything is sorted first: what each may be is proposed, and a person approves.

    Raises PreflightFailed for a source that is not fit, ApprovalMissing for one whose sorting nobody has
    approved, CredentialsRefused for a key that is not accepted.
    """
    destination = ws.destination
    with ws.source() as source:
        sort(ws, source)
        catalog = destination.describe()  # a few calls; a wrong key is better known before the long part
        ws.progress.start("reading the source", None)
        snapshot = ws.stage(source)
        ws.progress.finish()
    existing = _keep_existing(ws, catalog)
    fates = snapshot.counts()
    rejected = sum(counts.get("rejected", 0) for counts in fates.values())
    steps: tuple[str, ...] = ("wherry propose",)
    if rejected:
        steps = (f"{rejected} records are held back; wherry plan lists why", *steps)
    return DiscoverResult(
        snapshot=snapshot.digest,
        source=_source_summary(snapshot),
        destination=_destination_summary(catalog, existing),
        fates=fates,
        findings=tuple(
            {
                "code": f.code,
                "message": f.message,
                "file": f.file or None,
                "line": f.line or None,
                "count": f.count or None,
                "hint": f.hint or None,
            }
            for f in snapshot.findings()
        ),
        next_steps=steps,
    )


def look_around(ws: Workspace) -> None:
    """Read the destination's catalog and what identifies its records, and keep both; the source is left alone."""
    _keep_existing(ws, ws.destination.describe())


def _keep_existing(ws: Workspace, catalog: Catalog) -> dict[str, list[Existing]]:
    begun = ws.clock.now()
    ws.progress.start("reading Freshsales", None)
    existing = {
        stream: list(_there(ws, catalog, stream)) for stream in (*_people(catalog), *_money_streams(catalog))
    }
    ws.progress.finish()
    ws.keep_destination(catalog, existing, begun)
    return existing


def _people(catalog: Catalog) -> tuple[str, ...]:
    """Contacts and accounts, and leads where the edition has any."""
    return tuple(stream for stream in STREAMS if catalog.stream(stream) is not None)


def _money_streams(catalog: Catalog) -> tuple[str, ...]:
    """Deals that carry a source id may be ours from another workspace; products are adopted by their code."""
    return ("deals", "products") if catalog.abilities.get("products") else ("deals",)


def refresh(ws: Workspace, catalog: Catalog) -> None:
    """Take note of what appeared or changed since discover: a call or two a stream, and one a new product.

    A contact that a person made meanwhile may hold an address that a bulk write would match, a product the
    code of one that would be made again.
    """
    begun = ws.clock.now()
    since = ws.discovered_at() - SKEW
    for stream in (*_people(catalog), *_money_streams(catalog)):
        rows = list(_there(ws, catalog, stream, since))
        own = {line.destination_id for line in ws.ledger.located()}  # later: workers may be at it meanwhile
        newer = {one.id: one for one in rows if one.id not in own}
        if newer:
            kept = [one for one in ws.existing(stream) if one.id not in newer]
            ws.keep_existing({stream: kept + list(newer.values())}, begun)


def _there(ws: Workspace, catalog: Catalog, stream: str, since: datetime | None = None) -> Iterator[Existing]:
    labels = _custom_names(catalog, stream)
    known = _known(ws, stream) if since else frozenset()
    for seen in ws.destination.scan(stream, since, known=known):
        one = _existing(seen, labels)
        if stream != "deals" or one.source_id:  # other deals are nobody's that we could know
            yield one
        ws.progress.advance(1)


def _known(ws: Workspace, stream: str) -> frozenset[int]:
    """Return the ids of records that were noted before or are ours."""
    ours = {line.destination_id for line in ws.ledger.located() if line.stream == stream}
    return frozenset(ours | {one.id for one in ws.existing(stream)})


def _custom_names(catalog: Catalog, stream: str) -> dict[str, str]:
    found = catalog.stream(stream)
    return {
        normal_label(f.label): f"custom_field.{f.name}" for f in (found.fields if found else ()) if f.custom
    }


def _existing(seen: Observed, labels: dict[str, str]) -> Existing:
    def text(name: str | None) -> str:
        value = seen.fields.get(name) if name else None
        return "" if value is None else str(value)

    return Existing(
        id=seen.id,
        email=text("email"),
        external_id=text("external_id"),
        source_id=text(labels.get(normal_label(SOURCE_ID_LABEL))),
        first_name=text("first_name"),
        last_name=text("last_name"),
        name=text("name"),
        mobile=text("mobile_number"),
        birth_date=text(labels.get(normal_label("Date of Birth"))),
        code=text("product_code").strip(),
    )


def _source_summary(snapshot: Snapshot) -> Row:
    counts = snapshot.counts()
    streams = {
        stream.name: {"records": sum(counts.get(stream.name, {}).values()), "fields": len(stream.fields)}
        for stream in snapshot.catalog.streams
    }
    return {"system": snapshot.catalog.system, "streams": streams, "facts": dict(snapshot.facts())}


def _destination_summary(catalog: Catalog, existing: dict[str, list[Existing]]) -> Row:
    streams: dict[str, Any] = {}
    for stream in catalog.streams:
        there = existing.get(stream.name)
        streams[stream.name] = {
            "records": None if there is None else len(there),
            "fields": len(stream.fields),
        }
    return {
        "system": catalog.system,
        "streams": streams,
        "people": len([person for person in catalog.people if person.active]),
        "limits": dict(catalog.limits),
        "abilities": dict(catalog.abilities),
    }
