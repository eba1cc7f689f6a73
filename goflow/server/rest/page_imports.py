"""For the page: what became of every file of the DAG folder."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import files as told_files
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.packed import packed
from goflow.store import import_errors, page
from goflow.store.columns import loads

router = APIRouter(tags=["Page"])


@router.get("/goflow/v1/page/imports", response_model=None)
def list_files(
    request: Request, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_files.FilesAnswer)]:
    """Every file: its DAGs, how long it took to read, and all that was found in it: errors, holes, notices."""
    with services.store.reading() as tx:
        errors = {row.path: row for row in import_errors.list_(tx)}
        told = page.told_of_dags(tx)
        rows = page.read_files(tx)
    found = {path: [item.to_json() for item in row.diagnostics] for path, row in errors.items()}
    for row in told:
        its = found.setdefault(row.file_path, [])
        its.extend(item for item in loads(row.diagnostics, []) if item not in its)
    known = {row.path for row in rows}
    files = [
        {
            "path": row.path,
            "dag_ids": loads(row.dag_ids, []),
            "looks_like_dag": row.looks_like_dag,
            "seconds": row.seconds,
            "last_read_at": shapes.moment(row.last_read_at),
            "diagnostics": found.get(row.path, []),
            "broken": row.path in errors,
        }
        for row in rows
    ]
    files += [
        {
            "path": path,
            "dag_ids": [],
            "looks_like_dag": True,
            "seconds": None,
            "last_read_at": shapes.moment(row.last_seen_at),
            "diagnostics": found[path],
            "broken": True,
        }
        for path, row in errors.items()
        if path not in known
    ]
    return packed(request, {"files": sorted(files, key=lambda one: str(one["path"]))})
