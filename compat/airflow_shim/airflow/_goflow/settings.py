"""``airflow.settings``."""

import os

AIRFLOW_HOME = os.environ.get("AIRFLOW_HOME", "/opt/airflow")
DAGS_FOLDER = os.environ.get("AIRFLOW__CORE__DAGS_FOLDER", f"{AIRFLOW_HOME}/dags")
TIMEZONE = "UTC"
