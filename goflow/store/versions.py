"""Versions of DAGs by file hash, their readings, and the specs themselves (decision 3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select

from goflow.domain.canonical import Json, canonical_json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.errors import NotFoundError
from goflow.domain.spec import DagSpec, Dialect, FileFormat
from goflow.store.columns import dumps, loads
from goflow.store.rows import DagReading, DagVersion
from goflow.store.tables import dag_readings, dag_versions
from goflow.store.tx import Tx

_VERSION = select(dag_versions)
_GET = _VERSION.where(dag_versions.c.id == bindparam("version_id"))
_LIST = _VERSION.where(dag_versions.c.dag_id == bindparam("dag_id")).order_by(dag_versions.c.number)
_BY_NUMBER = _VERSION.where(dag_versions.c.dag_id == bindparam("dag_id"), dag_versions.c.number == bindparam("number"))
_BY_HASH = _VERSION.where(
    dag_versions.c.dag_id == bindparam("dag_id"), dag_versions.c.file_hash == bindparam("file_hash")
)
_READING = select(*(column for column in dag_readings.c if column.name not in {"spec", "inputs"}))
_GET_READING = _READING.where(dag_readings.c.id == bindparam("reading_id"))
_READINGS = _READING.where(dag_readings.c.version_id == bindparam("version_id")).order_by(dag_readings.c.number)
_SAME_READING = select(dag_readings.c.id).where(
    dag_readings.c.version_id == bindparam("version_id"),
    dag_readings.c.spec_digest == bindparam("spec_digest"),
    dag_readings.c.inputs_digest == bindparam("inputs_digest"),
)
_SPEC = select(dag_readings.c.spec).where(dag_readings.c.id == bindparam("reading_id"))
_INPUTS = select(dag_readings.c.inputs, dag_readings.c.created_date).where(dag_readings.c.id == bindparam("reading_id"))
_LAST_NUMBER = select(func.coalesce(func.max(dag_versions.c.number), 0)).where(
    dag_versions.c.dag_id == bindparam("dag_id")
)
_LAST_READING = select(func.coalesce(func.max(dag_readings.c.number), 0)).where(
    dag_readings.c.version_id == bindparam("version_id")
)


def list_(tx: Tx, dag_id: str) -> list[DagVersion]:
    """All versions of a DAG, oldest first."""
    return [_version(row) for row in tx.rows(_LIST, {"dag_id": dag_id})]


def get(tx: Tx, version_id: int) -> DagVersion:
    """The version of that key. Raises NotFoundError."""
    row = tx.first(_GET, {"version_id": version_id})
    if row is None:
        raise NotFoundError(f"version {version_id}")
    return _version(row)


def by_number(tx: Tx, dag_id: str, number: int) -> DagVersion:
    """Version NUMBER of a DAG. Raises NotFoundError."""
    row = tx.first(_BY_NUMBER, {"dag_id": dag_id, "number": number})
    if row is None:
        raise NotFoundError(f"version {number} of DAG {dag_id}")
    return _version(row)


def readings(tx: Tx, version_id: int) -> list[DagReading]:
    """All readings of a version, oldest first."""
    return [_reading(row) for row in tx.rows(_READINGS, {"version_id": version_id})]


def reading(tx: Tx, reading_id: int) -> DagReading:
    """The reading of that key. Raises NotFoundError."""
    row = tx.first(_GET_READING, {"reading_id": reading_id})
    if row is None:
        raise NotFoundError(f"reading {reading_id}")
    return _reading(row)


def spec(tx: Tx, reading_id: int) -> DagSpec:
    """The DAG as that reading understood it; the last few hundred are kept in memory. Raises NotFoundError."""
    known = tx.store.specs.get(reading_id)
    if known is None:
        known = DagSpec.from_json(spec_json(tx, reading_id))
        tx.store.specs.put(reading_id, known)
    return known


def spec_json(tx: Tx, reading_id: int) -> dict[str, Json]:
    """The same as JSON. Raises NotFoundError."""
    text = tx.value(_SPEC, {"reading_id": reading_id})
    if text is None:
        raise NotFoundError(f"reading {reading_id}")
    document: dict[str, Json] = loads(text)
    return document


def inputs(tx: Tx, reading_id: int) -> dict[str, Any]:
    """What the file asked for when it was read, `goflow.domain.spec.InputsUsed` as JSON, and ``moment``: when (ISO)."""
    row = tx.first(_INPUTS, {"reading_id": reading_id})
    if row is None:
        raise NotFoundError(f"reading {reading_id}")
    document: dict[str, Any] = loads(tx.sealer.open(row.inputs))
    document["moment"] = row.created_date.isoformat()
    return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where a spec went: its version and reading, and whether each of them is new."""

    version: DagVersion
    reading_id: int
    new_version: bool
    new_reading: bool


