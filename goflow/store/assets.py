"""Assets: which there are, which DAGs mention them and where, and what has happened to them.

What happens to one is written by `goflow.store.transitions.assets`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, or_, select

from goflow.domain.assets import AssetEvent, AssetKey, AssetUse, Mention
from goflow.domain.runs import DagRun
from goflow.domain.spec import Dialect
from goflow.domain.state import RunType
from goflow.store.asset_tables import (
    asset_event_aliases,
    asset_events,
    asset_queue,
    asset_uses,
    assets,
    run_asset_events,
)
from goflow.store.columns import loads
from goflow.store.tables import dag_runs, dags
from goflow.store.tx import Tx

_a, _u, _e, _q = assets.c, asset_uses.c, asset_events.c, asset_queue.c
_same = asset_events.alias()
_EVENTS = select(
    _e.id, _e.asset_id, _e.at, _e.extra, _e.dag_id, _e.run_id, _e.task_id, _e.map_index, _e.partition_key, _e.problems,
    _a.name, _a.uri, _a.group_name,
).join(assets, _a.id == _e.asset_id)  # fmt: skip
_USES = select(asset_uses).where(_u.dag_id.in_(bindparam("dag_ids", expanding=True)))
_FORGET = delete(asset_uses).where(
    _u.dag_id == bindparam("in_dag"),
    _u.role == bindparam("in_role"),
    _u.task_id == bindparam("in_task"),
    _u.kind == bindparam("of_kind"),
    _u.name == bindparam("of_name"),
    _u.uri == bindparam("of_uri"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset, which DAGs it begins runs of, and which tasks (DAG and task id) make and read it.
    ALIASES: those that have stood for it."""

    id: int
    name: str
    uri: str
    group: str
    created_date: dt.datetime
    scheduled_dags: tuple[str, ...] = ()
    producing_tasks: tuple[tuple[str, str], ...] = ()
    consuming_tasks: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    last_event: dt.datetime | None = None
    last_event_id: int | None = None
    events: int = 0
    since: Mapping[tuple[str, str, str], dt.datetime] = field(default_factory=dict)
    """When a DAG first mentioned it so: (role, DAG id, task id) to the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An event of an asset has happened since the DAG's last run by assets; AT: the first one's moment."""

    asset_id: int
    asset: AssetKey
    at: dt.datetime


# Where DAGs mention assets ---------------------------------------------------------------------------------------


def remember(tx: Tx, told: Mapping[str, Sequence[AssetUse]], at: dt.datetime) -> None:
    """Have the DAGs mention just those assets, each by its id; a mention that stays keeps its date.

    What an asset that the DAG's schedule waits for no more has queued of it is forgotten, as in Airflow.
    """
    before: dict[str, dict[AssetUse, Any]] = defaultdict(dict)
    for row in tx.rows(_USES, {"dag_ids": list(told)}):
        mention = Mention(row.kind, row.name, row.uri, row.group_name, bool(row.watched))
        before[row.dag_id][AssetUse(row.role, row.task_id, mention)] = row
    gone, new = [], []
    for dag_id, now in told.items():
        wanted = set(now)
        gone += [_key(dag_id, use) for use in before[dag_id] if use not in wanted]
        new += [{"dag_id": dag_id, **_columns(use), "created_date": at} for use in now if use not in before[dag_id]]
    tx.change_many(_FORGET, gone)
    tx.insert_new(asset_uses, new)
    register(tx, {use.mention for uses in told.values() for use in uses if use.mention.kind == "asset"}, at)
    for dag_id in sorted({key["in_dag"] for key in gone if key["in_role"] == "schedule"}):
        _forget_queued(tx, dag_id)


def register(tx: Tx, found: Collection[Mention], at: dt.datetime) -> None:
    """Have those assets be there."""
    rows = [
        {"name": one.name, "uri": one.uri, "group_name": one.group, "created_date": at}
        for one in sorted(found, key=lambda one: one.key)
    ]
    tx.insert_new(assets, rows)


