"""Options that several commands have."""

from __future__ import annotations

import click

airflow_option = click.option(
    "--airflow",
    type=click.Choice(["2", "3"]),
    help="Whose defaults hold.  [default: what the folder's own files tell, and 3 where nothing does]",
)
