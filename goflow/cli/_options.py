"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

airflow_option = click.option(
    "--airflow",
    type=click.Choice(["2", "3"]),
    help="Whose defaults hold.  [default: what the folder's own files tell, and 3 where nothing does]",
)


def role_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--role``, what a user or token may do; DEFAULT without it."""
    roles = click.Choice(["viewer", "operator", "admin"])
    words = "What it may do: read; run, clear, mark and pause besides; or everything."
    return click.option("--role", type=roles, default=default, show_default=True, help=words)
