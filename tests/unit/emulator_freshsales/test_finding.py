"""Views, pages, sorting, search, lookup, filtered search, upsert and bulk."""

import pytest


@pytest.fixture
def people(tenant):
    for number in range(5):
        tenant.contact(
            last_name=f"Moss {number}",
            email=f"p{number}@example.com",
            mobile_number=f"0{number}",
            city="Leeds",
        )
    return tenant


def test_pages_have_counts_and_end_in_nothing(people):
    answer = people.view("contacts", "All Contacts", "per_page=2&page=3")
    assert len(answer["contacts"]) == 1
    assert answer["meta"]["total_pages"] == 3
    assert answer["meta"]["total"] == 5
    assert list(answer["meta"]["avatar_data"]["Contact"]) == [str(answer["contacts"][0]["id"])]
    assert people.view("contacts", "All Contacts", "per_page=2&page=4")["contacts"] == []


def test_a_malformed_second_page_is_understood(people):
    answer = people.view("contacts", "All Contacts", "per_page=2?page=2&per_page=2")
    assert [row["last_name"] for row in answer["contacts"]] == ["Moss 2", "Moss 3"]


def test_a_page_size_above_the_maximum_is_cut_or_refused(people):
    people.switch(per_page_max=3)
    assert len(people.view("contacts", "All Contacts", "per_page=500")["contacts"]) == 3
    people.switch(per_page_over="400")
    view = people.state.views["contact"][3].id
    people.refused("GET", f"/contacts/view/{view}?per_page=500")


def test_sorting_is_by_value_and_absent_ones_come_last(people):
    people.contact(last_name="Aa")
    answer = people.view("contacts", "All Contacts", "sort=email&sort_type=desc")
    assert [row["email"] for row in answer["contacts"]] == [
        *(f"p{n}@example.com" for n in (4, 3, 2, 1, 0)),
        None,
    ]


def test_scroll_goes_on_after_the_last_id(people):
    view = people.state.views["contact"][3].id
    seen, last = [], 0
    for _ in range(3):
        answer = people.call("GET", f"/contacts/scroll/{view}?limit=2&last_fetched_id={last}")
        seen += [row["last_name"] for row in answer["contacts"]]
        last = answer["meta"]["last_fetched_id"]
    assert seen == [f"Moss {n}" for n in range(5)]
    assert answer["meta"]["has_next_page"] is False


def test_an_unknown_view_is_a_404_and_there_is_no_plain_list(people):
    people.refused("GET", "/contacts/view/1", status=404)
    assert people.client.get("/crm/sales/api/contacts").status_code == 405


def test_search_answers_a_bare_array_with_ids_as_text(people):
    hits = people.call("GET", "/search?q=p3@&include=contact,sales_account,deal,user")
    assert [(hit["type"], hit["name"]) for hit in hits] == [("contact", "Moss 3")]
    assert isinstance(hits[0]["id"], str)
    assert people.call("GET", "/search?q=admin&include=user")[0]["type"] == "user"


def test_lookup_nests_twice_and_matches_whole_values(people):
    name = people.field("contacts", "Source id")
    contact = people.contact(external_id="P-9", custom_field={name: "77"})
    for field, value, count in (
        ("email", "P2@example.com", 1),
        ("email", "p2@", 0),
        ("mobile_number", "02", 1),
        ("name", "moss 2", 1),
        ("external_id", "P-9", 1),
        (name, "77", 1),
    ):
        answer = people.call("GET", f"/lookup?q={value}&f={field}&entities=contact")
        assert answer["contacts"]["meta"] == {"total": count}, field
        assert len(answer["contacts"]["contacts"]) == count
    both = people.call("GET", "/lookup?q=x&f=name&entities=contact,sales_account")
    assert set(both) == {"contacts", "sales_accounts"}
    people.refused("GET", "/lookup?q=x&f=nothing&entities=contact")
    assert contact["id"]


def rule(attribute, operator, value):
    return {"attribute": attribute, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("rules", "count"),
    [
        ([rule("contact_email.email", "is_in", "P1@example.com")], 1),
        ([rule("contact_email.email", "is_in", ["p1@example.com", "p2@example.com"])], 2),
        ([rule("mobile_number", "is_not_in", ["01"])], 4),
        ([rule("last_name", "contains", "oss")], 5),
        ([rule("last_name", "starts_with", "moss 1"), rule("city", "equals", "Leeds")], 1),
        ([rule("created_at", "is_after", "2001-01-01")], 5),
        ([rule("created_at", "is_before", "2001-01-01")], 0),
        ([rule("updated_at", "is_in_the_range", ["2001-01-01", "2999-01-01"])], 5),
    ],
)
def test_filtered_search_wants_all_rules_to_hold(people, rules, count):
    answer = people.call("POST", "/filtered_search/contact?per_page=100", {"filter_rule": rules})
    assert answer["meta"] == {"total": count}
    assert len(answer["contacts"]) == count
    assert all(row["partial"] and "custom_field" not in row for row in answer["contacts"])


