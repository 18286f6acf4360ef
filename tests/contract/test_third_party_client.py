"""A client that others wrote against the original, python-freshworks-crm 1.1.2, works with the emulator.

Every operation of the library is called; what it does with the reply is the library's own code.
"""

import json
from pathlib import Path

import pytest
from freshsales.api import API
from freshsales.errors import (
    FreshsalesBadRequest,
    FreshsalesError,
    FreshsalesNotFound,
    FreshsalesUnauthorized,
)

# The library keeps one requests session per API object and has no way to close it.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

SEED = {
    "users": [{"id": 31000000011, "display_name": "Ada Park", "email": "ada@example.com"}],
    "selectors": {"sales_activity_types": ["Treatment"], "territories": ["North"], "campaigns": ["Recall"]},
    "custom_fields": {"contacts": [{"label": "Member since", "type": "date"}]},
}
OWNER = 31000000011


@pytest.fixture(scope="module")
def emulator(module_emulator_factory, tmp_path_factory):
    seed = tmp_path_factory.mktemp("seed") / "seed.json"
    seed.write_text(json.dumps(SEED))
    return module_emulator_factory("--seed-file", str(seed), "--switch", "rate.limit_min=100000")


@pytest.fixture(scope="module")
def api(emulator):
    client = API("emulator.invalid", emulator.api_key)
    client._api_prefix = emulator.api_url
    yield client
    client._session.close()


@pytest.fixture(scope="module")
def deal(api):
    return api.deals.create_deal(name="Crown", amount=900)


@pytest.fixture(scope="module")
def contact(api):
    return api.contacts.create_contact(first_name="Lee", last_name="Moss", email="lee@example.com")


def view(api, name):
    return next(one.id for one in api.list_views() if one.name == name)


class TestContacts:
    def test_create_view_update(self, api):
        made = api.contacts.create_contact(
            first_name="Nia", last_name="Reed", email="nia@example.com", mobile_number="+441632960111",
            custom_field={"cf_member_since": "2019-04-01"},
        )  # fmt: skip
        assert made.created_at.tzinfo is not None
        seen = api.contacts.view_contact(made.id, "owner", "sales_accounts")
        assert (seen.first_name, seen.mobile_number, seen.cf_member_since) == (
            "Nia",
            "+441632960111",
            "2019-04-01",
        )
        assert api.contacts.update_contact(made.id, job_title="Potter").job_title == "Potter"
        assert api.contacts.view_contact(made.id).job_title == "Potter"

    def test_upsert_creates_then_updates(self, api):
        key = ("emails", "ida@example.com")
        made = api.contacts.upsert_contact(key, first_name="Ida", last_name="Vale")
        again = api.contacts.upsert_contact(key, last_name="Vane")
        assert (again.id, again.first_name, again.last_name) == (made.id, "Ida", "Vane")

    def test_clone(self, api, contact):
        copy = api.contacts.clone_contact(contact.id, email="copy@example.com")
        assert copy.id != contact.id
        assert copy.last_name == contact.last_name

    def test_delete_and_forget(self, api):
        first = api.contacts.create_contact(last_name="Gone", email="gone@example.com")
        assert api.contacts.delete_contact(first.id) is True
        with pytest.raises(FreshsalesNotFound):
            api.contacts.view_contact(first.id)
        second = api.contacts.create_contact(last_name="Past", email="past@example.com")
        assert api.contacts.forget_contact(second.id) is True
        with pytest.raises(FreshsalesNotFound):
            api.contacts.view_contact(second.id)

    def test_views_and_lists_across_the_malformed_page_addresses(self, api, emulator):
        for number in range(7):
            api.contacts.create_contact(last_name=f"Page {number}", email=f"page{number}@example.com")
        everyone = view(api.contacts, "All Contacts")
        stored = {row["id"] for row in emulator.admin("records/contact") if not row["is_deleted"]}
        assert len(stored) > 6
        paged = api.contacts.list_contacts(everyone, per_page=3)
        assert {one.id for one in paged} == stored
        assert len(paged) == len(stored), "no row came twice"
        whole = api.contacts.list_contacts(everyone, sort="created_at", sort_type="desc")
        assert {one.id for one in whole} == stored
        second = api.contacts.list_contacts(everyone, page=2, per_page=3)
        assert [one.id for one in second] == [one.id for one in paged[3:6]]

    def test_fields(self, api):
        names = {field.name for field in api.contacts.list_fields()}
        assert {"first_name", "emails", "lifecycle_stage_id", "cf_member_since"} <= names
        assert api.contacts.list_fields(include_groups=True)

    def test_activities(self, api, contact):
        api.notes.create_note(description="Rang", targetable_type="Contact", targetable_id=contact.id)
        assert isinstance(api.contacts.list_activities(contact.id), list)

    def test_search(self, api, contact):
        rules = [{"attribute": "contact_email.email", "operator": "is_in", "value": "lee@example.com"}]
        found, more = api.search.filter_contacts(rules, sort="updated_at", sort_type="asc")
        assert [one.id for one in found] == [contact.id]
        assert more is False


