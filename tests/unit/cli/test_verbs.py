"""Each verb calls one function with what was typed, prints its result, and exits with its code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sample_results import LINE, PLAN, PREVIEW, RESULTS, ROLLBACK, STATUS
from wherry.app.results import MatchResult
from wherry.app.run_results import ReconcileResult
from wherry.entrypoints.cli.catalogue import VERBS
from wherry.entrypoints.cli.main import cli
from wherry.model.errors import PreflightFailed, SettingsInvalid

UNBUILT = ("serve",)

# words → module of app, its function, what it is called with after the workspace, whose result it returns
CALLS = [
    ("doctor", "doctor", "", (), {}, "doctor"),
    ("discover", "discover", "", (), {}, "discover"),
    ("propose", "propose", "", (), {}, "propose"),
    ("estimate", "estimate", "", (), {}, "estimate"),
    ("plan", "plan", "", (), {"output": None}, "plan"),
    ("plan -o p.json", "plan", "", (), {"output": Path("p.json")}, "plan"),
    ("rehearse", "rehearse", "", (), {}, "rehearse"),
    ("prepare", "prepare", "", (), {}, "prepare"),
    ("load", "load", "", (), {"wait": True, "stand_by": False}, "status"),
    ("load --no-wait", "load", "", (), {"wait": False, "stand_by": False}, "status"),
    ("load --stand-by", "load", "", (), {"wait": True, "stand_by": True}, "status"),
    ("reconcile", "reconcile", "", (), {"run": ""}, "reconcile"),
    ("reconcile --run r2", "reconcile", "", (), {"run": "r2"}, "reconcile"),
    ("retry", "retry", "", (), {"where": {}}, "status"),
    (
        "retry --where reason=orphan --where stream=notes",
        "retry",
        "",
        (),
        {"where": {"reason": "orphan", "stream": "notes"}},
        "status",
    ),
    (
        "rollback --confirm 9c41 --run r2",
        "rollback",
        "",
        (),
        {"preview": False, "run": "r2", "confirm": "9c41"},
        "rollback",
    ),
    ("rollback --preview", "rollback", "", (), {"preview": True, "run": "", "confirm": ""}, "rollback"),
    ("purge --preview", "purge", "", (), {"preview": True, "confirm": ""}, "purge"),
    ("purge --confirm 9c419c41", "purge", "", (), {"preview": False, "confirm": "9c419c41"}, "purge"),
    ("report", "report", "", (), {}, "report"),
    ("status", "status", "", (), {"run": ""}, "status"),
    ("status --watch --run r3", "status", "", (), {"run": "r3"}, "status"),
    ("audit show --limit 3", "audit", "show", (), {"run": "", "limit": 3}, "audit-show"),
    ("audit verify", "audit", "verify", (), {}, "audit-verify"),
    ("audit export -o e.zip", "audit", "export", (), {"output": Path("e.zip")}, "audit-export"),
    (
        "approve 9c41 --by Maria --for sample,load --for load",
        "approve",
        "",
        ("9c41",),
        {"by": "Maria", "runs": ("sample", "load"), "unlock": (), "purpose": "", "basis": ""},
        "approve",
    ),
    (
        "approve 9c41 --by Maria --unlock clinical --purpose care --basis consent",
        "approve",
        "",
        ("9c41",),
        {"by": "Maria", "runs": (), "unlock": ("clinical",), "purpose": "care", "basis": "consent"},
        "approve",
    ),
    (
        "sample --size 50 --seed 7",
        "sample",
        "",
        (),
        {"size": 50, "seed": 7, "keys": None, "show_values": False},
        "sample",
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_a_verb_passes_on_what_was_typed(wherry, replace_verb, call):
    words, module, function, args, kwargs, result = call
    verbs = replace_verb(module, RESULTS[result], function)
    ran = wherry("-C", "clinic", *words.split())
    assert ran.code == 0, ran.err
    assert ran.out.strip()
    ((_module, (_workspace, *rest), passed),) = verbs.calls
    assert (tuple(rest), passed) == (args, kwargs)
    assert verbs.opened == [Path("clinic")]
    assert verbs.closed == 1


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_json_is_exactly_the_result_s_document(wherry, replace_verb, call):
    words, module, function, _args, _kwargs, result = call
    replace_verb(module, RESULTS[result], function)
    ran = wherry(*words.split(), "--json")
    document = RESULTS[result].document()
    assert json.loads(ran.out) == document
    assert list(json.loads(ran.out)) == list(document)


def test_init_and_match_and_demo_need_no_workspace(wherry, replace_verb, tmp_path):
    columns, targets = tmp_path / "c.csv", tmp_path / "t.csv"
    for path in (columns, targets):
        path.write_text("x")
    verbs = replace_verb("init", RESULTS["init"])
    assert wherry("init", str(tmp_path / "new")).code == 0
    replace_verb("match", RESULTS["match"])
    assert wherry("match", str(columns), str(targets), "--object", "patients=contacts").code == 0
    replace_verb("demo", RESULTS["demo"])
    assert wherry("demo", "--keep").code == 0
    assert [(module, args) for module, args, _ in verbs.calls][:2] == [
        ("init", (tmp_path / "new",)),
        ("match", (columns, targets, {"patients": "contacts"})),
    ]
    assert not verbs.opened


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("approve 9c41 --by Maria --for everything", "everything"),
        ("approve 9c41 --for load", "--by"),
        ("retry --where phone=1", "reason=CODE"),
        ("retry --where reason", "reason=CODE"),
        ("rollback --preview --confirm x", "exclude each other"),
        ("purge --preview --confirm x", "exclude each other"),
        ("sample --size 0", "--size"),
        ("match nowhere.csv nowhere.csv", "nowhere.csv"),
        ("load --fast", "--fast"),
        ("loda", "did you mean load?"),
        ("audit", "audit"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(wherry, words, says):
    ran = wherry(*words.split())
    assert ran.code == 2
    assert says in ran.err
    assert not ran.out


def test_match_refuses_an_object_pair_without_two_sides(wherry, tmp_path):
    (tmp_path / "c.csv").write_text("x")
    path = str(tmp_path / "c.csv")
    assert "SOURCE=TARGET" in wherry("match", path, path, "--object", "patients").err


@pytest.mark.parametrize("name", UNBUILT)
def test_a_verb_that_is_not_built_says_what_to_use_instead(wherry, name):
    ran = wherry(name, "--json", "--counts", "x.csv")
    assert ran.code == 2
    error = json.loads(ran.out)["error"]
    assert "not built yet" in error["message"]
    assert error["hint"].startswith("use ")


def test_the_exit_code_is_the_result_s(wherry, replace_verb):
    replace_verb("rollback", replace(ROLLBACK, reverted=7, blocked=1))
    assert wherry("rollback", "--confirm", "x").code == 7


def test_reconcile_does_not_call_proved_what_nobody_can_read_back(wherry, replace_verb):
    result = RESULTS["reconcile"]
    assert isinstance(result, ReconcileResult)
    read = replace(result.streams["patients"], not_readable=0)
    replace_verb("reconcile", replace(result, streams={"patients": read}))
    assert "everything is proved\n" in wherry("reconcile").out
    replace_verb("reconcile", replace(result, streams={"patients": replace(read, not_readable=3)}))
    assert "everything that can be read back is proved; 3 fields cannot be" in wherry("reconcile").out


def test_next_steps_are_for_people_only(wherry, replace_verb):
    replace_verb("status", replace(STATUS, next_steps=("wherry reconcile",)))
    assert wherry("status").out.endswith("Next\n  wherry reconcile\n")
    assert "wherry reconcile" not in wherry("status", "--json").out


def test_watching_looks_until_the_run_is_over(wherry, replace_verb):
    answers = iter([replace(STATUS, state="running", eta_seconds=90), STATUS])
    verbs = replace_verb("status", lambda: next(answers))
    ran = wherry("status", "--watch", "--every", "0.2")
    assert len(verbs.calls) == 2
    assert "about 2 min to go" in ran.out
    assert ran.out.count("run r3 (load)") == 2


def test_on_a_terminal_rollback_asks_and_a_no_writes_nothing(wherry, replace_verb, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    verbs = replace_verb("rollback", replace(ROLLBACK, preview=PREVIEW))
    answers = iter([False, True])

    def ask(*_args: object, **_kwargs: object) -> bool:
        if not next(answers):
            raise __import__("click").Abort
        return True

    monkeypatch.setattr("click.confirm", ask)
    assert wherry("rollback").code == 130
    assert [kwargs["preview"] for _, _, kwargs in verbs.calls] == [True]
    wherry("rollback")
    assert verbs.calls[-1][2] == {"preview": False, "run": "", "confirm": "9c41"}


def test_on_a_terminal_purge_shows_what_is_lost_and_asks(wherry, replace_verb, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    verbs = replace_verb("purge", RESULTS["purge"])
    answers = iter([False, True])

    def ask(*_args: object, **_kwargs: object) -> bool:
        if not next(answers):
            raise __import__("click").Abort
        return True

    monkeypatch.setattr("click.confirm", ask)
    refused = wherry("purge")
    assert refused.code == 130
    assert "can no longer be taken back  10" in refused.out
    assert [kwargs["preview"] for _, _, kwargs in verbs.calls] == [True]
    wherry("purge")
    assert verbs.calls[-1][2] == {"preview": False, "confirm": "9c41" * 16}


@pytest.mark.parametrize("flag", ["--non-interactive", "--json"])
def test_nothing_is_asked_where_nobody_answers(wherry, replace_verb, monkeypatch, flag):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    verbs = replace_verb("rollback", ROLLBACK)
    wherry("rollback", flag)
    assert [kwargs["preview"] for _, _, kwargs in verbs.calls] == [False]


@pytest.mark.parametrize("error", [SettingsInvalid, PreflightFailed])
def test_an_estimate_that_cannot_open_anything_names_the_way_without(wherry, replace_verb, error):
    replace_verb("estimate", error("there is no export", hint="set it"))
    assert wherry("estimate").err.endswith("hint: set it; from counts alone: wherry estimate --counts FILE\n")


def test_a_plan_lists_what_waits_apart_from_what_is_rejected(wherry, replace_verb):
    reject = {"stream": "invoices", "reason": "no_id", "count": 1, "hint": "h", "keys": []}
    waits = {
        "stream": "instalments",
        "reason": "blocked_by_parent",
        "count": 18,
        "until": "that one is signed",
    }
    plan = replace(PLAN, rejects=(reject,), extra={"deferred": [waits]})
    replace_verb("plan", replace(RESULTS["plan"], plan=plan))
    rejects, _, deferred = wherry("plan").out.partition("\nDeferred")
    assert rejects.partition("Rejects foreseen")[2].count("\n") == 3  # heading, columns, one line
    assert "that one is signed" in deferred.splitlines()[2]
    document = json.loads(wherry("plan", "--json").out)
    assert (document["rejects"], document["deferred"]) == ([reject], [waits])


def test_a_plan_says_how_each_step_of_the_admin_stands(wherry, replace_verb):
    told = (
        ("task_type", True, "done"),
        ("field", False, "to do"),
        ("automations", None, "cannot be checked"),
    )
    steps = tuple({"id": name, "what": "w", "why": "y", "verified": verified} for name, verified, _ in told)
    replace_verb("plan", replace(RESULTS["plan"], plan=replace(PLAN, manual_steps=steps)))
    shown = wherry("plan").out.partition("Steps for the admin\n")[2].splitlines()[1:4]
    assert [line.split("  ")[0] for line in shown] == [name for name, _, _ in told]
    assert all(state in line for line, (_, _, state) in zip(shown, told, strict=True))
    assert json.loads(wherry("plan", "--json").out)["manual_steps"] == list(steps)


def test_fields_that_stay_are_counted_by_object_and_all_else_is_named(wherry, replace_verb):
    lines = [
        {"what": f"custom field '{n}' on {s}", "why": "they stay", "stream": s, "field": n}
        for s, n in (("contacts", "Title"), ("contacts", "Gender"), ("deals", "Paid On"))
    ]
    module = {"what": "custom module 'Treatment_Plan__rv'", "why": "it stays"}
    plan = replace(PLAN, irreversible=(*lines, module))
    replace_verb("plan", replace(RESULTS["plan"], plan=plan))
    shown = wherry("plan").out.partition("Cannot be undone\n")[2]
    assert shown.startswith("3 custom fields, named above (contacts 2, deals 1): they stay\n")
    assert "custom module 'Treatment_Plan__rv': it stays\n" in shown
    assert json.loads(wherry("plan", "--json").out)["irreversible"] == [*lines, module]


def test_proposals_that_need_an_eye_are_printed(wherry, replace_verb):
    amber = replace(LINE, source_header="Tel 2", band="amber", confidence=0.61)
    replace_verb("propose", replace(RESULTS["propose"], proposals=(LINE, amber)))
    out = wherry("propose").out
    assert "Tel 2" in out
    assert "Mobile No." not in out
    assert "2 fields: 1 green, 1 amber" in out


def test_a_model_is_no_must_for_a_match():
    result = MatchResult(proposals=(), engine="lexicon", lexicon_sha256="0" * 64, model_sha256=None)
    assert result.document()["model_sha256"] is None


@pytest.mark.parametrize("name", list(VERBS))
def test_the_list_of_verbs_says_what_each_verb_says_of_itself(name):
    import click

    command = cli.get_command(click.Context(cli), name)
    assert (command.help or "").splitlines()[0] == VERBS[name]
    assert command.name == name


@pytest.mark.parametrize("name", list(VERBS))
def test_every_verb_takes_the_shared_flags(name):
    import click

    command = cli.get_command(click.Context(cli), name)
    options = {option for param in command.params for option in param.opts}
    shared = {"--project-dir", "-C", "--json", "--quiet", "--verbose", "--log-format", "--non-interactive"}
    assert shared <= options
