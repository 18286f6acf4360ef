"""Candidates for adoption: records that were in Freshsales before and may be the source's. A person decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wherry.app.workspace import Workspace
from wherry.mapping.proposer.document import quoted
from wherry.model.ports import Snapshot
from wherry.model.record import Record
from wherry.planning.accounts import name_accounts
from wherry.planning.twins import candidates, index

_HEAD = """\
# Records that were in Freshsales before and may be the same as one of the source's. Nothing is adopted by
# itself. Decide each line: `adopt` writes to the record that is there, `separate` makes one of its own,
# `undecided` does the same until you decide.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source record (its key) and the destination record that may be the same, with what speaks for it."""

    key: str
    id: int
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The candidates by kind; those that we made ourselves are none. Only the Classic edition has leads."""

    contacts: Sequence[Candidate] = ()
    leads: Sequence[Candidate] = ()
    accounts: Sequence[Candidate] = ()


def candidates_of(ws: Workspace, snapshot: Snapshot) -> Found:
    """Return the candidates; a lead is one for a patient who never booked."""
    never = (one for one in snapshot.read("patients") if one.facts.get("never_booked") is True)
    return Found(
        contacts=_people(ws, snapshot.read("patients"), "contacts"),
        leads=_people(ws, never, "leads"),
        accounts=_accounts(ws, snapshot),
    )


def _people(ws: Workspace, patients: Iterable[Record], stream: str) -> list[Candidate]:
    known = index(ws.existing(stream))
    ours = {line.destination_id for line in ws.ledger.located("patients") if line.stream == stream}
    return [
        Candidate(key=twin.key, id=twin.destination_id, evidence=twin.evidence)
        for twin in candidates(patients, known)
        if twin.destination_id not in ours
    ]


def _accounts(ws: Workspace, snapshot: Snapshot) -> list[Candidate]:
    located = {line.key.id: line.destination_id for line in ws.ledger.located("practices")}
    there = ws.existing("sales_accounts")
    ours = {account.source_id: account.id for account in there if account.source_id} | located
    names = {account.name: account.id for account in there}
    named = name_accounts(snapshot.read("practices"), names, ours, {}, ws.settings.policy.unassigned_account)
    return [
        Candidate(key=str(line["key"]), id=int(line["collides_with"]), evidence="same account name")
        for line in named.lines
        if line["collides_with"] is not None and int(line["collides_with"]) > 0
    ]


def adoptions_text(found: Found) -> str:
    """Return mapping/adoptions.yaml with every candidate undecided."""
    lines = ["contacts:", *(_entry("patient", c) for c in found.contacts)]
    if found.leads:
        lines += ["", "leads:", *(_entry("patient", c) for c in found.leads)]
    lines += ["", "accounts:", *(_entry("practice", c) for c in found.accounts)]
    return _HEAD + "\n".join(lines) + "\n"


def _entry(word: str, candidate: Candidate) -> str:
    key, evidence = f'"{candidate.key}"', quoted(candidate.evidence)
    return f"  - {{{word}: {key}, id: {candidate.id}, evidence: {evidence}, decision: undecided}}"
