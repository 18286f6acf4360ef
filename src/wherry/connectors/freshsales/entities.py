"""The streams of Freshsales as the API spells them, and which of their ids a plain answer hides."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """How one stream is addressed."""

    stream: str
    root: str  # key of the body of one record
    model: str  # its class name in views and targetables
    hidden: Mapping[str, str]  # field → include value that shows it
    extra_includes: tuple[str, ...] = ()
    documented: str = ""  # include values of this stream that were documented or seen [D]/[C]
    whole: tuple[str, ...] = ()  # keys without which a row is a thin one
    dependents: tuple[str, ...] = ()  # include values for what hangs on a record
    has_views: bool = False
    all_view: str = ""
    under: str = ""  # what stands before the stream's name in its address

    @property
    def path(self) -> str:
        """Return where its records are."""
        return f"{self.under}/{self.stream}"

    @property
    def include(self) -> str:
        """Return the include values that show as much as the API can show."""
        return ",".join(dict.fromkeys((*self.hidden.values(), *self.extra_includes)))

    @property
    def documented_include(self) -> str:
        """Return the same, reduced to values that were documented or seen for this very stream.

        The others, such as lifecycle_stage, follow the same pattern [I].
        """
        known = self.documented.split()
        return ",".join(name for name in self.include.split(",") if name in known)

    @property
    def last_includes(self) -> tuple[str, ...]:
        """Return what to ask for where the documented values are refused too: all but one of them, then none."""
        known = [name for name in self.documented_include.split(",") if name]
        but_one = [",".join(name for name in known if name != out) for out in known]
        return tuple(dict.fromkeys((*but_one, "")))


def is_module(stream: str) -> bool:
    """Return whether a stream is a custom module: their entity names begin so [C]."""
    return stream.startswith("cm_")


CONTACTS = Entity(
    stream="contacts",
    root="contact",
    model="Contact",
    hidden={
        "owner_id": "owner",
        "lifecycle_stage_id": "lifecycle_stage",
        "contact_status_id": "contact_status",
        "lost_reason_id": "lost_reason",
        "lead_source_id": "source",
        "territory_id": "territory",
        "campaign_id": "campaign",
    },
    extra_includes=("sales_accounts",),
    documented="owner source territory campaign sales_accounts",
    whole=("custom_field", "external_id"),
    dependents=("tasks", "appointments", "notes", "deals"),
    has_views=True,
    all_view="All Contacts",
)
LEADS = Entity(
    stream="leads",
    root="lead",
    model="Lead",
    hidden={
        "owner_id": "owner",
        "lead_stage_id": "lead_stage",
        "lead_source_id": "source",
        "territory_id": "territory",
        "campaign_id": "campaign",
    },
    documented="owner source territory campaign",
    whole=("custom_field",),
    dependents=("tasks", "appointments", "notes"),
    has_views=True,
    all_view="All Leads",
)
"""Only the Classic edition has them [D] section 3.15; what a plain answer hides of one is as with contacts [I]."""

SALES_ACCOUNTS = Entity(
    stream="sales_accounts",
    root="sales_account",
    model="SalesAccount",
    hidden={
        "owner_id": "owner",
        "territory_id": "territory",
        "business_type_id": "business_type",
        "industry_type_id": "industry_type",
    },
    documented="owner territory business_type industry_type",
    whole=("custom_field", "address"),
    dependents=("contacts", "deals", "tasks", "appointments", "notes"),
    has_views=True,
    all_view="All Accounts",
)
DEALS = Entity(
    stream="deals",
    root="deal",
    model="Deal",
    hidden={
        "owner_id": "owner",
        "sales_account_id": "sales_account",
        "currency_id": "currency",
        "deal_type_id": "deal_type",
        "deal_reason_id": "deal_reason",
        "deal_payment_status_id": "deal_payment_status",
        "territory_id": "territory",
        "lead_source_id": "source",
        "campaign_id": "campaign",
    },
    extra_includes=("contacts",),
    documented="owner source contacts sales_account deal_type deal_reason campaign deal_payment_status currency",
    whole=("custom_field",),
    dependents=("tasks", "appointments", "notes"),
    has_views=True,
    all_view="All Deals",
)
TASKS = Entity(
    stream="tasks",
    root="task",
    model="Task",
    hidden={},
    extra_includes=("owner", "users", "targetable"),
    documented="owner users targetable",
    whole=("title", "description", "due_date", "status", "owner_id", "task_type_id", "outcome_id"),
)
APPOINTMENTS = Entity(
    stream="appointments",
    root="appointment",
    model="Appointment",
    hidden={},
    extra_includes=("targetable", "appointment_attendees"),
    documented="targetable appointment_attendees",
    whole=("title", "description", "from_date", "end_date", "time_zone", "location", "outcome_id"),
)
NOTES = Entity(stream="notes", root="note", model="Note", hidden={})

PRODUCTS = Entity(stream="products", root="product", model="Product", hidden={}, under="/cpq")


class _Entities(dict[str, Entity]):
    """The streams by name; custom modules are whatever an admin made, so they are described when asked for."""

    def __missing__(self, stream: str) -> Entity:
        if not is_module(stream):
            raise KeyError(stream)
        model = "".join(part.capitalize() for part in stream.split("_"))
        return Entity(
            stream=stream,
            root=stream,
            model=model,
            hidden={},
            whole=("custom_field",),
            has_views=True,
            under="/custom_module",
        )


ENTITIES: Mapping[str, Entity] = _Entities(
    {
        entity.stream: entity
        for entity in (CONTACTS, LEADS, SALES_ACCOUNTS, DEALS, TASKS, APPOINTMENTS, NOTES, PRODUCTS)
    }
)

LOOKED_INTO = ("contacts", "deals", "sales_accounts")
"""Streams that the lookup fields of a custom module may point into."""

CHILDREN = ("tasks", "appointments", "notes")
"""Streams whose records hang on a contact and are read through it."""

USER_TYPE = "FdMultitenant::User"
"""How an attendee or a sideloaded row says that it is a user. [L] captured answers."""
