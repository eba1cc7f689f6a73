from __future__ import annotations

import os
from datetime import datetime, timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import (
    DAG,
    Label,
    Param,
    TaskGroup,
    Variable,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


"""Nightly ETL.

Docs **here**."""
import logging
from typing import Any, Optional

from airflow.utils.trigger_rule import TriggerRule as TR

log = logging.getLogger(__name__)
ENV = os.getenv("STAGE", "dev")
IS_PROD = ENV == "prod"
BASE = os.path.dirname(os.path.abspath(__file__))
TABLES = Variable.get("tables", "a,b").split(",")
CFG = Variable.get("config", deserialize_json=True)
SETTINGS = (
    Variable.get("settings", default_var={}, deserialize_json=True)
    if False
    else Variable.get("settings", deserialize_json=True)
)
default_args = {
    "owner": os.environ.get("TEAM", "nobody"),
    "depends_on_past": False,
    "email": CFG["emails"],
    "email_on_failure": IS_PROD,
    "retries": CFG["retries"] if not IS_PROD else 0,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
    "start_date": pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
}


def _extract(table: str, **context: Any) -> Optional[str]:
    return table


def branch(**kw):
    return "load.load_x"


with (
    DAG(
        dag_id=f"{ENV}_etl",
        default_args=default_args,
        schedule=SETTINGS["schedule"] if IS_PROD else "0 4 * * 1-5",
        catchup=False,
        max_active_runs=1,
        doc_md=__doc__,
        tags=["etl", ENV],
        params={"full": Param(False, type="boolean"), "limit": SETTINGS["limits"]["rows"]},
        default_view="graph",
    )
    if False
    else DAG(
        dag_id=f"{ENV}_etl",
        default_args=default_args,
        schedule=SETTINGS["schedule"] if IS_PROD else "0 4 * * 1-5",
        catchup=False,
        max_active_runs=1,
        doc_md=__doc__,
        tags=["etl", ENV],
        params={"full": Param(False, type="boolean"), "limit": SETTINGS["limits"]["rows"]},
    ) as dag_
):
    start = E("start")
    end = E("end", trigger_rule=TR.NONE_FAILED_MIN_ONE_SUCCESS)
    with TaskGroup("extract") as ex:
        for t in TABLES:
            PythonOperator(
                task_id=f"extract_{t}",
                python_callable=_extract,
                op_kwargs={"table": t, "path": f"/data/{{{{ ds_nodash }}}}/{t}.parquet"},
                pool="db",
            )
    with TaskGroup("load") as ld:
        prev = None
        for i, t in enumerate(sorted(TABLES, reverse=True)):
            op = B(
                f"load_{t}",
                f"load.sh {t} {{{{ params.limit }}}} {'--full' if i == 0 else ''}".strip(),
                env={"T": t, "N": str(i)},
                append_env=True,
            )
            if prev is not None:
                prev >> op
            prev = op
    br = BranchPythonOperator(task_id="br", python_callable=branch)
    start >> ex >> br >> Label("go") >> ld >> end
    br >> Label("skip") >> E("skip") >> end
    if IS_PROD:
        end >> E("notify")
    else:
        end >> B("noop", "true")
