"""Events that wait for the other events of a run for the same key of a partition.

There is a row for each event, DAG and key that the event is for. Rows are written together with the event, and taken by
the one scheduler that makes the run: what comes meanwhile is not among them and waits for the next run of that key.
What happens to them is written by `goflow.store.transitions.partitions`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select

from goflow.domain.assets import AssetKey
from goflow.domain.partition_answers import KeyTold
from goflow.domain.partitions import carried_over, not_followed, rules_of, waits_for_partitions
from goflow.domain.spec import Schedule
from goflow.store.asset_tables import assets, partition_queue
from goflow.store.columns import loads
from goflow.store.tables import dags
from goflow.store.tx import Tx

_q, _a = partition_queue.c, assets.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What has come for one KEY of a DAG since its last run: the events, by asset the keys that they had, and SINCE
    when. FINGERPRINTS are those of the mappers that have made KEY of them, TOLD is what those of the author's own have
    told of KEY."""

    dag_id: str
    key: str
    since: dt.datetime
    rows: list[int] = field(default_factory=list)
    event_ids: list[int] = field(default_factory=list)
    there: dict[AssetKey, set[str]] = field(default_factory=dict)
    dates: list[dt.datetime | None] = field(default_factory=list)
    fingerprints: set[str] = field(default_factory=set)
    told: dict[AssetKey, KeyTold] = field(default_factory=dict)

    @property
    def carried(self) -> dt.datetime | None:
        """The moment that the events have carried over."""
        return carried_over(self.dates)


def waiting(
    tx: Tx, dag_id: str | None = None, keys: Collection[str] | None = None, *, limit: int | None = None, offset: int = 0
) -> list[Waiting]:
    """What waits for runs of a DAG (None: of all), that which has waited longest first; KEYS: only for those keys."""
    picked = []
    if dag_id is not None:
        picked.append(_q.dag_id == dag_id)
    if keys is not None:
        picked.append(_q.partition_key.in_(list(keys)))
    first = select(_q.dag_id, _q.partition_key, func.min(_q.id).label("first")).where(*picked)
    groups = (
        first.group_by(_q.dag_id, _q.partition_key).order_by(func.min(_q.id)).limit(limit).offset(offset).subquery()
    )
    statement = (
        select(partition_queue, _a.name, _a.uri)
        .join(groups, (groups.c.dag_id == _q.dag_id) & (groups.c.partition_key == _q.partition_key))
        .join(assets, _a.id == _q.asset_id)
        .order_by(groups.c.first, _q.id)
    )
    found: dict[tuple[str, str], Waiting] = {}
    for row in tx.rows(statement):
        new = Waiting(dag_id=row.dag_id, key=row.partition_key, since=row.created_date)
        one = found.setdefault((row.dag_id, row.partition_key), new)
        one.rows.append(row.id)
        one.event_ids.append(row.event_id)
        one.there.setdefault(AssetKey(row.name, row.uri), set()).add(row.source_key)
        one.dates.append(row.partition_date)
        one.fingerprints.add(row.fingerprint)
        if row.told is not None:
            one.told[AssetKey(row.name, row.uri)] = KeyTold.of(loads(row.told))
    return list(found.values())


def forget_stale(tx: Tx, dag_id: str, schedule: Schedule) -> None:
    """Forget what waits for keys that the mappers of SCHEDULE, the DAG's new one, have not made."""
    statement = delete(partition_queue).where(_q.dag_id == dag_id)
    if waits_for_partitions(schedule) and not_followed(schedule) is None:
        statement = statement.where(_q.fingerprint != rules_of(schedule).fingerprint)
    tx.change(statement)


def count_waiting(tx: Tx, dag_id: str | None = None) -> int:
    """For how many keys something waits."""
    statement = select(_q.dag_id, _q.partition_key).distinct()
    if dag_id is not None:
        statement = statement.where(_q.dag_id == dag_id)
    return int(tx.value(select(func.count()).select_from(statement.subquery())) or 0)


@dataclass(frozen=True, slots=True)
class Waits:
    """The SCHEDULE of a DAG that waits for events, and the reading that has it."""

    schedule: Schedule
    reading_id: int


def schedules(tx: Tx, dag_ids: Collection[str]) -> Mapping[str, Waits]:
    """The schedules of those DAGs, by id."""
    rows = tx.rows(select(dags.c.id, dags.c.schedule, dags.c.reading_id).where(dags.c.id.in_(list(dag_ids))))
    return {row.id: Waits(Schedule.from_json(loads(row.schedule)), row.reading_id) for row in rows}
