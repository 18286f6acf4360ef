"""What only an admin of Freshsales can do: an exact step each, and whether it is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wherry.mapping.transforms.lookups import knows_status
from wherry.model.catalog import Catalog
from wherry.model.jsons import Json
from wherry.model.operation import LEADS
from wherry.model.policy import Policies

TASK_TYPE = "Appointment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One manual step; `verified` is None where the API cannot tell, `blocking` where the load needs it."""

    id: str
    what: str
    why: str
    verified: bool | None
    blocking: bool = False

    def as_json(self) -> dict[str, Json]:
        """Return the step as it stands in the plan."""
        return {
            "id": self.id,
            "what": self.what,
            "why": self.why,
            "verified": self.verified,
            "blocking": self.blocking,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingField:
    """A custom field that the plan writes and that is not there."""

    stream: str
    label: str
    type: str
    choices: tuple[str, ...]
    by_api: bool = False  # the API creates it, so nobody has to
    module: str = ""  # label of the custom module that it belongs to
    references: str = ""  # stream that a lookup points into


def wanted_names(policies: Policies) -> tuple[str, ...]:
    """Return the names of pick-list entries that an admin may be asked to add."""
    return (TASK_TYPE, policies.prospect_status)


def manual_steps(
    catalog: Catalog,
    policies: Policies,
    missing: Sequence[MissingField],
    unmatched: Iterable[str],
    modules: Iterable[str] = (),
    currencies: Iterable[str] = (),
) -> tuple[Step, ...]:
    """Return the admin's steps for this tenant; `unmatched` are ids of clinicians without a user.

    `modules` are labels of custom modules that the API does not make, `currencies` the codes that invoices
    are written in.
    """
    steps = [_task_type(catalog), _prospect_status(catalog, policies), _automations()]
    steps += [_currency_step(catalog, code) for code in sorted(currencies)]
    steps += [_module_step(label) for label in modules]
    steps += [_field_step(field) for field in missing if not field.by_api]
    people = sorted(unmatched)
    if people:
        steps.append(
            Step(
                id="users",
                what="Admin Settings → Users: invite the clinicians "
                + ", ".join(people)
                + " with the e-mail addresses they have in the source, or accept the fallback owner",
                why="users cannot be created through the API; until they exist their records go to the "
                "fallback owner",
                verified=False,
            )
        )
    return tuple(steps)


def _names(catalog: Catalog, lookup: str) -> set[str]:
    rows = catalog.lookups.get(lookup, [])
    return {
        str(row.get("name", "")).casefold()
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }


def _task_type(catalog: Catalog) -> Step:
    return Step(
        id="task_type",
        what=f"Admin Settings → Tasks: add a task type named '{TASK_TYPE}'",
        why="appointments become tasks of that type; without it they are tasks without a type",
        verified=TASK_TYPE.casefold() in _names(catalog, "task_types"),
    )


def _prospect_status(catalog: Catalog, policies: Policies) -> Step:
    name = policies.prospect_status
    what = (
        f"Admin Settings → Leads → Lead stages: add a stage named '{name}'"
        if catalog.stream(LEADS)
        else f"Admin Settings → Contacts → Lifecycle stages: in stage '{policies.prospect_stage}' add a status "
        f"named '{name}'"
    )
    return Step(
        id="prospect_status",
        what=what,
        why="people who never booked land there; without it they get the status 'New'",
        verified=knows_status(catalog, name),
    )


def _currency_step(catalog: Catalog, code: str) -> Step:
    rows = catalog.lookups.get("currencies", [])
    known = {
        str(row.get("currency_code")).casefold()
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("is_active") is not False
    }
    return Step(
        id=f"currency:{code}",
        what=f"Admin Settings → Currencies: add {code}, as the account's own currency where it has but one",
        why="deals carry the currency of their invoice; without it their amount stands under the account's own, "
        "and the right one only in the field Invoice Currency",
        verified=code.casefold() in known,
    )


def _automations() -> Step:
    return Step(
        id="automations",
        what="Admin Settings → Workflows, Sales sequences: pause everything that acts on new or changed "
        "contacts, accounts, deals, tasks and appointments until the load is accepted",
        why="every create and update fires them; the API shows none of them, so nobody can check this for you",
        verified=None,
    )


def _module_step(label: str) -> Step:
    return Step(
        id=f"module:{label}",
        what=f"Admin Settings → Modules: create a module with the singular name exactly '{label}'",
        why="treatment plans become its records, and this account does not let the API make it",
        verified=False,
        blocking=True,
    )


def _field_step(field: MissingField) -> Step:
    choices = f" with the choices {' | '.join(field.choices)}" if field.choices else ""
    into = f" to {field.references}" if field.references else ""
    kind = "lookup" if field.references else field.type
    return Step(
        id=f"field:{field.stream}:{field.label}",
        what=f"Admin Settings → {field.module or field.stream} → Fields: add a custom field labelled exactly "
        f"'{field.label}' of type {kind}{into}{choices}",
        why="the plan writes it, and this account does not let the API create it",
        verified=False,
        blocking=True,
    )
