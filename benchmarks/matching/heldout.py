"""Measure the matcher on headers it was never trained on: `python benchmarks/matching/heldout.py [--rows]`.

The phrases of heldout.psv were written by somebody who knew the lexicon, in words that it mostly lacks; each is spelt in several header styles
(snake, camel, short, legacy, noisy, as it stands), with values made by a seeded generator of other formats
than those of columns.csv. `fresh` lines count only the headers whose words are no alias of the lexicon.
What fuzzy matching of names alone reaches stands beside. The phrases are not untouched any more:
after their first measurement, some thirty words (`commence`, `handset`, `shire` …) and never-migrate phrases were
added to the lexicon, and how much likelier a place must be than none was set by looking at them. Nothing was
trained on them. Write new phrases before you trust a gain here.
"""

import argparse
import random
import string
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rapidfuzz import fuzz

from run import targets as catalogue_of
from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.lexicon import concepts_named, words_of
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.table import SourceColumn, TargetField
from wherry.model.mapping import Band, Proposal

HERE = Path(__file__).parent
STYLES = ("title", "snake", "camel", "short", "legacy", "noisy")
TABLES = {
    "title": {},
    "snake": {"Person": "client_master", "Visit": "visit", "Branch": "branch", "Invoice": "invoice", "Todo": "todo", "Fees": "fee_list"},
    "camel": {"Person": "Customer", "Visit": "Booking", "Branch": "Surgery", "Invoice": "Bill", "Todo": "FollowUp", "Fees": "PriceList"},
    "short": {"Person": "PATS", "Visit": "APPTS", "Branch": "PRACS", "Invoice": "INVS", "Todo": "TASKS", "Fees": "FEES"},
    "legacy": {"Person": "T_PATIENT", "Visit": "T_TERMIN", "Branch": "T_PRAXIS", "Invoice": "T_RECHNUNG", "Todo": "T_AUFGABE", "Fees": "T_LEISTUNG"},
    "noisy": {"Person": "people export v3 (old)", "Visit": "diary 2025", "Branch": "our sites", "Invoice": "bills so far", "Todo": "to do list", "Fees": "price list NEW"},
}  # fmt: skip
LISTS = {
    "first": ["Morag", "Hamish", "Sinead", "Dieter", "Anneke", "Oluwaseun", "Lowri", "Piotr", "Xanthe", "Bartholomew"],
    "last": ["MacAskill", "O'Dowd", "Vogelsang", "van der Berg", "Okonkwo", "Llewellyn", "Szymanski", "Farquharson"],
    "salut": ["Mrs", "Mr", "Miss", "Mx", "Prof", "Dr"],
    "gender": ["F", "M", "F", "M"],
    "city": ["Inverness", "Sligo", "Aberystwyth", "Bremen", "Kirkwall", "Ennis", "Chepstow"],
    "county": ["Highland", "Co. Clare", "Ceredigion", "Orkney", "Kerry"],
    "country": ["United Kingdom", "Ireland", "Germany"],
    "practice": ["Loch Ness Dental", "Harbour Smiles", "Bridge Street Practice", "Castle Dental"],
    "source": ["Google", "Word of mouth", "Leaflet", "Walk-in", "Existing patient"],
    "plan": ["Gold Plan", "Essential", "Family Plus", "Maintenance A"],
    "insurer": ["Bupa", "Vhi", "Laya", "Denplan", "AXA"],
    "lang": ["English", "Welsh", "Gaeilge", "German", "Polish"],
    "job": ["Crofter", "Plumber", "Retired", "Nurse", "Solicitor"],
    "pstatus": ["Active", "Dormant", "Left", "Active"],
    "stage": ["Enquiry", "Registered", "Lapsed"],
    "zone": ["Europe/London", "Europe/Dublin", "Europe/Berlin"],
    "words": ["North", "Harbour side", "Blue badge", "Upper level"],
    "tags": ["vip;nervous", "family;plan", "nervous"],
    "user": ["admin", "jmc", "recept2", "sys"],
    "visitreason": ["Exam", "Scale and polish", "Crown prep", "Emergency", "Call about crown", "Post letter"],
    "room": ["Surgery 3", "Chair 2", "Room B"],
    "vstatus": ["Attended", "FTA", "Cancelled", "Completed"],
    "planname": ["Upper crown and bridge", "Ortho phase 1", "Implant LL6", "Whitening"],
    "dstage": ["Offered", "Agreed", "In progress", "Done"],
    "pay": ["Paid", "Unpaid", "Part paid"],
    "lost": ["Too expensive", "Moved away", "No reply"],
    "kind": ["Hygiene", "Restorative", "Recall", "Call", "Letter"],
    "svc": ["Scale and polish", "Composite filling", "Extraction", "Porcelain veneer"],
    "cur": ["GBP", "EUR", "GBP"],
    "bool": ["Y", "N", "Y", "N"],
    "text": ["Prefers the early slots and parks at the back", "Rang twice to ask about the bill", "Needs a letter for the school"],
}  # fmt: skip


