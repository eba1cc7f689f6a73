"""A batch of changes is what the same changes are one by one: checked on whatever hypothesis thinks of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goflow.domain.clock import VirtualClock
from goflow.domain.errors import StateChangeRefusedError
from goflow.domain.state import TASK_TRANSITIONS, TaskState
from goflow.store import Store, Tx, events, tasks, transitions
from goflow.store.transitions import TaskChange
from tests.stores import START, Made, bash_dag, make_run

NAMES = ("a", "b", "c")
states = st.sampled_from(TaskState)


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Changes that mostly hold: each one's state is one that the table has after the one before."""
    now = dict.fromkeys(NAMES, TaskState.NONE)
    out = []
    for minute in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(NAMES))
        new = draw(st.sampled_from(sorted(TASK_TRANSITIONS[now[name]])))
        wild = draw(st.integers(0, 9)) == 0
        expected: Any = draw(states) if wild else draw(st.sampled_from([now[name], frozenset({now[name], new})]))
        columns: dict[str, Any] = {}
        if draw(st.booleans()):
            columns["next_at"] = START + dt.timedelta(hours=minute)
        if draw(st.integers(0, 3)) == 0:
            columns["set_try_number"] = draw(st.integers(1, 3))
        at = START + dt.timedelta(minutes=minute)
        out.append({"name": name, "expected": expected, "new": new, "at": at, "columns": columns})
        if not wild:
            now[name] = new
    return out


def picture(tx: Tx, made: Made) -> list[Any]:
    """The tasks of a run and their attempts, without keys, and what the events tell of them."""
    rows = [replace(ti, id=0, dag_run_id=0, run_id="") for ti in tasks.of_run(tx, made.run.id)]
    tries = [replace(item, task_instance_id=0) for ti in made.tasks.values() for item in tasks.attempts(tx, ti.id)]
    happened = events.after(tx, 0, run_id=made.run.run_id, kinds=[events.TASK_STATE], limit=10_000)
    told = [(event.task_id, event.at, event.try_number, event.data["from"], event.data["to"]) for event in happened]
    return [rows, tries, told]


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Any:
    """A store for all examples; each has runs of its own."""
    path = tmp_path_factory.mktemp("batches") / "goflow.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}", clock=VirtualClock(START))
    yield store
    store.close()


COUNTER = iter(range(1_000_000))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=steps())
def test_a_batch_is_its_changes_one_by_one(one_store: Store, wanted: list[dict[str, Any]]) -> None:
    number = next(COUNTER)
    with one_store.transaction() as tx:
        runs = [make_run(tx, bash_dag("example", *NAMES), run_id=f"{kind}{number}") for kind in ("batch", "single")]

    def change(made: Made, step: dict[str, Any]) -> TaskChange:
        return TaskChange(made[step["name"]].id, step["expected"], step["new"], step["at"], columns=step["columns"])

    answers: list[Any] = []
    for made, sizes in zip(runs, (len(wanted), 1), strict=True):
        try:
            with one_store.transaction() as tx:
                done = []
                for start in range(0, len(wanted), sizes):
                    part = [change(made, step) for step in wanted[start : start + sizes]]
                    done += transitions.apply(tx, part)
            answers.append(done)
        except StateChangeRefusedError:
            answers.append("refused")
    with one_store.reading() as tx:
        batch, single = (picture(tx, made) for made in runs)
    assert answers[0] == answers[1]
    assert batch == single
