"""Run by the interpreter of a virtual environment with real Airflow 3: which runs its scheduler makes by partitions.

Standard input: ``[{"schedule": text, "steps": [...]}]`` (`partition_cases.Story`); standard output: for each the runs that
each tick has made (key, date, the numbers of the events that they took in), and the keys that wait in the end.
AIRFLOW_HOME has a migrated database of the script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL", "0")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow import sdk  # noqa: E402
from airflow.assets.manager import AssetManager  # noqa: E402
from airflow.dag_processing.collection import update_dag_parsing_results_in_db  # noqa: E402
from airflow.jobs.job import Job  # noqa: E402
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner  # noqa: E402
from airflow.models.asset import AssetActive, AssetModel, AssetPartitionDagRun, PartitionedAssetKeyLog  # noqa: E402
from airflow.models.dag import DagModel  # noqa: E402
from airflow.models.dagbundle import DagBundleModel  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from of_sdk import iso, made  # noqa: E402
from sqlalchemy import select  # noqa: E402


def put(dag_id, schedule, outlets=()):
    with DAG(dag_id, schedule=schedule, start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) as dag:
        EmptyOperator(task_id="a", outlets=list(outlets))
    dag.fileloc, dag.relative_fileloc = __file__, f"{dag_id}.py"  # its text is kept, so that has to be there
    with create_session() as session:
        update_dag_parsing_results_in_db(
            "partitions", None, [LazyDeserializedDAG.from_dag(dag)], {}, None, set(), session=session
        )
    with create_session() as session:
        session.get(DagModel, dag_id).is_paused = False
        for asset in session.scalars(select(AssetModel)):
            if asset.active is None:
                session.add(AssetActive.for_asset(asset))


def tell(seen, name, key, date, by_alias):
    with create_session() as session:
        asset = session.scalar(select(AssetModel).where(AssetModel.name == name))
        event = AssetManager.register_asset_change(
            asset=asset,
            source_alias_names=[name] if by_alias else (),
            partition_key=key,
            partition_date=date and dt.datetime.fromisoformat(date),
            session=session,
        )
        session.flush()
        seen[event.id] = len(seen)


def tick(runner, dag_id, seen):
    with create_session() as session:
        before = set(session.scalars(select(DagRun.id).where(DagRun.dag_id == dag_id)))
        runner._create_dagruns_for_partitioned_asset_dags(session)
        session.flush()
        there = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id))
        return sorted(
            [
                run.partition_key,
                iso(run.partition_date),
                sorted({seen[event.id] for event in run.consumed_asset_events}),
            ]
            for run in there
            if run.id not in before
        )


def waiting(dag_id, seen):
    with create_session() as session:
        found = []
        picked = select(AssetPartitionDagRun).where(
            AssetPartitionDagRun.target_dag_id == dag_id, AssetPartitionDagRun.created_dag_run_id.is_(None)
        )
        for one in session.scalars(picked):
            log = select(PartitionedAssetKeyLog.asset_event_id).where(
                PartitionedAssetKeyLog.asset_partition_dag_run_id == one.id
            )
            found.append([one.partition_key, sorted({seen[key] for key in session.scalars(log)})])
        return sorted(found)


def answer(number, case, runner):
    dag_id, seen, found = f"d{number}", {}, []
    assets = [sdk.Asset(f"{number}{letter}", f"s3://bucket/{number}{letter}") for letter in "abc"]
    put(f"makes{number}", None, [*assets, *(sdk.AssetAlias(asset.name) for asset in assets)])
    put(dag_id, made(case["schedule"]))
    for step in case["steps"]:
        if "event" in step:
            tell(seen, *step["event"])
        elif "schedule" in step:
            put(dag_id, made(step["schedule"]))
        else:
            found.append(tick(runner, dag_id, seen))
    last = waiting(dag_id, seen)
    with create_session() as session:
        session.get(DagModel, dag_id).is_stale = True
    return [found, last]


with create_session() as session:
    session.merge(DagBundleModel(name="partitions"))
    job = Job()
    session.add(job)
    session.flush()
    runner = SchedulerJobRunner(job=job)
    session.expunge(job)
json.dump([answer(number, case, runner) for number, case in enumerate(json.load(sys.stdin))], answers)
