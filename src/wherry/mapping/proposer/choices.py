"""What a word of the source means in a pick list: exact, by the reviewed tables, by likeness, or held."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from wherry.mapping.proposer.lexicon import words_of
from wherry.mapping.proposer.likeness import phrase_likeness
from wherry.mapping.values import ValueTable, elsewhere, entry_for, spelling, value_tables
from wherry.model.mapping import Band

_BREAK = re.compile(r"[\W_]+")
_LIKE, _MAYBE = 0.86, 0.62  # likeness from which a word is most likely, or perhaps, an entry
_LISTED = 0.97
_SURE_OF_LIKE, _SURE_OF_MAYBE, _SURE_OF_CODE = 0.85, 0.6, 0.6
_NOT = frozenset({"not", "no", "non", "un", "never", "without"})
_SHORTEST = 4  # letters from which likeness says anything
_ONE_WORD = 0.75  # below, two single words have letters in common and no more: `Approved`, `Proposed`
# ISO/IEC 5218, and yes or no under a header that names one of two.
_CODES = {"1": "Male", "2": "Female", "0": "Unknown", "9": "Unknown"}
_SIDES = {"male": ("Male", "Female"), "man": ("Male", "Female"), "female": ("Female", "Male")}
_YES, _NO = frozenset({"true", "yes", "y", "1", "t"}), frozenset({"false", "no", "n", "0", "f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceProposal:
    """The entry that a word stands for; empty where it is held until a person says what it means."""

    choice: str
    confidence: float
    band: Band
    evidence: str


def normal(word: str) -> str:
    """Return a word as likeness sees it: lower case, one space for whatever parts it; writing goes by `spelling`."""
    return " ".join(part for part in _BREAK.split(word.casefold()) if part)


def propose_choice(word: str, offered: Sequence[str], table: str = "", header: str = "") -> ChoiceProposal:
    """Return the entry of a pick list that a source's word stands for, how sure that is, and why.

    `offered` are the tenant's entries, `table` a reviewed table of values.yaml. Green is what the list itself
    or the table says; what is only alike is amber, what the table calls ambiguous is amber without an entry,
    and what nobody knows is held (grey). Nothing is ever guessed for it.
    """
    exact = next((entry for entry in offered if spelling(entry) == spelling(word)), "")
    if exact:
        return ChoiceProposal(
            choice=exact, confidence=1.0, band=Band.GREEN, evidence="stands in the pick list"
        )
    known = value_tables().get(table)
    doubt = known.doubt(word) if known else ""
    if doubt:
        why = f"ambiguous: {doubt}; held until somebody decides"
        return ChoiceProposal(choice="", confidence=0.5, band=Band.AMBER, evidence=why)
    text = known.text(word) if known else ""
    if text:
        return _listed(text, offered, table)
    return (
        _coded(word, offered, table, header)
        or _elsewhere(word, offered, table)
        or _alike(word, offered, table)
    )


def _listed(text: str, offered: Sequence[str], table: str) -> ChoiceProposal:
    entry = entry_for(text, offered, table)
    if entry:
        why = f"a listed spelling of {text}"
        return ChoiceProposal(choice=entry, confidence=_LISTED, band=Band.GREEN, evidence=why)
    near = _nearest(text, offered, table)
    if near:
        why = f"a listed spelling of {text}, which the pick list lacks; {near} is nearest"
        return ChoiceProposal(choice=near, confidence=_SURE_OF_MAYBE, band=Band.AMBER, evidence=why)
    why = f"a listed spelling of {text}, which the pick list lacks; held"
    return ChoiceProposal(choice="", confidence=0.5, band=Band.GREY, evidence=why)


def _nearest(text: str, offered: Sequence[str], table: str) -> str:
    """Return the entry that other systems have for a text, else the one most like it; empty where none is."""
    for entry in offered:
        if elsewhere(table).get(spelling(entry)) == text:
            return entry
    best = max(offered, key=lambda entry: (_likeness(text, entry), entry), default="")
    return best if _likeness(text, best) >= _MAYBE else ""


def _elsewhere(word: str, offered: Sequence[str], table: str) -> ChoiceProposal | None:
    """Read a word as other systems use it: their tables are for proposing, never for reading."""
    text = elsewhere(table).get(spelling(word), "")
    entry = entry_for(text, offered, table) if text else ""
    if not entry:
        return None
    why = f"other systems' word for {text}; to be confirmed"
    return ChoiceProposal(choice=entry, confidence=_SURE_OF_MAYBE, band=Band.AMBER, evidence=why)


def _coded(word: str, offered: Sequence[str], table: str, header: str) -> ChoiceProposal | None:
    """Read a code of a code book: yes or no under a header that names a sex, and ISO 5218's digits."""
    if table != "sex":
        return None
    key, named = normal(word), [side for part in normal(header).split() if (side := _SIDES.get(part))]
    text, book = _CODES.get(key, ""), "ISO/IEC 5218"
    if len(named) == 1 and key in _YES | _NO:
        text, book = named[0][key in _NO], "yes or no to the header"
    if not text:
        return None
    found = _listed(text, offered, table)
    why = f"a code: {text} by {book}; to be confirmed"
    return ChoiceProposal(choice=found.choice, confidence=_SURE_OF_CODE, band=Band.AMBER, evidence=why)


