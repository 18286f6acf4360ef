"""What goes wrong with this pair of systems, each looked at for this very workspace, and what storage holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from wherry.model.jsons import Json

# Bytes of file storage for each user, by plan, and the largest file: documented by Freshsales [D].
GIGABYTE = 1_000_000_000
STORAGE_PER_USER: Mapping[str, int] = {
    "free": 0,
    "growth": 2 * GIGABYTE,
    "pro": 5 * GIGABYTE,
    "enterprise": 100 * GIGABYTE,
}
LARGEST_FILE = 150_000_000
ASSUMED_BYTES = 500_000  # of a document that nobody measured
BOT_SESSIONS = 500
LARGE = 100_000  # records from which a migration takes days


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a workspace; None where nobody has looked yet."""

    plan: str
    moving: int
    writes: int
    patients: int = 0
    documents: int = 0
    document_bytes: int | None = None
    largest_document: int | None = None
    users: int | None = None  # active users there
    clinicians: int = 0  # taken for the users where nobody has counted these
    protected: bool | None = None  # the export asks for a password
    password_given: bool = False
    refused_options: tuple[str, ...] = ()
    instalment_plans: int = 0
    instalments: int = 0
    unsigned_plans: int | None = None
    signed: bool = False
    timeline_holds: bool = True


def storage_fit(found: Circumstances) -> dict[str, Json]:
    """Return what the documents need and whether each plan holds it.

    Without a count of users each clinician is taken for one, and one at least; without a measured size a
    document counts as half a megabyte.
    """
    measured = found.document_bytes is not None
    need = found.document_bytes if found.document_bytes is not None else found.documents * ASSUMED_BYTES
    users = max(1, found.clinicians if found.users is None else found.users)
    plans: dict[str, Json] = {
        plan: {"bytes": each * users, "fits": need <= each * users} for plan, each in STORAGE_PER_USER.items()
    }
    too_large = (found.largest_document or 0) > LARGEST_FILE
    return {
        "documents": found.documents,
        "bytes": need,
        "measured": measured,
        "users": users,
        "users_known": found.users is not None,
        "largest_file_bytes": found.largest_document,
        "largest_file_fits": None if found.largest_document is None else not too_large,
        "plan": found.plan,
        "fits": need <= STORAGE_PER_USER[found.plan] * users and not too_large,
        "per_plan": plans,
    }


def gotchas(found: Circumstances) -> tuple[dict[str, Json], ...]:
    """Return every known gotcha with its verdict here.

    Verdicts: `ok` (nothing to do), `act` (somebody must do something first), `watch` (know it, nothing to
    do now), `unknown` (cannot be told from what is here).
    """
    checks = (
        _protected_export,
        _export_options,
        _volume,
        _instalments,
        _storage,
        _automations,
        _freddy,
        _bot_sessions,
        _phone_credits,
    )
    return tuple(check(found) for check in checks)


def _row(id_: str, side: str, verdict: str, finding: str, remedy: str = "") -> dict[str, Json]:
    return {"id": id_, "side": side, "verdict": verdict, "finding": finding, "remedy": remedy}


def _protected_export(found: Circumstances) -> dict[str, Json]:
    name, side = "password_protected_export", "source"
    if found.protected is None:
        return _row(name, side, "unknown", "no export has been looked at", "set [source] bundle")
    if not found.protected:
        return _row(name, side, "ok", "the export asks for no password")
    if found.password_given:
        return _row(name, side, "ok", "the export is protected and its password is set")
    remedy = "set WHERRY_SOURCE__PASSWORD, a file named by WHERRY_SOURCE__PASSWORD_FILE, or the keyring"
    return _row(name, side, "act", "the export is protected and no password is set", remedy)


def _export_options(found: Circumstances) -> dict[str, Json]:
    name, side = "export_options", "source"
    if found.protected is None:
        return _row(name, side, "unknown", "no export has been looked at", "set [source] bundle")
    if found.refused_options:
        words = ", ".join(option.replace("_", " ") for option in found.refused_options)
        remedy = "ask the vendor for it before the contract ends, if it is needed"
        return _row(name, side, "act", f"requested but not granted: {words}", remedy)
    return _row(name, side, "ok", "the export holds what was requested of it")


