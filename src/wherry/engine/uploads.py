"""Uploaded files when what they hang on is taken back: no call deletes a file, but it goes with its contact."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from wherry.engine.along import ALONG, found_gone, gone_along, was_found_gone
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
    deleted: set[int] = field(default_factory=set)  # of the contacts that are gone: by somebody else
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
                if was_found_gone(attempt):
                    found.deleted.add(attempt.destination_id)
            elif _is_upload(attempt) and not attempt.undone_by:
                found.by_contact.setdefault(operation.links[HOME], []).append(attempt)
        return found

    def foresee(self, judgement: Judgement) -> Judgement:
        """Take note of the contact that this judgement deletes, or finds deleted; return the judgement."""
        operation, contact = judgement.operation, judgement.attempt.destination_id
        if judgement.attempt.operation.stream != "contacts" or contact is None:
            return judgement
        deletes = operation is not None and operation.verb is Verb.DELETE
        if judgement.bucket is Bucket.ALREADY_GONE:
            self.deleted.add(contact)
        if judgement.bucket is Bucket.ALREADY_GONE or (judgement.bucket is Bucket.REVERTED and deletes):
            self.gone.add(contact)
            self._new.add(contact)
        return judgement

    def let_go(self, ledger: Ledger, run: str) -> None:
        """Write down that the files of contacts that are gone are gone too: a later load uploads them anew."""
        while self._new:
            contact = self._new.pop()
            tell = found_gone if contact in self.deleted else gone_along
            events = [event for attempt in self.by_contact.pop(contact, ()) for event in tell(run, attempt)]
            if events:
                ledger.record(run, events)

    def told(self, judged: Iterable[Judgement]) -> list[Judgement]:
        """Return the judgements, those of files on contacts that go, or that somebody deleted, as gone with them."""
        return [self._told(one) for one in judged]

    def _told(self, one: Judgement) -> Judgement:
        if one.bucket is not Bucket.IRREVERSIBLE or not _is_upload(one.attempt):
            return one
        contact = one.attempt.operation.links[HOME]
        if contact in self.deleted:
            return replace(one, bucket=Bucket.ALREADY_GONE, why=ALONG[HOME])
        return replace(one, bucket=Bucket.REVERTED, why=ALONG[HOME]) if contact in self.gone else one


def _made_and_undone(attempt: Attempt) -> bool:
    return attempt.operation.verb is Verb.CREATE and not attempt.adopted and bool(attempt.undone_by)


def _is_upload(attempt: Attempt) -> bool:
    operation = attempt.operation
    made = operation.verb is Verb.CREATE and not operation.undoes
    return made and bool(operation.irreversible) and HOME in operation.links
