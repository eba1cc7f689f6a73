"""XComs in every place where arguments can be, and the edges that they make."""
from datetime import datetime

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, XComArg, task
from airflow.sdk.definitions.xcom_arg import PlainXComArg  # noqa: F401

with DAG("xcoms_everywhere", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    a = BashOperator(task_id="a", bash_command="echo 1", do_xcom_push=True)
    b = HttpOperator(task_id="b", endpoint=a.output, headers={"X": a.output["key"], "Y": ["z", a.output]})
    c = PythonOperator(task_id="c", python_callable=print, op_args=[a.output, [b.output]], op_kwargs={"k": {"deep": b.output}})
    d = TriggerDagRunOperator(task_id="d", trigger_dag_id="x", conf={"from": c.output})
    e = BashOperator(task_id="e", bash_command=f"echo {{{{ ti.xcom_pull('a') }}}} {a.output}")
    f = BranchPythonOperator(task_id="f", python_callable=lambda v: "a", op_args=(XComArg(d, "trigger_run_id"),))

    @task
    def g(x, *rest, y=None):
        return {"a": x}

    @task(outlets=[Asset("x://a"), Asset(name="named")], inlets=[Asset("x://b")])
    def h(x):
        return [x]

    one = g(a.output, b.output, y=c.output["k"])
    two = h(one["a"])
    three = h.override(task_id="three", outlets=[])({"list": [one, two], "plain": 1})
    two >> f
    mapped = h.override(task_id="mapped").expand(x=two)
    h.override(task_id="reduced")(mapped)
    g.override(task_id="partial").partial(y=two).expand(x=[1, one])
    BashOperator.partial(task_id="bash_mapped", env={"A": one["a"]}).expand(bash_command=two)
    XComArg(e).set_downstream(f)
    one.set_upstream(e)
    [two, three] >> d