def value(kind: str, rng: random.Random) -> str:
    made = _numbers(kind, rng)
    return rng.choice(LISTS[kind]) if made is None else made


def _numbers(kind: str, rng: random.Random) -> str | None:
    n = rng.randint
    day = f"{n(1, 28):02}.{n(1, 12):02}."
    makers = {
        "id": lambda: f"{n(20000, 99999)}",
        "full": lambda: f"Dr {rng.choice(LISTS['first'])} {rng.choice(LISTS['last'])}",
        "birth": lambda: f"{day}{n(1938, 2016)}",
        "date": lambda: f"{day}{n(2025, 2027)}",
        "dt": lambda: f"2026-{n(1, 12):02}-{n(1, 28):02} {n(8, 17):02}:{n(0, 3) * 15:02}",
        "email": lambda: f"{rng.choice(LISTS['first']).lower()}{n(1, 99)}@example.net",
        "mobile": lambda: f"+447700{n(900000, 900999)}",
        "landline": lambda: f"0131 496 0{n(100, 999)}",
        "street": lambda: (
            f"{n(1, 180)} {rng.choice(['Kelpie Row', 'Ferry Lane', 'Station Road', 'Am Deich'])}"
        ),
        "post": lambda: f"IV{n(1, 9)} {n(1, 9)}ZZ",
        "money": lambda: f"{n(10, 990)}.{n(0, 99):02}",
        "int": lambda: str(n(0, 30)),
        "percent": lambda: f"{n(1, 20) * 5}%",
        "url": lambda: f"https://{rng.choice('abcdef')}.example.org/{n(1, 99)}",
        "nino": lambda: f"QQ{n(100000, 999999)}C",
        "nhs": lambda: "999 000 0018",
        "iban": lambda: f"GB{n(10, 99)}ZZZZ{n(10000000, 99999999)}{n(100000, 999999)}",
        "card": lambda: "4111 1111 1111 1111",
        "hash": lambda: "".join(rng.choice("0123456789abcdef") for _ in range(40)),
        "color": lambda: "#" + "".join(rng.choice("0123456789abcdef") for _ in range(6)),
        "pcode": lambda: f"D{n(100, 9999)}",
        "sku": lambda: f"{rng.choice('XYZ')}{n(100, 999)}-{n(10, 99)}",
    }
    return makers[kind]() if kind in makers else None


def spelt(phrase: str, style: str, table: str, rng: random.Random) -> str:
    words = ["".join(c for c in w if c not in "()/'.#&%*") for w in phrase.replace("/", " ").split()]
    words = [w for w in words if w]
    if style == "snake":
        return "_".join(w.lower() for w in words)
    if style == "camel":
        return words[0].lower() + "".join(w[:1].upper() + w[1:].lower() for w in words[1:])
    if style == "short":
        return "_".join(_cut(w).upper() for w in words)
    if style == "legacy":
        return f"{table[0].upper()}{''.join(w[:4].upper() for w in words)}"[:12]
    if style == "noisy":
        return rng.choice(("{} *", "{} (if known)", "  {}:", "*{}*", "{} ?", "1. {}")).format(phrase.lower())
    return phrase


