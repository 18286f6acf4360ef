"""A catalogue under other names is understood as a whole: by kinds of objects, and by what is left for a field."""

import pytest

from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.catalogue import read_targets
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.semantic import is_word
from wherry.mapping.proposer.table import SourceColumn, TargetField
from wherry.model.mapping import Band


def field(name: str, label: str = "", type_: str = "text", picks: tuple[str, ...] = ()) -> TargetField:
    table, _, own = name.partition(".")
    return TargetField(object=table, field=own, label=label or own, type=type_, picks=picks)


EVENTS = [
    field("contact.lastName"),
    field("meeting.headline", "Headline"),
    field("meeting.opensAt", "Opens at", "datetime"),
    field("meeting.closesAt", "Closes at", "datetime"),
]


def concepts_of(fields: list[TargetField]) -> dict[str, set[str]]:
    return {target.given.name: set(target.concepts) for target in read_targets(fields)}


def test_fields_that_no_alias_names_are_what_is_left_of_their_kind() -> None:
    found = concepts_of(EVENTS)
    assert found["meeting.opensAt"] == {"start"}
    assert found["meeting.closesAt"] == {"end"}


def test_what_only_seems_to_be_something_is_never_green() -> None:
    for header, target in (("start time", "meeting.opensAt"), ("end time", "meeting.closesAt")):
        column = SourceColumn(object="appointments", header=header, samples=("2026-05-05 09:30",) * 3)
        (line,) = match_columns([column], EVENTS, {"appointments": "meeting"})
        assert (line.target, line.band) == (target, Band.AMBER)


def test_a_type_that_cannot_be_is_not_settled_on() -> None:
    fields = [
        field("contact.lastName"),
        field("company.name"),
        field("company.headcountBand", type_="dropdown"),
    ]
    assert concepts_of(fields)["company.headcountBand"] == {"employees"}
    fields = [field("contact.lastName"), field("company.name"), field("company.headcountBand", type_="date")]
    assert concepts_of(fields)["company.headcountBand"] == set()


def test_a_lone_object_of_everything_is_left_as_it_is() -> None:
    fields = [field(f"everything.{n}") for n in ("city", "opensAt", "headcountBand")]
    assert concepts_of(fields)["everything.headcountBand"] == set()


def test_a_name_of_two_kinds_is_told_by_the_fields() -> None:
    deal = [field(f"pipelineItem.{n}") for n in ("dealName", "dealStage", "probability", "expectedCloseDate")]
    product = [field(f"pipelineItem.{n}") for n in ("productName", "unitPrice", "sku", "productCode")]
    assert {target.kind for target in read_targets(deal)} == {"deal"}
    assert {target.kind for target in read_targets(product)} == {"product"}


def test_a_key_with_a_word_before_it_is_more_than_a_key() -> None:
    fields = [field("task.subject"), field("task.what_id", "Related to", "dropdown")]
    column = SourceColumn(object="tasks", header="id", samples=("t-1", "t-2"))
    (line,) = match_columns([column], fields, {"tasks": "task"})
    assert line.target == NONE


def test_glued_prefixes_of_a_table_come_off() -> None:
    fields = [field("event.from_date", "Start", "datetime"), field("event.outcome", "Outcome", "dropdown")]
    columns = [
        SourceColumn(object="APTBOOK", header=header, samples=samples)
        for header, samples in {
            "APKEY": ("1", "2"),
            "APDATE": ("20260505", "20260511"),
            "APOUTCOME": ("AT", "FTA"),
            "APMEMO": ("x", "y"),
        }.items()
    ]
    found = {line.source_header: line.target for line in match_columns(columns, fields, {"APTBOOK": "event"})}
    assert (found["APDATE"], found["APOUTCOME"]) == ("event.from_date", "event.outcome")
    (alone,) = match_columns([columns[2]], fields, {"APTBOOK": "event"})
    assert alone.target == NONE  # only the others show that AP is no part of the word


def test_values_that_are_like_a_pick_list_speak_for_it() -> None:
    fields = [
        field("contact.alpha", type_="dropdown", picks=("T1", "T2", "T3", "T4")),
        field("contact.beta", type_="dropdown", picks=("Red", "Green", "Blue")),
    ]
    column = SourceColumn(object="patients", header="zq", samples=("pT1", "pT2", "pT4"))
    (line,) = match_columns([column], fields, {"patients": "contact"})
    assert line.candidates[0][0] == "contact.alpha"


@pytest.mark.parametrize(
    ("word", "whole"), [("direction", True), ("caller", True), ("descript", False), ("surnam", False)]
)
def test_whole_words_are_no_shortened_ones(word: str, whole: bool) -> None:
    assert is_word(word) is whole


def test_a_whole_word_is_not_taken_for_one_that_begins_alike() -> None:
    column = SourceColumn(object="messages", header="direction", samples=("INBOUND", "OUTBOUND"))
    fields = [field("note.description", "Description", "textarea"), field("note.about", "About")]
    (line,) = match_columns([column], fields, {"messages": "note"})
    assert line.band is not Band.GREEN
