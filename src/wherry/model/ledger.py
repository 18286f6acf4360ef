"""The log of attempted writes: append-only and hash-chained.

An operation goes through intended → (accepted) → confirmed | refused | unknown; an unknown one is
settled to confirmed, refused or absent. The chain holds ids and hashes only. Bodies (what was sent,
before-image, after-image) are kept beside it, so that they can be sealed and destroyed while the
chain stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from wherry.model.jsons import Json
from wherry.model.operation import Operation
from wherry.model.reject import Reject


class EntryState(StrEnum):
    """What is known of an attempted write."""

    INTENDED = "intended"
    ACCEPTED = "accepted"  # a bulk job took it; the server goes on working without us
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ABSENT = "absent"  # looked up: it never arrived; it may be sent again


OPEN_STATES = frozenset({EntryState.INTENDED, EntryState.ACCEPTED, EntryState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """This operation is about to be sent."""

    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The server took the operation into an asynchronous job."""

    operation_id: str
    job: str


STAMP = "updated_at"  # in an after-image: when the server last changed the record, by its own clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The write is there. `after` shows the record as the server did.

    After a create these are all fields that the server shows: what a person fills in later can then be told
    from what stood there from the start. After an update these are the fields that were written, and the server's stamp.
    """

    operation_id: str
    destination_id: int
    after: Mapping[str, Json]
    adopted: bool = False
    found: bool = False  # settled by looking it up, not by the answer to the call
    along: bool = False  # no call: it went with the record that it belongs to
    gone: bool = False  # no call: somebody had deleted the record before


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server said no; `reject` says why."""

    operation_id: str
    reject: Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The answer was lost."""

    operation_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Looked up, long enough after it was sent: the write never happened."""

    operation_id: str
    why: str = ""


Event: TypeAlias = Intended | Accepted | Confirmed | Refused | Unknown | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A language model was asked about columns of an object; hashes only, the answer's empty where none came."""

    about: str
    model: str
    columns: int
    prompt_sha256: str
    answer_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One link of the chain: an event of an operation. No value of a record stands in it."""

    seq: int
    run: str
    digest: str
    operation_id: str
    state: EntryState
    verb: str
    stream: str
    key: str  # "stream/id" at the source
    part: int
    destination_id: int | None
    payload_hash: str
    before_hash: str
    after_hash: str
    approved_by: str
    at: str  # ISO 8601, UTC
    note: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An operation with what is known of it now."""

    operation: Operation
    run: str
    digest: str
    state: EntryState
    at: datetime
    destination_id: int | None = None
    after: Mapping[str, Json] | None = None
    job: str = ""
    adopted: bool = False
    undone_by: str = ""
