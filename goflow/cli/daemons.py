"""List the daemons of this database, and give up the tasks of one whose machine is lost."""

from __future__ import annotations

import click

from goflow.cli._client import connect
from goflow.cli._output import amount, json_option, show


@click.group()
def command() -> None:
    """List the daemons of this database, and give up the tasks of one whose machine is lost."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """The daemons that share the database, and those that are gone and have left tasks behind.

    TASKS counts what a daemon has begun as processes of its own machine; tasks in Kubernetes are no daemon's own.
    """
    with connect() as api:
        rows = api.get("/goflow/v1/daemons")["daemons"]
    columns = [
        ("name", "DAEMON"),
        ("id", "ID"),
        ("state", "STATE"),
        ("version", "VERSION"),
        ("since", "SINCE"),
        ("tasks", "TASKS"),
    ]
    show(rows, columns, as_json, empty="No daemons share this database.")


@command.command("forget")
@click.argument("daemon_id", metavar="ID")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def forget_command(daemon_id: str, yes: bool) -> None:
    """Give up the tasks that the daemon ID has begun: its home is lost, and it never comes back.

    Their attempts end as disrupted, and others make them anew; that costs no retry. Should one of the processes live
    all the same, the task runs twice: make sure that the machine is gone. `goflow daemons list` shows the ids.
    """
    if not yes:
        click.confirm(f"Is the machine of daemon {daemon_id} gone, with all processes on it?", abort=True)
    with connect() as api:
        ended = api.call("POST", f"/goflow/v1/daemons/{daemon_id}/forget")["tasks"]
    click.echo(f"{amount(ended, 'task')} of daemon {daemon_id} {'is' if ended == 1 else 'are'} given up")
