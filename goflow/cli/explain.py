"""Explain a diagnostic: what a code means, with an example that has it and one that does not."""

from __future__ import annotations

import json

import click

from goflow.cli._codes import codes_of, complete_code


@click.command()
@click.argument("codes", metavar="[CODE]...", nargs=-1, callback=codes_of, shell_complete=complete_code)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(codes: tuple[str, ...], as_json: bool) -> None:
    """Explain the diagnostics CODE..., such as GF204, or all that begin so; without one, list every code."""
    from goflow.domain.explanations import explanations

    chosen = [found for code, found in explanations().items() if not codes or code.startswith(codes)]
    if as_json:
        rows = [
            {
                "code": found.code,
                "title": found.title,
                "severities": [severity.value for severity in found.severities],
                "words": found.words,
                "fails": {file.name: file.text for file in found.fails},
                "passes": {file.name: file.text for file in found.passes},
            }
            for found in chosen
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    if not codes:
        for found in chosen:
            click.echo(f"{click.style(found.code, bold=True)}  {found.title}")
        return
    console = Console(highlight=False)
    for found in chosen:
        text = f"# {found.code}\n\n{found.markdown()}"
        console.print(Markdown(text) if console.is_terminal else text, soft_wrap=not console.is_terminal, markup=False)
