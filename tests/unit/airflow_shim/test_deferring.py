"""Deferred tasks: what is told of the trigger, and how the task goes on with what came of it."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.triggers import moment_of

FILE = """
import datetime as dt
from airflow import DAG
from airflow.models import BaseOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensorAsync
from airflow.triggers.base import StartTriggerArgs
from own_triggers import Own, Value

class Waits(BaseOperator):
    def __init__(self, given=1, **kwargs):
        super().__init__(**kwargs)
        self.given = given
    def execute(self, context):
        self.defer(
            trigger=Own(self.given), method_name="go_on", kwargs={"pair": (1, 2)}, timeout=dt.timedelta(minutes=1)
        )
    def go_on(self, context, event=None, pair=None):
        return [context["ti"].task_id, event, pair]

    def pre_execute(self, context):
        context["ti"].xcom_push("hook", context["ti"].task_id)

class Begins(Waits):
    start_from_trigger = True
    start_trigger_args = StartTriggerArgs("own_triggers.Own", "go_on", {"given": 3}, {"pair": [4]}, dt.timedelta(1))

def told(context):
    context["ti"].xcom_push("told", str(context.get("exception")))

with DAG("d", schedule=None):
    Waits(task_id="t", on_success_callback=told, on_failure_callback=told, on_retry_callback=told)
    Waits(task_id="value", given=Value(7))
    Waits(task_id="bad", given=object())
    Begins(task_id="begins", on_execute_callback=lambda context: context["ti"].xcom_push("begun", 1))
    DateTimeSensorAsync(task_id="moment", target_time=dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc))
    TimeDeltaSensorAsync(task_id="delta", delta=dt.timedelta(days=9000))
    FileSensor(task_id="file", filepath="/f", deferrable=True, timeout=60)
    ExternalTaskSensor(task_id="other", external_dag_id="o", deferrable=True)
"""

TRIGGERS = """
from dataclasses import dataclass
from airflow.triggers.base import BaseTrigger, TriggerEvent

@dataclass
class Value:
    n: int

class Own(BaseTrigger):
    def __init__(self, given):
        super().__init__()
        self.given = given
    def serialize(self):
        return "own_triggers.Own", {"given": self.given}
    async def run(self):
        yield TriggerEvent(self.given)
