"""Whether a mapping is complete, type-safe, and within what the destination holds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import replace

from wherry.mapping.check_rules import check_rules
from wherry.mapping.form import Place
from wherry.mapping.issue import Issue
from wherry.mapping.labels import CUSTOM
from wherry.mapping.needs import FieldNeed, needed_fields
from wherry.mapping.transforms.lookups import knows_status, named_id
from wherry.model.catalog import Catalog, FieldType
from wherry.model.mapping import Mapping
from wherry.model.operation import LEADS
from wherry.model.policy import Policies

__all__ = ["FieldNeed", "Issue", "check", "needed_fields"]

_CAPS = {
    FieldType.INTEGER: "number",
    FieldType.MONEY: "number",
    FieldType.DATETIME: "date",
}


def check(
    mappings: Sequence[Mapping],
    source: Catalog,
    destination: Catalog,
    policies: Policies,
    places: MappingABC[str, tuple[Place, ...]] | None = None,
) -> tuple[Issue, ...]:
    """Return everything that stands in the way of carrying the mappings out; errors before warnings.

    `places` are those of a Blueprint or of read_mappings(), so that an issue names file and line.
    """
    known = places or {}
    issues = [
        *_columns_without_fate(mappings, source),
        *(issue for m in mappings for issue in check_rules(m, source, destination, known.get(m.name, ()))),
        *_uncovered(mappings, destination),
        *_matched_by_more_than_an_id(mappings, source),
        *_caps(mappings, source, destination),
        *_policies(mappings, destination, policies),
    ]
    placed = (_in_its_file(issue, known) for issue in issues)
    return tuple(sorted(placed, key=lambda issue: issue.severity != "error"))


def _in_its_file(issue: Issue, known: MappingABC[str, tuple[Place, ...]]) -> Issue:
    """Return an issue that is about a whole mapping with the file that the mapping stands in, where it is known."""
    places = known.get(issue.mapping, ())
    return issue if issue.place or not places else replace(issue, place=Place(file=places[0].file))


def _columns_without_fate(mappings: Sequence[Mapping], source: Catalog) -> Iterator[Issue]:
    for stream in source.streams:
        own = [m for m in mappings if m.source == stream.name]
        fates = {name for m in own for name in m.unmapped}
        fates |= {name for m in own for rule in m.rules for name in rule.source}
        fates |= {link.source for m in own for link in m.links}
        for field in stream.fields if own else ():
            if field.name not in fates:
                custom = field.name.startswith(CUSTOM)
                yield Issue(
                    code="column_without_fate",
                    message=f"{stream.name}.{field.name} has neither a rule nor an entry under unmapped",
                    mapping=own[0].name,
                    field=field.name,
                    hint="run `wherry propose`" if custom else "add a rule, or say under unmapped why not",
                )


def _matched_by_more_than_an_id(mappings: Sequence[Mapping], source: Catalog) -> Iterator[Issue]:
    """Refuse a match key that is not filled with the source id alone: families share addresses and names."""
    for mapping in mappings:
        stream = source.stream(mapping.source)
        if stream is None or not stream.key:
            continue
        filled = [rule.source for rule in mapping.rules if rule.to == mapping.match]
        if mapping.match and any(fields != (stream.key,) for fields in filled):
            yield Issue(
                code="match_by_shared_value",
                message=f"match: {mapping.match} is not filled with the source's own id, so it could merge people",
                mapping=mapping.name,
                field=mapping.match,
                hint="match by external_id, or by custom:Source_System_ID__c",
            )


def _uncovered(mappings: Sequence[Mapping], destination: Catalog) -> Iterator[Issue]:
    for mapping in mappings:
        stream = destination.stream(mapping.destination)
        written = {rule.to for rule in mapping.rules} | {link.relation for link in mapping.links}
        for field in stream.fields if stream else ():
            related = any(field.name.startswith(link.relation) for link in mapping.links)
            if field.required and not field.read_only and field.name not in written and not related:
                yield Issue(
                    code="required_field_missing",
                    message=f"{mapping.destination}.{field.name} is required there, and no rule writes it",
                    mapping=mapping.name,
                    field=field.name,
                    hint="add a rule that gives it a value",
                )


def _caps(mappings: Sequence[Mapping], source: Catalog, destination: Catalog) -> Iterator[Issue]:
    counts: Counter[tuple[str, str]] = Counter()
    for stream in destination.streams:
        for field in stream.fields:
            if field.custom:
                counts[stream.name, cap_of(field.type)] += 1
                counts[stream.name, "total"] += 1
    new: Counter[tuple[str, str]] = Counter()
    for need in needed_fields(mappings, source, destination):
        if not need.exists:
            new[need.stream, cap_of(need.type)] += 1
            new[need.stream, "total"] += 1
    for (stream_name, kind), more in new.items():
        cap = destination.limits.get(f"cap_{kind}")
        held = counts[stream_name, kind]
        if cap is not None and held + more > cap:
            yield Issue(
                code="cap_exceeded",
                message=f"{stream_name}: {more} custom fields ({kind}) beside {held} there; the plan holds {cap}",
                field=kind,
                hint="take rules out of the mapping (say why under unmapped), or use a higher plan",
            )


def cap_of(kind: FieldType) -> str:
    """Return the word under which the destination's limits count this type: `cap_<word>`."""
    return _CAPS.get(kind, str(kind))


def _policies(mappings: Sequence[Mapping], destination: Catalog, policies: Policies) -> Iterator[Issue]:
    if policies.edition == "classic" and not any(mapping.destination == LEADS for mapping in mappings):
        there = destination.stream(LEADS) is not None
        why = "no mapping writes leads" if there else "the destination shows no leads"
        yield Issue(
            code="edition_unsupported",
            message=f"policy.edition is classic, but {why}",
            hint="wherry propose writes mapping/02_prospects_leads.yaml"
            if there
            else 'set policy.edition = "suite", or use the address of a Classic account, then wherry discover',
        )
    has_stages = policies.edition == "suite" or destination.lookups.get("lifecycle_stages")
    stages = [policies.patient_stage, policies.prospect_stage] if has_stages else []
    for name in filter(None, stages):
        if named_id(destination, "lifecycle_stages", name) is None:
            yield Issue(
                code="stage_missing",
                message=f"the destination has no lifecycle stage {name!r}",
                hint="create it there, or name another under policy",
            )
    if not knows_status(destination, policies.prospect_status):
        yield Issue(
            code="status_missing",
            severity="warning",
            message=f"the destination has no {'lead stage' if destination.stream(LEADS) else 'contact status'} {policies.prospect_status!r}; 'New' is used",
            hint="an admin can create it in the stage's settings",
        )
    if any(m.destination == "tasks" for m in mappings) and not named_id(
        destination, "task_types", "Appointment"
    ):
        yield Issue(
            code="task_type_missing",
            severity="warning",
            message="the destination has no task type 'Appointment'; tasks are written without a type",
            hint="an admin can create it under sales activities",
        )
