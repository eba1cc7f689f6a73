"""A task of a DAG text, run by the shim with a client that keeps what it is told in memory."""

from __future__ import annotations

import sys

import pytest
from airflow._goflow import execute
from airflow._goflow.loading import load_dag

from tests.unit.airflow_shim.kit import Dags, forget


class MemoryClient:
    """Stands for the wire only: results and Variables by name."""

    def __init__(self):
        self.results = {}
        self.rendered = {}
        self.variables = {}
        self.triggered = []

    def report(self, *, rendered_fields=None, xcoms=None, rendered_map_index=None, note=None):
        self.rendered.update(rendered_fields or {})
        for result in xcoms or []:
            self.results[(self.task, self.index, result["key"])] = result

    def xcoms(self, dag_id, run_id, task_id, key, map_index=None, *, prior=False):
        return [
            {"map_index": index, "value": result["value"]}
            for (task, index, name), result in sorted(self.results.items())
            if (task, name) == (task_id, key) and map_index in {None, index}
        ]

    def variable(self, name):
        return self.variables.get(name)

    def connection(self, conn_id):
        return None

    def trigger_dag_run(self, body):
        self.triggered.append(body)
        return {"run_id": "made"}


class Runner:
    """Runs tasks of one DAG file."""

    def __init__(self, folder):
        self.folder = folder
        self.client = MemoryClient()
        self.lengths = {}

    def write(self, text):
        (self.folder / "f.py").write_text(text)
        return self

    def run(self, task_id, *, map_index=-1, try_number=1, max_tries=0, conf=None, dialect="airflow3", operator=None):
        self.client.task, self.client.index = task_id, map_index
        moment = "2026-01-02T03:00:00+00:00"
        given = {
            "protocol": 1, "launch_id": "l", "dag_id": "d", "run_id": "r", "task_id": task_id, "map_index": map_index,
            "try_number": try_number, "max_tries": max_tries, "reschedules": 0, "first_start": moment,
            "dialect": dialect, "task": {"operator": "", "mapped": True}, "dag": {}, "environment": {},
            "run": {
                "run_id": "r", "run_type": "manual", "logical_date": moment,
                "data_interval_start": moment, "data_interval_end": moment, "run_after": moment, "start_date": moment,
                "queued_at": moment, "conf": conf or {}, "prev_success": None,
            },
            "folder": {"digest": "x", "path": str(self.folder), "file": "f.py", "import_roots": [], "local": None},
            "inputs": {}, "upstream_map_lengths": self.lengths, "server_time": moment,
        }  # fmt: skip
        given["task"]["operator"] = operator or load_dag(given, self.folder).get_task(task_id).task_type
        return execute(given, self.client, self.folder)

    def result(self, task_id, index=-1, key="return_value"):
        from airflow._goflow.serialization import deserialize

        return deserialize(self.client.results[(task_id, index, key)]["value"])


@pytest.fixture
def dags(tmp_path, monkeypatch):
    """A folder with a DAG file whose tasks can be run."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Dags(tmp_path)
    forget()


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    return Runner(tmp_path)
