"""A small clinic and a small CRM for the proposer: catalogs only, and how columns are filled."""

from collections.abc import Mapping

from wherry.mapping.blueprint import blueprint_texts, load_blueprint
from wherry.mapping.check_rules import known_columns
from wherry.mapping.proposer.custom import Filling
from wherry.mapping.proposer.stream import Ground, StreamProposal, propose_streams
from wherry.model.catalog import Catalog, Choice, Field, FieldType, Privacy, Stream

T = FieldType
BLUEPRINT, TEXTS = load_blueprint(), blueprint_texts()


def choices(*texts: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=text, value=text) for text in texts)


def custom(label: str, kind: FieldType = T.TEXT, *picks: str, privacy: Privacy = Privacy.COMMERCIAL) -> Field:
    return Field(
        name=f"custom:{label}", label=label, type=kind, custom=True, choices=choices(*picks), privacy=privacy
    )


OWN = (
    custom("Loyalty tier", T.DROPDOWN, "Gold", "Silver", "yes"),
    custom("First seen", T.DATE),
    custom("NI Number"),
    custom("Mouthguard size", T.NUMBER),
)


def source_catalog(own: tuple[Field, ...] = OWN, headers: Mapping[str, str] | None = None) -> Catalog:
    streams = []
    for name in dict.fromkeys(m.source for m in BLUEPRINT.mappings):
        fields = tuple(
            Field(
                name=column,
                type=T.TEXT,
                header=(headers or {}).get(column, ""),
                privacy=Privacy.NATIONAL_ID if column == "nhsNumber" else Privacy.COMMERCIAL,
            )
            for column in sorted(known_columns(name))
        )
        streams.append(Stream(name=name, fields=fields + (own if name == "patients" else ())))
    return Catalog(system="aerona", streams=tuple(streams))


def destination_catalog(*fields: Field, limits: Mapping[str, int] | None = None) -> Catalog:
    names = ("contacts", "sales_accounts", "tasks", "appointments", "notes")
    return Catalog(
        system="freshsales",
        streams=tuple(Stream(name=n, fields=fields if n == "contacts" else ()) for n in names),
        limits=limits or {},
    )


def filling(_stream: str, _field: str) -> Filling:
    return Filling(records=20, filled=12, distinct=3, longest=9, samples=("alpha", "beta", "gamma"))


def proposed(ground: Ground) -> dict[str, StreamProposal]:
    return {p.file: p for p in propose_streams(BLUEPRINT, TEXTS, ground)}
