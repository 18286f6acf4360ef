"""The command: what it refuses, what it prints, and what it keeps."""

import json
import signal
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from wherry_emulators.freshsales.faults import KINDS
from wherry_emulators.freshsales.switches import switch_table
from wherry_emulators.main import main

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "emulator-freshsales.md"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--switch", "rate.limit_minute=1"], "no switch is called 'rate.limit_minute'"),
        (["--switch", "rate.limit_min=x"], "a whole number of at least 1"),
        (["--faults", "[{"], "faults cannot be read"),
        (["--faults", '[{"kind":"flood"}]'], "kind 'flood' is none of"),
        (["--plan", "gold"], "'gold' is not one of"),
        (["--host", "0.0.0.0"], "not a loopback address"),
        (["--host", "example.com"], "not a loopback address"),
        (["--zone", "Mars/Base"], "clock: "),
        (["--clock-scale", "0"], "above 0"),
        (["--seed-file", "nowhere.json"], "nowhere.json cannot be loaded"),
        (["--api-key", "a", "--api-key", "a"], "given twice"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_code_2(args, complaint):
    result = CliRunner().invoke(main, ["freshsales", *args])
    assert result.exit_code == 2
    assert complaint in result.output
    assert "Traceback" not in result.output


def test_a_port_in_use_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["freshsales", "--port", port])
    assert result.exit_code == 2
    assert f"port {port} on 127.0.0.1 cannot be opened" in result.output


def test_help_names_every_option():
    result = CliRunner().invoke(main, ["freshsales", "--help"])
    assert result.exit_code == 0
    for option in (
        "--port",
        "--plan",
        "--faults",
        "--switch",
        "--state-file",
        "--ready-file",
        "--clock-scale",
    ):
        assert option in result.output


def test_the_ready_file_holds_the_address_and_sigterm_is_an_orderly_end(emulator_factory, tmp_path):
    emulator = emulator_factory("--ready-file", str(tmp_path / "ready"))
    assert (tmp_path / "ready").read_text() == emulator.url
    emulator.process.send_signal(signal.SIGTERM)
    assert emulator.process.wait(10) == 0
    emulator.errors.seek(0)
    assert emulator.errors.read() == ""


def test_the_state_file_carries_the_account_over(emulator_factory, tmp_path):
    file = tmp_path / "state.json"
    args = ("--state-file", str(file), "--switch", "bulk.delay_ms=60000")
    first = emulator_factory(*args)
    first.call("POST", "/contacts", {"contact": {"last_name": "Moss", "email": "a@example.com"}})
    rows = [{"emails": "b@example.com", "data": {"last_name": "Vale"}}]
    assert first.call("POST", "/contacts/bulk_upsert", {"contacts": rows})[0] == 200
    assert [one["email"] for one in first.admin("records/contact")] == ["a@example.com"]
    assert first.stop() == 0
    assert json.loads(file.read_text())["contacts"]
    second = emulator_factory(*args)
    assert [one["email"] for one in second.admin("records/contact")] == ["a@example.com", "b@example.com"]


def test_a_dump_is_a_seed_of_the_same_account(emulator_factory, tmp_path):
    first = emulator_factory("--seed", "3")
    first.call("POST", "/contacts", {"contact": {"last_name": "Moss", "email": "a@example.com"}})
    first.call("POST", "/sales_accounts", {"sales_account": {"name": "North Ltd"}})
    (tmp_path / "seed.json").write_text(json.dumps(first.admin("dump")))
    second = emulator_factory("--seed-file", str(tmp_path / "seed.json"))
    assert second.admin("state") == first.admin("state")
    assert second.admin("digest") == first.admin("digest")
    assert second.admin("dump") == first.admin("dump")


def test_the_reference_names_every_switch_fault_and_option():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [
        one.name for one in switch_table() if f"| `{one.name}` |" not in text or one.meaning not in text
    ] == []
    assert [kind for kind, info in KINDS.items() if f"| `{kind}` | {info.meaning} |" not in text] == []
    options = [option.opts[0] for option in main.commands["freshsales"].params]
    assert [option for option in options if option not in text] == []
