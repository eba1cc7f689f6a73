"""Make, list and remove users, and set their roles and passwords."""

from __future__ import annotations

import sys

import click

from goflow.cli._client import connect
from goflow.cli._options import role_option
from goflow.cli._output import json_option, show

password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; otherwise it is asked for."
)


@click.group()
def command() -> None:
    """Make, list and remove users, and set their roles and passwords."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """All users by name."""
    with connect() as api:
        rows = api.get("/goflow/v1/users")["users"]
    columns = [("name", "NAME"), ("role", "ROLE"), ("signs_in_by", "BY"), ("last_sign_in", "LAST SIGN-IN")]
    show(rows, columns, as_json, empty="There are no users. `goflow users create NAME` makes one.")


@command.command()
@click.argument("name")
@role_option("viewer")
@password_option
def create(name: str, role: str, password_stdin: bool) -> None:
    """Make a user who signs in with a password."""
    body = {"name": name, "role": role, "password": _password(password_stdin)}
    with connect() as api:
        api.call("POST", "/goflow/v1/users", body=body)
    click.echo(f"user {name} is made ({role})")


@command.command("set-role")
@click.argument("name")
@click.argument("role", type=click.Choice(["viewer", "operator", "admin"]))
def set_role(name: str, role: str) -> None:
    """Give a user another role; it holds at once."""
    with connect() as api:
        api.call("PATCH", _path(name), body={"role": role})
    click.echo(f"user {name} is {role}")


@command.command("set-password")
@click.argument("name")
@password_option
def set_password(name: str, password_stdin: bool) -> None:
    """Give a user another password; all their sessions end."""
    body = {"password": _password(password_stdin)}
    with connect() as api:
        api.call("PATCH", _path(name), body=body)
    click.echo(f"user {name} has another password")


@command.command("sign-out")
@click.argument("name")
def sign_out(name: str) -> None:
    """Sign a user out everywhere."""
    with connect() as api:
        ended = api.call("DELETE", f"{_path(name)}/sessions")["ended"]
    click.echo(f"{ended} sessions of user {name} have ended")


@command.command()
@click.argument("name")
def delete(name: str) -> None:
    """Remove a user; their sessions end."""
    with connect() as api:
        api.call("DELETE", _path(name))
    click.echo(f"user {name} is removed")


def _path(name: str) -> str:
    from urllib.parse import quote

    return f"/goflow/v1/users/{quote(name, safe='')}"


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked
