from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, Label, TaskGroup, chain, chain_linear, cross_downstream, task, task_group


class MyBranch(BaseBranchOperator):
    def choose_branch(self, context):
        return ["outer.inner.x"]


with DAG("groups_edges_labels", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    start = LatestOnlyOperator(task_id="start")
    branch = MyBranch(task_id="branch")
    with TaskGroup("outer", default_args={"retries": 5, "pool": "outer"}, tooltip="all of it") as outer:
        with TaskGroup("inner", prefix_group_id=True) as inner:
            x, y = EmptyOperator(task_id="x"), EmptyOperator(task_id="y", retries=0)
            x >> y
        with TaskGroup("flat", prefix_group_id=0) as flat:
            z = EmptyOperator(task_id="z")
        inner >> flat
    start >> Label("go") >> branch >> Label("this way") >> outer

    @task_group(group_id="decorated", default_args={"owner": "someone"})
    def decorated(value):
        """Its tooltip."""

        @task
        def one(v):
            return v

        @task
        def two(v):
            return v

        return two(one(value))

    first, second = decorated(1), decorated.override(group_id="again")(2)
    a, b, c, d, e, f = (BashOperator(task_id=name, bash_command="true") for name in "abcdef")
    cross_downstream([a, b], [c, d])
    chain([c, d], [e, f], outer)
    chain_linear([first, second], [a, b])
    short = ShortCircuitOperator(task_id="short", python_callable=lambda: False, ignore_downstream_trigger_rules=False)
    pick = BranchPythonOperator(task_id="pick", python_callable=lambda: "e")
    outer >> short >> pick
    [pick, short] << EmptyOperator(task_id="late", trigger_rule="one_success")

    with TaskGroup("teardown_group"):
        make = EmptyOperator(task_id="make").as_setup()
        use = EmptyOperator(task_id="use")
        drop = EmptyOperator(task_id="drop").as_teardown(setups=make)
        make >> use >> drop
