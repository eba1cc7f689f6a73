"""Backfills that are refused, in words. What they do: ``tests/conformance/scheduler/test_backfills.py``."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.backfills import BackfillOrder, Reprocess
from goflow.domain.errors import InvalidRequestError
from goflow.domain.spec import Schedule
from goflow.scheduler import backfills as orders
from goflow.store import backfills
from tests.unit.scheduler.kit import T0, World, at, dag, hourly, task

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("more", "spec", "words"),
    [
        ({"hours": (-1, -2)}, {}, "after its end"),
        ({"hours": (1, 2)}, {}, "in the future"),
        ({"hours": (-0.5, -0.25)}, {}, "has no runs"),
        ({"max_active_runs": 0}, {}, "at least 1"),
        ({"dag_run_conf": {"n": "x"}}, {}, "'x' is not of type 'integer'"),
        ({}, {"allowed_run_types": ("scheduled",)}, "does not allow backfill runs"),
        ({}, {"schedule": Schedule(kind="none")}, "no periodic schedule"),
        ({}, {"schedule": Schedule(kind="once", timetable="OnceTimetable")}, "no periodic schedule"),
        ({}, {"schedule": Schedule(kind="continuous", timetable="ContinuousTimetable")}, "no periodic schedule"),
        ({}, {"schedule": Schedule(kind="assets", timetable="AssetTriggeredTimetable")}, "no periodic schedule"),
        ({}, {"schedule": Schedule(kind="custom", timetable="mine.Workdays")}, "timetable class of its own"),
        ({}, {}, "more than 3 runs"),
        ({}, {"past": True}, "have depends_on_past"),
        ({"run_backwards": True, "reprocess_behavior": Reprocess.FAILED}, {"past": True}, "cannot run backwards"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_filled_in_is_refused_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], spec: dict[str, Any], words: str
) -> None:
    if "more than" in words:
        monkeypatch.setattr(orders, "MOST_RUNS", 3)
    given = dict(spec)
    member = task("a", wait_for_downstream=True) if given.pop("past", False) else task("a")
    given.setdefault("schedule", hourly())
    world.put(dag(member, params={"n": 1}, param_schemas={"n": {"type": "integer"}}, start_date=at(T0), **given))
    first, last = more.get("hours", (-5, -1))
    wanted = {name: value for name, value in more.items() if name != "hours"}
    order = BackfillOrder(dag_id="d", from_date=T0 + HOUR * first, to_date=T0 + HOUR * last, **wanted)
    with pytest.raises(InvalidRequestError, match=words):
        orders.create(world.store, order, who="test")
    with world.store.reading() as tx:
        assert backfills.list_(tx) == []
