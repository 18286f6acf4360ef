"""The page that says what is imitated: each behaviour with its confidence and source, switches, faults."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import wherry_emulators.freshsales as package
from wherry_emulators.freshsales.faults import KINDS
from wherry_emulators.freshsales.switches import Switches, as_settings, switch_table

CONFIDENCE = {
    "[D]": "documented",
    "[L]": "seen live by a third party",
    "[C]": "what public client code expects",
    "[I]": "inferred",
    "[?]": "not known, or sources disagree: a switch",
    "own": "the emulator's own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One imitated behaviour, the module that plays it, how sure it is, and where it is from."""

    module: str
    what: str
    confidence: str
    source: str


@cache
def behaviours() -> tuple[Behaviour, ...]:
    """Collect every module's ``BEHAVIOURS``, by module name."""
    return tuple(_collect())


def page(switches: Switches, faults: Iterable[dict[str, Any]]) -> str:
    """Write the HTML page: behaviours, the switches with their current values, the faults in force."""
    told = ((one.what, one.confidence, one.source, one.module) for one in behaviours())
    values = as_settings(switches)
    settings = ((one.name, values[one.name], one.allowed, one.meaning) for one in switch_table())
    rules = ((one["kind"], one["matched"], one["fired"], _rule(one)) for one in faults)
    kinds = ((name, info.meaning) for name, info in KINDS.items())
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Freshsales emulator</title>',
            "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left;",
            "vertical-align:top;border-bottom:1px solid #ccc}</style></head><body>",
            "<h1>Freshsales emulator: what is imitated</h1><p>",
            "; ".join(f"{escape(tag)} {escape(meaning)}" for tag, meaning in CONFIDENCE.items()),
            "</p>",
            _table("Behaviours", ("Behaviour", "Confidence", "Source", "Module"), told),
            _table("Switches", ("Switch", "Value", "May be", "Meaning"), settings),
            _table("Faults in force", ("Kind", "Matched", "Fired", "Rule"), rules),
            _table("Kinds of fault", ("Kind", "What goes wrong"), kinds),
            "</body></html>\n",
        )
    )


def _collect() -> Iterator[Behaviour]:
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        found = getattr(importlib.import_module(info.name), "BEHAVIOURS", ())
        name = info.name.rpartition(".")[2]
        for what, confidence, source in found:
            yield Behaviour(module=name, what=what, confidence=confidence, source=source)


def _rule(rule: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={value}" for name, value in rule.items() if name not in {"kind", "matched", "fired"}
    )


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"
