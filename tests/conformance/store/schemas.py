"""What a schema holds, as the database itself tells it, and what of it a change has taken from older code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, inspect


@dataclass
class Table:
    """A table: columns as (type, may it be null, has it a default), and what keeps rows out or lets upserts find them."""

    columns: dict[str, tuple[str, bool, bool]]
    unique: set[tuple[str, ...]] = field(default_factory=set)
    """Columns of its key, of unique constraints and of unique indexes."""
    foreign: set[tuple[str, ...]] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)


def schema_of(connection: Connection) -> dict[str, Table]:
    """Every table of the database but alembic's own."""
    asked = inspect(connection)
    return {name: _table(asked, name) for name in asked.get_table_names() if name != "alembic_version"}


def _table(asked: Any, name: str) -> Table:
    key = asked.get_pk_constraint(name)["constrained_columns"]
    columns = {
        column["name"]: (
            str(column["type"]),
            bool(column["nullable"]),
            column["default"] is not None
            or column.get("identity") is not None
            or column.get("autoincrement") is True
            or (len(key) == 1 and column["name"] in key),  # SQLite gives an integer key its value
        )
        for column in asked.get_columns(name)
    }
    found = Table(columns)
    found.unique = {("key", *key)}
    found.unique |= {("unique", *one["column_names"]) for one in asked.get_unique_constraints(name)}
    found.unique |= {
        ("index", *one["column_names"], *(f"{key}={value}" for key, value in one.get("dialect_options", {}).items()))
        for one in asked.get_indexes(name)
        if one["unique"]
    }
    found.foreign = {
        (*one["constrained_columns"], one["referred_table"], *one["referred_columns"], str(one["options"]))
        for one in asked.get_foreign_keys(name)
    }
    found.checks = {str(one["sqltext"]) for one in asked.get_check_constraints(name)}
    return found


def taken_away(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """What older code may miss or run into, in words; nothing for a change that only expands."""
    found: list[str] = []
    for name, old in before.items():
        if name not in after:
            found.append(f"table {name} is gone")
            continue
        found += [f"{name}: {words}" for words in _in_table(old, after[name])]
    return found


def _in_table(old: Table, new: Table) -> list[str]:
    found = []
    for name, (kind, null, default) in old.columns.items():
        if name not in new.columns:
            found.append(f"column {name} is gone")
            continue
        kind_now, null_now, default_now = new.columns[name]
        if kind_now != kind:
            found.append(f"column {name} was {kind} and is {kind_now}")
        if null and not null_now:
            found.append(f"column {name} may not be null any more")
        if default and not default_now:
            found.append(f"column {name} has no default any more")
    for name in sorted(new.columns.keys() - old.columns.keys()):
        _, null, default = new.columns[name]
        if not null and not default:
            found.append(f"column {name} is new, may not be null and has no default")
    for what in ("unique", "foreign", "checks"):
        found += [f"{what} {one} is gone" for one in sorted(getattr(old, what) - getattr(new, what))]
        found += [f"{what} {one} is new" for one in sorted(getattr(new, what) - getattr(old, what))]
    return [words for words in found if not (words.startswith("foreign") and words.endswith("is gone"))]
