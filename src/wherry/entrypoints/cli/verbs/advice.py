"""What `propose` and `match` say of a language model that was asked."""

from collections.abc import Mapping
from typing import Any

from wherry.entrypoints.cli.screen import Screen


def show_advice(screen: Screen, llm: Mapping[str, Any] | None) -> None:
    """Print how often a model was asked, and that everything stays as proposed where it failed."""
    if llm is None:
        return
    columns = sum(question["columns"] for question in llm["questions"])
    screen.line(
        f"{llm['model']} was asked about {columns} columns; its word is in the evidence, never more than amber"
    )
    if llm["failure"]:
        screen.line(f"{llm['failure']}: what it was asked about stays as proposed without it")
