"""Diagnostic codes as arguments and options: what is taken, and what the shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goflow.domain.diagnostics import CODES
from goflow.domain.errors import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def codes_of(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Codes or their beginnings, one by one or with commas between them. Wrong usage where no code begins so."""
    found = tuple(code.strip().upper() for text in texts for code in text.split(",") if code.strip())
    for code in found:
        if not any(known.startswith(code) for known in CODES):
            raise click.BadParameter(f"no code begins with {code!r}; {did_you_mean(code, CODES) or _FAMILIES}")
    return found


def complete_code(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes that begin so, each with what it means."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(code, help=words) for code, words in CODES.items() if code.startswith(incomplete.upper())]


_FAMILIES = "they begin with GF0 to GF5"
