"""On the local backend, with an environment that has Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.airflow_runtime.cases import AirflowCases, start_all
from tests.integration.airflow_runtime.conftest import Runs


@pytest.fixture(scope="module", autouse=True)
def started(runs: Runs) -> None:
    start_all(runs)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path


class TestLocally(AirflowCases):
    """All cases."""
