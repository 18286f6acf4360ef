"""What may be written to a contact, and what a read shows of it."""

import pytest


def test_a_contact_needs_a_last_name_or_an_email(tenant):
    assert tenant.refused("POST", "/contacts", {"contact": {"first_name": "Lee"}}) == [
        "Last name or email can't be blank"
    ]
    assert (
        tenant.call("POST", "/contacts", {"email": "lee@example.com"})["contact"]["display_name"]
        == "lee@example.com"
    )


def test_a_plain_read_hides_reference_ids_and_an_include_brings_them(tenant):
    stage = tenant.state.selectors.rows("lifecycle_stages")[0]["id"]
    contact = tenant.contact(owner_id=tenant.state.user_id, lifecycle_stage_id=stage)
    path = f"/contacts/{contact['id']}"
    plain = tenant.call("GET", path)
    assert plain["meta"] is None
    assert not {"owner_id", "lifecycle_stage_id", "lists", "creater_id"} & set(plain["contact"])
    full = tenant.call("GET", f"{path}?include=owner,lifecycle_stage")
    assert full["contact"]["owner_id"] == tenant.state.user_id
    assert full["contact"]["lifecycle_stage_id"] == stage
    assert [user["id"] for user in full["users"]] == [tenant.state.user_id]
    tenant.switch(include_reveals_reference_ids=False)
    assert "owner_id" not in tenant.call("GET", f"{path}?include=owner")["contact"]
    tenant.switch(default_get_hides_reference_ids=False)
    assert tenant.call("GET", path)["contact"]["owner_id"] == tenant.state.user_id


def test_email_and_external_id_are_unique_in_any_case(tenant):
    tenant.contact(email="lee@example.com", external_id="P-1")
    assert tenant.refused("POST", "/contacts", {"email": "LEE@example.com"}) == [
        "Email has already been taken"
    ]
    assert tenant.refused("POST", "/contacts", {"last_name": "A", "external_id": "p-1"}) == [
        "External ID has already been taken"
    ]


def test_a_deleted_contact_frees_its_email_unless_the_switch_says_otherwise(tenant):
    contact = tenant.contact(email="lee@example.com")
    assert tenant.call("DELETE", f"/contacts/{contact['id']}") is True
    tenant.switch(deleted_holds_unique=True)
    assert tenant.refused("POST", "/contacts", {"email": "lee@example.com"}) == [
        "Email has already been taken"
    ]
    tenant.switch(deleted_holds_unique=False)
    tenant.call("POST", "/contacts", {"email": "lee@example.com"})


def test_an_update_keeps_what_it_does_not_name_and_null_clears(tenant):
    contact = tenant.contact(email="lee@example.com", city="Leeds", job_title="Nurse")
    changed = tenant.call("PUT", f"/contacts/{contact['id']}", {"contact": {"city": None}})["contact"]
    assert changed["city"] is None
    assert changed["job_title"] == "Nurse"
    assert changed["email"] == "lee@example.com"


def test_accounts_and_tags_replace_the_whole_set(tenant):
    one, two = tenant.account(name="One"), tenant.account(name="Two")
    contact = tenant.contact(
        sales_accounts=[{"id": one["id"]}, {"id": two["id"], "is_primary": True}], tags=["a", "b"]
    )
    assert [(row["id"], row["is_primary"]) for row in contact["sales_accounts"]] == [
        (one["id"], False),
        (two["id"], True),
    ]
    changed = tenant.call(
        "PUT",
        f"/contacts/{contact['id']}",
        {"contact": {"sales_accounts": [{"id": one["id"]}], "tags": ["c"]}},
    )["contact"]
    assert [(row["id"], row["is_primary"]) for row in changed["sales_accounts"]] == [(one["id"], True)]
    assert changed["tags"] == ["c"]
    assert "sales_accounts" not in tenant.view("contacts", "All Contacts")["contacts"][0]
    shown = tenant.view("contacts", "All Contacts", "include=sales_accounts")["contacts"][0]
    assert shown["sales_accounts"][0]["name"] == "One"


