"""What a clinic says its own words mean, in mapping/values.yaml: into the source's closed lists, and into rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from wherry.mapping.ask import rows_of
from wherry.mapping.form import Place
from wherry.mapping.form_check import nearest
from wherry.mapping.issue import Issue
from wherry.mapping.labels import custom_label
from wherry.mapping.needs import labelled
from wherry.mapping.transforms import named
from wherry.mapping.values import entry_for, value_tables
from wherry.model.catalog import Catalog
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
    """Return the table by which a rule reads words, and the argument that takes the clinic's own; empty where none.

    A pick list of the clinic's own has no reviewed table; the clinic's words for it stand under the field's name.
    """
    if rule.using == "id_by_name":
        return str(rule.args.get("lookup", "")), "names"
    if rule.using == "choice":
        return str(rule.args.get("table", "")) or (rule.to if custom_label(rule.to) else ""), "values"
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


def texts_of(table: str) -> tuple[str, ...]:
    """Return the texts of a reviewed table; none where there is no such table."""
    known = value_tables().get(table)
    return known.texts if known else ()


def entries_of(rule: Rule, mapping: StreamMapping, destination: Catalog) -> tuple[str, ...]:
    """Return the tenant's own entries of the list that a rule writes to, else those that the rule brings."""
    if rule.using == "id_by_name":
        lookup = str(rule.args.get("lookup", ""))
        return tuple(str(row.get("name") or "") for row in rows_of(destination, lookup) if row.get("name"))
    there = labelled(destination, mapping.destination, custom_label(rule.to) or rule.to)
    return tuple(choice.value for choice in there.choices) if there and there.choices else rule.choices


def unknown_meanings(
    own: Own, mappings: Sequence[StreamMapping], source: Catalog, destination: Catalog
) -> Iterator[Issue]:
    """Yield what mapping/values.yaml says that nothing can read: tables and entries that are not there.

    Words of the source are in no message: they may be a person's.
    """
    offered = _entries_by_table(mappings, source, destination)
    for table, said in own.items():
        entries = list(dict.fromkeys(offered.get(table, ())))
        if table not in offered:
            near = nearest(table, offered)
            hint = f"did you mean {near}?" if near else "wherry propose writes those that there are"
            yield _issue(f"there is no table {table}", hint)
        for meant in dict.fromkeys(said.values()):
            if entries and not entry_for(meant, entries, table):
                yield _issue(f"{table} has no entry {meant!r}", f"one of: {', '.join(entries)}")


def _entries_by_table(
    mappings: Sequence[StreamMapping], source: Catalog, destination: Catalog
) -> dict[str, list[str]]:
    """Return what a word may stand for, by table: reviewed texts, listed words of the source, the tenant's entries."""
    offered: dict[str, list[str]] = {table: list(texts_of(table)) for table in value_tables()}
    for place, table in CLOSED.items():
        stream, _, column = place.partition(".")
        known = source.stream(stream)
        field = known.field(column) if known else None
        if not offered.setdefault(table, []) and field:
            offered[table] = [choice.value for choice in field.choices]
    for mapping in mappings:
        for rule in mapping.rules:
            table, _ = table_of(rule)
            offered.setdefault(table, []).extend(entries_of(rule, mapping, destination))
    return offered


def _issue(message: str, hint: str) -> Issue:
    return Issue(code="unknown_meaning", message=message, place=Place(file="mapping/values.yaml"), hint=hint)
