"""A machine of the local backend is lost for good, with its home and the task that ran there: a person gives it up, and
the task is made anew on another one."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import psutil
import pytest

from tests.killing import HEAD
from tests.several import Several

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
DAG = """
with DAG("moves", schedule=None, default_args={{"retries": 0}}):
    BashOperator(
        task_id="here", bash_command="echo begun >> {marks}; test $(wc -l < {marks}) -gt 1 || exec sleep 3600"
    )
"""


@pytest.fixture
def several(postgres_url: str, tmp_path: Path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "moves.py").write_text(HEAD + DAG.format(marks=tmp_path / "marks"))
    command = ["daemon", "--backend", "local", "--dags", str(tmp_path / "dags"), "--port", "0"]
    made = Several(postgres_url, tmp_path, command, {"GOFLOW_TASK_API_PORT": "0", "GOFLOW_LEASE_TTL_S": "3"})
    yield made
    made.stop()


def lose(several: Several, name: str) -> None:
    """The daemon, every process of its tasks, and its home are gone at once."""
    daemon = several[name]
    assert daemon.process is not None
    family = psutil.Process(daemon.process.pid).children(recursive=True)
    assert any("sleep" in process.name() for process in family)
    daemon.kill()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(daemon.home)


def test_what_ran_on_a_machine_that_is_lost_goes_on_elsewhere_once_that_is_told(several, tmp_path):
    several.start("a")
    a_id = (several["a"].home / "daemon.id").read_text()[:16]
    several["a"].wait_for("the DAG", lambda: several["a"].json("dags", "list"))
    several["a"].run("dags", "trigger", "moves", "--run-id", "r")
    several["a"].wait_for("the task runs", lambda: (tmp_path / "marks").exists())
    several.start("b")
    b = several["b"]
    with pytest.raises(AssertionError, match=f"daemon {a_id} is there"):
        b.run("daemons", "forget", a_id, "--yes")
    lose(several, "a")
    gone = b.wait_for("it is given up", lambda: [one for one in b.json("daemons", "list") if one["state"] == "gone"])
    assert [(one["id"], one["tasks"]) for one in gone] == [(a_id, 1)]
    assert several.ask("SELECT state FROM task_instances") == [("running",)]

    assert "1 task of daemon" in b.run("daemons", "forget", a_id, "--yes")
    b.wait_for("its end", lambda: several.ask("SELECT status FROM dag_runs") == [("success",)])
    assert (tmp_path / "marks").read_text() == "begun\n" * 2
    found = several.ask("SELECT state, reason, try_number, home FROM launches ORDER BY ordinal")
    assert found[0] == ("lost", "HomeLost", 1, a_id)
    assert found[1][1:] == (None, 1, (b.home / "daemon.id").read_text()[:16])
    assert [one["state"] for one in b.json("daemons", "list")] == ["running"]
