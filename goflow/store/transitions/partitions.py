"""Keys of partitions: what an event is for waits with it, and goes when a run has taken it in
(``AssetManager._queue_partitioned_dags`` and ``AssetPartitionDagRun`` of Airflow 3.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import bindparam, delete

from goflow.domain.assets import AssetKey
from goflow.domain.partitions import MapperError, rules_of
from goflow.domain.spec import Schedule
from goflow.store.asset_tables import partition_queue
from goflow.store.partitions import Waiting
from goflow.store.tx import Tx

log = structlog.get_logger(__name__)
_q = partition_queue.c
_TAKE = delete(partition_queue).where(_q.id == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that was written down, with the partition that it is of, and the moment of the run that made it, where
    that run is for the same partition."""

    event_id: int
    asset_id: int
    asset: AssetKey
    key: str | None
    date: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """For which keys of which DAGs an event waits, and for which DAGs it does not, and why."""

    keys: dict[str, list[str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def keep_for_partitions(tx: Tx, happened: Happened, waiting: Mapping[str, Schedule]) -> Kept:
    """Have the event wait for runs of those DAGs that are WAITING for partitions, each for the keys that it makes."""
    kept = Kept()
    rows = []
    for dag_id, schedule in sorted(waiting.items()):
        try:
            if not happened.key:
                raise MapperError("it waits for partitions, and the event has no partition key")
            rules = rules_of(schedule)
            kept.keys[dag_id] = rules.targets(happened.asset, happened.key)
        except MapperError as problem:
            kept.problems[dag_id] = str(problem)
            log.warning("an event of an asset begins nothing", dag_id=dag_id, asset=happened.asset, reason=str(problem))
            continue
        rows += [
            {
                "dag_id": dag_id,
                "partition_key": key,
                "asset_id": happened.asset_id,
                "event_id": happened.event_id,
                "source_key": happened.key,
                "partition_date": rules.carried(happened.asset, happened.date),
                "fingerprint": rules.fingerprint,
                "created_date": tx.now(),
            }
            for key in kept.keys[dag_id]
        ]
    tx.insert_new(partition_queue, rows)
    return kept


def take_partition(tx: Tx, waiting: Collection[Waiting]) -> None:
    """What waited there is done with: a run has taken it in, or its mappers hold no longer."""
    rows = [row for one in waiting for row in one.rows]
    tx.change_many(_TAKE, [{"key": row} for row in rows])
