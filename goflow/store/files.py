"""What the last reading of each file depended on, so that a file is read again only when something of it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, String, bindparam, delete, select, type_coerce

from goflow.domain.canonical import Json, canonical_json
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.rows import FileRecord
from goflow.store.tables import files
from goflow.store.tx import Tx

_GET = select(files).where(files.c.path == bindparam("path"))
_PATHS = select(files.c.path).order_by(files.c.path)
_READ_AT = type_coerce(files.c.last_read_at, String).label("read_at")
"""As the database has it: it is compared, and making ten thousand moments takes time."""
_MARKS = select(files.c.path, files.c.seconds, _READ_AT)
_ALL = select(files, _READ_AT)
_SOME = _ALL.where(files.c.path.in_(bindparam("paths", expanding=True)))
_SECONDS = files.c.keys().index("seconds")
_MOST_NAMED = 500
_Known = dict[str, tuple[tuple[Any, ...], FileRecord]]


def get(tx: Tx, path: str) -> FileRecord | None:
    """The record of a file, or None."""
    row = tx.first(_GET, {"path": path})
    return None if row is None else _record(tx, row)


class Remembered:
    """Records as they were read the last time, by what is stored of them: most are the same from scan to scan, and
    opening ten thousand takes longer than looking whether they are."""

    def __init__(self) -> None:
        self._known: _Known = {}

    def all_(self, tx: Tx, *, thorough: bool = True) -> dict[str, FileRecord]:
        """The records of all files, by path. Without THOROUGH those are as before which are of the same reading, as
        its moment and the microseconds that it took tell."""
        rows, known = (tx.rows(_ALL), {}) if thorough else self._others(tx)
        for row in rows:
            values = tuple(row)
            before = self._known.get(values[0])
            known[values[0]] = before if before is not None and before[0] == values else (values, _record(tx, row))
        self._known = known
        return {path: record for path, (_, record) in known.items()}

    def _others(self, tx: Tx) -> tuple[Sequence[Row[Any]], _Known]:
        """The rows that may be others than before, and what is known of those that are not."""
        same: _Known = {}
        others = []
        for path, seconds, read_at in map(tuple, tx.rows(_MARKS)):
            before = self._known.get(path)
            if before is not None and before[0][_SECONDS] == seconds and before[0][-1] == read_at:
                same[path] = before
            else:
                others.append(path)
        if len(others) > _MOST_NAMED:
            return tx.rows(_ALL), {}
        return tx.rows(_SOME, {"paths": others}) if others else (), same


def paths(tx: Tx) -> list[str]:
    """Every file that there is a record of."""
    return [path for (path,) in map(tuple, tx.rows(_PATHS))]


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


def read_again(tx: Tx, path: str, *, who: str) -> None:
    """Have the next scan read a file anew, whatever it has found before, as WHO has asked for."""
    delete_(tx, path)
    events.emit(tx, events.FILE_READ_AGAIN, who=who, data={"path": path})


def _record(tx: Tx, row: Row[Any]) -> FileRecord:
    values = dict(zip(files.c.keys(), row, strict=False))
    values["closure"] = loads(values["closure"])
    values["inputs"] = loads(tx.sealer.open(values["inputs"]))
    values["dag_ids"] = tuple(loads(values["dag_ids"]))
    return FileRecord(**values)
