"""Writes the pages of `PAGES` from the code: ``make docs``. A test compares them with what stands there."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import click

HERE = Path(__file__).parent
SETTINGS = HERE.parent / "goflow" / "settings.py"


def settings_page() -> str:
    """Every setting with its variable, its default and the words under it."""
    tree = ast.parse(SETTINGS.read_text(encoding="utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    parts = [
        "# Settings\n\nMade from `goflow/settings.py` by `make docs`. A setting comes from, in this order: an option of"
        " the command;\nthe environment; `$GOFLOW_HOME/goflow.toml`, where its name is the key; its default.\n"
    ]
    for node, after in itertools.pairwise(body):
        is_field = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if not is_field or not isinstance(after, ast.Expr) or not isinstance(after.value, ast.Constant):
            continue
        name = node.target.id  # type: ignore[union-attr]
        words = " ".join(str(after.value.value).split())
        default = ast.unparse(node.value) if node.value is not None else ""  # type: ignore[union-attr]
        parts.append(f"\n## `{name}`\n\n`GOFLOW_{name.upper()}`, default `{default}`\n\n{words}\n")
    return "".join(parts)


def cli_page() -> str:
    """The help text of every command."""
    from goflow.cli import main

    parts = ["# Commands\n\nMade from the commands' own help texts by `make docs`.\n"]

    def add(command: click.Command, path: list[str]) -> None:
        context = click.Context(
            command,
            info_name=" ".join(path),
            terminal_width=100,
            max_content_width=100,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"\n## `{' '.join(path)}`\n\n```\n{command.get_help(context).rstrip()}\n```\n")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                add(inner, [*path, name])

    add(main, ["goflow"])
    return "".join(parts)


def diagnostics_page() -> str:
    """What `goflow check` says, and every code with its examples."""
    from goflow.domain.explanations import FAMILIES, explanations

    parts = [(HERE / "parts" / "diagnostics.md").read_text(encoding="utf-8")]
    for family, title in FAMILIES.items():
        parts.append(f"\n## {title}\n")
        for code, explanation in explanations().items():
            if code.startswith(family):
                parts.append(f"\n### {code}\n\n{explanation.markdown()}")
    return "".join(parts)


PAGES = {"settings.md": settings_page, "cli.md": cli_page, "diagnostics.md": diagnostics_page}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text(make(), encoding="utf-8")
        print(f"docs/{page}")
