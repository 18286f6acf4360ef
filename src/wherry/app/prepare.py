"""Create what the API can create, verify the rest, and list what only an admin can do."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from wherry.app.alone import alone
from wherry.app.results import PrepareResult, Row
from wherry.app.runs import Readied, ensure_unassigned, make_hands, ready
from wherry.app.situation import Situation, currencies_of, gather, missing_field
from wherry.app.workspace import Workspace
from wherry.mapping.check import FieldNeed
from wherry.mapping.tenant import missing_modules
from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.errors import LookFirst, RefuseRecord
from wherry.model.jsons import Json
from wherry.model.ledger import Confirmed, Intended, Refused
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RunKind, RunState
from wherry.planning.build import LOST_WITH_ROLLBACK, MODULE_STAYS
from wherry.planning.steps import Step, manual_steps

Made = TypeVar("Made")
LOST_ANSWERS = 4  # in a row, about one field


def prepare(ws: Workspace) -> PrepareResult:
    """Create missing custom fields and the account for patients without a practice; verify manual steps.

    What cannot be created is an exact admin step in reports/admin-steps.md; run prepare again to verify
    it. Exit code 3 while a step that the load needs is not done.
    """
    with alone(ws, "prepare"):
        readied = ready(ws, "prepare")
        run = ws.ledger.begin(RunKind.PREPARE, readied.plan.digest, {})
        ws.budget.charge(run.id)
        refused_modules = _create_modules(ws, run.id, readied.situation)
        situation = _now(ws, readied)
        created = _create_fields(ws, run.id, situation)
        # The catalog as it is now: the account carries custom fields that were only just created.
        situation = _now(ws, readied)
        if all(need.exists for need in situation.needs if need.stream == "sales_accounts"):
            hands = make_hands(ws, situation, readied.unlocked)
            ensure_unassigned(hands, run.id, situation.unassigned())
        run = ws.ledger.finish(run.id, RunState.FINISHED)
    made = {(need.stream, need.label) for need in created}
    existing = [n for n in situation.needs if n.exists and (n.stream, n.label) not in made]
    steps = _steps(ws, situation, refused_modules)
    _write_sheet(ws, steps)
    return PrepareResult(
        run=run.id,
        digest=readied.plan.digest,
        created=tuple(_row(need) for need in created),
        existing=tuple(_row(need) for need in existing),
        manual_steps=tuple(step.as_json() for step in steps),
        calls=run.calls,
        next_steps=_next(steps, ws),
    )


def _now(ws: Workspace, readied: Readied) -> Situation:
    return gather(ws, ws.destination.describe(), readied.unlocked)


def _create_modules(ws: Workspace, run: str, situation: Situation) -> list[str]:
    """Make the custom modules that are missing; return the labels of those that the API does not make."""
    mappings = {m.module: m for m in situation.mappings.active if m.module}
    refused: list[str] = []
    for label in missing_modules(situation.catalog, situation.mappings.active):
        operation = Operation(
            id=f"{run}:modules/{label}:modules:1:create",
            verb=Verb.CREATE,
            stream="modules",
            key=Key("modules", label),
            part=1,
            fields={"singular_name": label},
            irreversible=MODULE_STAYS,
        )
        ws.ledger.record(run, [Intended(operation=operation)])
        try:
            made = _patient(
                ws, partial(ws.destination.create_module, label, label, mappings[label].destination)
            )
        except RefuseRecord as error:
            reject = Reject(key=operation.key, reason=error.reason, hint=error.hint)
            ws.ledger.record(run, [Refused(operation_id=operation.id, reject=reject)])
            refused.append(label)
            continue
        after: dict[str, Json] = {"singular_name": made.label, "entity_name": made.name}
        ws.ledger.record(run, [Confirmed(operation_id=operation.id, destination_id=0, after=after)])
    return refused


def _create_fields(ws: Workspace, run: str, situation: Situation) -> list[FieldNeed]:
    """Create the missing fields and return those that were created.

    One that is refused is a step for the admin and the next one is tried, unless its stream takes none at all.
    """
    created: list[FieldNeed] = []
    shut: set[bool] = set() if situation.catalog.abilities.get("create_fields") else {False}
    absent = set(missing_modules(situation.catalog, situation.mappings.active))
    missing = [need for need in situation.needs if not need.exists and need.module not in absent]
    ws.progress.start("creating custom fields", len(missing))
    try:
        for need in missing:
            ws.progress.advance(1)
            if bool(need.module) in shut:
                continue
            reason = _create_field(ws, run, need)
            if not reason:
                created.append(need)
            elif reason == "cannot_create_fields":
                shut.add(bool(need.module))
    finally:
        ws.progress.finish()
    return created


def _create_field(ws: Workspace, run: str, need: FieldNeed) -> str:
    """Create one field; return the reason why it was refused, or nothing."""
    fields: dict[str, Json] = {"label": need.label, "type": str(need.type), "choices": list(need.choices)}
    operation = Operation(
        id=f"{run}:fields/{need.stream}.{need.label}:fields:1:create",
        verb=Verb.CREATE,
        stream="fields",
        key=Key("fields", f"{need.stream}.{need.label}"),
        part=1,
        fields=fields,
        irreversible=LOST_WITH_ROLLBACK,
    )
    ws.ledger.record(run, [Intended(operation=operation)])
    wanted = Field(
        name="",
        label=need.label,
        type=FieldType(need.type),
        custom=True,
        choices=tuple(Choice(id=value, value=value) for value in need.choices),
        references=need.references or None,
    )
    try:
        made = _patient(ws, partial(ws.destination.create_field, need.stream, wanted))
    except RefuseRecord as error:
        reject = Reject(key=operation.key, reason=error.reason, hint=error.hint)
        ws.ledger.record(run, [Refused(operation_id=operation.id, reject=reject)])
        return error.reason
    after: dict[str, Json] = {"label": made.label, "type": str(made.type)}
    ws.ledger.record(run, [Confirmed(operation_id=operation.id, destination_id=0, after=after)])
    return ""


def _patient(ws: Workspace, make: Callable[[], Made]) -> Made:
    """Make something; asked again after a lost answer, the destination first looks whether it is there."""
    for _ in range(LOST_ANSWERS):
        try:
            return make()
        except LookFirst:
            ws.clock.sleep(1)
    return make()


def _steps(ws: Workspace, situation: Situation, modules: Sequence[str]) -> tuple[Step, ...]:
    missing = [missing_field(need, by_api=False) for need in situation.needs if not need.exists]
    unmatched = [str(line["key"]) for line in situation.owners.lines if line["how"] == "fallback"]
    currencies = currencies_of(situation)
    return manual_steps(situation.catalog, ws.settings.policy, missing, unmatched, modules, currencies)


def _write_sheet(ws: Workspace, steps: tuple[Step, ...]) -> None:
    lines = ["# What an admin does in Freshsales", ""]
    marks = {True: "done", False: "open", None: "cannot be checked through the API"}
    for step in steps:
        need = " **needed before the load**" if step.blocking else ""
        lines += [f"## {step.what}", "", f"State: {marks[step.verified]}.{need}", "", f"Why: {step.why}.", ""]
    (ws.reports_dir / "admin-steps.md").write_text("\n".join(lines), encoding="utf-8")


def _row(need: FieldNeed) -> Row:
    return {"stream": need.stream, "label": need.label, "type": str(need.type)}


def _next(steps: tuple[Step, ...], ws: Workspace) -> tuple[str, ...]:
    if any(step.blocking and not step.verified for step in steps):
        sheet = ws.shown(ws.reports_dir / "admin-steps.md")
        return (f"an admin follows {sheet}, then: wherry prepare",)
    return ("wherry sample",)
