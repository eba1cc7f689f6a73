"""Functions: the exceptions, exits and signals with which they end."""

import datetime as dt
import os
import signal
import subprocess
import sys

from airflow.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from recording import DAG_RECORDED, RECORDED
from spelled import DAG, PythonOperator


class OfItsOwn(BaseException):
    """Neither an Exception nor one of Python's own."""


def raises(problem):
    raise problem


def skip_at_second_try(ti):
    if ti.try_number == 1:
        raise ValueError("the first try")
    raise AirflowSkipException("the second")


def succeed_at_second_try(ti):
    if ti.try_number == 1:
        ti.xcom_push(key="of_the_first", value=1)
        raise ValueError("the first try")
    return {"earlier": ti.xcom_pull(task_ids=ti.task_id, key="of_the_first")}


def reschedule_once(ti):
    path = os.path.join(os.environ["TMPDIR"], f"{ti.dag_id}.{ti.task_id}")
    if not os.path.exists(path):
        os.mkdir(path)
        raise AirflowRescheduleException(dt.datetime.now(dt.UTC))
    return ti.try_number


def kill(number):
    os.kill(os.getpid(), number)
    import time

    time.sleep(5)
    return "went on"


def start_child_that_is_killed(number):
    subprocess.run([sys.executable, "-c", f"import os; os.kill(os.getpid(), {number})"], check=True)


def recurse():
    return recurse()


def raise_from_another():
    try:
        raise KeyError("the cause")
    except KeyError as problem:
        raise AirflowFailException("the effect") from problem


def raise_group():
    raise ExceptionGroup("several", [ValueError(1), AirflowSkipException("inside")])


CASES = {
    "returns": lambda: {"a": [1, None]},
    "returns_nothing": lambda: None,
    "returns_an_object": lambda: object(),
    "returns_a_set": lambda: {1},
    "sys_exit_0": lambda: sys.exit(0),
    "sys_exit_1": lambda: sys.exit(1),
    "sys_exit_text": lambda: sys.exit("text"),
    "os_exit_0": lambda: os._exit(0),
    "os_exit_7": lambda: os._exit(7),
    "skips": lambda: raises(AirflowSkipException("not today")),
    "skips_without_words": lambda: raises(AirflowSkipException()),
    "fails": lambda: raises(AirflowFailException("never again")),
    "raises_from_another": raise_from_another,
    "raises_sensor_timeout": lambda: raises(AirflowSensorTimeout("waited")),
    "raises_task_timeout": lambda: raises(AirflowTaskTimeout("late")),
    "raises_airflow_exception": lambda: raises(AirflowException("trouble")),
    "raises_value_error": lambda: raises(ValueError("wrong", 2)),
    "raises_keyboard_interrupt": lambda: raises(KeyboardInterrupt("stop")),
    "raises_memory_error": lambda: raises(MemoryError()),
    "raises_generator_exit": lambda: raises(GeneratorExit()),
    "raises_stop_iteration": lambda: raises(StopIteration(1)),
    "raises_of_its_own": lambda: raises(OfItsOwn("own")),
    "raises_a_group": raise_group,
    "raises_a_class": lambda: raises(ValueError),
    "raises_no_exception": lambda: raises("text"),
    "recurses": recurse,
    "skips_at_second_try": skip_at_second_try,
    "succeeds_at_second_try": succeed_at_second_try,
    "reschedules_once": reschedule_once,
    "killed_by_sigkill": lambda: kill(signal.SIGKILL),
    "aborts": os.abort,
    "told_by_sigint": lambda: kill(signal.SIGINT),
    "told_by_sigterm": lambda: kill(signal.SIGTERM),
    "child_killed_by_sigsegv": lambda: start_child_that_is_killed(11),
    "misses_an_argument": lambda needed: needed,
}

with DAG("ends_of_python", default_args=RECORDED, **DAG_RECORDED):
    for name, function in CASES.items():
        PythonOperator(task_id=name, python_callable=function)
    PythonOperator(task_id="fails_at_once", python_callable=lambda: 1 / 0, retries=0)
    PythonOperator(task_id="cannot_be_rendered", python_callable=print, op_args=["{{ nothing.such }}"])
    PythonOperator(task_id="gets_a_wrong_argument", python_callable=print, op_kwargs={"no_such": 1})
    PythonOperator(
        task_id="waits_longer_each_time",
        python_callable=lambda: 1 / 0,
        retries=2,
        retry_delay=dt.timedelta(milliseconds=10),
        retry_exponential_backoff=True,
        max_retry_delay=dt.timedelta(seconds=1),
    )
