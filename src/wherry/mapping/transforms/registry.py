"""The registry of value functions: each has a name, a promise and the arguments it understands."""

from collections.abc import Callable
from dataclasses import dataclass

from wherry.mapping.ask import Ask, Outcome
from wherry.model.catalog import FieldType, Privacy

Function = Callable[[Ask], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A named value function.

    `call` is total: it returns a value, None for "leave the field out", a Noted value or a Problem.
    `gives` is the type of its value (None: the type of its source field); `compare` the canonical rule by
    which a read-back is compared unless the mapping says otherwise; `sources` the least and the most
    source fields it takes.
    """

    name: str
    does: str
    call: Function
    gives: FieldType | None
    compare: str
    args: frozenset[str]
    sources: tuple[int, int]
    always: bool  # gives a value even where its sources are blank
    privacy: Privacy | None = None  # class of what it reads beside its sources: facts of other records


REGISTRY: dict[str, Transform] = {}


def transform(
    *,
    gives: FieldType | None = FieldType.TEXT,
    compare: str = "exact",
    args: tuple[str, ...] = (),
    sources: tuple[int, int] = (1, 1),
    always: bool = False,
    privacy: Privacy | None = None,
) -> Callable[[Function], Function]:
    """Register the decorated function under its own name; its docstring's first line is its promise."""

    def register(function: Function) -> Function:
        REGISTRY[function.__name__] = Transform(
            name=function.__name__,
            does=(function.__doc__ or "").strip().splitlines()[0],
            call=function,
            gives=gives,
            compare=compare,
            args=frozenset(args),
            sources=sources,
            always=always,
            privacy=privacy,
        )
        return function

    return register
