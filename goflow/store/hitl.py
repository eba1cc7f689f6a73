"""What tasks ask people, and what was answered. Both are written by `goflow.store.transitions.hitl`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from goflow.domain.hitl import Answer, Question, User
from goflow.store.columns import dumps, loads
from goflow.store.hitl_tables import hitl_details, hitl_history
from goflow.store.listing import Condition, Listing, Page
from goflow.store.tables import dag_runs, task_instances
from goflow.store.tx import Tx

_h, _t = hitl_details.c, task_instances.c
_DETAILS = select(hitl_details, _t.dag_id, _t.run_id, _t.task_id, _t.map_index).join(
    task_instances, _t.id == _h.task_instance_id
)

_HISTORY = select(hitl_history, _t.dag_id, _t.run_id, _t.task_id, _t.map_index).join(
    task_instances, _t.id == hitl_history.c.task_instance_id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitlDetail:
    """A question of a task instance, asked by that launch, with its ANSWER if there is one."""

    task_instance_id: int
    launch_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    question: Question
    created_at: dt.datetime
    answer: Answer | None


def find(tx: Tx, ti_id: int) -> HitlDetail | None:
    """What the task instance asks; None: nothing."""
    row = tx.first(_DETAILS.where(_h.task_instance_id == ti_id))
    return None if row is None else _detail(row)


def of_launches(tx: Tx, ti_id: int, launch_ids: Collection[str]) -> HitlDetail | None:
    """What the task instance has asked in those launches (of one try), now or before, the last; None: nothing."""
    for statement, c in ((_DETAILS, _h), (_HISTORY, hitl_history.c)):
        asked = statement.where(c.task_instance_id == ti_id, c.launch_id.in_(list(launch_ids)))
        row = tx.first(asked.order_by(c.created_at.desc(), c.launch_id.desc()))
        if row is not None:
            return _detail(row)
    return None


def list_(
    tx: Tx,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    answered: bool | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[HitlDetail]:
    """Questions, the oldest first. ANSWERED None: either."""
    statement = _picked(_DETAILS, dag_id, run_id, task_id, answered)
    rows = tx.rows(statement.order_by(_h.created_at, _h.task_instance_id).limit(limit).offset(offset))
    return [_detail(row) for row in rows]


def count(
    tx: Tx,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    answered: bool | None = None,
) -> int:
    """How many `list_` would give without a limit."""
    counted = _picked(_DETAILS, dag_id, run_id, task_id, answered).subquery()
    return int(tx.value(select(func.count()).select_from(counted)) or 0)


def _picked(
    statement: Select[Any], dag_id: str | None, run_id: str | None, task_id: str | None, answered: bool | None
) -> Select[Any]:
    for column, value in ((_t.dag_id, dag_id), (_t.run_id, run_id), (_t.task_id, task_id)):
        if value is not None:
            statement = statement.where(column == value)
    if answered is None:
        return statement
    return statement.where(_h.responded_at.is_not(None) if answered else _h.responded_at.is_(None))


def _detail(row: Any) -> HitlDetail:
    by = loads(row.responded_by, None)
    answer = None
    if row.responded_at is not None:
        answer = Answer(
            at=row.responded_at,
            chosen_options=tuple(loads(row.chosen_options, [])),
            params_input=loads(row.params_input, {}),
            by=None if by is None else User(**by),
        )
    defaults = loads(row.defaults, None)
    return HitlDetail(
        task_instance_id=row.task_instance_id,
        launch_id=row.launch_id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        question=Question(
            subject=row.subject,
            options=tuple(loads(row.options, [])),
            body=row.body,
            defaults=None if defaults is None else tuple(defaults),
            multiple=bool(row.multiple),
            params=loads(row.params, {}),
            assigned_users=tuple(User(**user) for user in loads(row.assigned_users, [])),
        ),
        created_at=row.created_at,
        answer=answer,
    )


def _answered(one: Condition, tx: Tx) -> ColumnElement[bool]:
    return _h.responded_at.is_not(None) if one.value[0] else _h.responded_at.is_(None)


def _by(field: str) -> Any:
    """Whoever has answered has one of the condition's values as FIELD."""

    def clause(one: Condition, tx: Tx) -> ColumnElement[bool]:
        return or_(*(_h.responded_by.contains(f'"{field}":{dumps(value)}', autoescape=True) for value in one.value))

    return clause


_LISTING = Listing(
    statement=_DETAILS.join(dag_runs, dag_runs.c.id == _t.dag_run_id),
    key=_h.task_instance_id,
    fields={
        "dag_id": _t.dag_id,
        "run_id": _t.run_id,
        "task_id": _t.task_id,
        "map_index": _t.map_index,
        "state": _t.state,
        "subject": _h.subject,
        "body": _h.body,
        "created_at": _h.created_at,
    },
    orders={
        "": [_h.created_at],
        "ti_id": [_h.task_instance_id],
        "subject": [_h.subject],
        "responded_at": [_h.responded_at],
        "created_at": [_h.created_at],
        "responded_by_user_id": [_h.responded_by],
        "responded_by_user_name": [_h.responded_by],
        "dag_id": [_t.dag_id],
        "run_id": [_t.run_id],
        "task_display_name": [_t.task_id],
        "run_after": [dag_runs.c.run_after],
        "rendered_map_index": [_t.rendered_map_index, _t.map_index],
        "task_instance_state": [_t.state],
    },
    special={
        "response_received": _answered,
        "responded_by_user_id": _by("id"),
        "responded_by_user_name": _by("name"),
    },
    plain=("subject", "body"),
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[HitlDetail], int]:
    """Questions, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [_detail(row) for row in rows], total
