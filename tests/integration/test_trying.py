"""`goflow dags test`, `goflow tasks test` and `goflow tasks render` as a person starts them, on real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from goflow_runner.local import process_identity

from tests.runners import Bell
from tests.running import GOFLOW

PIPELINE = """
    import datetime as dt
    import pathlib
    from airflow.sdk import DAG, BaseHook, Variable, task
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
    from airflow.providers.standard.sensors.python import PythonSensor

    SIZE = Variable.get("Size", deserialize_json=True)

    def comes_second_time():
        mark = pathlib.Path(__file__).with_name("mark")
        was_there = mark.exists()
        mark.touch()
        return was_there

    with DAG(
        "pipeline", schedule="@daily", start_date=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), catchup=True,
        params={"n": 9}, user_defined_macros={"twice": lambda value: value * 2},
    ):
        @task
        def extract(params=None):
            print("from", BaseHook.get_connection("store").host)
            return list(range(params["n"]))

        @task(pool="nobody_has_made_it")
        def square(x):
            return x * x

        @task
        def total(xs):
            return sum(xs) * SIZE

        say = BashOperator(task_id="say", bash_command="echo {{ ds }} {{ twice(params.n) }} {{ var.value.region }}")
        again = PythonSensor(
            task_id="again", python_callable=comes_second_time, mode="reschedule", poke_interval=0.1
        )
        later = DateTimeSensorAsync(task_id="later", target_time="{{ dag_run.start_date }}")
        left_out = BashOperator(task_id="wait_for_others", bash_command="exit 1")
        trigger = TriggerDagRunOperator(task_id="trigger", trigger_dag_id="other")
        total(square.expand(x=extract())) >> say >> [again, later, left_out] >> trigger
"""
OTHER = """
    from airflow.sdk import dag, task

    @dag
    def other():
        @task
        def listen():
            print("heard")
        listen()

    other()
"""
FAILS = """
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator

    def tell(context):
        print("told of", context["run_id"][:6])

    with DAG("fails", schedule=None, on_failure_callback=tell):
        BashOperator(task_id="bad", bash_command="echo no luck; exit 3") >> BashOperator(task_id="after", bash_command="true")
"""
STOPPED = """
    import time
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator

    class Slow(PythonOperator):
        def on_kill(self):
            print("on_kill was called")

    def sleep():
        with open({bell!r}, "w") as bell:
            bell.write("here")
        time.sleep(100)

    with DAG("slow", schedule=None):
        first = BashOperator(task_id="first", bash_command="true").as_setup()
        last = BashOperator(task_id="last", bash_command="echo cleaned up").as_teardown(setups=first)
        first >> Slow(task_id="sleepy", python_callable=sleep) >> BashOperator(task_id="never", bash_command="true") >> last

    with DAG("stubborn", schedule=None):
        BashOperator(task_id="deaf", bash_command="trap '' TERM INT; echo $$ > {bell}; while true; do sleep 0.1; done")
