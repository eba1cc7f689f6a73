"""One statement for many rows, where the driver would send one for each: on PostgreSQL their values travel as one JSON
text, which costs both sides a fraction of what as many sets of parameters cost. Keys that are looked for travel as one
array: with a parameter for each it would be another statement for each number of them, and both sides would work each
out anew.

https://www.postgresql.org/docs/current/functions-json.html (``json_to_recordset``)
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
import sqlalchemy
from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Executable,
    Insert,
    Integer,
    String,
    Text,
    Update,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.sql import operators, visitors
from sqlalchemy.types import NullType

FEWEST = 4
"""Rows from which on it pays."""
ROWS = "goflow_rows"
"""The parameter that has them."""
_OPTION = orjson.OPT_PASSTHROUGH_DATETIME
"""Moments are `_plain`'s to write."""


def as_json(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The parameters of what `for_many` gives. Raises ValueError for a moment without a zone, and TypeError for what
    JSON has no form for, or no database a place (half of a pair of surrogates)."""
    try:
        return {ROWS: orjson.dumps(rows, default=_plain, option=_OPTION).decode()}
    except TypeError as problem:
        raise problem.__cause__ or problem from None  # what `_plain` has raised says it better


@functools.lru_cache(maxsize=256)
def for_many(statement: Executable, names: tuple[str, ...]) -> Executable | None:
    """STATEMENT, which updates or inserts one row with the parameters NAMES, for any number of rows; None where it is
    another kind of statement. Raises TypeError for parameters of an update that have no type.

    No two of the rows may be for the same row of the table that is updated: only one of them would count.
    """
    if type(statement) is Insert:
        columns = [statement.table.c[name] for name in names]
        given = _given({name: statement.table.c[name].type for name in names})
        return statement.from_select(columns, select(*(given.c[name] for name in names)))
    if type(statement) is Update:
        types = {part.key: part.type for part in visitors.iterate(statement) if isinstance(part, BindParameter)}
        untyped = [name for name in names if isinstance(types[name], NullType)]
        if untyped:
            raise TypeError(f"parameters of an update without a type: {untyped}")
        given = _given({name: types[name] for name in names})

        def of_row(part: Any, **_: Any) -> Any:
            return given.c[part.key] if isinstance(part, BindParameter) and part.key in names else None

        replace: Any = visitors.replacement_traverse  # its types know of no update
        return cast("Update", replace(statement, {}, of_row))
    return None


@functools.lru_cache(maxsize=256)
def with_arrays(statement: Executable) -> Executable:
    """STATEMENT with an array for each of its parameters of many values, where these are numbers or texts that a column
    is looked for among."""

    def of_condition(part: Any, **_: Any) -> Any:
        if not isinstance(part, BinaryExpression) or part.operator is not operators.in_op:
            return None
        kind, many = part.left.type, part.right
        if not isinstance(many, BindParameter) or not isinstance(kind, Integer | String):
            return None
        if not (many.expanding and many.required):  # a list that stands in the statement: an index may be for just that
            return None
        return part.left == any_(bindparam(many.key, type_=ARRAY(kind)))

    replace: Any = visitors.replacement_traverse
    return cast("Executable", replace(statement, {}, of_condition))


def _given(types: Mapping[str, Any]) -> Any:
    """The rows as a table with columns of those TYPES."""
    rows = func.json_to_recordset(sqlalchemy.cast(bindparam(ROWS, type_=Text), JSON))
    columns = [column(name, kind) for name, kind in types.items()]
    return rows.table_valued(*columns).render_derived(name="given", with_types=True)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} among the values of many rows")