class TestLists:
    def test_all(self, api, contact):
        made, other = api.lists.create_list("Recall"), api.lists.create_list("Lapsed")
        assert api.lists.update_list(made.id, "Recall 2026").name == "Recall 2026"
        assert {one.name for one in api.lists.fetch_all_lists()} == {"Recall 2026", "Lapsed"}
        assert "1 contact" in api.lists.add_contacts_to_list(made.id, [contact.id])
        assert [one.id for one in api.lists.fetch_contacts_from_list(made.id)] == [contact.id]
        assert api.lists.move_contacts_between_lists(other.id, [contact.id], made.id)
        assert [one.id for one in api.lists.fetch_contacts_from_list(other.id)] == [contact.id]
        assert api.lists.remove_contacts_from_list(other.id, [contact.id])
        assert api.lists.fetch_contacts_from_list(other.id) == []
        api.lists.add_contacts_to_list(made.id, [contact.id])
        assert api.lists.remove_contacts_from_list(made.id, [], remove_all=True)


class TestAccounts:
    def test_create_view_update_upsert_clone(self, api):
        made = api.accounts.create_account(name="North Ltd", website="https://north.example")
        assert api.accounts.view_account(made.id, "owner", "contacts").name == "North Ltd"
        assert api.accounts.update_account(made.id, phone="0163").phone == "0163"
        assert api.accounts.upsert_account(("name", "North Ltd"), city="Leeds").id == made.id
        assert api.accounts.upsert_account(("name", "South Ltd"), name="South Ltd").id != made.id
        assert api.accounts.clone_account(made.id, name="North Too").name == "North Too"

    def test_a_name_is_taken_once(self, api):
        api.accounts.create_account(name="Only Ltd")
        with pytest.raises(FreshsalesBadRequest, match="has already been taken"):
            api.accounts.create_account(name="Only Ltd")

    def test_list_delete_forget_fields(self, api):
        made = [api.accounts.create_account(name=f"Lab {number}") for number in range(5)]
        everyone = view(api.accounts, "All Accounts")
        ids = {one.id for one in made}
        assert ids <= {one.id for one in api.accounts.list_accounts(everyone, per_page=2)}
        assert len(api.accounts.list_accounts(everyone, page=1, per_page=2)) == 2
        assert api.accounts.delete_account(made[0].id) is True
        assert api.accounts.forget_account(made[1].id) is True
        assert not ids - {made[0].id, made[1].id} - {one.id for one in api.accounts.list_accounts(everyone)}
        assert "name" in {field.name for field in api.accounts.list_fields()}
        assert api.accounts.list_fields(include_groups=True)


class TestDeals:
    def test_create_view_update_upsert_clone(self, api):
        made = api.deals.create_deal(name="Implant", amount=2400)
        assert api.deals.view_deal(made.id, "owner", "contacts").amount == "2400.0"
        assert api.deals.update_deal(made.id, amount=2500).amount == "2500.0"
        assert api.deals.upsert_deal(("id", made.id), name="Implant and crown").id == made.id
        assert api.deals.clone_deal(made.id, name="Another").name == "Another"

    def test_list_delete_forget_fields(self, api):
        made = [api.deals.create_deal(name=f"Plan {number}", amount=number) for number in range(5)]
        still_open = view(api.deals, "Open Deals")
        assert {one.id for one in made} <= {one.id for one in api.deals.list_deals(still_open, per_page=2)}
        assert len(api.deals.list_deals(still_open, page=2, per_page=2)) == 2
        assert api.deals.delete_deal(made[0].id) is True
        assert api.deals.forget_deal(made[1].id) is True
        assert {"name", "amount"} <= {field.name for field in api.deals.list_fields()}
        assert api.deals.list_fields(include_groups=True)