def _alike(word: str, offered: Sequence[str], table: str) -> ChoiceProposal:
    best, score, by = "", 0.0, ""
    known = value_tables().get(table)
    said = known.by_spelling if known else {}
    for entry in offered:
        spelt = [entry, *(s for s, text in said.items() if text in (entry, said.get(spelling(entry))))]
        for way in spelt:
            likeness = _likeness(word, way)
            if likeness > score:
                best, score, by = entry, likeness, way
    if score < _MAYBE:
        why = "in neither the pick list nor a reviewed table; held until somebody says what it means"
        return ChoiceProposal(choice="", confidence=round(1.0 - score, 3), band=Band.GREY, evidence=why)
    sure = _SURE_OF_LIKE if score >= _LIKE else _SURE_OF_MAYBE
    how = "spelling" if _spelling(normal(word), normal(by)) >= _MAYBE else "words"
    why = f"like {by!r}, by its {how} only"
    return ChoiceProposal(choice=best, confidence=sure, band=Band.AMBER, evidence=why)


def _likeness(mine: str, theirs: str) -> float:
    """Return from 0 to 1 how alike two entries are; what denies the other is not alike."""
    left, right = normal(mine), normal(theirs)
    if min(len(left), len(right)) < _SHORTEST or _denies(left) != _denies(right):
        return 0.0
    return max(_spelling(left, right), phrase_likeness(words_of(left), words_of(right)) * 0.95)


def _spelling(left: str, right: str) -> float:
    spelt = fuzz.token_sort_ratio(left, right) / 100.0
    cut_off = left.startswith(right) or right.startswith(left)
    return spelt if cut_off or " " in left or " " in right or spelt >= _ONE_WORD else 0.0


def _denies(text: str) -> bool:
    first, *others = text.split()
    return bool(_NOT & {first, *others}) or first.startswith(("un", "non", "in"))


def told(texts: Sequence[str], picks: Sequence[str]) -> Iterator[str]:
    """Yield those of the texts that stand in a pick list, or in a reviewed table for one of its entries."""
    entries = {normal(pick) for pick in picks}
    tables = _covering(tuple(picks))
    for text in texts:
        if normal(text) in entries or any(known.text(text) in meant for known, meant in tables):
            yield text


@cache
def _covering(picks: tuple[str, ...]) -> tuple[tuple[ValueTable, frozenset[str]], ...]:
    """Return the reviewed tables that know at least two entries of a pick list, and half of them, with their texts."""
    found = []
    for known in value_tables().values():
        texts = [text for pick in picks if (text := known.text(pick))]
        if len(texts) >= 2 and 2 * len(texts) >= len(picks):
            found.append((known, frozenset(texts)))
    return tuple(found)
