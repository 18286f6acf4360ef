"""The shape of the sources: small files and functions, a promise on everything public, no attics."""

import ast
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from source_reading import ROOT, project_files, python_files, tree_of

FILE_LINES = 500
FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core", "misc"}
SHIPPED = python_files("src", "examples", "benchmarks")
TESTS = python_files("tests")

MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:work|root|home/\w+|Users/\w+)/\w")
SECRET = re.compile(
    r"(?<!\w)AKIA[0-9A-Z]{16}|(?<!\w)gh[pousr]_\w{36}|(?<!\w)xox[abpr]-\w{10}|(?<!\w)sk-\w{24}|-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{20,}\.eyJ"
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SHIPPED, *TESTS], ids=name_of)
def test_a_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_a_function_is_short(path):
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("path", python_files("src"), ids=name_of)
def test_everything_public_makes_a_promise(path):
    without = [name for name, node in public(tree_of(path)) if not (ast.get_docstring(node) or "").strip()]
    assert not without


def public(tree: ast.Module) -> list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]]:
    """Return the module, its public functions and classes, and their public methods."""
    found: list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]] = [("module", tree)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                found += [
                    (f"{node.name}.{method.name}", method)
                    for method in node.body
                    if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
                ]
    return found


def test_no_file_is_named_for_being_a_leftover():
    assert not [name_of(p) for p in project_files() if p.stem in FORBIDDEN_NAMES]
    folders = {part for p in project_files() for part in p.relative_to(ROOT).parts[:-1]}
    assert not folders & FORBIDDEN_NAMES


def test_the_tree_holds_no_machine_s_path_and_no_secret():
    found = []
    for path in project_files():
        if path.suffix in {".zip", ".png", ".woff2"} or path.name == "uv.lock":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATH.search(line) or SECRET.search(line):
                found.append(f"{name_of(path)}:{number}")
    assert not found


@pytest.mark.parametrize("text", ["see {}home/ana/x", "open('{}root/a')", "{}work/main"])
def test_a_machine_s_path_would_be_found(text):
    assert MACHINE_PATH.search(text.format("/"))


def test_only_the_wheel_s_own_names_are_entry_points():
    scripts = {e.name: e.value for e in entry_points(group="console_scripts") if e.value.startswith("wherry")}
    assert scripts == {
        "wherry": "wherry.entrypoints.cli.main:main",
        "wherry-emulator": "wherry_emulators.main:main",
    }
    connectors = {e.name: e for e in entry_points(group="wherry.connectors")}
    assert set(connectors) == {"aerona", "csv", "freshsales"}
    for entry in (*connectors.values(), *entry_points(group="console_scripts", name="wherry-emulator")):
        assert callable(entry.load())
