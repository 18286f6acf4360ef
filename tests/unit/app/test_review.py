"""review(): what a person says of each row is in the files, in the diff, and comes back as a suggestion."""

from pathlib import Path
from typing import Any, cast

import pytest

from proposer_workspace import StandIn, files
from proposer_world import T, custom, source_catalog
from wherry.app.propose import propose
from wherry.app.results import ProposeResult
from wherry.app.review import Asker, review
from wherry.app.workspace import Workspace
from wherry.mapping.proposer.review import Choice, Decision, Row
from wherry.model.catalog import Privacy
from wherry.model.mapping import Band

OWN = (
    custom("Loyalty tier", T.TEXT),
    custom("Odd one", T.TEXT, privacy=Privacy.CLINICAL),
    custom("NI Number"),
)


@pytest.fixture
def world(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path, source=source_catalog(OWN))


def reviewed(
    world: StandIn, answers: dict[str, Decision], *, bulk: bool = True
) -> tuple[ProposeResult, list[Row]]:
    asked: list[Row] = []

    def answer(row: Row) -> Decision:
        asked.append(row)
        return answers.get(row.column, Decision(choice=Choice.LATER))

    result = review(cast("Workspace", world), Asker(row=answer, bulk=lambda _rows: bulk))
    return result, asked


def text(world: StandIn) -> str:
    return files(world)["01_patients.yaml"]


def test_green_rows_are_asked_in_bulk_and_the_others_one_by_one(world: StandIn) -> None:
    _, asked = reviewed(world, {})
    assert {row.column for row in asked} == {"custom:Odd one", "custom:NI Number"}
    assert {row.band for row in asked} == {Band.AMBER, Band.RED}
    _, asked = reviewed(world, {}, bulk=False)
    assert "custom:Loyalty tier" in {row.column for row in asked}


def test_nothing_said_changes_nothing(world: StandIn) -> None:
    propose(cast("Workspace", world))
    before = text(world)
    result, _ = reviewed(world, {})
    assert text(world) == before
    assert result.changed == ()


def test_each_word_is_written_and_shown_as_a_diff(world: StandIn) -> None:
    result, _ = reviewed(world, {"custom:Odd one": Decision(choice=Choice.RENAME, label="Seen at")})
    assert 'to: "custom:Seen at", from: "custom:Odd one"' in text(world)
    assert any(line.startswith("+") and "Seen at" in line for line in result.changed)
    assert "confirmed by a person" in text(world)


def test_a_column_that_is_left_out_says_so_and_stays_out(world: StandIn) -> None:
    reviewed(world, {"custom:Odd one": Decision(choice=Choice.LEAVE)})
    assert 'from: "custom:Odd one"' not in text(world)
    assert '"custom:Odd one": "left_out:a person decided"' in text(world)
    propose(cast("Workspace", world))
    assert 'from: "custom:Odd one"' not in text(world)


def test_a_kept_row_is_green_from_then_on(world: StandIn) -> None:
    reviewed(world, {"custom:Odd one": Decision(choice=Choice.KEEP)})
    _, asked = reviewed(world, {})
    assert "custom:Odd one" not in {row.column for row in asked}


def test_the_never_list_is_left_only_by_a_typed_word(world: StandIn) -> None:
    reviewed(world, {"custom:NI Number": Decision(choice=Choice.KEEP)})
    assert 'from: "custom:NI Number"' not in text(world)
    reviewed(world, {"custom:NI Number": Decision(choice=Choice.RENAME, label="NI Number")})
    assert 'from: "custom:NI Number"' in text(world)
    assert "moved all the same" in text(world)


def test_an_approval_is_a_suggestion_in_another_workspace_and_never_applied(
    world: StandIn, tmp_path: Path
) -> None:
    reviewed(world, {"custom:Odd one": Decision(choice=Choice.RENAME, label="Seen at")})
    other_root = tmp_path / "other"
    other_root.mkdir()
    other: Any = StandIn(other_root, source=source_catalog(OWN))
    (other.mapping_dir / "memory.json").write_bytes((world.mapping_dir / "memory.json").read_bytes())
    result = propose(cast("Workspace", other))
    line = next(p for p in result.proposals if p.source_header == "custom:Odd one")
    assert line.target == "contacts.custom:Odd one"
    assert "approved before: custom:Seen at" in line.evidence
    assert "Seen at" not in {p.target for p in result.proposals}


