"""A GoFlow and an Airflow 3.3.2 over the same DAG files, each started as its user starts it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.rest.calls import Caller
from tests.oracle.environments import AIRFLOW_3, environment
from tests.oracle.live import airflow
from tests.running import Daemon, standalone

HERE = Path(__file__).parent / "dags"


@contextmanager
def goflow(work: Path) -> Iterator[tuple[Daemon, Caller]]:
    """``goflow standalone`` over a copy of the DAGs below WORK, and a caller of it."""
    folder = Path(shutil.copytree(HERE, work / "dags"))
    daemon = standalone(work / "home", folder, GOFLOW_UNPAUSED_AT_CREATION="false", GOFLOW_EXPOSE_CONFIG="true")
    daemon.start()
    try:
        found = daemon.endpoint()
        yield daemon, Caller(found["url"], found["token"])
    finally:
        daemon.stop()


@contextmanager
def of_airflow() -> Iterator[Caller]:
    """The whole of Airflow 3.3.2 over a copy of the DAGs, and a caller of it."""
    settings = {
        "AIRFLOW__API__EXPOSE_CONFIG": "True",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",  # its tasks fail else where the machine is busy
    }
    with tempfile.TemporaryDirectory(prefix="goflow-rest-") as place:
        work = Path(place)
        work.chmod(0o711)  # PostgreSQL goes through it, as a user of its own
        folder = Path(shutil.copytree(HERE, work / "dags"))
        with airflow(environment(AIRFLOW_3), folder, work / "airflow", settings) as running:
            token = running.api.headers["Authorization"].removeprefix("Bearer ")
            yield Caller(running.variables["AIRFLOW__API__BASE_URL"], token)
