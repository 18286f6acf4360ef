"""What the clinic decides: choices that change what is written, frozen into the plan."""

from dataclasses import dataclass
from typing import Literal

Loading = Literal["load", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The `[policy]` section of wherry.toml; every value has a safe default."""

    fallback_owner: str = ""  # e-mail of the user who gets what no user matches
    appointments: Literal["task", "event", "split"] = "split"  # split: upcoming → event, history → task
    deceased: Loading = "skip"
    archived: Loading = "load"
    inactive: Loading = "load"
    adopt: Literal["fill", "overwrite"] = "fill"  # an adopted contact keeps what it already holds
    unassigned_account: str = "Unassigned"
    patient_stage: str = (
        "Customer"  # lifecycle stage of patients who have booked; empty = leave it to Freshsales
    )
    prospect_stage: str = "Lead"
    prospect_status: str = "New Lead"  # where the tenant has none of that name, 'New'
    edition: Literal["suite", "classic"] = "suite"
    delete: Literal["recycle_bin", "forget"] = "recycle_bin"  # how rollback removes what it created
    default_region: str = "GB"  # for phone numbers of patients without a country
    note_limit: int = 10_000  # characters of one note; longer ones are split
