"""Runs that events of partitions of assets begin: one for each key, when enough of what it waits for has come
(``_create_dagruns_for_partitioned_asset_dags`` of Airflow 3.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from goflow.domain.assets import AssetKey, Mention
from goflow.domain.partitions import MapperError, Rules, rules_of
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.state import RunType
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import make_run, random_digits
from goflow.scheduler.timetables import RunInfo
from goflow.store import Tx, assets, partitions, transitions
from goflow.store.partitions import Waiting
from goflow.store.rows import Dag


def make_runs_by_partitions(
    tx: Tx, dag: Dag, graph: Graph, now: dt.datetime, keys: Collection[str] | None, *, who: str
) -> Iterator[tuple[DagRun, list[TaskInstance]]]:
    """A run for each of KEYS (None: of all that wait) for which enough has come, the one that has waited longest first.

    Each takes in what has come for its key since the last run for it. However many there are, they are all made, as in
    Airflow: ``max_active_runs`` holds them back when they begin. Events whose keys were made by mappers that the DAG
    has no more are forgotten.
    """
    try:
        rules = rules_of(graph.spec.schedule)
    except MapperError:
        return
    for one in partitions.waiting(tx, dag.dag_id, keys):
        if one.fingerprints - {rules.fingerprint}:
            transitions.take_partition(tx, [one])
        elif has_come(tx, rules, one):
            yield _make(tx, dag, graph, rules, one, now, who)


def has_come(tx: Tx, rules: Rules, waiting: Waiting) -> bool:
    """Whether a run for that key has all that it waits for."""

    def stands_for(mention: Mention) -> list[AssetKey]:
        return assets.resolved(tx, mention)

    return rules.is_met(waiting.key, waiting.there, stands_for, waiting.told)


def _make(
    tx: Tx, dag: Dag, graph: Graph, rules: Rules, waiting: Waiting, now: dt.datetime, who: str
) -> tuple[DagRun, list[TaskInstance]]:
    date = rules.date(waiting.key, waiting.there, waiting.carried, waiting.told)
    made = make_run(
        tx,
        dag,
        graph,
        RunInfo(None, None, None, now, partition_key=waiting.key, partition_date=date),
        run_type=RunType.ASSET_TRIGGERED,
        run_id=f"{RunType.ASSET_TRIGGERED.value}__{now.astimezone(dt.UTC).isoformat()}_{random_digits()}",
        who=who,
        triggered_by="asset",
    )
    transitions.take_in(tx, made[0], waiting.event_ids, [])
    transitions.take_partition(tx, [waiting])
    return made
