from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import XComArg, asset, dag, get_current_context, setup, task, teardown  # noqa: F401
from airflow.sdk import Asset


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), tags=["a"])
def taskflow_corners(limit: int = 3):
    """The docstring becomes the documentation."""

    @task()
    def extract():
        return {"rows": [1, 2, 3], "name": "x"}

    @task(task_id="renamed", multiple_outputs=True)
    def transform(data: dict, factor=2) -> dict[str, int]:
        return {"sum": sum(data["rows"]) * factor}

    @task(retries=2)
    def load(total, name: str = "none", *names, **more):
        print(total, name)

    data = extract()
    result = transform(data, factor=5)
    load(result["sum"], data["name"], key=[data["rows"], {"inner": result["sum"]}])
    again = load.override(task_id="again", trigger_rule="all_done", retries=0)(0)
    load("third", more_of=limit) >> again

    bash = BashOperator(task_id="bash", bash_command="echo " + "{{ ti.xcom_pull(task_ids='extract') }}")
    uses = BashOperator(task_id="uses", bash_command=bash.output, env={"SUM": result["sum"]})
    pulled = XComArg(bash, key="other")
    load.override(task_id="pulled")(pulled)
    uses.doc_md = "set afterwards"

    @task.virtualenv(requirements=["numpy<2"], system_site_packages=False)
    def isolated(x):
        return x

    @task.short_circuit
    def stop(x):
        return bool(x)

    @task.branch(task_id="where")
    def choose(x):
        return "again"

    @task.run_if(lambda context: True, "never")
    @task
    def conditional():
        pass

    stop(isolated(1)) >> choose(2) >> again
    conditional() >> again


taskflow_corners()
other = taskflow_corners.__name__


@dag("named_here", schedule=None, start_date=datetime(2024, 1, 1))
def something_else():
    @task
    def only():
        return other

    only()


instance = something_else()


@asset(schedule="@daily", uri="x://made", tags=["assets"])
def made_asset(self, context):
    pass


@dag(schedule=[Asset("x://made")])
def consumer():
    @task(outlets=[Asset("x://out")], inlets=[Asset("x://made")])
    def consume(*, inlet_events):
        pass

    consume()


consumer()
