"""Versions of DAGs by file hash, their readings, and the specs themselves (decision 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.errors import NotFoundError
from goflow.domain.spec import DagSpec, Dialect, FileFormat
from goflow.store.columns import loads
from goflow.store.listing import Condition, Listing, Page
from goflow.store.rows import DagReading, DagVersion
from goflow.store.tables import dag_readings, dag_versions
from goflow.store.tx import Tx

_VERSION = select(dag_versions)
_GET = _VERSION.where(dag_versions.c.id == bindparam("version_id"))
_LIST = _VERSION.where(dag_versions.c.dag_id == bindparam("dag_id")).order_by(dag_versions.c.number)
_BY_NUMBER = _VERSION.where(dag_versions.c.dag_id == bindparam("dag_id"), dag_versions.c.number == bindparam("number"))
_READING = select(*(column for column in dag_readings.c if column.name not in {"spec", "inputs"}))
_GET_READING = _READING.where(dag_readings.c.id == bindparam("reading_id"))
_READINGS = _READING.where(dag_readings.c.version_id == bindparam("version_id")).order_by(dag_readings.c.number)
_SPEC = select(dag_readings.c.spec).where(dag_readings.c.id == bindparam("reading_id"))
_INPUTS = select(dag_readings.c.inputs, dag_readings.c.created_date).where(dag_readings.c.id == bindparam("reading_id"))


def list_(tx: Tx, dag_id: str) -> list[DagVersion]:
    """All versions of a DAG, oldest first."""
    return [version_row(row) for row in tx.rows(_LIST, {"dag_id": dag_id})]


def get(tx: Tx, version_id: int) -> DagVersion:
    """The version of that key. Raises NotFoundError."""
    row = tx.first(_GET, {"version_id": version_id})
    if row is None:
        raise NotFoundError(f"version {version_id}")
    return version_row(row)


def by_number(tx: Tx, dag_id: str, number: int) -> DagVersion:
    """Version NUMBER of a DAG. Raises NotFoundError."""
    row = tx.first(_BY_NUMBER, {"dag_id": dag_id, "number": number})
    if row is None:
        raise NotFoundError(f"version {number} of DAG {dag_id}")
    return version_row(row)


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
    """The DAG as that reading understood it; those asked for last are kept in memory. Raises NotFoundError."""
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


def version_row(row: Row[Any]) -> DagVersion:
    """A row of `dag_versions` as what is handed out."""
    values = row._asdict()
    values["file_format"] = FileFormat(values["file_format"])
    return DagVersion(**values)


def _reading(row: Row[Any]) -> DagReading:
    values: dict[str, Any] = row._asdict()
    values["dialect"] = Dialect(values["dialect"])
    found: Sequence[Mapping[str, Json]] = loads(values["diagnostics"], [])
    values["diagnostics"] = tuple(Diagnostic.from_json(dict(item)) for item in found)
    return DagReading(**values)


_v = dag_versions.c
_LISTING = Listing(
    statement=_VERSION,
    key=_v.id,
    fields={"dag_id": _v.dag_id, "version_number": _v.number, "bundle_version": _v.file_hash},
    orders={"id": [_v.id], "version_number": [_v.number], "bundle_version": [_v.file_hash], "bundle_name": [_v.dag_id]},
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[DagVersion], int]:
    """Versions, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [version_row(row) for row in rows], total


def by_ids(tx: Tx, ids: Collection[int]) -> list[DagVersion]:
    """The versions of those keys."""
    rows = tx.rows(_VERSION.where(_v.id.in_(list(ids)))) if ids else ()
    return [version_row(row) for row in rows]


def mentions(tx: Tx, reading_ids: Collection[int], fields: Sequence[str]) -> dict[int, frozenset[str]]:
    """Which of FIELDS the specs of those readings say something of, DAG or tasks, without reading them as a whole."""
    if not reading_ids:
        return {}
    c = dag_readings.c
    said = [c.spec.contains(f'"{field}":', autoescape=True).label(field) for field in fields]
    rows = tx.rows(select(c.id, *said).where(c.id.in_(list(reading_ids))))
    return {row.id: frozenset(field for field in fields if getattr(row, field)) for row in rows}