"""


@pytest.fixture
def written(dags, monkeypatch):
    """The file and the module of its triggers."""
    import sys

    yield dags.write(FILE, own_triggers__py=TRIGGERS)
    sys.modules.pop("own_triggers", None)


def resumed(kind: str, **more):
    kwargs = {"pair": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}}
    return {"next_method": "go_on", "next_kwargs": kwargs, "encoding": "goflow", "fired": {"kind": kind, **more}}


def test_the_trigger_is_told_with_all_that_makes_it_anew(written):
    outcome = written.run("t")
    assert outcome == {
        "state": "deferred",
        "reason": "Deferred",
        "message": "waits for own_triggers.Own",
        "deferral": {
            "classpath": "own_triggers.Own",
            "kwargs": {"given": 1},
            "next_method": "go_on",
            "next_kwargs": resumed("event")["next_kwargs"],
            "timeout_s": 60.0,
            "from_folder": True,
            "encoding": "goflow",
        },
    }
    assert "told" not in {key for _, _, key in written.client.results}, "no callback is called"


def test_arguments_of_classes_of_the_folder_are_kept_and_what_cannot_be_kept_fails(written):
    packed = written.run("value")["deferral"]["kwargs"]["given"]
    assert packed == {"__classname__": "own_triggers.Value", "__version__": 0, "__data__": {"n": 7}}
    outcome = written.run("bad")
    assert outcome["state"] == "failed"
    assert "Cannot serialize object of type <class 'object'>" in outcome["message"]


def test_a_task_may_begin_with_its_trigger(written):
    deferral = written.run("begins")["deferral"]
    assert (deferral["kwargs"], deferral["next_kwargs"], deferral["timeout_s"]) == (
        {"given": 3},
        {"pair": [4]},
        86400.0,
    )
    assert written.client.results == {}, "under Airflow no container has begun: no hook is called, and no callback"
    assert written.run("begins", resume=resumed("event", payload=1))["state"] == "success"
    assert {key for _, _, key in written.client.results} == {"hook", "begun", "return_value"}


@pytest.mark.parametrize("dialect", ["airflow2", "airflow3"])
@pytest.mark.parametrize("task_id", ["moment", "delta"])
def test_the_daemon_reads_the_moment_that_a_time_sensor_waits_for(written, task_id, dialect):
    deferral = written.run(task_id, dialect)["deferral"]
    moment = moment_of(deferral["classpath"], deferral["kwargs"])
    assert moment is not None
    assert moment > dt.datetime(2029, 12, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize("task_id", ["file", "other"])
def test_triggers_of_the_standard_provider_need_no_folder(written, task_id):
    deferral = written.run(task_id)["deferral"]
    assert deferral["from_folder"] is False
    assert moment_of(deferral["classpath"], deferral["kwargs"]) is None


def test_the_method_is_given_the_event(written):
    outcome = written.run("t", resume=resumed("event", payload={"n": 1}))
    assert outcome["state"] == "success"
    assert written.result() == ["t", {"n": 1}, (1, 2)]


@pytest.mark.parametrize(
    ("fired", "words"),
    [
        pytest.param({"kind": "timeout"}, "Trigger timeout", id="its time is up"),
        pytest.param({"kind": "failure", "traceback": []}, "Trigger failure", id="it ended without an event"),
        pytest.param({"kind": "failure", "payload": "so so"}, "so so", id="its event could not be kept"),
    ],
)
def test_it_fails_as_it_would_under_airflow(written, fired, words):
    outcome = written.run("t", resume=resumed(**fired))
    assert (outcome["state"], outcome["message"], outcome["retry"]) == ("failed", words, True)
    assert written.result(key="told") == words


def test_the_triggers_traceback_stands_in_the_log(written, capfd):
    written.run("t", resume=resumed("failure", traceback=["Traceback", "ValueError: broken"]))
    assert "Trigger failed:\nTraceback\nValueError: broken" in capfd.readouterr().out


def test_a_sensor_whose_time_is_up_fails_for_good(written):
    outcome = written.run("file", resume={**resumed("timeout"), "next_kwargs": {}})
    assert (outcome["reason"], outcome["retry"]) == ("SensorTimeout", False)


@pytest.mark.parametrize(
    ("kind", "dialect", "state", "retry", "told"),
    [
        pytest.param("success", "airflow3", "success", None, "None", id="success, with its callback"),
        pytest.param("skipped", "airflow3", "skipped", None, None, id="skipped, without one"),
        pytest.param("failed", "airflow3", "failed", True, "the trigger has ended", id="failed, and may be retried"),
        pytest.param("failed", "airflow2", "failed", False, "the trigger has ended", id="failed for good in Airflow 2"),
    ],
)
def test_a_trigger_that_ends_its_task(written, kind, dialect, state, retry, told):
    outcome = written.run("t", dialect, resume=resumed(kind, xcoms={"k": "v"}))
    assert (outcome["state"], outcome.get("retry")) == (state, retry)
    assert written.result(key="k") == "v"
    found = {key for _, _, key in written.client.results}
    assert found == {"k", *(["told"] if told else [])}
    if told:
        assert written.result(key="told").startswith(told)


def test_a_failure_that_is_retried_leaves_no_results(written):
    written.run("t", resume=resumed("failed", xcoms={"k": "v"}), max_tries=3)
    assert {key for _, _, key in written.client.results} == {"told"}


def test_airflow_2_counts_the_execution_timeout_from_the_attempts_start(dags):
    text = FILE.replace(
        'Waits(task_id="value"', 'Waits(task_id="brief", execution_timeout=dt.timedelta(minutes=5))\n    #'
    )
    dags.write(text, own_triggers__py=TRIGGERS)
    long_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    event = resumed("event", payload=1)
    assert dags.run("brief", "airflow2", resume=event, first_start=long_ago)["reason"] == "Timeout"
    assert dags.run("brief", "airflow3", resume=event, first_start=long_ago)["state"] == "success"
