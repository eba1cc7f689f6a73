"""Clocks that are set back or forward: no run is made twice, and none is lost."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goflow.domain.spec import Dialect
from goflow.domain.state import RunState
from goflow.store import events
from tests.unit.scheduler.kit import T0, World, at, dag, empty, hourly

HOUR = 3600
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pass", "jump", "jump", "restart"]),
        st.sampled_from([60, HOUR, 90 * 60, 5 * HOUR, 24 * HOUR, -60, -HOUR, -90 * 60, -24 * HOUR]),
    ),
    min_size=1,
    max_size=8,
)


def play(world: World, steps: list[tuple[str, int]]) -> dt.datetime:
    """Let the clock go as STEPS say; the latest moment that it has shown."""
    latest = world.clock.now()
    for kind, seconds in steps:
        if kind == "restart":
            world.restart()
        if kind == "pass":
            world.pass_time(abs(seconds))
        else:
            world.clock.advance(seconds)
            world.settle()
        latest = max(latest, world.clock.now())
    ahead = (latest - world.clock.now()).total_seconds()
    world.pass_time(ahead)  # until the clock shows again what it has shown already
    return latest


def dates_of(world: World) -> list[dt.datetime]:
    """Logical dates in the order in which the runs were made; each was made by one event, and has run."""
    with world.store.reading() as tx:
        made = [event.run_id for event in events.after(tx, 0, kinds=[events.RUN_CREATED])]
    found = {run.run_id: run for run in world.all_runs()}
    assert sorted(made) == sorted(found)
    assert {run.state for run in found.values()} <= {RunState.SUCCESS}
    return [date for run_id in made if (date := found[str(run_id)].logical_date)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, catchup=st.booleans(), dialect=st.sampled_from(list(Dialect)), minutes=st.integers(0, 59))
def test_each_interval_has_one_run_however_the_clock_is_set(
    sqlite_template: Path, steps: list[tuple[str, int]], catchup: bool, dialect: Dialect, minutes: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "w.sqlite3")
        begin = T0 + dt.timedelta(minutes=minutes)
        world = World(f"sqlite:///{folder}/w.sqlite3", begin)
        start = T0 - dt.timedelta(hours=2)
        options = {"dialect": dialect, "dialect_source": "file", "catchup": catchup, "max_active_runs": 3}
        world.put(dag(empty("a"), schedule=hourly(), start_date=at(start), **options))
        world.settle()
        latest = play(world, steps)
        found = dates_of(world)
        world.store.close()
    hours = int((latest - start).total_seconds() // HOUR)
    every = [start + dt.timedelta(hours=n) for n in range(hours)]
    assert found == sorted(set(found)), "none is made twice, and none of an older interval than the last"
    assert found == every if catchup else found[-1] == every[-1]
