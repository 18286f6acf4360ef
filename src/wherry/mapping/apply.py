"""Record → destination records as they should be, or why not; never raises on data."""

from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from wherry.mapping.ask import Ask, Context, Noted, Outcome, Problem
from wherry.mapping.coerce import id_of, text_of
from wherry.mapping.conditions import has_patient, holds
from wherry.mapping.gate import classes_read, locked_class
from wherry.mapping.labels import FACT, custom_label
from wherry.mapping.needs import linked_stream
from wherry.mapping.notes import Part, marker_of, split_note, with_marker
from wherry.mapping.transforms import named
from wherry.model.jsons import Json
from wherry.model.mapping import LinkRule, Mapping, Rule
from wherry.model.operation import LEAD_PART, LEADS, MODULE_PART, Content, Link, Payload, lookup_relation
from wherry.model.record import Key, Record, Value
from wherry.model.reject import Reject
from wherry.model.run import RecordState

MEDIA_TYPE = "content_type"
UPLOADED = "Freshsales documents no call that deletes a file: it stays for as long as its contact does"
_WHY = {"procedures": "no_catalogue"}  # why records of a stream that has mappings take none of them
_NO_RULE = Rule(to="")
_NO_FIELD = Problem(
    reason="field_missing",
    detail="the destination has no such custom field",
    hint="run `wherry prepare`, then `wherry retry`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWrite:
    """Nothing is written for this record, and that is as it should be."""

    state: RecordState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNote:
    """A field that was written, or left blank, in a way worth listing; never a value."""

    field: str  # as in Rule.to
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The record arrives inside of another one's, and is where that one is."""

    by: Key


Result: TypeAlias = tuple[Payload, ...] | Reject | NoWrite | Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a record, under which mapping, with notes on single fields."""

    result: Result
    mapping: str = ""
    notes: tuple[FieldNote, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A destination record in the making."""

    pieces: dict[str, list[Json]] = field(default_factory=dict)  # payload name → values, in rule order
    compare: dict[str, str] = field(default_factory=dict)
    classes: dict[str, frozenset[str]] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)  # payload name → source fields
    notes: list[FieldNote] = field(default_factory=list)
    body: str = ""  # of the text that may be split
    locked: str = ""


def apply(mappings: Sequence[Mapping], record: Record, context: Context) -> Result:
    """Return the record's payloads, a Reject that says why there are none, or NoWrite.

    A field whose source is blank is in the payload as None: a create leaves it out, an update clears what
    an earlier one wrote.

    Of the mappings that start at the record's stream, the first whose condition holds is taken.
    """
    return apply_noted(mappings, record, context).result


def apply_noted(mappings: Sequence[Mapping], record: Record, context: Context) -> Applied:
    """Do what apply() does, and return the notes on single fields as well."""
    mapping = mapping_for(mappings, record, context)
    if mapping is None:
        carrier = carrier_of(record, context)
        if carrier is not None:
            return Applied(result=Carried(by=carrier))
        return Applied(
            result=NoWrite(state=RecordState.NO_EQUIVALENT, reason=_WHY.get(record.key.stream, "no_mapping"))
        )
    stopped = _filtered(mapping, record, context) or _resolved(mapping, record, context)
    if stopped is not None:
        return Applied(result=stopped, mapping=mapping.name)
    draft = _Draft()
    reject = _fill(draft, mapping, record, context)
    result: Result = reject or _payloads(draft, mapping, record, context)
    return Applied(result=result, mapping=mapping.name, notes=tuple(draft.notes))


def mapping_for(mappings: Sequence[Mapping], record: Record, context: Context) -> Mapping | None:
    """Return the mapping that the record takes, or None."""
    ask = Ask(record=record, context=context, rule=_NO_RULE)
    for mapping in mappings:
        if mapping.source == record.key.stream and holds(mapping.when, ask):
            return mapping
    return None


