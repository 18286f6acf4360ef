"""What a frozen plan lists, and under which of its lists."""

from dataclasses import replace
from typing import Any

from wherry.model.catalog import Catalog
from wherry.model.plan import Basis
from wherry.model.policy import Policies
from wherry.model.record import Fate, Key, Staged
from wherry.planning.build import FieldLine, Inputs, build
from wherry.planning.dryrun import Tally, count_fates
from wherry.planning.files import dump_plan, load_plan

BASIS = Basis(snapshot="a", mapping="b", destination="c", policies="d")
EMPTY = Inputs(
    basis=BASIS,
    facts={},
    created_at="2026-10-02T19:00:00+00:00",
    catalog=Catalog(system="f", streams=()),
    mappings=(),
    mapping_data=(),
    policies=Policies(),
    reserve=0.1,
    tally=Tally(),
    owners=(),
    adoptions=(),
    demotions=(),
    accounts=(),
    fields=(),
    steps=(),
)


def tally(*fates: Staged) -> Tally:
    counted = Tally()
    count_fates(counted, fates, frozenset(), {})
    return counted


def staged(stream: str, id_: str, fate: Fate, reason: str) -> Staged:
    return Staged(key=Key(stream, id_), fate=fate, reason=reason)


def rows(lines: Any) -> list[tuple[Any, ...]]:
    return [(line["stream"], line["reason"], line["count"]) for line in lines]


def test_what_waits_is_no_reject_and_says_what_it_waits_for() -> None:
    plan = build(
        replace(
            EMPTY,
            tally=tally(
                staged("invoices", "1", Fate.REJECTED, "no_id"),
                staged("instalment_plans", "2", Fate.DEFERRED, "sign_off_required"),
                staged("instalments", "3", Fate.DEFERRED, "blocked_by_parent"),
                staged("instalments", "4", Fate.DEFERRED, "blocked_by_parent"),
            ),
        )
    )
    assert rows(plan.rejects) == [("invoices", "no_id", 1)]
    waiting = plan.extra["deferred"]
    assert rows(waiting) == [
        ("instalment_plans", "sign_off_required", 1),
        ("instalments", "blocked_by_parent", 2),
    ]
    assert "--for instalments" in waiting[0]["until"]
    assert all(line["until"] for line in waiting)
    assert load_plan(dump_plan(plan), "x").digest == plan.digest


def test_each_field_that_stays_is_named_with_its_object() -> None:
    fields = (
        FieldLine(stream="contacts", label="Title", type="text", exists=False),
        FieldLine(stream="contacts", label="Gender", type="text", exists=True),
    )
    able = Catalog(system="f", streams=(), abilities={"create_fields": True})
    lines = build(replace(EMPTY, fields=fields, catalog=able)).irreversible
    assert [(line["stream"], line["field"]) for line in lines] == [("contacts", "Title")]
