"""The written form of a mapping: one YAML file each, meant to be edited by hand.

    mapping: patients_to_contacts      # its name
    row: 1                             # of the twelve
    from: patients
    to: contacts
    stage: 20                          # order in which stages are walked
    when: booked                       # condition under which a record takes this mapping
    match: external_id                 # unique field that holds the source id
    rules:
      - {to: first_name, from: firstName}
      - {to: mobile_number, from: mobile, using: phone_e164}
      - {to: "custom:Home Phone", from: homePhone, using: phone_e164, type: text}
    links:
      - {relation: sales_accounts, stream: practices, from: practiceId, default: "@unassigned"}
    unmapped:
      updatedAt: computed_into:delta   # why a column does not move by itself

`to: module:LABEL` names a custom module by its label; `relation: custom:LABEL` a lookup field of the
destination.

`like: NAME` takes over another mapping of the same folder: rules for the same `to` replace that one's,
others are added, `without: [to, …]` leaves some out, links by their relation.
"""

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, fields, replace
from typing import Any

from wherry.mapping.form_check import Reader, checked_rule
from wherry.mapping.labels import MODULE, module_stream
from wherry.mapping.transforms import named
from wherry.model.jsons import Json
from wherry.model.mapping import Band, LinkRule, Mapping, Rule

