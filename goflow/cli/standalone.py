"""Run everything here: daemon, API and tasks as local processes, on SQLite."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from goflow.daemon import Daemon

FIRST_SCAN_S = 120.0


@click.command()
@click.option("--dags", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The DAG folder.")
@click.option("--backend", type=click.Choice(["local", "kubernetes"]), default="local", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API (default: 8080; 0: any free one).")
@click.option("--run-all", is_flag=True, help="Run every DAG once, say how it went, and end.")
@click.option("--timeout", type=float, default=600.0, show_default=True, help="With --run-all: seconds to wait.")
def command(dags: Path | None, backend: str, port: int | None, run_all: bool, timeout: float) -> None:
    """Run everything here: daemon, API and tasks as local processes, on SQLite.

    New DAGs start unpaused. What it keeps lies in GOFLOW_HOME (default: ~/goflow).
    """
    import os

    from goflow import settings as all_settings
    from goflow.cli.daemon import started
    from goflow.telemetry.logging import configure

    options: dict[str, Any] = {"dags_folder": dags, "backend": backend, "api_port": port}
    if "GOFLOW_UNPAUSED_AT_CREATION" not in os.environ:
        options["unpaused_at_creation"] = True
    if backend == "local" and "GOFLOW_TASK_API_PORT" not in os.environ:
        options["task_api_port"] = 0
    settings = all_settings.load(**options)
    settings.dags.mkdir(parents=True, exist_ok=True)
    configure(settings.log_format, "warning" if run_all and settings.log_level == "info" else settings.log_level)
    daemon, stop = started(settings)
    click.echo(f"GoFlow reads {settings.dags} and runs tasks on the {backend} backend.")
    click.echo(f"Page     {daemon.rest.url}")
    click.echo(f"API      {daemon.rest.url}/docs")
    click.echo(f"Home     {settings.home}")
    click.echo("Look     goflow dags list   goflow runs list   goflow tasks logs DAG RUN TASK")
    sys.stdout.flush()
    failed = 0
    if run_all:
        daemon.importer.scanned.wait(FIRST_SCAN_S)
        failed = _run_all(daemon, stop, timeout)
    else:
        stop.wait()
    daemon.stop()
    if failed:
        sys.exit(1)


def _run_all(daemon: Daemon, stop: threading.Event, timeout_s: float) -> int:
    """Trigger every DAG, wait, and print how each run ended; how many did not succeed."""
    from goflow.cli._output import show
    from goflow.domain.state import RunState
    from goflow.scheduler import operations
    from goflow.store import dags, import_errors, runs, tasks

    with daemon.store.reading() as tx:
        found = dags.list_(tx)
        broken = import_errors.list_(tx)
    for row in broken:
        for item in row.diagnostics:
            click.echo(f"{item.span}: {item.severity.value} {item.code}: {item.message}", err=True)
    started = [operations.trigger(daemon.store, dag.dag_id, who="standalone") for dag in found]
    deadline = time.monotonic() + timeout_s
    click.echo(f"Running {len(started)} DAGs once ...")
    ended: dict[int, dict[str, Any]] = {}
    while len(ended) < len(started) and not stop.is_set() and time.monotonic() < deadline:
        for run in started:
            with daemon.store.reading() as tx:
                now = runs.get(tx, run.id)
                if run.id not in ended and now.end_date is not None and now.start_date is not None:
                    took = (now.end_date - now.start_date).total_seconds()
                    ended[run.id] = {
                        "dag_id": run.dag_id,
                        "state": now.state.value,
                        "tasks": len(tasks.of_run(tx, run.id)),
                        "seconds": f"{took:.2f}",
                        "run_id": run.run_id,
                    }
        stop.wait(0.1)
    rows = [ended.get(run.id, {"dag_id": run.dag_id, "state": "running", "run_id": run.run_id}) for run in started]
    columns = [("dag_id", "DAG"), ("state", "STATE"), ("tasks", "TASKS"), ("seconds", "SECONDS"), ("run_id", "RUN")]
    show(rows, columns, False, empty="There are no DAGs in the folder.")
    if rows:
        shown = rows[0]
        click.echo("\nLook closer, for example:")
        click.echo(f"  goflow tasks list {shown['dag_id']} {shown['run_id']}")
        click.echo("  goflow dags show DAG      goflow tasks logs DAG RUN TASK      goflow standalone --dags FOLDER")
    failed = [shown for shown in rows if shown["state"] != RunState.SUCCESS]
    return len(failed) + (0 if rows else 1) + len(broken)
