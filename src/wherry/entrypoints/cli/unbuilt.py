"""Verbs that are promised and not built yet: they say so, and what to use instead."""

import click

from wherry.entrypoints.cli.catalogue import VERBS
from wherry.entrypoints.cli.options import shared_options
from wherry.model.errors import UsageInvalid


def unbuilt(name: str, *, instead: str) -> click.Command:
    """Return a command that takes whatever is typed and refuses, naming what to use instead."""

    @click.command(
        name,
        help=f"{VERBS[name]}\n\nNot built yet. Use {instead}.",
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    @shared_options
    def command(words: tuple[str, ...]) -> None:  # noqa: ARG001 - whatever was typed, the answer is the same
        raise UsageInvalid(f"`wherry {name}` is not built yet", hint=f"use {instead}")

    return command
