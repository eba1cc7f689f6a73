"""Writing down what was read: a DAG's row, its version by file hash and its reading, in one go (decision 3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from goflow.domain.canonical import Json, canonical_json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import DagSpec, WrittenSpec
from goflow.store import events
from goflow.store.columns import dumps
from goflow.store.rows import DagVersion
from goflow.store.tables import dag_readings, dag_versions, dags
from goflow.store.tx import Tx
from goflow.store.versions import version_row

_BY_HASH = select(dag_versions).where(
    dag_versions.c.dag_id == bindparam("dag_id"), dag_versions.c.file_hash == bindparam("file_hash")
)
_LAST_NUMBER = select(func.coalesce(func.max(dag_versions.c.number), 0)).where(
    dag_versions.c.dag_id == bindparam("dag_id")
)
_SAME_READING = select(dag_readings.c.id).where(
    dag_readings.c.version_id == bindparam("version_id"),
    dag_readings.c.spec_digest == bindparam("spec_digest"),
    dag_readings.c.inputs_digest == bindparam("inputs_digest"),
)
_LAST_READING = select(func.coalesce(func.max(dag_readings.c.number), 0)).where(
    dag_readings.c.version_id == bindparam("version_id")
)
_NEW_DAG = insert(dags)
_PUT_IN_FORCE = (
    update(dags)
    .where(dags.c.id == bindparam("dag_key"))
    .values({name: bindparam(name) for name in ("version", "version_id", "reading_id")})
)
_DAG = select(dags.c.version_id, dags.c.reading_id, dags.c.is_active, dags.c.file_path).where(
    dags.c.id == bindparam("dag_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One DAG of one reading of a file, ready to be written down.

    WRITTEN is SPEC as it is stored. FOLDER_DIGEST names a folder that is stored already. INPUTS is `InputsUsed` as
    JSON. NAMESPACE is that of DAGs which name none. PAUSED holds for a DAG that is new and does not say itself.
    """

    spec: DagSpec
    written: WrittenSpec
    file_hash: str
    folder_digest: str
    file_path: str
    inputs: Json
    reader_version: str
    diagnostics: Sequence[Diagnostic] = ()
    namespace: str = ""
    paused: bool = True


def has_version(tx: Tx, dag_id: str, file_hash: str) -> bool:
    """Whether the DAG has a version of that file hash, and with it a folder."""
    return tx.first(_BY_HASH, {"dag_id": dag_id, "file_hash": file_hash}) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where a reading went: its version and key, and what of it is new."""

    version: DagVersion
    reading_id: int
    new_dag: bool
    new_version: bool
    new_reading: bool


def record(tx: Tx, reading: Reading, *, who: str = "importer", at: dt.datetime | None = None) -> Recorded:
    """Put READING in force: the DAG active, at the version of that file hash and at this reading of it.

    Version and reading are made where they are not there yet, so doing it again changes nothing. Events:
    ``dag.version`` when another version or reading comes into force, ``dag.activated`` when the DAG was not active.
    """
    at = at or tx.now()
    dag_id = reading.spec.dag_id
    tx.lock_name(f"dag {dag_id}")
    before = tx.first(_DAG, {"dag_id": dag_id})
    if before is None:
        tx.change(_NEW_DAG, {"id": dag_id, "created_date": at, **_first_values(reading), **_values(reading, at)})
    version, new_version = _version(tx, reading, at, is_new=before is None)
    reading_id, new_reading = _reading(tx, reading, version.id, at, is_new=new_version)
    if before is None:
        key = {"dag_key": dag_id, "version": version.number, "version_id": version.id, "reading_id": reading_id}
        tx.change(_PUT_IN_FORCE, key)
    elif _differs(before, version.id, reading_id, reading.file_path):
        current = {"version": version.number, "version_id": version.id, "reading_id": reading_id, "is_active": True}
        tx.change(update(dags).where(dags.c.id == dag_id).values(**_values(reading, at), **current))
    if before is None or _differs(before, version.id, reading_id, reading.file_path):
        _tell(tx, dag_id, before, version, reading_id, who=who, at=at)
    return Recorded(
        version=version,
        reading_id=reading_id,
        new_dag=before is None,
        new_version=new_version,
        new_reading=new_reading,
    )


def _differs(before: Row[Any], version_id: int, reading_id: int, file_path: str) -> bool:
    now = (version_id, reading_id, True, file_path)
    return (before.version_id, before.reading_id, bool(before.is_active), before.file_path) != now


def _tell(
    tx: Tx, dag_id: str, before: Row[Any] | None, version: DagVersion, reading_id: int, *, who: str, at: dt.datetime
) -> None:
    if before is None or not before.is_active:
        events.emit(tx, events.DAG_ACTIVATED, dag_id=dag_id, who=who, at=at)
    if before is None or (before.version_id, before.reading_id) != (version.id, reading_id):
        data: dict[str, Json] = {"version": version.number, "version_id": version.id, "reading_id": reading_id}
        events.emit(tx, events.DAG_VERSION, dag_id=dag_id, who=who, data=data, at=at)


def _first_values(reading: Reading) -> dict[str, Any]:
    own = reading.spec.is_paused_upon_creation
    return {"is_paused": reading.paused if own is None else own, "is_active": True}


def _values(reading: Reading, at: dt.datetime) -> dict[str, Any]:
    """The columns of the DAG's row that follow its spec."""
    spec = reading.spec
    return {
        "name": spec.display_name or spec.dag_id,
        "namespace": _namespace(spec) or reading.namespace,
        "file_path": reading.file_path,
        "file_format": spec.file_format.value,
        "last_updated_date": at,
        "dialect": spec.dialect.value,
        "dialect_source": spec.dialect_source,
        "description": spec.description,
        "tags": dumps(sorted(spec.tags)),
        "owners": dumps(sorted(spec.owners)),
        "schedule": canonical_json(spec.schedule.to_json()),
        "task_count": len(spec.tasks),
        "max_active_runs": spec.max_active_runs,
        "max_active_tasks": spec.max_active_tasks,
    }


