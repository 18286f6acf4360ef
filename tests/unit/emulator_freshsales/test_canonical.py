"""The account is as before after a create and its deletion, and after an update and its reverse."""

import pytest


@pytest.fixture
def world(tenant):
    account = tenant.account()
    contact = tenant.contact(email="lee@example.com", sales_account_id=account["id"], tags=["a"])
    deal = tenant.deal(contacts_added_list=[contact["id"]], sales_account_id=account["id"])
    product = tenant.call("POST", "/cpq/products", {"product": {"name": "Crown"}})["product"]
    target = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    task = tenant.call("POST", "/tasks", {"title": "Call", "due_date": "2099-01-01", **target}, status=201)[
        "task"
    ]
    note = tenant.call("POST", "/notes", {"description": "Seen", **target})["note"]
    times = {"from_date": "2016-01-01T10:00:00Z", "end_date": "2016-01-01T11:00:00Z"}
    meeting = tenant.call("POST", "/appointments", {"title": "Meet", **times, **target})["appointment"]
    ids = {"contacts": contact, "sales_accounts": account, "deals": deal, "cpq/products": product}
    ids |= {"tasks": task, "notes": note, "appointments": meeting}
    return tenant, {name: record["id"] for name, record in ids.items()}


CREATES = [
    ("contacts", "contact", {"last_name": "New", "email": "new@example.com", "tags": ["x"]}),
    ("sales_accounts", "sales_account", {"name": "New clinic"}),
    ("deals", "deal", {"name": "New plan", "amount": 5}),
    ("cpq/products", "product", {"name": "Filling"}),
    ("tasks", "task", {"title": "T", "due_date": "2099-01-01"}),
    ("notes", "note", {"description": "N"}),
    ("appointments", "appointment", {"title": "A", "from_date": "2016-01-01", "end_date": "2016-01-02"}),
]


@pytest.mark.parametrize(("path", "key", "body"), CREATES)
def test_create_and_delete_leave_nothing(world, path, key, body):
    tenant, ids = world
    before = tenant.state.canonical()
    target = {"targetable_type": "Contact", "targetable_id": ids["contacts"]}
    answer = tenant.client.post(f"/crm/sales/api/{path}", json={key: {**body, **target}})
    assert tenant.state.canonical() != before
    tenant.call("DELETE", f"/{path}/{answer.json()[key]['id']}")
    assert tenant.state.canonical() == before


def test_a_contact_is_gone_with_its_links_when_deleted(world):
    tenant, ids = world
    before = tenant.state.canonical()
    contact = tenant.contact(sales_account_id=ids["sales_accounts"])
    tenant.call("PUT", f"/deals/{ids['deals']}", {"contacts_added_list": [contact["id"]]})
    tenant.call(
        "POST", "/notes", {"description": "N", "targetable_type": "Contact", "targetable_id": contact["id"]}
    )
    tenant.call("DELETE", f"/contacts/{contact['id']}")
    assert tenant.state.canonical() == before


UPDATES = [
    ("contacts", {"city": "Leeds"}, {"city": None}),
    ("contacts", {"tags": ["a", "b"]}, {"tags": ["a"]}),
    ("contacts", {"email": "other@example.com"}, {"email": "lee@example.com"}),
    ("contacts", {"sales_accounts": []}, {"sales_account_id": "sales_accounts"}),
    ("contacts", {"custom_field": {"cf_sex": "F"}}, {"custom_field": {"cf_sex": None}}),
    ("contacts", {"owner_id": "user"}, {"owner_id": None}),
    ("sales_accounts", {"annual_revenue": 5}, {"annual_revenue": None}),
    ("deals", {"amount": 7}, {"amount": 100}),
    ("deals", {"deal_stage_id": "Won"}, {"deal_stage_id": "New"}),
    ("deals", {"deal_stage_id": "Lost"}, {"deal_stage_id": "New"}),
    ("deals", {"products": "product"}, {"products": [], "amount": 100}),
    ("deals", {"contacts_removed_list": "contact"}, {"contacts_added_list": "contact"}),
    ("tasks", {"status": 1}, {"status": 0}),
    ("notes", {"description": "Other"}, {"description": "Seen"}),
    ("appointments", {"location": "Room"}, {"location": None}),
    ("cpq/products", {"category": "C"}, {"category": None}),
]


def filled(tenant, ids, body):
    stages = {row["name"]: row["id"] for row in tenant.state.selectors.rows("deal_stages")}
    named = {
        "user": tenant.state.user_id,
        "sales_accounts": ids["sales_accounts"],
        "product": [{"id": ids["cpq/products"], "unit_price": 3}],
        "contact": [ids["contacts"]],
        **stages,
    }
    return {key: named.get(value, value) if isinstance(value, str) else value for key, value in body.items()}


@pytest.mark.parametrize(("path", "there", "back"), UPDATES)
def test_an_update_and_its_reverse_leave_nothing(world, path, there, back):
    tenant, ids = world
    tenant.field("contacts", "Sex", "dropdown", choices=["F", "M"])
    before = tenant.state.canonical()
    target = f"/{path}/{ids[path]}"
    tenant.call("PUT", target, filled(tenant, ids, there))
    assert tenant.state.canonical() != before
    for body in [{"products": []}, {"amount": 100}] if "products" in back else [back]:
        tenant.call("PUT", target, filled(tenant, ids, body))
    assert tenant.state.canonical() == before
