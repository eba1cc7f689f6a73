"""Fixtures of the shim's tests."""

from __future__ import annotations

import sys

import pytest

from tests.unit.airflow_shim.kit import Dags, forget


@pytest.fixture
def dags(tmp_path, monkeypatch):
    """A folder with a DAG file whose tasks can be run."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Dags(tmp_path)
    forget()


@pytest.fixture
def call_back(dags, capfd):
    """Calls back with what is MORE than every callback is given; whether nothing has raised, and what was printed."""
    from airflow._goflow import calling_back, logs

    def now(kind, given, **more):
        info = {
            "id": 1, "kind": kind, "reason": "why", "dag_id": "d", "run_id": "r", "dialect": given["dialect"],
            "environment": {}, "folder": given["folder"], "inputs": {}, **more,
        }  # fmt: skip
        before = sys.stdout, sys.stderr
        try:
            ok = calling_back.call(info, dags.client, dags.folder)
        finally:
            logs.forget_secrets()
            sys.stdout, sys.stderr = before
        return ok, capfd.readouterr().out

    return now


@pytest.fixture
def world():
    """The shim's world, put back afterwards."""
    from airflow._goflow import world

    yield world
    forget()
