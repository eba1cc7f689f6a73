"""Variables, environment, and what happens without them."""
import json
import os
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable

settings = Variable.get("settings", deserialize_json=True)
tables = Variable.get("tables", default="a,b").split(",")
missing = Variable.get("not_there", default=None)
stage = os.environ["STAGE"]
try:
    team = os.environ["NOT_SET"]
except KeyError:
    team = "no team"

with DAG(f"inputs_{stage}", schedule=settings.get("schedule"), start_date=datetime(2024, 1, 1), tags=[team]) as dag:
    previous = None
    for table in tables:
        task = BashOperator(
            task_id=f"table_{table}",
            bash_command=f"echo {table} {missing} {json.dumps(settings['limits'], sort_keys=True)}",
            env={"HOME_": os.getenv("NOT_SET", "/root"), "TEAM": os.getenv("TEAM")},
        )
        if previous is not None:
            previous >> task
        previous = task
    if stage == "test":
        BashOperator(task_id="only_in_test", bash_command="true")
    else:
        BashOperator(task_id="elsewhere", bash_command="true")
