"""Custom modules: definitions, forms, records, limits, and what finds the records again."""

import json

import pytest

from wherry_emulators.freshsales.form_fields import create_custom_field
from wherry_emulators.freshsales.switches import Plan

SETTINGS = "/settings/module_customizations"
SITE = {"singular_name": "Site", "plural_name": "Sites", "entity_name": "cm_site", "icon": "icon-1"}


def define(tenant, **values):
    return tenant.call("POST", SETTINGS, {"module_customization": {**SITE, **values}})["module_customization"]


@pytest.fixture
def site(tenant):
    return define(tenant)


def record(tenant, name="North wing", **values):
    return tenant.call("POST", "/custom_module/cm_site", {"cm_site": {"name": name, **values}})["cm_site"]


def fields_of(tenant):
    form = tenant.call("GET", "/settings/cm_site/forms")["forms"][0]
    return [field for group in form["fields"] for field in group["fields"]]


def search(tenant, attribute, value, operator="is_in"):
    rule = {"attribute": attribute, "operator": operator, "value": value}
    return tenant.call("POST", "/filtered_search/cm_site", {"filter_rule": [rule]})


class TestDefinitions:
    def test_made_read_changed_listed_and_deleted(self, tenant):
        before = tenant.state.canonical()
        made = define(tenant, description="Places")
        path = f"{SETTINGS}/{made['id']}"
        assert (made["entity_name"], made["custom"], made["status"]) == ("cm_site", True, 1)
        assert tenant.call("GET", path)["module_customization"] == made
        changes = {"singular_name": "Place", "entity_name": "cm_place"}
        changed = tenant.call("PUT", path, {"module_customization": changes})["module_customization"]
        assert (changed["singular_name"], changed["entity_name"]) == ("Place", "cm_site")
        assert tenant.refused("GET", "/custom_module/cm_site/1", status=404) == ["Place not found"]
        rows = tenant.call("GET", SETTINGS)["module_customizations"]
        assert [(row["entity_name"], row["custom"]) for row in rows] == [
            ("contact", False),
            ("sales_account", False),
            ("deal", False),
            ("cm_site", True),
        ]
        record(tenant)
        assert tenant.state.canonical() != before
        assert tenant.call("DELETE", path) == {"message": "Place module deleted."}
        assert tenant.state.canonical() == before
        assert tenant.refused("POST", "/custom_module/cm_site", {}, 404) == ["Module not found"]

    @pytest.mark.parametrize("missing", list(SITE))
    def test_four_values_are_required(self, tenant, missing):
        body = {name: value for name, value in SITE.items() if name != missing}
        label = missing.replace("_", " ").capitalize()
        assert tenant.refused("POST", SETTINGS, body) == [f"{label} can't be blank"]

    @pytest.mark.parametrize("name", ["site", "cm_", "cm_Site", "cm_1", "cm_a-b", 5])
    def test_an_entity_name_has_its_form(self, tenant, name):
        assert tenant.refused("POST", SETTINGS, {**SITE, "entity_name": name}) == ["Entity name is invalid"]

    def test_an_entity_name_is_given_once(self, tenant, site):
        assert tenant.refused("POST", SETTINGS, SITE) == ["Entity name has already been taken"]

    @pytest.mark.parametrize("plan", [Plan.FREE, Plan.GROWTH, Plan.PRO])
    def test_only_enterprise_has_them(self, tenant_on, plan):
        tenant = tenant_on(plan)
        for verb, path in (
            ("GET", SETTINGS),
            ("POST", SETTINGS),
            ("GET", "/settings/cm_site/forms"),
            ("POST", "/custom_module/cm_site"),
            ("GET", "/custom_module/cm_site/view/1"),
        ):
            complaint = tenant.refused(verb, path, {} if verb == "POST" else None, 403)
            assert complaint == ["Your plan does not include custom modules"]

    def test_other_entities_have_no_such_routes(self, tenant, site):
        for path in ("/custom_module/contact/1", "/settings/tasks/forms", "/settings/cm_site/fields"):
            answer = tenant.client.get(f"/crm/sales/api{path}")
            assert answer.status_code == 404
            assert "application/json" not in answer.headers["content-type"]