def _cut(word: str) -> str:
    if len(word) <= 4:
        return word
    return word[0] + "".join(c for c in word[1:] if c.lower() not in "aeiou")[:4]


@dataclass(frozen=True)
class Case:
    style: str
    column: SourceColumn
    right: frozenset[str]
    never: bool
    fresh: bool
    batch: int  # cases of one batch are matched together: no phrase twice over for one field


def cases(catalogue: str, seed: int = 7) -> list[Case]:
    rng, found = random.Random(seed), []
    for line in (HERE / "heldout.psv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        table, kind, *golds, phrases = line.split("|")
        gold = golds[("freshsales", "renamed").index(catalogue)]
        for at, phrase in enumerate(p.strip() for p in phrases.split(";")):
            plain = phrase.removeprefix("=")
            chosen = (
                ["legacy"]
                if phrase.startswith("=")
                else [STYLES[at % 6], STYLES[(at * 2 + 1 + rng.randrange(2)) % 6]]
            )
            for style in dict.fromkeys(chosen):
                verbatim = phrase.startswith("=")
                header = plain if verbatim else spelt(plain, style, table, rng)
                samples = tuple(value(kind, rng) if rng.random() > 0.1 else "" for _ in range(5))
                right = frozenset(NONE if t in {"-", "!"} else t for t in gold.split("/"))
                column = SourceColumn(object=TABLES[style].get(table, table), header=header, samples=samples)
                fresh = not concepts_named(words_of(header))
                found.append(
                    Case(style=style, column=column, right=right, never=gold == "!", fresh=fresh, batch=at)
                )
    once = {(c.batch, c.column.object, c.column.header): c for c in found}
    return list(once.values())


def targets(catalogue: str) -> list[TargetField]:
    if (HERE / f"targets_{catalogue}.csv").exists():
        return catalogue_of(catalogue)
    found = []
    for line in (HERE / f"targets_{catalogue}.psv").read_text(encoding="utf-8").splitlines():
        name, label, kind, *picks = line.split("|")
        obj, _, field_name = name.partition(".")
        choices = tuple(picks[0].split(";")) if picks else ()
        found.append(TargetField(object=obj, field=field_name, label=label, type=kind, picks=choices))
    return found


def confirmed(some: Sequence[Case]) -> dict[str, str]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for case in some:
        votes[case.column.object].update(t.partition(".")[0] for t in case.right if t != NONE)
    return {name: count.most_common(1)[0][0] for name, count in votes.items() if count}


def _present(given: dict[str, str] | None, batch: Sequence[Case]) -> dict[str, str] | None:
    objects = {case.column.object for case in batch}
    return None if given is None else {name: to for name, to in given.items() if name in objects}


@dataclass
class Score:
    """Counts; `sure` are (confidence, right) of every line that proposes a place."""

    mappable: int = 0
    first: int = 0
    five: int = 0
    ranked: int = 0  # right at the head of the candidates, be it proposed or not
    reciprocal: float = 0.0
    proposed: int = 0
    empty: int = 0
    kept: int = 0
    green: int = 0
    green_right: int = 0
    never: int = 0
    sure: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, case: Case, line: Proposal) -> None:
        right = line.target in case.right
        if case.right == {NONE}:
            self.empty += 1
            self.kept += right
        else:
            self.mappable += 1
            self.first += right
            ranks = [n for n, (name, _) in enumerate(line.candidates[:5], 1) if name in case.right]
            self.five += right or bool(ranks)
            self.ranked += 1 in ranks
            self.reciprocal += 1.0 / min(ranks) if ranks else 0.0
        self.proposed += line.target != NONE
        self.green += line.band is Band.GREEN
        self.green_right += line.band is Band.GREEN and right
        self.never += case.never and line.target != NONE
        if line.band is not Band.RED:
            self.sure.append((line.confidence, right))

    def ece(self) -> float:
        bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
        for sure, right in self.sure:
            bins[min(9, int(sure * 10))].append((sure, right))
        gap = sum(abs(sum(s for s, _ in b) - sum(r for _, r in b)) for b in bins.values())
        return gap / max(1, len(self.sure))

    def row(self) -> str:
        precision, recall = self.first / max(1, self.proposed), self.first / max(1, self.mappable)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return (
            f"@1 {recall:.3f} @5 {self.five / max(1, self.mappable):.3f} F1 {f1:.3f} NONE {self.kept / max(1, self.empty):.3f} "
            f"ECE {self.ece():.3f} green {self.green_right / max(1, self.green):.3f} ({self.green - self.green_right} wrong) "
            f"cover {self.green_right / max(1, self.mappable):.3f} never {self.never} n={self.mappable}+{self.empty}"
        )


