"""What a plan stands on, as named facts: so that what changed since can be named too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from wherry.model.catalog import Catalog, Field
from wherry.model.jsons import Json, sha256_of
from wherry.model.mapping import Mapping as StreamMapping
from wherry.model.plan import Basis
from wherry.model.policy import Policies

Facts = Mapping[str, Mapping[str, Json]]  # part of the basis → name of a fact → the fact
LOOKUPS = (
    "lifecycle_stages",
    "contact_statuses",
    "task_types",
    "task_outcomes",
    "lead_sources",
    "deal_pipelines",
    "deal_stages",
)


def mapping_facts(mappings: Iterable[Mapping[str, Json]], decisions: Mapping[str, Json]) -> dict[str, Json]:
    """Return a fact per rule of every mapping, and one per decision about records that were there before."""
    facts: dict[str, Json] = {}
    for mapping in mappings:
        name = str(mapping.get("mapping") or mapping.get("name"))
        rules = mapping.get("rules")
        for rule in rules if isinstance(rules, list) else []:
            to = rule.get("to") if isinstance(rule, dict) else None
            when = rule.get("when") if isinstance(rule, dict) else None
            fact = f"mapping {name}: rule to {to}" + (f" when {when}" if when else "")
            number = sum(name == fact or name.startswith(f"{fact} (") for name in facts) + 1
            facts[fact if number == 1 else f"{fact} ({number})"] = _deciding(rule)
        facts[f"mapping {name}"] = {key: value for key, value in mapping.items() if key != "rules"}
    facts |= {f"mapping/adoptions.yaml: {key}": decision for key, decision in decisions.items()}
    return facts


def _deciding(rule: Json) -> Json:
    """Return a rule without what only explains it: a new evidence text changes nothing that is written."""
    if not isinstance(rule, dict):
        return rule
    return {name: value for name, value in rule.items() if name not in {"evidence", "confidence", "band"}}


def destination_facts(
    catalog: Catalog, mappings: Sequence[StreamMapping], wanted_names: Iterable[str]
) -> dict[str, Json]:
    """Return a fact per standard field that is written, required field, active user and pick-list entry.

    Custom fields that are to be created, and `wanted_names` that an admin is asked to add, do not count:
    carrying the plan out must not make it stale.
    """
    wanted = {name.casefold() for name in wanted_names}
    facts: dict[str, Json] = {}
    for mapping in mappings:
        stream = catalog.stream(mapping.destination)
        if (
            stream is None or mapping.module
        ):  # a module is made by prepare, which must not make the plan stale
            continue
        for field in stream.fields:
            if field.required or any(rule.to == field.name for rule in mapping.rules):
                facts[f"field {stream.name}.{field.name}"] = _field_fact(field)
    facts |= {f"user {p.id}": p.email for p in catalog.people if p.active}
    for lookup in LOOKUPS:
        rows = catalog.lookups.get(lookup, [])
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and str(row.get("name", "")).casefold() not in wanted:
                facts[f"{lookup} {row.get('id')}"] = row.get("name")
    return facts


def policy_facts(policies: Policies, destination: Mapping[str, Json]) -> dict[str, Json]:
    """Return a fact per policy, and per setting of the destination that decides what is written."""
    facts: dict[str, Json] = {f"[policy] {name}": value for name, value in asdict(policies).items()}
    return facts | {f"[destination] {name}": value for name, value in destination.items()}


def basis_of(snapshot: str, facts: Facts) -> Basis:
    """Return the digests of a basis from its facts."""
    return Basis(
        snapshot=snapshot,
        mapping=sha256_of(facts["mapping"]),
        destination=sha256_of(facts["destination"]),
        policies=sha256_of(facts["policies"]),
    )


def changes(planned: Facts, now: Facts) -> dict[str, list[str]]:
    """Return, per part of the basis, a line for every fact that was added, removed or changed."""
    lines: dict[str, list[str]] = {}
    for part, facts in now.items():
        before = planned.get(part, {})
        gone = [f"{name}: no longer there" for name in sorted(before) if name not in facts]
        new = [f"{name}: new" for name in sorted(facts) if name not in before]
        other = [
            f"{name}: changed"
            for name in sorted(facts)
            if name in before and sha256_of(before[name]) != sha256_of(facts[name])
        ]
        lines[part] = gone + new + other
    return lines


def _field_fact(field: Field) -> Json:
    return {
        "type": field.type.value,
        "required": field.required,
        "unique": field.unique,
        "max_length": field.max_length,
        "choices": [[choice.id, choice.value] for choice in field.choices],
    }
