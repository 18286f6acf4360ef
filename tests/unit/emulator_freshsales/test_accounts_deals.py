"""Accounts, deals, their products and the money."""

import pytest

from wherry_emulators.freshsales.switches import Plan


def stage(tenant, name):
    return next(row["id"] for row in tenant.state.selectors.rows("deal_stages") if row["name"] == name)


def test_an_account_needs_a_unique_name_and_shows_its_owner(tenant):
    account = tenant.account(owner_id=tenant.state.user_id, number_of_employees="11")
    assert account["owner_id"] == tenant.state.user_id
    assert account["number_of_employees"] == 11
    assert tenant.refused("POST", "/sales_accounts", {"name": "clinic"}) == ["Name has already been taken"]
    assert tenant.refused("POST", "/sales_accounts", {"city": "Leeds"}) == ["Name can't be blank"]
    assert tenant.refused("PUT", f"/sales_accounts/{account['id']}", {"name": None}) == [
        "Name can't be blank"
    ]
    assert tenant.refused("POST", f"/sales_accounts/{account['id']}/clone", {}) == ["Name can't be blank"]


def test_deleting_an_account_loses_its_deals_and_children_for_good(tenant):
    account = tenant.account()
    child = tenant.account(name="Branch", parent_sales_account_id=account["id"])
    deal = tenant.deal(sales_account_id=account["id"])
    assert tenant.call("DELETE", f"/sales_accounts/{account['id']}") is True
    assert (
        tenant.call("GET", f"/sales_accounts/{child['id']}")["sales_account"]["parent_sales_account_id"]
        is None
    )
    assert (
        tenant.call("GET", f"/deals/{deal['id']}?include=sales_account")["deal"]["sales_account_id"] is None
    )


def test_deleting_an_account_may_take_its_contacts_and_deals_along(tenant):
    account = tenant.account()
    contact = tenant.contact(sales_account_id=account["id"])
    deal = tenant.deal(sales_account_id=account["id"])
    body = {"selected_ids": [account["id"]], "delete_associated_contacts_deals": True}
    assert tenant.call("POST", "/sales_accounts/bulk_destroy", body) == {
        "message": "1 sales accounts deleted."
    }
    tenant.refused("GET", f"/contacts/{contact['id']}", status=404)
    tenant.refused("GET", f"/deals/{deal['id']}", status=404)


def test_a_deal_reads_money_as_text_and_hides_its_account(tenant):
    account, contact = tenant.account(), tenant.contact()
    deal = tenant.deal(amount="1234.5", sales_account_id=account["id"], contacts_added_list=[contact["id"]])
    assert (deal["amount"], deal["expected_deal_value"]) == ("1234.5", "1234.5")
    assert "sales_account_id" not in deal
    full = tenant.call("GET", f"/deals/{deal['id']}?include=sales_account,contacts,currency,owner")
    assert full["sales_accounts"] == [{"id": account["id"], "avatar": None, "name": "Clinic"}]
    assert full["deal"]["contact_ids"] == [contact["id"]]
    assert full["currencies"][0]["currency_code"] == "USD"
    assert (
        tenant.call("GET", f"/sales_accounts/{account['id']}")["sales_account"]["open_deals_amount"]
        == "1234.5"
    )
    body = {"contacts_removed_list": [contact["id"]]}
    tenant.call("PUT", f"/deals/{deal['id']}", body)
    assert tenant.call("GET", f"/deals/{deal['id']}?include=contacts")["contacts"] == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amount": None}, "Deal value can't be blank"),
        ({"amount": 123456789012}, "Deal value is too long (maximum is 11 digits before the decimal point)"),
        ({"amount": "1.23456"}, "Deal value is too long (maximum is 4 digits after the decimal point)"),
        ({"amount": "much"}, "Deal value is not a number"),
        ({"sales_account_id": 1}, "Account name is invalid"),
        ({"contacts_added_list": [1]}, "Related contacts is invalid"),
        ({"probability": 101}, "Probability (%) must be between 0 and 100"),
        ({"expected_close": "soon"}, "Expected close date is invalid"),
    ],
)
def test_a_wrong_deal_is_refused(tenant, values, message):
    assert tenant.refused("POST", "/deals", {"deal": {"name": "Plan", "amount": 1, **values}}) == [message]


