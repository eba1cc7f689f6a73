"""What the files here use of Airflow, as Airflow 2 spells it."""

from airflow.models import BaseOperator
from airflow.models.dag import DAG
from airflow.notifications.basenotifier import BaseNotifier
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.sensors.base import BaseSensorOperator, PokeReturnValue
from airflow.sensors.python import PythonSensor
from airflow.triggers.temporal import TimeDeltaTrigger
from airflow.utils.task_group import TaskGroup

__all__ = [
    "DAG",
    "BaseNotifier",
    "BaseOperator",
    "BaseSensorOperator",
    "BashOperator",
    "BranchPythonOperator",
    "EmptyOperator",
    "PokeReturnValue",
    "PythonOperator",
    "PythonSensor",
    "ShortCircuitOperator",
    "TaskGroup",
    "TimeDeltaTrigger",
]
