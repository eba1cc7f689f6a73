"""What lists are asked for: pages, orders and filters, by Airflow's names, as conditions for the store.

A filter's name says how it is meant: ``x`` one of, ``x_gte`` and ``x_lt`` bounds, ``x_pattern`` a part of the text in
any case, ``x_prefix_pattern`` its beginning.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from fastapi import HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.state import RunState, TaskState
from goflow.server.rest.context import UtcMoment
from goflow.store.listing import Condition, Op, Page

DEFAULT_LIMIT = 50
"""Rows of a page where nobody says how many, as in Airflow."""
MOST_ROWS = 1000
"""Rows of a page at most; whoever asks for more gets so many (Airflow: 100)."""
_MOST = 2**63 - 1
"""The largest number that either database knows."""

Number = Annotated[int, Field(ge=-_MOST, le=_MOST)]
Natural = Annotated[int, Field(ge=0, le=_MOST)]
PathNumber = Annotated[int, Path(ge=-_MOST, le=_MOST)]
MapIndex = Annotated[int, Field(ge=-1, le=_MOST)]
Bound = UtcMoment | None
Seconds = Annotated[float, Field(allow_inf_nan=False)] | None


class Paging(BaseModel):
    """A part of a list: LIMIT rows behind the first OFFSET, in an order."""

    model_config = ConfigDict(extra="ignore")
    limit: Natural = DEFAULT_LIMIT
    offset: Natural = 0
    order_by: list[str] = Field(
        default_factory=list, description="the fields to order by, each with `-` before it for falling order"
    )

    def page(self) -> Page:
        """It, as the store takes it."""
        return Page(limit=min(self.limit, MOST_ROWS), offset=self.offset, order_by=self.order_by)


PagingQuery = Annotated[Paging, Query()]


class BatchPaging(BaseModel):
    """The same in a body of a batch route."""

    model_config = ConfigDict(extra="forbid")
    page_limit: Natural = 100
    page_offset: Natural = 0
    order_by: str | None = None

    def page(self) -> Page:
        """It, as the store takes it."""
        order = (self.order_by,) if self.order_by else ()
        return Page(limit=min(self.page_limit, MOST_ROWS), offset=self.page_offset, order_by=order)


class Ranges(BaseModel):
    """Bounds of what runs and task instances have."""

    run_after_gte: Bound = None
    run_after_gt: Bound = None
    run_after_lte: Bound = None
    run_after_lt: Bound = None
    logical_date_gte: Bound = None
    logical_date_gt: Bound = None
    logical_date_lte: Bound = None
    logical_date_lt: Bound = None
    start_date_gte: Bound = None
    start_date_gt: Bound = None
    start_date_lte: Bound = None
    start_date_lt: Bound = None
    end_date_gte: Bound = None
    end_date_gt: Bound = None
    end_date_lte: Bound = None
    end_date_lt: Bound = None
    duration_gte: Seconds = None
    duration_gt: Seconds = None
    duration_lte: Seconds = None
    duration_lt: Seconds = None


class MoreRanges(Ranges):
    """The same with when a row was changed."""

    updated_at_gte: Bound = None
    updated_at_gt: Bound = None
    updated_at_lte: Bound = None
    updated_at_lt: Bound = None


_SUFFIXES = (
    ("_prefix_pattern", Op.PREFIX),
    ("_pattern", Op.CONTAINS),
    ("_gte", Op.GTE),
    ("_gt", Op.GT),
    ("_lte", Op.LTE),
    ("_lt", Op.LT),
)
_OF_PAGES = frozenset({*Paging.model_fields, *BatchPaging.model_fields, "cursor"})


def conditions(query: BaseModel, *, besides: Collection[str] = (), **names: str) -> list[Condition]:
    """What QUERY asks for, but for its page and the fields BESIDES; NAMES: what the store calls a field otherwise."""
    found = []
    for name in type(query).model_fields:
        value = getattr(query, name)
        if name in _OF_PAGES or name in besides or value is None or value == []:
            continue
        suffix, op = next(((suffix, op) for suffix, op in _SUFFIXES if name.endswith(suffix)), ("", Op.IN))
        field = name.removesuffix(suffix)
        if op is Op.IN and not isinstance(value, list):
            value = [value]
        if op is Op.IN:
            value = [one.value if isinstance(one, enum.Enum) else one for one in value]
        found.append(Condition(names.get(name, names.get(field, field)), op, value))
    return found


def is_(field: str, *values: Any) -> Condition:
    """FIELD has one of VALUES."""
    return Condition(field, Op.IN, list(values))


def run_states(words: Iterable[str | None]) -> list[str]:
    """States of runs by their names. Raises HTTPException 422."""
    return _states(words, {state.value for state in RunState}, {})


def task_states(words: Iterable[str | None]) -> list[str]:
    """States of task instances by their names; ``none``, ``no_status`` and null mean none. Raises HTTPException 422."""
    none = TaskState.NONE.value
    return _states(words, {state.value for state in TaskState}, {None: none, "no_status": none, "null": none})


def _states(words: Iterable[str | None], known: set[str], others: dict[str | None, str]) -> list[str]:
    found = [str(others.get(word, word or "")) for word in words]
    if not known.issuperset(found):
        valid = ", ".join(sorted(known - {TaskState.NONE.value}))
        raise HTTPException(422, f"Invalid value for state. Valid values are {valid}")
    return found
