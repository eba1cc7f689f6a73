"""Run the daemon: read the DAG folder, schedule, run tasks, serve the API."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from goflow.daemon import Daemon
    from goflow.importer.pool import ReaderPool
    from goflow.settings import Settings

TURN_S = 0.001
"""Python's switch interval: seconds for which a thread that calculates may keep all others waiting. At its own 5 ms an
answer of many turns took a second while the folder was read, and reading processes waited for their next file."""
COLLECT = (20_000, 20, 20)
"""Objects after which Python looks for those that hold each other: at its own 700 that was a sixteenth of all work."""


@click.command()
@click.option("--dags", "dags_folder", type=click.Path(file_okay=False, path_type=Path), help="The DAG folder.")
@click.option("--backend", type=click.Choice(["local", "kubernetes"]), help="Where tasks run (default: kubernetes).")
@click.option("--host", "api_host", help="Address of the API (default: 127.0.0.1).")
@click.option("--port", "api_port", type=click.IntRange(0, 65535), help="Port of the API (default: 8080; 0: any).")
def command(**options: Any) -> None:
    """Run the daemon: read the DAG folder, schedule, run tasks, serve the API.

    Every setting can be given in the environment (GOFLOW_...) or in $GOFLOW_HOME/goflow.toml: docs/settings.md.
    """
    run(**options)


def run(**options: Any) -> None:
    """Start a daemon with OPTIONS over the settings, and serve until SIGTERM or SIGINT."""
    from goflow import settings as all_settings
    from goflow.telemetry.logging import configure

    settings = all_settings.load(**options)
    configure(settings.log_format, settings.log_level)
    daemon, stop = started(settings)
    stop.wait()
    daemon.stop()


def started(settings: Settings) -> tuple[Daemon, threading.Event]:
    """A daemon at work, and the event that SIGTERM and SIGINT set.

    It waits for a database that is away; where it is told to stop meanwhile, the process ends.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sys.setswitchinterval(TURN_S)
    gc.disable()  # what is loaded stays: there is nothing to collect
    try:
        readers = _begin_readers(settings)
        from goflow.home import await_database

        if not await_database(settings, stop):
            readers.close()
            sys.exit(0)
        from goflow.daemon import Daemon

        daemon = Daemon(settings, readers)
        daemon.start()
        gc.freeze()
    finally:
        gc.set_threshold(*COLLECT)
        gc.enable()
    return daemon, stop


def _begin_readers(settings: Settings) -> ReaderPool:
    """The processes that read DAG files, begun before the daemon is loaded, so that both load side by side.

    In a home that has been used nothing may have changed: there they begin when there is something to read.
    """
    from goflow.importer.pool import ReaderPool
    from goflow.wiring import import_settings

    readers = ReaderPool(import_settings(settings))
    if not (settings.home / "token.key").exists():
        readers.warm()
    return readers
