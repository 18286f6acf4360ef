"""Reads the project's own sources for the tests of its shape: files, trees, reason codes."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+|deceased|forbidden|gone|merged|mojibake|orphan|refused|taken")
IN_SQL = re.compile(r"_reason = '(\w+)'|THEN '(\w+)' ELSE '(\w+)' END AS reason")
IN_YAML = re.compile(r"\breason: (\w+)|^  \w+: (row_\w+)$", re.MULTILINE)
POSITIONAL = {"Unreadable": 0, "_as_written": 1}  # calls that take a code by position
KEYED = frozenset({"_SAYS", "_DETAILS", "_FRAGMENTS"})  # tables whose keys are codes


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that is, or may become, part of the project: what git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return tuple(sorted(ROOT / name for name in listed if name and (ROOT / name).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the project."""
    roots = [ROOT / folder for folder in folders]
    return [p for p in project_files() if p.suffix == ".py" and any(p.is_relative_to(r) for r in roots)]


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def reason_codes() -> dict[str, str]:
    """Return every code that says why a record stays behind or what was noticed → the file that gives it."""
    found: dict[str, str] = {}
    for path in python_files("src/wherry"):
        if not path.is_relative_to(ROOT / "src/wherry/entrypoints"):
            for code in _codes_in(tree_of(path)):
                found.setdefault(code, str(path.relative_to(ROOT)))
    for path in project_files():
        if path.suffix == ".yaml" and path.is_relative_to(ROOT / "src/wherry"):
            for pair in IN_YAML.findall(path.read_text(encoding="utf-8")):
                found.setdefault("".join(pair), str(path.relative_to(ROOT)))
    return found


def _codes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                yield from _codes_of_call(node)
            case ast.Constant(value=str() as text):
                yield from (code for pair in IN_SQL.findall(text) for code in pair if code)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                yield from _codes_of_name(name, value)
            case ast.arguments():
                yield from _codes_of_defaults(node)


def _codes_of_call(call: ast.Call) -> Iterator[str]:
    name = _named(call)
    wanted = {"reason", "unknown"} | ({"code"} if name in {"Finding", "Issue"} else set())
    for keyword in call.keywords:
        if keyword.arg in wanted:
            yield from _constants(keyword.value)
    if name in POSITIONAL and len(call.args) > POSITIONAL[name]:
        yield from _constants(call.args[POSITIONAL[name]])


def _codes_of_name(name: str, value: ast.expr) -> Iterator[str]:
    if name == "reason":
        yield from _constants(value)
    elif name in KEYED and isinstance(value, ast.Dict):
        for key in value.keys:
            yield from _constants(key) if key else ()


def _codes_of_defaults(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    pairs += [(argument, default) for argument, default in named if default is not None]
    for argument, default in pairs:
        if argument.arg == "reason":
            yield from _constants(default)


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _constants(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value
