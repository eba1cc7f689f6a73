"""Lists for people and programs: rows by conditions on named fields, in the order that was asked for, a page at a time.

What conditions mean is Airflow's (``airflow.api_fastapi.common.parameters``), whichever database holds the rows: also
that ascending order has those without a value last.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, Select, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from goflow.domain.errors import InvalidRequestError
from goflow.store.tx import Tx

MOST_ORDERS = 10
"""Fields that a list is ordered by at most, as in Airflow."""


class Op(enum.StrEnum):
    """How a field is held against a value: one of several, a part or the beginning of it, or a bound."""

    IN = "in"
    CONTAINS = "contains"
    PREFIX = "prefix"
    GTE = "gte"
    GT = "gt"
    LTE = "lte"
    LT = "lt"


@dataclass(frozen=True, slots=True)
class Condition:
    """FIELD held against VALUE: for `Op.IN` a list, whose None stands for no value; else one value."""

    field: str
    op: Op
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: LIMIT rows (None: all) behind the first OFFSET, by the fields ORDER_BY (``-field``:
    falling; none: as the list itself has it)."""

    limit: int | None = 50
    offset: int = 0
    order_by: Sequence[str] = ()


Special = Callable[[Condition, Tx], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list that can be asked for: the rows of STATEMENT, told apart by KEY.

    FIELDS are what conditions name; ORDERS what it can be ordered by (DEFAULT where nobody says); SPECIAL conditions
    have a way of their own; of OPEN_ENDED moments one that is not there yet counts as now; in patterns of PLAIN fields
    ``|`` is no *or*.
    """

    statement: Select[Any]
    key: ColumnElement[Any]
    fields: Mapping[str, ColumnElement[Any]]
    orders: Mapping[str, Sequence[ColumnElement[Any]]]
    default: str = ""
    special: Mapping[str, Special] = field(default_factory=dict)
    open_ended: Collection[str] = ()
    plain: Collection[str] = ()

    def page(
        self,
        tx: Tx,
        conditions: Sequence[Condition],
        page: Page,
        *more: ColumnElement[bool],
        statement: Select[Any] | None = None,
    ) -> tuple[Sequence[Row[Any]], int]:
        """The rows of PAGE that fulfil all CONDITIONS and MORE, and how many there are in all; of STATEMENT where that
        is given.

        Raises InvalidRequestError for an order that there is not.
        """
        chosen = self.statement if statement is None else statement
        statement = chosen.where(*(self._clause(one, tx) for one in conditions), *more)
        ordered = statement.order_by(*self._order(page.order_by)).offset(page.offset)
        rows = tx.rows(ordered if page.limit is None else ordered.limit(page.limit))
        if (rows or not page.offset) and (page.limit is None or len(rows) < page.limit):
            return rows, page.offset + len(rows)
        return rows, int(tx.value(select(func.count()).select_from(statement.with_only_columns(self.key).subquery())))

    def _order(self, names: Sequence[str]) -> list[ColumnElement[Any]]:
        if len(names) > MOST_ORDERS:
            words = f"Ordering with more than {MOST_ORDERS} parameters is not allowed. Provided: {list(names)}"
            raise InvalidRequestError(words)
        names = list(names) or [self.default]
        found = [_directed(column, falling=name.startswith("-")) for name in names for column in self._columns(name)]
        falling = names[0].startswith("-")
        return [*found, *(_directed(column, falling=falling) for column in (*self.orders.get("", ()), self.key))]

    def _columns(self, name: str) -> Sequence[ColumnElement[Any]]:
        bare = name.lstrip("-")
        if not bare and "" not in self.orders:
            return ()
        if bare not in self.orders:
            hint = f"there are: {', '.join(sorted(self.orders))}"
            words = f"Ordering with '{bare}' is disallowed or the attribute does not exist on the model"
            raise InvalidRequestError(words, hint=hint)
        return self.orders[bare]

    def _clause(self, one: Condition, tx: Tx) -> ColumnElement[bool]:
        if one.field in self.special:
            return self.special[one.field](one, tx)
        column = self.fields[one.field]
        if one.op is Op.IN:
            return among(column, one.value)
        if one.op in {Op.CONTAINS, Op.PREFIX}:
            return _patterns(column, one, several=one.field not in self.plain)
        bound = _BOUNDS[one.op](column, one.value)
        if one.field not in self.open_ended:
            return bound
        open_now = one.op in {Op.GTE, Op.GT} or (isinstance(one.value, dt.datetime) and tx.now() <= one.value)
        return or_(bound, column.is_(None)) if open_now else bound


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """COLUMN is one of VALUES; None among them stands for no value."""
    known = [value for value in values if value is not None]
    found = [column.in_(known)] if known or len(known) == len(values) else []
    return or_(*found, *([column.is_(None)] if len(known) < len(values) else []))


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """TEXT is a part of COLUMN, in any case; ``%`` and ``_`` stand for themselves."""
    return column.icontains(text, autoescape=True)


def _patterns(column: ColumnElement[Any], one: Condition, *, several: bool) -> ColumnElement[bool]:
    """A pattern, or with SEVERAL patterns between ``|`` one of them; ``~`` fits everything."""
    text = str(one.value)
    terms = [term.strip() for term in text.split("|") if term.strip()] if several and "|" in text else []
    return or_(*(_pattern(column, one.op, term) for term in terms or [text]))


def _pattern(column: ColumnElement[Any], op: Op, term: str) -> ColumnElement[bool]:
    if op is Op.CONTAINS:
        return column.ilike("%" if term == "~" else f"%{term}%")
    while term and not term[-1].isalnum():
        term = term[:-1]
    return func.substr(column, 1, len(term)) == term if term else column.is_not(None)


_BOUNDS: Mapping[Op, Callable[[Any, Any], ColumnElement[bool]]] = {
    Op.GTE: lambda column, value: column >= value,
    Op.GT: lambda column, value: column > value,
    Op.LTE: lambda column, value: column <= value,
    Op.LT: lambda column, value: column < value,
}


def _directed(column: ColumnElement[Any], *, falling: bool) -> ColumnElement[Any]:
    """The order; what always has a value needs no words about those without, and so may use its index."""
    directed = column.desc() if falling else column.asc()
    if getattr(column, "nullable", True) is False:
        return directed
    return directed.nulls_first() if falling else directed.nulls_last()


class seconds_between(FunctionElement[float]):  # noqa: N801 - as functions of SQL are named
    """The seconds from one moment to a later one; null where one of them is."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _of_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    start, end = (compiler.process(clause, **words) for clause in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _of_postgresql(element: Any, compiler: Any, **words: Any) -> str:
    start, end = (compiler.process(clause, **words) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {start}))::float8"


__all__ = ["Condition", "Listing", "Op", "Page", "among", "contains", "seconds_between"]
