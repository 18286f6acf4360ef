"""Fields, forms, caps, selectors and seeds."""

import json

import pytest

from wherry_emulators.freshsales.form_fields import field_name
from wherry_emulators.freshsales.switches import Plan


@pytest.mark.parametrize(
    ("entity", "count"), [("contacts", 65), ("sales_accounts", 31), ("deals", 35), ("sales_activities", 16)]
)
def test_a_fresh_tenant_has_the_default_fields(tenant, entity, count):
    fields = tenant.call("GET", f"/settings/{entity}/fields?include=field_group")["fields"]
    assert len(fields) == count
    assert all(field["default"] and field["field_group"] for field in fields)


def test_choice_ids_are_text_for_system_lists_and_numbers_for_others(tenant):
    fields = {field["name"]: field for field in tenant.call("GET", "/settings/contacts/fields")["fields"]}
    assert len(fields["time_zone"]["choices"]) == 149
    assert isinstance(fields["lifecycle_stage_id"]["choices"][0]["id"], str)
    assert isinstance(fields["lead_source_id"]["choices"][0]["id"], int)


def test_tasks_have_no_metadata(tenant):
    assert tenant.client.get("/crm/sales/api/settings/tasks/fields").status_code == 404


@pytest.mark.parametrize(
    ("kind", "good", "read", "bad"),
    [
        ("text", "a", "a", "x" * 257),
        ("textarea", "x" * 10_000, "x" * 10_000, "x" * 10_001),
        ("number", "12.5", 12.5, "twelve"),
        ("checkbox", True, True, "perhaps"),
        ("date", "2019-04-01", "2019-04-01", "2019-02-30"),
        ("dropdown", "One", "One", "Three"),
        ("multi_select_dropdown", "One;Two", "One;Two", "One;Three"),
    ],
)
def test_a_custom_field_takes_what_its_type_allows(tenant, kind, good, read, bad):
    more = {"choices": ["One", {"value": "Two"}]} if "dropdown" in kind else {}
    name = tenant.field("contacts", "My Field!", kind, **more)
    assert name == "cf_my_field"
    contact = tenant.contact(custom_field={name: good})
    assert contact["custom_field"] == {name: read}
    path = f"/contacts/{contact['id']}"
    (message,) = tenant.refused("PUT", path, {"custom_field": {name: bad}})
    assert message.startswith("My Field! ")
    assert tenant.call("PUT", path, {"custom_field": {name: None}})["contact"]["custom_field"] == {}


def test_how_a_choice_is_written_and_what_an_unknown_one_does_are_switches(tenant):
    name = tenant.field("contacts", "Sex", "dropdown", choices=["F", "M"])
    choice = tenant.state.schemas["contact"].get(name).choices[0]
    tenant.refused("POST", "/contacts", {"last_name": "A", "custom_field": {name: choice.id}})
    tenant.switch(choice_write_form="id")
    assert tenant.contact(custom_field={name: choice.id})["custom_field"] == {name: "F"}
    tenant.refused("POST", "/contacts", {"last_name": "A", "custom_field": {name: "F"}})
    tenant.switch(choice_write_form="text", unknown_choice="ignore")
    assert tenant.contact(custom_field={name: "X"})["custom_field"] == {}
    tenant.switch(unknown_choice="create")
    assert tenant.contact(custom_field={name: "X"})["custom_field"] == {name: "X"}
    assert [one.value for one in tenant.state.schemas["contact"].get(name).choices] == ["F", "M", "X"]


def test_a_required_and_a_unique_custom_field_are_enforced(tenant):
    unique = tenant.field("contacts", "Source id", unique=True)
    required = tenant.field("contacts", "Kind", required=True)
    assert tenant.refused("POST", "/contacts", {"last_name": "A"}) == ["Kind can't be blank"]
    tenant.contact(custom_field={required: "x", unique: "1"})
    again = {"last_name": "A", "custom_field": {required: "x", unique: "1"}}
    assert tenant.refused("POST", "/contacts", again) == ["Source id has already been taken"]