def _volume(found: Circumstances) -> dict[str, Json]:
    name, side = "record_volume", "source"
    finding = f"{found.moving:,} records move"
    if not found.timeline_holds:
        remedy = "see what helps under factors.timeline"
        return _row(name, side, "act", f"{finding}; 48 to 72 hours do not hold", remedy)
    verdict = "watch" if found.moving > LARGE else "ok"
    return _row(name, side, verdict, f"{finding}; 48 to 72 hours hold")


def _instalments(found: Circumstances) -> dict[str, Json]:
    name, side = "instalment_sign_off", "source"
    remedy = "read reports/instalments.csv, then wherry approve DIGEST --for instalments --by NAME"
    if not found.instalment_plans and found.instalments:
        return _row(
            name, side, "act", f"{found.instalments:,} instalments, of plans that nobody counted", remedy
        )
    if not found.instalment_plans:
        return _row(name, side, "ok", "there are no instalment plans")
    if found.signed:
        return _row(name, side, "ok", f"{found.instalment_plans:,} instalment plans are signed off")
    if found.unsigned_plans is None:
        finding = f"{found.instalment_plans:,} instalment plans, of which nobody has seen the signatures"
        return _row(name, side, "act", finding, remedy)
    if not found.unsigned_plans:
        return _row(name, side, "ok", "every instalment plan carries its signature")
    finding = f"{found.unsigned_plans:,} of {found.instalment_plans:,} instalment plans wait for a signature"
    return _row(name, side, "act", finding, remedy)


def _storage(found: Circumstances) -> dict[str, Json]:
    name, side = "file_storage", "destination"
    fit = storage_fit(found)
    need, users = fit["bytes"], fit["users"]
    if not found.documents:
        return _row(name, side, "ok", "there are no documents")
    size = f"about {need:,} bytes of documents, {users} users on {found.plan}"
    if fit["largest_file_fits"] is False:
        return _row(name, side, "act", f"a document is larger than {LARGEST_FILE:,} bytes", "make it smaller")
    if not fit["fits"]:
        return _row(name, side, "act", f"{size}: they do not fit", "a higher plan, or fewer documents")
    if not fit["measured"] or not fit["users_known"]:
        return _row(name, side, "watch", f"{size}: they fit as far as it is known")
    return _row(name, side, "ok", f"{size}: they fit")


def _automations(found: Circumstances) -> dict[str, Json]:
    finding = (
        f"workflows and sales sequences act on about {found.writes:,} creates and updates; "
        "the API shows none of them"
    )
    remedy = (
        "Admin Settings → Workflows, Sales sequences: pause them before the load, rebuild or resume after"
    )
    return _row("automations", "destination", "act", finding, remedy)


def _freddy(found: Circumstances) -> dict[str, Json]:
    there = found.plan in {"pro", "enterprise"}
    finding = f"Freddy AI comes with Pro and Enterprise; this account is on {found.plan}"
    remedy = "" if there else "count on no scores or deal insights from it"
    return _row("freddy_ai", "destination", "ok" if there else "watch", finding, remedy)


def _bot_sessions(found: Circumstances) -> dict[str, Json]:
    finding = (
        f"{BOT_SESSIONS} bot sessions are given once, not every month; the migration uses none, "
        f"{found.patients:,} patients may"
    )
    verdict = "watch" if found.patients > BOT_SESSIONS else "ok"
    remedy = "buy sessions before a bot goes public" if verdict == "watch" else ""
    return _row("bot_sessions", "destination", verdict, finding, remedy)


def _phone_credits(found: Circumstances) -> dict[str, Json]:
    finding = (
        f"calls cost credits by the minute without a cap; the migration calls nobody of {found.patients:,}"
    )
    remedy = "set a balance alert before recalls are made by phone"
    return _row("phone_credits", "destination", "watch" if found.patients else "ok", finding, remedy)
