"""Setup and teardown in groups, mapped groups in groups, default arguments on every level."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, chain, setup, task, task_group, teardown

with DAG(
    "setups_and_groups",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    default_args={"retries": 1, "owner": "dag", "retry_delay": timedelta(seconds=7)},
) as dag:

    @setup
    def create(name="c"):
        return name

    @teardown(on_failure_fail_dagrun=True)
    def destroy(name):
        pass

    @task
    def use(x):
        return x

    made = create()
    with destroy(made):
        used = use(made) >> use.override(task_id="use_again", retries=0)(1)

    with TaskGroup("level1", default_args={"retries": 2, "pool": "one"}) as level1:
        s = EmptyOperator(task_id="s").as_setup()
        with TaskGroup("level2", default_args={"retries": 3}) as level2:
            x = BashOperator(task_id="x", bash_command="x")
            y = BashOperator(task_id="y", bash_command="y", retries=9)
            BashOperator.partial(task_id="m", queue="q").expand(bash_command=["1"])
        t = EmptyOperator(task_id="t").as_teardown(setups=s)
        s >> level2 >> t
    after = EmptyOperator(task_id="after")
    level1 >> after
    s2, t2 = EmptyOperator(task_id="s2").as_setup(), EmptyOperator(task_id="t2")
    s2 >> EmptyOperator(task_id="w2") >> t2.as_teardown(setups=s2, on_failure_fail_dagrun=False)
    t2 >> EmptyOperator(task_id="after_t2")

    @task_group(default_args={"retries": 6})
    def inner(v):
        @task
        def one(v):
            return v

        @task(retries=8)
        def two(v):
            return v

        return two(one(v))

    @task_group
    def outer(v):
        first = inner(v)
        with TaskGroup("classic"):
            e = EmptyOperator(task_id="e")
        first >> e
        return first

    result = outer.expand(v=[1, 2])
    use.override(task_id="collect")(result)
    [inner(1), inner(2)] >> after
    chain(after, [use.override(task_id="u1")(1), use.override(task_id="u2")(2)], EmptyOperator(task_id="end"))
    empty = TaskGroup("empty")
    before_empty, after_empty = EmptyOperator(task_id="before_empty"), EmptyOperator(task_id="after_empty")
    before_empty >> empty >> after_empty
