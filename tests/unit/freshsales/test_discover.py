"""The catalog, from answers as the API gives them."""

from typing import Any

import pytest

from wherry.connectors.freshsales.limits import PLANS, figures
from wherry.model.catalog import FieldType, Privacy
from wherry.model.errors import CredentialsRefused, ProtocolBroken, SettingsInvalid

FIELDS = [
    {"id": "1", "name": "last_name", "label": "Last name", "type": "text", "required": True, "default": True, "choices": []},
    {"id": "2", "name": "lead_score", "label": "Score", "type": "number", "required": False},
    {"id": "3", "name": "mobile_number", "label": "Mobile", "type": "text"},
    {"id": "4", "name": "lifecycle_stage_id", "label": "Lifecycle stage", "type": "dropdown",
     "choices": [{"id": "70", "value": "Lead", "position": 1}]},
    {"id": "5", "name": "cf_source", "label": "Source_System_ID__c", "type": "text", "default": False, "unique": True},
    {"id": "6", "name": "cf_kind", "label": "Kind", "type": "multi_select_dropdown",
     "choices": [{"id": 8, "value": "A"}, {"id": 9, "value": "B", "is_deleted": True}]},
    {"id": "7", "name": "cf_sum", "label": "Sum", "type": "formula"},
    {"id": "8", "name": "cf_odd", "label": "Odd", "type": "hologram"},
    {"label": "nameless"},
]  # fmt: skip
LISTS: dict[str, list[dict[str, Any]]] = {
    "lifecycle_stages": [{"id": "70", "name": "Lead", "position": 1, "partial": True}],
    "contact_statuses": [{"id": 80, "name": "New", "lifecycle_stage_id": "70", "partial": True}],
    "currencies": [{"id": 1, "currency_code": "EUR", "is_active": True, "schedule_info": {}}],
    "deal_products": [],
    "sales_activity_types": [
        {"id": 50, "name": "Task", "internal_name": "task"}, {"id": 51, "name": "Meeting", "internal_name": "appointment"},
    ],
    "sales_activity_entity_types": [
        {"id": 60, "name": "Appointment", "sales_activity_type_id": 50},
        {"id": 61, "name": "Email reminder", "sales_activity_type_id": 52},
    ],
    "sales_activity_outcomes": [
        {"id": 90, "name": "Interested", "sales_activity_type_id": 50},
        {"id": 91, "name": "Interested", "sales_activity_type_id": 51},
    ],
}  # fmt: skip

STANDARD_MODULES: list[dict[str, Any]] = [{"id": 1, "entity_name": "contact", "custom": False}]
SITES: dict[str, Any] = {"id": 2, "entity_name": "cm_site", "singular_name": "Site", "custom": True}


@pytest.fixture
def account(api: Any) -> Any:
    for stream in ("contacts", "sales_accounts", "deals"):
        api.on(f"GET /settings/{stream}/fields", {"fields": FIELDS})
    api.on("GET /selector/owners", {"users": [
        {"id": "7", "display_name": "Ada Park", "email": "ada@example.com", "is_active": True},
        {"id": 8, "display_name": "Old One", "email": None, "is_active": False},
    ]})  # fmt: skip
    for name, rows in LISTS.items():
        api.on(f"GET /selector/{name}", {name: rows})
    api.on("GET /settings/contacts/forms", {"forms": [{"id": 4, "fields": []}]})
    api.on("GET /settings/module_customizations", {"module_customizations": STANDARD_MODULES})
    return api


def test_the_catalog_is_read_without_a_single_write(account: Any) -> None:
    catalog = account.destination.describe()
    assert {call.method for call in account.calls} == {"GET"}
    assert len(account.calls) <= 20
    names = [stream.name for stream in catalog.streams]
    assert names == [
        "contacts",
        "sales_accounts",
        "deals",
        "tasks",
        "appointments",
        "products",
        "deal_products",
        "notes",
        "documents",
    ]


def test_fields_get_type_length_choices_and_flags(account: Any) -> None:
    contacts = account.destination.describe().stream("contacts")
    got = {field.name: field for field in contacts.fields}
    assert (got["last_name"].required, got["last_name"].max_length, got["last_name"].privacy) == (
        True,
        256,
        Privacy.IDENTITY,
    )
    assert (got["lead_score"].read_only, got["lead_score"].type) == (True, FieldType.NUMBER)
    assert got["mobile_number"].max_length == 30
    assert [(choice.id, choice.value) for choice in got["lifecycle_stage_id"].choices] == [("70", "Lead")]
    assert got["lifecycle_stage_id"].references == "lifecycle_stages"
    assert (got["cf_source"].custom, got["cf_source"].unique, got["cf_source"].label) == (
        True,
        True,
        "Source_System_ID__c",
    )
    assert [choice.value for choice in got["cf_kind"].choices] == ["A"]
    assert got["cf_sum"].read_only
    assert got["cf_odd"].type is FieldType.TEXT
    assert got["email"].unique


