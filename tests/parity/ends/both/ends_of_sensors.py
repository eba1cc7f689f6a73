"""Sensors: what they make of an answer, of an exception and of the end of their time."""

import datetime as dt
import os

from airflow.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from recording import DAG_RECORDED, RECORDED, note
from spelled import DAG, BaseSensorOperator, PokeReturnValue, PythonSensor


def was_there(name):
    try:
        os.mkdir(os.path.join(os.environ["TMPDIR"], name))
    except FileExistsError:
        return True
    return False


class Sensor(BaseSensorOperator):
    """Answers what it is told to, again and again from the last one."""

    def __init__(self, *, answers, **kwargs):
        super().__init__(**{"poke_interval": 0.3, "timeout": 30, **kwargs})
        self.answers = answers

    def poke(self, context):
        number = getattr(self, "number", 0)
        self.number = number + 1
        answer = self.answers[min(number, len(self.answers) - 1)]
        if self.execution_timeout is None:  # else how often is chance
            note(context, "poke")
        if isinstance(answer, str):
            raise {
                "skip": AirflowSkipException("skip"),
                "fail": AirflowFailException("fail"),
                "exception": AirflowException("exception"),
                "value": ValueError("value"),
                "sensor timeout": AirflowSensorTimeout("sensor timeout"),
                "task timeout": AirflowTaskTimeout("task timeout"),
                "reschedule": AirflowRescheduleException(dt.datetime.now(dt.UTC) + dt.timedelta(days=300)),
            }[answer]
        return answer

    def on_kill(self):
        self.log.info("killed")


ENDS = ("skip", "fail", "value", "sensor timeout")
WAYS = {
    "hard": {},
    "soft": {"soft_fail": True},
    "silent": {"silent_fail": True, "timeout": 0},
    "never": {"never_fail": True},
}

with DAG("ends_of_sensors", default_args=RECORDED, **DAG_RECORDED):
    for way, arguments in WAYS.items():
        for end in ENDS:
            Sensor(task_id=f"{way}_{end.replace(' ', '_')}", answers=[end], **arguments)
        for mode in ("poke", "reschedule"):
            Sensor(task_id=f"{way}_{mode}_out_of_time", answers=[False], mode=mode, **{**arguments, "timeout": 0})
    Sensor(task_id="pokes_twice", answers=[False, True])
    Sensor(task_id="gives_a_result", answers=[PokeReturnValue(False), PokeReturnValue(True, {"a": 1})])
    Sensor(task_id="gives_no_result", answers=[PokeReturnValue(True)])
    Sensor(task_id="gives_a_result_at_once", answers=[PokeReturnValue(True, 0)], mode="reschedule")
    Sensor(task_id="silent_then_done", answers=["value", True], silent_fail=True)
    Sensor(task_id="runs_out_of_execution_time", answers=[False], execution_timeout=dt.timedelta(seconds=1))
    Sensor(
        task_id="softly_out_of_execution_time",
        answers=[False],
        execution_timeout=dt.timedelta(seconds=1),
        soft_fail=True,
    )
    Sensor(
        task_id="silently_out_of_execution_time",
        answers=[False],
        execution_timeout=dt.timedelta(seconds=1),
        silent_fail=True,
    )
    Sensor(task_id="with_max_wait", answers=[False, True], exponential_backoff=True, max_wait=0.2)
    Sensor(task_id="softly_raises", answers=["exception"], soft_fail=True)
    Sensor(task_id="softly_out_of_task_time", answers=["task timeout"], soft_fail=True)
    PythonSensor(task_id="python_value", python_callable=lambda: "value")
    PythonSensor(task_id="python_result", python_callable=lambda: PokeReturnValue(True, "result"))
    PythonSensor(
        task_id="rescheduled",
        python_callable=was_there,
        op_args=["rescheduled"],
        poke_interval=0.1,
        mode="reschedule",
        timeout=600,
    )
