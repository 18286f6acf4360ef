"""A sample that covers every risk and repeats itself; a dry run that counts what a run would do; the admin's steps."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.mapping.apply import NoWrite
from wherry.model.catalog import Catalog
from wherry.model.operation import Link, Payload
from wherry.model.policy import Policies
from wherry.model.record import Fate, Key, Record, Staged
from wherry.model.reject import Reject
from wherry.model.run import RecordState
from wherry.planning.dryrun import SAMPLE_KEYS, Tally, count_fates, count_stream
from wherry.planning.sample import Candidates, unknown_keys
from wherry.planning.steps import MissingField, manual_steps

S = RecordState


def patient(id_: str, facts: dict[str, Any] | None = None, **values: Any) -> Record:
    return Record(key=Key("patients", id_), values=values, facts=facts or {})


def child(stream: str, id_: str, **values: Any) -> Record:
    return Record(key=Key(stream, id_), values=values)


# sample ----------------------------------------------------------------------------------------


def crowd() -> Candidates:
    """Two hundred patients, of whom a few are odd, each in a way of their own."""
    candidates = Candidates()
    for n in range(1, 201):
        odd: dict[str, Any] = {"status": "Active", "practiceId": str(n % 3)}
        odd |= {
            17: {"status": "Archived"},
            18: {"firstName": "Λουκία"},
            19: {"custom:Nut allergy": "yes"},
        }.get(n, {})
        facts = {
            20: {"email_scope": "household", "email_holder": False},
            21: {"merged_ids": ("9",)},
            22: {"never_booked": True},
        }
        candidates.add_patient(patient(str(n), facts.get(n), **odd), adopted=n == 23)
    for n in range(1, 401):
        text = "x" * (5000 if n == 24 else 10)
        when = (
            datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"))
            if n == 25
            else datetime(2026, 1, 5, tzinfo=UTC)
        )
        candidates.add_child(
            child("clinical_notes", str(n), userId=str(n % 4), text=text, notedAt=when), str(1 + n % 200)
        )
    return candidates


def test_every_risky_case_is_in_it() -> None:
    chosen = set(crowd().choose(60, seed=1))
    odd = {"17", "18", "19", "20", "21", "22", "23"}
    assert odd <= chosen
    assert {"25", "26"} <= chosen  # the longest note, and the visit in the hour that comes twice


@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 300), seed=st.integers(0, 50))
def test_the_same_seed_takes_the_same_records_and_the_size_is_reached_but_hardly_passed(
    size: int, seed: int
) -> None:
    candidates = crowd()
    chosen = candidates.choose(size, seed)
    assert chosen == crowd().choose(size, seed)
    assert chosen == sorted(set(chosen), key=int)
    records = sum(candidates.patients[key].records for key in chosen)
    covering = len(crowd().choose(1, seed))
    assert records >= size
    assert len(chosen) == covering or records <= size + 3


def test_another_seed_takes_others() -> None:
    assert crowd().choose(100, 1) != crowd().choose(100, 2)


def test_a_child_of_nobody_changes_nothing_and_unknown_keys_are_named() -> None:
    candidates = Candidates()
    candidates.add_patient(patient("1"), adopted=False)
    candidates.add_child(child("clinical_notes", "5", text="x"), "99")
    assert candidates.choose(10, 1) == ["1"]
    assert unknown_keys(["1", "2"], candidates.patients) == ["2"]


# dry run ---------------------------------------------------------------------------------------


def writes(record: Record) -> tuple[Payload, ...]:
    fields: dict[str, Any] = {"email": "x"} if record.values.get("email") else {}
    parent = record.values.get("patientId")
    stream = "contacts" if record.key.stream == "patients" else "notes"
    links = (Link("targetable", Key("patients", str(parent))),) if parent else ()
    parts = 2 if record.values.get("long") else 1
    return tuple(
        Payload(stream=stream, key=record.key, part=n, parts=parts, fields=fields, links=links)
        for n in range(1, parts + 1)
    )


def test_records_that_no_mapping_sees_are_counted_where_they_end() -> None:
    tally = Tally()
    fates = [
        Staged(key=Key("patients", "1"), fate=Fate.READY),
        Staged(key=Key("recalls", "1"), fate=Fate.READY),
        Staged(key=Key("visits", "1"), fate=Fate.READY),
        Staged(key=Key("patients", "2"), fate=Fate.REJECTED, reason="orphan"),
        Staged(key=Key("patients", "3"), fate=Fate.MERGED, reason="merged"),
    ]
    count_fates(tally, fates, frozenset({"patients"}), {"recalls": "rebuild_guide"})
    assert tally.reasons == {
        ("recalls", "no_equivalent", "rebuild_guide"): 1,
        ("visits", "no_equivalent", "no_mapping"): 1,
        ("patients", "rejected", "orphan"): 1,
        ("patients", "merged", "merged"): 1,
    }
    assert tally.states["patients"] == {S.REJECTED: 1, S.MERGED: 1}
    assert tally.samples == {("patients", "orphan"): ["2"]}


def test_what_would_be_written_is_counted_and_what_hangs_on_nothing_waits() -> None:
    def apply(record: Record) -> Any:
        match record.key.id:
            case "2":
                return Reject(key=record.key, reason="required_missing")
            case "3":
                return NoWrite(state=S.FILTERED, reason="archived")
            case _:
                return writes(record)

    tally = Tally()
    people = [patient("1", email="a"), patient("2"), patient("3"), patient("4")]
    count_stream(tally, people, apply, writes)
    notes = [child("notes", str(n + 10), patientId=str(n), long=n == 1) for n in (1, 2, 3, 4)]
    count_stream(tally, notes, apply, writes)
    assert tally.states["patients"] == {S.PENDING: 2, S.REJECTED: 1, S.FILTERED: 1}
    assert tally.states["notes"] == {S.PENDING: 2, S.DEFERRED: 1, S.FILTERED: 1}
    assert tally.reasons["notes", "deferred", "blocked_by_parent"] == 1
    contacts, written = tally.writes["patients", "contacts"], tally.writes["notes", "notes"]
    assert (contacts.records, contacts.writes, contacts.bulk) == (2, 2, 1)
    assert (written.records, written.writes) == (2, 3)
    assert tally.parents == {"1", "4"}
    assert tally.links == {"link.notes.patients": 2}


def test_what_a_locked_class_holds_back_is_counted_with_what_opening_it_would_write() -> None:
    tally = Tally()
    locked = NoWrite(state=S.NO_EQUIVALENT, reason="class_locked:clinical")
    count_stream(tally, [child("notes", "1", patientId="1", long=True)], lambda _record: locked, writes)
    assert tally.locked == {("clinical", "notes"): 1}
    assert tally.states["notes"] == {S.NO_EQUIVALENT: 1}
    assert tally.writes["notes", "notes"].writes == 2


@given(outcomes=st.lists(st.sampled_from(["write", "reject", "filter"]), max_size=40))
def test_every_record_is_counted_once_and_only_so_many_are_named(outcomes: list[str]) -> None:
    def apply(record: Record) -> Any:
        match record.values["will"]:
            case "reject":
                return Reject(key=record.key, reason="why")
            case "filter":
                return NoWrite(state=S.FILTERED, reason="why")
            case _:
                return writes(record)

    tally = Tally()
    count_stream(tally, [patient(str(n), will=will) for n, will in enumerate(outcomes)], apply, writes)
    assert sum(tally.states.get("patients", {}).values()) == len(outcomes)
    assert all(len(keys) <= SAMPLE_KEYS for keys in tally.samples.values())


# the admin's steps -----------------------------------------------------------------------------


def catalog(**abilities: bool) -> Catalog:
    lookups: dict[str, Any] = {"task_types": [{"id": 1, "name": "appointment"}], "contact_statuses": []}
    return Catalog(system="f", streams=(), lookups=lookups, abilities=abilities)


def test_a_step_is_verified_where_the_api_can_tell_and_blocking_only_where_the_load_needs_it() -> None:
    missing = [MissingField(stream="contacts", label="Gender", type="dropdown", choices=("Male", "Female"))]
    steps = {step.id: step for step in manual_steps(catalog(), Policies(), missing, ["7", "3"])}
    assert steps["task_type"].verified is True
    assert steps["prospect_status"].verified is False
    assert steps["automations"].verified is None
    field = steps["field:contacts:Gender"]
    assert field.blocking
    assert all(word in field.what for word in ("'Gender'", "dropdown", "Male | Female", "contacts"))
    assert "3, 7" in steps["users"].what
    assert [step.id for step in steps.values() if step.blocking] == ["field:contacts:Gender"]


def test_where_the_api_creates_fields_nobody_is_asked_to() -> None:
    missing = [MissingField(stream="contacts", label="Gender", type="text", choices=(), by_api=True)]
    steps = {step.id for step in manual_steps(catalog(create_fields=True), Policies(), missing, [])}
    assert steps == {"task_type", "prospect_status", "automations"}
