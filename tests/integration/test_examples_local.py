"""The examples on the local backend: the same semantics without containers."""

from __future__ import annotations

import pytest

from tests.examples_run import differences, make_folder, trigger_all
from tests.running import standalone


@pytest.mark.timeout(600)
def test_every_example_ends_as_under_airflow(tmp_path):
    folder = tmp_path / "dags"
    make_folder(folder, str(folder))
    daemon = standalone(tmp_path / "home", folder)
    daemon.start()
    try:
        daemon.wait_for("all DAGs", lambda: len(daemon.json("dags", "list")) >= 26, 60)
        trigger_all(daemon, "test")
        assert differences(daemon, "test", 120) == []
    finally:
        daemon.stop()