def test_filtered_search_has_pages_if_the_switch_says_so(people):
    body = {"filter_rule": [rule("city", "equals", "Leeds")]}
    assert len(people.call("POST", "/filtered_search/contact?per_page=2&page=2", body)["contacts"]) == 2
    people.switch(filtered_search_paginates=False)
    assert len(people.call("POST", "/filtered_search/contact?per_page=2&page=2", body)["contacts"]) == 5
    people.refused("POST", "/filtered_search/contact", {"filter_rule": [rule("shoe", "is_in", 1)]})
    people.refused("POST", "/filtered_search/contact", {"filter_rule": [rule("city", "likes", 1)]})
    for values in ([], ["soon"], ["2001-01-01", "2002-01-01"]):
        wrong = {"filter_rule": [rule("created_at", "is_before", values)]}
        assert people.refused("POST", "/filtered_search/contact", wrong) == ["value is invalid"]
    people.refused("POST", "/filtered_search/contacts", body, status=404)


def test_searches_lag_behind_writes_and_reads_do_not(tenant):
    tenant.switch(search_lag_ms=5_000)
    contact = tenant.contact(email="lee@example.com")
    path = f"/contacts/{contact['id']}"

    def found():
        body = {"filter_rule": [rule("email", "is_in", "lee@example.com")]}
        return (
            len(tenant.call("GET", "/search?q=lee&include=contact")),
            tenant.call("GET", "/lookup?q=lee@example.com&f=email&entities=contact")["contacts"]["meta"][
                "total"
            ],
            tenant.call("POST", "/filtered_search/contact", body)["meta"]["total"],
        )

    assert found() == (0, 0, 0)
    assert tenant.view("contacts", "All Contacts")["meta"]["total"] == 1
    tenant.clock.advance(6)
    assert found() == (1, 1, 1)
    tenant.call("DELETE", path)
    assert found() == (1, 1, 1)
    tenant.clock.advance(6)
    assert found() == (0, 0, 0)


def test_upsert_updates_what_its_key_finds_and_creates_otherwise(tenant):
    body = {"unique_identifier": {"emails": "lee@example.com"}, "contact": {"last_name": "Moss"}}
    first = tenant.call("POST", "/contacts/upsert", body)["contact"]
    second = tenant.call("POST", "/contacts/upsert", {**body, "contact": {"city": "Leeds"}})["contact"]
    assert first["id"] == second["id"]
    assert (second["last_name"], second["city"], second["email"]) == ("Moss", "Leeds", "lee@example.com")
    by_id = {"unique_identifier": {"external_id": "P-1"}, "contact": {"last_name": "Moss"}}
    assert tenant.call("POST", "/contacts/upsert", by_id)["contact"]["external_id"] == "P-1"
    account = {"unique_identifier": {"name": "Clinic"}, "sales_account": {"city": "Leeds"}}
    assert tenant.call("POST", "/sales_accounts/upsert", account)["sales_account"]["name"] == "Clinic"
    deal = tenant.deal()
    body = {"unique_identifier": {"id": deal["id"]}, "deal": {"amount": 7}}
    assert tenant.call("POST", "/deals/upsert", body)["deal"]["amount"] == "7.0"
    tenant.refused("POST", "/deals/upsert", {"unique_identifier": {"id": 1}, "deal": {}}, status=404)


