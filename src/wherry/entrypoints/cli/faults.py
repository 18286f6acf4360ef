"""What a person, or a script, is told when a verb ends early; never a value of a record."""

import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from wherry.model.errors import WherryError

INTERRUPTED = 130
RESUME = "nothing is lost: run the same command again to go on where it stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as it is shown."""

    code: str
    message: str
    exit_code: int
    hint: str = ""
    details: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """Return the error document."""
        details = list(self.details)
        error = {"code": self.code, "message": self.message, "hint": self.hint, "details": details}
        return {"schema": "wherry/error/1", "error": error}

    def block(self) -> str:
        """Return the lines for a person."""
        lines = [f"error[{self.code}]: {self.message}", *(f"  {detail}" for detail in self.details)]
        return "\n".join([*lines, f"hint: {self.hint}"] if self.hint else lines)


def tell(error: BaseException, words: Sequence[str]) -> int:
    """Print the error and return the exit code; `words` are the command line as typed."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(error.format_message() + "\n")
        return error.exit_code
    fault = describe(error)
    if "--json" in words:
        sys.stdout.write(json.dumps(fault.document(), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stderr.write(fault.block() + "\n")
    if fault.code == "unexpected" and "--verbose" in words:
        sys.stderr.write(frames(error))
    return fault.exit_code


def describe(error: BaseException) -> Fault:
    """Return what to say of an error. Words of foreign exceptions are left out: they may hold values."""
    match error:
        case WherryError():
            return Fault(
                code=error.code,
                message=error.message,
                exit_code=error.exit_code,
                hint=error.hint,
                details=error.details,
            )
        case KeyboardInterrupt() | click.Abort():
            return Fault(code="interrupted", message="interrupted", exit_code=INTERRUPTED, hint=RESUME)
        case click.UsageError():
            return Fault(
                code="usage_invalid", message=error.format_message(), exit_code=2, hint=_help_of(error.ctx)
            )
        case click.ClickException():
            return Fault(code="usage_invalid", message=error.format_message(), exit_code=2)
        case _:
            return _unexpected(error)


def _help_of(ctx: click.Context | None) -> str:
    return f"see `{ctx.command_path if ctx else 'wherry'} --help`"


def _unexpected(error: BaseException) -> Fault:
    where = ""
    if stack := traceback.extract_tb(error.__traceback__):
        last = stack[-1]
        where = f" in {last.name} ({Path(last.filename).name}, line {last.lineno})"
    return Fault(
        code="unexpected",
        message=f"{type(error).__name__}{where}",
        exit_code=1,
        hint="run it again with --verbose for the frames; what was written so far is in the ledger",
    )


def frames(error: BaseException) -> str:
    """Return the call frames of an error and of its causes: code places and types, no arguments."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}\n")
        stack = traceback.extract_tb(current.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in stack]
        current = current.__cause__ or current.__context__
    return "".join(lines)