@pytest.mark.parametrize("broken", ["", "[]", '{"version": 1}', '{"version": 1, "places": []}', "\ufffd"])
def test_a_memory_that_cannot_be_read_is_none(world: StandIn, broken: str) -> None:
    (world.mapping_dir / "memory.json").write_text(broken, encoding="utf-8")
    assert propose(cast("Workspace", world)).proposals


def test_a_word_that_is_not_sure_is_asked_written_and_shown(world: StandIn) -> None:
    asked = []

    def word(line: Any) -> str:
        asked.append((line.table, line.word))
        return "Other" if line.table == "sex" else ""

    later = Asker(row=lambda _row: Decision(choice=Choice.LATER), bulk=lambda _rows: True, word=word)
    result = review(cast("Workspace", world), later)
    assert ("sex", "zq") in asked
    assert "  zq: Other  # confirmed by a person" in files(world)["values.yaml"]
    assert any(line.startswith("+") and "zq: Other" in line for line in result.changed)
    asked.clear()
    review(cast("Workspace", world), later)
    assert ("sex", "zq") not in asked
    assert files(world)["values.yaml"].count("zq: Other") == 1


def test_what_was_said_before_an_interrupt_is_written(world: StandIn) -> None:
    def answer(row: Row) -> Decision:
        if row.column == "custom:NI Number":
            raise KeyboardInterrupt
        return Decision(choice=Choice.RENAME, label="Seen at")

    with pytest.raises(KeyboardInterrupt):
        review(cast("Workspace", world), Asker(row=answer, bulk=lambda _rows: True))
    assert 'to: "custom:Seen at", from: "custom:Odd one"' in text(world)
    assert "custom:Seen at" in (world.mapping_dir / "memory.json").read_text()


def test_a_label_that_another_line_writes_is_refused_and_asked_again(world: StandIn) -> None:
    labels = iter(["gender", "Loyalty_Tier", "Seen at"])
    refused: list[str] = []

    def answer(row: Row) -> Decision:
        own = row.column == "custom:Odd one"
        return Decision(choice=Choice.RENAME, label=next(labels)) if own else Decision(choice=Choice.LATER)

    review(cast("Workspace", world), Asker(row=answer, bulk=lambda _rows: True, refuse=refused.append))
    assert len(refused) == 2
    assert 'to: "custom:Seen at", from: "custom:Odd one"' in text(world)


def test_a_row_is_not_asked_for_ever(world: StandIn) -> None:
    before = reviewed(world, {})[0].proposals
    _, asked = reviewed(world, {"custom:Odd one": Decision(choice=Choice.RENAME, label="Gender")})
    assert 'from: "custom:Odd one", type: text, band: amber' in text(world)
    assert [row.column for row in asked].count("custom:Odd one") == 5
    assert before


def test_the_result_shows_what_is_left_open_and_what_an_approval_opens_is_told(world: StandIn) -> None:
    told: list[str] = []
    asker = Asker(
        row=lambda row: Decision(choice=Choice.KEEP if row.band is Band.AMBER else Choice.LATER),
        bulk=lambda _rows: True,
        tell=lambda lines: told.extend(line.source_header for line in lines),
    )
    result = review(cast("Workspace", world), asker)
    open_lines = {p.source_header for p in result.proposals if p.band in {"amber", "red"}}
    assert "custom:NI Number" in open_lines
    assert "custom:Odd one" not in open_lines
    assert "nhsNumber" in told
    assert not {header for header in told if header.startswith("custom:")}


def test_a_memory_that_cannot_be_read_is_kept_beside_the_new_one(world: StandIn) -> None:
    (world.mapping_dir / "memory.json").write_text("<<<<<<< ours", encoding="utf-8")
    reviewed(world, {"custom:Odd one": Decision(choice=Choice.KEEP)})
    assert "custom:Odd one" in (world.mapping_dir / "memory.json").read_text()
    assert (world.mapping_dir / "memory.unreadable").read_text() == "<<<<<<< ours"
