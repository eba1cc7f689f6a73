"""Writes the pages of `PAGES` from the code: ``make docs``. A test compares them with what stands there."""

from __future__ import annotations

import ast
import itertools
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml

HERE = Path(__file__).parent
SETTINGS = HERE.parent / "goflow" / "settings.py"
CHART = HERE.parent / "helm" / "goflow"


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


class Value(NamedTuple):
    """A value of the chart, or an object of them, as ``values.schema.json`` has it."""

    path: tuple[str, ...]
    description: str
    default: Any
    inner: bool
    """Whether it has values below it, whose defaults are written with those."""
    repeated: bool
    """Whether what is said of it was said before: it is part of a definition that others refer to as well."""


def chart_values() -> Iterator[Value]:
    """Every value, the outer ones first, in the order of the schema."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    told: set[str] = set()

    def of(node: dict[str, Any], path: tuple[str, ...], given: Any, repeated: bool) -> Iterator[Value]:
        reference = node.get("$ref", "").removeprefix("#/definitions/")
        definition = schema["definitions"][reference] if reference else node
        again = repeated or (reference != "" and reference in told)
        told.add(reference)
        properties = definition.get("properties") if "default" not in definition else None
        default = given if given is not None else node.get("default", definition.get("default"))
        yield Value(path, node["description"], default, properties is not None, repeated)
        for name, below in (properties or {}).items():
            yield from of(below, (*path, name), (default or {}).get(name), again)

    for name, node in schema["properties"].items():
        if name != "global":
            yield from of(node, (name,), None, False)


def chart_defaults() -> str:
    """``values.yaml``: every value with its default, and what it means above it."""
    parts = ["# Every value of the chart, made from values.schema.json by `make docs`; the schema refuses others.\n"]
    for value in chart_values():
        indent = "  " * (len(value.path) - 1)
        if len(value.path) == 1:
            parts.append("\n")
        if not value.repeated:
            parts.append(textwrap.indent(textwrap.fill(value.description, 116 - len(indent)), f"{indent}# ") + "\n")
        name = value.path[-1]
        if value.inner:
            parts.append(f"{indent}{name}:\n")
        else:
            written = yaml.safe_dump({name: value.default}, sort_keys=False)
            parts.append(textwrap.indent(written.replace("''", '""'), indent))
    return "".join(parts)


def chart_page() -> str:
    """The chart's ``README.md``: how to begin, and a table of the values."""
    parts = [
        (HERE / "parts" / "chart.md").read_text(encoding="utf-8"),
        "\n| value | default | meaning |\n|---|---|---|\n",
    ]
    for value in chart_values():
        shown = "" if value.inner or value.default in ("", [], {}) else f"`{json.dumps(value.default)}`"
        description = value.description.replace("|", "\\|")
        name = ".".join(value.path)
        parts.append(f"| {f'**`{name}`**' if len(value.path) == 1 else f'`{name}`'} | {shown} | {description} |\n")
    return "".join(parts)


PAGES = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "diagnostics.md": diagnostics_page,
    "../helm/goflow/values.yaml": chart_defaults,
    "../helm/goflow/README.md": chart_page,
}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text(make(), encoding="utf-8")
        print((HERE / page).resolve().relative_to(HERE.parent))
