"""Fields that name a file of the folder hold the file's text, as `resolve_template_files` does when Airflow collects a DAG."""
from datetime import datetime
from pathlib import Path

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, ObjectStoragePath, literal, task

HERE = Path(__file__).parent
with DAG(
    "template_files",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    template_searchpath=[str(HERE / "sql"), str(HERE / "scripts")],
) as dag:
    BashOperator(task_id="file", bash_command="run.sh")
    BashOperator(task_id="relative", bash_command="scripts/run.sh")
    BashOperator(task_id="not_a_file", bash_command="run.sh ")
    BashOperator(task_id="missing", bash_command="nowhere.sh")
    BashOperator(task_id="in_a_mapping", bash_command="true", env={"A": "run.sh", "B": "x"})
    BashOperator(task_id="literally", bash_command=literal("echo {{ ds }}"))
    SQLExecuteQueryOperator(task_id="sql", conn_id="db", sql="query.sql")
    SQLExecuteQueryOperator(task_id="several", conn_id="db", sql=["query.sql", "select 1"], parameters={"a": "b.sql"})
    HttpOperator(task_id="http", endpoint="x", data="body.json")
    PythonOperator(task_id="python", python_callable=print, templates_dict={"q": "query.sql"}, templates_exts=[".sql"])
    BashOperator.partial(task_id="mapped", env={"A": "run.sh"}).expand(bash_command=["run.sh", "echo"])

    @task(templates_exts=[".sql"])
    def decorated(path, text="query.sql"):
        return path

    decorated("query.sql")
