"""What tests of many rooms need a value of and no store for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.runs import DagRun
from goflow.domain.state import RunState, RunType


def run_at(date: dt.datetime | None, **more: Any) -> DagRun:
    """A run under way of that logical date, if it has any, begun by hand."""
    given: dict[str, Any] = {
        "id": 1,
        "dag_id": "d",
        "run_id": "r",
        "run_type": RunType.MANUAL,
        "state": RunState.RUNNING,
        "version_id": 1,
        "reading_id": 1,
        "logical_date": date,
        "data_interval_start": date,
        "data_interval_end": date,
        "run_after": date or dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    }
    return DagRun(**given | more)
