"""A plan as a file, and back: split then join is identity."""

from collections.abc import Mapping
from typing import Any

import orjson

from wherry.model.errors import UsageInvalid
from wherry.model.plan import Basis, Plan, Stage

LISTS = (
    "mappings",
    "rejects",
    "no_equivalent",
    "owners",
    "adoptions",
    "demotions",
    "accounts",
    "fields",
    "manual_steps",
    "irreversible",
    "locked",
    "warnings",
)


def dump_plan(plan: Plan) -> bytes:
    """Return the plan as indented JSON, its digest first."""
    body = {
        "schema": "wherry/plan-file/1",
        "digest": plan.digest,
        "created_at": plan.created_at,
        **plan.body(),
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)


def load_plan(data: bytes, name: str) -> Plan:
    """Return the plan of a file; raises UsageInvalid when it was changed after it was frozen."""
    try:
        body: dict[str, Any] = orjson.loads(data)
        plan = _plan(body)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageInvalid(
            f"{name} is not a plan file ({type(error).__name__})", hint="wherry plan"
        ) from None
    if plan.digest != body.get("digest"):
        raise UsageInvalid(
            f"{name} was changed after it was frozen: its digest no longer fits",
            hint="restore the file, or make a new plan with: wherry plan",
        )
    return plan


def _plan(body: Mapping[str, Any]) -> Plan:
    stages = tuple(Stage(**{**stage, "privacy": tuple(stage["privacy"])}) for stage in body["stages"])
    return Plan(
        basis=Basis(**body["basis"]),
        created_at=body["created_at"],
        policies=body["policies"],
        stages=stages,
        calls=body["calls"],
        hours=body["hours"],
        streams=body["streams"],
        extra=body["extra"],
        **{name: tuple(body[name]) for name in LISTS},
    )
