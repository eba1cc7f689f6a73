"""Backfills: an order that the runs of a stretch of past time be made, or run again (Airflow 3's ``Backfill``)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Reprocess(enum.StrEnum):
    """Which runs that are there already and have ended are run again (``ReprocessBehavior``).

    ``none``: none. ``failed``: those that failed. ``completed``: all.
    """

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


class Skipped(enum.StrEnum):
    """Why a date of a backfill gets no run (``BackfillDagRunExceptionReason``): a run of it has not ended yet, or has
    and is not to be run again."""

    IN_FLIGHT = "in flight"
    ALREADY_EXISTS = "already exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOrder:
    """What somebody orders: the runs of DAG_ID whose logical date is from FROM_DATE to TO_DATE, both included.

    RUN_BACKWARDS: the newest first. MAX_ACTIVE_RUNS of them are active at once, beside the DAG's other runs.
    DAG_RUN_CONF None: runs that are run again keep theirs. RUN_ON_LATEST_VERSION: those run the DAG as it is now
    (None: unless it says otherwise).
    """

    dag_id: str
    from_date: dt.datetime
    to_date: dt.datetime
    run_backwards: bool = False
    reprocess_behavior: Reprocess = Reprocess.NONE
    max_active_runs: int = 10
    dag_run_conf: Mapping[str, Any] | None = None
    run_on_latest_version: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill(BackfillOrder):
    """A backfill that was made. While it IS_PAUSED none of its runs begins; COMPLETED_AT: all have ended, or it was
    cancelled."""

    id: int
    is_paused: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    completed_at: dt.datetime | None = None
    triggering_user_name: str | None = None

    @property
    def most_running(self) -> int:
        """How many of its runs may be running now: once it is over, a cleared run of it begins whenever there is
        room."""
        return 0 if self.is_paused and self.completed_at is None else self.max_active_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRun:
    """One date of a backfill, SORT_ORDINAL counting from 1 in the order in which its runs begin.

    DAG_RUN_ID is the run that was made or is run again; None: EXCEPTION_REASON says why not, or it was deleted since.
    """

    backfill_id: int
    sort_ordinal: int
    logical_date: dt.datetime | None
    dag_run_id: int | None = None
    exception_reason: Skipped | None = None
    partition_key: str | None = None