def _key(dag_id: str, use: AssetUse) -> dict[str, str]:
    one = use.mention
    where = {"in_dag": dag_id, "in_role": use.role, "in_task": use.task_id}
    return {**where, "of_kind": one.kind, "of_name": one.name, "of_uri": one.uri}


def _columns(use: AssetUse) -> dict[str, Any]:
    one = use.mention
    named = {"kind": one.kind, "name": one.name, "uri": one.uri, "group_name": one.group, "watched": one.watched}
    return {"role": use.role, "task_id": use.task_id, **named}


def _forget_queued(tx: Tx, dag_id: str) -> None:
    kept = select(_a.id).join(asset_uses, _of_asset()).where(_u.dag_id == dag_id, _u.role == "schedule")
    by_alias = (
        select(_e.asset_id)
        .join(asset_event_aliases, asset_event_aliases.c.event_id == _e.id)
        .join(asset_uses, and_(_u.kind == "alias", _u.name == asset_event_aliases.c.alias))
        .where(_u.dag_id == dag_id, _u.role == "schedule")
    )
    tx.change(delete(asset_queue).where(_q.dag_id == dag_id, _q.asset_id.not_in(kept), _q.asset_id.not_in(by_alias)))


def _of_asset(name: Any = _a.name, uri: Any = _a.uri) -> Any:
    """A use that means an asset (one of the statement's, or that of NAME and URI), or is a reference to it."""
    return or_(
        and_(_u.kind == "asset", _u.name == name, _u.uri == uri),
        and_(_u.kind == "name", _u.name == name),
        and_(_u.kind == "uri", _u.uri == uri),
    )


def waiting_dags(tx: Tx, key: AssetKey, aliases: Collection[str]) -> list[str]:
    """The DAGs, active and not paused, whose schedules wait for the asset or for one of ALIASES, by id.

    Under Airflow 2 an alias in a schedule means the assets that it has ever stood for, whoever makes their events.
    """
    by_alias = and_(_u.kind == "alias", _u.name.in_(list(aliases)))
    direct = _of_asset(key.name, key.uri)
    stood_for = (
        select(asset_event_aliases.c.alias)
        .join(asset_events, _e.id == asset_event_aliases.c.event_id)
        .join(assets, _a.id == _e.asset_id)
        .where(_a.name == key.name, _a.uri == key.uri)
    )
    ever = and_(_u.kind == "alias", dags.c.dialect == Dialect.AIRFLOW2.value, _u.name.in_(stood_for))
    statement = (
        select(_u.dag_id)
        .distinct()
        .join(dags, dags.c.id == _u.dag_id)
        .where(_u.role == "schedule", or_(direct, by_alias, ever), dags.c.is_active, ~dags.c.is_paused)
        .order_by(_u.dag_id)
    )
    return [str(row[0]) for row in tx.rows(statement)]


# What waits for a DAG's next run ---------------------------------------------------------------------------------


def queued(tx: Tx, dag_id: str) -> list[Queued]:
    """What has happened for DAG since its last run by assets."""
    statement = (
        select(_q.asset_id, _a.name, _a.uri, _q.created_date)
        .join(assets, _a.id == _q.asset_id)
        .where(_q.dag_id == dag_id)
        .order_by(_q.created_date, _q.asset_id)
    )
    return [
        Queued(asset_id=row.asset_id, asset=AssetKey(row.name, row.uri), at=row.created_date)
        for row in tx.rows(statement)
    ]


def dags_with_queue(tx: Tx) -> set[str]:
    """The DAGs for which something has happened since their last run by assets."""
    return {str(row[0]) for row in tx.rows(select(_q.dag_id).distinct())}


