"""What the clinic decides: choices that change what is written, frozen into the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Loading = Literal["load", "skip"]
Edits = Literal["keep", "overwrite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The `[policy]` section of wherry.toml; every value has a safe default."""

    fallback_owner: str = ""  # e-mail of the user who gets what no user matches
    appointments: Literal["task", "event", "split"] = "split"  # split: upcoming → event, history → task
    deceased: Loading = "skip"
    archived: Loading = "load"
    inactive: Loading = "load"
    adopt: Literal["fill", "overwrite"] = "fill"  # an adopted contact keeps what it already holds
    edits: Edits = "keep"  # what people changed there since we wrote it, when the source changes it too
    edits_of: Mapping[str, Edits] = field(default_factory=dict)  # the same for one field, as "contacts.city"
    deleted: Literal["delete", "keep"] = "delete"  # what a delta does there about what the source deleted
    unassigned_account: str = "Unassigned"
    patient_stage: str = (
        "Customer"  # lifecycle stage of patients who have booked; empty = leave it to Freshsales
    )
    prospect_stage: str = "Lead"
    prospect_status: str = "New Lead"  # where the tenant has none of that name, 'New'
    edition: Literal["suite", "classic"] = "suite"
    delete: Literal["recycle_bin", "forget"] = "recycle_bin"  # how rollback removes what it created
    default_region: str = "GB"  # for phone numbers of patients without a country
    plan_notes: Literal["older", "all", "none"] = (
        "older"  # treatment plans that become notes too, where there are no custom modules
    )
    note_limit: int = 10_000  # characters of one note; longer ones are split

    def overwrites(self, stream: str, name: str) -> bool:
        """Return whether the source wins over a person's edit of this destination field."""
        return self.edits_of.get(f"{stream}.{name}", self.edits) == "overwrite"
