"""Look after the database: upgrade its schema."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Look after the database: upgrade its schema."""


@command.command()
def upgrade() -> None:
    """Bring the schema up to date (`standalone` and `daemon` do it themselves); harmless twice."""
    from goflow import settings as all_settings
    from goflow.home import open_store, prepare_home

    settings = all_settings.load()
    prepare_home(settings)
    store = open_store(settings)
    click.echo(f"the {store.dialect} database is up to date")
    store.close()
