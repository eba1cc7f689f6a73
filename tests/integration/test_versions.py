"""A DAG file is edited, added, broken, mended, renamed and deleted under a running daemon; versions tell the story."""

from __future__ import annotations

import pytest

from tests.running import standalone

FIRST = """from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("story", schedule=None):
    BashOperator(task_id="one", bash_command="echo one")
"""
COMMENTED = "# only a comment\n" + FIRST
SECOND = FIRST + '    BashOperator(task_id="two", bash_command="echo two")\n'
BROKEN = FIRST + "    BashOperator(task_id='two', bash_command=missing_name)\n"


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "dags").mkdir()
    running = standalone(tmp_path / "home", tmp_path / "dags")
    running.start()
    yield running
    running.stop()


def versions(daemon):
    return daemon.json("dags", "versions", "story")


def active(daemon):
    return {row["dag_id"]: row for row in daemon.json("dags", "list")}


@pytest.mark.timeout(180)
def test_the_story_of_a_file(daemon, tmp_path):
    file = tmp_path / "dags" / "story.py"
    file.write_text(FIRST)
    daemon.wait_for("the DAG", lambda: "story" in active(daemon))
    assert [row["number"] for row in versions(daemon)] == [1]

    file.write_text(COMMENTED)
    daemon.wait_for("the comment", lambda: len(versions(daemon)) == 2)
    newest, oldest = versions(daemon)
    assert newest["spec_digest"] == oldest["spec_digest"]
    assert newest["file_hash"] != oldest["file_hash"]
    assert daemon.json("dags", "diff", "story")["same_meaning"] is True

    file.write_text(BROKEN)
    daemon.wait_for("the import error", lambda: "missing_name" in daemon.run("import-errors", "list"))
    assert active(daemon)["story"]["version"] == 2, "the last good version stays in force"

    file.write_text(SECOND)
    daemon.wait_for("the mended file", lambda: len(versions(daemon)) == 3)
    daemon.wait_for("no import error", lambda: daemon.json("import-errors", "list") == [])
    found = daemon.json("dags", "diff", "story", "1", "3")
    assert not found["same_meaning"]
    assert '+    BashOperator(task_id="two"' in found["source"]
    assert '"two"' in found["meaning"]

    file.write_text(FIRST)
    daemon.wait_for("the first bytes again", lambda: active(daemon)["story"]["version"] == 1)
    assert len(versions(daemon)) == 3, "the same bytes are the same version, for ever"

    file.rename(tmp_path / "dags" / "tale.py")
    daemon.wait_for("the new name", lambda: active(daemon).get("story", {}).get("file_path") == "tale.py")

    assert daemon.run("dags", "trigger", "story", "--wait").strip().startswith("success")
    (tmp_path / "dags" / "tale.py").unlink()
    daemon.wait_for("the deletion", lambda: "story" not in active(daemon))
    assert len(versions(daemon)) >= 3, "history stays"
    assert daemon.json("runs", "list", "story")[0]["state"] == "success"
