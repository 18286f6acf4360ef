"""The flags that every verb takes, before its name or after it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The shared flags of one command line."""

    project_dir: Path = Path()
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    log_format: str = "text"
    non_interactive: bool = False


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if param.name and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
        ctx.find_root().meta[f"wherry.{param.name}"] = value


def flags_of(ctx: click.Context) -> Flags:
    """Return the shared flags as given anywhere on this command line."""
    given = {name: value for name, value in ctx.find_root().meta.items() if name.startswith("wherry.")}
    return Flags(**{name.removeprefix("wherry."): value for name, value in given.items()})


def shared_options(function: Function) -> Function:
    """Add the shared flags to a command or a group."""
    options = (
        click.option(
            "-C",
            "--project-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help="The workspace (default: this folder).",
            expose_value=False,
            callback=_keep,
        ),
        _flag("--json", "Print exactly one JSON document on stdout."),
        _flag("--quiet", "No progress on stderr."),
        _flag("--verbose", "More log lines, and the frames of an unexpected fault."),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            help="Log lines on stderr as text (default) or JSON.",
            expose_value=False,
            callback=_keep,
        ),
        _flag("--non-interactive", "Never ask; refuse instead."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _flag(name: str, text: str) -> Callable[[Function], Function]:
    return click.option(name, is_flag=True, help=text, expose_value=False, callback=_keep)


def show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    """Print name and version, and end."""
    if value:
        from importlib.metadata import version

        click.echo(f"wherry {version('wherry')}")
        ctx.exit()