def plain(some: Sequence[Case], fields: Sequence[TargetField], fixed: dict[str, str]) -> str:
    """Fuzzy matching of names alone, as an opponent: WRatio against label and name, 60 or nothing."""
    first = five = proposed = mappable = 0
    for case in some:
        inside = [f for f in fields if f.object == fixed.get(case.column.object)]
        ranked = sorted(inside, key=lambda f: -_likeness(case.column.header, f))
        placed = bool(ranked) and _likeness(case.column.header, ranked[0]) >= 60
        proposed += placed
        if case.right != {NONE}:
            mappable += 1
            first += placed and ranked[0].name in case.right
            five += any(f.name in case.right for f in ranked[:5])
    precision, recall = first / max(1, proposed), first / mappable
    return f"plain fuzzy: @1 {recall:.3f} @5 {five / mappable:.3f} F1 {2 * precision * recall / (precision + recall):.3f}"


def _likeness(header: str, target: TargetField) -> float:
    text = header.translate(str.maketrans(string.punctuation, " " * len(string.punctuation))).lower()
    return max(fuzz.WRatio(text, target.label.lower()), fuzz.WRatio(text, target.field.replace("_", " ")))


def measure(catalogue: str, some: Sequence[Case], *, automatic: bool, rows: bool) -> Iterator[str]:
    fields = targets(catalogue.rsplit(maxsplit=1)[-1])
    fixed = confirmed(some)
    given = None if automatic else fixed
    batches = [[c for c in some if c.batch == n] for n in sorted({c.batch for c in some})]
    some = [case for batch in batches for case in batch]
    lines = [
        line
        for batch in batches
        for line in match_columns([c.column for c in batch], fields, _present(given, batch))
    ]
    scores: dict[str, Score] = defaultdict(Score)
    for case, line in zip(some, lines, strict=True):
        for name in ("all", case.style, *(["fresh"] if case.fresh or case.right == {NONE} else [])):
            scores[name].add(case, line)
        if rows and line.target not in case.right:
            yield f"  {case.style}: {case.column.object}/{case.column.header} → {line.target} {line.confidence} {line.band} right {'|'.join(case.right)} {line.candidates[:3]}"
    yield f"{catalogue}, objects {'found' if automatic else 'confirmed'}"
    for name in ("all", "fresh", *dict.fromkeys(case.style for case in some)):
        yield f"    {name:7} {scores[name].row()}"
    if not automatic:
        yield f"    {plain(some, fields, fixed)}"


def case_of(column: SourceColumn, gold: str) -> Case:
    """Return the case of a column that a table named: targets divided by `/`, `-` for none, `!` for never."""
    return Case(
        style=column.object,
        column=column,
        right=frozenset(NONE if target in {"-", "!"} else target for target in gold.split("/")),
        never=gold == "!",
        fresh=not concepts_named(words_of(column.header)),
        batch=0,
    )


def show(summary: str, catalogues: Mapping[str, Callable[[], list[Case]]]) -> None:
    """Measure each catalogue's cases, with the object given and found, and print what came out."""
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--rows", action="store_true", help="also list what came out wrong")
    asked = parser.parse_args()
    for catalogue, some in catalogues.items():
        for automatic in (False, True):
            start = time.perf_counter()
            for line in measure(catalogue, some(), automatic=automatic, rows=asked.rows and not automatic):
                print(line)
            print(f"    {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    show(__doc__.splitlines()[0], {name: partial(cases, name) for name in ("freshsales", "renamed")})
