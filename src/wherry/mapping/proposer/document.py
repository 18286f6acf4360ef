"""Writing a proposal down: one rule a line, laid into the blueprint's own file with its comments."""

import re
from collections.abc import Iterable, Mapping, Sequence

from wherry.mapping.form import rule_data
from wherry.model.jsons import Json
from wherry.model.mapping import Rule

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_WORDS_OF_YAML = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_ONE_LINE_RULE = re.compile(r"(?P<rule>\s+- \{to: .*)\}(?P<rest>\s*(?:#.*)?)\Z")
_TOP_KEY = re.compile(r"(?P<key>[a-z]+):")


def flow(value: Json) -> str:
    """Return a JSON value as YAML on one line, readable, with texts in quotes where they need them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    """Return a text as a YAML scalar: plain where it is a plain word, else in double quotes."""
    if _PLAIN.match(text) and text.casefold() not in _WORDS_OF_YAML:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in {'"', "\\"}:
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\U{ord(char):08X}" if ord(char) > 0xFFFF else f"\\u{ord(char):04X}"


def rule_line(rule: Rule) -> str:
    """Return the line that stands for a rule under `rules`."""
    return f"  - {flow(rule_data(rule))}"


def with_evidence(text: str, evidence: Mapping[int, str]) -> str:
    """Return a mapping file with evidence on its one-line rules; `evidence` goes by their number from 0."""
    lines, number = text.split("\n"), 0
    for place, line in enumerate(lines):
        found = _ONE_LINE_RULE.match(line)
        if not found:
            continue
        if number in evidence and ", evidence: " not in line:
            lines[place] = f"{found['rule']}, evidence: {quoted(evidence[number])}}}{found['rest']}"
        number += 1
    return "\n".join(lines)


def extended(text: str, title: str, rules: Sequence[Rule], unmapped: Mapping[str, str]) -> str:
    """Return a mapping file with more rules, under a comment, and more columns that do not move."""
    lines = text.rstrip("\n").split("\n")
    if rules:
        lines = _put(lines, "rules", ["", f"  # {title}", *(rule_line(rule) for rule in rules)])
    if unmapped:
        lines = _put(lines, "unmapped", [f"  {quoted(c)}: {quoted(why)}" for c, why in unmapped.items()])
    return "\n".join(lines) + "\n"


def _put(lines: Sequence[str], section: str, more: Iterable[str]) -> list[str]:
    """Put lines at the end of a section, which is begun where there is none."""
    start = next((n for n, line in enumerate(lines) if _key(line) == section), None)
    if start is None:
        return [*lines, "", f"{section}:", *(line for line in more if line)]
    end = next((n for n in range(start + 1, len(lines)) if _key(lines[n])), len(lines))
    while not lines[end - 1].strip():
        end -= 1
    return [*lines[:end], *more, *lines[end:]]


def _key(line: str) -> str:
    found = _TOP_KEY.match(line)
    return found["key"] if found else ""
