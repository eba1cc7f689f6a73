"""What an administrator looks at: import errors, the event log; and tokens."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.roles import Role
from goflow.domain.runs import Event
from goflow.server.rest import naming, shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.answers import server as told_server
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.paging import Bound, Number, Paging, PathNumber, conditions, is_
from goflow.store import events, import_errors, tokens
from goflow.store.listing import Condition, Op
from goflow.store.rows import FileErrors

router = APIRouter()


class TokenBody(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    role: Role = Role.ADMIN
    expires_in_days: int | None = Field(None, ge=1, le=36500)


class ImportErrorQuery(Paging):
    """Import errors by the file."""

    filename: str | None = None
    filename_pattern: str | None = None
    filename_prefix_pattern: str | None = None
    bundle_name: str | None = None


class EventQuery(Paging):
    """Events by all that Airflow's list knows."""

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: Number | None = None
    try_number: Number | None = None
    owner: str | None = None
    event: str | None = None
    excluded_events: list[str] = Field(default_factory=list)
    included_events: list[str] = Field(default_factory=list)
    before: Bound = None
    after: Bound = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    owner_pattern: str | None = None
    owner_prefix_pattern: str | None = None
    event_pattern: str | None = None
    event_prefix_pattern: str | None = None


@router.get("/api/v2/importErrors", tags=["Import Error"])
def get_import_errors(
    query: Annotated[ImportErrorQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.ImportErrorCollectionResponse)]:
    """Every file that could not be taken as it is, with its diagnostics."""
    with services.store.reading() as tx:
        found = [row for row in import_errors.list_(tx) if _fits(row.path, query)]
    told = [_import_error(row) for row in found]
    for name in reversed(query.order_by):
        told.sort(key=lambda row: str(row[_order(name)]), reverse=name.startswith("-"))
    page = query.page()
    return {"import_errors": told[page.offset :][: page.limit], "total_entries": len(told)}


def _order(name: str) -> str:
    field = {"id": "filename", "import_error_id": "filename", "stacktrace": "stack_trace"}.get(
        name.lstrip("-"), name.lstrip("-")
    )
    if field not in {"filename", "timestamp", "bundle_name", "stack_trace"}:
        words = f"Ordering with '{name.lstrip('-')}' is disallowed or the attribute does not exist on the model"
        raise InvalidRequestError(words)
    return field


def _fits(path: str, query: ImportErrorQuery) -> bool:
    part, beginning = query.filename_pattern, query.filename_prefix_pattern
    return (
        query.filename in {None, path}
        and query.bundle_name in {None, naming.BUNDLE}
        and (part in {None, "~", "%"} or any(one.strip().lower() in path.lower() for one in str(part).split("|")))
        and (beginning in {None, "~"} or path.startswith(tuple(one.strip() for one in str(beginning).split("|"))))
    )


def _import_error(row: FileErrors) -> shapes.Body:
    """ImportErrorResponse, with the diagnostics as such."""
    return {
        "import_error_id": naming.path_number(row.path),
        "timestamp": shapes.moment(row.first_seen_at),
        "filename": row.path,
        "bundle_name": naming.BUNDLE,
        "stack_trace": "\n".join(f"{item.span}: {item.code} {item.message}" for item in row.diagnostics),
        "diagnostics": [item.to_json() for item in row.diagnostics],
    }


@router.get("/api/v2/importErrors/{import_error_id}", tags=["Import Error"])
def get_import_error(
    import_error_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.ImportErrorResponse)]:
    """What is wrong with one file."""
    with services.store.reading() as tx:
        for row in import_errors.list_(tx):
            if naming.path_number(row.path) == import_error_id:
                return _import_error(row)
    raise NotFoundError(f"import error {import_error_id}")


@router.get("/api/v2/eventLogs", tags=["Event Log"])
def get_event_logs(
    query: Annotated[EventQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.EventLogCollectionResponse)]:
    """Events, in their order unless another is asked for."""
    wanted = conditions(query, besides=("before", "after", "included_events"), excluded_events="excluded_events")
    if query.included_events:
        wanted.append(is_("event", *query.included_events))
    bounds = ((Op.LT, query.before), (Op.GT, query.after))
    wanted += [Condition("when", op, bound) for op, bound in bounds if bound is not None]
    with services.store.reading() as tx:
        found, total = events.page(tx, wanted, query.page())
    return {"event_logs": [_event(row) for row in found], "total_entries": total}


def _event(row: Event) -> shapes.Body:
    """EventLogResponse: what is known of it is a text, as in Airflow."""
    return {**shapes.event(row), "extra": json.dumps(dict(row.data)) if row.data else None}


@router.get("/api/v2/eventLogs/{event_log_id}", tags=["Event Log"])
def get_event_log(
    event_log_id: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_server.EventLogResponse)]:
    """One event."""
    with services.store.reading() as tx:
        found, _ = events.page(tx, [is_("event_log_id", event_log_id)], Paging().page())
    if not found:
        raise NotFoundError(f"event {event_log_id}")
    return _event(found[0])


@router.get("/goflow/v1/tokens", tags=["Token"])
def list_tokens(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.Tokens)]:
    """API tokens by name; the tokens themselves are not stored."""
    with services.store.reading() as tx:
        found: list[dict[str, Any]] = [
            {
                "name": row.name,
                "role": row.role,
                "created": shapes.moment(row.created_date),
                "expires": shapes.moment(row.expires_at),
                "last_used": shapes.moment(row.last_used_at),
            }
            for row in tokens.list_(tx)
        ]
    return {"tokens": found, "total_entries": len(found)}


@router.post("/goflow/v1/tokens", tags=["Token"], status_code=201)
def create_token(
    body: TokenBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.NewToken)]:
    """Make a token; it is told this once."""
    expires = None
    if body.expires_in_days is not None:
        expires = services.store.clock.now() + dt.timedelta(days=body.expires_in_days)
    with services.store.transaction() as tx:
        made = tokens.create(tx, body.name, role=body.role, expires_at=expires, who=caller)
        return {"name": body.name, "role": body.role, "token": made}


@router.delete("/goflow/v1/tokens/{name}", tags=["Token"], status_code=204)
def revoke_token(name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Revoke a token."""
    with services.store.transaction() as tx:
        if not tokens.revoke(tx, name, who=caller):
            raise HTTPException(404, f"there is no token {name}")
