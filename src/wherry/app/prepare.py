"""Create what the API can create, verify the rest, and list what only an admin can do."""

from wherry.app.results import PrepareResult, Row
from wherry.app.runs import Readied, ensure_unassigned, make_hands, ready
from wherry.app.situation import gather
from wherry.app.workspace import Workspace
from wherry.mapping.check import FieldNeed
from wherry.model.catalog import Choice, Field, FieldType
from wherry.model.errors import LookFirst, RefuseRecord
from wherry.model.jsons import Json
from wherry.model.ledger import Confirmed, Intended, Refused
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RunKind, RunState
from wherry.planning.build import LOST_WITH_ROLLBACK
from wherry.planning.steps import MissingField, Step, manual_steps

LOST_ANSWERS = 4  # in a row, about one field


def prepare(ws: Workspace) -> PrepareResult:
    """Create missing custom fields and the account for patients without a practice; verify manual steps.

    What cannot be created is an exact admin step in reports/admin-steps.md; run prepare again to verify
    it. Exit code 3 while a step that the load needs is not done.
    """
    with ws.store.lock.held():
        readied = ready(ws, "prepare")
        run = ws.ledger.begin(RunKind.PREPARE, readied.plan.digest, {})
        ws.budget.charge(run.id)
        created, refused = _create_fields(ws, run.id, readied)
        # The catalog as it is now: the account carries custom fields that were only just created.
        situation = gather(ws, ws.destination.describe(), readied.unlocked)
        if all(need.exists for need in situation.needs if need.stream == "sales_accounts"):
            hands = make_hands(ws, situation, readied.unlocked)
            ensure_unassigned(hands, run.id, situation.unassigned())
        run = ws.ledger.finish(run.id, RunState.FINISHED)
    made = {(need.stream, need.label) for need in created}
    existing = [n for n in situation.needs if n.exists and (n.stream, n.label) not in made]
    missing = [n for n in situation.needs if not n.exists]
    steps = _steps(ws, readied, missing, refused=refused)
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


def _create_fields(ws: Workspace, run: str, readied: Readied) -> tuple[list[FieldNeed], bool]:
    """Create the missing fields; return those that were created, and whether the API refused any.

    One that is refused is a step for the admin and the next one is tried, unless none can be created at all.
    """
    created: list[FieldNeed] = []
    refused = False
    if not readied.situation.catalog.abilities.get("create_fields"):
        return created, False
    missing = [need for need in readied.situation.needs if not need.exists]
    ws.progress.start("creating custom fields", len(missing))
    try:
        for need in missing:
            reason = _create_field(ws, run, need)
            ws.progress.advance(1)
            if not reason:
                created.append(need)
                continue
            refused = True
            if reason == "cannot_create_fields":
                break
    finally:
        ws.progress.finish()
    return created, refused


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
    )
    try:
        made = _made(ws, need.stream, wanted)
    except RefuseRecord as error:
        reject = Reject(key=operation.key, reason=error.reason, hint=error.hint)
        ws.ledger.record(run, [Refused(operation_id=operation.id, reject=reject)])
        return error.reason
    after: dict[str, Json] = {"label": made.label, "type": str(made.type)}
    ws.ledger.record(run, [Confirmed(operation_id=operation.id, destination_id=0, after=after)])
    return ""


def _made(ws: Workspace, stream: str, wanted: Field) -> Field:
    """Create the field; asked again after a lost answer, the destination first looks whether it is there."""
    for _ in range(LOST_ANSWERS):
        try:
            return ws.destination.create_field(stream, wanted)
        except LookFirst:
            ws.clock.sleep(1)
    return ws.destination.create_field(stream, wanted)


def _steps(ws: Workspace, readied: Readied, missing: list[FieldNeed], *, refused: bool) -> tuple[Step, ...]:
    catalog = readied.situation.catalog
    if refused or missing:
        abilities = {**catalog.abilities, "create_fields": False}
        catalog = type(catalog)(
            system=catalog.system,
            streams=catalog.streams,
            people=catalog.people,
            lookups=catalog.lookups,
            limits=catalog.limits,
            abilities=abilities,
        )
    fields = [
        MissingField(stream=n.stream, label=n.label, type=str(n.type), choices=tuple(n.choices))
        for n in missing
    ]
    unmatched = [str(line["key"]) for line in readied.situation.owners.lines if line["how"] == "fallback"]
    return manual_steps(catalog, ws.settings.policy, fields, unmatched)


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
