"""What depends on the moment, on chance and on the network: run-time holes, and nothing invented."""
import random
import socket
import uuid
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

token = uuid.uuid4().hex
port = random.randint(1, 2)
host = socket.gethostname()

with DAG("unknown_to_any_reader", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False) as dag:
    known = BashOperator(task_id="known", bash_command="echo same")
    unknown = BashOperator(task_id="unknown", bash_command=f"echo {token}", env={"HOST": host, "SAME": "same"})
    python = PythonOperator(task_id="python", python_callable=lambda: 1, op_kwargs={"port": port, "same": 1})
    if port > 0:
        label = "either way"
    else:
        label = "either way"
    known.pool = label
    known >> unknown >> python
