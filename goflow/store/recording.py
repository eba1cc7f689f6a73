"""Writing down what was read: a DAG's row, its version by file hash and its reading, in one go (decision 3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from goflow.domain.canonical import Json, canonical_json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import Schedule
from goflow.domain.written import WrittenDag
from goflow.store import assets, events, partitions
from goflow.store.columns import dumps, loads
from goflow.store.rows import DagVersion
from goflow.store.tables import dag_readings, dag_versions, dags
from goflow.store.tx import Tx, in_parts
from goflow.store.versions import version_row

_BY_HASH = select(dag_versions).where(
    dag_versions.c.dag_id == bindparam("dag_id"), dag_versions.c.file_hash == bindparam("file_hash")
)
_DAGS = select(dags.c.id, dags.c.version_id, dags.c.reading_id, dags.c.is_active, dags.c.file_path).where(
    dags.c.id.in_(bindparam("dag_ids", expanding=True))
)
_VERSIONS = select(dag_versions).where(
    dag_versions.c.dag_id.in_(bindparam("dag_ids", expanding=True)),
    dag_versions.c.file_hash.in_(bindparam("hashes", expanding=True)),
)
_LAST_VERSIONS = (
    select(dag_versions.c.dag_id, func.max(dag_versions.c.number))
    .where(dag_versions.c.dag_id.in_(bindparam("dag_ids", expanding=True)))
    .group_by(dag_versions.c.dag_id)
)
_READINGS = select(
    dag_readings.c.id, dag_readings.c.version_id, dag_readings.c.spec_digest, dag_readings.c.inputs_digest
).where(
    dag_readings.c.version_id.in_(bindparam("version_ids", expanding=True)),
    dag_readings.c.spec_digest.in_(bindparam("digests", expanding=True)),
)
_LAST_READINGS = (
    select(dag_readings.c.version_id, func.max(dag_readings.c.number))
    .where(dag_readings.c.version_id.in_(bindparam("version_ids", expanding=True)))
    .group_by(dag_readings.c.version_id)
)
_NEW_DAGS, _NEW_VERSIONS, _NEW_READINGS = insert(dags), insert(dag_versions), insert(dag_readings)
_FORCE = ("version", "version_id", "reading_id")
_PUT_IN_FORCE = (
    update(dags)
    .where(dags.c.id == bindparam("dag_key"))
    .values({name: bindparam(name, type_=dags.c[name].type) for name in _FORCE})
)
_MOST = 400
"""DAGs that are written with one statement: databases limit how many values there may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One DAG of one reading of a file, ready to be written down.

    FOLDER_DIGEST names a folder that is stored already. INPUTS is `InputsUsed` as
    JSON. NAMESPACE is that of DAGs which name none. PAUSED holds for a DAG that is new and does not say itself.
    """

    dag: WrittenDag
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
    """`record_all` of one."""
    return record_all(tx, [reading], who=who, at=at)[0]


def record_all(
    tx: Tx, readings: Sequence[Reading], *, who: str = "importer", at: dt.datetime | None = None
) -> list[Recorded]:
    """Put READINGS, of as many DAGs, in force: each DAG active, at the version of that file hash and its reading.

    Versions and readings are made where they are not there yet, so doing it again changes nothing. Events:
    ``dag.version`` when another version or reading comes into force, ``dag.activated`` when the DAG was not active.
    """
    at = at or tx.now()
    for dag_id in sorted(reading.dag.dag_id for reading in readings):  # in order: two that do so wait, and go on
        tx.lock_name(f"dag {dag_id}")
    found: list[Recorded] = []
    for part in in_parts(readings, _MOST):
        found += _record_some(tx, part, who, at)
    return found


def _record_some(tx: Tx, readings: Sequence[Reading], who: str, at: dt.datetime) -> list[Recorded]:
    before = {row.id: row for row in tx.rows(_DAGS, {"dag_ids": [reading.dag.dag_id for reading in readings]})}
    new = [reading for reading in readings if reading.dag.dag_id not in before]
    first = {"created_date": at}
    tx.change_many(
        _NEW_DAGS,
        [{"id": item.dag.dag_id, **first, **_first_values(item), **_values(item, at)} for item in new],
    )
    versions, new_versions = _versions(tx, readings, before, at)
    keys, new_readings = _readings(tx, readings, versions, new_versions, at)
    in_force: list[dict[str, Any]] = []
    recorded: list[Recorded] = []
    for item in readings:
        dag_id = item.dag.dag_id
        version, key, known = versions[dag_id], keys[dag_id], before.get(dag_id)
        force = {"version": version.number, "version_id": version.id, "reading_id": key}
        if known is None:
            in_force.append({"dag_key": dag_id, **force})
        elif _differs(known, version.id, key, item.file_path):
            current = {**_values(item, at), **force, "is_active": True}
            tx.change(update(dags).where(dags.c.id == dag_id).values(**current))
            partitions.forget_stale(tx, dag_id, Schedule.from_json(loads(item.dag.schedule)))
        if known is None or _differs(known, version.id, key, item.file_path):
            _tell(tx, dag_id, known, version, key, who=who, at=at)
        recorded.append(
            Recorded(
                version=version,
                reading_id=key,
                new_dag=known is None,
                new_version=dag_id in new_versions,
                new_reading=dag_id in new_readings,
            )
        )
    tx.change_many(_PUT_IN_FORCE, in_force)
    assets.remember(tx, {item.dag.dag_id: item.dag.assets for item in readings}, at)
    return recorded


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
    own = reading.dag.is_paused_upon_creation
    return {"is_paused": reading.paused if own is None else own, "is_active": True}


def _values(reading: Reading, at: dt.datetime) -> dict[str, Any]:
    """The columns of the DAG's row that follow what it says."""
    dag = reading.dag
    return {
        "name": dag.name,
        "namespace": dag.namespace or reading.namespace,
        "file_path": reading.file_path,
        "file_format": dag.file_format,
        "last_updated_date": at,
        "dialect": dag.dialect,
        "dialect_source": dag.dialect_source,
        "description": dag.description,
        "tags": dumps(list(dag.tags)),
        "owners": dumps(list(dag.owners)),
        "schedule": dag.schedule,
        "task_count": dag.task_count,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
    }


