"""Log lines on stderr, as text or JSON; each carries the stable `action` word it was given."""

import json
import logging
import sys
from typing import TYPE_CHECKING

from wherry.entrypoints.cli.options import Flags

if TYPE_CHECKING:
    from rich.console import Console

OURS = ("wherry", "wherry_emulators")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def facts_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what was passed as `extra`: action, and ids and counts beside it."""
    return {name: value for name, value in record.__dict__.items() if name not in _PLAIN}


class JsonLine(logging.Formatter):
    """One JSON object a line: at, level, logger, message, then the facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception is reduced to its type, for its words may hold values."""
        body: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **facts_of(record),
        }
        if record.exc_info and record.exc_info[0]:
            body["exception"] = record.exc_info[0].__name__
        return json.dumps(body, ensure_ascii=False, default=str)


class TextLine(logging.Formatter):
    """Level, message, and the facts as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception is reduced to its type, for its words may hold values."""
        facts = " ".join(f"{name}={value}" for name, value in facts_of(record).items())
        fault = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        return f"{record.levelname.lower()}: {record.getMessage()}{fault}{'  ' + facts if facts else ''}"


class ToStderr(logging.Handler):
    """Writes above a bar that may be on the screen, instead of through it."""

    def __init__(self, console: "Console | None") -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = self.format(record)
            if self._console:
                self._console.print(line, markup=False, soft_wrap=True)
            else:
                sys.stderr.write(line + "\n")
        except Exception:  # noqa: BLE001 - a log line must never end a run
            self.handleError(record)


def start_logging(flags: Flags, console: "Console | None") -> None:
    """Send our own log lines to stderr: warnings, or everything with --verbose."""
    handler = ToStderr(console)
    handler.setFormatter(JsonLine() if flags.log_format == "json" else TextLine())
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.DEBUG if flags.verbose else logging.WARNING)
