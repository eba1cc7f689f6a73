"""What keeps files, or DAGs in them, from being taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select

from goflow.domain.diagnostics import Diagnostic
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.rows import FileErrors
from goflow.store.tables import import_errors
from goflow.store.tx import Tx

_GET = select(import_errors).where(import_errors.c.path == bindparam("path"))
_AMONG = select(import_errors).where(import_errors.c.path.in_(bindparam("among", expanding=True)))
_PATHS = select(import_errors.c.path).order_by(import_errors.c.path)
_COUNT = select(func.count()).select_from(import_errors)
_LIST = select(import_errors).order_by(import_errors.c.path)


def list_(tx: Tx) -> list[FileErrors]:
    """Every file that has errors, by path."""
    return [_row(row) for row in tx.rows(_LIST)]


def paths(tx: Tx) -> list[str]:
    """Every file that has errors."""
    return [row.path for row in tx.rows(_PATHS)]


def count(tx: Tx) -> int:
    """How many files have errors."""
    return int(tx.value(_COUNT))


def get(tx: Tx, path: str) -> FileErrors | None:
    """The errors of a file; None when it has none."""
    row = tx.first(_GET, {"path": path})
    return None if row is None else _row(row)


def put(tx: Tx, path: str, diagnostics: Sequence[Diagnostic], *, who: str = "importer") -> None:
    """Write down what is wrong with a file now; an event tells when that is news."""
    put_all(tx, {path: diagnostics}, who=who)


def put_all(tx: Tx, errors: Mapping[str, Sequence[Diagnostic]], *, who: str = "importer") -> None:
    """The same for several files at once; those with no diagnostics are in order, and what was known is forgotten."""
    known = {row.path: row.diagnostics for row in tx.rows(_AMONG, {"among": list(errors)})}
    now = tx.now()
    rows = []
    for path, diagnostics in errors.items():
        if not diagnostics:
            if path in known:
                clear(tx, path, who=who)
            continue
        text = dumps([item.to_json() for item in diagnostics])
        rows.append({"path": path, "diagnostics": text, "first_seen_at": now, "last_seen_at": now})
        if known.get(path) != text:
            events.emit(tx, events.IMPORT_ERROR, who=who, data={"path": path, "count": len(diagnostics)})
    tx.upsert_many(import_errors, rows, keep=("first_seen_at",))


def clear(tx: Tx, path: str, *, who: str = "importer") -> bool:
    """Forget the errors of a file that is in order or gone; whether it had any."""
    gone = tx.change(delete(import_errors).where(import_errors.c.path == path)) > 0
    if gone:
        events.emit(tx, events.IMPORT_MENDED, who=who, data={"path": path})
    return gone


def _row(row: Row[Any]) -> FileErrors:
    values = row._asdict()
    values["diagnostics"] = tuple(Diagnostic.from_json(item) for item in loads(values["diagnostics"]))
    return FileErrors(**values)