"""
LONGEST_WAIT_S = 120.0
"""A whole GoFlow starts meanwhile, perhaps on a machine that has much else to do."""
STARTED: list[subprocess.Popen[str]] = []
ENVIRONMENT = {"AIRFLOW_VAR_REGION": "eu", "AIRFLOW_CONN_STORE": "http://store.example"}


def started(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    """``goflow WORDS`` in a home where nothing has been set up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOFLOW_")}
    process = subprocess.Popen(
        [GOFLOW, *words],
        env={**kept, **ENVIRONMENT, "GOFLOW_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """What a test that failed has started is told to stop, and to kill what it runs."""
    yield
    while STARTED:
        process = STARTED.pop()
        while process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)


def ended(process: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """What it has printed on both ways, once it has ended with CODE."""
    out, errors = process.communicate(timeout=LONGEST_WAIT_S)
    assert process.returncode == code, out + errors
    return out, errors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A DAG folder, and beside it what its files ask for."""
    made = tmp_path / "d"
    made.mkdir()
    for name, text in {"pipeline.py": PIPELINE, "other.py": OTHER, "fails.py": FAILS}.items():
        (made / name).write_text(textwrap.dedent(text))
    (tmp_path / "vars.json").write_text('{"Size": 10}')
    return made


def test_a_dag_is_run_once_and_told_as_a_document(tmp_path, folder):
    words = ["dags", "test", "pipeline", "2026-02-03", "--dags", "d", "--variables", "vars.json", "--conf", '{"n": 3}']
    words += ["--mark-success-pattern", "wait_for", "--triggered", "--json"]
    out, told = ended(started(tmp_path, *words), 0)
    run = json.loads(out)
    assert (run["state"], run["logical_date"][:10], run["conf"]) == ("success", "2026-02-03", {"n": 3})
    rows = [(row["task_id"], row["map_index"], row["state"]) for row in run["task_instances"]]
    assert sorted(rows) == sorted(
        [(name, -1, "success") for name in ("again", "extract", "later", "say", "total", "trigger", "wait_for_others")]
        + [("square", index, "success") for index in range(3)]
    )
    lines = [" ".join(line.split()) for line in told.splitlines()]
    expected = ["extract | from store.example", "square[2] > running", "say | 2026-02-03 6 eu", "again > success"]
    assert [line for line in [*expected, "other.listen | heard"] if line not in lines] == []
    assert [line for line in lines if line.startswith("again > up_for_reschedule (until ")]
    assert not (tmp_path / "home").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("goflow-test-")] == []


def test_a_run_that_fails_ends_with_1_and_its_database_may_be_kept(tmp_path, folder):
    out, told = ended(started(tmp_path, "dags", "test", "d/fails.py", "--keep"), 1)
    table = [line.split() for line in out.splitlines()]
    assert [row[:3] for row in table if row[:1] in (["bad"], ["after"])][-2:] == [
        ["bad", "failed", "1"], ["after", "upstream_failed", "-"],
    ]  # fmt: skip
    assert "on_failure_callback of fails | told of manual" in out
    home = told.split("GOFLOW_HOME=")[1].split()[0]
    assert (Path(home) / "goflow.db").exists()


def test_what_cannot_be_read_is_shown_and_nothing_runs(tmp_path, folder):
    (folder / "broken.py").write_text(f"{textwrap.dedent(FAILS)}\n1 + 'x'\n")
    out, told = ended(started(tmp_path, "dags", "test", "d/broken.py"), 1)
    assert "error[GF004]: TypeError" in told
    assert "1 + 'x'\n" in told
    assert "^^^^^^^" in told
    assert "running" not in out


def test_an_interrupt_stops_tasks_as_they_expect_it_and_teardowns_run(tmp_path, folder):
    bell = Bell(tmp_path / "bell")
    (folder / "slow.py").write_text(textwrap.dedent(STOPPED).format(bell=str(bell.path)))
    process = started(tmp_path, "dags", "test", "slow", "--dags", "d/slow.py")
    bell.wait(limit_s=LONGEST_WAIT_S)
    process.send_signal(signal.SIGINT)
    out, _ = ended(process, 130)
    bell.close()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "sleepy | on_kill was called" in lines
    assert "last | cleaned up" in lines
    assert any("interrupted" in line for line in lines)


def test_a_second_interrupt_kills(tmp_path, folder):
    bell = Bell(tmp_path / "bell")
    (folder / "slow.py").write_text(textwrap.dedent(STOPPED).format(bell=str(bell.path)))
    process = started(tmp_path, "dags", "test", "stubborn", "--dags", "d/slow.py")
    pid = int(bell.wait(limit_s=LONGEST_WAIT_S))
    assert process.stdout is not None
    process.send_signal(signal.SIGINT)
    while "Stopping" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    ended(process, 130)
    bell.close()
    assert process_identity(pid) is None


def test_one_task_runs_alone_on_results_that_it_is_given(tmp_path, folder):
    words = ["tasks", "test", "d/pipeline.py", "total", "--xcom", "square=[1, 5]", "--variables", "vars.json"]
    out, _ = ended(started(tmp_path, *words), 0)
    assert "XCom return_value: 60\n" in out
    assert "extract" not in out


def test_one_task_is_rendered_by_its_own_files_macros_and_does_not_run(tmp_path, folder):
    words = ["tasks", "render", "d/pipeline.py", "say", "2026-05-06", "--variables", "vars.json", "--json"]
    out, _ = ended(started(tmp_path, *words), 0)
    assert json.loads(out) == {"bash_command": "echo 2026-05-06 18 eu", "env": None, "cwd": None}
