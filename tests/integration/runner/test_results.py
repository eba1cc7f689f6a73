"""Results and Variables of Python tasks, by real runners through the real task API."""

from __future__ import annotations

import os

import pytest

from goflow.domain.state import TaskState
from goflow.store import tasks, variables
from tests.runners import Started, python

FILE = """
import datetime, math
from airflow.sdk import DAG, Variable
from airflow.providers.standard.operators.python import PythonOperator

def give():
    return {value}

def take(ti):
    found = ti.xcom_pull(task_ids="give")
    print(repr(found)[:100])
    ti.xcom_push("type", type(found).__name__)
    ti.xcom_push("same", {same})

with DAG("d", schedule=None):
    PythonOperator(task_id="give", python_callable=give) >> PythonOperator(task_id="take", python_callable=take)
"""


def run_both(server, value: str, same: str) -> tuple[Started, Started]:
    """The task that gives and the one that takes, each by a runner of its own."""
    give = server.launch(python("give"), python("take", upstream=("give",)), file=FILE.format(value=value, same=same))
    assert give.run() == 0, give.output
    with server.store.reading() as tx:
        (other,) = (row for row in tasks.of_run(tx, give.instance.dag_run_id) if row.task_id == "take")
    take = server.queue(other)
    take.run()
    return give, take


VALUES = {
    "text": ("'aß😀'", "found == 'aß😀'"),
    "text that is no UTF-8": ("'a\\udcff'", "found == 'a\\udcff'"),
    "a list of everything": ("[1, 2.5, None, True, {'a': []}]", "found == [1, 2.5, None, True, {'a': []}]"),
    "not a number": ("math.nan", "math.isnan(found)"),
    "a large number": ("2 ** 70", "found == 2 ** 70"),
    "a tuple, which JSON has not": ("(1, 2)", "found == (1, 2)"),
    "a moment, which JSON has not": (
        "datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)",
        "found == datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)",
    ),
    "megabytes": ("'x' * (8 << 20)", "found == 'x' * (8 << 20)"),
}


@pytest.mark.parametrize(("value", "same"), VALUES.values(), ids=VALUES.keys())
def test_what_one_task_gives_another_takes(server, value, same):
    _, take = run_both(server, value, same)
    assert take.state is TaskState.SUCCESS, take.output
    assert take.xcoms["same"] is True, take.output


def failing(server, body: str) -> Started:
    file = f"""
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.python import PythonOperator

        def function(ti):
            {body}

        with DAG("d", schedule=None):
            PythonOperator(task_id="t", python_callable=function)
        """
    started = server.launch(python("t"), file=file)
    started.run()
    return started


REFUSED = {
    "an object": ("return object()", "TypeError", "annot serialize object of type <class 'object'>"),
    "an open file": ("return open('/dev/null')", "TypeError", "annot serialize object of type"),
    "a list that holds itself": ("x = []; x.append(x); return x", "RecursionError", "recursion depth"),
    "more than the task API takes": (
        "return 'x' * (17 << 20)",
        "ResultTooLarge",
        "setting result_largest_bytes allows 16777216",
    ),
}


@pytest.mark.parametrize(("body", "kind", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_result_that_cannot_be_kept_fails_the_task_in_words(server, body, kind, words):
    started = failing(server, body)
    assert started.state is TaskState.FAILED
    assert kind in started.launch.message, started.output
    assert words in started.launch.message
    assert any(words in line for line in started.output), "and its log says so"
    assert started.xcoms == {}


def test_words_of_an_exception_that_no_database_takes_still_tell_the_end(server):
    started = failing(server, "raise ValueError('a\\\\udcff\\\\0b')")
    assert started.state is TaskState.FAILED, started.said
    assert started.launch.message.startswith("ValueError: a")


def test_results_that_were_pushed_before_a_failure_are_kept(server):
    started = failing(server, "ti.xcom_push('k', 1); raise ValueError('no')")
    assert started.xcoms == {"k": 1}


def test_variables_are_set_read_and_removed(server):
    body = (
        "from airflow.sdk import Variable; Variable.set('a/b c', 'ß'); ti.xcom_push('k', Variable.get('a/b c')); "
        "Variable.delete('a/b c'); ti.xcom_push('gone', Variable.get('a/b c', default='none')); "
        "Variable.set('stays', {'a': 1}, serialize_json=True)"
    )
    started = failing(server, body)
    assert started.state is TaskState.SUCCESS, started.output
    assert started.xcoms == {"k": "ß", "gone": "none"}
    with server.store.reading() as tx:
        assert variables.get(tx, "stays").value.replace("\n", "").replace(" ", "") == '{"a":1}'


def test_results_that_are_left_while_the_daemon_is_away_are_all_there(server, bell):
    file = f"""
        import datetime
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.python import PythonOperator

        def function(ti):
            open({str(bell.path)!r}, "w").write(".")
            open({f"{bell.path}.go"!r}).read()
            ti.xcom_push("early", (1, 2))
            return {{"a": [1], "b": datetime.date(2026, 1, 2)}}

        with DAG("d", schedule=None):
            PythonOperator(task_id="t", python_callable=function, multiple_outputs=True)
        """
    os.mkfifo(f"{bell.path}.go")
    started = server.launch(python("t"), file=file)
    runner = started.start()
    bell.wait()
    server.stop()
    with open(f"{bell.path}.go", "w") as go:
        go.write("\n")
    server.come_back()
    assert started.wait(runner) == 0, started.said
    assert started.state is TaskState.SUCCESS, started.output
    date = {"__classname__": "datetime.date", "__version__": 2, "__data__": "2026-01-02"}
    pair = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}
    assert started.xcoms == {"early": pair, "a": [1], "b": date, "return_value": {"a": [1], "b": date}}
