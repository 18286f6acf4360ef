"""Custom modules through a real process: faults, rights, a person's edit, the record of calls."""

import pytest

from wherry_emulators.freshsales.behaviours import behaviours

DEFINITION = {"singular_name": "Site", "plural_name": "Sites", "entity_name": "cm_site", "icon": "icon-1"}
RECORDS = "/custom_module/cm_site"


@pytest.fixture(scope="module")
def emulator(module_emulator_factory):
    emulator = module_emulator_factory("--read-only-key", "reader")
    assert emulator.call("POST", "/settings/module_customizations", DEFINITION)[0] == 200
    return emulator


def names(emulator):
    return [row["name"] for row in emulator.admin("records/cm_site")]


def create(emulator, name):
    return emulator.call("POST", RECORDS, {"cm_site": {"name": name}})


def test_faults_strike_records(emulator):
    match = {"method": "POST", "path": "^/custom_module/"}
    for kind, status in (("after_commit", 500), ("before_commit", 500), ("rate_storm", 429), ("html", 502)):
        emulator.admin("faults", [{"kind": kind, "match": match, "times": 1}])
        assert create(emulator, kind)[0] == status
    assert names(emulator) == ["after_commit"]
    emulator.admin(
        "faults", [{"kind": "silent_coercion", "entity": "cm_site", "field": "name", "how": "change_case"}]
    )
    assert create(emulator, "told")[1]["cm_site"]["name"] == "told"
    emulator.admin("faults", [])
    assert names(emulator) == ["after_commit", "TOLD"]


def test_faults_strike_definitions(emulator):
    match = {"path": "module_customizations"}
    emulator.admin("faults", [{"kind": "before_commit", "match": match, "times": 1}])
    other = {**DEFINITION, "entity_name": "cm_room"}
    assert emulator.call("POST", "/settings/module_customizations", other)[0] == 500
    emulator.admin("faults", [])
    listed = emulator.call("GET", "/settings/module_customizations")[1]["module_customizations"]
    assert "cm_room" not in [row["entity_name"] for row in listed]


def test_search_lags_behind_records(emulator):
    emulator.admin("switches", {"search.lag_ms": 60_000})
    made = create(emulator, "Late")[1]["cm_site"]
    rule = {"filter_rule": [{"attribute": "name", "operator": "is_in", "value": "Late"}]}
    assert emulator.call("POST", "/filtered_search/cm_site", rule)[1]["meta"]["total"] == 0
    emulator.admin("advance", {"seconds": 60})
    found = emulator.call("POST", "/filtered_search/cm_site", rule)[1]["cm_site"]
    emulator.admin("switches", {"search.lag_ms": 0})
    assert [row["id"] for row in found] == [made["id"]]


def test_a_key_that_may_not_write(emulator):
    status, _ = emulator.call("POST", RECORDS, {"name": "x"}, authorization="Token token=reader")
    assert status == 403
    assert emulator.call("GET", f"{RECORDS}/filters", authorization="Token token=reader")[0] == 200


def test_a_person_edits_and_calls_are_recorded(emulator):
    made = create(emulator, "Written")[1]["cm_site"]["id"]
    write = emulator.admin("calls")["writes"][-1]
    assert (write["entity"], write["id"], write["path"]) == ("cm_site", made, RECORDS)
    edited = emulator.admin("human-edit", {"entity": "cm_site", "id": made, "changes": {"name": "Edited"}})
    assert edited["cm_site"]["name"] == "Edited"
    assert emulator.admin("calls")["writes"][-1] == write
    definition = emulator.admin("records/module_customization")[0]["id"]
    edit = {"entity": "module_customization", "id": definition, "changes": {"plural_name": "Places"}}
    assert emulator.admin("human-edit", edit)["module_customization"]["plural_name"] == "Places"
    counted = emulator.admin("calls")["by_route"]
    assert counted["POST /custom_module/{entity}"] >= 1


def test_the_page_lists_files_and_modules(emulator):
    page = emulator.admin("behaviours")
    for module in ("documents", "custom_modules", "custom_module_routes", "cpq_documents", "deals"):
        told = sum(one.module == module for one in behaviours())
        assert page.count(f"<td>{module}</td>") == told > 0
    assert "Six default fields" in page
    assert "storage.per_user_bytes" in page
