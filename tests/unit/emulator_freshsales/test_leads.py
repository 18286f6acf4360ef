"""Leads: there on Classic, an unknown route in the Suite."""

import pytest

SOURCE = {"label": "Source_System_ID__c", "field_type": "text", "required": False}


@pytest.fixture
def classic(tenant):
    tenant.switch(edition="classic")
    return tenant


@pytest.mark.parametrize("path", ["/leads/filters", "/leads/1", "/settings/leads/fields", "/leads/1/notes"])
def test_the_suite_knows_no_leads(tenant, path):
    assert tenant.client.get("/crm/sales/api" + path).status_code == 404
    assert tenant.client.post("/crm/sales/api/leads", json={"lead": {"last_name": "Moss"}}).status_code == 404


def test_a_lead_is_made_read_changed_listed_and_deleted(classic):
    lead = classic.call("POST", "/leads", {"lead": {"last_name": "Moss", "email": "lee@example.com"}})["lead"]
    path = f"/leads/{lead['id']}"
    assert "lead_stage_id" not in lead
    shown = classic.call("GET", f"{path}?include=lead_stage,owner")
    assert shown["lead"]["lead_stage_id"] == shown["lead_stages"][0]["id"]
    assert classic.call("PUT", path, {"lead": {"city": "Leeds"}})["lead"]["city"] == "Leeds"
    views = {row["name"]: row["id"] for row in classic.call("GET", "/leads/filters")["filters"]}
    listed = classic.call("GET", f"/leads/view/{views['All Leads']}")["leads"]
    assert [row["id"] for row in listed] == [lead["id"]]
    assert classic.call("DELETE", path) is True
    classic.call("GET", path, status=404)
    binned = classic.call("GET", f"/leads/view/{views['Recycle Bin']}")["leads"]
    assert [row["id"] for row in binned] == [lead["id"]]


def test_custom_fields_of_leads_are_their_own(classic):
    form = classic.call("GET", "/settings/leads/forms")["forms"][0]["id"]
    made = classic.call("POST", f"/settings/leads/forms/{form}/fields", SOURCE)["field"]
    names = {row["name"] for row in classic.call("GET", "/settings/leads/fields")["fields"]}
    assert made["name"] in names
    assert made["name"] not in {r["name"] for r in classic.call("GET", "/settings/contacts/fields")["fields"]}
    assert not names & {"lifecycle_stage_id", "contact_status_id", "external_id", "sales_accounts"}


def test_leads_may_share_an_email_unless_the_switch_says_otherwise(classic):
    for _ in range(2):
        classic.call("POST", "/leads", {"email": "lee@example.com"})
    classic.switch(leads_email_unique=True)
    assert classic.refused("POST", "/leads", {"email": "lee@example.com"}) == ["Email has already been taken"]


def test_lookup_takes_leads_only_if_the_switch_says_so(classic):
    lead = classic.call("POST", "/leads", {"email": "lee@example.com"})["lead"]
    path = "/lookup?q=lee@example.com&f=email&entities=lead"
    classic.call("GET", path, status=400)
    classic.switch(leads_found_by_lookup=True)
    assert [row["id"] for row in classic.call("GET", path)["leads"]["leads"]] == [lead["id"]]


def test_what_may_hang_on_a_lead(classic):
    lead = classic.call("POST", "/leads", {"last_name": "Moss"})["lead"]
    on = {"targetable_type": "Lead", "targetable_id": lead["id"]}
    task = {"title": "Call", "due_date": "2026-03-09T09:00:00Z", "owner_id": classic.state.user_id, **on}
    note = {"description": "Hello", **on}
    classic.call("POST", "/tasks", task, status=201)
    classic.call("POST", "/notes", note)
    assert len(classic.call("GET", f"/leads/{lead['id']}?include=tasks,notes")["notes"]) == 1
    classic.switch(leads_targetable="tasks")
    assert classic.refused("POST", "/notes", note) == ["Targetable type is invalid"]
    classic.switch(edition="suite")
    assert classic.refused("POST", "/tasks", task) == ["Targetable type is invalid"]
