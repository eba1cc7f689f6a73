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
def world():
    """The shim's world, put back afterwards."""
    from airflow._goflow import world

    yield world
    forget()
