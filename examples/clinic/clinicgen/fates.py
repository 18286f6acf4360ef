"""What a careful reader does with each record, as states and reason codes."""

from dataclasses import dataclass

STATES = ("ready", "filtered", "merged", "rejected", "deferred")


@dataclass(frozen=True, slots=True)
class Fate:
    """The one state a record ends in after staging, and the coded reason unless it is ready."""

    state: str
    reason: str = ""

    def of_child(self) -> "Fate":
        """Return the fate that a record's children inherit from it."""
        match self.state:
            case "ready" | "merged":
                return READY
            case "filtered":
                return PARENT_FILTERED
            case _:
                return BLOCKED


READY = Fate("ready")
MERGED = Fate("merged", "merged")
DECEASED = Fate("filtered", "deceased")
BLOCKED_TIME = Fate("filtered", "blocked_time")
DUPLICATE_ROW = Fate("filtered", "duplicate_row")
PARENT_FILTERED = Fate("filtered", "parent_filtered")
SIGN_OFF = Fate("deferred", "sign_off_required")
BLOCKED = Fate("deferred", "blocked_by_parent")


def held(reason: str) -> Fate:
    """Return the fate of a record that waits for a person's decision."""
    return Fate("rejected", reason)
