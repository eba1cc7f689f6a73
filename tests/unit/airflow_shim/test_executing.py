"""Tasks executed by the shim: results, templates, branches, mapping, ends."""

from __future__ import annotations

import pytest

HEAD = """
import datetime as dt
from airflow.sdk import DAG, Param, TaskGroup, chain, dag, get_current_context, task, task_group
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.exceptions import AirflowFailException, AirflowSkipException
with DAG("d", start_date=dt.datetime(2025, 1, 1), params={"p": Param(3, type="integer")}) as the_dag:
"""


def body(text):
    return HEAD + "".join(f"    {line}\n" for line in text.strip().splitlines())


RESULTS = {
    "a TaskFlow function's value": ("@task\ndef t():\n    return {'a': (1, 2)}\nt()", {"a": (1, 2)}),
    "a template with the run's date": (
        "BashOperator(task_id='t', bash_command='echo {{ ds }} {{ params.p }}')",
        "2026-01-02 3",
    ),
    "the last line of a command": ("BashOperator(task_id='t', bash_command='echo a; echo b')", "b"),
    "the context by parameter name": (
        "@task\ndef t(ds=None, **kw):\n    return ds, kw['ti'].task_id\nt()",
        ("2026-01-02", "t"),
    ),
    "arguments with templates": ("@task\ndef t(x):\n    return x\nt(x='{{ run_id }}-{{ ti.try_number }}')", "r-1"),
    "a moment": ("@task\ndef t():\n    return dt.timedelta(hours=1)\nt()", __import__("datetime").timedelta(hours=1)),
    "a coroutine's value": ("@task\nasync def t():\n    return 5\nt()", 5),
    "the current context": ("@task\ndef t():\n    return get_current_context()['run_id']\nt()", "r"),
}


@pytest.mark.parametrize(("text", "expected"), RESULTS.values(), ids=RESULTS.keys())
def test_results(runner, text, expected):
    assert runner.write(body(text)).run("t")["state"] == "success"
    assert runner.result("t") == expected


ENDS = {
    "an exception fails and may be tried again": ("raise ValueError('no')", ("failed", True)),
    "a skip": ("raise AirflowSkipException", ("skipped", None)),
    "a failure that asks for no retry": ("raise AirflowFailException('no')", ("failed", False)),
    "the end of the interpreter": ("raise SystemExit(3)", ("failed", True)),
}


@pytest.mark.parametrize(("line", "expected"), ENDS.values(), ids=ENDS.keys())
def test_ends(runner, line, expected):
    outcome = runner.write(body(f"@task\ndef t():\n    {line}\nt()")).run("t")
    assert (outcome["state"], outcome.get("retry")) == expected


def test_a_command_that_says_skip(runner):
    assert runner.write(body("BashOperator(task_id='t', bash_command='exit 99')")).run("t")["state"] == "skipped"


def test_execution_timeout_and_on_kill(runner):
    text = (
        "class Slow(BashOperator):\n    def on_kill(self):\n        print('killed'); super().on_kill()\n"
        "Slow(task_id='t', bash_command='sleep 30', execution_timeout=dt.timedelta(seconds=0.3))"
    )
    assert runner.write(body(text)).run("t")["reason"] == "Timeout"


BRANCHES = {
    "one is chosen": ("'a'", ["b", "c"]),
    "several are chosen": ("['a', 'b']", ["c"]),
    "none is chosen": ("None", ["a", "b", "c"]),
}


@pytest.mark.parametrize(("choice", "skipped"), BRANCHES.values(), ids=BRANCHES.keys())
def test_a_branch_skips_what_it_does_not_choose(runner, choice, skipped):
    text = (
        f"choose = BranchPythonOperator(task_id='choose', python_callable=lambda: {choice})\n"
        "a, b, c, join = [EmptyOperator(task_id=n) for n in ('a', 'b', 'c', 'join')]\nchoose >> [a, b, c] >> join"
    )
    assert runner.write(body(text)).run("choose")["skip_downstream"] == skipped


def test_what_is_below_the_chosen_is_not_skipped(runner):
    text = (
        "choose = BranchPythonOperator(task_id='choose', python_callable=lambda: 'a')\n"
        "a, join = [EmptyOperator(task_id=n) for n in ('a', 'join')]\nchoose >> a >> join\nchoose >> join"
    )
    assert runner.write(body(text)).run("choose")["skip_downstream"] == []


def test_a_short_circuit_skips_all_below(runner):
    text = (
        "s = ShortCircuitOperator(task_id='s', python_callable=lambda: 0)\n"
        "a, b = [EmptyOperator(task_id=n) for n in 'ab']\ns >> a >> b"
    )
    assert sorted(runner.write(body(text)).run("s")["skip_downstream"]) == ["a", "b"]


def test_results_pass_between_tasks_and_are_mapped_over(runner):
    text = (
        "@task\ndef numbers():\n    return [1, 2]\n@task\ndef add(n, by):\n    return n + by\n"
        "@task\ndef total(values):\n    return sum(values)\ntotal(add.partial(by=10).expand(n=numbers()))"
    )
    runner.write(body(text))
    runner.run("numbers")
    assert runner.client.results[("numbers", -1, "return_value")]["length"] == 2
    runner.lengths = {"add": 2}
    runner.run("add", map_index=0)
    runner.run("add", map_index=1)
    runner.run("total")
    assert runner.result("total") == 23


def test_the_copies_of_two_lists_are_their_product(runner):
    runner.write(body("@task\ndef pair(a, b):\n    return a, b\npair.expand(a=[1, 2], b=['x', 'y', 'z'])"))
    found = []
    for index in range(6):
        runner.run("pair", map_index=index)
        found.append(runner.result("pair", index))
    assert found == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]


def test_multiple_outputs_are_results_of_their_own(runner):
    text = "@task\ndef t() -> dict[str, int]:\n    return {'a': 1, 'b': 2}\n@task\ndef u(x):\n    return x\nu(t()['b'])"
    runner.write(body(text)).run("t")
    runner.run("u")
    assert (runner.result("t", key="a"), runner.result("u")) == (1, 2)


def test_a_file_without_the_dag_has_drifted(runner):
    runner.write(body("EmptyOperator(task_id='t')"))
    with pytest.raises(Exception, match="no DAG"):
        runner.write("x = 1").run("t")


def test_old_import_paths_lead_to_the_same_classes():
    from airflow.operators.bash_operator import BashOperator as Old
    from airflow.providers.standard.operators.bash import BashOperator as New
    from airflow.providers.standard.sensors.python import PythonSensor as NewSensor
    from airflow.sensors.python import PythonSensor

    assert Old is New
    assert PythonSensor is NewSensor


def test_an_operator_that_is_not_installed_says_so_when_it_runs(runner):
    text = "from airflow.providers.http.operators.http import HttpOperator\nHttpOperator(task_id='t', endpoint='x')"
    outcome = runner.write(body(text)).run("t")
    assert "apache-airflow-providers-http" in outcome["message"]


def test_a_variable_that_is_missing_is_a_key_error(runner):
    text = "from airflow.sdk import Variable\n@task\ndef t():\n    return Variable.get('v', default='d'), Variable.get('none')\nt()"
    outcome = runner.write(body(text)).run("t")
    assert "Variable none does not exist" in outcome["message"]