def _filtered(mapping: Mapping, record: Record, context: Context) -> NoWrite | None:
    if record.key.stream == "appointments" and not has_patient(record):
        return NoWrite(state=RecordState.FILTERED, reason="blocked_time")
    if record.key.stream == "treatment_plans" and mapping.destination == "notes":
        return _plan_without_note(record, context)
    if record.key.stream != "patients":
        return None
    status = text_of(record.values.get("status")).casefold()
    if record.values.get("deceasedDate") is not None:
        status = "deceased"
    policies = context.policies
    loading = {"deceased": policies.deceased, "archived": policies.archived, "inactive": policies.inactive}
    if loading.get(status, "load") == "skip":
        return NoWrite(state=RecordState.FILTERED, reason=status)
    return None


def carrier_of(record: Record, context: Context) -> Key | None:
    """Return the record inside of which this one arrives, where it has none of its own.

    An invoice line is a product of its invoice, and one line carries all of these; other lines, and all of
    them where the destination has no catalogue, stand in the text of the invoice's deal.
    """
    if record.key.stream != "invoice_lines":
        return None
    carrier = id_of(record.facts.get("carrier"))
    if carrier and context.destination.abilities.get("products") is True:
        return Key("invoice_lines", carrier)
    invoice = id_of(record.values.get("invoiceId"))
    return Key("invoices", invoice) if invoice else None


def _plan_without_note(record: Record, context: Context) -> NoWrite | None:
    """Where there are no custom modules, the active plan stands on the contact; others by policy in a note."""
    policy, active = context.policies.plan_notes, record.facts.get("active") is True
    if policy == "all" or (policy == "older" and not active):
        return None
    if active:
        return NoWrite(state=RecordState.NO_EQUIVALENT, reason="feeds_contact")
    return NoWrite(state=RecordState.FILTERED, reason="plan_notes_off")


def _resolved(mapping: Mapping, record: Record, context: Context) -> NoWrite | None:
    """Users are found, never written: Freshsales has no API that creates one ([D] by absence)."""
    if mapping.destination != "users":
        return None
    if record.key.id in context.owners:
        return NoWrite(state=RecordState.UNCHANGED, reason="user_matched")
    return NoWrite(state=RecordState.NO_EQUIVALENT, reason="user_unmatched")


def _fill(draft: _Draft, mapping: Mapping, record: Record, context: Context) -> Reject | None:
    body = _body_rule(mapping, record, context)
    for rule in mapping.rules:
        target = context.target(mapping.destination, rule.to)
        ask = Ask(record=record, context=context, rule=rule, target=target)
        if not holds(rule.when, ask):
            continue
        locked = locked_class(mapping.source, rule, context)
        if locked:
            draft.locked = draft.locked or locked
            if rule.to == mapping.split:
                draft.pieces.clear()  # what the record is for may not move, so none of it does
                return None
            continue
        value = _value(ask, draft)
        if isinstance(value, Problem):
            return _reject(record, rule, value)
        if value is not None:
            _put(draft, ask, value, is_body=rule is body)
        elif target is not None and rule.source:
            draft.pieces.setdefault(target.name, [])
            draft.compare.setdefault(target.name, rule.compare)
    return None


def _body_rule(mapping: Mapping, record: Record, context: Context) -> Rule | None:
    """The last rule of a split text that applies gives its body, those before it give the first line."""
    rules = [
        rule
        for rule in mapping.rules
        if mapping.split
        and rule.to == mapping.split
        and holds(rule.when, Ask(record=record, context=context, rule=rule))
    ]
    return rules[-1] if rules else None


def _value(ask: Ask, draft: _Draft) -> "Json | Problem":
    """Return what to write, None for nothing, or a Problem that refuses the record."""
    outcome = _outcome(ask)
    if isinstance(outcome, Problem):
        if ask.rule.on_error != "blank":
            return outcome
        outcome = Noted(value=None, reason=outcome.reason, detail=outcome.detail)
    if isinstance(outcome, Noted):
        draft.notes.append(FieldNote(field=ask.rule.to, reason=outcome.reason, detail=outcome.detail))
        return outcome.value
    return outcome


