"""The lists that REST shows, each with the fields that Airflow's have: what they are filtered and ordered by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select, type_coerce

from goflow.domain.runs import DagRun
from goflow.domain.spec import TaskSpec
from goflow.store import versions
from goflow.store.asset_tables import asset_events, asset_uses, assets, run_asset_events
from goflow.store.columns import dumps
from goflow.store.dags import COLUMNS as DAG_COLUMNS
from goflow.store.dags import dag_row
from goflow.store.dags import get as get_dag
from goflow.store.favorite_tables import dag_favorites
from goflow.store.listing import Condition, Listing, Op, Page, among, contains, seconds_between
from goflow.store.rows import Dag
from goflow.store.runs import COLUMNS as RUN_COLUMNS
from goflow.store.runs import OfPartitions, run_row
from goflow.store.tables import dag_runs, dag_versions, dags, import_errors, task_instances
from goflow.store.tx import Tx

_d, _r, _t, _v = dags.c, dag_runs.c, task_instances.c, dag_versions.c
_AMONG_VERSIONS = select(_v.id)


def _of_version(column: ColumnElement[Any], version_id: ColumnElement[Any]) -> Callable[[Condition, Tx], Any]:
    """A version of the row is one of those whose COLUMN has the condition's value."""
    return lambda one, tx: version_id.in_(_AMONG_VERSIONS.where(among(column, one.value)))


# DAGs ------------------------------------------------------------------------------------------------------------


