"""The diff as people read it: no value unless it was asked for, no formula, every discrepancy first."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.app.diff_report import COLUMNS, DiffReport, mask
from wherry.model.diff import FieldDiff, Verdict
from wherry.model.record import Key
from wherry.reconcile.proof import Proof

V = Verdict


def diff(
    verdict: Verdict = V.EQUAL, *, key: str = "7", field: str = "city", rule: str = "", **values: Any
) -> FieldDiff:
    given_ = {"source": "S", "expected": "E", "observed": "O", **values}
    return FieldDiff(
        key=Key("patients", key), part=1, stream="contacts", destination_id=11, field=field, label=field, verdict=verdict, rule=rule, **given_
    )  # fmt: skip


def written(folder: Path, records: list[list[FieldDiff]], *, show: bool) -> DiffReport:
    report = DiffReport(folder, "sample-r1", show_values=show)
    proof = Proof()
    with report:
        for diffs in records:
            report.add(diffs[0].key, diffs)
            proof.add(diffs, there=True)
    report.write_page(title="Sample r1", digest="d" * 64, proofs={"patients": proof})
    return report


def texts(report: DiffReport) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (report.csv, report.lines, report.html)]


SECRETS = st.text(st.characters(min_codepoint=0x3B1, max_codepoint=0x3C9), min_size=6, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=SECRETS,
    expected=SECRETS,
    observed=SECRETS | st.lists(SECRETS, min_size=1, max_size=2),
    verdict=st.sampled_from(V),
)
def test_no_value_is_in_any_output(
    tmp_path: Path, source: str, expected: str, observed: Any, verdict: Verdict
) -> None:
    records = [[diff(verdict, source=source, expected=expected, observed=observed)]]
    shown = "\n".join(texts(written(tmp_path, records, show=False)))
    for secret in (source, expected, *(observed if isinstance(observed, list) else [observed])):
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown


def test_values_are_shown_when_they_are_asked_for(tmp_path: Path) -> None:
    report = written(tmp_path, [[diff(source="Sligo", expected="Ennis <b>", observed="Tralee")]], show=True)
    table, lines, page = texts(report)
    assert all(word in text for text in (table, lines) for word in ("Sligo", "Ennis <b>", "Tralee"))
    assert "Ennis &lt;b&gt;" in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, None), ("", None), ("Ana", "•••• (3)"), (42, "•"), (1.5, "•"), (True, "•"), (["a", "b"], "•••• (2)"), ({"a": 1}, "•••• (1)")],
)  # fmt: skip
def test_a_mask_tells_only_whether_there_is_something_and_how_much(value: Any, shown: Any) -> None:
    assert mask(value) == shown


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-5", "@SUM", "\tx", "\rx"])
def test_no_cell_of_the_table_is_a_formula(tmp_path: Path, text: str) -> None:
    report = written(
        tmp_path,
        [[diff(key=text, field=text, source=text, expected=text, observed=text, rule=text)]],
        show=True,
    )
    with report.csv.open(encoding="utf-8", newline="") as file:
        (row,) = list(csv.reader(file))[1:]
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    (line,) = report.lines.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["expected"] == text  # programs get it as it is


def test_figures_and_rows(tmp_path: Path) -> None:
    records = [
        [diff(key="1"), diff(V.EQUAL_AFTER_RULE, key="1", rule="email")],
        [diff(V.DIFFERENT, key="2"), diff(V.MISSING, key="2")],
        [diff(V.NOT_READABLE, key="3")],
    ]
    report = written(tmp_path, records, show=False)
    assert (report.equal, report.discrepancies, dict(report.rules)) == (1, 2, {"email": 1})
    with report.csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["key"], row["verdict"]) for row in rows] == [
        ("1", "equal"), ("1", "equal_after_rule"), ("2", "different"), ("2", "missing"), ("3", "not_readable")
    ]  # fmt: skip
    page = report.html.read_text(encoding="utf-8")
    assert page.index("patients/2") < page.index("patients/1")


def test_discrepancies_are_on_the_page_however_many_records_are_before_them(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("wherry.app.diff_report.SHOWN_ON_PAGE", 3)
    records = [[diff(key=str(n))] for n in range(10)] + [[diff(V.MISSING, key="last")]]
    page = written(tmp_path, records, show=False).html.read_text(encoding="utf-8")
    assert "patients/last" in page
    assert "patients/2" not in page


def test_what_cannot_be_read_back_is_not_called_found(tmp_path: Path) -> None:
    for verdicts, says in (
        ([V.EQUAL], "Every field that was written was found as expected."),
        (
            [V.EQUAL, V.NOT_READABLE],
            "Every field that can be read back was found as expected; 1 cannot be read back.",
        ),
    ):
        report = written(tmp_path, [[diff(verdict) for verdict in verdicts]], show=False)
        assert says in report.html.read_text(encoding="utf-8")
