"""What the last reading of each file depended on, so that a file is read again only when something of it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from goflow.domain.canonical import Json, canonical_json
from goflow.store.columns import dumps, loads
from goflow.store.rows import FileRecord
from goflow.store.tables import files
from goflow.store.tx import Tx

_GET = select(files).where(files.c.path == bindparam("path"))
_PATHS = select(files.c.path).order_by(files.c.path)
_ALL = select(files).order_by(files.c.path)


def get(tx: Tx, path: str) -> FileRecord | None:
    """The record of a file, or None."""
    row = tx.first(_GET, {"path": path})
    return None if row is None else _record(tx, row)


class Remembered:
    """Records as they were read the last time, by what is stored of them: most are the same from scan to scan, and
    opening ten thousand takes longer than looking whether they are."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Row[Any], FileRecord]] = {}

    def all_(self, tx: Tx) -> dict[str, FileRecord]:
        """The records of all files, by path."""
        now: dict[str, tuple[Row[Any], FileRecord]] = {}
        for row in tx.rows(_ALL):
            before = self._known.get(row.path)
            now[row.path] = before if before is not None and before[0] == row else (row, _record(tx, row))
        self._known = now
        return {path: record for path, (_, record) in now.items()}


def paths(tx: Tx) -> list[str]:
    """Every file that there is a record of."""
    return [row.path for row in tx.rows(_PATHS)]


def put_all(tx: Tx, records: Sequence[FileRecord]) -> None:
    """Write RECORDS down, each in place of an older one of the same file."""
    names = ("path", "digest", "reader_version", "looks_like_dag", "seconds", "last_read_at")
    tx.upsert_many(
        files,
        [
            {
                **{name: getattr(record, name) for name in names},
                "closure": dumps(dict(record.closure)),
                "inputs": _sealed(tx, dict(record.inputs)),
                "dag_ids": dumps(list(record.dag_ids)),
            }
            for record in records
        ],
    )


def _sealed(tx: Tx, inputs: dict[str, Json]) -> str:
    return tx.sealer.seal_inputs(inputs, canonical_json(inputs))


def delete_(tx: Tx, path: str) -> None:
    """Forget a file."""
    tx.change(delete(files).where(files.c.path == path))


def _record(tx: Tx, row: Row[Any]) -> FileRecord:
    values = row._asdict()
    values["closure"] = loads(values["closure"])
    values["inputs"] = loads(tx.sealer.open(values["inputs"]))
    values["dag_ids"] = tuple(loads(values["dag_ids"]))
    return FileRecord(**values)
