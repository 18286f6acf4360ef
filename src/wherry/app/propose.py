"""Write the mapping that is proposed, beside what a person wrote; nothing becomes effective without a plan."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

from wherry.app.adoptions import Found, adoptions_text, candidates_of
from wherry.app.advice import adviser_of
from wherry.app.mappings import mapping_texts
from wherry.app.results import ProposalLine, ProposeResult, Row
from wherry.app.sentences import warn_without_model
from wherry.app.values import lines_of
from wherry.app.workspace import VALUES, Workspace
from wherry.mapping.blueprint import blueprint_texts, load_blueprint, parse_yaml, read_mappings
from wherry.mapping.form import Written
from wherry.mapping.labels import CUSTOM
from wherry.mapping.proposer.custom import Filling
from wherry.mapping.proposer.keep import merged, persons_lines
from wherry.mapping.proposer.memory import Memory, read_memory
from wherry.mapping.proposer.stream import Ground, propose_streams, speaks_of
from wherry.mapping.proposer.values_file import laid, values_text
from wherry.mapping.proposer.worded import STATUSES, ValueLine
from wherry.model.errors import MappingIncomplete
from wherry.model.ledger import Asked
from wherry.model.mapping import Band, Proposal, Rule
from wherry.model.mapping import Mapping as StreamMapping
from wherry.model.ports import Snapshot

ADOPTIONS = "adoptions.yaml"
MEMORY = "memory.json"
Together: TypeAlias = Callable[[str, str, str], str]
"""Lay a new proposal (the third text) over a file as it is (the second), knowing what was proposed last (the first)."""
PROPOSED = "proposed"  # folder below .wherry with the files as they were proposed last


def propose(ws: Workspace) -> ProposeResult:
    """Propose a mapping for what was discovered: mapping/*.yaml, one file each, and mapping/adoptions.yaml.

    A line that a person changed, added or deleted since the last proposal stays as it is. A file that a
    person deleted stays deleted, unless no mapping file is left at all: then all are written anew. Nothing
    is applied by itself: a mapping takes effect through a plan that somebody approves.

    What was approved in a review before, here or in a mapping/memory.json that was brought along, is said
    beside the line that it is about. Where [llm] names a language model, it is asked about amber and grey
    columns, and the ledger keeps the hashes of what it was asked and said.

    Raises UsageInvalid before the first discover, MappingIncomplete for a file that is not UTF-8 text or no
    YAML; nothing is written then.
    """
    snapshot, catalog = ws.snapshot(), ws.catalog()
    texts, blueprint = blueprint_texts(), load_blueprint()
    files, own = Files.of(ws), ws.own_values()
    warn_without_model()
    adviser = adviser_of(ws.settings.llm, ws.settings.credentials, partial(_note, ws))
    ground = Ground(
        source=snapshot.catalog,
        destination=catalog,
        filling=filling_of(snapshot),
        decided=files.decided,
        persons=persons_rules(ws, files),
        memory=kept_memory(ws),
        ask=adviser.hear if adviser else None,
    )
    proposals = tuple(propose_streams(blueprint, texts, ground))
    for proposal in proposals:
        files.lay(proposal.file, proposal.text, proposal.without_columns)
    files.write()  # words are proposed by the rules as they stand then
    values = lines_of(ws)
    files.lay(VALUES, values_text(values, own), values_text(()), laid)
    files.lay(ADOPTIONS, adoptions_text(candidates_of(ws, snapshot)), adoptions_text(Found()))
    files.write()
    return ProposeResult(
        proposals=tuple(_shown(line) for proposal in proposals for line in proposal.lines),
        values=tuple(value_row(line) for line in values),
        written=tuple(f"mapping/{name}" for name in files.written),
        kept=tuple(f"mapping/{name}" for name in files.kept),
        llm=adviser.summary() if adviser else None,
        next_steps=("read mapping/*.yaml and edit what is not right", "wherry plan"),
    )


def persons_rules(ws: Workspace, files: "Files") -> tuple[StreamMapping, ...]:
    """Return the workspace's mappings without the rules that are proposed anew; none where they cannot be read yet."""
    try:
        written = read_mappings(mapping_texts(ws.mapping_dir))
    except MappingIncomplete:
        return ()

    def stays(one: Written, rule: Rule) -> bool:
        file = Path(one.place.file).name
        return all(files.decided(file, name) for name in rule.source if name.startswith(CUSTOM))

    return tuple(
        replace(one.mapping, rules=tuple(rule for rule in one.mapping.rules if stays(one, rule)))
        for one in written
    )


def _note(ws: Workspace, asked: Asked) -> None:
    """Keep a question in the ledger, which is opened only where one is asked."""
    ws.ledger.note_asked(asked)


def kept_memory(ws: Workspace) -> Memory:
    """Return what people approved before, from mapping/memory.json; empty where there is none."""
    path = ws.mapping_dir / MEMORY
    return read_memory(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else Memory()


def _readable(name: str, text: str) -> bool:
    try:
        parse_yaml(text, name)
    except MappingIncomplete:
        return False
    return True


def _shown(line: Proposal) -> ProposalLine:
    return ProposalLine(**{**asdict(line), "band": str(line.band)})


def value_row(line: ValueLine) -> Row:
    """Return a line as it is shown; a word that no list knows may be anybody's own words and stays in the file."""
    known = bool(line.found.choice) or line.found.band is not Band.GREY or line.table == STATUSES
    return {
        "table": line.table,
        "stream": line.stream,
        "field": line.field,
        "value": line.word if known else None,
        "records": line.records,
        "target": line.target,
        "choice": line.found.choice or None,
        "confidence": line.found.confidence,
        "band": str(line.found.band),
        "evidence": line.found.evidence,
    }


def filling_of(snapshot: Snapshot) -> Callable[[str, str], Filling]:
    """Return how each column (stream, field) of the snapshot is filled."""

    @cache
    def filling(stream: str, field: str) -> Filling:
        found = snapshot.value_profile(stream, field)
        return Filling(
            records=found.records,
            filled=found.filled,
            distinct=found.distinct,
            longest=found.max_length,
            samples=tuple(value for value, _ in found.top),
        )

    return filling


@dataclass(slots=True)
class Files:
    """The mapping files: as they are, as they were proposed last, and as they are to be."""

    folder: Path
    proposed: Path
    fresh: bool = False  # no mapping is left, so everything is written anew
    texts: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, ws: Workspace) -> "Files":
        """Look at the workspace's mapping files; raises MappingIncomplete for one that cannot be read."""
        there = mapping_texts(ws.mapping_dir)
        for (
            name,
            text,
        ) in there.items():  # before anything is written: what cannot be read cannot be kept either
            parse_yaml(text, name)
        return cls(folder=ws.mapping_dir, proposed=ws.state / PROPOSED, fresh=not there)

    def decided(self, name: str, column: str) -> bool:
        """Return whether a person's own lines of a file say what becomes of a column."""
        mine = self._mine(name)
        return mine is not None and speaks_of(persons_lines(self._base(name) or "", mine), column)

    def lay(self, name: str, theirs: str, plain: str, together: Together = merged) -> None:
        """Take a file's proposal in; `plain` stands for the last one where that is not known."""
        mine, base = self._mine(name), self._base(name)
        if mine is None and base is not None and not self.fresh:
            self.kept.append(name)
            return
        text = theirs if mine is None else together(plain if base is None else base, mine, theirs)
        if text == mine:
            self.kept.append(name)
        elif mine is not None and _readable(name, mine) and not _readable(name, text):
            self.kept.append(name)  # what is new has no place in a file of this shape
            return
        else:
            self.texts[name] = text
        self.bases[name] = theirs

    @property
    def written(self) -> tuple[str, ...]:
        """The files that change."""
        return tuple(self.texts)

    def write(self) -> None:
        """Write what changes, then remember what was proposed.

        In this order a stop in between loses nothing: a line that is there already is not added again.
        """
        self.proposed.mkdir(exist_ok=True, mode=0o700)
        for folder, texts in ((self.folder, self.texts), (self.proposed, self.bases)):
            for name, text in texts.items():
                new = folder / f".{name}.new"
                new.write_bytes(text.encode())
                new.replace(folder / name)

    def _mine(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise MappingIncomplete(f"mapping/{name} is not UTF-8 text", hint="save it as UTF-8") from None

    def _base(self, name: str) -> str | None:
        path = self.proposed / name
        return path.read_bytes().decode() if path.exists() else None