class TestFields:
    def test_six_default_fields_in_groups(self, tenant, site):
        fields = fields_of(tenant)
        assert [field["name"] for field in fields] == [
            "name",
            "owner_id",
            "creator_id",
            "updater_id",
            "created_at",
            "updated_at",
        ]
        assert [field["name"] for field in fields if field["required"]] == ["name"]
        assert {field["name"] for field in fields if field["editable"]} == {"name", "owner_id"}
        owner = next(field for field in fields if field["name"] == "owner_id")
        assert [choice["id"] for choice in owner["choices"]] == [tenant.state.user_id]

    def test_a_field_is_made_and_written(self, tenant, site):
        code = tenant.field("cm_site", "Code", "text")
        size = tenant.field("cm_site", "Size", "dropdown", choices=["S", "L"])
        assert (code, size) == ("cf_code", "cf_size")
        made = record(tenant, custom_field={code: "N1", size: "L"})
        assert made["custom_field"] == {"cf_code": "N1", "cf_size": "L"}
        wrong = {"name": "x", "custom_field": {size: "XL", "cf_none": 1}}
        assert tenant.refused("POST", "/custom_module/cm_site", {"cm_site": wrong}) == [
            "Size is not included in the list",
            "cf_none is not a valid custom field",
        ]

    def test_a_form_belongs_to_its_module(self, tenant, site):
        define(tenant, entity_name="cm_room")
        form = tenant.call("GET", "/settings/cm_room/forms")["forms"][0]["id"]
        path = f"/settings/cm_site/forms/{form}/fields"
        assert tenant.refused("POST", path, {"label": "A", "field_type": 1}, 404) == ["Form not found"]

    def test_a_lookup_refers_to_a_live_record_of_its_entity(self, tenant, site):
        account = tenant.field("cm_site", "Account", "lookup", lookup_entity="sales_account")
        other = tenant.field("cm_site", "Part of", "lookup", lookup_entity="cm_site")
        target = tenant.account()["id"]
        whole = record(tenant, "Whole", custom_field={account: target})
        part = record(tenant, "Part", custom_field={other: whole["id"]})
        assert part["custom_field"] == {other: whole["id"]}
        wrong = {"name": "x", "custom_field": {account: whole["id"]}}
        assert tenant.refused("POST", "/custom_module/cm_site", {"cm_site": wrong}) == ["Account is invalid"]
        assert [row["id"] for row in search(tenant, account, target)["cm_site"]] == [whole["id"]]

    def test_a_contact_may_look_up_a_module_but_nothing_unknown(self, tenant, site):
        name = tenant.field("contacts", "Site", "lookup", lookup_entity="cm_site")
        made = record(tenant)
        assert tenant.contact(custom_field={name: made["id"]})["custom_field"] == {name: made["id"]}
        form = tenant.call("GET", "/settings/contacts/forms")["forms"][0]["id"]
        body = {"label": "Other", "field_type": "lookup", "lookup_entity": "cm_none"}
        assert tenant.refused("POST", f"/settings/contacts/forms/{form}/fields", body) == [
            "Lookup entity is invalid"
        ]

    def test_two_unique_fields_hold(self, tenant, site):
        names = [tenant.field("cm_site", label, unique=True) for label in ("Code", "Number")]
        form = tenant.call("GET", "/settings/cm_site/forms")["forms"][0]["id"]
        third = {"label": "Third", "field_type": "text", "unique": True}
        assert "unique" in tenant.refused("POST", f"/settings/cm_site/forms/{form}/fields", third)[0]
        first = record(tenant, custom_field={names[0]: "A", names[1]: "1"})
        again = {"cm_site": {"name": "x", "custom_field": {names[0]: "a"}}}
        assert tenant.refused("POST", "/custom_module/cm_site", again) == ["Code has already been taken"]
        path = f"/custom_module/cm_site/{first['id']}"
        same = {"cm_site": {"name": "Renamed", "custom_field": {names[0]: "A"}}}
        assert tenant.call("PUT", path, same)["cm_site"]["name"] == "Renamed"

    def test_no_more_than_310_fields_and_the_caps_per_type(self, tenant, site):
        form = tenant.call("GET", "/settings/cm_site/forms")["forms"][0]["id"]
        path = f"/settings/cm_site/forms/{form}/fields"
        kinds = {"text": 70, "number": 70, "checkbox": 70, "date": 70, "textarea": 20}
        for kind, most in kinds.items():
            for number in range(most):
                create_custom_field(tenant.state, "cm_site", {"label": f"{kind} {number}", "type": kind})
            over = tenant.refused("POST", path, {"label": f"{kind} over", "field_type": kind})
            assert over == [f"You have reached the maximum number of {kind} fields allowed in your plan"]
        for number in range(4):
            tenant.call("POST", path, {"label": f"look {number}", "field_type": "lookup"})
        assert len(fields_of(tenant)) == 310
        assert tenant.refused("POST", path, {"label": "One more", "field_type": "lookup"}) == [
            "You have reached the maximum number of fields of a module (310)"
        ]


