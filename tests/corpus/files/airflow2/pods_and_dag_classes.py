"""Pods in executor_config, DAG classes of one's own, SLAs, and a SubDagOperator over a function that makes its DAG."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.decorators import task, task_group
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.subdag import SubDagOperator
from airflow.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

START = datetime(2024, 1, 1)


def missed(dag, task_list, blocking_task_list, slas, blocking_tis):
    """Is told."""


class TeamDag(DAG):
    """A DAG that has what a team's DAGs have."""

    team: str = "a"

    def __init__(self, dag_id, *, tags=(), **arguments):
        arguments.setdefault("start_date", START)
        super().__init__(dag_id, tags=[self.team, *tags], default_args={"owner": self.team, "retries": 3}, **arguments)


with TeamDag("sla", schedule="@daily", tags=["x"], sla_miss_callback=missed):
    BashOperator(task_id="bash", bash_command="true", sla=timedelta(hours=1), executor_config={"KubernetesExecutor": {}})


def inner(parent, child, arguments):
    made = DAG(f"{parent}.{child}", default_args=arguments, schedule="@daily", start_date=START)
    for number in range(3):
        EmptyOperator(task_id=f"part_{number}", dag=made)
    return made


with TeamDag("outer", schedule="@daily"):
    EmptyOperator(task_id="first") >> SubDagOperator(task_id="inside", subdag=inner("outer", "inside", {"owner": "b"}))

with DAG("marked", start_date=START, schedule="@once"):
    ExternalTaskMarker(task_id="marker", external_dag_id="outer", external_task_id="first", recursion_depth=3) >> [
        ExternalTaskSensor(task_id="delta", external_dag_id="sla", external_task_ids=["bash"], execution_delta=timedelta(1)),
        ExternalTaskSensor(task_id="whole", external_dag_id="sla", external_task_id=None, mode="reschedule"),
    ]

with DAG("mapped_groups", start_date=START, schedule=None):

    @task
    def numbers():
        return [1, 2, 3]

    @task
    def twice(value):
        return value * 2

    @task_group
    def each(value, plus):
        twice.override(task_id="again")(twice(value)) >> EmptyOperator(task_id="end")

    each.partial(plus=1).expand(value=numbers()) >> EmptyOperator(task_id="all")
    each.override(group_id="pairs").expand_kwargs([{"value": 1, "plus": 2}, {"value": 3, "plus": 4}])
    twice.expand(value=numbers().map(lambda v: v + 1))