def test_stage_and_pipeline_agree_and_closing_sets_the_date(tenant):
    other = tenant.state.selectors.add_pipeline(
        "Recall", [{"name": "Due"}, {"name": "Seen", "forecast_type": "Closed Won"}]
    )
    due = tenant.state.selectors.stages_of(other["id"])[0]["id"]
    deal = tenant.deal(deal_stage_id=due)
    assert deal["deal_pipeline_id"] == other["id"]
    path = f"/deals/{deal['id']}"
    body = {"deal_pipeline_id": other["id"], "deal_stage_id": stage(tenant, "Won")}
    assert tenant.refused("PUT", path, body) == ["Deal stage does not belong to the deal pipeline"]
    won = tenant.call("PUT", path, {"deal_stage_id": stage(tenant, "Won")})["deal"]
    assert won["closed_date"] == tenant.state.now().date().isoformat()
    assert tenant.call("PUT", path, {"deal_stage_id": stage(tenant, "Demo")})["deal"]["closed_date"] is None
    dated = tenant.deal(deal_stage_id=stage(tenant, "Lost"), closed_date="2019-04-01")
    assert dated["closed_date"] == "2019-04-01"


def test_a_pipeline_alone_keeps_or_brings_a_stage(tenant):
    other = tenant.state.selectors.add_pipeline("Recall", [{"name": "Due"}, {"name": "Seen"}])
    empty = tenant.state.selectors.add_pipeline("Empty", [])
    demo = stage(tenant, "Demo")
    deal = tenant.deal(deal_stage_id=demo)
    path, home = f"/deals/{deal['id']}", deal["deal_pipeline_id"]
    for body in ({"deal_pipeline_id": home}, {"deal_stage_id": None}):
        assert tenant.call("PUT", path, body)["deal"]["deal_stage_id"] == demo
    moved = tenant.call("PUT", path, {"deal_pipeline_id": other["id"]})["deal"]
    first = tenant.state.selectors.stages_of(other["id"])[0]["id"]
    assert (moved["deal_pipeline_id"], moved["deal_stage_id"]) == (other["id"], first)
    assert tenant.refused("PUT", path, {"deal_pipeline_id": empty["id"]}) == ["Deal pipeline has no stages"]


def test_a_required_reason_is_asked_of_lost_deals_only(tenant):
    label = tenant.state.schemas["deal"].get("deal_reason_id").label
    row = next(one for one in tenant.state.dump()["fields"]["deals"] if one["name"] == "deal_reason_id")
    tenant.state.load_seed({"fields": {"deals": [{**row, "required": True}]}})
    deal = tenant.deal()
    path, lost = f"/deals/{deal['id']}", stage(tenant, "Lost")
    assert tenant.refused("PUT", path, {"deal_stage_id": lost}) == [f"{label} can't be blank"]
    assert tenant.call("PUT", path, {"deal_stage_id": stage(tenant, "Won")})
    reason = tenant.state.selectors.rows("deal_reasons")[0]["id"]
    closed = tenant.call("PUT", path, {"deal_stage_id": lost, "deal_reason_id": reason})["deal"]
    assert closed["deal_stage_id"] == lost
    assert tenant.refused("PUT", path, {"deal_reason_id": None}) == [f"{label} can't be blank"]


def test_products_win_over_an_amount_until_it_is_written_again(tenant):
    crown = product(tenant, 300)["id"]
    deal = tenant.deal(amount=50)
    path = f"/deals/{deal['id']}"
    rows = [{"id": crown, "quantity": 2, "discount": 10, "discount_type": 1}]
    assert tenant.call("PUT", path, {"deal": {"amount": 5, "products": rows}})["deal"]["amount"] == "540.0"
    assert tenant.call("PUT", path, {"amount": 70})["deal"]["amount"] == "70.0"
    assert tenant.call("PUT", path, {"products": []})["deal"]["amount"] == "0.0"
    (row,) = tenant.call("GET", "/selector/deal_products")["deal_products"]
    assert row == {"partial": True, "id": crown, "name": "Crown"}


def test_deals_are_only_in_views_by_stage(tenant):
    for name in ("New", "Won", "Lost"):
        tenant.deal(name=name, deal_stage_id=stage(tenant, name))
    names = {row["name"] for row in tenant.call("GET", "/deals/filters")["filters"]}
    assert "All Deals" not in names
    for view, name in (("Open Deals", "New"), ("Won Deals", "Won"), ("Lost Deals", "Lost")):
        assert [row["name"] for row in tenant.view("deals", view)["deals"]] == [name]


