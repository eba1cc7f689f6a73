"""Names of Airflow: where each of its versions has them, and what they are called today."""

import pytest

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.import_paths import canonical, has_module, has_name

TWO, THREE = Dialect.AIRFLOW2, Dialect.AIRFLOW3


@pytest.mark.parametrize(
    ("sentence", "path", "today"),
    [
        (
            "an operator of 1.10 goes by two moves to the standard provider",
            "airflow.operators.bash_operator.BashOperator",
            "airflow.providers.standard.operators.bash.BashOperator",
        ),
        (
            "DummyOperator of 1.10 is EmptyOperator",
            "airflow.operators.dummy_operator.DummyOperator",
            "airflow.providers.standard.operators.empty.EmptyOperator",
        ),
        (
            "contrib went to providers",
            "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
            "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        ),
        (
            "a whole module may have moved",
            "airflow.utils.timezone.utcnow",
            "airflow.sdk.timezone.utcnow",
        ),
        (
            "a hook of 1.10 is one of a provider",
            "airflow.hooks.postgres_hook.PostgresHook",
            "airflow.providers.postgres.hooks.postgres.PostgresHook",
        ),
        (
            "what only 1.10 had is that of a provider",
            "airflow.contrib.operators.emr_create_job_flow_operator.EmrCreateJobFlowOperator",
            "airflow.providers.amazon.aws.operators.emr.EmrCreateJobFlowOperator",
        ),
        (
            "a sensor of 1.10's one module of sensors is where it is today",
            "airflow.operators.sensors.ExternalTaskSensor",
            "airflow.providers.standard.sensors.external_task.ExternalTaskSensor",
        ),
        (
            "a package of 1.10 had the names of all its modules",
            "airflow.operators.PythonOperator",
            "airflow.providers.standard.operators.python.PythonOperator",
        ),
        (
            "an operator that got another name in its provider",
            "airflow.contrib.operators.ecs_operator.ECSOperator",
            "airflow.providers.amazon.aws.operators.ecs.EcsRunTaskOperator",
        ),
        (
            "contrib's volumes are the cluster's own",
            "airflow.contrib.kubernetes.volume_mount.VolumeMount",
            "kubernetes.client.models.V1VolumeMount",
        ),
        (
            "what never moved stays",
            "airflow.operators.subdag.SubDagOperator",
            "airflow.operators.subdag.SubDagOperator",
        ),
        ("what nobody knows stays", "airflow.nowhere.Thing", "airflow.nowhere.Thing"),
    ],
)
def test_canonical_path(sentence, path, today):
    assert canonical(path) == today, sentence


@pytest.mark.parametrize(
    ("module", "name", "two", "three"),
    [
        ("airflow", "DAG", True, True),
        ("airflow.sdk", "DAG", False, True),
        ("airflow.utils.dates", "days_ago", True, False),
        ("airflow.datasets", "Dataset", True, False),
        ("airflow.operators.dummy", "DummyOperator", True, False),
        ("airflow.operators.bash", "BashOperator", True, True),
        ("airflow.decorators", "task", True, True),
        ("airflow.operators", "python", True, True),
        ("airflow.operators", "BashOperator", True, False),
        ("airflow.sensors", "HttpSensor", True, False),
        ("airflow.executors.kubernetes_executor", "KubernetesExecutor", True, False),
        ("airflow.contrib.operators.qubole_operator", "QuboleOperator", False, False),
        ("airflow.utils.session", "provide_session", True, True),
        ("airflow.utils.session", "create_session", True, True),
        ("airflow.models.dag", "NotThere", False, None),
        ("airflow.models.dag", "ScheduleInterval", True, None),
        ("airflow.utils.db", "provide_session", True, True),
        ("airflow.utils.dates", "timedelta", True, False),
        ("airflow.models.baseoperator", "_private", None, None),
        ("airflow.providers.anything.at.all", "SomeOperator", None, None),
    ],
)
def test_which_airflow_has_a_name(module, name, two, three):
    assert (has_name(module, name, TWO), has_name(module, name, THREE)) == (two, three)


@pytest.mark.parametrize(
    ("module", "two", "three"),
    [
        ("airflow.sdk", False, True),
        ("airflow.contrib.operators.bigquery_operator", True, False),
        ("airflow.operators", True, True),
        ("airflow.utils.dates", True, True),
        ("airflow.providers.cncf.kubernetes.operators.pod", True, True),
        ("airflow.no_such_module", False, False),
    ],
)
def test_which_airflow_has_a_module(module, two, three):
    assert (has_module(module, TWO), has_module(module, THREE)) == (two, three)