def resolved(tx: Tx, mention: Mention) -> list[AssetKey]:
    """The assets that MENTION stands for: those of an alias so far; of a reference the one that was known first."""
    if mention.kind == "asset":
        return [mention.key]
    if mention.kind == "alias":
        return [AssetKey(row.name, row.uri) for row in of_alias(tx, mention.name)]
    found = find(tx, name=mention.name or None, uri=mention.uri or None)
    return [] if found is None else [AssetKey(found.name, found.uri)]


def of_alias(tx: Tx, alias: str) -> list[Asset]:
    """The assets that an alias has stood for."""
    ids = select(_e.asset_id).join(asset_event_aliases, asset_event_aliases.c.event_id == _e.id)
    ids = ids.where(asset_event_aliases.c.alias == alias)
    return [_asset(row) for row in tx.rows(select(assets).where(_a.id.in_(ids)).order_by(_a.id))]


def find(tx: Tx, *, name: str | None = None, uri: str | None = None) -> Asset | None:
    """The asset of that name, URI, or both; of several the one that was known first."""
    statement = select(assets).order_by(_a.id).limit(1)
    for column, value in ((_a.name, name), (_a.uri, uri)):
        if value is not None:
            statement = statement.where(column == value)
    row = tx.first(statement)
    return None if row is None else _asset(row)


def consumable(
    tx: Tx,
    dag_id: str,
    until: dt.datetime,
    after: dt.datetime | None,
    *,
    from_first_mention: bool,
    whole_assets_of_aliases: bool = False,
) -> list[int]:
    """Events that a run by assets takes in: those of assets and aliases in the DAG's schedule, not yet taken in by a
    run of it, up to UNTIL and later than AFTER.

    FROM_FIRST_MENTION: none from before the schedule mentioned assets. WHOLE_ASSETS_OF_ALIASES: all events of the
    assets that its aliases have stood for, whoever made them (Airflow 2 puts those in the place of the alias).
    """
    mine = and_(_u.dag_id == dag_id, _u.role == "schedule")
    direct = select(_a.id).join(asset_uses, and_(_u.kind == "asset", _u.name == _a.name, _u.uri == _a.uri)).where(mine)
    aliased = select(asset_event_aliases.c.event_id).join(
        asset_uses, and_(_u.kind == "alias", _u.name == asset_event_aliases.c.alias)
    )
    mentioned = or_(_e.asset_id.in_(direct), _e.id.in_(aliased.where(mine)))
    if whole_assets_of_aliases:
        stood_for = select(_same.c.asset_id).where(_same.c.id.in_(aliased.where(mine)))
        mentioned = or_(mentioned, _e.asset_id.in_(stood_for))
    taken = select(run_asset_events.c.event_id).join(dag_runs, dag_runs.c.id == run_asset_events.c.dag_run_id)
    statement = select(_e.id).where(
        mentioned,
        _e.at <= until,
        _e.id.not_in(taken.where(dag_runs.c.dag_id == dag_id)),
    )
    if from_first_mention:
        first = tx.value(select(func.min(_u.created_date)).where(mine, _u.kind == "asset"))
        after = max((moment for moment in (first, after) if moment is not None), default=None)
    if after is not None:
        statement = statement.where(_e.at > after)
    return [int(row.id) for row in tx.rows(statement.order_by(_e.at, _e.id))]


# What has happened -----------------------------------------------------------------------------------------------


def events(
    tx: Tx,
    *,
    asset_id: int | None = None,
    name: str | None = None,
    uri: str | None = None,
    alias: str | None = None,
    source: Mapping[str, Any] | None = None,
    after: dt.datetime | None = None,
    before: dt.datetime | None = None,
    ascending: bool = True,
    limit: int | None = None,
    offset: int = 0,
) -> list[AssetEvent]:
    """Events of the asset of that key, NAME or URI, or under that ALIAS, from AFTER to BEFORE, both included.

    SOURCE: those that such a task has made (``dag_id``, ``run_id``, ``task_id``, ``map_index``).
    """
    statement = _filtered(_EVENTS, asset_id, name, uri, alias, source, after, before)
    order = (_e.at, _e.id) if ascending else (_e.at.desc(), _e.id.desc())
    return _told(tx, statement.order_by(*order).limit(limit).offset(offset))