def _any_tag(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return or_(*(_d.tags.contains(dumps(tag), autoescape=True) for tag in one.value))


def _all_tags(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return and_(*(_d.tags.contains(dumps(tag), autoescape=True) for tag in one.value))


def _owners(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return or_(*(contains(_d.owners, owner) for owner in one.value))


def _import_errors(one: Condition, tx: Tx) -> ColumnElement[bool]:
    broken = _d.file_path.in_(select(import_errors.c.path))
    return broken if one.value[0] else ~broken


def _asset_schedule(one: Condition, tx: Tx) -> ColumnElement[bool]:
    waits = _d.id.in_(select(asset_uses.c.dag_id).where(asset_uses.c.role == "schedule"))
    return waits if one.value[0] else ~waits


def _asset_dependency(one: Condition, tx: Tx) -> ColumnElement[bool]:
    named = or_(contains(asset_uses.c.name, one.value[0]), contains(asset_uses.c.uri, one.value[0]))
    return _d.id.in_(select(asset_uses.c.dag_id).where(asset_uses.c.role == "schedule", named))


def _favorites(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return _d.id.in_(select(dag_favorites.c.dag_id).where(dag_favorites.c.user_name == one.value[0]))


def _timetable(one: Condition, tx: Tx) -> ColumnElement[bool]:
    names = [str(name).rpartition(".")[2] for name in one.value]
    return or_(*(_d.schedule.contains(f'"timetable":{dumps(name)}', autoescape=True) for name in names))


_LAST = dag_runs.alias("last_run")
_LAST_ID = (
    select(func.max(_r.id)).where(_r.dag_id == _d.id).correlate(dags).scalar_subquery()
)  # the newest that was made, as in Airflow
_DAGS = select(*DAG_COLUMNS)
_WITH_LAST = _DAGS.select_from(dags.outerjoin(_LAST, _LAST.c.id == _LAST_ID))
_OF_LAST = ("last_dag_run_state", "dag_run_state", "dag_run_start_date", "dag_run_end_date")
_ORDERS_OF_LAST = ("last_run_state", "last_run_start_date")
_DAG_LISTING = Listing(
    statement=_DAGS,
    key=_d.id,
    fields={
        "dag_id": _d.id,
        "dag_display_name": _d.name,
        "paused": _d.is_paused,
        "active": _d.is_active,
        "last_dag_run_state": _LAST.c.status,
        "dag_run_state": _LAST.c.status,
        "dag_run_start_date": _LAST.c.start_date,
        "dag_run_end_date": _LAST.c.end_date,
    },
    orders={
        "dag_id": [_d.id],
        "dag_display_name": [_d.name],
        "next_dagrun": [_d.next_logical_date],
        "last_run_state": [type_coerce(_LAST.c.status, Text)],  # of a DAG without a run there is none
        "last_run_start_date": [_LAST.c.start_date],
    },
    special={
        "tags": _any_tag,
        "all_tags": _all_tags,
        "owners": _owners,
        "has_import_errors": _import_errors,
        "has_asset_schedule": _asset_schedule,
        "asset_dependency": _asset_dependency,
        "timetable_type": _timetable,
        "favorite_of": _favorites,
        "not_favorite_of": lambda one, tx: ~_favorites(one, tx),
        "bundle_version": _of_version(_v.file_hash, _d.version_id),
    },
)


def of_dags(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Dag], int]:
    """DAGs, and how many there are. Raises InvalidRequestError."""
    asks_last = any(one.field in _OF_LAST for one in conditions) or any(
        name.lstrip("-") in _ORDERS_OF_LAST for name in page.order_by
    )
    rows, total = _DAG_LISTING.page(tx, conditions, page, statement=_WITH_LAST if asks_last else None)
    return [dag_row(row) for row in rows], total


# Runs ------------------------------------------------------------------------------------------------------------


def _conf(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return _r.conf.contains(one.value[0], autoescape=True)


def _consuming(one: Condition, tx: Tx) -> ColumnElement[bool]:
    named = or_(contains(assets.c.name, one.value), contains(assets.c.uri, one.value))
    taken = select(run_asset_events.c.dag_run_id).join(asset_events, asset_events.c.id == run_asset_events.c.event_id)
    return _r.id.in_(taken.join(assets, assets.c.id == asset_events.c.asset_id).where(named))


_RUN_DURATION = seconds_between(_r.start_date, _r.end_date)
_RUN_LISTING = Listing(
    statement=select(*RUN_COLUMNS),
    key=_r.id,
    fields={
        "dag_id": _r.dag_id,
        "run_id": _r.run_id,
        "state": _r.status,
        "run_type": _r.run_type,
        "logical_date": _r.execution_date,
        "run_after": _r.run_after,
        "start_date": _r.start_date,
        "end_date": _r.end_date,
        "duration": _RUN_DURATION,
        "updated_at": _r.last_updated_date,
        "triggering_user_name": _r.triggered_by,
        "partition_key": _r.partition_key,
    },
    orders={
        "id": [_r.id],
        "state": [_r.status],
        "dag_id": [_r.dag_id],
        "run_id": [_r.run_id],
        "dag_run_id": [_r.run_id],
        "logical_date": [_r.execution_date],
        "partition_date": [_r.partition_date],
        "run_after": [_r.run_after],
        "start_date": [_r.start_date],
        "end_date": [_r.end_date],
        "updated_at": [_r.last_updated_date],
        "conf": [_r.conf],
        "duration": [_RUN_DURATION],
    },
    special={
        "conf_contains": _conf,
        "consuming_asset": _consuming,
        "dag_version": _of_version(_v.number, _r.version_id),
        "bundle_version": _of_version(_v.file_hash, _r.version_id),
    },
    open_ended=("start_date", "end_date"),
    plain=("partition_key",),
)


def of_runs(
    tx: Tx, conditions: Sequence[Condition], page: Page, partitions: OfPartitions | None = None
) -> tuple[list[DagRun], int]:
    """Runs, and how many there are. Raises InvalidRequestError."""
    rows, total = _RUN_LISTING.page(tx, conditions, page, *(partitions.conditions() if partitions else ()))
    return [run_row(row) for row in rows], total


# Task instances --------------------------------------------------------------------------------------------------

_TASK_DURATION = seconds_between(_t.start_date, _t.end_date)
_LABEL = case(
    (_t.rendered_map_index.is_not(None), _t.rendered_map_index), (_t.map_index >= 0, cast(_t.map_index, Text))
)
_TASK_LISTING = Listing(
    statement=select(task_instances).join(dag_runs, _r.id == _t.dag_run_id),
    key=_t.id,
    fields={
        "id": _t.id,
        "dag_id": _t.dag_id,
        "run_id": _t.run_id,
        "task_id": _t.task_id,
        "map_index": _t.map_index,
        "state": _t.state,
        "pool": _t.pool,
        "pool_name": _t.pool,
        "try_number": _t.try_number,
        "start_date": _t.start_date,
        "end_date": _t.end_date,
        "duration": _TASK_DURATION,
        "logical_date": _r.execution_date,
        "run_after": _r.run_after,
        "updated_at": func.coalesce(_t.end_date, _t.start_date, _t.queued_at, _r.last_updated_date),
        "rendered_map_index": _LABEL,
    },
    orders={
        "id": [_t.id],
        "state": [_t.state],
        "duration": [_TASK_DURATION],
        "start_date": [_t.start_date],
        "end_date": [_t.end_date],
        "map_index": [_t.map_index],
        "try_number": [_t.try_number],
        "logical_date": [_r.execution_date],
        "run_after": [_r.run_after],
        "data_interval_start": [_r.data_interval_start],
        "data_interval_end": [_r.data_interval_end],
        "rendered_map_index": [_t.rendered_map_index, _t.map_index],
        "task_id": [_t.task_id],
    },
    default="map_index",
    special={
        "version_number": _of_version(_v.number, _r.version_id),
        "copies": lambda one, tx: _t.map_index >= 0,
    },
    open_ended=("start_date", "end_date"),
)


def of_tasks(
    tx: Tx, conditions: Sequence[Condition], page: Page, fits: Callable[[TaskSpec], bool] | None = None
) -> tuple[Sequence[Any], int]:
    """Rows of task instances with all their columns, and how many there are. FITS: those of such tasks alone, as the
    version that their run has shows them. Raises InvalidRequestError."""
    more = [] if fits is None else [_such(tx, conditions, fits)]
    return _TASK_LISTING.page(tx, conditions, page, *more)


def _such(tx: Tx, conditions: Sequence[Condition], fits: Callable[[TaskSpec], bool]) -> ColumnElement[bool]:
    """The instances of tasks that FIT, by the readings of the runs that are in question."""
    named: Mapping[str, ColumnElement[Any]] = {"dag_id": _r.dag_id, "run_id": _r.run_id}
    runs = [among(named[one.field], one.value) for one in conditions if one.field in named and one.op is Op.IN]
    found = []
    for row in tx.rows(select(_r.reading_id).where(*runs).distinct()):
        names = [task.task_id for task in versions.spec(tx, row.reading_id).tasks if fits(task)]
        if names:
            found.append(and_(_r.reading_id == row.reading_id, _t.task_id.in_(names)))
    return or_(*found) if found else _t.id.is_(None)


def label_of(row: Any) -> str | None:
    """What a copy of a mapped task is shown as."""
    label: str | None = row.rendered_map_index
    return label if label is not None else str(row.map_index) if row.map_index >= 0 else None


def among_dags(dag_ids: Collection[str]) -> Condition:
    """Of those DAGs."""
    return Condition("dag_id", Op.IN, list(dag_ids))


EVERYTHING = Page(limit=None)
"""A list as a whole."""


def refuse_unknown(tx: Tx, dag_id: str) -> None:
    """Raises NotFoundError where there is no such DAG."""
    get_dag(tx, dag_id)