MAPPING_KEYS = (
    *("mapping", "like", "row", "title", "status", "from", "to", "stage", "when", "match", "marker", "split"),
    *("file", "rules", "links", "without", "unmapped", "streams"),
)
RULE_KEYS = (
    *("to", "from", "using", "args", "type", "choices", "compare", "when", "on_error"),
    *("band", "confidence", "evidence"),
)
LINK_KEYS = ("relation", "stream", "from", "required", "default")
_BY_TYPE = {
    "date": "date",
    "datetime": "instant",
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "money": "number",
    "dropdown": "choice",
    "multi_select": "set",
    "reference": "exact",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a mapping file; line 0 where that is not known."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mapping as it was read: its rules beside the places where they stand."""

    mapping: Mapping
    place: Place
    places: tuple[Place, ...]  # of the rules, in their order


def default_compare(using: str, rule_type: str) -> str:
    """Return the canonical rule by which a field is compared when its rule does not say."""
    function = named(using)
    return (function.compare if function else "") or _BY_TYPE.get(rule_type, "text")


def from_data(
    data: MappingABC[str, Any], *, file: str = "", others: MappingABC[str, Written] | None = None
) -> Mapping:
    """Return the mapping that a YAML (or JSON) document holds.

    `others` are the mappings that `like` may name. Raises MappingIncomplete naming file, line and key.
    """
    return written_from(data, file=file, others=others).mapping


def written_from(
    data: MappingABC[str, Any], *, file: str = "", others: MappingABC[str, Written] | None = None
) -> Written:
    """Do what from_data() does, and keep the places."""
    top = Reader(data, file)
    top.known_keys(MAPPING_KEYS)
    rules = [checked_rule(item, _rule(item)) for item in top.parts("rules", RULE_KEYS)]
    places = [Place(file, item.line()) for item in top.parts("rules", RULE_KEYS)]
    links = tuple(_link(item) for item in top.parts("links", LINK_KEYS))
    given = Written(mapping=_mapping(top, rules, links), place=Place(file, top.line()), places=tuple(places))
    if not top.has("like"):
        for key in ("from", "to", "stage", "row"):
            top.must_have(key)
        return given
    base = (others or {}).get(top.text("like"))
    if base is None:
        raise top.error("like", "names a mapping that is not in this folder", sorted(others or {}))
    return _laid_over(base, given, top)


def _mapping(top: Reader, rules: Iterable[Rule], links: tuple[LinkRule, ...]) -> Mapping:
    top.must_have("mapping")
    to = top.text("to")
    module = to.removeprefix(MODULE).strip() if to.startswith(MODULE) else ""
    return Mapping(
        name=top.text("mapping"),
        row=top.whole("row"),
        source=top.text("from"),
        destination=module_stream(module) if module else to,
        stage=top.whole("stage"),
        rules=tuple(rules),
        links=links,
        when=top.text("when"),
        match=top.text("match"),
        marker=top.text("marker"),
        split=top.text("split"),
        file=top.text("file"),
        module=module,
        unmapped=top.texts("unmapped"),
    )


def _rule(item: Reader) -> Rule:
    item.must_have("to")
    using, kind = item.text("using") or "as_is", item.text("type")
    band = item.one_of("band", tuple(Band)) or Band.GREEN
    return Rule(
        to=item.text("to"),
        source=item.listed("from"),
        using=using,
        args=item.plain("args"),
        type=kind,
        choices=item.listed("choices"),
        compare=item.text("compare") or default_compare(using, kind),
        when=item.text("when"),
        on_error=item.one_of("on_error", ("reject", "blank")) or "reject",
        band=Band(band),
        confidence=item.share("confidence", 1.0),
        evidence=item.text("evidence"),
    )


def _link(item: Reader) -> LinkRule:
    for key in ("relation", "stream", "from"):
        item.must_have(key)
    return LinkRule(
        relation=item.text("relation"),
        stream=item.text("stream"),
        source=item.text("from"),
        required=item.flag("required", default=True),
        default=item.text("default"),
    )


def _laid_over(base: Written, own: Written, top: Reader) -> Written:
    without = set(top.listed("without"))
    replaced = {rule.to for rule in own.mapping.rules}
    pairs: list[tuple[Rule, Place]] = []
    done: set[str] = set()
    own_pairs = list(zip(own.mapping.rules, own.places, strict=True))
    for rule, place in zip(base.mapping.rules, base.places, strict=True):
        if rule.to in replaced:
            if rule.to not in done:
                done.add(rule.to)
                pairs += [pair for pair in own_pairs if pair[0].to == rule.to]
        elif rule.to not in without:
            pairs.append((rule, place))
    pairs += [pair for pair in own_pairs if pair[0].to not in done]
    kept = {
        f.name: getattr(base.mapping, f.name)
        for f in fields(Mapping)
        if f.name not in {"name", "rules", "unmapped", "links"} and not getattr(own.mapping, f.name)
    }
    unmapped = {**base.mapping.unmapped, **own.mapping.unmapped}
    links = own.mapping.links or tuple(li for li in base.mapping.links if li.relation not in without)
    rules = tuple(rule for rule, _ in pairs)
    mapping = replace(own.mapping, rules=rules, links=links, unmapped=unmapped, **kept)
    return Written(mapping=mapping, place=own.place, places=tuple(place for _, place in pairs))


def to_data(mapping: Mapping) -> dict[str, Json]:
    """Return the mapping as a document that from_data() reads back to an equal mapping."""
    head: dict[str, Json] = {
        "mapping": mapping.name,
        "row": mapping.row,
        "from": mapping.source,
        "to": MODULE + mapping.module if mapping.module else mapping.destination,
        "stage": mapping.stage,
    }
    for key in ("when", "match", "marker", "split", "file"):
        if getattr(mapping, key):
            head[key] = getattr(mapping, key)
    head["rules"] = [rule_data(rule) for rule in mapping.rules]
    if mapping.links:
        head["links"] = [_link_data(link) for link in mapping.links]
    if mapping.unmapped:
        head["unmapped"] = dict(mapping.unmapped)
    return head


def rule_data(rule: Rule) -> dict[str, Json]:
    """Return one rule as it is written; what is as usual is left out."""
    data: dict[str, Json] = {"to": rule.to}
    if rule.source:
        data["from"] = rule.source[0] if len(rule.source) == 1 else list(rule.source)
    usual: tuple[tuple[str, Json, Json], ...] = (
        ("using", rule.using, "as_is"),
        ("args", dict(rule.args), {}),
        ("type", rule.type, ""),
        ("choices", list(rule.choices), []),
        ("compare", rule.compare, default_compare(rule.using, rule.type)),
        ("when", rule.when, ""),
        ("on_error", rule.on_error, "reject"),
        ("band", str(rule.band), str(Band.GREEN)),
        ("confidence", rule.confidence, 1.0),
        ("evidence", rule.evidence, ""),
    )
    return data | {key: value for key, value, default in usual if value != default}


def _link_data(link: LinkRule) -> dict[str, Json]:
    data: dict[str, Json] = {"relation": link.relation, "stream": link.stream, "from": link.source}
    if not link.required:
        data["required"] = False
    if link.default:
        data["default"] = link.default
    return data
