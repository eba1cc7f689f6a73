"""Column types, and how JSON and moments travel: moments as UTC, JSON as text that any tool can read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import TIMESTAMP, Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine

from goflow.domain.canonical import encodable


class UtcMoment(TypeDecorator[dt.datetime]):
    """An aware moment in UTC, with microseconds.

    PostgreSQL: ``timestamp with time zone``. SQLite: text of a fixed width (``2026-01-31 06:00:00.000000+00:00``),
    which sorts as the moments do and which SQLite's own date functions understand.
    """

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Moments on their way in; a naive one is a defect of the caller and is refused."""
        if dialect.name == "postgresql":
            return _checked
        return _as_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Moments on their way out; psycopg hands out aware ones in the session's zone, which is UTC."""
        if dialect.name == "postgresql":
            return None
        return _from_text


def _checked(value: dt.datetime | None) -> dt.datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value


def _as_text(value: dt.datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not dt.UTC:
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(dt.UTC)
    return value.isoformat(sep=" ", timespec="microseconds")


def _from_text(value: str | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(value)


def dumps(value: Any) -> str:
    """VALUE as compact JSON text, as it stands in a JSON column."""
    return encodable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def loads(text: str | None, default: Any = None) -> Any:
    """The value of a JSON column; DEFAULT for null."""
    return default if text is None else json.loads(text)
