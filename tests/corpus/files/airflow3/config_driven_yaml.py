"""One DAG from a YAML file beside it."""
from datetime import datetime
from pathlib import Path

import yaml
from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator

CONFIG = Path(__file__).parent / "configs" / "tables.yaml"
with open(CONFIG) as stream:
    config = yaml.safe_load(stream)


def load(table, **context):
    print(table)


with DAG("config_driven_yaml", schedule=config["defaults"]["schedule"], start_date=datetime(2024, 3, 1), catchup=False) as dag:
    tasks = {}
    for entry in config["tables"]:
        tasks[entry["name"]] = PythonOperator(
            task_id="load_" + entry["name"], python_callable=load, op_kwargs={"table": entry["name"]}
        )
    for entry in config["tables"]:
        for parent in entry["depends"]:
            tasks[parent] >> tasks[entry["name"]]
