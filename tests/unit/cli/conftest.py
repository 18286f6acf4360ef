"""A command line in this process, with the verbs' functions replaced by recorders."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wherry.entrypoints.cli.main import main


@dataclass
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str


@dataclass
class Verbs:
    """The replaced verbs: what they were called with, and what they answer."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    closed: int = 0
    stopped: int = 0


@pytest.fixture
def wherry(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line."""

    def run(*words: str) -> Ran:
        with pytest.raises(SystemExit) as caught:
            main(list(words))
        shown = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Ran(caught.value.code, shown.out, shown.err)

    return run


@pytest.fixture
def replace_verb(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Verbs]:
    """Replace an app function and the workspace; `answer` is a result, or an exception to raise."""
    verbs = Verbs()

    class Workspace:
        def __init__(self) -> None:
            self.stopper = SimpleNamespace(ask=self._ask)

        def _ask(self) -> None:
            verbs.stopped += 1

        @classmethod
        def open(cls, directory: Path, progress: object) -> "Workspace":
            verbs.opened.append(directory)
            return cls()

        def close(self) -> None:
            verbs.closed += 1

    def replace(module: str, answer: object, function: str = "") -> Verbs:
        def called(*args: object, **kwargs: object) -> object:
            verbs.calls.append((module, args, kwargs))
            if isinstance(answer, BaseException):
                raise answer
            return answer() if callable(answer) else answer

        fake = SimpleNamespace(**{function or module: called})
        monkeypatch.setitem(sys.modules, f"wherry.app.{module}", fake)  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, "wherry.app.workspace", SimpleNamespace(Workspace=Workspace))  # type: ignore[arg-type]
        return verbs

    return replace
