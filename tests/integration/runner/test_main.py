"""The commands of ``goflow-runner``, and the ways into a task that are not a plain fork."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from goflow_runner import __version__
from goflow_runner.main import main

from goflow.domain.spec import RuntimeSpec
from goflow.domain.state import TaskState
from tests.runners import bash, python


def runner(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith("GOFLOW_")} | environment
    command = [sys.executable, "-m", "goflow_runner", *words]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)


def test_it_tells_its_version(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("words", [[], ["dance"], ["zygote"], ["zygote", "folder", "daemon"], ["run", "more"]], ids=str)
def test_wrong_usage_is_told_on_standard_error(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("usage: goflow-runner COMMAND")


def test_a_zygote_ends_whose_daemon_was_gone_before_it_had_begun(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert runner("zygote", str(tmp_path), str(gone.pid)).returncode == 0


def test_run_names_the_variables_that_it_misses():
    done = runner("run")
    assert done.returncode == 2
    assert "GOFLOW_LAUNCH_ID and GOFLOW_CLAIMANT must be set" in done.stderr


def test_in_a_shared_job_the_launch_is_that_of_the_index(tmp_path):
    from goflow.domain.runs import launch_of

    shared = {"GOFLOW_SHARED_JOB": "0123456789ab0000ccccccccccc", "JOB_COMPLETION_INDEX": "4711"}
    done = runner("run", **shared)
    assert "goflow-runner: GOFLOW_CLAIMANT must be set" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        (tmp_path / "token").write_text("secret")
        given = {
            "GOFLOW_TASK_API": f"http://{host}:{port}",
            "GOFLOW_TOKEN_FILE": str(tmp_path / "token"),
            "GOFLOW_CLAIMANT": "u",
        }
        with asking(**shared, **given) as process:
            connection, _ = server.accept()
            with connection:
                asked = connection.recv(1000).split(b"\r\n")[0].decode()
            process.terminate()
    assert asked == f"POST /task/v1/launches/{launch_of(shared['GOFLOW_SHARED_JOB'], 4711)}/claim HTTP/1.1"


@contextmanager
def asking(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A runner that begins."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("GOFLOW_")} | environment
    with subprocess.Popen([sys.executable, "-m", "goflow_runner", "run"], env=given) as process:
        yield process


FILE = """
import os, sys
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

def function(ti):
    ti.xcom_push("optimize", sys.flags.optimize)
    ti.xcom_push("file", __file__)
    ti.xcom_push("own", os.environ["OWN"])
    print("done")

with DAG("d", schedule=None):
    PythonOperator(task_id="t", python_callable=function)
"""


def test_a_variable_that_only_the_start_of_an_interpreter_heeds_gets_one(server):
    spec = python("t", runtime=RuntimeSpec(environment={"PYTHONOPTIMIZE": "1", "OWN": "mine"}))
    started = server.launch(spec, file=FILE)
    assert started.run() == 0, started.output
    found = started.xcoms
    assert (found["optimize"], found["own"]) == (1, "mine")
    assert started.output[0] == "done"


def test_without_such_a_variable_the_task_is_a_fork(server):
    started = server.launch(python("t", runtime=RuntimeSpec(environment={"OWN": "mine"})), file=FILE)
    assert started.run() == 0, started.output
    assert started.xcoms["optimize"] == 0
    assert started.state is TaskState.SUCCESS


RESULTS = {
    "an object": ('{"a": [1]}', 0, {"return_value": {"a": [1]}}),
    "null": ("null", 0, {"return_value": None}),
    "no file at all": (None, 0, {}),
    "no JSON": ("{", 1, {}),
    "no UTF-8": (b"\xff\xfe", 1, {}),
    "an empty file": ("", 0, {}),
    "more than is allowed": (json.dumps("x" * 2000), 1, {}),
}
LIMITS = {"largest": 1024, "store": "", "threshold": 100}
PLACE = ["d", "r", "t", "-1"]


@pytest.mark.parametrize(("content", "code", "found"), RESULTS.values(), ids=RESULTS.keys())
def test_the_result_of_a_container_that_is_not_ours_is_sent_when_it_has_ended(server, tmp_path, content, code, found):
    started = server.launch(bash("t", "true"))
    path = tmp_path / "return.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended, said = send(started, path, LIMITS)
    assert ended == code, said
    assert started.xcoms == found
    assert "Traceback" not in said
    if code:
        assert started.launch.message.startswith(f"{path} cannot be the task's result: ")
        assert started.state is TaskState.FAILED
        assert "is no JSON" in said or "result_largest_bytes" in said


def test_a_large_result_for_a_store_that_the_image_cannot_reach_is_told_in_words(server, tmp_path):
    started, path = server.launch(bash("t", "true")), tmp_path / "return.json"
    path.write_text(json.dumps(["x" * 200]))
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "fsspec.py").write_text("raise ImportError")  # the tests' own environment has it
    limits = {**LIMITS, "store": f"file://{tmp_path}/store"}
    code, said = send(started, path, limits, PYTHONPATH=str(tmp_path / "image"))
    assert (code, started.xcoms, started.state) == (1, {}, TaskState.FAILED)
    assert "install fsspec" in said
    assert "install fsspec" in started.launch.message


def send(started, path, limits, **environment):
    """Exit code and words of the sidecar that sends PATH."""
    told = {"GOFLOW_RESULTS": json.dumps({"limits": limits, "place": PLACE}), **environment}
    blocked = {signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)  # inherited: a signal may come before it listens
    sidecar = subprocess.Popen(
        [sys.executable, "-m", "goflow_runner", "xcom", str(path)],
        env=started.environment(**told), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    sidecar.terminate()
    said, _ = sidecar.communicate(timeout=60)
    return sidecar.returncode, said


def test_what_the_termination_message_has_no_room_for_is_left_out(tmp_path, monkeypatch):
    from goflow_runner import agent

    log = tmp_path / "termination-log"
    log.touch()
    monkeypatch.setattr(agent, "TERMINATION_LOG", log)
    word = {"state": "failed", "reason": "Exit", "message": "m" * 100, "usage": {"wall_seconds": 1.0}, "exit_code": 3}
    result = {"key": "k", "value": "x", "length": None}
    sizes = {
        "all of it": ({**word, "xcoms": [result]}, {**word, "xcoms": [result]}),
        "a result that is too long": ({**word, "xcoms": [{**result, "value": "x" * 5000}]}, {**word, "cut": ["xcoms"]}),
        "words that are too long": (
            {**word, "message": "m" * 5000},
            {key: value for key, value in word.items() if key != "usage"} | {"message": "m" * 300},
        ),
    }
    for name, (given, left) in sizes.items():
        agent._leave_word(given)
        assert json.loads(log.read_text()) == left, name
        assert len(log.read_bytes()) <= 4096, name
    agent._leave_word({**word, "skip_downstream": ["t" * 100] * 100})
    least = {"state": "failed", "reason": "Exit", "exit_code": 3, "cut": ["skip_downstream"]}
    assert json.loads(log.read_text()) == least