@pytest.mark.parametrize(
    ("plan", "kind", "cap"),
    [
        (Plan.FREE, "text", 0),
        (Plan.GROWTH, "textarea", 5),
        (Plan.GROWTH, "lookup", 0),
        (Plan.PRO, "multi_select_dropdown", 10),
    ],
)
def test_a_plan_caps_fields_per_type(tenant_on, plan, kind, cap):
    tenant = tenant_on(plan)
    more = {"choices": ["One"]} if "dropdown" in kind else {}
    for number in range(cap):
        tenant.field("contacts", f"Field {number}", kind, **more)
    form = tenant.state.schemas["contact"].form_id
    body = {"label": "One more", "field_type": kind, **more}
    (message,) = tenant.refused("POST", f"/settings/contacts/forms/{form}/fields", body)
    assert "maximum number" in message


def test_sales_activities_take_five_of_a_type_and_contacts_four_unique_ones(tenant):
    for number in range(5):
        tenant.field("sales_activities", f"Field {number}")
    form = tenant.state.schemas["sales_activity"].form_id
    tenant.refused(
        "POST", f"/settings/sales_activities/forms/{form}/fields", {"label": "Sixth", "field_type": 1}
    )
    for number in range(4):
        tenant.field("contacts", f"Unique {number}", unique=True)
    form = tenant.state.schemas["contact"].form_id
    body = {"label": "Fifth", "field_type": "text", "field_options": {"unique": True}}
    tenant.refused("POST", f"/settings/contacts/forms/{form}/fields", body)


def test_whether_standard_fields_can_be_made_is_a_switch(tenant):
    form = tenant.state.schemas["deal"].form_id
    body = {"label": "Fee", "field_type": "number"}
    for value in ("403", "404"):
        tenant.switch(standard_forms_field_create=value)
        assert tenant.client.post(
            f"/crm/sales/api/settings/deals/forms/{form}/fields", json=body
        ).status_code == int(value)
    tenant.switch(standard_forms_field_create="works")
    tenant.call("POST", f"/settings/deals/forms/{form}/fields", body)
    assert tenant.refused("POST", f"/settings/deals/forms/{form}/fields", body) == [
        "Label has already been taken"
    ]
    assert tenant.refused(
        "POST", f"/settings/deals/forms/{form}/fields", {"label": "X", "field_type": "magic"}
    ) == ["Field type is invalid"]


def test_a_label_becomes_a_name():
    assert field_name("Source_System_ID__c") == "cf_source_system_id_c"
    assert field_name("  NHS no. (old)") == "cf_nhs_no_old"


@pytest.mark.parametrize(
    ("path", "root", "count"),
    [
        ("owners", "users", 1),
        ("territories", "territories", 0),
        ("lifecycle_stages", "lifecycle_stages", 3),
        ("contact_statuses", "contact_statuses", 9),
        ("lead_sources", "lead_sources", 14),
        ("deal_pipelines", "deal_pipelines", 1),
        ("deal_stages", "deal_stages", 7),
        ("deal_types", "deal_types", 3),
        ("deal_reasons", "deal_reasons", 9),
        ("deal_payment_statuses", "deal_payment_statuses", 2),
        ("currencies", "currencies", 1),
        ("industry_types", "industry_types", 68),
        ("business_types", "business_types", 10),
        ("campaigns", "campaigns", 0),
        ("sales_activity_types", "sales_activity_types", 8),
        ("sales_activity_entity_types", "sales_activity_entity_types", 3),
        ("sales_activity_outcomes", "sales_activity_outcomes", 40),
    ],
)
def test_a_fresh_tenant_has_the_default_selectors(tenant, path, root, count):
    assert len(tenant.call("GET", f"/selector/{path}")[root]) == count


def test_selectors_nest(tenant):
    pipeline = tenant.call("GET", "/selector/deal_pipelines")["deal_pipelines"][0]
    stages = tenant.call("GET", f"/selector/deal_pipelines/{pipeline['id']}/deal_stages")["deal_stages"]
    assert [row["id"] for row in stages] == [row["id"] for row in pipeline["deal_stages"]]
    assert stages[0]["updated_at"].endswith("Z")
    kind = tenant.state.selectors.rows("sales_activity_types")[0]["id"]
    assert (
        len(
            tenant.call("GET", f"/selector/sales_activity_types/{kind}/sales_activity_outcomes")[
                "sales_activity_outcomes"
            ]
        )
        == 5
    )
    tenant.refused("GET", "/selector/deal_pipelines/1/deal_stages", status=404)