def test_emails_are_rows_and_the_primary_one_is_the_email(tenant):
    contact = tenant.contact(
        emails=[{"value": "a@example.com", "label": "Work"}, {"value": "b@example.com", "is_primary": True}]
    )
    assert contact["email"] == "b@example.com"
    second = contact["emails"][0]["id"]
    path = f"/contacts/{contact['id']}"
    changed = tenant.call("PUT", path, {"emails": [{"id": second, "_destroy": True}]})["contact"]
    assert [row["value"] for row in changed["emails"]] == ["b@example.com"]
    changed = tenant.call("PUT", path, {"email": "c@example.com"})["contact"]
    assert [row["value"] for row in changed["emails"]] == ["c@example.com"]
    assert tenant.call("PUT", path, {"email": None})["contact"]["emails"] == []
    assert tenant.refused("PUT", path, {"email": "nobody"}) == ["Email is invalid"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"city": "x" * 257}, "City is too long (maximum is 256 characters)"),
        ({"mobile_number": "1" * 31}, "Mobile is too long (maximum is 30 characters)"),
        ({"owner_id": 1}, "Sales owner is invalid"),
        ({"time_zone": "Europe/London"}, "Time zone is invalid"),
        ({"subscription_status": 9}, "Subscription status is invalid"),
        ({"sales_accounts": "One"}, "The type for sales_accounts is invalid."),
        ({"sales_accounts": [{"id": 5}]}, "Sales accounts is invalid"),
        ({"custom_field": {"cf_nothing": 1}}, "cf_nothing is not a valid custom field"),
        ({"tags": "a"}, "The type for tags is invalid."),
    ],
)
def test_a_wrong_value_is_refused_with_its_label(tenant, values, message):
    assert tenant.refused("POST", "/contacts", {"contact": {"last_name": "Moss", **values}}) == [message]


def test_read_only_and_unknown_keys_are_ignored(tenant):
    contact = tenant.contact(display_name="Nobody", created_at="2001-01-01", nonsense={"a": 1}, id=5)
    assert contact["display_name"] == "Moss"
    assert contact["id"] != 5
    assert not contact["created_at"].startswith("2001")
    tenant.switch(created_at_writable=True)
    assert tenant.contact(created_at="2001-01-01")["created_at"].startswith("2001-01-01")


def test_status_and_lifecycle_stage_agree(tenant):
    stages = tenant.state.selectors.rows("lifecycle_stages")
    won = tenant.state.selectors.statuses_of(stages[2]["id"])[0]
    contact = tenant.contact(contact_status_id=won["id"])
    path = f"/contacts/{contact['id']}?include=lifecycle_stage,contact_status"
    assert tenant.call("GET", path)["contact"]["lifecycle_stage_id"] == stages[2]["id"]
    tenant.call("PUT", path, {"lifecycle_stage_id": stages[0]["id"]})
    lead = tenant.state.selectors.statuses_of(stages[0]["id"])[0]
    assert tenant.call("GET", path)["contact"]["contact_status_id"] == lead["id"]
    body = {"lifecycle_stage_id": stages[0]["id"], "contact_status_id": won["id"]}
    assert tenant.refused("PUT", path, body) == ["Status does not belong to the lifecycle stage"]


def test_a_clone_leaves_out_unique_values(tenant):
    contact = tenant.contact(email="lee@example.com", external_id="P-1", city="Leeds")
    copy = tenant.call("POST", f"/contacts/{contact['id']}/clone", {"contact": {"first_name": "Ann"}})[
        "contact"
    ]
    assert (copy["email"], copy["external_id"], copy["city"], copy["first_name"]) == (
        None,
        None,
        "Leeds",
        "Ann",
    )
    assert copy["id"] != contact["id"]


def test_deleted_goes_to_the_bin_and_forgotten_is_gone(tenant):
    contact = tenant.contact()
    path = f"/contacts/{contact['id']}"
    assert tenant.call("DELETE", path) is True
    assert tenant.refused("GET", path, status=404) == ["Contact not found"]
    assert tenant.view("contacts", "All Contacts")["contacts"] == []
    binned = tenant.view("contacts", "Recycle Bin")["contacts"]
    assert [(row["id"], row["is_deleted"]) for row in binned] == [(contact["id"], True)]
    tenant.switch(deleted_get_by_id="record")
    assert tenant.call("GET", path)["contact"]["is_deleted"] is True
    assert tenant.call("DELETE", f"{path}/forget") is True
    assert tenant.view("contacts", "Recycle Bin")["contacts"] == []


def test_lists_hold_contacts(tenant):
    one, two = tenant.contact(), tenant.contact()
    a, b = (tenant.call("POST", "/lists", {"name": name})["list"]["id"] for name in ("A", "B"))
    assert tenant.call("PUT", f"/lists/{a}/add_contacts", {"ids": [one["id"], two["id"]]}) == {
        "message": "2 contacts updated."
    }
    tenant.call("PUT", f"/lists/{b}/move_contacts", {"ids": [two["id"]], "from_list_id": a})
    members = tenant.call("GET", f"/contacts/lists/{b}")["contacts"]
    assert [row["id"] for row in members] == [two["id"]]
    assert "Updating" in tenant.call("PUT", f"/lists/{a}/remove_contacts", {"all": True})["message"]
    assert tenant.call("GET", f"/contacts/lists/{a}")["meta"]["total"] == 0
    assert tenant.call("GET", "/lists")["meta"] == {"total_pages": 1, "total": 2}
