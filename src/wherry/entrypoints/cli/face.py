"""What every verb's module shares: opening the workspace, printing the result, ending with its code."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import update_wrapper
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from wherry.entrypoints.cli.interrupt import stopping_on_ctrl_c
from wherry.entrypoints.cli.logs import start_logging
from wherry.entrypoints.cli.options import Flags, flags_of
from wherry.entrypoints.cli.progress import progress_for
from wherry.entrypoints.cli.screen import Screen, abandon_stdout, terminal

if TYPE_CHECKING:
    from wherry.app.progress import Progress
    from wherry.app.results import Result
    from wherry.app.workspace import Workspace

Outcome = TypeVar("Outcome", bound="Result")


class Face:
    """One command line's way in and out."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        console = terminal(sys.stderr)
        start_logging(flags, console)
        self.progress: Progress = progress_for(flags, console)

    @property
    def may_ask(self) -> bool:
        """Return whether a person sits there to answer."""
        return not (self.flags.non_interactive or self.flags.json) and sys.stdin.isatty()

    def in_workspace(self, work: "Callable[[Workspace], Outcome]", *, stoppable: bool = False) -> "Outcome":
        """Open the workspace, do the work in it, and return its result.

        Ctrl-C ends the work; with `stoppable` the first one only asks it to stop at the next batch border.
        """
        from wherry.app.workspace import Workspace

        workspace = Workspace.open(self.flags.project_dir, progress=self.progress)
        try:
            with stopping_on_ctrl_c(workspace.stopper.ask) if stoppable else nullcontext():
                return self.watched(lambda: work(workspace))
        finally:
            workspace.close()

    def watched(self, work: "Callable[[], Outcome]") -> "Outcome":
        """Do the work, and take the bar away however it ends."""
        try:
            return work()
        finally:
            self.progress.finish()

    def end(self, result: "Outcome", show: "Callable[[Screen, Outcome], None]") -> NoReturn:
        """Print the result and exit with its code."""
        try:
            if self.flags.json:
                sys.stdout.write(json.dumps(result.document(), ensure_ascii=False, indent=2) + "\n")
            else:
                _print(result, show)
            sys.stdout.flush()
        except BrokenPipeError:
            abandon_stdout()
        raise click.exceptions.Exit(result.exit_code)


def _print(result: "Outcome", show: "Callable[[Screen, Outcome], None]") -> None:
    screen = Screen()
    show(screen, result)
    if result.next_steps:
        screen.heading("Next")
        for step in result.next_steps:
            screen.line(f"  {step}")


def pass_face(function: Callable[..., None]) -> Callable[..., None]:
    """Hand the Face of this command line to a command as its first argument."""

    def with_face(*args: object, **values: object) -> None:
        function(Face(flags_of(click.get_current_context())), *args, **values)

    return update_wrapper(with_face, function)
