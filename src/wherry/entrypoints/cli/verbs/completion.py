"""`wherry completion bash|zsh|fish`."""

import click
from click.shell_completion import get_completion_class

from wherry.entrypoints.cli.options import shared_options


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@shared_options
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the shell completion script.

    For bash: wherry completion bash > ~/.local/share/bash-completion/completions/wherry
    """
    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(completer(ctx.find_root().command, {}, "wherry", "_WHERRY_COMPLETE").source())
