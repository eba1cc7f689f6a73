"""The command line: one module per command, `goflow.cli.<command>`, found by its name and loaded when it is called.

A command's module has ``command`` (a `click.Command` or `click.Group`), and the first line of its docstring is the line
that ``goflow --help`` shows for it. ``_`` in a module's name is ``-`` in the command's; modules whose name begins with
``_`` are helpers and no commands. No module imports anything heavy before its command runs: `goflow --help` and
`goflow export` have to be there at once. What a command does belongs into the rooms below; here are words and colours.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent


class Commands(click.Group):
    """A group whose commands are the modules beside this file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        found = [path for path in HERE.iterdir() if not path.name.startswith(("_", "."))]
        names = {path.stem for path in found if path.suffix == ".py" or (path / "__init__.py").exists()}
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command CMD_NAME, its module loaded now; None: there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"goflow.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint where a name was mistyped."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, each with its module's first line, without loading one of them."""
        rows = [(name, first_line(name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of the rooms below become one line and an exit code."""
        return told(lambda: super(Commands, self).invoke(ctx))


def first_line(name: str) -> str:
    """The first line of the docstring of command NAME's module, without loading it."""
    path = HERE / f"{name.replace('-', '_')}.py"
    if not path.exists():
        path = HERE / name.replace("-", "_") / "__init__.py"
    with path.open(encoding="utf-8") as file:
        found = re.match(r'\s*[rR]?"""(.+?)(?:"""|$)', file.readline())
    return found[1].strip() if found else ""


def told(function: Callable[[], Any]) -> Any:
    """What FUNCTION gives. A GoFlowError ends the program with its words on standard error, its hint and exit code."""
    from goflow.domain.errors import GoFlowError

    try:
        return function()
    except GoFlowError as error:
        click.echo(f"Error: {error}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(error.exit_code)


def version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """Print the version and end, when ``--version`` was given."""
    if asked:
        from goflow import __version__

        click.echo(f"goflow {__version__}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=version, help="Print the version.")
def main() -> None:
    """GoFlow runs Airflow DAG files and native YAML DAGs as Kubernetes Jobs, without Airflow."""


def daemon_main() -> None:
    """`goflow-daemon`, which is `goflow daemon` under the name that process lists show."""
    command = importlib.import_module("goflow.cli.daemon").command
    told(lambda: command(prog_name="goflow-daemon"))
