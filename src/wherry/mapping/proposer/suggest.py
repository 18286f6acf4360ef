"""What a language model says of the clinic's own columns that are not sure: an existing field in place of a new one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.mapping.labels import CUSTOM, custom_label, normal_label
from wherry.mapping.proposer.advice import NONE, Ask, Unsure, advised
from wherry.mapping.proposer.custom import CustomPlace, Filling, onto
from wherry.mapping.proposer.explain import kind_phrase
from wherry.mapping.proposer.table import SourceColumn, TargetField, read_columns
from wherry.model.catalog import Catalog, Field, FieldType
from wherry.model.mapping import Band, Proposal
from wherry.model.mapping import Mapping as StreamMapping

_STRUCTURES = frozenset({FieldType.REFERENCE, FieldType.GROUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A place that is not sure, its line as shown, and how its column is filled."""

    place: CustomPlace
    line: Proposal
    filling: Filling


def free_fields(
    mapping: StreamMapping, all_mappings: Sequence[StreamMapping], there: Catalog
) -> dict[str, Field]:
    """Return the destination's fields that no mapping writes and a column may go to, by full name."""
    same = [m for m in all_mappings if m.destination == mapping.destination]
    written = {rule.to for m in same for rule in m.rules}
    labels = {normal_label(label) for to in written if (label := custom_label(to))}
    keys = {name for m in same for name in (m.match, m.marker, m.split, m.file)}
    stream = there.stream(mapping.destination)
    return {
        f"{mapping.destination}.{field.name}": field
        for field in (stream.fields if stream else ())
        if not field.read_only
        and field.type not in _STRUCTURES
        and field.name not in written | keys
        and normal_label(field.label or field.name) not in labels
    }


def advised_places(offers: Sequence[Offer], free: Mapping[str, Field], ask: Ask) -> Iterator[CustomPlace]:
    """Yield each place as it is after the model was heard; green and red ones are never shown to it.

    A changed place is an amber rule into a field that exists, is free and holds the column's type.
    """
    taken = {place.rule.to for offer in offers if (place := offer.place).rule}
    left = {name: field for name, field in free.items() if not {_to(field)} & taken}
    open_offers = [offer for offer in offers if offer.place.band in {Band.AMBER, Band.GREY}]
    unsure = [_unsure(offer, left) for offer in open_offers]
    heard = dict(
        zip(
            (offer.place.column.name for offer in open_offers),
            advised(unsure, list(_targets(left)), {}, ask),
            strict=True,
        )
    )
    for offer in offers:
        line = heard.get(offer.place.column.name)
        yield offer.place if line is None or line is offer.line else _after(offer, line, left)


def _targets(free: Mapping[str, Field]) -> Iterable[TargetField]:
    for name, field in free.items():
        stream, _, plain = name.partition(".")
        yield TargetField(
            object=stream,
            field=plain,
            label=field.label,
            type=str(field.type),
            picks=tuple(choice.value for choice in field.choices),
        )


def _unsure(offer: Offer, free: Mapping[str, Field]) -> Unsure:
    given = SourceColumn(
        object=offer.line.source_object, header=offer.line.source_header, samples=offer.filling.samples
    )
    return Unsure(
        line=offer.line,
        kind=kind_phrase(read_columns([given])[0]),
        samples=offer.filling.samples,
        fits=lambda target: (
            onto(offer.place.column, _to(free[target.name]), free[target.name], offer.filling) is not None
        ),
    )


def _to(field: Field) -> str:
    """Return how a rule names the field."""
    return CUSTOM + (field.label or field.name) if field.custom else field.name


def _after(offer: Offer, line: Proposal, free: Mapping[str, Field]) -> CustomPlace:
    place = offer.place
    field = free.get(line.target) if line.target not in {offer.line.target, NONE} else None
    if field is None:
        rule = replace(place.rule, evidence=line.evidence) if place.rule else None
        return replace(place, rule=rule, evidence=line.evidence)
    found = onto(place.column, _to(field), field, offer.filling)
    if found is None or found.rule is None:
        return place
    rule = replace(found.rule, band=line.band, confidence=line.confidence, evidence=line.evidence)
    return replace(found, rule=rule, band=line.band, confidence=line.confidence, evidence=line.evidence)
