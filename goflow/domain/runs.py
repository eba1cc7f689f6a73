"""Runs, task instances, attempts and launches as plain frozen rows: what the store hands out and rooms decide over.

All moments are aware and in UTC. Ids that end in ``_id`` and are integers are the store's own keys; ``dag_id``,
``run_id`` and ``task_id`` are the author's words.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow_runner import wire

from goflow.domain.assets import NewAssetEvent
from goflow.domain.canonical import Json
from goflow.domain.state import LaunchState, RunState, RunType, TaskState
from goflow.domain.triggers import Deferral

BY_CRONJOB = "cronjob"
"""What began a run (``triggered_by``) that is a Job of a CronJob, and on which backend its launches are: Kubernetes
has begun it, and neither scheduler nor executor has."""
UNMAPPED = -1
"""The ``map_index`` of a task instance that is no copy of a mapped task, as in Airflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """One run of a DAG, pinned to the version (``version_id``) and reading (``reading_id``) it started with."""

    id: int
    dag_id: str
    run_id: str
    run_type: RunType
    state: RunState
    version_id: int
    reading_id: int
    logical_date: dt.datetime | None
    data_interval_start: dt.datetime | None
    data_interval_end: dt.datetime | None
    run_after: dt.datetime
    conf: Mapping[str, Any] = field(default_factory=dict)
    queued_at: dt.datetime | None = None
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    note: str | None = None
    triggered_by: str | None = None
    backfill_id: int | None = None
    """The backfill that made it, or had it run again last."""
    partition_key: str | None = None
    partition_date: dt.datetime | None = None
    """The partition that it is for, and the moment that this stands for where it stands for one."""

    @property
    def due(self) -> dt.datetime:
        """When it may begin: not before its logical date, either."""
        return max(self.run_after, self.logical_date or self.run_after)

    @property
    def is_by_cronjob(self) -> bool:
        """Whether it is a Job that a CronJob has made."""
        return self.triggered_by == BY_CRONJOB


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInstance:
    """One task of one run, or one copy of a mapped task (``map_index`` from 0).

    ``try_number`` is the number of the attempt under way or last made, 0 before the first (Airflow shows it so);
    ``max_tries`` grows by ``retries`` at each clear. ``next_at``: when a retry or reschedule is due.
    """

    id: int
    dag_run_id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = UNMAPPED
    state: TaskState = TaskState.NONE
    try_number: int = 0
    max_tries: int = 0
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    queued_at: dt.datetime | None = None
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    next_at: dt.datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One container start for one attempt (decision 10). ``id`` is unique for ever and names the Job, unless the launch
    shares one: then ``job_index`` is its completion index there, and the ids of all that share it begin alike.

    ``ordinal`` counts the launches of one attempt from 1 (reschedules, resumed deferrals, replacements). ``claimed_by``
    is the pod's uid, or ``pid:start time`` of a local process. ``token_hash`` is the sha256 of a local attempt's token.
    """

    id: str
    task_instance_id: int
    try_number: int
    ordinal: int
    state: LaunchState
    backend: str
    namespace: str = ""
    job_name: str = ""
    claimed_by: str | None = None
    token_hash: str | None = None
    planned_at: dt.datetime | None = None
    created_at: dt.datetime | None = None
    claimed_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    exit_code: int | None = None
    reason: str | None = None
    message: str | None = None
    """Why it does not start or how it ended, in words for people: ``ImagePullBackOff: ...``, ``OOMKilled``."""
    stop_requested_at: dt.datetime | None = None
    job_index: int | None = None
    home: str | None = None
    """Whose process it is on the local backend: the id of the daemon's home; None: nobody's yet, or everybody's."""

    @property
    def shared_job(self) -> str | None:
        """What the ids of all launches of its Job begin with; None where the Job is its own."""
        return None if self.job_index is None else self.id[:SHARED_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the order of ``seq``; the state of everything follows from these and no polling."""

    seq: int
    at: dt.datetime
    kind: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    who: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)

    def numbered(self, seq: int) -> Event:
        """The same with its number; ``dataclasses.replace`` takes twice as long, and every change is an event."""
        return Event(
            seq=seq,
            at=self.at,
            kind=self.kind,
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
            try_number=self.try_number,
            who=self.who,
            data=self.data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one launch of a task ended, whoever tells it: the runner, the pod's status or the Job's verdict.

    ``state`` is ``success``, ``failed``, ``skipped``, ``up_for_reschedule`` or ``deferred``; ``retry`` false is
    AirflowFailException. ``disrupted`` ends count as nobody's failure and are replaced.
    """

    state: TaskState
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    retry: bool = True
    retry_delay_s: float | None = None
    """Seconds until the next try, where the task itself has decided that (a retry policy); None: as it is declared."""
    disrupted: bool = False
    reschedule_at: dt.datetime | None = None
    skip_downstream: tuple[str, ...] = ()
    """Task ids right or further below that a branch or short circuit has decided to skip."""
    resolved: Mapping[str, Json] | None = None
    """Set by a launch that only found out what the pod is made of: those arguments, for the attempt's next launch."""
    called_back: bool = False
    """Whether the task's own process has called its failure's callback."""
    deferral: Deferral | None = None
    """With ``deferred``: what the task waits for."""
    asset_events: tuple[NewAssetEvent, ...] | None = None
    """With ``success``: what has happened to the task's outlets; None: nobody has said."""
    at: dt.datetime | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    """What its runner has accounted for (`goflow_runner.wire.OutcomeInfo`)."""


def run_id_of(run_type: RunType, moment: dt.datetime) -> str:
    """The id that Airflow gives a run of that type: MOMENT is the one that it stands for."""
    return f"{run_type.value}__{moment.astimezone(dt.UTC).isoformat()}"


class _LaunchIds:
    """Ids that sort in the order in which this process made them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millis, self._count = 0, 0

    def next(self) -> str:
        with self._lock:
            millis = max(int(dt.datetime.now(dt.UTC).timestamp() * 1000), self._millis)
            self._count = self._count + 1 if millis == self._millis else 0
            if self._count > 0xFFFF:
                millis, self._count = millis + 1, 0
            self._millis = millis
            return f"{millis:012x}{self._count:04x}{uuid.uuid4().hex[:16]}"


_launch_ids = _LaunchIds()


def new_launch_id() -> str:
    """A fresh launch id: 32 hexadecimal digits, the first 12 the milliseconds since 1970 (as UUID version 7).

    The next four count within a millisecond, so that ids of one process sort in the order in which they were made.
    """
    return _launch_ids.next()


SHARED_DIGITS = 27
"""Hexadecimal digits of a launch's id that name its Job where it shares one; the other five are its index there."""
MOST_IN_JOB = 10_000
"""Launches that share one Job at most."""
SHARED_NAME = 52
"""Characters that the name of a shared Job has at most: its pods are named after it and their index, and Kubernetes
would cut a longer one there."""


def new_shared_job() -> str:
    """A fresh name for a Job that launches share: what the ids of all of them begin with."""
    return _launch_ids.next()[:SHARED_DIGITS]


def launch_of(shared_job: str, index: int) -> str:
    """The id of the launch with that completion INDEX, as its runner works it out too (`goflow_runner.wire`)."""
    return wire.launch_of(shared_job, index)


_UNSAFE = re.compile(r"[^a-z0-9-]+")


def job_name(dag_id: str, task_id: str, launch_id: str, *, longest: int = 57) -> str:
    """The Job's name: readable words of DAG and task, cut to fit, and the launch's id, so that it is made only once.

    At most LONGEST characters: names become label values (63) and pods get a suffix of six.
    """
    words = _UNSAFE.sub("-", f"{dag_id}-{task_id}".lower()).strip("-")
    tail = launch_id[4:12] + launch_id[-8:]
    head = words[: longest - len(tail) - 1].rstrip("-") or "task"
    if not head[0].isalpha():
        head = ("t" + head)[: longest - len(tail) - 1].rstrip("-")
    return f"{head}-{tail}"
