"""A person's yes to what a preview showed, by its digest."""

from wherry.model.errors import ApprovalMissing
from wherry.planning.approve import SHORT

LEAST = 8  # digits of a digest that name it


def require_confirmed(verb: str, why: str, confirm: str, digest: str) -> None:
    """Raise ApprovalMissing, naming the way to it, unless `confirm` begins the digest of what is so now."""
    if not confirm:
        raise ApprovalMissing(
            f"a {verb} has to be confirmed{why}",
            hint=f"wherry {verb} --preview, then wherry {verb} --confirm {digest[:SHORT]}",
        )
    if len(confirm) < LEAST or not digest.startswith(confirm):
        raise ApprovalMissing(
            f"a preview shows {digest[:SHORT]} now, and not {confirm[:SHORT]}: mistyped, or something changed since",
            hint=f"look at it again: wherry {verb} --preview",
        )
