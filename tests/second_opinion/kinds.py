"""The fields of each entity: which a body may hold, of what kind, and the metadata that tells of them."""

from typing import Any

from second_opinion.choices import Choices

Row = dict[str, Any]

CONTACT = {
    **dict.fromkeys(
        ("first_name", "last_name", "job_title", "address", "city", "state", "zipcode", "country", "medium",
         "keyword", "external_id", "work_email", "facebook", "twitter", "linkedin", "work_number",
         "other_unsubscription_reason"), "text"),
    "mobile_number": "mobile",
    "email": "email",
    "emails": "emails",
    "time_zone": "zone",
    "owner_id": "users",
    "territory_id": "territories",
    "lead_source_id": "lead_sources",
    "campaign_id": "campaigns",
    "lifecycle_stage_id": "lifecycle_stages",
    "contact_status_id": "contact_statuses",
    "lost_reason_id": "nothing",
    "sales_account_id": "account",
    "sales_accounts": "accounts",
    "subscription_status": "0-4",
    "whatsapp_subscription_status": "0-2",
    "sms_subscription_status": "0-2",
    "subscription_types": "text",
    "tags": "tags",
    "custom_field": "custom",
}  # fmt: skip
ACCOUNT = {
    **dict.fromkeys(
        ("name", "website", "phone", "address", "city", "state", "zipcode", "country", "facebook", "twitter",
         "linkedin"), "text"),
    "owner_id": "users",
    "number_of_employees": "band",
    "annual_revenue": "number",
    "tags": "tags",
    "industry_type_id": "industry_types",
    "business_type_id": "business_types",
    "territory_id": "territories",
    "parent_sales_account_id": "account",
    "custom_field": "custom",
}  # fmt: skip
TARGET = {"targetable_type": "target_type", "targetable_id": "id"}
TASK = {
    "title": "title",
    "description": "long",
    "due_date": "moment",
    "status": "0-1",
    "owner_id": "users",
    "task_type_id": "sales_activity_entity_types",
    "outcome_id": "sales_activity_outcomes",
    "completed_date": "moment",
    "task_users_attributes": "list",
    **TARGET,
}
APPOINTMENT = {
    "title": "title",
    "description": "long",
    "from_date": "moment",
    "end_date": "moment",
    "time_zone": "zone",
    "location": "text",
    "is_allday": "boolean",
    "outcome_id": "sales_activity_outcomes",
    "latitude": "text",
    "longitude": "text",
    "appointment_attendees_attributes": "attendees",
    **TARGET,
}
NOTE = {"description": "note", **TARGET}
DEAL = {
    "name": "text",
    "amount": "number",
    "currency_id": "currencies",
    "sales_account_id": "account",
    "contacts_added_list": "contact_ids",
    "contacts_removed_list": "contact_ids",
    "deal_pipeline_id": "deal_pipelines",
    "deal_stage_id": "deal_stages",
    "expected_close": "day",
    "closed_date": "day",
    "owner_id": "users",
    "tags": "tags",
    "custom_field": "custom",
}

FIELDS = {
    "contacts": CONTACT,
    "sales_accounts": ACCOUNT,
    "tasks": TASK,
    "appointments": APPOINTMENT,
    "notes": NOTE,
    "deals": DEAL,
}
REQUIRED = {
    "contacts": (),
    "sales_accounts": ("name",),
    "deals": ("name", "amount"),
    "tasks": ("title", "due_date", "owner_id", "targetable_type", "targetable_id"),
    "appointments": ("title", "from_date", "end_date", "targetable_type", "targetable_id"),
    "notes": ("description", "targetable_type", "targetable_id"),
}

ZONES = frozenset(
    """UTC|London|Edinburgh|Dublin|Lisbon|Paris|Berlin|Madrid|Rome|Amsterdam|Warsaw|Arizona|Chennai|Athens|
    Eastern Time (US & Canada)|Central Time (US & Canada)|Pacific Time (US & Canada)|Sydney|Tokyo""".replace(
        "\n    ", ""
    ).split("|")
)

_LABELS = {
    "external_id": "External ID", "mobile_number": "Mobile", "work_number": "Work", "emails": "Emails",
    "owner_id": "Sales owner", "name": "Name", "email": "Email", "zipcode": "Zipcode",
    "lead_source_id": "Source", "contact_status_id": "Status", "title": "Title", "due_date": "Due date",
}  # fmt: skip
_METADATA = {
    "text": "text", "mobile": "text", "emails": "group_field", "accounts": "group_field", "number": "number",
    "tags": "auto_complete", "day": "date",
}  # fmt: skip
_UNTOLD = {"email", "custom_field", "contacts_added_list", "contacts_removed_list"}
_SYSTEM = {
    "subscription_status": ("Unsubscribed", "Subscribed", "Not subscribed", "Reported as spam", "Bounced"),
    "sms_subscription_status": ("Unsubscribed", "Subscribed", "Not subscribed"),
    "whatsapp_subscription_status": ("Unsubscribed", "Subscribed", "Not subscribed"),
}
_COMPUTED = {
    "display_name": "text", "lead_score": "number", "last_seen": "date", "last_contacted": "date",
    "created_at": "date", "updated_at": "date", "open_deals_amount": "number", "recent_note": "textarea",
    "lists": "auto_complete", "phone_numbers": "group_field", "system_tags": "multi_select_dropdown",
}  # fmt: skip
TYPES = ("text", "textarea", "number", "dropdown", "checkbox", "date", "multi_select_dropdown", "radio")


def label(name: str) -> str:
    return _LABELS.get(name, name.removesuffix("_id").replace("_", " ").capitalize())


def metadata(stream: str) -> list[Row]:
    """Return the default fields of a stream as `settings/{stream}/fields` tells them."""
    known = {**FIELDS[stream], **(_COMPUTED if stream == "contacts" else {})}
    rows = []
    for place, (name, kind) in enumerate(known.items(), 1):
        if name in _UNTOLD or (stream, name) == ("contacts", "sales_account_id"):
            continue
        rows.append(
            {
                "id": 401_000_000_000 + place,
                "label": label(name),
                "name": name,
                "type": kind if name in _COMPUTED else _METADATA.get(kind, "dropdown"),
                "default": True,
                "actionable": True,
                "position": place,
                "choices": [
                    {"id": str(number), "value": value, "position": number + 1}
                    for number, value in enumerate(_SYSTEM.get(name, ()))
                ],
                "required": name in REQUIRED[stream],
                "visible": True,
            }
        )
    return rows


def code_of(choices: Choices, kind: str) -> int:
    return choices.first_code + 3 * TYPES.index(kind)


def type_of(choices: Choices, code: object) -> str | None:
    """Return the name of a numeric field type."""
    found = [kind for kind in TYPES if type(code) is int and code_of(choices, kind) == code]
    return found[0] if found else None
