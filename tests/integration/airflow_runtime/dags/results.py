"""Results, Variables, Connections, mapped tasks and templates."""

from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Connection, Variable, task

WHEN = datetime(2026, 1, 2, tzinfo=timezone.utc)

with DAG("results", start_date=datetime(2026, 1, 1), schedule=None):

    @task(multiple_outputs=True)
    def give():
        Variable.set("told", {"by": "give"}, serialize_json=True)
        print("these words are the task's own")
        return {"numbers": [1, 2, 3], "when": WHEN}

    @task
    def take(numbers, when, *, ti, dag_run, task_state_store):
        assert (list(numbers), when) == ([1, 2, 3], WHEN)
        assert Variable.get("told", deserialize_json=True) == {"by": "give"}
        Variable.delete("told")
        assert Variable.get("told", default="gone") == "gone"
        connection = Connection.get("db")
        assert (connection.host, connection.login, connection.password) == ("db.example.com", "me", "secret")
        task_state_store.set("seen", 3)
        assert task_state_store.get("seen") == 3
        assert (ti.try_number, ti.map_index) == (1, -1)
        return dag_run.conf["word"]

    @task
    def count():
        return [1, 2, 3]

    @task
    def square(number):
        return number * number

    @task
    def total(numbers):
        return sum(numbers)

    given = give()
    summed = total(square.expand(number=count()))
    [take(given["numbers"], given["when"]), summed] >> BashOperator(
        task_id="say",
        bash_command="echo {{ conn.db.host }} {{ var.value.greeting }} "
        "{{ ti.xcom_pull(task_ids='total') }} {{ ti.xcom_pull(task_ids='take') }}",
    )
