"""An environment of providers without Airflow, and DAGs whose tasks run in it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from goflow.parser.api import Folder, Inputs, parse_file
from goflow.store import connections, tasks, variables
from goflow.store.rows import Connection
from tests.oracle.environments import pinned
from tests.runners import Started, TaskServer

DAGS = Path(__file__).parent / "dags"
COMPAT = Path(__file__).parents[3] / "compat"


@pytest.fixture(scope="session")
def python() -> Path:
    """The environment's interpreter."""
    return pinned("shim-providers")


@dataclasses.dataclass
class Providers:
    """Runs DAGs of ``dags``, every task in the order of the file."""

    server: TaskServer
    python: Path

    def connect(self, *given: Connection, **named: str) -> None:
        """Set Connections, and Variables by name."""
        with self.server.store.transaction() as tx:
            for connection in given:
                connections.set_(tx, connection, who="test")
            for name, value in named.items():
                variables.set_(tx, name, value, who="test")

    def run(self, file: str, dag_id: str, **environment: str) -> dict[str, Started]:
        """The tasks of DAG_ID in FILE, all of them run."""
        (self.server.folder / "f.py").write_text((DAGS / file).read_text())
        read = parse_file(Folder(self.server.folder, parse_path="/dags"), "f.py", Inputs())
        assert not [told for told in read.diagnostics if told.severity == "error"], read.diagnostics
        (spec,) = (dag for dag in read.dags if dag.dag_id == dag_id)
        left = {task.task_id: set(task.upstream) for task in spec.tasks}
        order: list[str] = []
        while left:
            ready = next(name for name, above in left.items() if above <= set(order))
            order.append(ready)
            del left[ready]
        made = {task.task_id: task for task in spec.tasks}
        first = self.server.launch(*(made[name] for name in order), dag_id=dag_id, file=(DAGS / file).read_text())
        with self.server.store.reading() as tx:
            rows = {row.task_id: row for row in tasks.of_run(tx, first.instance.dag_run_id)}
        found = {name: first if name == order[0] else self.server.queue(rows[name]) for name in order}
        for started in found.values():
            started.run(PYTHONPATH=f"{COMPAT / 'airflow_shim'}{os.pathsep}{COMPAT / 'runner'}", **environment)
        return found


@pytest.fixture
def providers(server: TaskServer, python: Path) -> Providers:
    """DAGs with a task API of their own."""
    server.python = str(python)
    return Providers(server, python)
