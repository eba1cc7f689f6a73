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
        default = _default(name)
        parts.append(f"\n## `{name}`\n\n`GOFLOW_{name.upper()}`, default {default}\n\n{words}\n")
    return "".join(parts)


def _default(name: str) -> str:
    """The default of the setting NAME as one writes it, and the limits of a number."""
    from pydantic_core import PydanticUndefined

    from goflow.settings import Settings

    field = Settings.model_fields[name]
    value = field.default_factory() if field.default_factory is list else field.default
    shown = "" if value is PydanticUndefined else str(getattr(value, "value", value))
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = [f"{words[own]} {getattr(one, own)}" for one in field.metadata for own in words if hasattr(one, own)]
    nothing = value in (None, "", []) or str(value) == ""
    return ("not set" if nothing else f"`{shown}`" if shown else "see below") + (
        f" ({', '.join(limits)})" if limits else ""
    )


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
