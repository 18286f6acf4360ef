"""Recalls have no equivalent there: a document from which an admin builds them anew, with live figures."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from wherry.app.papers import write_pages
from wherry.app.workspace import Workspace
from wherry.model.jsons import Json
from wherry.model.record import Fate, Record

NAME = "recall-guide"
STREAM = "recalls"
UNREADABLE = "(unreadable)"
# What a method needs of the patient's consent; the label is the contact's field.
CONSENT: Mapping[str, str] = {
    "email": "Allow Email",
    "e-mail": "Allow Email",
    "sms": "Allow SMS",
    "text": "Allow SMS",
    "post": "Allow Post",
    "letter": "Allow Post",
}
PERSONAL = frozenset({"phone", "call", "telephone", "post", "letter"})  # a person does it, so a task is made


@dataclass(slots=True, kw_only=True)
class Rule:
    """One distinct recall rule of the source and how many records follow it.

    `live` counts recalls that stand; `left_out` those whose own record or patient does not move.
    """

    type: str
    interval_months: int | None
    method: str
    exempt: bool
    live: int = 0
    left_out: int = 0
    patients: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    due: dict[str, list[str]] = field(default_factory=dict)  # month → patient ids
    booked: Counter[str] = field(default_factory=Counter)  # month → recalls with an appointment already

    @property
    def order(self) -> tuple[str, int, str, bool]:
        """Return the place in the document."""
        return self.type, self.interval_months or 0, self.method, self.exempt


def write_guide(ws: Workspace) -> tuple[Path, ...]:
    """Write reports/recall-guide.json, .html and .md from the staged recalls.

    Patients stand there by id; by name too only with [report] show_values.
    """
    return write_pages(ws.reports_dir, NAME, guide(ws))


def guide(ws: Workspace) -> dict[str, Json]:
    """Return the document: every distinct rule once, what is due in each month, and how to build it."""
    snapshot = ws.snapshot()
    duplicates = {s.key.id for s in snapshot.fates(STREAM) if s.reason == "duplicate_row"}
    rules = _rules(
        (fate, record)
        for fate, record in snapshot.read_with_fate(STREAM, tuple(Fate))
        if record.key.id not in duplicates
    )
    exported = datetime.fromisoformat(str(snapshot.facts()["exported_at"]))
    shown = ws.settings.report.show_values
    names = _names(snapshot.read("patients")) if shown else {}
    exempt = sorted(
        (r.key.id for r in snapshot.read("patients") if r.values.get("recallExempt") is True), key=_number
    )
    numbered = list(enumerate(sorted(rules, key=lambda rule: rule.order), start=1))
    return {
        "schema": "wherry/recall-guide/1",
        "title": ws.settings.report.title or "Recalls, to be built anew",
        "exported_at": exported.isoformat(),
        "values_shown": shown,
        "recalls": sum(rule.live + rule.left_out for rule in rules),
        "live": sum(rule.live for rule in rules),
        "duplicate_rows": len(duplicates),
        "patients": len(set().union(*(rule.patients for rule in rules)) if rules else ()),
        "exempt_patients": list(exempt),
        "fields": ["Recall Date", "Recall Exempt", *dict.fromkeys(CONSENT.values())],
        "rules": [_as_json(number, rule, exported.date(), names) for number, rule in numbered],
        "workflows": _workflow_steps(),
        "freshmarketer": _freshmarketer_steps(),
        "portal": _portal(),
    }


def _rules(records: Iterator[tuple[Fate, Record]]) -> list[Rule]:
    found: dict[tuple[str, int, str, bool], Rule] = {}
    for fate, record in records:
        values = record.values
        interval = values.get("intervalMonths")
        rule = Rule(
            type=str(values.get("type") or UNREADABLE),
            interval_months=interval if isinstance(interval, int) else None,
            method=" ".join(str(values.get("method") or "not stated").split()).casefold(),
            exempt=values.get("exempt") is True,
        )
        _add(found.setdefault(rule.order, rule), fate, record)
    return list(found.values())


def _add(rule: Rule, fate: Fate, record: Record) -> None:
    if fate is not Fate.READY:
        rule.left_out += 1
        return
    patient = str(record.values.get("patientId") or "")
    status = str(record.values.get("status") or "not stated").casefold()
    rule.live += 1
    rule.patients.add(patient)
    rule.statuses[status] += 1
    due = record.values.get("dueDate")
    month = f"{due:%Y-%m}" if isinstance(due, date) else "undated"
    rule.due.setdefault(month, []).append(patient)
    rule.booked[month] += status == "booked"


def _names(patients: Iterator[Record]) -> dict[str, str]:
    return {
        r.key.id: " ".join(str(r.values[n]) for n in ("firstName", "lastName") if r.values.get(n))
        for r in patients
    }


def _number(key: str) -> tuple[int, str]:
    return (int(key) if key.isdigit() else 0, key)


def _as_json(number: int, rule: Rule, today: date, names: Mapping[str, str]) -> dict[str, Json]:
    months: list[Json] = []
    for month, ids in sorted(rule.due.items()):
        patients: list[Json] = [
            {"id": key, "name": names.get(key, "")} if names else {"id": key}
            for key in sorted(ids, key=_number)
        ]
        entry: dict[str, Json] = {
            "month": month,
            "count": len(ids),
            "booked": rule.booked[month],
            "overdue": month < f"{today:%Y-%m}",
            "patients": patients,
        }
        months.append(entry)
    return {
        "number": number,
        "type": rule.type,
        "interval_months": rule.interval_months,
        "method": rule.method,
        "exempt": rule.exempt,
        "live": rule.live,
        "left_out": rule.left_out,
        "patients": len(rule.patients),
        "statuses": dict(sorted(rule.statuses.items())),
        "due": months,
        "build": _build(rule),
    }


def _build(rule: Rule) -> str:
    """Return what this rule becomes, in one sentence."""
    if rule.exempt:
        return "Nothing is built: these patients are not recalled. Keep them out by Recall Exempt."
    every = f"every {rule.interval_months} months" if rule.interval_months else "without an interval"
    consent = CONSENT.get(rule.method)
    asks = f" and {consent} is Yes" if consent else ""
    if rule.method in PERSONAL:
        how = f"a task for the owner: “{rule.type} recall by {rule.method}”"
    elif consent:
        how = f"the {rule.method} “{rule.type} recall” from a Freshmarketer journey"
    else:
        how = f"a task for the owner: “{rule.type} recall”"
    return f"{every}: when Recall Date comes near, Recall Exempt is not set{asks}, {how}."


def _workflow_steps() -> list[Json]:
    return [
        "Open Admin Settings → Workflows and add a workflow on contacts, named after the rule's number below.",
        "Let it run on a schedule, once a day, or on a date field, whichever your plan offers: the date is Recall Date, some weeks ahead.",
        "Add the conditions: Recall Exempt is not checked; subscription and the consent named in the rule allow the contact.",
        "Add the action: create a task for the contact's owner, with the rule's words as its title and Recall Date as its due date.",
        "After the visit somebody sets Recall Date to the next one: by hand, or by a second workflow on the completed appointment, if yours can compute dates. The interval stands in the rule.",
        "Test it with one contact of your own, look at the task, and only then activate it. Activate nothing before the load is accepted: every write would fire it.",
    ]


def _freshmarketer_steps() -> list[Json]:
    return [
        "Freshmarketer sends e-mails and texts to patients; Workflows only make tasks and fields. It comes with the Suite.",
        "Make a segment for each rule: Recall Date within the coming weeks, Recall Exempt not checked, and the consent field of the rule at Yes. Unknown is no consent.",
        "Make a journey that starts when a contact enters the segment, sends the message, waits, and sends one reminder; end it when an appointment is made.",
        "Check that the segment counts about what the rule's list below says for that month.",
        "Send a test to an address of your own, then activate the journey.",
    ]


def _portal() -> list[Json]:
    return [
        "The export holds no settings of the patient portal: online booking, forms and payment links have no record in it.",
        "List in the portal itself what patients can do there, and decide for each whether it stays, goes to another system, or ends.",
        "Appointment reminders are the source's own. Those that were sent are kept on each appointment as Reminder_Flag__c.",
    ]