def count_events(tx: Tx, **picked: Any) -> int:
    """How many `events` there are."""
    filled = {word: picked.get(word) for word in ("asset_id", "name", "uri", "alias", "source", "after", "before")}
    return int(tx.value(select(func.count()).select_from(_filtered(_EVENTS, **filled).subquery())) or 0)


def _filtered(
    statement: Select[Any],
    asset_id: int | None,
    name: str | None,
    uri: str | None,
    alias: str | None,
    source: Mapping[str, Any] | None,
    after: dt.datetime | None,
    before: dt.datetime | None,
) -> Select[Any]:
    for column, value in ((_a.id, asset_id), (_a.name, name), (_a.uri, uri)):
        if value is not None:
            statement = statement.where(column == value)
    if alias is not None:
        statement = statement.where(
            _e.id.in_(select(asset_event_aliases.c.event_id).where(asset_event_aliases.c.alias == alias))
        )
    for word, value in (source or {}).items():
        if value is not None:
            statement = statement.where(_e[word] == value)
    if after is not None:
        statement = statement.where(_e.at >= after)
    return statement if before is None else statement.where(_e.at <= before)


def last_run_after(tx: Tx, dag_id: str, before: dt.datetime) -> dt.datetime | None:
    """The moment of the newest run by assets from before that moment."""
    statement = select(func.max(dag_runs.c.run_after)).where(
        dag_runs.c.dag_id == dag_id,
        dag_runs.c.run_type == RunType.ASSET_TRIGGERED.value,
        dag_runs.c.run_after < before,
    )
    moment: dt.datetime | None = tx.value(statement)
    return moment


def by_ids(tx: Tx, event_ids: Collection[int]) -> list[AssetEvent]:
    """The events of those keys, the oldest first."""
    return _told(tx, _EVENTS.where(_e.id.in_(list(event_ids))).order_by(_e.at, _e.id))


def consumed(tx: Tx, run: DagRun) -> list[AssetEvent]:
    """The events that RUN was begun with, the oldest first."""
    if run.run_type is not RunType.ASSET_TRIGGERED:
        return []
    mine = select(run_asset_events.c.event_id).where(run_asset_events.c.dag_run_id == run.id)
    return _told(tx, _EVENTS.where(_e.id.in_(mine)).order_by(_e.at, _e.id))


def runs_begun(tx: Tx, event_ids: Collection[int]) -> dict[int, list[int]]:
    """The keys of the runs that took in each of those events."""
    found: dict[int, list[int]] = defaultdict(list)
    statement = select(run_asset_events).where(run_asset_events.c.event_id.in_(list(event_ids)))
    for row in tx.rows(statement.order_by(run_asset_events.c.dag_run_id)):
        found[row.event_id].append(row.dag_run_id)
    return found


def _told(tx: Tx, statement: Select[Any]) -> list[AssetEvent]:
    rows = tx.rows(statement)
    aliases: dict[int, list[str]] = defaultdict(list)
    names = select(asset_event_aliases).where(asset_event_aliases.c.event_id.in_([row.id for row in rows]))
    for named in tx.rows(names.order_by(asset_event_aliases.c.alias)) if rows else ():
        aliases[named.event_id].append(named.alias)
    return [
        AssetEvent(
            id=row.id,
            timestamp=row.at,
            asset=AssetKey(row.name, row.uri),
            asset_id=row.asset_id,
            group=row.group_name,
            extra=loads(row.extra, {}),
            aliases=tuple(aliases[row.id]),
            source_dag_id=row.dag_id,
            source_run_id=row.run_id,
            source_task_id=row.task_id,
            source_map_index=row.map_index,
            partition_key=row.partition_key,
            problems=loads(row.problems, {}),
        )
        for row in rows
    ]


