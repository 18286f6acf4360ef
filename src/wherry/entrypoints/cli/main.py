"""The `wherry` command: finds the verb, runs it, and turns whatever comes out into an exit code."""

import sys
from collections.abc import Sequence

import click

from wherry.entrypoints.cli import faults
from wherry.entrypoints.cli.catalogue import Catalogue
from wherry.entrypoints.cli.options import shared_options, show_version
from wherry.entrypoints.cli.screen import abandon_stdout, speak_any_locale


@click.group(
    cls=Catalogue,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 all well, 1 unexpected, 2 usage or settings, 3 preflight, 4 rejects, 5 not approved, "
    "6 discrepancy, 7 rollback incomplete, 8 paused on quota, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version.",
)
@shared_options
def cli() -> None:
    """Move a clinic from AeronaClinic to Freshsales, prove it, and take it back."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit with its code; this never lets an exception out."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    speak_any_locale(words)
    try:
        code = cli.main(args=words, prog_name="wherry", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # click turns a pipe that broke during help into SystemExit
        abandon_stdout()
        code = 0
    except BaseException as fault:  # noqa: BLE001 - the last stop: everything becomes a sentence and a code
        code = faults.tell(fault, words)
    sys.exit(code if isinstance(code, int) else 0)
