"""Rows that only the store has a type for; runs, task instances, launches and events are in `goflow.domain.runs`.

All are frozen; moments are aware and in UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.roles import Role
from goflow.domain.runs import Launch
from goflow.domain.spec import Dialect, FileFormat, ReadBy
from goflow.domain.state import TaskState
from goflow.domain.triggers import Fired


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """One DAG as it stands now. VERSION is the number of its current version, VERSION_ID and READING_ID its keys.

    ``next_*`` is the scheduler's plan for the next scheduled run; NEXT_RUN_AFTER None: none is due ever. HOLD_REASON
    says why nothing is planned until a person releases it (decision 5). SCHEDULE is `goflow.domain.spec.Schedule`
    as JSON.
    """

    dag_id: str
    name: str
    namespace: str
    version: int
    version_id: int
    reading_id: int
    file_path: str
    file_format: FileFormat
    dialect: Dialect
    dialect_source: str
    is_paused: bool
    is_active: bool
    created_date: dt.datetime
    last_updated_date: dt.datetime
    description: str | None = None
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    schedule: Mapping[str, Json] = field(default_factory=dict)
    task_count: int = 0
    max_active_runs: int = 16
    max_active_tasks: int = 16
    next_logical_date: dt.datetime | None = None
    next_interval_start: dt.datetime | None = None
    next_interval_end: dt.datetime | None = None
    next_run_after: dt.datetime | None = None
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagVersion:
    """One version of a DAG: NUMBER counts from 1 within the DAG, FOLDER_DIGEST names the folder as it was."""

    id: int
    dag_id: str
    number: int
    file_hash: str
    folder_digest: str
    file_path: str
    file_format: FileFormat
    created_date: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DagReading:
    """What one reader made of a version with the inputs that held then; the spec itself by ``versions.spec``.

    CREATED_DATE is the moment that the shim serves as *now* while it imports the file.
    """

    id: int
    version_id: int
    number: int
    reader_version: str
    dialect: Dialect
    read_by: ReadBy
    spec_digest: str
    inputs_digest: str
    created_date: dt.datetime
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task instance to be made."""

    task_id: str
    map_index: int = -1
    state: TaskState = TaskState.NONE
    max_tries: int = 0
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a task, with how it ended. USAGE as the runner measured it: cpu_seconds, max_rss_bytes ..."""

    task_instance_id: int
    try_number: int
    state: TaskState
    queued_at: dt.datetime | None = None
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    exit_code: int | None = None
    reason: str | None = None
    message: str | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    rendered_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What `transitions.plan_launch` did: the LAUNCH, or in WHY the reason for none.

    ``pool_full``, ``no_such_pool``, ``limit`` (one of the limits given), ``changed`` (the task instance is no longer as
    it was seen).
    """

    launch: Launch | None
    why: str = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class XCom:
    """One result that a task left. LENGTH: number of copies that a task mapped over it has; None: not mappable."""

    dag_run_id: int
    task_id: str
    map_index: int
    key: str
    value: Any
    length: int | None
    created_date: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A Variable: its text (JSON, often)."""

    name: str
    value: str
    description: str | None
    last_updated_date: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A Connection; PASSWORD and EXTRA are encrypted at rest and left out of its repr."""

    conn_id: str
    conn_type: str = "generic"
    host: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    port: int | None = None
    extra: str | None = field(default=None, repr=False)
    description: str | None = None
    last_updated_date: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool and how full it is. SLOTS -1: without bound. OPEN is SLOTS minus what is taken."""

    name: str
    slots: int
    description: str | None
    include_deferred: bool
    queued: int = 0
    running: int = 0
    deferred: int = 0
    scheduled: int = 0

    @property
    def occupied(self) -> int:
        """Slots that are taken."""
        return self.queued + self.running + (self.deferred if self.include_deferred else 0)

    @property
    def open(self) -> int | None:
        """Slots that are free; None: without bound."""
        return None if self.slots < 0 else self.slots - self.occupied


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """What the last reading of a file depended on. INPUTS is `InputsUsed` as JSON."""

    path: str
    digest: str
    closure: Mapping[str, str | None]
    reader_version: str
    inputs: Mapping[str, Json]
    dag_ids: tuple[str, ...]
    looks_like_dag: bool
    seconds: float
    last_read_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileErrors:
    """What keeps a file, or a DAG in it, from being taken."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease; EPOCH grows each time that it changes hands, so that a late writer can be told."""

    name: str
    holder: str
    epoch: int
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon that shares the database. ID is its home's and stays, SESSION names this life of it; it is given up at
    EXPIRES_AT unless it is heard of before."""

    id: str
    name: str
    backend: str
    session: str
    version: str
    started_at: dt.datetime
    expires_at: dt.datetime
    schema_head: str | None = None
    """The newest revision of the schema that its code knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRunner:
    """A process that holds triggers. PROCESS is ``pid:start time`` or a pod's uid, once it has said it; it is given up
    at EXPIRES_AT unless it is heard of before. HELD: how many triggers it holds."""

    id: str
    process: str | None
    capacity: int
    created_at: dt.datetime
    seen_at: dt.datetime | None
    expires_at: dt.datetime
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """How a deferred task goes on: with NEXT_METHOD, given NEXT_KWARGS and what came of its trigger."""

    next_method: str
    next_kwargs: Mapping[str, Json]
    encoding: str
    fired: Fired


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One line of a launch's log; AT is seconds since 1970 UTC, STREAM ``out`` or ``runner``."""

    seq: int
    at: float
    stream: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """Lines of a launch that were stored together and are to leave the database: the numbers of the first and the last,
    and how many characters they have."""

    id: int
    launch_id: str
    first_seq: int
    last_seq: int
    size: int
    written_at: dt.datetime
    shipped_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token for the REST API; the token itself is not kept, only its sha256."""

    name: str
    role: Role
    created_date: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in: with a password, or as OIDC_SUBJECT of an identity provider (issuer and ``sub``)."""

    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    oidc_subject: str | None
    created_date: dt.datetime
    last_updated_date: dt.datetime
    last_sign_in_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A user who has signed in, with the role that the user has now. KIND: ``browser`` (a cookie) or ``token``. ID
    names it to people, and lets nobody in."""

    id: str
    user_name: str
    role: Role
    kind: str
    created_date: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A DAG folder as it was. FILES maps a path to its sha256 and size in bytes.

    Paths are relative to the folder; those of the import roots begin with ``.goflow-roots/0/``,
    ``.goflow-roots/1/`` ... PATH is where the evaluation saw the folder lie (decision 7).
    """

    digest: str
    path: str
    files: Mapping[str, tuple[str, int]]
    import_roots: tuple[str, ...] = ()
    size: int = 0