def _versions(
    tx: Tx, readings: Sequence[Reading], before: Mapping[str, Row[Any]], at: dt.datetime
) -> tuple[dict[str, DagVersion], set[str]]:
    """The version of each DAG by its file hash, and the DAGs for which it was made."""
    known = _known_versions(tx, [item for item in readings if item.dag.dag_id in before])
    absent = [item for item in readings if item.dag.dag_id not in known]
    old = [item.dag.dag_id for item in absent if item.dag.dag_id in before]
    last: dict[str, int] = dict(map(tuple, tx.rows(_LAST_VERSIONS, {"dag_ids": old}))) if old else {}
    rows = [
        {
            "dag_id": item.dag.dag_id,
            "file_hash": item.file_hash,
            "number": last.get(item.dag.dag_id, 0) + 1,
            "folder_digest": item.folder_digest,
            "file_path": item.file_path,
            "file_format": item.dag.file_format,
            "created_date": at,
        }
        for item in absent
    ]
    tx.change_many(_NEW_VERSIONS, rows)
    return {**known, **_known_versions(tx, absent)}, {item.dag.dag_id for item in absent}


def _known_versions(tx: Tx, readings: Sequence[Reading]) -> dict[str, DagVersion]:
    """Those versions that are there, by DAG."""
    if not readings:
        return {}
    wanted = {(item.dag.dag_id, item.file_hash) for item in readings}
    keys = {"dag_ids": [dag_id for dag_id, _ in wanted], "hashes": list({file_hash for _, file_hash in wanted})}
    rows = tx.rows(_VERSIONS, keys)
    return {row.dag_id: version_row(row) for row in rows if (row.dag_id, row.file_hash) in wanted}


def _readings(
    tx: Tx, readings: Sequence[Reading], versions: Mapping[str, DagVersion], new: Collection[str], at: dt.datetime
) -> tuple[dict[str, int], set[str]]:
    """The key of each DAG's reading of its version, and the DAGs for which it was made. NEW: versions just made."""
    texts = {item.dag.dag_id: canonical_json(item.inputs) for item in readings}
    keys = {
        item.dag.dag_id: (
            versions[item.dag.dag_id].id,
            item.dag.digest,
            tx.sealer.keyed_digest(texts[item.dag.dag_id]),
        )
        for item in readings
    }
    there = _known_readings(tx, [key for dag_id, key in keys.items() if dag_id not in new])
    absent = [item for item in readings if keys[item.dag.dag_id] not in there]
    old = [versions[item.dag.dag_id].id for item in absent if item.dag.dag_id not in new]
    last: dict[int, int] = dict(map(tuple, tx.rows(_LAST_READINGS, {"version_ids": old}))) if old else {}
    rows = [
        {
            **dict(zip(("version_id", "spec_digest", "inputs_digest"), keys[item.dag.dag_id], strict=True)),
            "number": last.get(versions[item.dag.dag_id].id, 0) + 1,
            "reader_version": item.reader_version,
            "dialect": item.dag.dialect,
            "read_by": item.dag.read_by,
            "spec": item.dag.text,
            "inputs": tx.sealer.seal_inputs(item.inputs, texts[item.dag.dag_id]),
            "diagnostics": dumps([finding.to_json() for finding in item.diagnostics]),
            "created_date": at,
        }
        for item in absent
    ]
    tx.change_many(_NEW_READINGS, rows)
    there |= _known_readings(tx, [keys[item.dag.dag_id] for item in absent])
    return {dag_id: there[key] for dag_id, key in keys.items()}, {item.dag.dag_id for item in absent}


def _known_readings(tx: Tx, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], int]:
    """Those readings that are there, by what tells them apart."""
    if not keys:
        return {}
    rows = tx.rows(_READINGS, {"version_ids": [key[0] for key in keys], "digests": [key[1] for key in keys]})
    return {(row.version_id, row.spec_digest, row.inputs_digest): row.id for row in rows}
