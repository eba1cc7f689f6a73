"""A line as a document: the fields' names are those of the Elastic Common Schema (ECS) where it has one, and below
``goflow.`` where it has none. ``docs/logs.md`` lists them; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow.domain.canonical import Json
from goflow.logs.contract import Line, Source
from goflow.store.rows import LogRow

ECS_VERSION = "8.17.0"
KEYWORD: dict[str, Json] = {"type": "keyword", "ignore_above": 1024}
FIELDS: dict[str, dict[str, Json]] = {
    "@timestamp": {"type": "date"},
    "message": {"type": "text", "norms": False},
    "ecs.version": KEYWORD,
    "event.module": KEYWORD,
    "event.dataset": KEYWORD,
    "event.sequence": {"type": "long"},
    "service.name": KEYWORD,
    "orchestrator.namespace": KEYWORD,
    "orchestrator.resource.name": KEYWORD,
    "goflow.dag_id": KEYWORD,
    "goflow.run_id": KEYWORD,
    "goflow.task_id": KEYWORD,
    "goflow.map_index": {"type": "integer"},
    "goflow.try_number": {"type": "integer"},
    "goflow.launch_id": KEYWORD,
    "goflow.stream": KEYWORD,
    "goflow.at": {"type": "double", "index": False, "doc_values": False},
}
"""Every field and its mapping. ``message`` is ``text`` and not ECS's ``match_only_text``, which keeps no positions:
what is searched for are several words in a row."""
_LATEST = dt.datetime(9999, 12, 31, tzinfo=dt.UTC).timestamp()


def mapping() -> dict[str, Json]:
    """The fields as an index's mapping; others are kept and not indexed."""
    properties: dict[str, Any] = {}
    for name, how in FIELDS.items():
        *parents, last = name.split(".")
        into = properties
        for parent in parents:
            into = into.setdefault(parent, {"properties": {}})["properties"]
        into[last] = how
    return {"dynamic": False, "properties": properties}


def document_id(line: Line) -> str:
    """What no other line has, and this one each time."""
    return f"{line.source.launch_id}-{line.row.seq}"


def document(line: Line, service: str) -> dict[str, Json]:
    """The document of LINE; SERVICE is this installation's name."""
    source, row = line.source, line.row
    place: dict[str, Json] = {"namespace": source.namespace, "resource": {"name": source.job_name}}
    return {
        "@timestamp": _timestamp(row.at),
        "message": row.text,
        "ecs": {"version": ECS_VERSION},
        "event": {"module": "goflow", "dataset": "goflow.task", "sequence": row.seq},
        "service": {"name": service},
        **({"orchestrator": place} if source.job_name else {}),
        "goflow": {
            "dag_id": source.dag_id,
            "run_id": source.run_id,
            "task_id": source.task_id,
            "map_index": source.map_index,
            "try_number": source.try_number,
            "launch_id": source.launch_id,
            "stream": row.stream,
            "at": row.at,
        },
    }


def row_of(found: Mapping[str, Any]) -> LogRow:
    """The line of a document. Raises KeyError for one that is not ours."""
    own = found["goflow"]
    return LogRow(seq=found["event"]["sequence"], at=own["at"], stream=own["stream"], text=found["message"])


def line_of(found: Mapping[str, Any]) -> Line:
    """The same, with where it is from."""
    own, place = found["goflow"], found.get("orchestrator") or {}
    source = Source(
        launch_id=own["launch_id"],
        dag_id=own["dag_id"],
        run_id=own["run_id"],
        task_id=own["task_id"],
        map_index=own["map_index"],
        try_number=own["try_number"],
        namespace=place.get("namespace", ""),
        job_name=(place.get("resource") or {}).get("name", ""),
    )
    return Line(source, row_of(found))


def _timestamp(at: float) -> str:
    """A moment that every store can read, of what a task may have sent as one."""
    return dt.datetime.fromtimestamp(min(max(at, 0.0), _LATEST), dt.UTC).isoformat(timespec="milliseconds")