def _namespace(spec: DagSpec) -> str:
    """Where its Jobs run, as far as the file says: for the DAG, or the same for all of its tasks."""
    of_tasks = {task.runtime.namespace or "" for task in spec.tasks}
    return spec.runtime.namespace or (of_tasks.pop() if len(of_tasks) == 1 else "")


def _version(tx: Tx, reading: Reading, at: dt.datetime, *, is_new: bool) -> tuple[DagVersion, bool]:
    """The version of that file hash; IS_NEW: the DAG is, so that there is none to be found."""
    key = {"dag_id": reading.spec.dag_id, "file_hash": reading.file_hash}
    row = None if is_new else tx.first(_BY_HASH, key)
    if row is not None:
        return version_row(row), False
    number = 1 if is_new else int(tx.value(_LAST_NUMBER, {"dag_id": reading.spec.dag_id})) + 1
    values: dict[str, Any] = {
        **key,
        "number": number,
        "folder_digest": reading.folder_digest,
        "file_path": reading.file_path,
        "file_format": reading.spec.file_format.value,
        "created_date": at,
    }
    made = tx.insert(dag_versions, values)
    return DagVersion(**{**values, "id": made, "file_format": reading.spec.file_format}), True


def _reading(tx: Tx, reading: Reading, version_id: int, at: dt.datetime, *, is_new: bool) -> tuple[int, bool]:
    """The key of that reading of the version; IS_NEW: the version is, so that there is none to be found."""
    text = canonical_json(reading.inputs)
    key = {
        "version_id": version_id,
        "spec_digest": reading.written.digest,
        "inputs_digest": tx.sealer.keyed_digest(text),
    }
    known = None if is_new else tx.value(_SAME_READING, key)
    if known is not None:
        return int(known), False
    values = {
        **key,
        "number": 1 if is_new else int(tx.value(_LAST_READING, {"version_id": version_id})) + 1,
        "reader_version": reading.reader_version,
        "dialect": reading.spec.dialect.value,
        "spec": reading.written.text,
        "inputs": tx.sealer.seal(text),
        "diagnostics": dumps([item.to_json() for item in reading.diagnostics]),
        "created_date": at,
    }
    return tx.insert(dag_readings, values), True
