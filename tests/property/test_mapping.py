"""apply() never raises, a record takes one mapping, and a split note joins to the original."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Literal

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.mapping.apply import NoWrite, apply, mapping_for
from wherry.mapping.ask import Ask, Context, Noted, Problem
from wherry.mapping.blueprint import load_blueprint
from wherry.mapping.conditions import holds
from wherry.mapping.notes import join_note, split_note
from wherry.mapping.transforms import REGISTRY
from wherry.model.catalog import Catalog, Field, FieldType, Privacy, Stream
from wherry.model.mapping import Rule
from wherry.model.operation import Payload
from wherry.model.policy import Policies
from wherry.model.record import Key, Record
from wherry.model.reject import Reject

BLUEPRINT = load_blueprint()
STREAMS = sorted({m.source for m in BLUEPRINT.mappings})

moments = st.datetimes() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))]))
values = st.one_of(
    st.none(),
    st.text(st.characters(), max_size=40),
    st.sampled_from(["0", "1", "true", "no", "active", "F", "a@b.example", "+44 20 7946 0018", ";", "\n"]),
    st.integers(),
    st.booleans(),
    st.decimals(),
    st.dates(),
    moments,
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
)


@cache
def columns(stream: str) -> list[str]:
    found = {name for m in BLUEPRINT.mappings if m.source == stream for r in m.rules for name in r.source}
    return sorted(found | {"patientId", "practiceId", "status", "deceasedDate"})


def catalog() -> Catalog:
    streams = tuple(
        Stream(
            name=stream,
            fields=tuple(
                Field(
                    name=name,
                    type=FieldType.TEXT,
                    privacy=Privacy.CLINICAL if name in {"text", "appointmentNotes"} else Privacy.COMMERCIAL,
                )
                for name in columns(stream)
            ),
        )
        for stream in STREAMS
    )
    return Catalog(system="aerona", streams=streams)


rows = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            *("name", "category", "canonical", "timeZone", "durationDefault", "title", "firstName"),
            *("lastName", "role", "practiceId", "active"),
        ),
        values,
    ),
)
lookups = st.dictionaries(
    st.sampled_from(["practices", "clinicians", "appointment_types", "appointment_statuses", "care_plans"]),
    st.dictionaries(st.sampled_from(["0", "1", "2", ""]), rows, max_size=2),
)


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    policy: Literal["task", "event", "split"] = draw(st.sampled_from(["task", "event", "split"]))
    return Context(
        policies=Policies(appointments=policy, note_limit=draw(st.integers(0, 400))),
        source=catalog(),
        destination=Catalog(system="freshsales", streams=(), abilities={"appointments": draw(st.booleans())}),
        now=draw(st.datetimes(timezones=st.just(UTC))),
        zone=draw(st.sampled_from(["UTC", "Europe/Dublin", "nowhere"])),
        owners=draw(st.dictionaries(st.sampled_from(["0", "1"]), st.integers(1, 9), max_size=1)),
        fallback_owner=draw(st.none() | st.integers(1, 9)),
        lookups=draw(lookups),
        unlocked=draw(st.sampled_from([frozenset(), frozenset({"clinical"})])),
        placed=draw(
            st.dictionaries(
                st.just(Key("appointments", "1")), st.sampled_from(["tasks", "appointments"]), max_size=1
            )
        ),
        foresee=draw(st.booleans()),
    )


@st.composite
def records(draw: st.DrawFn, stream: str | None = None) -> Record:
    name = stream or draw(st.sampled_from([*STREAMS, "payments"]))
    known = columns(name) if name in STREAMS else ["amount"]
    given_values = draw(st.dictionaries(st.sampled_from(known), values))
    facts = draw(
        st.dictionaries(
            st.sampled_from(["never_booked", "email_holder", "zone", "recall_due"]), values, max_size=4
        )
    )
    return Record(key=Key(name, draw(st.sampled_from(["1", "2"]))), values=given_values, facts=facts)


@settings(max_examples=120, deadline=None)
@given(records(), contexts())
def test_apply_never_raises_and_what_it_writes_is_json(record: Record, context: Context) -> None:
    result = apply(BLUEPRINT.mappings, record, context)
    if isinstance(result, Reject | NoWrite):
        assert result.reason
        return
    assert result
    for payload in result:
        assert isinstance(payload, Payload)
        orjson.dumps(dict(payload.fields))
        assert payload.fingerprint()
        assert payload.match or payload.marker
        assert set(payload.compare) >= set(payload.fields)
        locked = {c for classes in payload.classes.values() for c in classes}
        assert locked <= context.unlocked


@settings(max_examples=80, deadline=None)
@given(records("appointments") | records("patients"), contexts())
def test_a_record_takes_exactly_one_mapping(record: Record, context: Context) -> None:
    ask = Ask(record=record, context=context, rule=Rule(to=""))
    open_to_it = [m for m in BLUEPRINT.mappings if m.source == record.key.stream and holds(m.when, ask)]
    assert len(open_to_it) == 1
    assert mapping_for(BLUEPRINT.mappings, record, context) == open_to_it[0]


@settings(max_examples=80, deadline=None)
@given(st.data(), contexts())
def test_every_value_function_is_total(data: st.DataObject, context: Context) -> None:
    record = data.draw(records("appointments"))
    names = tuple(data.draw(st.lists(st.sampled_from(columns("appointments")), max_size=4)))
    for function in REGISTRY.values():
        rule = Rule(to="x", source=names, using=function.name, args={"label": "L", "table": "sex"})
        outcome = function.call(Ask(record=record, context=context, rule=rule))
        value = outcome.value if isinstance(outcome, Noted) else outcome
        assert isinstance(value, Problem | str | int | float | bool | None)


TRICKY = st.sampled_from(
    [
        *("👩‍👩‍👧‍👦", "é", "é̂̃", "🇮🇪🇬🇧", "각", "\r\n", "\n\n", "\r\n\r\n", "\n", " ", ". ", "? "),
        *("(2/3) ", "(1/1)\n", "[aerona:notes:5 2/3]", "\n\n[aerona:notes:5]", "[", "]", "word", "é. ̂"),
    ]
)
texts = st.lists(TRICKY | st.text(max_size=6), max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(texts, st.text(max_size=20), st.integers(0, 200))
def test_a_split_note_joins_to_the_original(body: str, header: str, limit: int) -> None:
    parts = split_note(body, header=header, stream="clinical_notes", key="5", limit=limit)
    if isinstance(parts, Problem):
        return
    written = [part.text for part in parts]
    assert join_note(written) == body
    assert all(len(text) <= limit for text in written)
    for part in parts:
        assert part.text.endswith("\n\n" + part.marker)
    if len(parts) > 1:
        assert [text.split(" ")[0].split("\n")[0] for text in written] == [
            f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)
        ]


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_cut_never_falls_inside_a_grapheme(body: str) -> None:
    import regex

    parts = split_note(body, header="", stream="clinical_notes", key="5", limit=70)
    if isinstance(parts, Problem):
        return
    borders = {0} | {found.end() for found in regex.finditer(r"\X", body)}
    place = 0
    for part in parts:
        place += len(join_note([part.text]))
        assert place in borders


def test_the_strategies_reach_payloads() -> None:
    """The random records are no proof unless some of them are written."""
    record = Record(
        key=Key("practices", "1"),
        values={"practiceId": "1", "name": "Riverside", "active": True, "created": date(2020, 1, 1)},
    )
    context = Context(
        policies=Policies(),
        source=catalog(),
        destination=Catalog(system="freshsales", streams=()),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        fallback_owner=1,
        foresee=True,
    )
    result = apply(BLUEPRINT.mappings, record, context)
    assert isinstance(result, tuple)
    assert Decimal(str(result[0].fields["owner_id"])) == 1
