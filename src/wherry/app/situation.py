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
from wherry.model.ports import Snapshot
from wherry.model.record import Key, Value
from wherry.planning.accounts import Accounts, name_accounts
from wherry.planning.basis import basis_of, destination_facts, mapping_facts, policy_facts
from wherry.planning.owners import Owners, resolve_owners
from wherry.planning.steps import MissingField, wanted_names
from wherry.planning.twins import index

LOOKUP_STREAMS = ("practices", "clinicians", "appointment_types", "appointment_statuses", "care_plans")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The basis of a plan and what follows from it."""

    snapshot: Snapshot
    catalog: Catalog
    mappings: Mappings
    decisions: Decisions
    owners: Owners
    accounts: Accounts
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


def gather(
    ws: Workspace, catalog: Catalog, unlocked: frozenset[Privacy] = frozenset(), snapshot_digest: str = ""
) -> Situation:
    """Gather the situation of the workspace against this catalog of the destination.

    `unlocked` privacy classes decide which custom fields are needed.

    Raises SettingsInvalid when there is no valid fallback owner, MappingIncomplete when a mapping file
    cannot be read, UsageInvalid before the first discover.
    """
    settings = ws.settings
    snapshot = ws.snapshot(snapshot_digest)
    mappings = read_workspace_mappings(ws.mapping_dir).fitting(catalog)
    decisions = read_decisions(ws.mapping_dir / "adoptions.yaml")
    owners = resolve_owners(snapshot.read("clinicians"), catalog.people, settings.policy.fallback_owner)
    accounts = _accounts(ws, snapshot, decisions)
    there = there_before(ws, decisions)
    context = Context(
        policies=settings.policy,
        source=snapshot.catalog,
        destination=catalog,
        now=_exported_at(snapshot.facts()),
        zone=str(snapshot.facts().get("tz") or "UTC"),
        tooth_notation=str(snapshot.facts().get("tooth_notation") or ""),
        owners={key: id_ for key, id_ in owners.by_clinician.items() if key in owners.matched},
        fallback_owner=owners.fallback,
        lookups=_lookups(snapshot),
        taken_emails=there.taken_emails,
        adoptions={
            **there.adoptions,
            **{f"practices/{key}": id_ for key, id_ in accounts.adopt.items()},
            **_deals_and_products(ws),
        },
        account_names=accounts.names,
        field_names=field_names(catalog),
        placed=_placed(ws),
    )
    return Situation(
        snapshot=snapshot,
        catalog=catalog,
        mappings=mappings,
        decisions=decisions,
        owners=owners,
        accounts=accounts,
        needs=tuple(needed_fields(mappings.active, snapshot.catalog, catalog, unlocked=unlocked)),
        context=context,
        facts={
            "mapping": mapping_facts(mappings.data, decisions.facts()),
            "destination": destination_facts(catalog, mappings.active, wanted_names(settings.policy)),
            "policies": policy_facts(settings.policy, _deciding(ws)),
        },
    )


def missing_field(need: FieldNeed, *, by_api: bool) -> MissingField:
    """Return a custom field that is not there as the admin's sheet has it."""
    return MissingField(
        stream=need.stream,
        label=need.label,
        type=str(need.type),
        choices=tuple(need.choices),
        by_api=by_api,
        module=need.module,
        references=need.references,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThereBefore:
    """Contacts and leads that were there before us: which are ours to adopt, and which addresses the others hold."""

    adoptions: Mapping[str, int]
    taken_emails: frozenset[str]


def there_before(ws: Workspace, decisions: Decisions) -> ThereBefore:
    """Return what of the contacts and leads that discover saw counts for who comes from the source."""
    contacts, leads = index(ws.existing("contacts")), index(ws.existing("leads"))
    lines = list(ws.ledger.located("patients"))
    located = {line.destination_id for line in lines if line.stream == "contacts"}
    made = {line.destination_id for line in lines if line.stream == "leads"}
    adoptions = {key: id_ for key, id_ in contacts.by_source_id.items() if id_ not in located}
    adoptions |= decisions.contacts
    ours = located | set(adoptions.values())
    own = {key: id_ for key, id_ in leads.by_source_id.items() if id_ not in made} | dict(decisions.leads)
    adoptions |= {f"leads/{key}": id_ for key, id_ in own.items()}
    taken = {email for email, holders in contacts.by_email.items() if any(h.id not in ours for h in holders)}
    return ThereBefore(adoptions=adoptions, taken_emails=frozenset(taken))


def _placed(ws: Workspace) -> dict[Key, str]:
    """Return where appointments and patients live already: of a patient's records the contact comes first."""
    placed: dict[Key, str] = {}
    for stream in ("appointments", "patients"):
        for line in ws.ledger.located(stream):
            placed.setdefault(line.key, line.stream)
    return placed


def _deals_and_products(ws: Workspace) -> dict[str, int]:
    """Return the deals that carry the id of an invoice, and the products that have a procedure's code; not ours yet."""
    found: dict[str, int] = {}
    ours = {
        line.destination_id for stream in ("invoices", "procedures") for line in ws.ledger.located(stream)
    }
    for stream, there in (("invoices", ws.existing("deals")), ("procedures", ws.existing("products"))):
        for one in sorted(there, key=lambda one: one.id):
            key = one.source_id or one.code
            if key and one.id not in ours:
                found.setdefault(f"{stream}/{key}", one.id)
    return found


def currencies_of(situation: Situation) -> tuple[str, ...]:
    """Return the currencies that invoices are written in, where invoices move."""
    if not any(mapping.source == "invoices" for mapping in situation.mappings.active):
        return ()
    return tuple(
        code for code, _count in situation.snapshot.value_profile("invoices", "currency").top if code
    )


def _lookups(snapshot: Snapshot) -> dict[str, dict[str, Mapping[str, Value]]]:
    return {stream: {r.key.id: r.values for r in snapshot.read(stream)} for stream in LOOKUP_STREAMS}


def _deciding(ws: Workspace) -> dict[str, Json]:
    there = ws.settings.destination
    return {"base_url": there.base_url, "plan": there.plan, "connector": there.connector}


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


def _accounts(ws: Workspace, snapshot: Snapshot, decisions: Decisions) -> Accounts:
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


ALL_CLASSES = frozenset(Privacy)
