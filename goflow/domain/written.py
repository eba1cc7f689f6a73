"""A DAG written out: all that is stored of it, worked out where its file was read, so that nobody else opens it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from goflow.domain.assets import AssetUse, uses
from goflow.domain.canonical import digest_bytes, encodable, written_out
from goflow.domain.spec import DagSpec, ReadBy, without_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDag:
    """A `DagSpec` as it is stored: its canonical JSON as TEXT, the DIGEST of its meaning, and what its row tells.

    SCHEDULE is canonical JSON. NAMESPACE is where its Jobs run as far as the file says: for the DAG, or the same for
    all of its tasks; empty where it does not. TAGS and OWNERS are sorted. NAME and DESCRIPTION have no half of a
    surrogate pair.
    """

    dag_id: str
    text: str
    digest: str
    name: str
    namespace: str
    file_format: str
    dialect: str
    dialect_source: str
    description: str | None
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    schedule: str
    task_count: int
    max_active_runs: int
    max_active_tasks: int
    is_paused_upon_creation: bool | None
    read_by: ReadBy
    line: int
    assets: tuple[AssetUse, ...] = ()


class UnwritableError(ValueError):
    """A DAG holds what JSON has no form for; the text says where, and of which type it is."""


def write_out(spec: DagSpec) -> WrittenDag:
    """SPEC as it is stored. Raises UnwritableError."""
    document = spec.to_json()
    try:
        meaning = written_out(without_lines(document)).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        for place, value in _odd_parts(document):
            raise UnwritableError(f"{place} holds a {type(value).__name__}, which no version keeps") from None
        raise
    return WrittenDag(
        dag_id=spec.dag_id,
        text=written_out(document),
        digest=digest_bytes(meaning),
        name=encodable(spec.display_name or spec.dag_id),
        namespace=_namespace(spec),
        file_format=spec.file_format.value,
        dialect=spec.dialect.value,
        dialect_source=spec.dialect_source,
        description=None if spec.description is None else encodable(spec.description),
        tags=tuple(sorted(spec.tags)),
        owners=tuple(sorted(spec.owners)),
        schedule=written_out(spec.schedule.to_json()),
        task_count=len(spec.tasks),
        max_active_runs=spec.max_active_runs,
        max_active_tasks=spec.max_active_tasks,
        is_paused_upon_creation=spec.is_paused_upon_creation,
        read_by=spec.read_by,
        line=spec.line,
        assets=uses(spec),
    )


def _odd_parts(value: Any, place: str = "the DAG") -> Iterator[tuple[str, Any]]:
    """What of VALUE is not JSON, each with its place in words."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield place, key
            yield from _odd_parts(inner, f"{key} of {place}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            name = inner.get("task_id", number) if isinstance(inner, dict) else number
            yield from _odd_parts(inner, f"{name} of {place}")
    elif not isinstance(value, str | int | float | None) or (isinstance(value, float) and not math.isfinite(value)):
        yield place, value


def _namespace(spec: DagSpec) -> str:
    of_tasks = {task.runtime.namespace or "" for task in spec.tasks}
    return spec.runtime.namespace or (of_tasks.pop() if len(of_tasks) == 1 else "")
