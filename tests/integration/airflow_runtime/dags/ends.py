"""The ways in which a task can end."""

import os
import signal
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

AT_ONCE = timedelta(0)

with DAG("ends", start_date=datetime(2026, 1, 1), schedule=None):

    @task(retries=1, retry_delay=AT_ONCE)
    def fails_first(*, ti):
        if ti.try_number == 1:
            raise ValueError("not yet")
        return ti.try_number

    @task(retries=3, retry_delay=AT_ONCE)
    def gives_up():
        raise AirflowFailException("it would be so again")

    @task
    def passes():
        raise AirflowSkipException("nothing to do")

    @task(retries=1, retry_delay=AT_ONCE)
    def dies_first(*, ti):
        if ti.try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    @task.branch
    def chooses():
        return "left"

    @task.sensor(mode="reschedule", poke_interval=1, timeout=60)
    def is_patient(*, ti, context=None):
        from airflow.sdk import get_current_context

        return ti.get_first_reschedule_date(get_current_context()) is not None

    fails_first()
    gives_up()
    passes()
    dies_first()
    is_patient()
    chooses() >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