class TestRecords:
    def test_a_record_has_a_creator_and_no_creater(self, tenant, site):
        made = record(tenant, owner_id=tenant.state.user_id)
        assert made["creator_id"] == made["updater_id"] == made["owner_id"] == tenant.state.user_id
        assert "creater_id" not in made
        assert made["links"]["notes"].startswith(f"/crm/sales/custom_module/cm_site/{made['id']}/notes")
        read = tenant.call("GET", f"/custom_module/cm_site/{made['id']}?include=owner")
        assert read["cm_site"] == made
        assert [user["id"] for user in read["users"]] == [tenant.state.user_id]
        assert "meta" not in read

    def test_creator_and_stamps_cannot_be_written(self, tenant, site):
        made = record(tenant, creator_id=1, created_at="2001-01-01T00:00:00Z")
        assert made["creator_id"] == tenant.state.user_id
        assert not made["created_at"].startswith("2001")

    def test_a_name_is_needed_and_an_owner_known(self, tenant, site):
        assert tenant.refused("POST", "/custom_module/cm_site", {"cm_site": {"owner_id": 1}}) == [
            "Sales owner is invalid",
            "Name can't be blank",
        ]

    def test_changes_keep_the_rest_and_can_be_taken_back(self, tenant, site):
        code, note = tenant.field("cm_site", "Code"), tenant.field("cm_site", "Remark")
        made = record(tenant, custom_field={code: "N1"})
        path, before = f"/custom_module/cm_site/{made['id']}", tenant.state.canonical()
        changed = tenant.call("PUT", path, {"cm_site": {"custom_field": {note: "x"}}})["cm_site"]
        assert changed["custom_field"] == {code: "N1", note: "x"}
        assert tenant.state.canonical() != before
        tenant.call("PUT", path, {"cm_site": {"custom_field": {note: None}}})
        assert tenant.state.canonical() == before

    def test_deleted_binned_forgotten(self, tenant, site):
        before = tenant.state.canonical()
        made, kept = record(tenant), record(tenant, "South wing")
        path = f"/custom_module/cm_site/{made['id']}"
        assert tenant.call("DELETE", path) == {"message": "Site deleted."}
        assert tenant.refused("GET", path, status=404) == ["Site not found"]
        bin_rows = tenant.view("custom_module/cm_site", "Recycle Bin")["cm_site"]
        assert [(row["id"], row["is_deleted"]) for row in bin_rows] == [(made["id"], True)]
        assert tenant.call("DELETE", f"{path}/forget") is True
        assert tenant.view("custom_module/cm_site", "Recycle Bin")["cm_site"] == []
        assert tenant.call("DELETE", f"/custom_module/cm_site/{kept['id']}/forget") is True
        assert tenant.state.canonical() == before
        tenant.refused("DELETE", f"{path}/forget", status=404)

    def test_a_clone_leaves_out_unique_values(self, tenant, site):
        code = tenant.field("cm_site", "Code", unique=True)
        size = tenant.field("cm_site", "Size")
        made = record(tenant, custom_field={code: "A", size: "L"})
        path = f"/custom_module/cm_site/{made['id']}/clone"
        copy = tenant.call("POST", path, {"cm_site": {"name": "Copy"}})["cm_site"]
        assert copy["id"] != made["id"]
        assert (copy["name"], copy["custom_field"]) == ("Copy", {size: "L"})
        assert tenant.call("POST", path)["cm_site"]["name"] == "North wing"

    def test_many_are_destroyed_at_once(self, tenant, site):
        ids = [record(tenant, f"Site {number}")["id"] for number in range(3)]
        body = {"selected_ids": [*ids[:2], 5]}
        assert tenant.call("POST", "/custom_module/cm_site/bulk_destroy", body) == {
            "message": "2 records deleted."
        }
        assert [row["id"] for row in tenant.view("custom_module/cm_site", "All Sites")["cm_site"]] == ids[2:]

    @pytest.mark.parametrize("path", ["upsert", "bulk_upsert"])
    def test_there_is_no_upsert(self, tenant, site, path):
        assert tenant.client.post(f"/crm/sales/api/custom_module/cm_site/{path}", json={}).status_code == 404

    def test_a_note_on_a_record(self, tenant, site):
        made = record(tenant)
        target = {"targetable_type": "CmSite", "targetable_id": made["id"]}
        tenant.call("POST", "/notes", {"description": "Damp", **target})
        read = tenant.call("GET", f"/custom_module/cm_site/{made['id']}?include=notes")
        assert read["cm_site"]["recent_note"] == "Damp"
        assert [note["description"] for note in read["notes"]] == ["Damp"]
        link = {"url": "https://x.example", "name": "Plan", **target}
        assert tenant.refused("POST", "/document_links", link) == ["Targetable type is invalid"]


