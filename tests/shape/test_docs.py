"""The reference covers everything, and links lead somewhere."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import click
import pytest

from source_reading import ROOT, project_files, reason_codes
from wherry.app import settings
from wherry.app.credentials import SECRETS, variable
from wherry.entrypoints.cli.catalogue import VERBS
from wherry.entrypoints.cli.main import cli
from wherry.model import errors
from wherry.model.policy import Policies

REFERENCE = ROOT / "docs" / "reference"
PAGES = [p for p in project_files() if p.suffix == ".md"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    level = heading.split(" ", maxsplit=1)[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"no heading {heading!r}"
    return found[1]


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found: list[tuple[str, click.Command]] = []
    for name in VERBS:
        command = cli.get_command(context, name)
        assert command
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", part) for sub, part in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda v: v if isinstance(v, str) else "")
def test_every_verb_and_option_is_in_the_reference(name, command):
    text = section(page("cli.md"), f"## {name}")
    shared = {o for p in cli.params for o in p.opts}
    for param in command.params:
        if isinstance(param, click.Option) and not set(param.opts) & shared:
            assert f"`{max(param.opts, key=len)}" in text, param.opts


def test_every_shared_flag_is_in_the_reference():
    text = section(page("cli.md"), "## Flags for all verbs")
    for param in cli.params:
        for option in param.opts:
            assert f"`{option}" in text


SECTIONS: dict[str, Any] = {
    "source": settings.SourceSettings,
    "destination": settings.DestinationSettings,
    "policy": Policies,
    "store": settings.StoreSettings,
    "engine": settings.EngineSettings,
    "report": settings.ReportSettings,
    "price": settings.PriceSettings,
}


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_every_setting_is_in_the_reference_with_its_default(name):
    text = section(page("settings.md"), f"## [{name}]")
    for field in dataclasses.fields(SECTIONS[name]):
        row = re.search(rf"^\| `{field.name}` \|(.*)$", text, re.MULTILINE)
        assert row, field.name
        if isinstance(field.default, str | int | float) and not isinstance(field.default, bool):
            shown = f'"{field.default}"' if isinstance(field.default, str) else f"{field.default:g}"
            assert f"`{shown}`" in row[1] or field.default == "", (field.name, shown)


def test_every_setting_stands_in_the_template():
    template = settings.settings_template()
    for name, shape in SECTIONS.items():
        part = template[template.index(f"[{name}]") :]
        for field in dataclasses.fields(shape):
            wanted = "source.files" if (name, field.name) == ("source", "files") else f"{field.name} ="
            assert wanted in part, f"{name}.{field.name}"


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_is_in_the_reference(name):
    assert f"`{variable(name)}`" in page("settings.md")


ERRORS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda k: k.code)
def test_every_error_is_in_the_reference_with_its_exit_code(kind):
    rows = re.findall(rf"^\| `{kind.code}` \| (\d+) \|", page("exit-codes.md"), re.MULTILINE)
    assert rows == [str(kind.exit_code)]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 6, 7, 8, 130])
def test_every_exit_code_is_in_the_reference(code):
    assert re.search(rf"^\| {code} \| ", page("exit-codes.md"), re.MULTILINE)


@pytest.mark.parametrize("code", sorted(reason_codes()))
def test_every_reason_has_its_place_in_the_reference(code):
    text = section(page("reasons.md"), f"### {code}")
    assert len(text.split()) >= 5, f"{code} ({reason_codes()[code]}) says too little"


def test_the_reference_knows_no_reason_that_nothing_gives():
    known = set(re.findall(r"^### (\w+)$", page("reasons.md"), re.MULTILINE))
    sources = [
        p for p in project_files() if p.is_relative_to(ROOT / "src/wherry") and p.suffix in {".py", ".yaml"}
    ]
    words = set(re.findall(r"\w+", "\n".join(p.read_text(encoding="utf-8") for p in sources)))
    assert known <= words


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "schemas").glob("*.json")), ids=lambda p: p.stem)
def test_every_schema_is_in_the_reference(path):
    assert f"schemas/{path.name}" in page("files.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    broken = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if not leads(path, link)]
    assert not broken


def leads(path: Path, link: str) -> bool:
    if re.match(r"(https?|mailto):", link):
        return True
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists():
        return False
    if not anchor or target.suffix != ".md":
        return True
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {slug(heading) for heading in headings}


def slug(heading: str) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-")


def test_no_page_points_to_a_line_of_a_file():
    pointing = [p for p in PAGES if re.search(r"\.py(:\d+|#L\d+)", p.read_text(encoding="utf-8"))]
    assert not pointing


def test_decisions_are_numbered_without_gaps_and_say_when_to_look_again():
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(p.name[:4]) for p in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        for heading in ("## Context", "## Choice", "## Cost", "## Revisit when"):
            assert heading in text, (path.name, heading)