def test_upsert_wants_a_unique_key(tenant):
    body = {"unique_identifier": {"email": "lee@example.com"}, "contact": {"last_name": "Moss"}}
    tenant.refused("POST", "/contacts/upsert", body)
    tenant.switch(upsert_accept_email_key=True)
    tenant.call("POST", "/contacts/upsert", body)
    tenant.refused("POST", "/contacts/upsert", {"unique_identifier": {"city": "Leeds"}, "contact": {}})
    tenant.refused("POST", "/deals/upsert", {"unique_identifier": {"name": "Plan"}, "deal": {"amount": 1}})
    plain = tenant.field("contacts", "Plain")
    unique = tenant.field("contacts", "Source id", unique=True)
    tenant.refused(
        "POST", "/contacts/upsert", {"unique_identifier": {plain: "1"}, "contact": {"last_name": "A"}}
    )
    body = {"unique_identifier": {unique: "1"}, "contact": {"last_name": "A"}}
    made = [tenant.call("POST", "/contacts/upsert", body)["contact"] for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    assert made[0]["custom_field"] == {unique: "1"}


def test_bulk_upsert_is_applied_later_row_by_row(tenant):
    known = tenant.contact(last_name="Old")
    rows = [
        {"emails": "a@example.com", "data": {"last_name": "A"}},
        {"id": str(known["id"]), "data": {"last_name": "New"}},
        {"emails": "b@example.com", "data": {"owner_id": 1}},
        {"data": {"last_name": "C"}},
    ]
    answer = tenant.call("POST", "/contacts/bulk_upsert", {"contacts": rows})
    assert answer["job_status_url"] == "http://127.0.0.1/crm/sales/api/job_statuses/1"
    assert tenant.view("contacts", "All Contacts")["meta"]["total"] == 1
    assert tenant.jobs.run() == [None, None, "Sales owner is invalid", "Please provide a unique field"]
    names = [row["last_name"] for row in tenant.view("contacts", "All Contacts")["contacts"]]
    assert names == ["New", "A"]


def test_bulk_deals_by_name_are_always_created_and_accounts_matched(tenant):
    tenant.call("POST", "/deals/bulk_upsert", {"deals": [{"name": "Plan", "data": {"amount": 1}}] * 2})
    tenant.call(
        "POST", "/sales_accounts/bulk_upsert", {"sales_accounts": [{"name": "Clinic", "data": {}}] * 2}
    )
    assert tenant.jobs.run() == [None] * 4
    assert tenant.view("deals", "Open Deals")["meta"]["total"] == 2
    assert tenant.view("sales_accounts", "All Accounts")["meta"]["total"] == 1


def test_bulk_calls_have_a_limit_and_want_rows(tenant):
    tenant.switch(bulk_max_rows=2)
    row = {"emails": "a@example.com", "data": {}}
    tenant.refused("POST", "/contacts/bulk_upsert", {"contacts": [row] * 3})
    tenant.refused("POST", "/contacts/bulk_upsert", {"contacts": []})
    tenant.refused("POST", "/contacts/bulk_destroy", {})


def test_owner_assignment_and_destruction_in_bulk(tenant):
    one, two = tenant.contact(), tenant.contact()
    ids = [one["id"], two["id"], 5]
    body = {"selected_ids": ids, "owner_id": tenant.state.user_id}
    assert tenant.call("POST", "/contacts/bulk_assign_owner", body) == {"message": "2 contacts updated."}
    assert tenant.view("contacts", "My Contacts")["meta"]["total"] == 2
    assert tenant.call("POST", "/contacts/bulk_destroy", {"selected_ids": ids}) == {
        "message": "2 contacts deleted."
    }
    assert tenant.view("contacts", "Recycle Bin")["meta"]["total"] == 2


def test_a_shorter_lag_never_brings_back_an_older_state(tenant):
    tenant.switch(search_lag_ms=60_000)
    contact = tenant.contact(external_id="P-1")
    tenant.switch(search_lag_ms=0)
    tenant.call("PUT", f"/contacts/{contact['id']}", {"external_id": "P-2"})

    def total(value):
        return tenant.call("GET", f"/lookup?q={value}&f=external_id&entities=contact")["contacts"]["meta"][
            "total"
        ]

    assert (total("P-1"), total("P-2")) == (0, 1)
    tenant.clock.advance(120)
    assert (total("P-1"), total("P-2")) == (0, 1)


def test_a_seed_is_found_at_once(tenant):
    tenant.switch(search_lag_ms=60_000)
    tenant.state.load_seed({"contacts": [{"last_name": "Moss", "external_id": "P-1"}]})
    answer = tenant.call("GET", "/lookup?q=P-1&f=external_id&entities=contact")
    assert answer["contacts"]["meta"]["total"] == 1


def test_numbers_and_texts_of_one_field_sort_together(tenant):
    for value in ("b", "10", "9"):
        tenant.contact(external_id=value)
    answer = tenant.view("contacts", "All Contacts", "sort=external_id")
    assert [row["external_id"] for row in answer["contacts"]] == ["9", "10", "b"]
