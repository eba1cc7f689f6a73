"""The `goflow` command itself: how commands are found, and that finding them costs nothing."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from goflow import __version__
from goflow.cli import Commands, first_line, main, told
from goflow.domain.errors import ConflictError, NotFoundError

HEAVY = ["libcst", "sqlalchemy", "alembic", "kubernetes", "fastapi", "uvicorn", "httpx", "rich", "pydantic", "croniter"]
COMMANDS = main.list_commands(click.Context(main))


def test_help_lists_all_commands_and_loads_none():
    code = f"""
import sys
from goflow.cli import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0
print([name for name in {HEAVY} if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
    for name in COMMANDS:
        assert f"  {name} " in ended.stdout


def test_the_commands_of_this_room_are_there():
    assert {"check", "export"} <= set(COMMANDS)
    assert not [name for name in COMMANDS if name.startswith("_")]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name):
    assert first_line(name).endswith(".")
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help


def test_the_version_is_printed():
    assert CliRunner().invoke(main, ["--version"]).output == f"goflow {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exprot"], "No such command 'exprot'. Did you mean 'export'?"),
        (["zzzzz"], "No such command 'zzzzz'.\n"),
        (["check"], "name the files or folders to check"),
        (["check", "/nowhere"], "does not exist"),
        (["export", ".", "--airflow", "1"], "is not one of '2', '3'"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, words):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_errors_of_the_rooms_are_one_line_and_an_exit_code(capsys):
    def fail():
        raise NotFoundError("DAG 'x'", hint="look at goflow dags list")

    with pytest.raises(SystemExit) as end:
        told(fail)
    assert end.value.code == NotFoundError.exit_code
    assert capsys.readouterr().err == "Error: Not found: DAG 'x'\nlook at goflow dags list\n"


def test_errors_pass_through_the_whole_command(monkeypatch):
    @click.command(name="check")
    def failing():
        raise ConflictError

    monkeypatch.setattr(Commands, "get_command", lambda self, ctx, name: failing)
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == ConflictError.exit_code
    assert result.stderr == "Error: Somebody else has changed it meanwhile\n"
