"""What nothing needs once old runs are gone: versions of DAGs, folders as they were, missed SLAs, and events of assets.

What stays whatever its age: the version in force, those that a run is pinned to or a deadline counts by, the newest
of each DAG; the newest events of each asset, those that a run has taken in or a key of a partition waits with, and
those of an asset for which a DAG still waits with others; the newest missed SLAs of each task, and all since it was
last done: what is looked at again must not be told of again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_

from goflow.domain.state import SUCCESS_STATES
from goflow.store.asset_tables import asset_events, asset_queue, partition_queue, run_asset_events
from goflow.store.cleaning import Old, rows_of
from goflow.store.columns import loads
from goflow.store.deadline_tables import deadlines, sla_misses
from goflow.store.tables import blobs, dag_readings, dag_runs, dag_versions, dags, folders, task_instances
from goflow.store.tx import Tx, in_parts

AT_ONCE = 500
FOLDERS = "folders"
"""The lock of whoever stores a folder, or looks which contents no folder names."""
_v, _e, _s = dag_versions.c, asset_events.c, sla_misses.c
_MISS = tuple_(_s.dag_id, _s.task_id, _s.logical_date)


@dataclass(frozen=True, slots=True)
class Unused:
    """How much of it was deleted."""

    versions: int = 0
    folders: int = 0
    asset_events: int = 0
    sla_misses: int = 0


def old_versions(tx: Tx, old: Old) -> list[tuple[str, int]]:
    """DAG and key of the versions that may go, at most a few hundred."""
    place = func.row_number().over(partition_by=_v.dag_id, order_by=_v.number.desc())
    ranked = select(_v.id, _v.dag_id, _v.created_date, place.label("place"))
    if old.dag_ids is not None:
        ranked = ranked.where(_v.dag_id.in_(old.dag_ids))
    one = ranked.subquery()
    statement = (
        select(one.c.dag_id, one.c.id)
        .where(one.c.created_date < old.before, one.c.place > old.keep)
        .where(*_is_free(one.c.id))
        .order_by(one.c.dag_id, one.c.id)
        .limit(AT_ONCE)
    )
    return [(row.dag_id, row.id) for row in tx.rows(statement)]


def version_documents(tx: Tx, found: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Those versions, each with its readings, as they stand in an archive."""
    keys = [key for _, key in found]
    rows = rows_of(tx, dag_versions, _v.id, keys)
    kept: dict[int, dict[str, Any]] = {row["id"]: {"dag_version": row} for row in rows}
    for row in rows_of(tx, dag_readings, dag_readings.c.version_id, keys):
        kept[row["version_id"]].setdefault("dag_readings", []).append(row)
    return list(kept.values())


def remove_versions(tx: Tx, found: Sequence[tuple[str, int]]) -> int:
    """Delete those of the versions that still nothing needs, with their readings. How many."""
    tx.lock_names([f"dag {dag_id}" for dag_id in sorted({dag_id for dag_id, _ in found})])  # as who records one
    return tx.change(delete(dag_versions).where(_v.id.in_([key for _, key in found]), *_is_free(_v.id)))


def _is_free(version_id: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    """That nothing needs the version."""
    counted = (dag_readings.c.version_id == version_id, deadlines.c.reading_id == dag_readings.c.id)
    has_run, is_in_force = dag_runs.c.version_id == version_id, dags.c.version_id == version_id
    return ~exists().where(has_run), ~exists().where(is_in_force), ~exists().where(*counted)


def remove_folders(tx: Tx, old: Old) -> int:
    """Delete old folders that no version has, and the contents that no other folder names. How many folders."""
    tx.lock_name(FOLDERS)
    unused = ~exists().where(_v.folder_digest == folders.c.digest)
    statement = delete(folders).where(unused, folders.c.created_date < old.before)
    gone = tx.rows(statement.returning(folders.c.manifest))
    unnamed = {digest for row in gone for digest in _contents(row.manifest)}
    for (digest,) in tx.rows(select(folders.c.digest)) if unnamed else ():
        unnamed.difference_update(_contents(tx.value(select(folders.c.manifest).where(folders.c.digest == digest))))
        if not unnamed:
            break
    for part in in_parts(sorted(unnamed)):
        tx.change(delete(blobs).where(blobs.c.digest.in_(part)))
    return len(gone)


def _contents(manifest: str) -> list[str]:
    return [digest for digest, _ in loads(manifest)["files"].values()]


def old_asset_events(tx: Tx, old: Old) -> list[int]:
    """The keys of the events of assets that may go, at most a few hundred."""
    place = func.row_number().over(partition_by=_e.asset_id, order_by=_e.id.desc())
    one = select(_e.id, _e.asset_id, _e.at, place.label("place")).subquery()
    statement = (
        select(one.c.id)
        .where(one.c.at < old.before, one.c.place > old.keep)
        .where(*_is_done(one.c.id), ~exists().where(asset_queue.c.asset_id == one.c.asset_id))
        .order_by(one.c.id)
        .limit(AT_ONCE)
    )
    return [row.id for row in tx.rows(statement)]


def asset_event_documents(tx: Tx, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Those events, as they stand in an archive."""
    return [{"asset_event": row} for row in rows_of(tx, asset_events, _e.id, keys)]


def remove_asset_events(tx: Tx, keys: Sequence[int]) -> int:
    """Delete those of the events that still no run has taken in. How many."""
    return tx.change(delete(asset_events).where(_e.id.in_(list(keys)), *_is_done(_e.id)))


def _is_done(event_id: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    """That no run has taken in the event, and none will."""
    taken, waits = run_asset_events.c.event_id == event_id, partition_queue.c.event_id == event_id
    return ~exists().where(taken), ~exists().where(waits)


def old_misses(tx: Tx, old: Old) -> list[tuple[str, str, dt.datetime]]:
    """DAG, task and date of the missed SLAs that may go, at most a few hundred."""
    place = func.row_number().over(partition_by=(_s.dag_id, _s.task_id), order_by=_s.logical_date.desc())
    ranked = select(sla_misses, place.label("place"))
    if old.dag_ids is not None:
        ranked = ranked.where(_s.dag_id.in_(old.dag_ids))
    one = ranked.subquery()
    done_since = (
        task_instances.c.dag_run_id == dag_runs.c.id,
        dag_runs.c.dag_id == one.c.dag_id,
        dag_runs.c.execution_date >= one.c.logical_date,
        task_instances.c.task_id == one.c.task_id,
        task_instances.c.state.in_([state.value for state in sorted(SUCCESS_STATES)]),
    )
    statement = (
        select(one.c.dag_id, one.c.task_id, one.c.logical_date)
        .where(one.c.missed_at < old.before, one.c.place > old.keep, exists().where(*done_since))
        .order_by(one.c.dag_id, one.c.logical_date, one.c.task_id)
        .limit(AT_ONCE)
    )
    return [(row.dag_id, row.task_id, row.logical_date) for row in tx.rows(statement)]


def miss_documents(tx: Tx, keys: Sequence[tuple[str, str, dt.datetime]]) -> list[dict[str, Any]]:
    """Those missed SLAs, as they stand in an archive."""
    return [{"sla_miss": row} for row in rows_of(tx, sla_misses, _MISS, keys)]


def remove_misses(tx: Tx, keys: Sequence[tuple[str, str, dt.datetime]]) -> int:
    """Delete those of the missed SLAs that are still there. How many."""
    return sum(tx.change(delete(sla_misses).where(_MISS.in_(part))) for part in in_parts(keys))
