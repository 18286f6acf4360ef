"""Every error of Wherry, grouped by what to do next.

WherryError                     carries a stable code, a sentence and a hint
├── TryAgain                    the kit retries, within a budget
│   ├── RateLimited             the API said 429; retry_after says when, if it told
│   └── Unavailable             the other side is not answering properly, and did nothing
├── LookFirst
│   └── OutcomeUnknown          sent, answer lost: look the record up before anything is sent again
├── RefuseRecord
│   ├── DestinationRefused      the other side refuses this record: it becomes a reject, the run goes on
│   └── RecordGone              the record to read or write is no longer there
├── StopRun
│   ├── CredentialsRefused      the key is wrong, or may not do this
│   ├── CatalogChanged          the other side no longer looks as the plan says
│   ├── LedgerTampered          the hash chain is broken
│   ├── ProtocolBroken          an answer that no documented behaviour explains
│   ├── DuplicatesFound         the sweep found records of ours that are there twice
│   ├── StorageFull             the account has no room for files any more
│   ├── QuotaExhausted          the API quota is used up and nobody asked to wait
│   └── Interrupted             a person pressed Ctrl-C; resumable
└── AskHuman
    ├── SettingsInvalid         a setting is missing, unknown or of the wrong kind
    ├── UsageInvalid            the command line asks for something that cannot be
    ├── PreflightFailed         the source or the workplace is not fit: a file, a password, a checksum
    │   └── RunInProgress       another process is at work here
    ├── ApprovalMissing         nobody said yes to this digest for this kind of run
    ├── StalePlan               something changed since the plan was approved
    ├── MappingIncomplete       the mapping cannot be carried out as it is
    └── NotOnThisStore          needs PostgreSQL
"""

from collections.abc import Sequence


class WherryError(Exception):
    """Something went wrong; `hint` says what to run or change next."""

    code = "unexpected"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class TryAgain(WherryError):
    """Nothing was done; the same call may succeed later."""

    code = "try_again"


class RateLimited(TryAgain):
    """The API quota is used up for now."""

    code = "rate_limited"
    exit_code = 8

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after  # seconds, where the server told


class Unavailable(TryAgain):
    """The other side cannot be reached or is not answering properly."""

    code = "unavailable"


class LookFirst(WherryError):
    """The outcome is open; it must be looked up before anything is sent again."""

    code = "look_first"


class OutcomeUnknown(LookFirst):
    """The request was sent and its answer was lost."""

    code = "outcome_unknown"


class RefuseRecord(WherryError):
    """One record cannot be written; the run goes on."""

    code = "refused"

    def __init__(self, message: str, *, reason: str, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.field = field


class DestinationRefused(RefuseRecord):
    """The destination refuses this record."""


class RecordGone(RefuseRecord):
    """The destination record is no longer there."""

    def __init__(self, message: str, *, reason: str = "gone", field: str = "", hint: str = "") -> None:
        super().__init__(message, reason=reason, field=field, hint=hint)


class StopRun(WherryError):
    """The run cannot go on; what was done is in the ledger."""

    code = "stopped"


class CredentialsRefused(StopRun):
    """The other side refuses the credentials, or this user may not do this."""

    code = "credentials_refused"
    exit_code = 3


class CatalogChanged(StopRun):
    """The other side no longer holds what the plan relies on."""

    code = "catalog_changed"
    exit_code = 5


class LedgerTampered(StopRun):
    """The ledger's hash chain is broken."""

    code = "ledger_tampered"


class ProtocolBroken(StopRun):
    """The other side gave an answer that no documented behaviour explains."""

    code = "protocol_broken"


class DuplicatesFound(StopRun):
    """Some source record is at the destination more than once; nothing is deleted by itself."""

    code = "duplicates_found"
    exit_code = 6


class QuotaExhausted(StopRun):
    """The API quota is used up; resumable."""

    code = "quota_exhausted"
    exit_code = 8


class StorageFull(StopRun):
    """The account has no room for files any more; resumable once there is."""

    code = "storage_full"
    exit_code = 3


class Interrupted(StopRun):
    """Interrupted by a person; resumable."""

    code = "interrupted"
    exit_code = 130


class AskHuman(WherryError):
    """A person has to decide or to mend something first."""

    code = "ask_human"
    exit_code = 2


class SettingsInvalid(AskHuman):
    """A setting is missing, unknown or of the wrong kind."""

    code = "settings_invalid"


class UsageInvalid(AskHuman):
    """The command asks for something that cannot be."""

    code = "usage_invalid"


class PreflightFailed(AskHuman):
    """The source or this machine is not fit to start."""

    code = "preflight_failed"
    exit_code = 3


class RunInProgress(PreflightFailed):
    """Another process is at work here; what is known of it: its run, its verb, where it runs and since when."""

    code = "run_in_progress"
    place = run = verb = since = ""

    @classmethod
    def by(
        cls, place: str, *, run: str = "", verb: str = "", since: str = "", hint: str = ""
    ) -> "RunInProgress":
        """Return the error that says all that is known of who is at work."""
        known = (run and f"run {run}", verb and f"wherry {verb}", place, since and f"since {since}")
        error = cls(
            f"another run is in progress ({', '.join(part for part in known if part)})",
            hint=hint
            or "wherry status says how far it is; wait until it is done, or stop it with Ctrl-C: what it did "
            "is kept, and its own command resumes it",
        )
        error.place, error.run, error.verb, error.since = place, run, verb, since
        return error


class ApprovalMissing(AskHuman):
    """Nobody approved this digest for this kind of run."""

    code = "approval_missing"
    exit_code = 5


class StalePlan(AskHuman):
    """Something changed since the plan was made."""

    code = "stale_plan"
    exit_code = 5


class MappingIncomplete(AskHuman):
    """The mapping cannot be carried out as it is."""

    code = "mapping_incomplete"


class NotOnThisStore(AskHuman):
    """This needs PostgreSQL."""

    code = "not_on_this_store"
