"""The verbs, in the order a person uses them; a verb's module is imported only when it is called."""

from difflib import get_close_matches
from importlib import import_module
from typing import cast

import click

# verb → what it does, in one line: what `wherry --help` shows without importing anything.
VERBS: dict[str, str] = {
    "init": "Make a workspace: one folder for one migration.",
    "doctor": "Check settings, credentials, reachability, clock, disk and plan limits.",
    "discover": "Stage a snapshot of the source and read both catalogs.",
    "propose": "Write mapping proposals with confidence, band and evidence.",
    "match": "Propose a map for any two column lists; needs no workspace.",
    "estimate": "Grade, price, timeline, storage fit and gotchas.",
    "plan": "Freeze a plan of everything that will be done, and print its digest.",
    "approve": "Record a person's yes to exactly one plan.",
    "rehearse": "Run the whole plan against a local emulator.",
    "prepare": "Create fields and accounts there, and list the admin's manual steps.",
    "sample": "Load a stratified slice, read it back and write the field-level diff.",
    "load": "Run the full load, or resume it where it stopped.",
    "delta": "Pick up what changed in the source since.",
    "reconcile": "Prove it: conservation per stream, field-level read-back.",
    "retry": "Load only rejects again, and their descendants, after a fix.",
    "rollback": "Take runs back, newest first, down to the state before.",
    "audit": "Show, verify or export the ledger.",
    "report": "Write one HTML page for the whole migration.",
    "status": "Show where things stand.",
    "serve": "Serve the web page.",
    "worker": "Join the run of a store on PostgreSQL, from any machine with the same settings.",
    "purge": "Destroy keys and staged data when the retention ends.",
    "demo": "The five-minute proof on the bundled clinic and emulators.",
    "completion": "Print the shell completion script.",
}


class Catalogue(click.Group):
    """The group of verbs, whose help costs no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of their use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Import a verb's module and return its command; raises UsageError for a word that is no verb."""
        if cmd_name not in VERBS:
            near = get_close_matches(cmd_name, VERBS, n=1)
            raise click.UsageError(
                f"there is no verb {cmd_name!r}" + (f"; did you mean {near[0]}?" if near else ""), ctx
            )
        module = import_module(f"wherry.entrypoints.cli.verbs.{cmd_name}")
        return cast("click.Command", module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of verbs from the table above."""
        with formatter.section("Verbs, in the order you use them"):
            formatter.write_dl(list(VERBS.items()))
