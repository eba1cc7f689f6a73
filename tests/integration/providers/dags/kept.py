"""Connections and Variables that a secrets backend has, the database has, and nobody has."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, Variable, task

with DAG("kept", schedule=None):

    @task
    def ask():
        found = BaseHook.get_connection("warehouse")
        print(f"the password is {found.password}, the key {Variable.get('api_key')}")
        return {
            "host": found.host,
            "password_is": found.password == "s3cr3t-p4ss",
            "region": Variable.get("region"),
            "options": Variable.get("options", deserialize_json=True),
            "of_the_database": Variable.get("of_the_database"),
            "nowhere": Variable.get("nowhere", default="none"),
            "other_host": BaseHook.get_connection("of_the_database").host,
        }

    @task
    def misses():
        BaseHook.get_connection("nowhere")

    ask() >> BashOperator(
        task_id="render",
        bash_command="echo {{ var.value.region }} {{ var.json.options.a }} {{ conn.warehouse.login }}",
    )
    misses()
