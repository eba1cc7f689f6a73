"""``goflow tasks usage``: what a task has used of processor and memory, and what follows for what it asks for."""

from __future__ import annotations

import json
from typing import Any

import click

from goflow.cli._client import connect
from goflow.cli._output import complete_dag, json_option, show


@click.command("usage")
@click.argument("dag_id", metavar="DAG", shell_complete=complete_dag)
@click.argument("task_id", metavar="TASK")
@click.option(
    "--newest", type=click.IntRange(1, 200), default=20, show_default=True, help="How many runs are looked at."
)
@json_option
def show_usage(dag_id: str, task_id: str, newest: int, as_json: bool) -> None:
    """What a task has used in the newest runs: CPU seconds, peak memory, waiting, running; and hints for its size."""
    with connect() as api:
        found = api.get(f"/goflow/v1/dags/{dag_id}/tasks/{task_id}/usage", newest=newest)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    columns = [
        ("dag_run_id", "RUN"),
        ("map_index", "INDEX"),
        ("try_number", "TRY"),
        ("state", "STATE"),
        ("wait", "WAITED"),
        ("run", "RAN"),
        ("cpu", "CPU"),
        ("memory", "MEMORY"),
        ("source", "MEASURED BY"),
    ]
    show([_row(one) for one in found["attempts"]], columns, False, empty="It has not run in these runs.")
    if asked := _asked(found["resources"] or {}):
        click.echo(f"It asks for {asked}.")
    for hint in found["hints"]:
        click.echo(f"Hint: it {hint['text']}." if hint["kind"] != "out_of_memory" else f"Hint: {hint['text']}.")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    index = one["map_index"]
    return {
        **one,
        "map_index": None if index < 0 else index,
        "wait": _seconds(one["wait_seconds"]),
        "run": _seconds(one["run_seconds"]),
        "cpu": _seconds(one["cpu_seconds"]),
        "memory": _bytes(one["memory_bytes"]),
    }


def _asked(resources: dict[str, float | None]) -> str:
    memory, most = resources.get("memory_request"), resources.get("memory_limit")
    cpu, most_cpu = resources.get("cpu_request"), resources.get("cpu_limit")
    said = [
        f"{_bytes(memory)} of memory" if memory else "",
        f"at most {_bytes(most)}" if most and most != memory else "",
        f"{cpu:g} CPU" if cpu else "",
        f"at most {most_cpu:g} CPU" if most_cpu and most_cpu != cpu else "",
    ]
    return ", ".join(filter(None, said))


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def _bytes(value: float | None) -> str | None:
    from goflow.domain.quantities import in_bytes

    return None if value is None else in_bytes(value)