def record(
    tx: Tx,
    spec: DagSpec,
    *,
    file_hash: str,
    folder_digest: str,
    file_path: str,
    inputs: Json,
    reader_version: str,
    diagnostics: Sequence[Diagnostic] = (),
    at: dt.datetime | None = None,
) -> Recorded:
    """Write a spec down as a reading of the version of that file hash; both are made where they are not there yet.

    The DAG's own row must be there. The folder must be in the store already when the version is new.
    """
    at = at or tx.now()
    tx.lock_name(f"dag {spec.dag_id}")
    row = tx.first(_BY_HASH, {"dag_id": spec.dag_id, "file_hash": file_hash})
    new_version = row is None
    if row is None:
        number = int(tx.value(_LAST_NUMBER, {"dag_id": spec.dag_id})) + 1
        values = {"dag_id": spec.dag_id, "number": number, "file_hash": file_hash, "folder_digest": folder_digest}
        values |= {"file_path": file_path, "file_format": spec.file_format.value, "created_date": at}
        tx.change(insert(dag_versions), values)
        row = tx.first(_BY_HASH, {"dag_id": spec.dag_id, "file_hash": file_hash})
        assert row is not None
    version = _version(row)
    reading = _reading_values(tx, spec, inputs)
    key = {"version_id": version.id, "spec_digest": reading["spec_digest"], "inputs_digest": reading["inputs_digest"]}
    known = tx.value(_SAME_READING, key)
    if known is not None:
        return Recorded(version=version, reading_id=int(known), new_version=new_version, new_reading=False)
    reading |= {
        "version_id": version.id,
        "number": int(tx.value(_LAST_READING, {"version_id": version.id})) + 1,
        "reader_version": reader_version,
        "diagnostics": dumps([item.to_json() for item in diagnostics]),
        "created_date": at,
    }
    tx.change(insert(dag_readings), reading)
    reading_id = int(tx.value(_SAME_READING, key))
    return Recorded(version=version, reading_id=reading_id, new_version=new_version, new_reading=True)


def _reading_values(tx: Tx, spec: DagSpec, inputs: Json) -> dict[str, Any]:
    text = canonical_json(inputs)
    return {
        "dialect": spec.dialect.value,
        "spec_digest": spec.digest(),
        "spec": canonical_json(spec.to_json()),
        "inputs": tx.sealer.seal(text),
        "inputs_digest": tx.sealer.keyed_digest(text),
    }


def _version(row: Row[Any]) -> DagVersion:
    values = row._asdict()
    values["file_format"] = FileFormat(values["file_format"])
    return DagVersion(**values)


def _reading(row: Row[Any]) -> DagReading:
    values: dict[str, Any] = row._asdict()
    values["dialect"] = Dialect(values["dialect"])
    found: Sequence[Mapping[str, Json]] = loads(values["diagnostics"], [])
    values["diagnostics"] = tuple(Diagnostic.from_json(dict(item)) for item in found)
    return DagReading(**values)
