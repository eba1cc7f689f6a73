"""Keys of partitions: what an event is for waits with it, and goes when a run has taken it in
(``AssetManager._queue_partitioned_dags`` and ``AssetPartitionDagRun`` of Airflow 3.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, update

from goflow.domain.assets import AssetEvent, AssetKey
from goflow.domain.canonical import Json
from goflow.domain.partition_answers import mapped
from goflow.domain.partitions import MapperError, good_keys, rules_of
from goflow.domain.questions import Question, QuestionKind, about_partition, event_of
from goflow.store import assets
from goflow.store.asset_tables import asset_events, partition_queue
from goflow.store.columns import dumps
from goflow.store.partitions import Waiting, Waits
from goflow.store.tx import Tx

log = structlog.get_logger(__name__)
_q = partition_queue.c
_TAKE = delete(partition_queue).where(_q.id == bindparam("key"))
_TELL_PROBLEMS = update(asset_events).where(asset_events.c.id == bindparam("key")).values(problems=bindparam("words"))


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


def keep_for_partitions(tx: Tx, happened: Happened, waiting: Mapping[str, Waits], *, who: str) -> Kept:
    """Have the event wait for runs of those DAGs that are WAITING for partitions, each for the keys that it makes.
    Where a mapper of the author's own makes them, that is asked, and the event waits when it has told."""
    kept = Kept()
    rows = []
    for dag_id, waits in sorted(waiting.items()):
        try:
            if not happened.key:
                raise MapperError("it waits for partitions, and the event has no partition key")
            rules = rules_of(waits.schedule)
            if rules.asks(happened.asset):
                _ask(tx, happened, dag_id, waits, rules.fingerprint, who)
                continue
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


def _ask(tx: Tx, happened: Happened, dag_id: str, waits: Waits, fingerprint: str, who: str) -> None:
    from goflow.store.transitions.questions import ask_code

    asked: dict[str, Json] = {
        "name": happened.asset.name,
        "uri": happened.asset.uri,
        "key": happened.key,
        "date": None if happened.date is None else happened.date.astimezone(dt.UTC).isoformat(),
        "fingerprint": fingerprint,
    }
    about, reading_id = about_partition(happened.event_id, dag_id), waits.reading_id
    ask_code(tx, about, QuestionKind.PARTITION, asked, dag_id=dag_id, reading_id=reading_id, who=who)


def keep_as_told(tx: Tx, question: Question, told: Any, problem: str | None) -> list[str]:
    """Have the event that QUESTION is about wait for runs of its DAG as the mapper has TOLD, or say at the event for
    which PROBLEM it begins nothing; the keys of those runs."""
    found = assets.by_ids(tx, [event_of(question)])
    if not found:
        return []  # it is gone meanwhile
    [event] = found
    if problem is None:
        try:
            return _queue_told(tx, question, event, told)
        except MapperError as wrong:
            problem = str(wrong)
    log.warning("an event of an asset begins nothing", dag_id=question.dag_id, asset=event.asset, reason=problem)
    tell_problems(tx, event.id, {**event.problems, question.dag_id: problem})
    return []


def _queue_told(tx: Tx, question: Question, event: AssetEvent, told: Any) -> list[str]:
    answer, source = mapped(told), str(event.partition_key)
    keys = good_keys(event.asset, source, answer.keys, answer.count, answer.most)
    row = {
        "dag_id": question.dag_id,
        "asset_id": event.asset_id,
        "event_id": event.id,
        "source_key": source,
        "partition_date": answer.carried,
        "fingerprint": question.asked["fingerprint"],
        "created_date": tx.now(),
    }
    tx.insert_new(
        partition_queue, [{**row, "partition_key": key, "told": dumps(dict(answer.keys[key]))} for key in keys]
    )
    return keys


def tell_problems(tx: Tx, event_id: int, problems: Mapping[str, str]) -> None:
    """Say at an event for which DAGs it begins nothing, and why."""
    tx.change(_TELL_PROBLEMS, {"key": event_id, "words": dumps(dict(problems))})


def take_partition(tx: Tx, waiting: Collection[Waiting]) -> None:
    """What waited there is done with: a run has taken it in, or its mappers hold no longer."""
    rows = [row for one in waiting for row in one.rows]
    tx.change_many(_TAKE, [{"key": row} for row in rows])
