"""The command `wherry-emulator`: one subcommand per imitated system."""

from pathlib import Path
from typing import Any

import click

from wherry_emulators.freshsales.switches import Plan, read_switches
from wherry_emulators.process import SettingError

_PLANS = [plan.value for plan in Plan]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Imitate a system that wherry talks to, on this machine, for rehearsal, demo and tests."""


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes any free port."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="A loopback address; others are refused."
)
@click.option(
    "--plan", type=click.Choice(_PLANS), default="enterprise", show_default=True, help="Limits and features."
)
@click.option(
    "--api-key", "api_keys", multiple=True, metavar="KEY[=EMAIL]", help="A key, and its user.  [emulator-key]"
)
@click.option(
    "--read-only-key", "read_only", multiple=True, metavar="KEY[=EMAIL]", help="A key whose writes are 403."
)
@click.option(
    "--language", type=click.Choice(["en", "de", "fr", "es"]), default="en", help="The language of a 403."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Decides ids and which calls a fault strikes."
)
@click.option(
    "--seed-file", type=click.Path(path_type=Path), help="JSON with users, fields and records to begin with."
)
@click.option(
    "--state-file", type=click.Path(path_type=Path), help="Loaded if it exists; written at the end."
)
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="Gets the address once the emulator listens."
)
@click.option(
    "--faults", metavar="FILE|JSON", help="Rules of what goes wrong; see the page /_emulator/behaviours."
)
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="One open question decided.")
@click.option("--switch-file", type=click.Path(path_type=Path), help="Switches as JSON, or TOML if so named.")
@click.option(
    "--clock-scale", type=float, default=1.0, show_default=True, help="Emulated seconds per real second."
)
@click.option(
    "--clock-start",
    "start",
    type=click.DateTime(),
    help="The account's time at the start; without it, the present.",
)
@click.option("--zone", default="Europe/London", show_default=True, help="The account's time zone.")
def freshsales(
    *,
    plan: str,
    api_keys: tuple[str, ...],
    read_only: tuple[str, ...],
    language: str,
    faults: str | None,
    switches: tuple[str, ...],
    switch_file: Path | None,
    **others: Any,
) -> None:
    """Imitate the REST API of Freshsales (Freshworks CRM), strictly, on loopback.

    Prints "ready URL" when it listens; stop it with SIGTERM or Ctrl-C. The address plus /api is the API's
    base; /_emulator/ on the same port shows and steers the emulator. A wrong option ends with exit code 2.
    """
    from wherry_emulators.freshsales.auth import read_keys
    from wherry_emulators.freshsales.faults import read_faults
    from wherry_emulators.freshsales.server import Options, serve

    try:
        keys = read_keys(api_keys or ("emulator-key",), read_only, language)
        rules = read_faults(faults) if faults else ()
        chosen = read_switches(switches, switch_file)
        serve(Options(plan=Plan(plan), keys=keys, faults=rules, switches=chosen, **others))
    except SettingError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The clinic's data: an export's folder.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes any free port."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="A loopback address; others are refused."
)
@click.option(
    "--user", "users", multiple=True, metavar="NAME=PASSWORD", help="Who may log in.  [emulator=emulator]"
)
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help="One open question decided.")
@click.option("--dialect", type=click.Path(path_type=Path), help="JSON: how this clinic's API is spelt.")
@click.option("--faults", metavar="FILE|JSON", help="Rules of what goes wrong; see /_emulator/behaviours.")
@click.option(
    "--webhook", "webhooks", multiple=True, metavar="EVENT=URL", help="Told of changes; loopback addresses."
)
@click.option(
    "--clock-scale", type=float, default=1.0, show_default=True, help="Emulated seconds per real second."
)
@click.option(
    "--clock-start", "start", type=click.DateTime(), help="The time at the start; without it, the present."
)
@click.option("--zone", default="Europe/London", show_default=True, help="The zone of the maintenance hours.")
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="Gets the address once the emulator listens."
)
def aerona(
    *,
    users: tuple[str, ...],
    settings: tuple[str, ...],
    dialect: Path | None,
    faults: str | None,
    webhooks: tuple[str, ...],
    **others: Any,
) -> None:
    """Imitate the API of AeronaClinic on loopback, over the files of an export bundle.

    Prints "ready URL" when it listens; stop it with SIGTERM or Ctrl-C. The address is what [source]
    base_url wants. A wrong option ends with exit code 2.
    """
    from wherry_emulators.aerona.dialect import read_dialect
    from wherry_emulators.aerona.faults import read_faults
    from wherry_emulators.aerona.server import Options, serve
    from wherry_emulators.aerona.settings import read_settings
    from wherry_emulators.aerona.webhooks import read_webhooks

    try:
        pairs = [one.partition("=") for one in users or ("emulator=emulator",)]
        serve(
            Options(
                users={name: password for name, _, password in pairs},
                settings=read_settings(settings),
                dialect=read_dialect(dialect),
                faults=read_faults(faults) if faults else [],
                webhooks=read_webhooks(webhooks),
                **others,
            )
        )
    except SettingError as error:
        raise click.UsageError(str(error)) from error
