"""Sales documents of a deal, through a real process."""

import json

import pytest

PATH = "/cpq/cpq_documents"


@pytest.fixture(scope="module")
def emulator(module_emulator_factory):
    return module_emulator_factory()


@pytest.fixture(scope="module")
def deal(emulator):
    return emulator.call("POST", "/deals", {"deal": {"name": "Crown", "amount": 900}})[1]["deal"]["id"]


def make(emulator, deal, **values):
    body = {"cpq_document": {"deal_id": deal, "document_type": "Quote", **values}}
    return emulator.call("POST", PATH, body)[1]["cpq_document"]


def test_deal_and_type_are_required_and_must_be_right(emulator, deal):
    status, body = emulator.call("POST", PATH, {"cpq_document": {}})
    assert (status, body["errors"]["message"]) == (
        400,
        ["Deal can't be blank", "Document type can't be blank"],
    )
    wrong = {"deal_id": 1, "document_type": "Quote", "contact_id": 2, "currency_code": "XXX"}
    status, body = emulator.call("POST", PATH, {"cpq_document": wrong})
    assert (status, body["errors"]["message"][:2]) == (400, ["Deal must exist", "Contact must exist"])


def test_numbers_run_on_and_lines_make_the_amount(emulator, deal):
    product = emulator.call("POST", "/cpq/products", {"product": {"name": "Veneer"}})[1]["product"]["id"]
    first, second = make(emulator, deal), make(emulator, deal, amount=5)
    assert int(second["document_number"][4:]) == int(first["document_number"][4:]) + 1
    assert (second["amount"], second["has_products"], second["currency_code"]) == (5.0, False, "USD")
    lines = {"cpq_document": {"products": [{"id": product, "quantity": 3, "unit_price": 50.0}]}}
    changed = emulator.call("PUT", f"{PATH}/{second['id']}?include=products", lines)[1]["cpq_document"]
    assert (changed["amount"], changed["has_products"]) == (150.0, True)
    (line,) = changed["products"]
    assert (line["product_id"], line["cpq_document_id"], line["quantity"]) == (product, second["id"], 3)
    assert "deal_id" not in line
    related = emulator.call("GET", f"{PATH}/{second['id']}/related_products")[1]["products"]
    assert [one["name"] for one in related] == ["Veneer"]


def test_the_bin_gives_back_and_forgetting_does_not(emulator, deal):
    number = make(emulator, deal)["id"]
    gone = {"msg": {"id": number, "code": "success"}}
    assert emulator.call("PUT", f"{PATH}/{number}/restore")[0] == 404
    assert emulator.call("DELETE", f"{PATH}/{number}") == (200, gone)
    assert emulator.call("GET", f"{PATH}/{number}")[0] == 404
    assert emulator.call("PUT", f"{PATH}/{number}/restore")[0] == 200
    assert emulator.call("DELETE", f"{PATH}/{number}/forget") == (200, gone)
    assert emulator.call("PUT", f"{PATH}/{number}/restore")[0] == 404
    assert emulator.call("DELETE", f"{PATH}/{number}/forget")[0] == 404


def test_bulk_calls(emulator, deal):
    ids = [make(emulator, deal)["id"] for _ in range(2)]
    owner = emulator.call("GET", "/selector/owners")[1]["users"][0]["id"]
    assert (
        emulator.call(
            "PUT", f"{PATH}/cpq_documents_bulk_update", {"ids": ids, "cpq_document": {"stage": "Sent"}}
        )[0]
        == 200
    )
    emulator.call("POST", f"{PATH}/cpq_documents_bulk_assign", {"selected_ids": ids, "owner_id": owner})
    rows = {row["id"]: row for row in emulator.admin("records/cpq_document")}
    assert {(rows[one]["stage"], rows[one]["owner_id"]) for one in ids} == {("Sent", owner)}
    emulator.call("POST", f"{PATH}/cpq_documents_bulk_delete", {"selected_ids": ids})
    assert {emulator.call("GET", f"{PATH}/{one}")[0] for one in ids} == {404}
    told = emulator.call(
        "POST", f"{PATH}/cpq_documents_bulk_restore", {"selected_ids": [str(ids[0]), ids[1]]}
    )[1]
    assert told["message"].startswith("2 ")
    assert {emulator.call("GET", f"{PATH}/{one}")[0] for one in ids} == {200}


def test_a_dump_keeps_documents(emulator, emulator_factory, deal, tmp_path):
    kept = make(emulator, deal, display_name="Kept")
    (tmp_path / "seed.json").write_text(json.dumps(emulator.admin("dump")))
    other = emulator_factory("--seed-file", str(tmp_path / "seed.json"))
    assert other.call("GET", f"{PATH}/{kept['id']}")[1]["cpq_document"]["display_name"] == "Kept"
    assert other.admin("digest") == emulator.admin("digest")


def test_a_plan_without_catalogue_refuses(emulator_factory):
    assert emulator_factory("--plan", "growth").call("POST", PATH, {"cpq_document": {}})[0] == 403