class TestFinding:
    def test_views_page_sort_and_scroll(self, tenant, site):
        ids = [record(tenant, name)["id"] for name in ("B", "C", "A")]
        page = tenant.view("custom_module/cm_site", "All Sites", "per_page=2&sort=name&sort_type=asc")
        assert [row["name"] for row in page["cm_site"]] == ["A", "B"]
        assert (page["meta"]["total"], page["meta"]["total_pages"]) == (3, 2)
        filters = tenant.call("GET", "/custom_module/cm_site/filters")["filters"]
        assert [view["name"] for view in filters] == ["My Sites", "All Sites", "Recycle Bin"]
        path = f"/custom_module/cm_site/scroll/{filters[1]['id']}?limit=2"
        first = tenant.call("GET", path)
        assert first["meta"] == {"has_next_page": True, "last_fetched_id": ids[1]}
        rest = tenant.call("GET", f"{path}&last_fetched_id={ids[1]}")
        assert [row["id"] for row in rest["cm_site"]] == ids[2:]

    def test_my_records_are_those_i_own(self, tenant, site):
        record(tenant, "Nobody's")
        mine = record(tenant, "Mine", owner_id=tenant.state.user_id)
        assert [row["id"] for row in tenant.view("custom_module/cm_site", "My Sites")["cm_site"]] == [
            mine["id"]
        ]

    def test_filtered_search_by_field_and_time(self, tenant, site):
        code = tenant.field("cm_site", "Code", unique=True)
        made = record(tenant, custom_field={code: "N1"})
        record(tenant, "Other", custom_field={code: "N2"})
        found = search(tenant, code, "N1")
        assert (found["cm_site"], found["meta"]) == (
            [
                {
                    "partial": True,
                    **{name: made[name] for name in ("id", "name", "avatar", "created_at", "updated_at")},
                }
            ],
            {"total": 1},
        )
        assert search(tenant, "updated_at", "2001-01-01T00:00:00Z", "is_after")["meta"]["total"] == 2

    def test_full_text_search_includes_the_module(self, tenant, site):
        made = record(tenant)
        (hit,) = tenant.call("GET", "/search?q=north&include=contact,cm_site")
        assert (hit["id"], hit["type"], hit["name"]) == (str(made["id"]), "cm_site", "North wing")


class TestSeeds:
    def test_a_dump_restores_modules_fields_and_records(self, tenant, tenant_on, site):
        tenant.call("DELETE", f"{SETTINGS}/{define(tenant, entity_name='cm_gone')['id']}")
        define(tenant, entity_name="cm_room", plural_name="Rooms")
        code = tenant.field("cm_room", "Code", "dropdown", choices=["A", "B"], unique=True)
        made = tenant.call(
            "POST", "/custom_module/cm_room", {"cm_room": {"name": "R", "custom_field": {code: "A"}}}
        )
        seed = json.loads(json.dumps(tenant.state.dump()))
        other = tenant_on()
        other.state.load_seed(seed)
        assert other.state.canonical() == tenant.state.canonical()
        assert json.loads(json.dumps(other.state.dump())) == seed
        forms = [one.call("GET", "/settings/cm_room/forms") for one in (tenant, other)]
        assert forms[0] == forms[1]
        again = {"cm_room": {"name": "S", "custom_field": {code: "A"}}}
        assert other.refused("POST", "/custom_module/cm_room", again) == ["Code has already been taken"]
        later = other.call("POST", "/custom_module/cm_room", {"cm_room": {"name": "S"}})["cm_room"]
        assert later["id"] > made["cm_room"]["id"]
        field_ids = [field["id"] for field in seed["fields"]["cm_room"]]
        other.field("cm_room", "Later")
        assert other.state.dump()["fields"]["cm_room"][-1]["id"] not in field_ids

    def test_a_seed_written_by_hand(self, tenant):
        tenant.state.load_seed(
            {
                "module_customizations": [
                    {"entity_name": "cm_site", "singular_name": "Site", "plural_name": "Sites"}
                ],
                "custom_fields": {"cm_site": [{"label": "Code"}]},
                "cm_site": [{"name": "North wing", "custom_field": {"cf_code": "N1"}}],
            }
        )
        (row,) = search(tenant, "cf_code", "N1")["cm_site"]
        assert row["name"] == "North wing"
