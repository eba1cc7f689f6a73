"""Runs that events of assets begin: when a DAG's condition is met, and which events such a run takes in
(``_create_dag_runs_asset_triggered`` and ``dags_needing_dagruns`` of Airflow 3, their fellows of Airflow 2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from goflow.domain.assets import AssetEvent, Mention, is_met
from goflow.domain.errors import AlreadyExistsError
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import Dialect
from goflow.domain.state import RunType
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import make_run, random_digits
from goflow.scheduler.timetables import RunInfo
from goflow.store import Tx, assets, runs, transitions
from goflow.store.rows import Dag

LATE = dt.timedelta(minutes=10)
"""How much later than its own moment an event may become visible (PostgreSQL: its transaction was open meanwhile)."""


def make_run_by_assets(tx: Tx, dag: Dag, graph: Graph, *, who: str) -> tuple[DagRun, list[TaskInstance]] | None:
    """The run for which what has happened to assets is enough; None: it is not.

    It stands for the moment of the newest event that was waited for, and takes in all events of the schedule's assets
    since the last such run, those too that came while the DAG was paused.
    """
    queued = assets.queued(tx, dag.dag_id)
    happened = {one.asset for one in queued}

    def has_happened(mention: Mention) -> bool:
        return any(key in happened for key in assets.resolved(tx, mention))

    if not queued or not is_met(graph.spec.schedule.condition, has_happened):
        return None
    moment = max(one.at for one in queued)
    airflow2 = dag.dialect is Dialect.AIRFLOW2
    last = assets.last_run_after(tx, dag.dag_id, moment)
    taken = assets.consumable(
        tx,
        dag.dag_id,
        moment,
        None if last is None else last - LATE,
        from_first_mention=not airflow2 and not graph.spec.catchup,
        whole_assets_of_aliases=airflow2,
    )
    info, run_id = _described(tx, dag, moment, assets.by_ids(tx, taken))
    asset_ids = [one.asset_id for one in queued]
    try:
        made = make_run(
            tx, dag, graph, info, run_type=RunType.ASSET_TRIGGERED, run_id=run_id, who=who, triggered_by="asset"
        )
    except AlreadyExistsError:  # Airflow 2's dialect: a run of that very logical date is there
        transitions.unqueue(tx, dag.dag_id, asset_ids)
        return None
    transitions.take_in(tx, made[0], taken, asset_ids)
    return made


def _described(tx: Tx, dag: Dag, moment: dt.datetime, events: Sequence[AssetEvent]) -> tuple[RunInfo, str]:
    """The run's moments and id. Under Airflow 3 it has no logical date; under Airflow 2 its interval is that of the
    runs whose tasks made the events (``data_interval_for_events``)."""
    text = moment.astimezone(dt.UTC).isoformat()
    if dag.dialect is Dialect.AIRFLOW3:
        return RunInfo(None, None, None, moment), f"asset_triggered__{text}_{random_digits()}"
    intervals = [_interval(tx, event) for event in events] or [(moment, moment)]
    start, end = min(start for start, _ in intervals), max(end for _, end in intervals)
    return RunInfo(moment, start, end, moment), f"dataset_triggered__{text}"


def _interval(tx: Tx, event: AssetEvent) -> tuple[dt.datetime, dt.datetime]:
    source = None
    if event.source_dag_id is not None and event.source_run_id is not None:
        source = runs.find(tx, event.source_dag_id, event.source_run_id)
    start = None if source is None else source.data_interval_start
    end = None if source is None else source.data_interval_end
    return start or event.timestamp, end or event.timestamp
