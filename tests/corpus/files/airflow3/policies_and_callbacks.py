from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param, TriggerRule, WeightRule, task


def on_failure(context):
    print("failed")


def on_success(context):
    print("fine")


def to_upper(text):
    return text.upper()


class Notifier:
    def __init__(self, channel):
        self.channel = channel

    def __call__(self, context):
        print(self.channel)


default_args = {
    "owner": "ops",
    "depends_on_past": True,
    "email": ["a@example.com"],
    "email_on_failure": False,
    "retries": 2,
    "retry_delay": timedelta(minutes=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
    "on_failure_callback": on_failure,
    "execution_timeout": timedelta(hours=2),
    "queue": "big",
    "trigger_rule": "all_success",
    "end_date": datetime(2030, 1, 1),
}
with DAG(
    dag_id="policies_and_callbacks",
    default_args=default_args,
    description="""Several
    lines""",
    schedule="@daily",
    start_date=datetime(2024, 5, 1),
    catchup=True,
    max_active_runs=3,
    max_active_tasks=7,
    max_consecutive_failed_dag_runs=4,
    dagrun_timeout=timedelta(hours=12),
    fail_fast=False,
    on_success_callback=[on_success, lambda context: None],
    on_failure_callback=on_failure,
    user_defined_macros={"upper": to_upper, "answer": 42},
    user_defined_filters={"shout": to_upper},
    template_searchpath=["/tmp/templates"],
    render_template_as_native_obj=True,
    is_paused_upon_creation=True,
    params={
        "text": "plain",
        "number": Param(5, type="integer", minimum=1, maximum=10, title="A number"),
        "choice": Param("a", enum=["a", "b"]),
        "list": Param([1, 2], type="array"),
        "nothing": Param(None, type=["null", "string"]),
        "day": Param("2024-01-01", type="string", format="date"),
    },
    tags={"b", "a"},
    access_control={"viewers": {"can_read"}},
    doc_md="# Words",
    dag_display_name="Policies & callbacks",
) as dag:
    one = BashOperator(
        task_id="one",
        bash_command="echo {{ upper(params.text) }} {{ answer }}",
        depends_on_past=False,
        wait_for_downstream=True,
        pool="special",
        pool_slots=2,
        priority_weight=10,
        weight_rule=WeightRule.UPSTREAM,
        max_active_tis_per_dag=1,
        max_active_tis_per_dagrun=1,
        execution_timeout=None,
        on_success_callback=on_success,
        on_retry_callback=[on_success],
        params={"number": 7},
        skip_on_exit_code=[98, 99],
        cwd="/tmp",
        doc_md="what it does",
    )
    two = PythonOperator(
        task_id="two",
        python_callable=to_upper,
        op_kwargs={"text": "{{ ds }}"},
        templates_dict={"a": "{{ ds_nodash }}"},
        templates_exts=[".sql"],
        show_return_value_in_logs=False,
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        retries=0,
        retry_delay=60,
        weight_rule="absolute",
        on_failure_callback=Notifier("#x"),
        executor_config={"a": 1},
        do_xcom_push=False,
        ignore_first_depends_on_past=False,
        task_display_name="Number two",
    )

    @task(multiple_outputs=True, retries=9, owner="me", execution_timeout=timedelta(seconds=30), priority_weight=3)
    def three(a: int, b="{{ ds }}", *, c=None) -> dict:
        return {"a": a}

    @task.bash(env={"X": "1"}, append_env=True, queue="small")
    def four(name):
        return f"echo {name}"

    one >> two >> three(1, c=two.output) >> four("x")
