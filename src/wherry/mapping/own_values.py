"""What a clinic says its own words mean, in mapping/values.yaml: into the source's closed lists, and into rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from wherry.mapping.transforms import named
from wherry.mapping.values import value_tables
from wherry.model.jsons import Json
from wherry.model.mapping import Mapping as StreamMapping
from wherry.model.mapping import Rule

Own: TypeAlias = Mapping[str, Mapping[str, str]]
"""Table (of values.yaml, or a lookup of the destination) → word of the source → what is meant."""

CLOSED: Mapping[str, str] = {
    "appointment_statuses.canonical": "appointment_status",
    "patients.status": "patient_status",
    "treatment_plans.status": "plan_status",
    "payments.status": "payment_state",
    "invoice_lines.lineType": "line_type",
    "adjustments.type": "adjustment_type",
    "refunds.target": "refund_target",
    "recalls.type": "recall_type",
    "instalment_plans.signOffState": "sign_off_state",
}
"""The source's closed lists, by `stream.column`, and the table in which the clinic says what its own words mean."""

_TABLE_OF = {
    **dict.fromkeys(("payment_status", "deal_stage", "paid_on"), "invoice_status"),
    **dict.fromkeys(("plan_items", "plan_text"), "plan_item_status"),
}


def spelt(word: str) -> str:
    """Return a word as closed lists of the source spell it: `No-show` as `no_show`."""
    return "_".join(word.casefold().replace("-", " ").replace("_", " ").split())


def source_words(own: Own) -> dict[str, dict[str, str]]:
    """Return what words stand for in the source's closed lists, by `stream.column`: spelling → listed word.

    Reviewed spellings and the clinic's own. A status without a declared meaning is read by its name only
    where the clinic says so: that is `appointment_statuses.name`.
    """
    found: dict[str, dict[str, str]] = {}
    for place, table in CLOSED.items():
        known = value_tables().get(table)
        reviewed = {spelt(word): spelt(text) for word, text in known.words.items()} if known else {}
        found[place] = {**reviewed, **_spelt(own.get(table, {}))}
    found["appointment_statuses.name"] = _spelt(own.get("appointment_status", {}))
    return found


def _spelt(words: Mapping[str, str]) -> dict[str, str]:
    return {spelt(word): spelt(text) for word, text in words.items()}


def table_of(rule: Rule) -> tuple[str, str]:
    """Return the table by which a rule reads words, and the argument that takes the clinic's own; empty where none."""
    if rule.using == "id_by_name":
        return str(rule.args.get("lookup", "")), "names"
    if rule.using == "choice":
        return str(rule.args.get("table", "")), "values"
    return _TABLE_OF.get(rule.using, ""), "values"


def with_own_values(mappings: Sequence[StreamMapping], own: Own) -> tuple[StreamMapping, ...]:
    """Return the mappings with the clinic's own words as arguments of their rules, so that a plan holds them.

    What a rule says itself wins.
    """
    return tuple(replace(m, rules=tuple(_with(rule, own) for rule in m.rules)) for m in mappings)


def _with(rule: Rule, own: Own) -> Rule:
    table, argument = table_of(rule)
    words, function = own.get(table, {}), named(rule.using)
    if not words or function is None or argument not in function.args:
        return rule
    said = rule.args.get(argument)
    together: dict[str, Json] = {**words, **(said if isinstance(said, dict) else {})}
    return replace(rule, args={**rule.args, argument: together})
