"""Field by field: what should be there against what was read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wherry.model.diff import FieldDiff, Observed, Verdict
from wherry.model.jsons import Json
from wherry.model.operation import Payload
from wherry.model.record import Key
from wherry.reconcile.rules import RULES, exact

FINE = (Verdict.EQUAL, Verdict.EQUAL_AFTER_RULE, Verdict.NOT_READABLE)
KEPT_EDITED = "kept_edited"
THERE_TWICE = "there_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One destination record as it should be now.

    `kept` names fields of an adopted record that keep what stood there before, by policy; `edited` those that
    a person changed and that a delta kept and reported; `sources` shows
    per field what the source holds, for people who read the diff.
    """

    payload: Payload
    destination_id: int
    links: Mapping[str, int]  # relation → destination id
    kept: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()
    sources: Mapping[str, Json] | None = None
    labels: Mapping[str, str] | None = None


def verdict(expected: Json, observed: Json, rule: str) -> tuple[Verdict, str]:
    """Return how two values compare, and the rule that was needed; exact equality needs none."""
    if _same(exact(expected), exact(observed)):
        return Verdict.EQUAL, ""
    canonical = RULES.get(rule, exact)
    if _same(canonical(expected), canonical(observed)):
        return Verdict.EQUAL_AFTER_RULE, rule
    return (Verdict.MISSING if exact(observed) is None else Verdict.DIFFERENT), ""


def _same(one: Json, other: Json) -> bool:
    # To Python, yes is 1 and no is 0; to the people who read a record they are not.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def compare(expected: Expected, observed: Observed | None) -> list[FieldDiff]:
    """Return a diff for every field and link that was written; all are missing when the record is."""
    payload = expected.payload
    diffs = [
        _field(expected, observed, name, value) for name, value in payload.fields.items() if value is not None
    ]
    diffs += [_link(expected, observed, relation, id_) for relation, id_ in expected.links.items()]
    return diffs


def _field(expected: Expected, observed: Observed | None, name: str, value: Json) -> FieldDiff:
    payload = expected.payload
    if observed is None or observed.deleted:
        return _diff(expected, name, value, None, (Verdict.MISSING, ""))
    seen = observed.fields.get(name)
    if name in expected.kept:
        return _diff(expected, name, seen, seen, (Verdict.EQUAL_AFTER_RULE, "kept_existing"))
    if name in observed.not_readable or (name not in observed.fields and name.endswith("_id")):
        return _diff(expected, name, value, None, (Verdict.NOT_READABLE, ""))
    result = verdict(value, seen, payload.compare.get(name, "exact"))
    if name in expected.edited and result[0] in (Verdict.DIFFERENT, Verdict.MISSING):
        result = Verdict.EQUAL_AFTER_RULE, KEPT_EDITED
    return _diff(expected, name, value, seen, result)


def _link(expected: Expected, observed: Observed | None, relation: str, id_: int) -> FieldDiff:
    name = f"→ {relation}"
    if observed is None or observed.deleted:
        return _diff(expected, name, id_, None, (Verdict.MISSING, ""))
    if relation not in observed.links or relation in observed.not_readable:
        return _diff(expected, name, id_, None, (Verdict.NOT_READABLE, ""))
    found = observed.links[relation]
    seen: Json = id_ if id_ in found else list(found)
    result = Verdict.EQUAL if id_ in found else Verdict.MISSING if not found else Verdict.DIFFERENT
    if result is not Verdict.EQUAL and relation in expected.edited:
        return _diff(expected, name, id_, seen, (Verdict.EQUAL_AFTER_RULE, KEPT_EDITED))
    return _diff(expected, name, id_, seen, (result, ""))


def _diff(expected: Expected, name: str, value: Json, seen: Json, result: tuple[Verdict, str]) -> FieldDiff:
    payload = expected.payload
    return FieldDiff(
        key=payload.key,
        part=payload.part,
        stream=payload.stream,
        destination_id=expected.destination_id,
        field=name,
        label=(expected.labels or {}).get(name, name),
        source=(expected.sources or {}).get(name),
        expected=value,
        observed=seen,
        verdict=result[0],
        rule=result[1],
    )


def absent(key: Key, stream: str, payloads: Sequence[Payload]) -> list[FieldDiff]:
    """Return the diffs of a record that should be at the destination and that nobody knows the place of."""
    return [
        FieldDiff(
            key=key,
            part=payload.part,
            stream=stream,
            destination_id=None,
            field=name,
            label=name,
            source=None,
            expected=value,
            observed=None,
            verdict=Verdict.MISSING,
        )
        for payload in payloads
        for name, value in payload.fields.items()
        if value is not None
    ]


def surplus(payload: Payload, one: Observed) -> FieldDiff:
    """Return the diff of a record that carries our key or text a second time; it names the one too many."""
    return FieldDiff(
        key=payload.key,
        part=payload.part,
        stream=payload.stream,
        destination_id=one.id,
        field="id",
        label="there twice",
        source=None,
        expected=None,
        observed=one.id,
        verdict=Verdict.DIFFERENT,
        rule=THERE_TWICE,
    )
