"""Source columns and target fields, read once as what they mean: the rows and columns of the match."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from wherry.mapping.proposer.lexicon import (
    Concept,
    concepts,
    concepts_named,
    kinds,
    never_class,
    operational,
    others,
    words_of,
    writing,
)
from wherry.mapping.proposer.likeness import near_concepts, restored
from wherry.mapping.proposer.values import Values, look_at
from wherry.mapping.proposer.words import glued_prefix, shared_prefix, split, without_aside, without_glued

_SHORTENED = 0.95  # how far a header counts once words were taken off it
_FADED = 0.7  # how far what is left counts where the whole header is an alias of its own
_RESTORED = 0.85  # how far it counts once shortened words were guessed
_NOISE_OFF = 0.88
_TAIL_OFF = 0.84  # below what counts as an alias for green: `status code` is not always the status
_NONE_KNOWN: Mapping[str, str] = MappingProxyType({})
_LEAD = 1.1  # a kind told by fields alone leads the next by this factor
_TAILS = frozenset({"id", "number", "code", "key", "name", "identifier", "reference", "amount"})
_ABOVE = frozenset({"parent", "group"})  # of an organisation, no somebody else's
_OWN_ID = frozenset({"id", "number", "key", "identifier", "reference", "code", "uuid", "guid"})
_CODED = frozenset({"product", ""})  # whose number is the code that people know the thing by
_DATED = frozenset({"on", "at", "dt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumn:
    """A column as given: its object, its header, some of its values."""

    object: str
    header: str
    samples: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"SourceColumn({self.object}/{self.header}, {len(self.samples)} samples)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetField:
    """A field of the target's catalogue as given; `type` in the target's own words."""

    object: str
    field: str
    label: str = ""
    type: str = ""
    required: bool = False
    picks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field's full name."""
        return f"{self.object}.{self.field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The words of a header or field name, and the concepts that they name: name → (weight, alias)."""

    words: tuple[str, ...]
    concepts: Mapping[str, tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A source column, read."""

    given: SourceColumn
    kind: str
    meaning: Meaning
    values: Values
    barred: str  # its class on the never-migrate list
    internal: str  # its group on the operational list
    near: Mapping[str, float] = field(default_factory=dict)  # concepts that the header comes near to
    somebody: frozenset[str] = (
        frozenset()
    )  # words of the whole header that say whose it is, if not the record's


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target field, read."""

    given: TargetField
    kind: str
    names: tuple[Meaning, ...]  # of its label, then of its name
    picks: frozenset[str]
    concepts: Mapping[str, tuple[float, Concept]] = field(default_factory=dict)
    near: Mapping[str, float] = field(default_factory=dict)  # concepts that its names come near to

    @property
    def holds(self) -> int:
        """How many columns the target takes."""
        return max((concept.holds for _, concept in self.concepts.values()), default=1)


@cache
def kind_of(name: str) -> str:
    """Return the kind of the object of that name, or the empty text.

    The longest matching name decides, then the one that stands last: patient comments are comments.
    """
    return next(iter(kinds_named(name)), "")


@cache
def kinds_named(name: str) -> tuple[str, ...]:
    """Return the kinds that a name names, the likeliest first."""
    words = words_of(name)
    found: list[tuple[int, int, str]] = []
    for kind in kinds():
        hits = [known for known in kind.names if set(known) <= set(words)]
        if hits:
            size, last = max((len(known), max(words.index(word) for word in known)) for known in hits)
            found.append((-size, -last, kind.name))
    return tuple(kind for _, _, kind in sorted(found, key=lambda one: one[:2]))


def read_columns(
    columns: Sequence[SourceColumn], known: Mapping[str, str] = _NONE_KNOWN
) -> tuple[Column, ...]:
    """Read the source columns, object by object, so that a prefix shared by a table can be told.

    `known` are kinds of objects whose names say none, where something else does.
    """
    tables = {name: [c.header for c in columns if c.object == name] for name in {c.object for c in columns}}
    glued = {name: glued_prefix(headers, name, writing().knows) for name, headers in tables.items()}
    spelt = [without_glued(column.header, glued[column.object]) for column in columns]
    prefixes = {name: glued[name] or shared_prefix([split(h) for h in some]) for name, some in tables.items()}
    found = [
        _column(
            column, header, prefixes[column.object], kind_of(column.object) or known.get(column.object, "")
        )
        for column, header in zip(columns, spelt, strict=True)
    ]
    told = {
        name: kind_by_fields([c.near for c in found if c.given.object == name])
        for name in dict.fromkeys(c.given.object for c in found if not c.kind)
    }
    return tuple(c if c.kind else replace(c, kind=told[c.given.object]) for c in found)


def _column(column: SourceColumn, header: str, prefix: str, kind: str) -> Column:
    meaning = meaning_of(header, column.object, prefix)
    own = prefix and header.casefold().startswith(f"{prefix}_") and {*meaning.words} <= _OWN_ID
    if kind not in _CODED and (own or is_own_id(meaning.words, object_words(column.object))):
        meaning = replace(meaning, concepts={"external_id": (1.0, "id")})
    values = look_at(column.samples)
    return Column(
        given=column,
        kind=kind,
        meaning=meaning,
        values=values,
        barred=_barred_by_header(column.header)
        or _barred_by_header(header)
        or _barred_by_values(values, meaning),
        internal=_internal(header, prefix, object_words(column.object)),
        near=near_of([meaning]),
        somebody=frozenset(restored(word) for word in words_of(header))
        & (others() - _ABOVE if kind == "organisation" else others()),
    )


def is_own_id(words: tuple[str, ...], about: frozenset[str]) -> bool:
    """Tell whether a header is the name of its own object and a word for a key: `ClinicNum` of clinics."""
    keys = _OWN_ID & {*words}
    return bool(keys) and keys < {*words} and {*words} - about <= keys


def near_of(names: Sequence[Meaning]) -> Mapping[str, float]:
    """Return the concepts that the names say, or come near to."""
    found: dict[str, float] = {}
    for name in names:
        said = {concept: weight for concept, (weight, _) in name.concepts.items()}
        for concept, weight in {**near_concepts(name.words), **said}.items():
            found[concept] = max(weight, found.get(concept, 0.0))
    return found


def _barred_by_header(header: str) -> str:
    """Return the class that the header names, be it in shortened words."""
    return never_class(header) or never_class(" ".join(restored(word) for word in words_of(header)))


_BARRED_VALUES = {
    "ni_number": "national_id",
    "card": "payment_data",
    "iban": "payment_data",
}


def barred_by(column: SourceColumn) -> str:
    """Return the class of the never-migrate list that a column falls under, or the empty text."""
    return read_columns([column])[0].barred


def _barred_by_values(values: Values, meaning: Meaning) -> str:
    """Return the class that the values alone show: all of several have a form that nothing else has."""
    if values.filled < 2:
        return ""
    if values.main == "nhs_number":  # any ten digits pass its check once in eleven
        known = any(weight == 1.0 for weight, _ in meaning.concepts.values())
        return "" if known or values.filled < 3 else "health_number"
    return _BARRED_VALUES.get(values.main, "")


def _internal(header: str, prefix: str, about: frozenset[str]) -> str:
    words = words_of(header)
    bare = [words, words[1:]] if prefix and split(header)[:1] == (prefix,) else [words]
    bare += [fewer] if len(fewer := tuple(word for word in words if word not in about)) > 1 else []
    return next((found for w in bare if (found := operational().get(frozenset(w)))), "")


def meaning_of(header: str, of_object: str, prefix: str) -> Meaning:
    """Return the words of a header or field name without its table's prefix, and the concepts that they name."""
    spelt = split(header)
    base = without_aside(header)
    if prefix and spelt[:1] == (prefix,) and len(spelt) > 1:
        base = " ".join(split(base)[1:])
    words = words_of(base)
    found: dict[str, tuple[float, str]] = {}
    about = object_words(of_object)
    fewer = tuple(word for word in words if word not in about)
    bare = tuple(word for word in fewer if word not in writing().noise)
    for weight, variant in (
        (1.0, words_of(header)),
        (1.0, words),
        (_SHORTENED, fewer),
        (_NOISE_OFF, bare),
        (_NOISE_OFF, tuple(word for word in words if word not in writing().noise)),
        *((_TAIL_OFF, shorter) for shorter in _without_tail(words, fewer)),
        *((_RESTORED, whole) for whole in _restored(words, fewer)),
    ):
        for concept, alias in concepts_named(variant) if variant else ():
            if found.get(concept.name, (0.0, ""))[0] < weight:
                found[concept.name] = (weight, alias)
    return Meaning(words=words, concepts=_faded(found))


def _faded(found: Mapping[str, tuple[float, str]]) -> Mapping[str, tuple[float, str]]:
    """Where the whole header names a concept, what is left of it once words are off counts for less."""
    if not any(weight == 1.0 for weight, _ in found.values()):
        return found
    return {n: (weight if weight == 1.0 else weight * _FADED, alias) for n, (weight, alias) in found.items()}


def _restored(*variants: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words with cut-off ones, and ones without vowels, written out as the lexicon's likeliest."""
    for words in variants:
        whole = tuple(restored(word) for word in words)
        if whole != words:
            yield whole
            yield from _without_tail(whole)


def _without_tail(*variants: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words without a last one that only says how the thing is written, and `on`, `at` as `date`."""
    for words in variants:
        if len(words) > 1 and words[-1] in _TAILS:
            yield words[:-1]
        if len(words) > 1 and words[-1] in _DATED:
            yield (*words[:-1], "date")


def kind_by_fields(near: Sequence[Mapping[str, float]], among: Container[str] = ()) -> str:
    """Return the kind of object that fields with these near concepts make up, or the empty text.

    A concept of few kinds tells more than one of many; the kind that leads by a tenth is it. `among` are the
    kinds that may be, where not all.
    """
    votes: Counter[str] = Counter()
    for field_near in near:
        for name, weight in field_near.items():
            for kind in concepts()[name].of:
                votes[kind] += weight / len(concepts()[name].of) ** 2 / len(field_near)  # type: ignore[assignment]  # typeshed counts in whole numbers
    ranked = sorted(
        (kind for kind in votes if not among or kind in among), key=lambda kind: (-votes[kind], kind)
    )
    if len(ranked) > 1 and votes[ranked[0]] < _LEAD * votes[ranked[1]]:
        return ""
    return ranked[0] if ranked else ""


def object_words(name: str) -> frozenset[str]:
    """Return the words of an object's name, and those that its kind has for a name."""
    kind = kind_of(name)
    known = next((k.names for k in kinds() if k.name == kind), ())
    return frozenset(words_of(name)) | {word for one in known if len(one) == 1 for word in one}
