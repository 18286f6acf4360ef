"""What is printed: tables, progress and log lines, on a terminal and elsewhere."""

import io
import json
import logging

import pytest
from rich.console import Console

from sample_results import DIFF, RESULTS, STATUS
from wherry.app.progress import Silent
from wherry.entrypoints.cli import runs
from wherry.entrypoints.cli.logs import start_logging
from wherry.entrypoints.cli.options import Flags
from wherry.entrypoints.cli.progress import Bar, Lines, progress_for
from wherry.entrypoints.cli.screen import Screen, terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_plain_table_aligns_numbers_to_the_right():
    out = io.StringIO()
    Screen(out).table(["stream", "read", "note"], [["patients", 1500, "x"], ["notes", 7, None]])
    assert out.getvalue() == "stream     read  note\npatients  1,500  x\nnotes         7\n"


def test_a_table_without_rows_and_empty_facts_print_nothing():
    out = io.StringIO()
    Screen(out).table(["a"], [])
    Screen(out).facts([("a", None), ("b", "")])
    assert out.getvalue() == ""


def test_facts_are_aligned():
    out = io.StringIO()
    Screen(out).facts([("run", "r1"), ("calls", 1200)])
    assert out.getvalue() == "run    r1\ncalls  1,200\n"


@pytest.mark.parametrize("tty", [True, False])
def test_what_would_steer_a_terminal_is_shown_as_its_code(monkeypatch, tty):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal() if tty else io.StringIO()
    screen = Screen(out)
    screen.line("a\x1b[2Jb")
    screen.table(["c"], [["d\x1b]0;title\x07"], ["e\nf\u202eg"]])
    said = out.getvalue()
    for code in ("a\\x1b[2Jb", "d\\x1b]0;title\\x07", "e\\nf\\u202eg"):
        assert code in said
    assert "\x1b[2J" not in said
    assert "\x07" not in said


@pytest.mark.parametrize(("width", "below"), [(50, True), (200, False)])
def test_sentences_stand_below_their_row_where_a_terminal_is_narrow(monkeypatch, width, below):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    out = Terminal()
    Screen(out).table(
        ["field", "place", "evidence"], [["sex", "contacts.custom:Gender", "why it is so, " * 6]]
    )
    lines = [line.rstrip() for line in out.getvalue().split("\n")]
    assert ("sex  contacts.custom:Gender" in lines) is below
    assert max(map(len, lines)) <= width
    if below:
        assert [line for line in lines if line.startswith("  why it is so, why it is so")]


def test_square_brackets_are_text_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    screen = Screen(out)
    screen.line("[aerona:notes:1]")
    screen.heading("[bold]")
    screen.table(["a", "b"], [["[red]", 1]])
    assert "[aerona:notes:1]" in out.getvalue()
    assert "[bold]" in out.getvalue()
    assert "[red]" in out.getvalue()


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    Screen(out).heading("Next")
    assert "\x1b[3" not in out.getvalue()


def test_a_dumb_terminal_and_a_pipe_get_plain_text(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(Terminal()) is None
    assert terminal(io.StringIO()) is None


def test_the_conservation_table_leaves_out_columns_of_zeros():
    out = io.StringIO()
    runs.show_status(Screen(out), STATUS)
    header = out.getvalue().splitlines()[1].split()
    assert header == ["stream", "read", "created", "merged"]
    assert "API calls: 812 of 5,000 an hour" in out.getvalue()


def test_the_diff_names_its_rules():
    out = io.StringIO()
    runs.show_diff(Screen(out), DIFF)
    assert "2 equal after a rule (phone_e164 2)" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (0, "1 min")]
)
def test_a_duration_is_rounded_up(seconds, words):
    assert runs.duration(seconds) == words


def test_lines_are_said_now_and_then_and_at_the_end():
    out = io.StringIO()
    times = iter([0.0, 1.0, 11.0, 11.0, 12.0, 12.0])
    lines = Lines(out, lambda: next(times))
    lines.start("patients", 500)
    lines.advance(10)
    lines.advance(90)
    lines.finish()
    lines.finish()
    assert out.getvalue() == "patients: 100 of 500\npatients: 100 of 500, done\n"


def test_work_of_unknown_length_is_counted():
    out = io.StringIO()
    lines = Lines(out, lambda: 0.0)
    lines.start("reading", None)
    lines.advance(3)
    lines.start("more", 1)
    assert out.getvalue() == "reading: 3, done\n"


def test_a_bar_is_drawn_and_taken_away():
    out = io.StringIO()
    bar = Bar(Console(file=out, force_terminal=True, width=80))
    bar.advance(1)
    bar.start("patients", 3)
    bar.advance(3)
    bar.finish()
    bar.finish()
    assert "patients" in out.getvalue()


def test_quiet_means_no_progress():
    assert isinstance(progress_for(Flags(quiet=True), None), Silent)
    assert isinstance(progress_for(Flags(), None), Lines)
    silent = Silent()
    silent.start("x", 1)
    silent.advance()
    silent.finish()


@pytest.fixture
def ours():
    logger = logging.getLogger("wherry")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield logging.getLogger("wherry.engine.load")
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def test_a_json_log_line_has_its_action_and_facts(ours, capsys):
    start_logging(Flags(log_format="json", verbose=True), None)
    ours.info("record rejected", extra={"action": "record_rejected", "key": "patients/7"})
    line = json.loads(capsys.readouterr().err)
    assert (line["action"], line["key"], line["level"]) == ("record_rejected", "patients/7", "info")
    assert line["message"] == "record rejected"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_exception_in_a_log_line_is_its_type_only(ours, capsys, log_format):
    start_logging(Flags(log_format=log_format), None)
    ours.error("a batch failed", extra={"action": "batch_failed"}, exc_info=ValueError("Ana Patient"))
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert "batch_failed" in err
    assert "Ana" not in err


def test_without_verbose_only_warnings_are_said(ours, capsys):
    start_logging(Flags(), None)
    ours.info("quiet")
    ours.warning("loud")
    assert capsys.readouterr().err == "warning: loud\n"


def test_log_lines_go_above_a_bar(ours):
    out = io.StringIO()
    start_logging(Flags(), Console(file=out, width=40))
    ours.warning("a [bracket] line that is longer than the console is wide, and stays one line")
    assert out.getvalue().count("\n") == 1
    assert "[bracket]" in out.getvalue()


@pytest.mark.parametrize("name", sorted(set(RESULTS) - {"estimate"}))
def test_every_result_can_be_shown_on_a_terminal(name, monkeypatch):
    from importlib import import_module

    monkeypatch.setenv("TERM", "xterm")
    verb, _, part = name.partition("-")
    module = import_module(f"wherry.entrypoints.cli.verbs.{verb}")
    shows = {"show": "show_entries", "verify": "show_verdict", "export": "show_pack"}
    show = getattr(module, shows.get(part, "show"), None) or module.show_status
    out = Terminal()
    show(Screen(out), RESULTS[name])
    assert out.getvalue().strip()
