"""The matcher beside plain fuzzy matching and COMA, on our sets and on open ones, in one run.

`make bench` prints it, or `python benchmarks/run.py matching`, or `python benchmarks/matching/versus.py`.
COMA is Valentine's own Python one, headers only, in an environment that is made for it under `folder` (Valentine
pulls some 460 MB); the open sets are fetched there too. What cannot be had is said and left out. The target object
of each source object is given to all. A matcher's score is taken as its confidence. `accuracy@1` counts a place that
was proposed; `ranked@1` one that leads the candidates, be it proposed or not. `bare` is without the sentence model.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import heldout
import open_sets
import public
import second
import unseen
from open_sets import ANY, Task
from rapidfuzz import fuzz

import run as development
from wherry.mapping.proposer import lexicon, semantic
from wherry.mapping.proposer.advice import NONE
from wherry.mapping.proposer.match import match_columns
from wherry.mapping.proposer.table import TargetField
from wherry.model.mapping import Band, Proposal

VALENTINE = "valentine==1.0.1"
WORKER = Path(__file__).parent / "coma_worker.py"
FUZZY_LEAST = 0.6
COMA_LEAST = 0.3  # of 0.2, 0.3, 0.4 and 0.5 the one that is best for COMA on the development set
FLOORS = {  # accuracy@1, F1, green precision, green coverage
    "tables held out, freshsales": (0.9, 0.9, 0.98, 0.5),
    "tables of others, fifth, freshsales": (0.9, 0.9, 0.98, 0.5),
    "tables of others, fifth, fifth": (0.9, 0.9, 0.98, 0.5),
    "public schemas, freshsales": (0.85, 0.88, 0.98, 0.5),
}
Lines = list[tuple[heldout.Case, Proposal]]


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wherry-bench"


def sets(folder: Path) -> Iterator[tuple[str, list[Task] | None]]:
    """Yield our sets and the open ones as tasks; None where one cannot be had."""
    for catalogue in development.CATALOGUES:
        some = [_as_case(case) for case in development.cases(catalogue)]
        yield f"development, {catalogue}", [(some, development.targets(catalogue))]
    for catalogue in ("freshsales", "renamed"):
        some = heldout.cases(catalogue)
        batches = [[case for case in some if case.batch == n] for n in sorted({c.batch for c in some})]
        yield f"phrases held out, {catalogue}", [(batch, heldout.targets(catalogue)) for batch in batches]
    for catalogue in second.CATALOGUES:
        yield f"tables held out, {catalogue}", [(second.cases(catalogue), heldout.targets(catalogue))]
    for name in unseen.NAMES:
        for catalogue in ("freshsales", name):
            some = unseen.cases(name, catalogue)
            yield f"tables of others, {name}, {catalogue}", [(some, heldout.targets(catalogue))]
    yield "public schemas, freshsales", [(public.cases(), heldout.targets("freshsales"))]
    yield "OC3", open_sets.oc3(folder)
    yield "GDC", open_sets.gdc(folder)
    for name in ("cms", "synthea"):
        yield f"OMOP, {name}", open_sets.omop(name, folder)


def _as_case(case: development.Case) -> heldout.Case:
    return heldout.Case(
        style=case.style, column=case.column, right=case.right, never=case.never, fresh=False, batch=0
    )


def objects(cases: Sequence[heldout.Case], fields: Sequence[TargetField]) -> dict[str, str]:
    if {field.object for field in fields} == {ANY}:
        return {case.column.object: ANY for case in cases}
    return heldout.confirmed(cases)


def wherry(task: Task) -> Lines:
    cases, fields = task
    return list(zip(cases, match_columns([c.column for c in cases], fields, objects(*task)), strict=True))


def bare(task: Task) -> Lines:
    """Match without the sentence model, as where `wherry[semantic]` is not installed."""
    whole = semantic.missing
    semantic.missing = lambda: "left out on purpose"
    lexicon.combiner.cache_clear()
    try:
        return wherry(task)
    finally:
        semantic.missing = whole
        lexicon.combiner.cache_clear()


def fuzzy(task: Task) -> Lines:
    cases, fields = task
    fixed = objects(*task)
    found = []
    for case in cases:
        inside = [field for field in fields if field.object == fixed.get(case.column.object)]
        ranked = [(field.name, _likeness(case.column.header, field)) for field in inside]
        ranked.sort(key=lambda one: -one[1])
        found.append((case, _line(case, ranked, FUZZY_LEAST)))
    return found


def _likeness(header: str, field: TargetField) -> float:
    text = header.replace("_", " ").lower()
    name = field.field.rpartition(".")[2].removeprefix("cf_").replace("_", " ").lower()
    return max(fuzz.WRatio(text, field.label.lower()), fuzz.WRatio(text, name)) / 100.0


def _line(case: heldout.Case, ranked: Sequence[tuple[str, float]], least: float) -> Proposal:
    placed = bool(ranked) and ranked[0][1] >= least
    return Proposal(
        source_object=case.column.object,
        source_header=case.column.header,
        target=ranked[0][0] if placed else NONE,
        confidence=ranked[0][1] if placed else 1.0 - (ranked[0][1] if ranked else 0.0),
        band=Band.AMBER,
        candidates=tuple(ranked[:5]),
        evidence="",
    )


class Coma:
    """Valentine's COMA in its own environment; `why_not` says why there is none."""

    def __init__(self, folder: Path) -> None:
        self.why_not, self._process = "", None
        python = folder / "valentine" / "bin" / "python"
        try:
            if not python.exists():
                venv.create(folder / "valentine", with_pip=True)
                pip = [str(python), "-m", "pip", "install", "--quiet", VALENTINE]
                subprocess.run(pip, check=True, capture_output=True, timeout=900)
            subprocess.run(
                [str(python), "-c", "import valentine"], check=True, capture_output=True, timeout=120
            )
        except (OSError, subprocess.SubprocessError) as fault:
            self.why_not = f"{VALENTINE} cannot be had here ({type(fault).__name__})"
            return
        self._process = subprocess.Popen(
            [str(python), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(30)

    def __call__(self, task: Task) -> Lines:
        cases, fields = task
        fixed = objects(*task)
        found: Lines = []
        for name in dict.fromkeys(case.column.object for case in cases):
            own = [case for case in cases if case.column.object == name]
            inside = [field for field in fields if field.object == fixed.get(name)]
            scores = self._scores([case.column.header for case in own], inside)
            for case in own:
                ranked = sorted(
                    ((f, s) for (h, f), s in scores.items() if h == case.column.header),
                    key=lambda one: -one[1],
                )
                found.append((case, _line(case, ranked, COMA_LEAST)))
        return found

    def _scores(self, headers: list[str], inside: list[TargetField]) -> dict[tuple[str, str], float]:
        labels: dict[str, list[str]] = {}
        for field in inside:
            labels.setdefault(field.label or field.field, []).append(field.name)
        if not labels:
            return {}
        task = {"source": list(dict.fromkeys(headers)), "target": list(labels)}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        rows = json.loads(self._process.stdout.readline())
        return {(header, name): score for header, label, score in rows for name in labels[label]}


def figures(tasks: Sequence[Task], matcher: Callable[[Task], Lines]) -> dict[str, float | int]:
    score = heldout.Score()
    for task in tasks:
        for case, line in matcher(task):
            score.add(case, line)
    first = score.first / max(1, score.mappable)
    precision = score.first / max(1, score.proposed)
    return {
        "columns": score.mappable + score.empty,
        "accuracy@1": round(first, 3),
        "accuracy@5": round(score.five / max(1, score.mappable), 3),
        "ranked@1": round(score.ranked / max(1, score.mappable), 3),
        "mrr": round(
            score.reciprocal / max(1, score.mappable), 3
        ),  # of the first five; later ones count nothing
        "f1": round(2 * precision * first / (precision + first), 3) if first else 0.0,
        "none_kept": round(score.kept / max(1, score.empty), 3),
        "ece": round(score.ece(), 3),
        "green_precision": round(score.green_right / score.green, 3) if score.green else 0.0,
        "green_coverage": round(score.green_right / max(1, score.mappable), 3),
        "never_proposed": score.never,
    }


def measure(_folder: Path) -> dict[str, Any]:
    """Return the figures of all sets and matchers; ok where the floors hold on the tables held out."""
    folder, found, ok = cache_folder(), {}, True
    coma = Coma(folder)
    try:
        for name, tasks in sets(folder):
            if tasks is None:
                found[name] = "cannot be had without network"
                continue
            matchers = {"wherry": wherry, "bare": bare, "fuzzy": fuzzy} | (
                {} if coma.why_not else {"coma": coma}
            )
            found[name] = {who: figures(tasks, matcher) for who, matcher in matchers.items()}
            ours = found[name]["wherry"]
            least = FLOORS.get(name, (0.0, 0.0, 0.0, 0.0))
            reached = (ours[key] for key in ("accuracy@1", "f1", "green_precision", "green_coverage"))
            ok = (
                ok and not ours["never_proposed"] and all(a >= b for a, b in zip(reached, least, strict=True))
            )
    finally:
        coma.close()
    return {"sets": found, "coma": coma.why_not or VALENTINE, "ok": ok}


def main() -> None:
    found = measure(Path())
    for name, matchers in found["sets"].items():
        print(name)
        for who, row in matchers.items() if isinstance(matchers, dict) else [("", matchers)]:
            said = "  ".join(f"{key} {value}" for key, value in row.items()) if isinstance(row, dict) else row
            print(f"    {who:7} {said}")
    print(f"coma: {found['coma']}; floors {'hold' if found['ok'] else 'DO NOT HOLD'}")


if __name__ == "__main__":
    main()
