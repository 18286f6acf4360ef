"""How one stream becomes another, as data."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from enum import StrEnum

from wherry.model.jsons import Json


class Band(StrEnum):
    """How sure a proposal is."""

    GREEN = "green"
    AMBER = "amber"
    GREY = "grey"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One field's part: which source fields make one destination field, and how.

    `to` is an API name of a standard field (`first_name`) or `custom:<Label>` for a custom field, found
    by its label. `using` names a transform of mapping/transforms.py; `compare` a canonical rule of
    reconcile/fields.py. `when` names a condition of mapping/conditions (empty = always).
    """

    to: str
    source: tuple[str, ...] = ()
    using: str = "as_is"
    args: MappingABC[str, Json] = field(default_factory=dict)
    type: str = ""  # type of the custom field to create, where `to` is one
    choices: tuple[str, ...] = ()
    compare: str = "exact"
    when: str = ""
    on_error: str = "reject"  # or "blank": leave the field empty and say so
    band: Band = Band.GREEN
    confidence: float = 1.0
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRule:
    """A relation: the source field that holds the other record's id, and the relation it becomes."""

    relation: str  # destination relation: sales_accounts, targetable, attendees
    stream: str  # source stream of the other record
    source: str  # source field with its id
    required: bool = True
    default: str = ""  # key of the record to use where the source field is empty ("@unassigned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One stream's way into one destination stream."""

    name: str
    row: int  # of the twelve
    source: str
    destination: str
    stage: int  # order in which stages are walked
    rules: tuple[Rule, ...]
    links: tuple[LinkRule, ...] = ()
    when: str = ""  # condition under which a record takes this mapping
    match: str = ""  # destination field that is unique and holds the source id
    marker: str = ""  # destination text field that carries the marker at its end
    split: str = ""  # destination text field that may be split over several records
    file: str = (
        ""  # destination field that takes the bytes of a file; its marker stands in one line with the name
    )
    module: str = ""  # label of the custom module behind `destination`, where it is one
    unmapped: MappingABC[str, str] = field(default_factory=dict)  # source field → why it does not move


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A field's place, suggested by us, with evidence and confidence."""

    source_object: str
    source_header: str
    target: str  # object.field or NONE
    confidence: float
    band: Band
    candidates: tuple[tuple[str, float], ...]
    evidence: str
