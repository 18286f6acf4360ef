"""Uploaded files when what they hang on is taken back: no call deletes a file, but it goes with its contact."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from wherry.engine.along import ALONG, gone_along
from wherry.engine.decide import HOME
from wherry.engine.undo import Bucket, Judgement
from wherry.model.ledger import Attempt
from wherry.model.operation import Verb
from wherry.model.ports import Ledger


@dataclass(slots=True, kw_only=True)
class Uploads:
    """The files that stand, by the contact on which they hang, and the contacts that are gone."""

    by_contact: dict[int, list[Attempt]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    _new: set[int] = field(
        default_factory=set
    )  # of those that are gone: whose files still stand in the ledger

    @classmethod
    def of(cls, ledger: Ledger) -> "Uploads":
        """Return what the ledger knows: files that nobody has undone, and contacts of ours that were deleted."""
        found = cls()
        for attempt in ledger.attempts(include_undone=True):
            operation = attempt.operation
            if operation.stream == "contacts" and _made_and_undone(attempt) and attempt.destination_id:
                found.gone.add(attempt.destination_id)
                found._new.add(attempt.destination_id)
            elif _is_upload(attempt) and not attempt.undone_by:
                found.by_contact.setdefault(operation.links[HOME], []).append(attempt)
        return found

    def foresee(self, judgement: Judgement) -> Judgement:
        """Take note of the contact that this judgement deletes, if it does; return the judgement."""
        operation = judgement.operation
        if (
            operation is not None
            and operation.stream == "contacts"
            and operation.verb is Verb.DELETE
            and judgement.bucket is Bucket.REVERTED
            and judgement.attempt.destination_id is not None
        ):
            self.gone.add(judgement.attempt.destination_id)
            self._new.add(judgement.attempt.destination_id)
        return judgement

    def let_go(self, ledger: Ledger, run: str) -> None:
        """Write down that the files of contacts that are gone are gone too: a later load uploads them anew."""
        while self._new:
            contact = self._new.pop()
            events = [
                event for attempt in self.by_contact.pop(contact, ()) for event in gone_along(run, attempt)
            ]
            if events:
                ledger.record(run, events)

    def told(self, judged: Iterable[Judgement]) -> list[Judgement]:
        """Return the judgements, those of files on contacts that go as taken back with them."""
        return [
            replace(j, bucket=Bucket.REVERTED, why=ALONG[HOME])
            if j.bucket is Bucket.IRREVERSIBLE and _is_upload(j.attempt) and self._goes(j.attempt)
            else j
            for j in judged
        ]

    def _goes(self, attempt: Attempt) -> bool:
        return attempt.operation.links[HOME] in self.gone


def _made_and_undone(attempt: Attempt) -> bool:
    return attempt.operation.verb is Verb.CREATE and not attempt.adopted and bool(attempt.undone_by)


def _is_upload(attempt: Attempt) -> bool:
    operation = attempt.operation
    made = operation.verb is Verb.CREATE and not operation.undoes
    return made and bool(operation.irreversible) and HOME in operation.links