def _outcome(ask: Ask) -> Outcome:
    function = named(ask.rule.using)
    if function is None:
        return Problem(reason="mapping_incomplete", detail=f"there is no value function {ask.rule.using}")
    outcome = function.call(ask)
    value = outcome.value if isinstance(outcome, Noted) else outcome
    if isinstance(value, Problem) or value is None:
        return outcome
    if ask.target is None:
        return _NO_FIELD
    return _unfit(value, ask) or outcome


def _unfit(value: Json, ask: Ask) -> Problem | None:
    """Return why the value cannot be stored in the field it is meant for, or None."""
    if not isinstance(value, str):
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return Problem(reason="unwritable_text", detail="holds half a character")
    longest = ask.target.max_length if ask.target else None
    if longest is not None and len(value) > longest:
        return Problem(
            reason="too_long",
            detail=f"longer than the {longest} characters that the field holds",
            hint="map it to a longer field, or shorten it in the source; then run `wherry retry`",
        )
    return None


def _reject(record: Record, rule: Rule, problem: Problem) -> Reject:
    where = ", ".join(rule.source) or rule.to
    return Reject(
        key=record.key, reason=problem.reason, field=where, detail=problem.detail, hint=problem.hint
    )


def _put(draft: _Draft, ask: Ask, value: Json, *, is_body: bool) -> None:
    name = ask.target.name if ask.target else ask.rule.to
    if is_body:
        draft.body = value if isinstance(value, str) else text_of(value)
    else:
        draft.pieces.setdefault(name, []).append(value)
    draft.compare[name] = ask.rule.compare
    draft.sources[name] = tuple(dict.fromkeys((*draft.sources.get(name, ()), *ask.rule.source)))
    classes = classes_read(ask.record.key.stream, ask.rule, ask.context)
    if classes:
        draft.classes[name] = draft.classes.get(name, frozenset()) | classes


def _payloads(draft: _Draft, mapping: Mapping, record: Record, context: Context) -> Result:
    if draft.locked and not any(v for name, v in draft.pieces.items() if name != mapping.match):
        return NoWrite(state=RecordState.FILTERED, reason=f"class_locked:{draft.locked}")
    links = _links(mapping, record, context)
    if isinstance(links, Reject):
        return links
    texts = _texts(draft, mapping, record, context)
    if isinstance(texts, Reject):
        return texts
    fields = {name: _joined(values) for name, values in draft.pieces.items()}
    content = _content(mapping, fields)
    match = _match(mapping, record, fields, context)
    if isinstance(match, Reject):
        return match
    if match is not None:
        fields[match[0]] = match[1]
        draft.compare.setdefault(match[0], "exact")
    return tuple(
        Payload(
            stream=mapping.destination,
            key=record.key,
            part=_part(mapping, n),
            parts=len(texts),
            fields={**fields, mapping.marker: part.text} if mapping.marker else fields,
            links=links,
            match=match,
            marker=part.marker,
            compare=draft.compare,
            classes=draft.classes,
            sources=draft.sources,
            adopt=_adoption(record.key, mapping.destination, context),
            content=content,
            irreversible=UPLOADED if content else "",
        )
        for n, part in enumerate(texts, 1)
    )


def _content(mapping: Mapping, fields: dict[str, Json]) -> Content | None:
    """Take out of the fields what is sent as the bytes of a file, and how they are announced."""
    if not mapping.file:
        return None
    ref, media_type = fields.pop(mapping.file, None), fields.pop(MEDIA_TYPE, None)
    return Content(text_of(ref), text_of(media_type))


def _part(mapping: Mapping, number: int) -> int:
    if mapping.module:
        return MODULE_PART
    return LEAD_PART if mapping.destination == LEADS else number


