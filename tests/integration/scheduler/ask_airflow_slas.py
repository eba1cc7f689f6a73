"""Run by the interpreter of a virtual environment with real Airflow 2: which SLAs ``manage_slas`` finds missed.

Standard input: ``{"cases": [{"timetable", "slas", "runs", "nows"}]}``; standard output: for each case, after a look at each
of NOWS, what is recorded by then, and what ``sla_miss_callback`` was told. AIRFLOW_HOME has a migrated database of the
script's own.
"""

import datetime as dt
import json
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

import pendulum  # noqa: E402
from airflow import DAG  # noqa: E402
from airflow.dag_processing import processor  # noqa: E402
from airflow.models import DagRun, SlaMiss  # noqa: E402
from airflow.operators.empty import EmptyOperator  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState  # noqa: E402
from airflow.utils.types import DagRunType  # noqa: E402
from build_timetable import build  # noqa: E402

CLOCK = {}


def moment(text):
    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


def iso(moment):
    return moment.astimezone(dt.UTC).isoformat()


def play(number, case):
    told = []

    def late(dag, task_list, blocking_task_list, slas, blocking_tis):
        pairs = sorted([sla.task_id, iso(sla.execution_date)] for sla in slas)
        assert sorted(task_list.split("\n")) == sorted(
            f"{sla.task_id} on {sla.execution_date.isoformat()}" for sla in slas
        )
        told.append([pairs, sorted([ti.task_id, iso(ti.execution_date), str(ti.state)] for ti in blocking_tis)])

    dag_id = f"d{number}"
    start = dt.datetime(2010, 1, 1, tzinfo=dt.UTC)
    with DAG(dag_id, timetable=build(case["timetable"]), start_date=start, sla_miss_callback=late) as dag:
        for task_id, sla in case["slas"].items():
            EmptyOperator(task_id=task_id, sla=None if sla is None else dt.timedelta(seconds=sla))
    with create_session() as session:
        for index, (run, states) in enumerate(case["runs"]):
            date, begin, end = map(moment, run)
            dag.create_dagrun(
                run_id=f"r{index}",
                execution_date=date,
                data_interval=(begin, end),
                state=DagRunState.RUNNING,
                run_type=DagRunType.MANUAL,
                session=session,
            )
            made = session.query(DagRun).filter_by(dag_id=dag_id, run_id=f"r{index}").one()
            for ti in made.task_instances:
                ti.state = states[ti.task_id]
    processor.DagFileProcessor._get_dagbag = classmethod(
        lambda cls, folder: types.SimpleNamespace(get_dag=lambda _: dag)
    )
    found = []
    for text in case["nows"]:
        CLOCK["now"] = moment(text)
        told.clear()
        processor.DagFileProcessor.manage_slas("", dag_id)
        with create_session() as session:
            rows = session.query(SlaMiss).filter_by(dag_id=dag_id).all()
            found.append([sorted([row.task_id, iso(row.execution_date)] for row in rows), list(told)])
    return found


processor.timezone = types.SimpleNamespace(utcnow=lambda: CLOCK["now"])
json.dump([play(number, case) for number, case in enumerate(json.load(sys.stdin)["cases"])], answers)
