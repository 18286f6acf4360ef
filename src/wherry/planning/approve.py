"""Whether a plan may be carried out: approved by somebody, for this kind of run, and still true."""

from collections.abc import Mapping, Sequence

from wherry.model.catalog import Privacy
from wherry.model.errors import ApprovalMissing, StalePlan, UsageInvalid
from wherry.model.plan import Approval, Basis

MEANING = {
    "snapshot": "source records",
    "mapping": "mapping files",
    "destination": "Freshsales fields, users or pick lists",
    "policies": "settings in wherry.toml",
}
SHORT = 12  # characters of a digest that people see and type
RUNS = ("prepare", "sample", "load", "delta", "instalments")


def require_approval(approvals: Sequence[Approval], digest: str, run: str) -> Approval:
    """Return the newest approval of this digest for this kind of run.

    A load's approval covers delta and retry too only where it was given for them. Raises ApprovalMissing.
    """
    mine = [a for a in approvals if a.digest == digest and a.purpose_of_run == run]
    if mine:
        return mine[-1]
    given = sorted({a.purpose_of_run for a in approvals if a.digest == digest and a.purpose_of_run})
    others = sorted({a.digest[:SHORT] for a in approvals if a.digest != digest})
    details = []
    if given:
        details.append(f"approved so far for: {', '.join(given)}")
    if others:
        details.append(f"approvals of other plans do not count: {', '.join(others)}")
    raise ApprovalMissing(
        f"nobody has approved plan {digest[:SHORT]} for {run}",
        hint=f"wherry approve {digest[:SHORT]} --by NAME --for {run}",
        details=details,
    )


def unlocked_classes(approvals: Sequence[Approval], digest: str) -> frozenset[Privacy]:
    """Return the privacy classes that approvals of this digest opened."""
    return frozenset(Privacy(a.unlock) for a in approvals if a.digest == digest and a.unlock)


def require_fresh(planned: Basis, now: Basis, changed: Mapping[str, Sequence[str]]) -> None:
    """Raise StalePlan when what the plan stands on has changed, naming every record, field or setting."""
    names = [name for name in MEANING if getattr(planned, name) != getattr(now, name)]
    if not names:
        return
    details = [line for name in names for line in changed.get(name, ()) or (f"{MEANING[name]} changed",)]
    raise StalePlan(
        "the plan no longer fits: "
        + ", ".join(MEANING[name] for name in names)
        + " changed since it was made",
        hint="wherry plan, read what changed, then wherry approve the new digest",
        details=details,
    )


def full_digest(known: Sequence[str], typed: str) -> str:
    """Return the one plan digest that begins with what was typed; raises UsageInvalid."""
    typed = typed.strip().rstrip("…").lower()
    found = [digest for digest in known if digest.startswith(typed)]
    if len(typed) >= 8 and len(found) == 1:
        return found[0]
    if not found:
        raise UsageInvalid(
            f"no plan has a digest that begins with {typed!r}",
            hint="wherry plan prints the digest; plans/ holds every plan",
        )
    raise UsageInvalid(
        f"{typed!r} is too short to tell plans apart", hint=f"type at least {SHORT} characters"
    )
