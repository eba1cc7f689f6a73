"""Things that only Airflow 2 files say."""
from datetime import datetime, timedelta

from airflow import DAG, Dataset
from airflow.decorators import dag, task
from airflow.models.param import Param
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.utils.dates import cron_presets, date_range  # noqa: F401
from airflow.utils.trigger_rule import TriggerRule

with DAG(
    "settings_2",
    description="words",
    schedule_interval="@hourly",
    start_date=datetime(2024, 1, 1),
    end_date=datetime(2024, 2, 1),
    template_searchpath="/tmp",
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=5),
    sla_miss_callback=print,
    default_view="graph",
    orientation="LR",
    catchup=False,
    on_success_callback=print,
    doc_md="x",
    params={"a": Param(1, type="integer"), "b": "c"},
    access_control={"Admin": {"can_read"}},
    is_paused_upon_creation=True,
    jinja_environment_kwargs={"trim_blocks": True},
    render_template_as_native_obj=True,
    tags=["x", "y"],
    owner_links={"airflow": "https://example.com"},
    auto_register=True,
    fail_stop=True,
) as dag_one:
    t1 = BashOperator(
        task_id="t1",
        bash_command="echo",
        task_concurrency=3,
        sla=timedelta(minutes=1),
        depends_on_past=True,
        wait_for_downstream=True,
        priority_weight=4,
        run_as_user="nobody",
        resources=None,
        executor_config={"KubernetesExecutor": {"image": "x"}},
    ) if False else BashOperator(task_id="t1", bash_command="echo", max_active_tis_per_dag=3, sla=timedelta(minutes=1), priority_weight=4)
    t2 = EmptyOperator(task_id="t2", trigger_rule="all_success", outlets=[Dataset("x://1", extra={"a": 1})])
    t1 >> t2




@dag(schedule=None, start_date=datetime(2024, 1, 1), default_args={"pool": "p"})
def decorated_2(n: int = 3):
    @task.python(multiple_outputs=False)
    def one() -> dict:
        return {}

    @task.branch
    def two(x):
        return "left"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def three():
        return True

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    two(one()) >> [left, right] >> three()


d = decorated_2()