# For lists -------------------------------------------------------------------------------------------------------


def list_(
    tx: Tx,
    *,
    search: str | None = None,
    dag_id: str | None = None,
    asset_id: int | None = None,
    among: Collection[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Asset]:
    """Assets by name, with who makes and reads them. SEARCH: a part of the name or URI; DAG_ID: those it mentions;
    AMONG: those keys."""
    happened = select(
        _e.asset_id, func.max(_e.at).label("last_event"), func.max(_e.id).label("last_event_id"),
        func.count().label("events"),
    )  # fmt: skip
    summary = happened.group_by(_e.asset_id).subquery()
    statement = _picked(
        select(assets, summary.c.last_event, summary.c.last_event_id, summary.c.events).outerjoin(
            summary, summary.c.asset_id == _a.id
        ),
        search,
        dag_id,
    )
    if asset_id is not None:
        statement = statement.where(_a.id == asset_id)
    if among is not None:
        statement = statement.where(_a.id.in_(list(among)))
    rows = tx.rows(statement.order_by(_a.name, _a.uri).limit(limit).offset(offset))
    wanted = {row.id for row in rows}
    roles: dict[int, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    since: dict[int, dict[tuple[str, str, str], dt.datetime]] = defaultdict(dict)
    uses = select(_a.id, _u.role, _u.dag_id, _u.task_id, _u.created_date).join(asset_uses, _of_asset())
    uses = uses.join(dags, dags.c.id == _u.dag_id).where(dags.c.is_active, _a.id.in_(wanted))
    for use in tx.rows(uses.order_by(_u.dag_id, _u.task_id)):
        roles[use.id][use.role].append((use.dag_id, use.task_id))
        since[use.id][use.role, use.dag_id, use.task_id] = use.created_date
    aliases: dict[int, list[str]] = defaultdict(list)
    stood_for = select(_e.asset_id, asset_event_aliases.c.alias).distinct()
    stood_for = stood_for.join(asset_event_aliases, asset_event_aliases.c.event_id == _e.id)
    for row in tx.rows(stood_for.where(_e.asset_id.in_(wanted)).order_by(asset_event_aliases.c.alias)):
        aliases[row.asset_id].append(row.alias)
    return [_asset(row, roles[row.id], aliases[row.id], since[row.id]) for row in rows]


def count(tx: Tx, *, search: str | None = None, dag_id: str | None = None) -> int:
    """How many `list_` would give without a limit."""
    return int(tx.value(_picked(select(func.count()).select_from(assets), search, dag_id)) or 0)


def _picked(statement: Select[Any], search: str | None, dag_id: str | None) -> Select[Any]:
    if search is not None:
        statement = statement.where(
            or_(_a.name.contains(search, autoescape=True), _a.uri.contains(search, autoescape=True))
        )
    if dag_id is not None:
        mine = select(asset_uses.c.dag_id).where(_u.dag_id == dag_id, _of_asset()).correlate(assets)
        statement = statement.where(mine.exists())
    return statement


def _asset(
    row: Any,
    roles: Mapping[str, list[tuple[str, str]]] | None = None,
    aliases: Sequence[str] = (),
    since: Mapping[tuple[str, str, str], dt.datetime] | None = None,
) -> Asset:
    roles = roles or {}
    return Asset(
        id=row.id,
        name=row.name,
        uri=row.uri,
        group=row.group_name,
        created_date=row.created_date,
        scheduled_dags=tuple(dict.fromkeys(dag_id for dag_id, _ in roles.get("schedule", ()))),
        producing_tasks=tuple(roles.get("outlet", ())),
        consuming_tasks=tuple(roles.get("inlet", ())),
        aliases=tuple(aliases),
        last_event=getattr(row, "last_event", None),
        last_event_id=getattr(row, "last_event_id", None),
        since=since or {},
        events=getattr(row, "events", None) or 0,
    )
