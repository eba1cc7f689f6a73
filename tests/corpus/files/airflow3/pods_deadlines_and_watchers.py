"""Pods in executor_config, deadlines, watchers of assets, DAG classes of one's own, and tasks asked for by `map`."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import DAG, Asset, AssetWatcher, task, task_group
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from kubernetes.client import models as k8s

POD = {
    "pod_override": k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(labels={"team": "a"}),
        spec=k8s.V1PodSpec(
            containers=[
                k8s.V1Container(
                    name="base",
                    image="python:3.12",
                    env=[k8s.V1EnvVar(name="A", value="1")],
                    resources=k8s.V1ResourceRequirements(limits={"cpu": "1"}),
                    volume_mounts=[k8s.V1VolumeMount(name="v", mount_path="/v")],
                )
            ],
            volumes=[k8s.V1Volume(name="v", empty_dir=k8s.V1EmptyDirVolumeSource())],
            tolerations=[k8s.V1Toleration(key="big", operator="Exists")],
        ),
    )
}
START = datetime(2024, 1, 1)


async def late(**context):
    """Is told."""


class TeamDag(DAG):
    """A DAG that has what a team's DAGs have."""

    team: str = "a"

    def __init__(self, dag_id, *, tags=(), **arguments):
        arguments.setdefault("start_date", START)
        super().__init__(dag_id, tags=[self.team, *tags], default_args={"owner": self.team, "retries": 3}, **arguments)


class QuietDag(TeamDag):
    team = "quiet"


with TeamDag("pods", schedule=None, tags=["x"]):
    BashOperator(task_id="bash", bash_command="true", executor_config=POD)

    @task(executor_config=POD, queue="big")
    def python():
        """Runs in a pod of its own."""

    python()

with QuietDag(
    "deadlines",
    schedule="@daily",
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=5),
        callback=AsyncCallback(late, kwargs={"text": "late"}),
    ),
):
    EmptyOperator(task_id="only")

with DAG(
    "watched",
    start_date=START,
    schedule=[Asset("drop", watchers=[AssetWatcher(name="w", trigger=FileDeleteTrigger(filepath="/tmp/drop"))])],
):
    EmptyOperator(task_id="only")

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
