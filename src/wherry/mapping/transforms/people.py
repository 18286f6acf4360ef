"""Owners and clinicians."""

from wherry.mapping.ask import Ask, Context, Noted, Outcome, Problem, Row
from wherry.mapping.coerce import flag_of, id_of, one_line
from wherry.mapping.transforms.registry import transform
from wherry.model.catalog import FieldType


def display_name(row: Row) -> str:
    """Return a clinician's name as people write it."""
    return " ".join(filter(None, (one_line(row.get(part)) for part in ("title", "firstName", "lastName"))))


def clinician_text(context: Context, key: str) -> str:
    """Return a clinician's name, with a word when gone; the bare id where the source has no such person."""
    row = context.row("clinicians", key)
    if row is None:
        return f"clinician {key}"
    name = display_name(row) or f"clinician {key}"
    return f"{name} (left the practice)" if flag_of(row.get("active")) is False else name


@transform(gives=FieldType.REFERENCE, sources=(0, 1), args=("fact",))
def owner(ask: Ask) -> Outcome:
    """The id of the clinician's user, else of the fallback owner; nothing lands without an owner.

    The clinician is the one whom the field names, or whom staging found under `args.fact`.
    """
    key = id_of(ask.first) or id_of(ask.record.facts.get(ask.arg("fact")))
    found = ask.context.owners.get(key)
    if found is not None:
        return found
    if ask.context.fallback_owner is None:
        return Problem(
            reason="owner_missing",
            detail="no user for this clinician, and no fallback owner",
            hint="set policy.fallback_owner to the e-mail of an active user",
        )
    fallback = ask.context.fallback_owner
    return Noted(value=fallback, reason="owner_fallback") if key else fallback


@transform(compare="text")
def clinician_name(ask: Ask) -> Outcome:
    """The clinician's name; of one who left, with that said."""
    key = id_of(ask.first)
    return clinician_text(ask.context, key) if key else None


@transform(gives=FieldType.TEXTAREA, compare="text")
def providers(ask: Ask) -> Outcome:
    """The practice's clinicians with their roles, one a line."""
    practice = id_of(ask.first)
    lines = []
    for key, row in ask.context.lookups.get("clinicians", {}).items():
        if practice and id_of(row.get("practiceId")) == practice:
            role = one_line(row.get("role"))
            lines.append(clinician_text(ask.context, key) + (f": {role}" if role else ""))
    return "\n".join(sorted(lines)) or None


@transform(compare="text")
def account_name(ask: Ask) -> Outcome:
    """The account's name as the plan resolved it, else the practice's own name."""
    planned = ask.context.account_names.get(ask.record.key.id)
    return planned or one_line(ask.first) or None