def test_a_dump_restores_the_account_in_another_one(tenant, tenant_on):
    name = tenant.field("contacts", "Sex", "dropdown", choices=["F", "M"])
    account = tenant.account()
    contact = tenant.contact(email="a@example.com", sales_account_id=account["id"], custom_field={name: "F"})
    tenant.deal(contacts_added_list=[contact["id"]])
    tenant.call(
        "POST",
        "/notes",
        {"description": "Seen", "targetable_type": "Contact", "targetable_id": contact["id"]},
    )
    tenant.call("DELETE", f"/contacts/{tenant.contact()['id']}")
    seed = json.loads(json.dumps(tenant.state.dump()))
    other = tenant_on()
    other.state.load_seed(seed)
    assert other.state.canonical() == tenant.state.canonical()
    assert json.loads(json.dumps(other.state.dump())) == seed
    assert other.view("contacts", "Recycle Bin")["meta"]["total"] == 1
    assert other.call("GET", f"/contacts/{contact['id']}/notes")["meta"]["total"] == 1
    assert other.refused("POST", "/contacts", {"email": "a@example.com"}) == ["Email has already been taken"]


def test_a_seed_written_by_hand_is_completed(tenant):
    tenant.state.load_seed(
        {
            "users": [{"display_name": "Ada Park", "email": "ada@example.com"}],
            "selectors": {"territories": ["North"], "sales_activity_types": ["Old call"]},
            "custom_fields": {"contacts": [{"label": "Sex", "type": "dropdown", "choices": ["F", "M"]}]},
            "sales_accounts": [{"id": 31000000301, "name": "Clinic"}],
            "contacts": [{"last_name": "Moss", "email": "lee@example.com", "custom_field": {"cf_sex": "F"}}],
            "deals": [{"name": "Plan", "amount": 5}],
        }
    )
    assert tenant.call("GET", "/selector/owners")["users"][0]["display_name"] == "Ada Park"
    contact = tenant.view("contacts", "All Contacts")["contacts"][0]
    assert contact["emails"][0]["value"] == "lee@example.com"
    assert tenant.view("deals", "Open Deals")["meta"]["total"] == 1
    assert tenant.call("GET", "/sales_accounts/31000000301")["sales_account"]["name"] == "Clinic"
    assert tenant.contact(territory_id=tenant.state.selectors.rows("territories")[0]["id"])["id"]


def test_a_real_catalogue_can_prime_the_account(tenant, tenant_on):
    name = tenant.field("contacts", "Sex", "dropdown", choices=["F", "M"])
    catalogue = {"contacts": tenant.call("GET", "/settings/contacts/fields")["fields"]}
    other = tenant_on()
    other.state.load_seed({"fields": catalogue})
    assert other.contact(custom_field={name: "M"})["custom_field"] == {name: "M"}
    assert len(other.call("GET", "/settings/contacts/fields")["fields"]) == 66


def test_documents_of_a_seed_written_by_hand_need_no_more_than_a_name(tenant):
    contact = tenant.contact()["id"]
    deal = tenant.deal()["id"]
    target = {"targetable_type": "Contact", "targetable_id": contact}
    tenant.state.load_seed(
        {
            "documents": [{"name": "Old letter.pdf", **target}],
            "document_links": [{"name": "Portal", "url": "https://x.example", **target}],
            "cpq_documents": [{"deal_id": deal, "document_type": "Quote"}],
        }
    )
    rows = tenant.call("GET", f"/contacts/{contact}/document_associations")["document_associations"]
    assert {row["name"] for row in rows} == {"Old letter.pdf", "Portal"}
    quote = {"deal_id": deal, "document_type": "Quote"}
    assert tenant.call("POST", "/cpq/cpq_documents", quote)["cpq_document"]["document_number"] == "DOC-1"
    tenant.call("DELETE", f"/contacts/{contact}/forget")
    assert list(tenant.state.tables["document"].everything()) == []
