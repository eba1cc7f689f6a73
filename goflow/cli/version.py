"""Print the version."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print the version."""
    from goflow import __version__

    click.echo(f"goflow {__version__}")
