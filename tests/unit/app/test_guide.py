"""The recall guide: every rule once, live figures, no name unless asked for."""

import json

from wherry.app.guide import guide, write_guide


def rules(document):
    return {(r["type"], r["interval_months"], r["method"], r["exempt"]): r for r in document["rules"]}


def test_each_rule_of_the_source_stands_there_exactly_once(still):
    document = guide(still)
    assert len(document["rules"]) == len(rules(document))
    assert set(rules(document)) == {
        ("dentist", 6, "email", False),
        ("dentist", 6, "email", True),
        ("hygienist", 3, "sms", False),
        ("other", 12, "post", False),
    }
    assert [rule["number"] for rule in document["rules"]] == [1, 2, 3, 4]


def test_figures_are_of_what_lives_and_everything_read_is_counted(still):
    document = guide(still)
    found = rules(document)
    assert found["dentist", 6, "email", False]["live"] == 3
    assert found["dentist", 6, "email", False]["statuses"] == {"booked": 1, "due": 1, "sent": 1}
    other = found["other", 12, "post", False]  # the only patient has died: the rule is known, nothing is due
    assert (other["live"], other["left_out"], other["due"]) == (0, 1, [])
    assert document["recalls"] + document["duplicate_rows"] == 7
    assert document["live"] == 5
    assert document["exempt_patients"] == ["2"]


def test_due_lists_are_by_month_and_add_up(still):
    document = guide(still)
    for rule in document["rules"]:
        assert sum(month["count"] for month in rule["due"]) == rule["live"]
        assert all(month["count"] == len(month["patients"]) for month in rule["due"])
    due = rules(document)["dentist", 6, "email", False]["due"]
    assert [(m["month"], m["count"], m["booked"], m["overdue"]) for m in due] == [
        ("2026-11", 2, 1, False),
        ("2027-01", 1, 0, False),
    ]
    assert due[0]["patients"] == [{"id": "1"}, {"id": "2"}]
    assert rules(document)["hygienist", 3, "sms", False]["due"][0]["overdue"] is True
    assert rules(document)["dentist", 6, "email", True]["due"][0]["month"] == "undated"


def test_a_rule_says_what_it_becomes(still):
    found = rules(guide(still))
    assert "Allow Email is Yes" in found["dentist", 6, "email", False]["build"]
    assert "Nothing is built" in found["dentist", 6, "email", True]["build"]
    assert "a task" in found["other", 12, "post", False]["build"]


def test_three_files_say_the_same_and_name_nobody(still):
    ws = still
    paths = write_guide(ws)
    assert [path.name for path in paths] == ["recall-guide.json", "recall-guide.html", "recall-guide.md"]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert json.loads(texts[0]) == guide(ws)
    for text in texts:
        assert "Freshmarketer" in text
        assert "Cole" not in text
        assert "Brook" not in text
    assert texts[2].count("\n### Rule ") == 4
    assert texts[1].count("<h3>Rule ") == 4


def test_names_are_shown_only_when_asked_for_and_cannot_break_the_page(clinic):
    ws = clinic(settings="[report]\nshow_values = true\n")
    _, page, markdown = (path.read_text(encoding="utf-8") for path in write_guide(ws))
    assert "1 Ana Brook" in page
    assert "Ben &lt;Cole&gt;" in page
    assert "<Cole>" not in page + markdown


def test_a_clinic_without_recalls_gets_a_guide_that_says_so(clinic):
    ws = clinic(files={"recalls": "recallId,patientId\n"})
    assert (guide(ws)["rules"], guide(ws)["live"], guide(ws)["patients"]) == ([], 0, 0)
    assert all(path.exists() for path in write_guide(ws))
