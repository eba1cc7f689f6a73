"""Members of enumerations that are texts or numbers too, wherever Airflow wants a text or a number."""

from datetime import datetime, timedelta
from enum import Enum, IntEnum

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


class Team(str, Enum):
    DATA = "data_team"
    ML = "ml_team"

    def __str__(self):
        return self.value


class Level(IntEnum):
    LOW = 1
    HIGH = 4


class Schedule(str, Enum):
    NIGHTLY = "0 2 * * *"


def report(*args, **kwargs): ...


with DAG(
    dag_id=Team.DATA,
    schedule=Schedule.NIGHTLY,
    start_date=datetime(2024, 1, 1),
    tags=[Team.ML, *Team],
    description=Team.ML,
    params={"team": Team.ML},
    max_active_runs=Level.HIGH,
    default_args={"owner": Team.ML, "retries": Level.HIGH, "pool": Team.DATA, "queue": Team.ML,
                  "retry_delay": timedelta(minutes=Level.HIGH)},
):
    first = BashOperator(task_id=Team.ML, bash_command=Team.DATA, env={"TEAM": Team.ML}, priority_weight=Level.HIGH)
    second = PythonOperator(
        task_id=f"report_{Team.ML}",
        python_callable=report,
        op_args=[Team.ML, Level.LOW, list(Team)],
        op_kwargs={"text": Team.ML, "upper": Team.DATA.upper(), "same": Team.ML == "ml_team"},
        pool_slots=Level.LOW,
    )
    first >> second
