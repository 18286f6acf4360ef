"""A record that was not loaded, and why."""

from dataclasses import dataclass

from wherry.model.record import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One record that cannot be loaded as it is.

    `reason` is a stable code with a page in docs/reference/reasons.md; `detail` says more without ever
    holding a value of the record.
    """

    key: Key
    reason: str
    field: str = ""
    detail: str = ""
    hint: str = ""
    blocked_by: str = ""