def _adoption(key: Key, stream: str, context: Context) -> int | None:
    if stream == LEADS:  # a contact of that patient is another record
        return context.adoptions.get(f"{LEADS}/{key.id}")
    return context.adoptions.get(key.id if key.stream == "patients" else str(key))


def _joined(values: Sequence[Json]) -> Json:
    """Several rules that write one field each give a line of it; none gives None, so that an update clears it."""
    if not values:
        return None
    return values[0] if len(values) == 1 else "\n".join(text_of(value) for value in values)


def _texts(draft: _Draft, mapping: Mapping, record: Record, context: Context) -> tuple[Part, ...] | Reject:
    """Return the text that carries the marker, one for each part; one empty part where there is no marker."""
    if not mapping.marker:
        return (Part(text="", marker=""),)
    stream, key = record.key.stream, record.key.id
    draft.compare.setdefault(mapping.marker, "text")
    pieces = [str(value) for value in draft.pieces.get(mapping.marker, [])]
    if mapping.split != mapping.marker:
        marker = marker_of(stream, key)
        if mapping.file:
            return (Part(text=" ".join([*pieces, marker]), marker=marker),)
        return (Part(text=with_marker("\n".join(pieces), marker), marker=marker),)
    limit = context.policies.note_limit
    split = split_note(draft.body, header=" · ".join(pieces), stream=stream, key=key, limit=limit)
    if isinstance(split, Problem):
        return Reject(
            key=record.key, reason=split.reason, field=mapping.split, detail=split.detail, hint=split.hint
        )
    return split


def _links(mapping: Mapping, record: Record, context: Context) -> tuple[Link, ...] | Reject:
    links = []
    for rule in mapping.links:
        given = _linked(record, rule.source)
        if isinstance(given, tuple):
            links += [Link(f"{rule.relation}:{one}", Key(rule.stream, one)) for one in given]
            continue
        key = id_of(given) or rule.default
        if not key and rule.required:
            return _no_parent(record, rule)
        relation = _relation(mapping, rule, context)
        if key and relation:
            links.append(Link(relation, Key(rule.stream, key)))
        elif key and rule.required:
            return _reject(record, Rule(to=rule.relation), _NO_FIELD)
    return tuple(links)


def _linked(record: Record, source: str) -> Value:
    """Return what a link goes by: a field, or with `fact:` in front something that staging found out."""
    if source.startswith(FACT):
        return record.facts.get(source.removeprefix(FACT))
    return record.values.get(source)


def _relation(mapping: Mapping, rule: LinkRule, context: Context) -> str:
    """Return the relation as a payload names it: of a lookup field, with the stream that it points into."""
    if custom_label(rule.relation) is None:
        return rule.relation
    target = context.target(mapping.destination, rule.relation)
    return lookup_relation(linked_stream(rule), target.name) if target else ""


def _no_parent(record: Record, rule: LinkRule) -> Reject:
    return Reject(
        key=record.key, reason="orphan", field=rule.source, detail=f"names no record of {rule.stream}"
    )


def _match(
    mapping: Mapping, record: Record, fields: MappingABC[str, Json], context: Context
) -> tuple[str, str] | Reject | None:
    """Return the unique field and value by which the record is found again; a record always has one."""
    if not mapping.match:
        return None
    target = context.target(mapping.destination, mapping.match)
    if target is None:
        return _reject(record, Rule(to=mapping.match), _NO_FIELD)
    value = fields.get(target.name)
    return (target.name, value if isinstance(value, str) else record.key.id)


def unassigned_account(mappings: Sequence[Mapping], context: Context) -> Payload | None:
    """Return the account for patients without a practice, or None where no mapping makes accounts."""
    for mapping in mappings:
        if mapping.destination == "sales_accounts":
            record = Record(
                key=Key(mapping.source, "@unassigned"),
                values={"practiceId": "@unassigned", "name": context.policies.unassigned_account},
            )
            result = apply((mapping,), record, context)
            return result[0] if isinstance(result, tuple) else None
    return None