class TestNotes:
    def test_create_update_delete(self, api, contact):
        made = api.notes.create_note(description="First", targetable_type="Contact", targetable_id=contact.id)
        assert api.notes.update_note(made.id, description="Second").description == "Second"
        assert api.notes.delete_note(made.id) is True


class TestTasks:
    def test_all(self, api, contact):
        made = api.tasks.create_task(
            title="Call back", due_date="2099-06-21T11:00:00+00:00", owner_id=OWNER,
            targetable_type="Contact", targetable_id=contact.id,
        )  # fmt: skip
        assert made.title == "Call back"
        seen = api.tasks.view_task(made.id, "owner", "users", "targetable")
        assert seen["task"].id == made.id
        listed = api.tasks.list_tasks("open", "owner", "users", "targetable")
        assert made.id in {one.id for one in listed["tasks"]}
        assert api.tasks.list_tasks("open", page=1, per_page=2)["tasks"]
        assert api.tasks.update_task(made.id, title="Call again").title == "Call again"
        assert api.tasks.mark_as_done(made.id).status == 1
        assert made.id in {one.id for one in api.tasks.list_tasks("completed")["tasks"]}
        assert api.tasks.delete_task(made.id) is True


class TestAppointments:
    def test_all(self, api, contact):
        made = api.appointments.create_appointment(
            title="Check-up", from_date="2016-06-20T10:30:00+01:00", end_date="2016-06-20T11:00:00+01:00",
            targetable_type="Contact", targetable_id=contact.id,
        )["appointment"]  # fmt: skip
        assert made.from_date.year == 2016
        assert made.created_at.year > 2016
        assert api.appointments.view_appointment(made.id)["appointment"].title == "Check-up"
        assert made.id in {one.id for one in api.appointments.list_appointments("past", "creater")}
        assert api.appointments.update_appointment(made.id, title="Hygiene")["appointment"].title == "Hygiene"
        assert api.appointments.delete_appointment(made.id) is True

    def test_a_javascript_date_is_understood(self, api, contact):
        made = api.appointments.create_appointment(
            title="Check-up", from_date="Mon Jun 20 2016 10:30:00 GMT+0530 (IST)",
            end_date="Mon Jun 20 2016 11:00:00 GMT+0530 (IST)",
            targetable_type="Contact", targetable_id=contact.id,
        )["appointment"]  # fmt: skip
        assert made.from_date.isoformat() == "2016-06-20T06:00:00+01:00"


class TestSalesActivities:
    def test_all(self, api, contact):
        kinds = {one.name: one.id for one in api.selectors.get_sales_activity_types()}
        made = api.sales_activities.create_activity(
            title="Filling", start_date="2017-03-01T09:00:00+00:00", end_date="2017-03-01T09:30:00+00:00",
            owner_id=OWNER, sales_activity_type_id=kinds["Treatment"], targetable_type="Contact", targetable_id=contact.id,
        )  # fmt: skip
        assert made.start_date.year == 2017
        assert api.sales_activities.view_activity(made.id).title == "Filling"
        # The library forgets to fill in its page size and asks for `per_page={per_page}`; that is read as the default.
        assert made.id in {one.id for one in api.sales_activities.list_activities()}
        assert made.id in {one.id for one in api.sales_activities.list_activities(page=1)}
        assert api.sales_activities.update_activity(made.id, title="Crown").title == "Crown"
        assert "sales_activity_type_id" in {field.name for field in api.sales_activities.list_fields()}
        assert api.sales_activities.delete_activity(made.id) is True


class TestProducts:
    def test_create_view_update_delete_restore(self, api):
        made = api.products.create_product(name="Crown, porcelain", product_code="D2740")
        assert api.products.view_product(made.id).product_code == "D2740"
        assert api.products.update_product(made.id, description="One tooth").description == "One tooth"
        assert api.products.delete_product(made.id) is True
        assert api.products.restore_product(made.id).id == made.id

    def test_prices(self, api):
        made = api.products.create_product(name="Whitening")
        priced = api.products.add_product_prices(made.id, 1, [{"currency_code": "USD", "unit_price": 300.0}])
        price = priced.product_pricings[0]
        assert (priced.pricing_type, price["unit_price"]) == (1, 300.0)
        edited = api.products.edit_product_prices(made.id, [{"id": price["id"], "unit_price": 320.0}])
        assert edited.product_pricings[0]["unit_price"] == 320.0
        assert api.products.delete_product_prices(made.id, [price["id"]]).product_pricings == []

    def test_products_of_a_deal(self, api, deal):
        made = api.products.create_product(name="Bridge")
        rows = [{"id": made.id, "quantity": 2, "unit_price": 120.0}]
        assert api.products.add_products_to_deal(deal.id, rows).products[0].quantity == 2
        edited = api.products.edit_deal_products(
            deal.id, [{"id": made.id, "quantity": 3, "unit_price": 120.0}]
        )
        assert edited.products[0].quantity == 3
        assert api.products.delete_all_deal_products(deal.id).products == []


