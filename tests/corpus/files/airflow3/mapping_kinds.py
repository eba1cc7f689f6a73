from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task, task_group

with DAG("mapping_kinds", schedule="@once", start_date=datetime(2024, 1, 1), max_active_tasks=3) as dag:

    @task
    def names():
        return ["a", "b"]

    @task(retries=4, map_index_template="{{ name }}")
    def greet(greeting, name, mark="!"):
        return f"{greeting} {name}{mark}"

    @task
    def add(x, y):
        return x + y

    @task(trigger_rule="all_done")
    def collect(values, more=None):
        return list(values)

    @task_group
    def pair(n, m):
        @task
        def double(v):
            return v * 2

        @task
        def show(v):
            print(v)

        show(double(n)) >> BashOperator(task_id="bash", bash_command="echo {{ task_instance.map_index }}")
        return add(n, m)

    greetings = greet.partial(greeting="hi", mark="?").expand(name=names())
    crossed = add.expand(x=[1, 2], y=[10, 20])
    zipped = add.override(task_id="zipped").expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    bash = BashOperator.partial(task_id="bash", env={"A": "1"}, retries=2, pool="mapped").expand(
        bash_command=greetings.map(lambda g: f"echo {g}")
    )
    by_kwargs = PythonOperator.partial(task_id="py", python_callable=print).expand(op_args=[[1], [2, 3]])
    both = add.override(task_id="both").expand_kwargs(names().map(lambda n: {"x": n, "y": n}))
    collect(greetings, crossed.zip(zipped)) >> by_kwargs
    pair.partial(m=1).expand(n=[1, 2, 3])
    collect.override(task_id="concatenated")(crossed.concat(zipped))
