"""Search in logs across runs: where did this message appear?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from goflow.logs.contract import Line
from goflow.logs.contract import Query as LogQuery
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, ServicesDep, UtcMoment

router = APIRouter(tags=["Task Instance"])


@router.get("/goflow/v1/logs/search")
def search_logs(
    services: ServicesDep,
    caller: CallerDep,
    q: Annotated[str, Query(min_length=1, max_length=1000, description="words that stand in the line in a row")],
    dag_id: str | None = None,
    dag_run_id: str | None = None,
    task_id: str | None = None,
    since: Annotated[UtcMoment | None, Query(description="only lines from that moment on")] = None,
    until: Annotated[UtcMoment | None, Query(description="only lines before that moment")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Annotated[shapes.Body, Is(told_own.FoundLines)]:
    """Lines with these words in them, the newest first; ``partial`` says in words what was not looked at."""
    query = LogQuery(
        words=q,
        dag_id=dag_id,
        run_id=dag_run_id,
        task_id=task_id,
        since=0.0 if since is None else since.timestamp(),
        until=None if until is None else until.timestamp(),
        limit=limit,
    )
    found = services.logs.search(query)
    return {"lines": [_shape(line) for line in found.lines], "partial": found.partial or None}


def _shape(line: Line) -> shapes.Body:
    source, row = line.source, line.row
    return {
        "dag_id": source.dag_id,
        "dag_run_id": source.run_id,
        "task_id": source.task_id,
        "map_index": source.map_index,
        "try_number": source.try_number,
        "launch_id": source.launch_id,
        "seq": row.seq,
        "at": row.at,
        "stream": row.stream,
        "text": row.text,
    }
