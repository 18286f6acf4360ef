"""Record a person's yes to exactly one plan."""

from wherry.app.instalments import RUN as SIGN_OFF
from wherry.app.instalments import write_sheet
from wherry.app.results import ApproveResult
from wherry.app.workspace import Workspace
from wherry.model.catalog import Privacy
from wherry.model.errors import UsageInvalid
from wherry.model.plan import Approval
from wherry.planning.approve import RUNS, full_digest


def approve(  # noqa: PLR0913 - the words of one approval
    ws: Workspace,
    digest: str,
    by: str,
    *,
    runs: tuple[str, ...] = (),
    unlock: tuple[str, ...] = (),
    purpose: str = "",
    basis: str = "",
) -> ApproveResult:
    """Record that `by` approves the plan with this digest for these runs, or opens privacy classes.

    Raises UsageInvalid when the digest fits no plan, when nothing is approved, or when an unlock lacks
    its purpose or legal basis.
    """
    full = full_digest(ws.plan_digests(), digest)
    plan = ws.plan(full)
    _check(by, runs, unlock, purpose, basis)
    at = ws.clock.now()
    for run in runs:
        ws.ledger.approve(Approval(digest=full, by=by, at=at, purpose_of_run=run))
    for name in unlock:
        ws.ledger.approve(Approval(digest=full, by=by, at=at, unlock=name, purpose=purpose, basis=basis))
    if SIGN_OFF in runs and ws.plan().digest == full:
        write_sheet(ws, full)
    steps = [f"wherry {run}" for run in runs if run != SIGN_OFF]
    if ws.plan().digest != plan.digest:
        steps = ["this is not the current plan; wherry plan would make it current again if nothing changed"]
    return ApproveResult(
        digest=full,
        by=by,
        at=at.isoformat(),
        runs=runs,
        unlock=", ".join(unlock),
        purpose=purpose,
        basis=basis,
        next_steps=tuple(steps),
    )


def _check(by: str, runs: tuple[str, ...], unlock: tuple[str, ...], purpose: str, basis: str) -> None:
    if not by.strip():
        raise UsageInvalid("an approval needs a name", hint="--by 'Maria Murphy'")
    if not runs and not unlock:
        raise UsageInvalid("nothing is approved", hint=f"--for {'|'.join(RUNS)}, or --unlock CLASS")
    unknown = [name for name in unlock if name not in {p.value for p in Privacy}]
    if unknown:
        locked = ", ".join(sorted(p.value for p in Privacy if p.locked))
        raise UsageInvalid(f"{unknown[0]!r} is no privacy class", hint=f"locked classes are: {locked}")
    if unlock and not (purpose.strip() and basis.strip()):
        raise UsageInvalid(
            "opening a privacy class needs a purpose and a legal basis",
            hint="--purpose 'continuity of care' --basis 'Art. 9(2)(h) GDPR'",
        )
