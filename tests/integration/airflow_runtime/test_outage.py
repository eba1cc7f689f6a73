"""A server that is killed in the middle and comes back does no harm: what runs goes on, and nothing runs twice."""

from __future__ import annotations

import os
import time

import pytest

OUTAGE_S = float(os.environ.get("GOFLOW_TEST_OUTAGE_S") or 6.0)
"""How long it is away: longer than Airflow's supervisor bears by itself when its heartbeat is as fast as here."""


@pytest.mark.timeout(OUTAGE_S + 300)
def test_tasks_outlive_a_server_that_is_away(runs, tmp_path):
    runs.start("outage", folder=str(tmp_path))
    for name in ("meanwhile", "afterwards"):
        runs.daemon.wait_for(f"the start of {name}", (tmp_path / f"{name}.ran").exists, 120)
    runs.daemon.kill()
    (tmp_path / "meanwhile.go").touch()
    runs.daemon.wait_for("the end of the first", (tmp_path / "meanwhile.done").exists)
    time.sleep(OUTAGE_S)  # what is tested is that this passes
    runs.daemon.start()
    (tmp_path / "afterwards.go").touch()
    state, tasks = runs.end("outage")
    assert (state, set(tasks.values())) == ("success", {"success"})
    assert {row["try_number"] for row in runs.tasks("outage").values()} == {1}
    assert runs.xcom("outage", "collects") == ["afterwards", "meanwhile"]
    assert [(tmp_path / f"{name}.ran").read_text() for name in ("meanwhile", "afterwards")] == ["once\n", "once\n"]