class TestDocuments:
    def test_all(self, api, deal, contact):
        made = api.documents.create_document(deal_id=deal.id, document_type="Quote", contact_id=contact.id)
        assert api.documents.view_document(made.id, include="products").document_type == "Quote"
        assert api.documents.update_document(made.id, display_name="Quote 1").display_name == "Quote 1"
        product = api.products.create_product(name="Veneer")
        rows = [{"id": product.id, "quantity": 1, "unit_price": 50.0}]
        assert len(api.documents.add_products_to_document(made.id, rows).products) == 1
        edited = api.documents.edit_products_of_document(made.id, [{"id": product.id, "quantity": 4}])
        assert edited.products[0].quantity == 4
        assert [one.id for one in api.documents.get_related_products(made.id)] == [product.id]
        assert api.documents.delete_products_from_document(made.id).products == []
        assert api.documents.delete_document(made.id) is True
        assert api.documents.restore_document(made.id).id == made.id
        assert api.documents.forget_document(made.id) is True


SELECTORS = {
    "get_users": "Ada Park", "get_territories": "North", "get_deal_stages": "New", "get_currencies": "USD",
    "get_deal_reasons": "Junk Lead", "get_deal_types": "New Business", "get_lead_sources": "Web",
    "get_industry_types": "Accounting", "get_business_types": "Partner", "get_campaigns": "Recall",
    "get_deal_payment_statuses": "Online", "get_deal_pipelines": "Default Pipeline", "get_contact_statuses": "New",
    "get_sales_activity_types": "Meeting", "get_sales_activity_entity_types": "Follow up",
    "get_sales_activity_outcomes": "Interested", "get_lifecycle_stages": "Customer",
}  # fmt: skip


class TestSelectors:
    @pytest.mark.parametrize("name", SELECTORS)
    def test_each_holds_its_default_or_seeded_value(self, api, name):
        assert SELECTORS[name] in [str(row) for row in getattr(api.selectors, name)()]

    def test_deal_products(self, api):
        api.products.create_product(name="Denture")
        assert "Denture" in [row.name for row in api.selectors.get_deal_prodcuts()]

    def test_outcomes_of_a_type(self, api):
        kind = next(one for one in api.selectors.get_sales_activity_types() if one.name == "Phone")
        rows = api.selectors.get_sales_activity_type_outcomes(kind.id)
        assert {row.sales_activity_type_id for row in rows} == {kind.id}
        assert len(rows) == 5

    def test_the_librarys_address_for_the_stages_of_a_pipeline_does_not_exist(self, api):
        # It leaves out a slash; there is no such route, here or there.
        pipeline = api.selectors.get_deal_pipelines()[0]
        assert [stage.name for stage in pipeline.deal_stages][:2] == ["New", "Follow-up"]
        with pytest.raises(FreshsalesNotFound):
            api.selectors.get_deal_pipeline_stages(pipeline.id)


class TestRefusals:
    def test_a_wrong_key(self, emulator):
        stranger = API("emulator.invalid", "wrong")
        stranger._api_prefix = emulator.api_url
        with pytest.raises(FreshsalesUnauthorized, match="Incorrect or expired API key"):
            stranger.selectors.get_users()
        stranger._session.close()

    def test_a_server_error(self, api, emulator):
        emulator.admin("faults", [{"kind": "before_commit", "times": 1}])
        with pytest.raises(FreshsalesError, match="500"):
            api.selectors.get_users()

    def test_every_operation_of_the_library_is_called_here(self, api):
        text = Path(__file__).read_text(encoding="utf-8")
        parts = [value for name, value in vars(api).items() if not name.startswith("_")]
        operations = [name for part in parts for name in dir(part) if not name.startswith("_")]
        assert len(operations) > 80
        assert [name for name in operations if name not in text] == []
