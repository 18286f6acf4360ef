"""Freeze a plan: what will be written, how long it takes, what will be refused, what cannot be undone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from wherry.app.adoptions import candidates_of
from wherry.app.guide import write_guide
from wherry.app.instalments import settled, write_sheet
from wherry.app.leftovers import write_leftovers
from wherry.app.results import PlanResult
from wherry.app.situation import ALL_CLASSES, Situation, currencies_of, gather, missing_field
from wherry.app.workspace import Workspace
from wherry.mapping.check import FieldNeed, Issue, check
from wherry.mapping.own_values import unknown_meanings
from wherry.mapping.tenant import missing_modules
from wherry.model.errors import MappingIncomplete
from wherry.model.jsons import Json
from wherry.model.plan import Plan
from wherry.model.record import Key, Record
from wherry.planning.approve import SHORT
from wherry.planning.build import FieldLine, Inputs, build
from wherry.planning.dryrun import Tally, count_fates, count_stream
from wherry.planning.files import dump_plan
from wherry.planning.order import stream_order
from wherry.planning.steps import manual_steps


def plan(ws: Workspace, output: Path | None = None) -> PlanResult:
    """Make and keep the plan for what was discovered and mapped; prints nothing, writes nothing there.

    Beside it the papers in reports/ that a person reads before approving: leftovers, coverage, the recall
    guide and the sheet of instalments.

    Raises MappingIncomplete naming file and line when the mapping cannot be carried out.
    """
    situation = gather(ws, ws.catalog())
    _check(ws, situation)
    tally = _dry_run(ws, situation)
    left = write_leftovers(ws, situation, tally)
    frozen = build(_inputs(ws, situation, tally))
    frozen = replace(frozen, extra={**frozen.extra, "coverage": left.coverage.as_json()})
    path = ws.keep_plan(frozen)
    papers = (*left.files, *write_guide(ws), write_sheet(ws, frozen.digest))
    if output is not None:
        output.write_bytes(dump_plan(frozen))
        path = output
    shown = tuple(ws.shown(paper) for paper in papers)
    return PlanResult(plan=frozen, path=ws.shown(path), reports=shown, next_steps=_next(frozen))


def _check(ws: Workspace, situation: Situation) -> None:
    errors = [issue for issue in _issues(ws, situation) if issue.severity == "error"]
    if errors:
        # A mapping that is like another shares its rules, and their problems.
        lines = dict.fromkeys(f"{issue}{'; ' + issue.hint if issue.hint else ''}" for issue in errors)
        raise MappingIncomplete(
            f"the mapping cannot be carried out: {len(lines)} problem{'s' if len(lines) > 1 else ''}",
            hint="mend what is named, then run wherry plan again",
            details=list(lines),
        )


def _issues(ws: Workspace, situation: Situation) -> tuple[Issue, ...]:
    mappings, source = situation.mappings, situation.snapshot.catalog
    return (
        *check(mappings.active, source, situation.catalog, ws.settings.policy, mappings.places),
        *unknown_meanings(ws.own_values(), mappings.active, source, situation.catalog),
    )


def _inputs(ws: Workspace, situation: Situation, tally: Tally) -> Inputs:
    missing = [n for n in situation.needs if not n.exists]
    unmatched = [str(line["key"]) for line in situation.owners.lines if line["how"] == "fallback"]
    return Inputs(
        basis=situation.basis,
        facts=situation.facts,
        created_at=ws.clock.now().isoformat(timespec="seconds"),
        catalog=situation.catalog,
        mappings=situation.mappings.active,
        mapping_data=situation.mappings.data,
        policies=ws.settings.policy,
        reserve=ws.settings.destination.quota_reserve,
        tally=tally,
        owners=tuple(dict(line) for line in situation.owners.lines),
        adoptions=tuple(_adoptions(situation)),
        demotions=tuple(_demotions(situation)),
        accounts=tuple(dict(line) for line in situation.accounts.lines),
        fields=tuple(
            FieldLine(
                stream=need.stream,
                label=need.label,
                type=str(need.type),
                exists=need.exists,
                choices=tuple(need.choices),
                module=need.module,
            )
            for need in situation.needs
        ),
        steps=manual_steps(
            situation.catalog,
            ws.settings.policy,
            [missing_field(n, by_api=_by_api(n, situation)) for n in missing],
            unmatched,
            currencies=currencies_of(situation),
        ),
        modules=missing_modules(situation.catalog, situation.mappings.active),
        warnings=tuple(_warnings(ws, situation)),
    )


def _by_api(need: FieldNeed, situation: Situation) -> bool:
    return bool(need.module) or situation.catalog.abilities.get("create_fields", False)


def _dry_run(ws: Workspace, situation: Situation) -> Tally:
    tally = Tally()
    order = stream_order(situation.mappings.active)
    # Whether somebody has signed is no part of a plan: the signature is under the plan's own digest.
    fates = settled(situation.snapshot.fates(), signed=False)
    count_fates(tally, fates, frozenset(order), situation.mappings.stream_fates)
    shut, opened = (
        situation.applying(frozenset(), foresee=True),
        situation.applying(ALL_CLASSES, foresee=True),
    )
    for stream in order:
        ws.progress.start(f"planning {stream}", None)
        count_stream(tally, _counted(ws, situation.snapshot.read(stream)), shut, opened)
        ws.progress.finish()
    return tally


def _counted(ws: Workspace, records: Iterable[Record]) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        if number % 100 == 0:
            ws.progress.advance(100)
        yield record


def _adoptions(situation: Situation) -> Iterator[dict[str, Json]]:
    decisions = situation.decisions
    decided = {*decisions.contacts, *(f"leads/{key}" for key in decisions.leads)}
    decided |= {f"practices/{key}" for key in decisions.accounts}
    for key, id_ in sorted(situation.context.adoptions.items()):
        how = "carries the source id already"
        if key in decided:
            how = "decided in mapping/adoptions.yaml"
        elif key.startswith("procedures/"):
            how = "has the product code already"
        yield {"key": key, "destination_id": id_, "evidence": how}


def _demotions(situation: Situation) -> Iterator[dict[str, Json]]:
    taken = situation.context.taken_emails
    for record in situation.snapshot.read("patients"):
        email = str(record.values.get("email") or "").casefold()
        if not email:
            continue
        holder = record.facts.get("email_holder_key")
        if record.facts.get("email_holder") is False:
            scope = str(record.facts.get("email_scope") or "household")
            yield {"key": record.key.id, "reason": f"shared_{scope}", "holder": str(holder or "")}
        elif email in taken:
            yield {"key": record.key.id, "reason": "held_by_existing_contact", "holder": ""}


def _warnings(ws: Workspace, situation: Situation) -> Iterator[str]:
    yield from (str(issue) for issue in _issues(ws, situation) if issue.severity != "error")
    yield from _adopted_nowhere(ws, situation)
    found, decisions = candidates_of(ws, situation.snapshot), situation.decisions
    undecided = {twin.key for twin in found.contacts} - set(decisions.contacts)
    undecided |= {twin.key for twin in found.leads} - set(decisions.leads)
    if undecided:
        yield (
            f"{len(undecided)} {'patient' if len(undecided) == 1 else 'patients'} may be in Freshsales already (mapping/adoptions.yaml); unless you decide "
            "'adopt' there, each gets a record of its own"
        )
    collisions = [line for line in situation.accounts.lines if line["collides_with"]]
    for line in collisions:
        yield (
            f"practice {line['key']}: an account of that name exists; it is written under another name. To use "
            "the existing account instead, decide so in mapping/adoptions.yaml"
        )


def _adopted_nowhere(ws: Workspace, situation: Situation) -> Iterator[str]:
    """Yield a line for each decision to adopt that names a record which is not there."""
    decisions = situation.decisions
    named = {Key("patients", key) for key in (*decisions.contacts, *decisions.leads)}
    named |= {Key("practices", key) for key in decisions.accounts}
    known = {staged.key for staged in situation.snapshot.fates() if staged.key in named} if named else set()
    for stream, there, adopted in (
        ("patients", "contacts", decisions.contacts),
        ("patients", "leads", decisions.leads),
        ("practices", "sales_accounts", decisions.accounts),
    ):
        ids = {one.id for one in ws.existing(there)}
        for key, id_ in adopted.items():
            if Key(stream, key) not in known:
                yield f"mapping/adoptions.yaml: the export has no {stream}/{key}; that line does nothing"
            elif id_ not in ids:
                yield f"mapping/adoptions.yaml: {there} has no {id_}; {stream}/{key} gets a record of its own"


def _next(frozen: Plan) -> tuple[str, ...]:
    short = frozen.digest[:SHORT]
    steps = [f"wherry approve {short} --by NAME --for prepare --for sample --for load"]
    if frozen.locked:
        names: Mapping[str, None] = dict.fromkeys(str(line["class"]) for line in frozen.locked)
        steps += [
            f"wherry approve {short} --by NAME --unlock {name} --purpose … --basis …   (else these stay behind)"
            for name in names
        ]
    return tuple(steps)
