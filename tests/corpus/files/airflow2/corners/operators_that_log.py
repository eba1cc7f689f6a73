"""Operators, hooks and DAGs of one's own that say something while they are made, and modules that few files ask for."""

from datetime import datetime

from airflow import DAG
from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import BaseOperator
from airflow.sensors.base import BaseSensorOperator
from airflow.utils.log.logging_mixin import LoggingMixin
from airflow.utils.log.secrets_masker import mask_secret

mask_secret("not shown")


class Settings(LoggingMixin):
    def __init__(self, size):
        super().__init__()
        self.log.info("size %s", size)
        self.size = size


class CopyOperator(BaseOperator):
    template_fields = ("table",)

    def __init__(self, *, table, owner="nobody", settings=None, **kwargs):
        self.log.info("copying %s", table)
        super().__init__(owner=owner, **kwargs)
        self.table = f"{table}_{settings.size if settings else 0}"
        if not settings:
            self.log.warning("no settings for %s", self.task_id)

    def execute(self, context):
        return trigger_dag("other")


class ReadySensor(BaseSensorOperator):
    def __init__(self, **kwargs):
        super().__init__(poke_interval=20, **kwargs)
        self.log.debug("ready?")

    def poke(self, context):
        return True


with DAG("operators_that_log", start_date=datetime(2024, 1, 1), schedule="@daily", default_args={"owner": "team"}) as dag:
    dag.log.info("made")
    ReadySensor(task_id="ready") >> [
        CopyOperator(task_id="first", table="a", settings=Settings(3)),
        CopyOperator(task_id="second", table="b", owner="me"),
    ]
