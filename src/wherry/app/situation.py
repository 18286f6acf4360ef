"""Everything a plan or a run stands on, gathered in one way, so that a run does what its plan says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from wherry.app.mappings import Decisions, Mappings, read_decisions, read_workspace_mappings
from wherry.app.workspace import Workspace
from wherry.engine.hands import Apply
from wherry.mapping.apply import apply, unassigned_account
from wherry.mapping.ask import Context
from wherry.mapping.check import FieldNeed, needed_fields
from wherry.mapping.labels import normal_label
from wherry.model.catalog import Catalog, Privacy
from wherry.model.jsons import Json
from wherry.model.operation import Payload
from wherry.model.plan import Basis
from wherry.planning.accounts import Accounts, name_accounts
from wherry.planning.basis import basis_of, destination_facts, mapping_facts, policy_facts
from wherry.planning.owners import Owners, resolve_owners
from wherry.planning.steps import wanted_names
from wherry.planning.twins import Index, index
from wherry.staging import ParquetSnapshot

LOOKUP_STREAMS = ("practices", "clinicians", "appointment_types", "appointment_statuses", "care_plans")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The basis of a plan and what follows from it."""

    snapshot: ParquetSnapshot
    catalog: Catalog
    mappings: Mappings
    decisions: Decisions
    owners: Owners
    accounts: Accounts
    existing: Index
    needs: tuple[FieldNeed, ...]
    context: Context
    facts: Mapping[str, Mapping[str, Json]]

    @property
    def basis(self) -> Basis:
        """The digests of what the plan stands on."""
        return basis_of(self.snapshot.digest, self.facts)

    def applying(self, unlocked: frozenset[Privacy], *, foresee: bool = False) -> Apply:
        """Return the mapping as one function of a record, with these privacy classes opened.

        With `foresee`, custom fields that prepare is still to create count as there: for planning only.
        """
        context = replace(self.context, unlocked=frozenset(unlocked), foresee=foresee)
        mappings = self.mappings.active
        return lambda record: apply(mappings, record, context)

    def unassigned(self) -> Payload | None:
        """Return the account for patients without a practice."""
        return unassigned_account(self.mappings.active, self.context)


def gather(ws: Workspace, catalog: Catalog, unlocked: frozenset[Privacy] = frozenset()) -> Situation:
    """Gather the situation of the workspace against this catalog of the destination.

    `unlocked` privacy classes decide which custom fields are needed.

    Raises SettingsInvalid when there is no valid fallback owner, MappingIncomplete when a mapping file
    cannot be read, UsageInvalid before the first discover.
    """
    settings = ws.settings
    snapshot = ws.snapshot()
    mappings = read_workspace_mappings(ws.mapping_dir)
    decisions = read_decisions(ws.mapping_dir / "adoptions.yaml")
    lookups = {
        stream: {record.key.id: record.values for record in snapshot.read(stream)}
        for stream in LOOKUP_STREAMS
    }
    owners = resolve_owners(snapshot.read("clinicians"), catalog.people, settings.policy.fallback_owner)
    contacts = index(ws.existing("contacts"))
    accounts = _accounts(ws, snapshot, decisions)
    needs = needed_fields(mappings.active, snapshot.catalog, catalog, unlocked=unlocked)
    located = {line.destination_id for line in ws.ledger.located("patients")}
    adoptions = {key: id_ for key, id_ in contacts.by_source_id.items() if id_ not in located}
    adoptions |= decisions.contacts
    ours = located | set(adoptions.values())
    taken = {email for email, holders in contacts.by_email.items() if any(h.id not in ours for h in holders)}
    facts = snapshot.facts()
    context = Context(
        policies=settings.policy,
        source=snapshot.catalog,
        destination=catalog,
        plan=settings.destination.plan,
        now=_exported_at(facts),
        zone=str(facts.get("tz") or "UTC"),
        owners={key: id_ for key, id_ in owners.by_clinician.items() if key in owners.matched},
        fallback_owner=owners.fallback,
        lookups=lookups,
        taken_emails=frozenset(taken),
        adoptions={**adoptions, **{f"practices/{key}": id_ for key, id_ in accounts.adopt.items()}},
        account_names=accounts.names,
        field_names=field_names(catalog),
        placed=_placed(ws),
    )
    destination = {
        "base_url": settings.destination.base_url,
        "plan": settings.destination.plan,
        "connector": settings.destination.connector,
    }
    return Situation(
        snapshot=snapshot,
        catalog=catalog,
        mappings=mappings,
        decisions=decisions,
        owners=owners,
        accounts=accounts,
        existing=contacts,
        needs=tuple(needs),
        context=context,
        facts={
            "mapping": mapping_facts(mappings.data, decisions.facts()),
            "destination": destination_facts(catalog, mappings.active, wanted_names(settings.policy)),
            "policies": policy_facts(settings.policy, destination),
        },
    )


def field_names(catalog: Catalog) -> dict[tuple[str, str], str]:
    """Return the API name of every custom field by (stream, normalised label)."""
    return {
        (stream.name, normal_label(field.label)): field.name
        for stream in catalog.streams
        for field in stream.fields
        if field.custom
    }


def _exported_at(facts: Mapping[str, Json]) -> datetime:
    """The moment the source spoke of: what decides whether an appointment is still to come."""
    return datetime.fromisoformat(str(facts["exported_at"]))


def _accounts(ws: Workspace, snapshot: ParquetSnapshot, decisions: Decisions) -> Accounts:
    located = {line.key.id: line.destination_id for line in ws.ledger.located("practices")}
    there = ws.existing("sales_accounts")
    carried = {account.source_id: account.id for account in there if account.source_id}
    return name_accounts(
        snapshot.read("practices"),
        {account.name: account.id for account in there},
        carried | located,
        decisions.accounts,
        ws.settings.policy.unassigned_account,
    )


def _placed(ws: Workspace) -> dict[str, str]:
    return {line.key.id: line.stream for line in ws.ledger.located("appointments")}


ALL_CLASSES = frozenset(Privacy)
