"""What people may order of partitions: let runs be for none any more; and what the keys that wait are waiting for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from goflow.domain.assets import AssetKey, mentions
from goflow.domain.errors import InvalidRequestError
from goflow.domain.partitions import MapperError, Missing, Rules, by_clocks, is_partitioned, rules_of
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, Schedule
from goflow.scheduler import operations, selection
from goflow.store import Store, Tx, assets, dags, runs, tasks, versions
from goflow.store.partitions import Waiting
from goflow.store.runs import OfPartitions


@dataclass(frozen=True, slots=True)
class ClearedPartitions:
    """How many runs are for no partition any more, and how many of their tasks begin anew."""

    runs: int
    tasks: int


def clear_partitions(
    store: Store,
    dag_id: str,
    *,
    who: str,
    run_id: str | None = None,
    key: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    clear_tasks: bool = False,
    dry_run: bool = False,
) -> ClearedPartitions:
    """Empty the key and date of the run RUN_ID, of the runs for KEY, or of those whose date lies from SINCE to UNTIL by
    the clocks of the schedule's zone; with CLEAR_TASKS their tasks begin anew, also where there is nothing to empty
    (``clear_partition_runs`` of Airflow 3.3). DRY_RUN: only say how many. Raises NotFoundError.
    """
    with store.transaction() as tx:
        tx.lock_name("scheduling")
        graph_of = selection.graphs(tx)
        emptied = begun = 0
        for run in _meant(tx, dag_id, run_id, key, since, until):
            has_one = run.partition_key is not None or run.partition_date is not None
            emptied += has_one
            if has_one and not dry_run:
                runs.clear_partition(tx, run, who=who)
            if clear_tasks:
                begun += len(tasks.of_run(tx, run.id))
                if not dry_run:
                    operations.clear_run(tx, run, graph_of, newest_version=False, who=who)
        return ClearedPartitions(emptied, begun)


def _meant(
    tx: Tx, dag_id: str, run_id: str | None, key: str | None, since: dt.datetime | None, until: dt.datetime | None
) -> list[DagRun]:
    spec = _spec(tx, dag_id)
    if run_id is not None:
        found = runs.find(tx, dag_id, run_id)
        return [] if found is None else [found]
    if key is not None:
        return runs.list_(tx, dag_id, partitions=OfPartitions(key=key), limit=None)
    window = OfPartitions(
        since=since and by_clocks(spec.schedule, since), until=until and by_clocks(spec.schedule, until)
    )
    return runs.list_(tx, dag_id, partitions=window, limit=None)


def runs_for(
    tx: Tx, dag_id: str, *, key: str | None, since: dt.datetime | None, until: dt.datetime | None
) -> list[DagRun]:
    """The runs of a DAG for KEY, or those whose partition lies from SINCE to UNTIL by the clocks of the schedule's
    zone, the earliest partition first. Raises NotFoundError."""
    found = _meant(tx, dag_id, None, key, since, until)
    return sorted(found, key=lambda run: (run.partition_date or run.run_after, run.run_id))


def days_of(tx: Tx, dag_id: str, first: dt.date | None, last: dt.date | None) -> OfPartitions:
    """The partitions of the days from FIRST to LAST, both included, by the clocks of the schedule's zone.

    Raises NotFoundError, and InvalidRequestError for a DAG without partitions.
    """
    if dag_id == "~":
        raise InvalidRequestError("days of partitions are those of one DAG", hint="name it in the path")
    schedule = _spec(tx, dag_id).schedule
    if not is_partitioned(schedule):
        raise InvalidRequestError(f"DAG {dag_id} has no partitions", hint="leave the days out")

    def midnight(day: dt.date | None, later: int) -> dt.datetime | None:
        if day is None:
            return None
        return by_clocks(schedule, dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=later))

    return OfPartitions(since=midnight(first, 0), before=midnight(last, 1))


def _spec(tx: Tx, dag_id: str) -> DagSpec:
    return versions.spec(tx, dags.get(tx, dag_id).reading_id)


@dataclass(frozen=True, slots=True)
class Awaited:
    """An asset that a run for a key waits for, the keys of the events that have come, and what is missing."""

    asset: AssetKey
    there: tuple[str, ...]
    missing: Missing


def awaited(tx: Tx, schedule: Schedule, waiting: Waiting) -> list[Awaited]:
    """What the run that WAITING is for needs of each asset in its schedule; nothing where that is not followed."""
    try:
        rules = rules_of(schedule)
    except MapperError:
        return []
    keys = {key: None for mention in mentions(schedule.condition) for key in assets.resolved(tx, mention)}
    return [_awaited(rules, waiting, key) for key in keys]


def _awaited(rules: Rules, waiting: Waiting, asset: AssetKey) -> Awaited:
    there = waiting.there.get(asset, set())
    try:
        missing = rules.missing(asset, waiting.key, there, waiting.told)
    except Exception:  # a mapper raises whatever its key makes it raise
        missing = Missing(met=False)
    if not there:
        missing = Missing(False, missing.keys, missing.expected, missing.out_of_reach)
    return Awaited(asset, tuple(sorted(there)), missing)
