"""The questions of a review: answers that are none are asked again, and Enter takes only what is likely."""

from collections.abc import Callable, Iterator

import pytest

from wherry.entrypoints.cli.verbs import propose
from wherry.mapping.proposer.choices import ChoiceProposal
from wherry.mapping.proposer.review import Choice, Decision, Row
from wherry.mapping.proposer.worded import ValueLine
from wherry.model.mapping import Band

ROW = Row(file="f", line="", column="custom:Odd \x1b[2J", to="custom:Odd", band=Band.AMBER, evidence="why")
BARRED = Row(file="f", line="", column="custom:NI Number", to="", band=Band.RED, evidence="why")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def lines(*answers: str) -> None:
        left: Iterator[str] = iter(answers)
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt="": next(left))

    return lines


def word(choice: str, confidence: float) -> ValueLine:
    found = ChoiceProposal(choice=choice, confidence=confidence, band=Band.AMBER, evidence="like it")
    return ValueLine(
        table="sex", stream="patients", field="sex", word="x\x1b[2J", records=1, target="contacts.x", found=found,
        offered=("Male", "Female"),
    )  # fmt: skip


def test_answers_that_are_none_are_asked_again(typed, capsys):
    typed("zzz", "", "r", "   ", "\x1b[2J", " Seen at ")
    assert propose._ask_row(ROW) == Decision(choice=Choice.RENAME, label="Seen at")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("a field needs a label") == 2


@pytest.mark.parametrize(("key", "choice"), [("k", Choice.KEEP), ("l", Choice.LEAVE), ("s", Choice.LATER)])
def test_each_letter_is_a_decision(typed, key, choice):
    typed(key)
    assert propose._ask_row(ROW) == Decision(choice=choice)


@pytest.mark.parametrize(("answer", "moves"), [("", False), ("yes", False), ("NI Number", True)])
def test_a_barred_column_moves_only_by_its_whole_name(typed, answer, moves):
    typed(answer)
    assert (propose._ask_row(BARRED).choice is Choice.RENAME) is moves


@pytest.mark.parametrize(
    ("answers", "confidence", "entry"),
    [
        ([""], 0.9, "Female"),
        ([""], 0.6, ""),
        (["2"], 0.6, "Female"),
        (["7", "s"], 0.9, ""),
    ],
)
def test_enter_takes_an_entry_only_where_it_is_likely(typed, capsys, answers, confidence, entry):
    typed(*answers)
    assert propose._ask_word(word("Female", confidence)) == entry
    assert "\x1b" not in capsys.readouterr().err
