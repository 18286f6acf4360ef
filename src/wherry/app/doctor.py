"""Is everything fit to start? Every check ends in a verdict, and says what to do."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from wherry.app.credentials import variable
from wherry.app.results import Check, DoctorResult
from wherry.app.workspace import Workspace
from wherry.model.errors import WherryError

FREE_BYTES = 2 * 1024**3  # a snapshot, its scratch and the store of a large practice


def doctor(ws: Workspace) -> DoctorResult:
    """Check the source, the destination, the store and the disk; one or two calls, nothing written there."""
    checks = [*_source(ws), *_destination(ws), *_store(ws), _disk(ws.root)]
    failed = any(check.verdict == "fail" for check in checks)
    return DoctorResult(checks=tuple(checks), next_steps=() if failed else ("wherry discover",))


def _source(ws: Workspace) -> Iterator[Check]:
    api = bool(ws.settings.source.base_url)
    what = "AeronaClinic can be reached" if api else "the export can be opened"
    try:
        with ws.source() as source:
            for one in source.probe():
                yield Check(
                    id=one.code,
                    what=one.what,
                    verdict="ok" if one.ok else "fail" if one.fatal else "warn",
                    found=one.message,
                    remedy=one.hint,
                )
    except WherryError as error:
        yield Check(id="source.open", what=what, verdict="fail", found=error.message, remedy=error.hint)


def _destination(ws: Workspace) -> Iterator[Check]:
    try:
        findings = ws.destination.probe()
    except WherryError as error:
        yield Check(
            id="destination.settings",
            what="Freshsales can be reached",
            verdict="fail",
            found=error.message,
            remedy=error.hint,
        )
        return
    for finding in findings:
        yield Check(
            id=finding.code,
            what=finding.code.replace("destination.", "Freshsales: "),
            verdict="ok" if finding.ok else "fail" if finding.code != "destination.clock" else "warn",
            found=finding.message,
            remedy=finding.hint,
        )
    yield _quota(ws)
    if all(finding.ok for finding in findings):
        yield _owner(ws)


def _quota(ws: Workspace) -> Check:
    there = ws.settings.destination
    return Check(
        id="destination.quota",
        what="the API calls that may be used",
        verdict="ok",
        found=f"{there.hourly_budget:,} an hour and {there.minute_budget:,} a minute; "
        f"{there.quota_reserve:.0%} of the hour is left to others",
    )


def _owner(ws: Workspace) -> Check:
    wanted = ws.settings.policy.fallback_owner.strip().casefold()
    people = ws.destination.describe().people
    active = any(p.active and p.email.strip().casefold() == wanted for p in people)
    return Check(
        id="policy.fallback_owner",
        what="the fallback owner is an active user",
        verdict="ok" if active else "fail",
        found=ws.settings.policy.fallback_owner or "not set",
        remedy="" if active else "set [policy] fallback_owner to the e-mail of an active Freshsales user",
    )


def _store(ws: Workspace) -> Iterator[Check]:
    what = "the ledger can be opened"
    try:
        runs = len(ws.ledger.runs())
    except WherryError as error:
        yield Check(id="store.open", what=what, verdict="fail", found=error.message, remedy=error.hint)
        return
    yield Check(id="store.open", what=what, verdict="ok", found=f"{runs} runs so far")
    yield _sealed(ws)


def _sealed(ws: Workspace) -> Check:
    what, key = "values of records are sealed at rest", variable("store.key")
    if began := ws.store.purged.began:
        remedy = "for another migration make a new workspace: wherry init DIR"
        return Check(
            id="store.sealed", what=what, verdict="fail", found=f"they were purged at {began}", remedy=remedy
        )
    if not ws.sealer.sealed:
        remedy = f"set {key} to one secret on every machine before the first run; until then keep the database encrypted"
        found = "no: a PostgreSQL store without a secret stays open for workers elsewhere"
        return Check(id="store.sealed", what=what, verdict="warn", found=found, remedy=remedy)
    wrapped = ws.settings.credentials.get("store.key") is not None
    found = f"yes; the key is wrapped by {key}" if wrapped else "yes; the key lies in .wherry/keys"
    return Check(id="store.sealed", what=what, verdict="ok", found=found)


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free
    return Check(
        id="disk.free",
        what="there is room on the disk",
        verdict="ok" if free >= FREE_BYTES else "warn",
        found=f"{free / 1024**3:.1f} GiB free",
        remedy="" if free >= FREE_BYTES else "make room: a large practice needs about 2 GiB",
    )
