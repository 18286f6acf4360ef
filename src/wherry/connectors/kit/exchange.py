"""One request and what came of it, before anybody judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from wherry.model.errors import WherryError
from wherry.model.jsons import Json


class Effect(StrEnum):
    """What sending a request twice would do."""

    READ = "read"  # changes nothing, whatever its method
    REPEATABLE = "repeatable"  # a write that ends in the same state however often it is sent
    ONCE = "once"  # a write that must not be sent again before somebody looked


class Form(StrEnum):
    """What the body of an answer turned out to be."""

    JSON = "json"
    EMPTY = "empty"
    PAGE = "page"  # HTML, from a proxy, a login page or an unknown route
    BROKEN = "broken"  # announced as JSON, or as nothing, and not readable as such


class Loss(StrEnum):
    """Why there is no answer."""

    NOT_SENT = "not_sent"  # the request certainly never reached the server
    MAYBE_SENT = "maybe_sent"  # it may have; nobody knows
    NEVER_VALID = "never_valid"  # the address itself cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: status, headers in lower case, and the parsed body where it was JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    form: Form = Form.JSON

    def __repr__(self) -> str:
        return f"Reply({self.status}, {self.form})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer, or the way in which the answer was lost.

    `path` holds fixed words and ids only. `cause` is the class name of the transport's error.
    """

    method: str
    path: str
    effect: Effect
    reply: Reply | None = None
    loss: Loss | None = None
    cause: str = ""

    def __repr__(self) -> str:
        outcome = self.reply if self.reply is not None else self.loss
        return f"Exchange({self.method} {self.path}: {outcome})"


class Judge(Protocol):
    """Knows one system's ways: turns an exchange into the error it means, or None when all is well."""

    def __call__(self, exchange: Exchange) -> WherryError | None:
        """Return the error that this exchange means, or None."""
