"""DAG texts whose tasks are executed by the shim, with a client that keeps in memory what the server would."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

from airflow._goflow import execute, loading, logs, world
from airflow._goflow.dag import DAG, DagContext
from airflow._goflow.serialization import deserialize
from goflow_runner.client import RefusedError

MOMENT = "2026-01-02T03:00:00+00:00"
DAY_BEFORE = "2026-01-01T03:00:00+00:00"
RECORDED_PATH = "/recorded/dags"
"""Where the file is said to have lain when it was read."""


class Client:
    """Stands for the wire only: what is told and asked goes through JSON and is kept by name."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, int, str], dict[str, Any]] = {}
        self.earlier: dict[tuple[str, str], Any] = {}
        self.rendered: dict[str, Any] = {}
        self.labels: list[str] = []
        self.variables: dict[str, str] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.states: dict[str, dict[str, dict[str, str]]] = {}
        self.triggered: list[dict[str, Any]] = []
        self.refusal: RefusedError | None = None
        self.asked: list[str] = []
        self.task = ("", -1)
        self.kept: dict[tuple[str | None, str], Any] = {}
        self.questions: list[dict[str, Any]] = []
        self.happened: list[dict[str, Any]] = []
        self.known: list[dict[str, Any]] = []
        self.asked_events: list[dict[str, Any]] = []
        self.expiries: dict[str, str | None] = {}

    def report(self, *, rendered_fields=None, xcoms=None, rendered_map_index=None, note=None):
        self.rendered.update(json.loads(json.dumps(rendered_fields or {})))
        for result in xcoms or []:
            self.results[(*self.task, result["key"])] = json.loads(json.dumps(result))
        if rendered_map_index is not None:
            self.labels.append(rendered_map_index)

    def xcoms(self, dag_id, run_id, task_id, key, map_index=None, *, prior=False):
        if prior and (task_id, key) in self.earlier:
            return [{"map_index": -1, "value": self.earlier[(task_id, key)]}]
        return [
            {"map_index": index, "value": result["value"]}
            for (task, index, name), result in sorted(self.results.items())
            if (task, name) == (task_id, key) and map_index in {None, index}
        ]

    def variable(self, name):
        self.asked.append(name)
        return self.variables.get(name)

    def set_variable(self, name, value):
        self.variables[name] = value

    def delete_variable(self, name):
        self.variables.pop(name, None)

    def connection(self, conn_id):
        return self.connections.get(conn_id)

    def state(self, key, *, asset=None):
        return [self.kept[(asset, key)]] if (asset, key) in self.kept else []

    def set_state(self, key, value, *, asset=None, expires_at=None):
        self.kept[(asset, key)] = json.loads(json.dumps(value))
        self.expiries[key] = expires_at

    def delete_state(self, key=None, *, asset=None):
        self.kept = {k: v for k, v in self.kept.items() if k[0] != asset or key not in {None, k[1]}}

    def ask_person(self, question):
        self.questions.append(json.loads(json.dumps(question)))

    def assets(self, **named):
        return [row for row in self.known if all(row[word] == value for word, value in named.items())]

    def asset_events(self, **asked):
        self.asked_events.append(asked)
        return self.happened

    def trigger_dag_run(self, body):
        if self.refusal is not None:
            raise self.refusal
        self.triggered.append(json.loads(json.dumps(body)))
        return {"dag_id": body["dag_id"], "run_id": body["run_id"], "logical_date": body.get("logical_date")}

    def dag_runs(self, dag_id, *, run_id=None, logical_date=None):
        rows = self.runs.get(dag_id, [])
        wanted = dt.datetime.fromisoformat(logical_date) if logical_date else None
        return [
            row
            for row in rows
            if run_id in {None, row["run_id"]}
            and (wanted is None or dt.datetime.fromisoformat(row["logical_date"]) == wanted)
        ]

    def task_states(self, dag_id, *, task_ids, run_id=None, logical_date=None):
        states = self.states.get(dag_id, {})
        return {task_id: states[task_id] for task_id in (task_ids or states) if task_id in states}


class Dags:
    """A folder with one DAG file (and what else is written), whose tasks are run one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = Client()
        self.lengths: dict[str, int] = {}
        self.inputs: dict[str, Any] = {}

    def write(self, text: str, **files: str) -> Dags:
        """Write the DAG file, and other FILES by name (``__`` for a dot)."""
        (self.folder / "f.py").write_text(textwrap.dedent(text))
        for name, content in files.items():
            path = self.folder / name.replace("__", ".")
            path.write_text(textwrap.dedent(content))
        return self

    def given(self, task_id: str = "t", dialect: str = "airflow3", **more: Any) -> dict[str, Any]:
        """The input of TASK_ID; MORE overrides parts of it and of its run."""
        run = {
            "run_id": "r", "run_type": "manual", "logical_date": MOMENT, "data_interval_start": DAY_BEFORE,
            "data_interval_end": MOMENT, "run_after": MOMENT, "start_date": MOMENT, "queued_at": MOMENT, "conf": {},
            "prev_success": None, "consumed_asset_events": [],
        }  # fmt: skip
        found = {
            "protocol": 1, "launch_id": "l", "dag_id": "d", "run_id": "r", "task_id": task_id, "map_index": -1,
            "try_number": 1, "max_tries": 0, "reschedules": 0, "first_start": MOMENT, "dialect": dialect,
            "task": {"operator": ""}, "dag": {"dag_id": "d"}, "environment": {}, "inputs": self.inputs,
            "folder": {"digest": "x", "path": RECORDED_PATH, "file": "f.py", "import_roots": [], "local": None},
            "upstream_map_lengths": self.lengths, "server_time": MOMENT,
        }  # fmt: skip
        for name, value in more.items():
            (run if name in run else found)[name] = value
        found["run"] = run
        return found

    def load(self, dialect: str = "airflow3", dag_id: str = "d", given: dict[str, Any] | None = None) -> DAG:
        """The DAG, imported and not run; GIVEN is the input of a task of it."""
        world.reset(dialect, self.client)
        given = given or self.given(dialect=dialect, dag_id=dag_id)
        world.World.task_input = {**given, "folder_here": str(self.folder)}
        return loading.load_dag(given, self.folder)

    def run(self, task_id: str = "t", dialect: str = "airflow3", **more: Any) -> dict[str, Any]:
        """Execute one task; its outcome. Unless MORE says what was read, what comes out is taken to be it."""
        given = self.given(task_id, dialect, **more)
        if "task" not in more:
            dag = self.load(dialect, given["dag_id"])
            given["task"] = {"task_id": task_id, "operator": dag.get_task(task_id).task_type}
        self.client.task = (task_id, given["map_index"])
        environment, output = dict(os.environ), (sys.stdout, sys.stderr)
        try:
            return execute(given, self.client, self.folder)
        finally:
            os.environ.clear()
            os.environ.update(environment)
            logs.forget_secrets()
            sys.stdout, sys.stderr = output

    def result(self, task_id: str = "t", index: int = -1, key: str = "return_value") -> Any:
        """What the task left."""
        return deserialize(self.client.results[(task_id, index, key)]["value"])


def forget() -> None:
    """Leave nothing behind for the next test."""
    world.reset()
    DagContext.registered.clear()
    DagContext.stack.clear()
