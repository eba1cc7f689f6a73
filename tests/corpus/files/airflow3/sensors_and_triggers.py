from datetime import datetime, time, timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, PokeReturnValue, task

with DAG("sensors_and_triggers", schedule="0 0 * * 0", start_date=datetime(2024, 1, 1)) as dag:
    wait_file = FileSensor(task_id="file", filepath="/tmp/{{ ds }}", poke_interval=5, timeout=60, soft_fail=True)
    wait_dag = ExternalTaskSensor(
        task_id="dag",
        external_dag_id="python_language",
        external_task_id="facts",
        execution_delta=timedelta(hours=1),
        allowed_states=["success", "skipped"],
        mode="reschedule",
    )
    marker = ExternalTaskMarker(task_id="marker", external_dag_id="python_language", external_task_id="extract")
    wait_python = PythonSensor(task_id="python", python_callable=lambda: True, exponential_backoff=True)
    wait_delta = TimeDeltaSensor(task_id="delta", delta=timedelta(seconds=5))
    wait_time = TimeSensor(task_id="time", target_time=time(6, 30))
    wait_moment = DateTimeSensor(task_id="moment", target_time="{{ data_interval_end.add(hours=1) }}")
    trigger = TriggerDagRunOperator(
        task_id="trigger",
        trigger_dag_id="made_first",
        conf={"day": "{{ ds }}", "n": 1},
        wait_for_completion=True,
        poke_interval=10,
        reset_dag_run=True,
    )

    @task.sensor(poke_interval=15, timeout=600, mode="reschedule")
    def decorated() -> PokeReturnValue:
        return PokeReturnValue(is_done=True, xcom_value=1)

    [wait_file, wait_dag, wait_python] >> marker >> [wait_delta, wait_time, wait_moment] >> trigger
    trigger << decorated()
