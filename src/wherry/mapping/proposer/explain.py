"""One line for each proposal on what was seen; counts and kinds, never a value."""

from collections.abc import Mapping, Sequence

from wherry.mapping.proposer.composite import Composite
from wherry.mapping.proposer.features import BRIDGED
from wherry.mapping.proposer.lexicon import barred_classes
from wherry.mapping.proposer.score import Scored
from wherry.mapping.proposer.table import Column, Target

_KINDS = {
    "email": "e-mail addresses",
    "url": "web addresses",
    "mobile": "UK or Irish mobile numbers",
    "landline": "UK or Irish landline numbers",
    "phone": "phone numbers",
    "birth_date": "dates as of births",
    "date": "dates",
    "datetime": "dates with a time",
    "time": "times of day",
    "postcode": "postcodes",
    "money": "amounts of money",
    "percent": "percentages",
    "bool": "yes or no",
    "currency_code": "currency codes",
    "zone": "IANA time zones",
    "country": "countries",
    "gender": "sexes",
    "salutation": "forms of address",
    "language": "languages",
    "county": "counties or states",
    "integer": "whole numbers",
    "decimal": "numbers",
    "uuid": "UUIDs",
    "hash": "checksums",
    "colour": "colours",
    "code": "codes",
    "path": "file names",
    "street": "like a street address",
    "full_name": "like full names",
    "name": "like names",
    "text": "free text",
    "words": "short texts",
    "list": "lists",
    "ni_number": "like national insurance numbers",
    "card": "like card numbers",
    "iban": "like IBANs",
    "nhs_number": "like NHS numbers",
    "sort_code": "like sort codes",
}


def values_phrase(column: Column) -> str:
    """Return what the column's values are, as a phrase."""
    values = column.values
    if not values.filled:
        return "no values were given"
    return f"{values.filled} of {len(column.given.samples)} values filled, {kind_phrase(column)}"


def kind_phrase(column: Column) -> str:
    """Return of what kind the column's values are."""
    return _KINDS.get(column.values.main, "of no one kind") if column.values.filled else "none given"


def place_line(
    column: Column,
    target: Target,
    found: Scored,
    beside: tuple[Sequence[tuple[str, float]], Sequence[str]],
) -> str:
    """Return why the column goes to this target; `beside` are the candidates, and headers that share it."""
    candidates, joined = beside
    parts = [_header_phrase(column, target, found), values_phrase(column)]
    if found.features["choice_overlap"] > 0:
        parts.append(f"{found.features['choice_overlap']:.0%} of them in its pick list")
    if found.features["value_fit"] < 0:
        parts.append("which does not fit its type")
    if joined:
        parts.append("joined with " + ", ".join(joined))
    parts += [
        f"next best {name} ({probability:.2f})"
        for name, probability in candidates
        if name != target.given.name
    ][:1]
    return "; ".join(parts)


def _header_phrase(column: Column, target: Target, found: Scored) -> str:
    features = found.features
    if features["exact_name"]:
        return "the header reads as the field's own name"
    if features["alias"]:
        alias, concept = _alias(column, target)
        return f'the header reads "{alias}", a listed alias of {concept}'
    if features["unique_strong_type"] >= 1.0:
        return "the only field for values of this kind"
    if features["partial_alias"]:
        return "part of the header is a listed alias"
    return _likeness_phrase(features)


def _likeness_phrase(features: Mapping[str, float]) -> str:
    if features["bridge"] >= BRIDGED:
        return "the header's words are listed for those of the field"
    if features.get("label_meaning", 0.0) > features["token_likeness"]:
        return f"the header is {features['label_meaning']:.0%} like the field's name in meaning"
    return f"the header is {features['token_likeness']:.0%} like the field's name"


def _alias(column: Column, target: Target) -> tuple[str, str]:
    named = column.meaning.concepts
    concept = next((name for name in target.concepts if name in named), "")
    if concept:
        return named[concept][1], concept.replace("_", " ")
    best = max(named, key=lambda name: named[name][0])
    return named[best][1], next(iter(target.concepts)).replace("_", " ")


def composite_line(column: Column, composite: Composite, targets: Sequence[Target]) -> str:
    """Return what has to be done so that the column fills its target together with others."""
    place = targets[composite.place].given.name
    done = {
        "split": f"holds first and last name together: split it into {' and '.join(composite.others)}",
        "add_minutes": f"a length in minutes: added to {', '.join(composite.others)} it gives {place}",
        "join_time": f"a time of day: joined with {', '.join(composite.others)} it gives {place}",
    }
    return f"{done[composite.how]}; {values_phrase(column)}"


def code_line(target: Target) -> str:
    """Return what has to be done with codes."""
    return f"its values are codes: say for each which of the {len(target.given.picks)} entries of the pick list it is"


def barred_line(column: Column) -> str:
    """Return why the column never moves."""
    why = next(barred.why for barred in barred_classes() if barred.name == column.barred)
    return f"on the never-migrate list ({column.barred}: {why}); {values_phrase(column)}"


def none_line(
    column: Column, target_object: str, taken_by: str, candidates: Sequence[tuple[str, float]]
) -> str:
    """Return why no target is proposed."""
    if column.internal:
        reason = f"a system keeps this for itself ({column.internal})"
    elif not target_object:
        reason = f"no target object fits {column.given.object}"
    elif taken_by:
        reason = f"its best place {candidates[0][0]} goes to {taken_by}, which fits better"
    elif candidates:
        reason = f"nothing is near enough; nearest {candidates[0][0]} ({candidates[0][1]:.2f})"
    else:
        reason = f"{target_object} has no fields"
    return f"{reason}; {values_phrase(column)}"
