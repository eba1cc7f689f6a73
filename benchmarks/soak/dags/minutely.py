"""Every minute: a retry, a sensor that gives its slot back, two kinds of deferral, a branch, copies, setup and teardown."""

from datetime import datetime, timedelta

from airflow.exceptions import AirflowException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, Asset, BaseOperator, task
from waiting import Pause

MADE = Asset("made")


class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Pause(3.0), method_name="go_on")

    def go_on(self, context, event=None):
        return event


with DAG("minutely", schedule="* * * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=4):

    @task(retries=2, retry_delay=timedelta(seconds=2))
    def at_the_second_try(ti=None):
        if ti.try_number == 1:
            raise AirflowException("not yet")

    @task.sensor(mode="reschedule", poke_interval=5, timeout=50)
    def looks_twice(data_interval_end=None):
        return (datetime.now(data_interval_end.tzinfo) - data_interval_end).total_seconds() > 8

    @task.branch
    def choose():
        return "left"

    @task
    def values():
        return [1, 2, 3]

    @task
    def copy(value):
        return value * 2

    left, right = (BashOperator(task_id=name, bash_command="true") for name in ("left", "right"))
    begin = BashOperator(task_id="begin", bash_command="true").as_setup()
    over = BashOperator(task_id="over", bash_command="true").as_teardown(setups=begin)
    by_time = TimeDeltaSensor(task_id="by_time", delta=timedelta(seconds=4), deferrable=True)
    made = BashOperator(task_id="made", bash_command="true", outlets=[MADE])
    choose() >> [left, right]
    begin >> Waits(task_id="waits") >> over
    [at_the_second_try(), looks_twice(), by_time, copy.expand(value=values())] >> made

with DAG("follows", schedule=[MADE], start_date=datetime(2026, 1, 1)):
    BashOperator(task_id="after", bash_command="true")