def test_people_and_lookups_have_ids_as_numbers_and_only_what_decides(account: Any) -> None:
    catalog = account.destination.describe()
    assert [(one.id, one.email, one.active) for one in catalog.people] == [
        (7, "ada@example.com", True),
        (8, "", False),
    ]
    assert catalog.lookups["lifecycle_stages"] == [{"id": 70, "name": "Lead"}]
    assert catalog.lookups["contact_statuses"] == [{"id": 80, "name": "New", "lifecycle_stage_id": 70}]
    assert catalog.lookups["currencies"] == [{"id": 1, "currency_code": "EUR", "is_active": True}]
    assert catalog.lookups["task_types"] == [{"id": 60, "name": "Appointment", "sales_activity_type_id": 50}]
    assert [row["id"] for row in catalog.lookups["task_outcomes"]] == [90]
    assert [row["id"] for row in catalog.lookups["appointment_outcomes"]] == [91]
    assert catalog.lookups["territories"] == []


def test_without_activity_types_every_entry_is_kept(account: Any) -> None:
    account.on("GET /selector/sales_activity_types", (403, {"errors": {"code": 403, "message": "no"}}))
    catalog = account.destination.describe()
    assert len(catalog.lookups["task_types"]) == len(catalog.lookups["task_outcomes"]) == 2


def test_fields_can_be_created_only_where_forms_can_be_read(account: Any) -> None:
    assert account.destination.describe().abilities["create_fields"]
    account.on("GET /settings/contacts/forms", (403, {"errors": {"code": 403, "message": "no"}}))
    assert not account.destination.describe().abilities["create_fields"]
    account.overrides["create_fields"] = True
    assert account.destination.describe().abilities["create_fields"]


def test_custom_fields_of_tasks_are_found_where_a_tenant_has_them(account: Any) -> None:
    assert not account.destination.describe().abilities["tasks_custom_fields"]
    account.on("GET /settings/tasks/fields", {"fields": FIELDS})
    catalog = account.destination.describe()
    assert catalog.abilities["tasks_custom_fields"]
    assert catalog.stream("tasks").field("cf_source").custom
    assert catalog.stream("tasks").field("last_name") is None


@pytest.mark.parametrize("plan", list(PLANS))
def test_limits_and_features_are_the_plans(account: Any, plan: str) -> None:
    account.plan = plan
    account.overrides["calls_per_hour"] = 123
    catalog = account.destination.describe()
    assert catalog.limits["cap_total"] == PLANS[plan].caps["total"]
    assert catalog.limits["calls_per_hour"] == 123
    assert catalog.abilities["custom_modules"] is (plan == "enterprise")
    assert catalog.abilities["products"] is (plan in {"pro", "enterprise"})


def test_a_tenant_that_lists_no_products_has_no_catalogue(account: Any) -> None:
    account.on("GET /selector/deal_products", (403, {"errors": {"code": 403, "message": "no"}}))
    assert account.destination.describe().abilities["products"] is False


def test_custom_modules_are_streams_with_the_fields_of_their_forms(account: Any) -> None:
    grouped = [{"name": "basic_information", "type": "section", "fields": FIELDS}]
    account.on("GET /settings/module_customizations", {"module_customizations": [*STANDARD_MODULES, SITES]})
    account.on("GET /settings/cm_site/forms", {"forms": [{"id": 4, "fields": grouped}]})
    account.plan = "growth"
    catalog = account.destination.describe()
    assert catalog.abilities["custom_modules"]  # what is there counts for more than the plan's name
    assert (catalog.stream("cm_site").label, catalog.stream("cm_site").field("cf_source").custom) == (
        "Site",
        True,
    )
    assert [s.name for s in catalog.streams if s.label] == ["cm_site"]


def test_who_may_not_see_the_modules_has_none(account: Any) -> None:
    account.plan = "enterprise"
    account.on("GET /settings/module_customizations", (403, {"errors": {"code": 403, "message": ["nein"]}}))
    assert not account.destination.describe().abilities["custom_modules"]


def test_an_override_of_the_wrong_kind_changes_nothing() -> None:
    assert figures("pro", {"calls_per_hour": True, "nothing": 3})["calls_per_hour"] == 2000


def test_an_unknown_plan_is_refused_by_name(api: Any) -> None:
    api.plan = "platinum"
    with pytest.raises(SettingsInvalid) as caught:
        _ = api.destination
    assert "enterprise" in caught.value.hint


def test_a_key_that_may_not_see_fields_is_named_as_that(account: Any) -> None:
    account.on("GET /settings/contacts/fields", (403, {"errors": {"code": 403, "message": ["verboten"]}}))
    with pytest.raises(CredentialsRefused):
        account.destination.describe()


@pytest.mark.parametrize("answer", [(404, {"errors": {}}), {"something": []}, (400, {})])
def test_what_is_no_freshsales_is_named_as_that(account: Any, answer: Any) -> None:
    account.on("GET /settings/contacts/fields", answer)
    with pytest.raises(ProtocolBroken) as caught:
        account.destination.describe()
    assert "base_url" in caught.value.hint


def test_labels_from_the_catalog_name_fields_in_refusals(account: Any, operation: Any) -> None:
    account.on("POST /contacts", (400, {"errors": {"message": ["Kind is not included in the list"]}}))
    destination = account.destination
    destination.describe()
    with pytest.raises(Exception, match="invalid_choice") as caught:
        destination.write(operation(fields={"last_name": "Moss"}))
    assert caught.value.field == "custom_field.cf_kind"
