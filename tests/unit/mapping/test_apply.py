"""What becomes of each record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from wherry.mapping.apply import NoWrite, apply, apply_noted, unassigned_account
from wherry.mapping.notes import join_note
from wherry.model.operation import Link
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RecordState


@pytest.fixture
def one(blueprint, record, context):
    """The single payload of a changed record."""

    def make(stream, given=None, facts=None, **changed):
        result = apply(blueprint.mappings, record(stream, facts, **changed), given or context)
        assert isinstance(result, tuple), result
        assert len(result) == 1
        return replace(result[0], fields={k: v for k, v in result[0].fields.items() if v is not None})

    return make


@pytest.fixture
def result(blueprint, record, context):
    def make(stream, given=None, facts=None, **changed):
        return apply(blueprint.mappings, record(stream, facts, **changed), given or context)

    return make


def cf(payload):
    prefix = "custom_field.cf_"
    return {k.removeprefix(prefix): v for k, v in payload.fields.items() if k.startswith(prefix)}


def test_a_patient_becomes_a_contact(one):
    contact = one("patients")
    standard = {k: v for k, v in contact.fields.items() if not k.startswith("custom_field.")}
    assert standard == {
        "external_id": "1042",
        "first_name": "Ana",
        "last_name": "O’Dare",
        "email": "Ana@clinic.example",
        "mobile_number": "+447700900123",
        "address": "1 High St, Old Town",
        "city": "Leeds",
        "state": "West Yorkshire",
        "zipcode": "LS1 1AA",
        "country": "United Kingdom",
        "subscription_status": 1,
        "sms_subscription_status": 2,
        "lifecycle_stage_id": 22,
        "lead_source_id": 61,
        "owner_id": 11,
    }
    assert cf(contact) == {
        "source_system_id__c": "1042",
        "title": "Mrs",
        "preferred_name": "Annie",
        "date_of_birth": "1980-02-29",
        "gender": "Female",
        "home_phone": "+442079460018",
        "allow_email": "Yes",
        "allow_sms": "Yes",
        "allow_post": "Unknown",
        "marketing_email": "Yes",
        "marketing_sms": "Unknown",
        "consent_date": "2025-05-01",
        "patient_status": "Active",
        "recall_exempt": False,
        "referral_source": "referral",
        "insurance_provider": "Acme Dental",
        "preferred_appointment_time": "mornings",
        "care_plan": "Gold",
        "household_id": "77",
        "household_head": True,
        "source_created_at": "2019-03-04",
    }
    assert contact.match == ("external_id", "1042")
    assert contact.links == (Link("sales_accounts", Key("practices", "1")),)
    assert contact.stream == "contacts"
    assert contact.marker == ""
    assert contact.classes == {}


def test_a_blank_source_is_none_so_that_an_update_clears_it(result):
    (contact,) = result("patients", mobile=None, sex=None)
    assert contact.fields["mobile_number"] is None
    assert contact.fields["custom_field.cf_gender"] is None
    assert contact.compare["mobile_number"] == "phone_e164"
    (full,) = result("patients")
    assert set(full.fields) == set(contact.fields)
    assert full.fingerprint() != contact.fingerprint()


def test_compare_rules_follow_the_values(one):
    compare = one("patients").compare
    assert compare["mobile_number"] == "phone_e164"
    assert compare["email"] == "email"
    assert compare["external_id"] == "exact"
    assert compare["custom_field.cf_date_of_birth"] == "date"
    assert compare["custom_field.cf_gender"] == "choice"
    assert compare["first_name"] == "text"


def test_a_patient_without_a_practice_goes_to_the_unassigned_account(one):
    assert one("patients", practiceId=None).links == (
        Link("sales_accounts", Key("practices", "@unassigned")),
    )


def test_a_prospect_gets_stage_and_status(one, context, destination):
    prospect = one("patients", facts={"never_booked": True})
    assert (prospect.fields["lifecycle_stage_id"], prospect.fields["contact_status_id"]) == (21, 31)
    statuses = [
        *destination.lookups["contact_statuses"],
        {"id": 39, "name": "new lead", "lifecycle_stage_id": 21},
    ]
    catalog = replace(destination, lookups={**destination.lookups, "contact_statuses": statuses})
    named = one("patients", replace(context, destination=catalog), facts={"never_booked": True})
    assert named.fields["contact_status_id"] == 39


def test_only_the_holder_keeps_a_shared_address(one, blueprint, record, context):
    shared = one("patients", facts={"email_holder": False, "email_holder_key": "1"})
    assert "email" not in shared.fields
    assert cf(shared)["secondary_email"] == "Ana@clinic.example"
    notes = apply_noted(blueprint.mappings, record("patients", {"email_holder": False}), context).notes
    assert [(n.field, n.reason) for n in notes] == [("email", "email_demoted")]


def test_an_address_that_somebody_else_holds_over_there_is_demoted_even_when_adopting(one, changed, context):
    taken = changed(context, taken_emails=frozenset({"ana@clinic.example"}))
    assert "email" not in one("patients", taken).fields
    assert cf(one("patients", taken))["secondary_email"] == "Ana@clinic.example"
    adopted = one("patients", replace(taken, adoptions={"1042": 880}))
    assert "email" not in adopted.fields
    assert adopted.adopt == 880
    assert one("patients", changed(context, adoptions={"1042": 880})).fields["email"] == "Ana@clinic.example"


@pytest.mark.parametrize("written", ["ana@@clinic", "ana", "a b@c.example", "@c.example", "ana@clinic"])
def test_an_invalid_address_is_left_blank_and_noted(blueprint, record, context, written):
    applied = apply_noted(blueprint.mappings, record("patients", email=written), context)
    assert applied.result[0].fields["email"] is None
    assert ("email", "email_invalid") in {(n.field, n.reason) for n in applied.notes}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 1),
        ({"marketingEmail": None}, 2),
        ({"allowEmail": None}, 2),
        ({"marketingEmail": False}, 0),
        ({"allowEmail": False}, 0),
        ({"status": "archived"}, 2),
        ({"status": "inactive"}, 2),
        ({"dateOfBirth": date(2010, 1, 1)}, 2),
        ({"dateOfBirth": date(2008, 10, 3)}, 2),
        ({"dateOfBirth": date(2008, 10, 2)}, 1),
    ],
)
def test_only_clear_consent_of_an_active_adult_subscribes(one, change, status):
    assert one("patients", **change).fields["subscription_status"] == status


def test_a_deceased_patient_is_filtered_or_never_marketable(result, one, changed, context):
    gone = {"status": "deceased", "deceasedDate": date(2024, 1, 1)}
    assert result("patients", **gone) == NoWrite(state=RecordState.FILTERED, reason="deceased")
    loaded = one("patients", changed(context, policy_deceased="load"), **gone)
    assert loaded.fields["subscription_status"] == 2
    assert cf(loaded)["deceased_date"] == "2024-01-01"


@pytest.mark.parametrize("status", ["archived", "inactive"])
def test_archived_and_inactive_follow_the_policy(result, changed, context, status):
    assert isinstance(result("patients", status=status), tuple)
    skipping = changed(context, **{f"policy_{status}": "skip"})
    assert result("patients", skipping, status=status) == NoWrite(state=RecordState.FILTERED, reason=status)


def test_an_unknown_value_holds_the_record_and_is_not_guessed(result):
    held = result("patients", sex="Q7")
    assert isinstance(held, Reject)
    assert (held.reason, held.field) == ("unmapped_value", "sex")
    assert "Q7" not in repr(held)


def test_a_locked_class_is_left_out_until_it_is_opened(one, changed, context):
    assert "nhs_number" not in cf(one("patients"))
    opened = one("patients", changed(context, unlocked=frozenset({"national_id"})))
    assert cf(opened)["nhs_number"] == "9434765919"
    assert opened.classes == {"custom_field.cf_nhs_number": frozenset({"national_id"})}


def test_nothing_lands_without_an_owner(one, result, context):
    assert one("patients", preferredClinicianId="8").fields["owner_id"] == 12
    held = result("patients", replace(context, fallback_owner=None), preferredClinicianId="8")
    assert isinstance(held, Reject)
    assert held.reason == "owner_missing"


def test_a_missing_custom_field_holds_the_record_but_not_the_dry_run(result, context, destination):
    streams = tuple(
        replace(s, fields=tuple(f for f in s.fields if f.label != "Title")) for s in destination.streams
    )
    without = replace(context, destination=replace(destination, streams=streams))
    held = result("patients", without)
    assert isinstance(held, Reject)
    assert (held.reason, held.field) == ("field_missing", "title")
    assert "custom_field.cf_title" not in result("patients", without, title=None)[0].fields
    foreseen = result("patients", replace(without, foresee=True))
    assert foreseen[0].fields["custom_field.cf_title"] == "Mrs"
    named = result("patients", replace(without, field_names={("contacts", "title"): "cf_salutation"}))
    assert named[0].fields["custom_field.cf_salutation"] == "Mrs"


def test_a_long_text_is_held_not_cut(result):
    held = result("patients", insuranceProvider="x" * 257)
    assert isinstance(held, Reject)
    assert (held.reason, held.field) == ("too_long", "insuranceProvider")


def test_a_practice_becomes_an_account(one, changed, context):
    account = one("practices", changed(context, account_names={"1": "Riverside (1)"}))
    assert account.fields["name"] == "Riverside (1)"
    assert account.match == ("custom_field.cf_source_system_id__c", "1")
    assert account.fields["owner_id"] == 12
    assert cf(account)["providers"] == (
        "Dr Ada Park: Principal Dentist\nMr Tom Gone (left the practice): Hygienist"
    )
    assert (cf(account)["time_zone"], cf(account)["currency"]) == ("Europe/London", "GBP")
    assert one("practices", replace(context, adoptions={"practices/1": 9})).adopt == 9


def test_the_unassigned_account_carries_its_own_key(blueprint, context):
    account = unassigned_account(blueprint.mappings, context)
    assert account.fields["name"] == "Unassigned"
    assert account.key == Key("practices", "@unassigned")
    assert account.match == ("custom_field.cf_source_system_id__c", "@unassigned")


def test_history_becomes_a_closed_task(one):
    task = one("appointments")
    lines = task.fields["description"].split("\n")
    assert task.stream == "tasks"
    assert {k: v for k, v in task.fields.items() if k != "description"} == {
        "title": "2026-03-02 09:15–10:00, Consultation, Dr Ada Park",
        "due_date": "2026-03-02T09:15:00+00:00",
        "owner_id": 11,
        "task_type_id": 41,
        "status": 1,
    }
    assert lines == [
        "Status: Completed",
        "Start: 2026-03-02 09:15 +00:00",
        "End: 2026-03-02 10:00 +00:00",
        "Provider: Dr Ada Park",
        "Type: Consultation",
        "Practice: Riverside",
        "Emergency: Yes",
        "All_Day_Event__c: No",
        "Reminder_Flag__c: Yes",
        "Booked via: portal",
        "Booked at: 2026-02-01 08:00 +00:00",
        "",
        "[aerona:appointments:900]",
    ]
    assert task.marker == "[aerona:appointments:900]"
    assert task.links == (Link("targetable", Key("patients", "1042")),)
    assert task.compare["description"] == "text"


def test_an_outcome_of_that_name_is_used(one):
    assert one("appointments", appointmentStatusId="7").fields["outcome_id"] == 51


def test_notes_and_type_names_of_appointments_open_with_clinical(one, changed, context):
    open_ = one("appointments", changed(context, unlocked=frozenset({"clinical"})))
    assert "Notes: root canal talk" in open_.fields["description"]
    assert "Implant consult (Consultation)" in open_.fields["title"]
    assert open_.classes["description"] == {"clinical"}
    closed = one("appointments")
    assert "Implant" not in str(closed.fields)
    assert "root canal" not in str(closed.fields)


UPCOMING = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_what_is_to_come_becomes_an_event(one):
    event = one("appointments", appointmentTime=UPCOMING, appointmentStatusId="1", practiceId="2")
    assert event.stream == "appointments"
    assert {k: v for k, v in event.fields.items() if k != "description"} == {
        "title": "2026-10-30 09:00–09:45, Consultation, Dr Ada Park",
        "from_date": "2026-10-30T09:00:00+00:00",
        "end_date": "2026-10-30T09:45:00+00:00",
        "time_zone": "Dublin",
        "is_allday": False,
        "location": "Liffey",
        "attendee_user_id": 11,
    }
    assert event.fields["description"].endswith("\n\n[aerona:appointments:900]")
    patient = Key("patients", "1042")
    assert event.links == (Link("targetable", patient), Link("attendee", patient))


@pytest.mark.parametrize(
    ("change", "given", "stream"),
    [
        ({}, {}, "appointments"),
        ({"appointmentStatusId": "9"}, {}, "tasks"),
        ({}, {"policy_appointments": "task"}, "tasks"),
        ({"appointmentTime": LONG_AGO}, {"policy_appointments": "event"}, "appointments"),
    ],
)
def test_plan_policy_and_status_decide_where_it_lands(one, changed, context, *, change, given, stream):
    values = {"appointmentTime": UPCOMING, "appointmentStatusId": "1", **change}
    assert one("appointments", changed(context, **given), **values).stream == stream


@pytest.mark.parametrize("policy", ["split", "event", "task"])
def test_without_a_calendar_every_appointment_is_a_task(one, changed, context, policy):
    destination = replace(context.destination, abilities={})
    there = changed(context, destination=destination, policy_appointments=policy)
    assert one("appointments", there, appointmentTime=UPCOMING, appointmentStatusId="1").stream == "tasks"
    placed = replace(there, placed={Key("appointments", "900"): "appointments"})  # before the plan went down
    stays = "tasks" if policy == "task" else "appointments"  # a policy that names a kind moves it
    assert one("appointments", placed, appointmentTime=UPCOMING).stream == stays


def test_an_event_stays_an_event_when_its_day_has_passed(one, context):
    assert (
        one("appointments", replace(context, placed={Key("appointments", "900"): "appointments"})).stream
        == "appointments"
    )
    values = {"appointmentTime": UPCOMING, "appointmentStatusId": "1"}
    assert (
        one("appointments", replace(context, placed={Key("appointments", "900"): "tasks"}), **values).stream
        == "tasks"
    )


def test_a_whole_day_is_its_date_on_the_practice_clock(one):
    today = datetime(2026, 10, 1, 23, 0, tzinfo=UTC)  # midnight of 2 October in London
    event = one("appointments", appointmentTime=today, allDay=True, duration=None, appointmentStatusId="1")
    assert event.stream == "appointments"
    assert event.fields["is_allday"] is True
    assert event.fields["from_date"] == "2026-10-02T00:00:00+01:00"
    assert event.fields["end_date"] == "2026-10-02T23:59:00+01:00"
    assert event.fields["title"].startswith("2026-10-02, ")


def test_an_end_is_reckoned_in_real_minutes_over_the_change_of_clocks(one):
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    event = one("appointments", appointmentTime=before, duration=60, appointmentStatusId="1")
    assert event.fields["from_date"] == "2026-10-25T01:30:00+01:00"
    assert event.fields["end_date"] == "2026-10-25T01:30:00+00:00"


def test_a_blank_duration_takes_the_default_of_the_type_or_is_held(one, result):
    values = {"appointmentTime": UPCOMING, "appointmentStatusId": "1", "duration": None}
    end = datetime.fromisoformat(one("appointments", **values).fields["end_date"])
    assert end - UPCOMING == timedelta(minutes=30)
    held = result("appointments", **values, appointmentTypeId="2")
    assert isinstance(held, Reject)
    assert held.reason == "missing_duration"


@pytest.mark.parametrize("status", ["6", "8", "404"])
def test_an_undeclared_or_ambiguous_status_holds_the_appointment(result, status):
    held = result("appointments", appointmentStatusId=status)
    assert isinstance(held, Reject)
    assert held.reason == "unmapped_status"


def test_blocked_time_is_no_appointment(result):
    for blank in (None, "0", 0, ""):
        state = result("appointments", patientId=blank)
        assert state == NoWrite(state=RecordState.FILTERED, reason="blocked_time")


def test_a_clinician_who_left_stays_readable(one):
    task = one("appointments", userId="8")
    assert "Provider: Mr Tom Gone (left the practice)" in task.fields["description"]
    assert task.fields["owner_id"] == 12


def test_clinical_notes_are_locked_by_default(result):
    state = result("clinical_notes")
    assert state == NoWrite(state=RecordState.FILTERED, reason="class_locked:clinical")


def test_a_note_keeps_time_author_and_every_byte(one, changed, context):
    open_ = changed(context, unlocked=frozenset({"clinical"}))
    note = one("clinical_notes", open_)
    text = note.fields["description"]
    assert (
        text.split("\n")[0] == "2026-07-02 10:40 +01:00 · Mr Tom Gone (left the practice) · appointment 900"
    )
    assert text.endswith("\n\n[aerona:notes:5]")
    assert join_note([text]) == "First.\r\n\r\nSecond. Third."
    assert note.classes == {"description": frozenset({"clinical"})}


def test_a_long_note_is_split_with_a_marker_on_each_part(result, changed, context):
    body = "A paragraph of some length.\n\n" * 20
    open_ = changed(context, unlocked=frozenset({"clinical"}), policy_note_limit=200)
    parts = result("clinical_notes", open_, text=body)
    assert len(parts) > 2
    assert [p.part for p in parts] == list(range(1, len(parts) + 1))
    assert all(p.parts == len(parts) for p in parts)
    texts = [p.fields["description"] for p in parts]
    assert all(len(text) <= 200 for text in texts)
    assert texts[1].startswith(f"(2/{len(parts)}) 2026-07-02 10:40")
    assert parts[1].marker == f"[aerona:notes:5 2/{len(parts)}]"
    assert texts[1].endswith(parts[1].marker)
    assert join_note(texts) == body
    assert len({p.fingerprint() for p in parts}) == len(parts)


def test_providers_are_found_never_written(blueprint, record, context):
    clinician = replace(record("practices"), key=Key("clinicians", "7"))
    matched = apply(blueprint.mappings, clinician, context)
    assert matched == NoWrite(state=RecordState.UNCHANGED, reason="user_matched")
    other = apply(blueprint.mappings, replace(clinician, key=Key("clinicians", "8")), context)
    assert other == NoWrite(state=RecordState.NO_EQUIVALENT, reason="user_unmatched")


def test_a_stream_without_a_mapping_has_no_equivalent(blueprint, record, context):
    other = replace(record("practices"), key=Key("payments", "1"))
    assert apply(blueprint.mappings, other, context).reason == "no_mapping"