def test_an_account_named_in_a_deal_is_linked_or_made(tenant):
    account = tenant.account()
    linked = tenant.deal(sales_account={"name": "Clinic"})
    made = tenant.deal(sales_account={"name": "New clinic"})
    for deal, name in ((linked, "Clinic"), (made, "New clinic")):
        assert (
            tenant.call("GET", f"/deals/{deal['id']}?include=sales_account")["sales_accounts"][0]["name"]
            == name
        )
    assert len(list(tenant.state.tables["sales_account"].live())) == 2
    assert account["id"]


def product(tenant, price, name="Crown"):
    prices = [{"currency_code": "USD", "unit_price": price}]
    body = {"product": {"name": name, "pricing_type": 1, "product_pricings": prices}}
    return tenant.call("POST", "/cpq/products", body)["product"]


def test_attaching_products_overwrites_the_amount(tenant):
    crown, cleaning = product(tenant, 100), product(tenant, 40, "Cleaning")
    deal = tenant.deal(amount=999)
    path = f"/deals/{deal['id']}?include=products"
    rows = [{"id": crown["id"], "quantity": 2, "discount": 10}, {"id": cleaning["id"], "unit_price": 30}]
    shown = tenant.call("PUT", path, {"deal": {"products": rows}})["deal"]
    assert shown["amount"] == "210.0"
    assert [(row["product_id"], row["name"], row["unit_price"]) for row in shown["products"]] == [
        (crown["id"], "Crown", 100.0),
        (cleaning["id"], "Cleaning", 30.0),
    ]
    shown = tenant.call("PUT", path, {"deal": {"products": [{"id": crown["id"], "_destroy": True}]}})["deal"]
    assert (shown["amount"], len(shown["products"])) == ("30.0", 1)
    assert tenant.call("PUT", path, {"deal": {"amount": 999}})["deal"]["amount"] == "999.0"
    assert tenant.call("PUT", path, {"deal": {"products": []}})["deal"]["amount"] == "0.0"
    assert tenant.refused("PUT", path, {"deal": {"products": [{"id": 1}]}}) == ["Product is invalid"]


def test_products_need_a_plan_with_a_catalogue(tenant_on):
    growth = tenant_on(Plan.GROWTH)
    growth.refused("POST", "/cpq/products", {"product": {"name": "Crown"}}, status=403)
    deal = growth.deal()
    growth.refused("PUT", f"/deals/{deal['id']}", {"deal": {"products": []}}, status=403)


def test_a_product_can_be_deleted_and_restored(tenant):
    crown = product(tenant, 100)
    path = f"/cpq/products/{crown['id']}"
    assert tenant.call("DELETE", path) == {"success": "200"}
    tenant.refused("GET", path, status=404)
    assert tenant.call("PUT", f"{path}/restore")["product"]["is_deleted"] is False
    prices = tenant.call("GET", f"{path}?include=product_pricings")["product"]["product_pricings"]
    body = {"product": {"product_pricings": [{"id": prices[0]["id"], "_destroy": True}]}}
    assert tenant.call("PUT", f"{path}?include=product_pricings", body)["product"]["product_pricings"] == []
    assert tenant.refused(
        "PUT", path, {"product": {"product_pricings": [{"currency_code": "EUR", "unit_price": 1}]}}
    ) == ["Currency code is invalid"]
    for name, body in (
        ("update", {"ids": [crown["id"]], "product": {"category": "C"}}),
        ("delete", {"selected_ids": [crown["id"]]}),
    ):
        verb = "PUT" if name == "update" else "POST"
        assert tenant.call(verb, f"/cpq/products/products_bulk_{name}", body)["message"].startswith(
            "1 products"
        )
    assert tenant.call("GET", "/selector/deal_products")["deal_products"] == []


def test_team_members_come_and_go(tenant):
    deal = tenant.deal()
    path = f"/deals/{deal['id']}/manage_team_members"
    user = tenant.state.user_id
    assert (
        tenant.call("POST", path, {"team_users": [{"user_id": user}]})["team_users"][0]["entity_id"]
        == deal["id"]
    )
    assert tenant.call("GET", f"/deals/{deal['id']}")["deal"]["team_user_ids"] == [user]
    assert tenant.call("PUT", path, {"team_users": [{"user_id": user, "_destroy": True}]})["team_users"] == []
    assert tenant.refused("POST", path, {"team_users": [{"user_id": 1}]}) == ["User must exist"]
