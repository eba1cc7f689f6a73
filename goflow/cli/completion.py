"""Print the shell completion script for bash, zsh or fish."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell completion script: `eval "$(goflow completion bash)"`."""
    from click.shell_completion import get_completion_class

    from goflow.cli import main

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, "goflow", "_GOFLOW_COMPLETE").source())
