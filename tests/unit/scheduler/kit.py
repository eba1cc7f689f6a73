"""A little world for tests of the scheduler: a real store on SQLite, virtual time, and an obedient executor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from goflow.domain.clock import VirtualClock
from goflow.domain.moments import Moment
from goflow.domain.runs import DagRun, Outcome, TaskInstance
from goflow.domain.spec import DagSpec, Schedule, TaskSpec
from goflow.domain.state import LaunchState, RunState, TaskState
from goflow.domain.written import write_out
from goflow.executor.outcomes import settle
from goflow.scheduler import marking, operations
from goflow.scheduler.loop import Scheduler
from goflow.store import Store, blobs, dags, launches, recording, runs, tasks, transitions, xcoms
from goflow.store.rows import Dag

T0 = dt.datetime(2026, 1, 5, 12, 0, tzinfo=dt.UTC)
SUCCESS = Outcome(state=TaskState.SUCCESS, exit_code=0)
FAILED = Outcome(state=TaskState.FAILED, exit_code=1, reason="Exception")
SKIPPED = Outcome(state=TaskState.SKIPPED, exit_code=99)


def task(task_id: str, *upstream: str, **more: Any) -> TaskSpec:
    """A task that needs a container."""
    more.setdefault("operator", "BashOperator")
    more.setdefault("operator_path", "airflow.providers.standard.operators.bash.BashOperator")
    return TaskSpec(task_id=task_id, upstream=tuple(upstream), **more)


def empty(task_id: str, *upstream: str, **more: Any) -> TaskSpec:
    """An EmptyOperator."""
    path = "airflow.providers.standard.operators.empty.EmptyOperator"
    return task(task_id, *upstream, operator="EmptyOperator", operator_path=path, **more)


def dag(*members: TaskSpec, dag_id: str = "d", **more: Any) -> DagSpec:
    """A DAG, by hand only unless it has a schedule."""
    return DagSpec(dag_id=dag_id, tasks=tuple(members), **more)


def hourly(**more: Any) -> Schedule:
    """Every hour, with data intervals."""
    more.setdefault("crons", ("0 * * * *",))
    return Schedule(kind="cron", timetable="CronDataIntervalTimetable", interval=True, **more)


def at(moment: dt.datetime) -> Moment:
    """A fixed moment."""
    return Moment(at=moment)


class World:
    """Store, clock and scheduler; what is launched waits for `finish`."""

    def __init__(self, url: str, now: dt.datetime = T0) -> None:
        self.clock = VirtualClock(now)
        self.store = Store(url, clock=self.clock)
        self.namespace_slots: dict[str, int] = {}
        self.restart()

    def restart(self) -> None:
        """The scheduler dies, and another begins."""
        self.scheduler = Scheduler(self.store, backend="fake", namespace_slots=self.namespace_slots)

    def put(self, spec: DagSpec, *, paused: bool = False, version: str = "1") -> None:
        """Have a DAG, or another version of it, in force."""
        with self.store.transaction() as tx:
            folder = blobs.manifest("/dags", {})
            blobs.put_folder(tx, folder)
            reading = recording.Reading(
                dag=write_out(spec),
                file_hash=f"{version:0>64}",
                folder_digest=folder.digest,
                file_path="d.py",
                inputs={},
                reader_version="test",
                paused=paused,
            )
            recording.record(tx, reading)

    def trigger(self, dag_id: str = "d", **more: Any) -> DagRun:
        """A run by hand."""
        run = operations.trigger(self.store, dag_id, who="test", **more)
        self.settle()
        return run

    def settle(self) -> None:
        """Let the scheduler do all that it can do at this moment."""
        for _ in range(1000):
            self.scheduler.wake.clear()
            self.scheduler.cycle()
            if not self.scheduler.wake.is_set():
                return
        raise AssertionError("the scheduler does not come to rest")

    def pass_time(self, seconds: float) -> None:
        """Turn the clock, and stop at every timer on the way."""
        end = self.clock.now() + dt.timedelta(seconds=seconds)
        while (due := self.scheduler.next_timer()) is not None and due <= end:
            self.clock.advance(max(0.0, (due - self.clock.now()).total_seconds()))
            self.settle()
        self.clock.advance((end - self.clock.now()).total_seconds())
        self.settle()

    # what there is

    def states(self, run_id: str | None = None, dag_id: str = "d") -> dict[str, str]:
        """Task (with its map index) to state, of one run, the only one unless named."""
        with self.store.reading() as tx:
            run = runs.by_run_id(tx, dag_id, run_id) if run_id else self.only_run(dag_id)
            return {label(row): row.state.value for row in tasks.of_run(tx, run.id)}

    def only_run(self, dag_id: str = "d") -> DagRun:
        """The one run there is."""
        with self.store.reading() as tx:
            (run,) = runs.list_(tx, dag_id)
            return run

    def all_runs(self, dag_id: str = "d") -> list[DagRun]:
        """Every run, the one that was due first first."""
        with self.store.reading() as tx:
            return runs.list_(tx, dag_id, limit=None)[::-1]

    def run_state(self, dag_id: str = "d", run_id: str | None = None) -> RunState:
        """How that run stands."""
        with self.store.reading() as tx:
            return (runs.by_run_id(tx, dag_id, run_id) if run_id else self.only_run(dag_id)).state

    def row(self, task_id: str, map_index: int = -1, *, run_id: str | None = None, dag_id: str = "d") -> TaskInstance:
        """A task instance."""
        with self.store.reading() as tx:
            run = runs.by_run_id(tx, dag_id, run_id) if run_id else self.only_run(dag_id)
            found = tasks.find(tx, run.id, task_id, map_index)
            assert found is not None
            return found

    def queued(self) -> list[str]:
        """What has a launch that waits for its process, in the order in which the launches were written."""
        with self.store.reading() as tx:
            return [label(launches.with_task(tx, launch.id)[1]) for launch in launches.planned(tx, "fake")]

    def queued_run(self) -> str:
        """The run of the launch that was written first of those that wait."""
        with self.store.reading() as tx:
            return launches.with_task(tx, launches.planned(tx, "fake")[0].id)[1].run_id

    # what the executor does

    def start(self, name: str, *, run_id: str | None = None) -> str:
        """Have the process of a launch begin; its launch id."""
        with self.store.transaction() as tx:
            for launch in launches.planned(tx, "fake"):
                _, row = launches.with_task(tx, launch.id)
                if label(row) == name and run_id in {None, row.run_id}:
                    claimed = transitions.claim_launch(tx, launch.id, f"pid-{launch.id}")
                    assert claimed is transitions.Claimed.CLAIMED
                    transitions.advance_task(tx, row.id, TaskState.QUEUED, TaskState.RUNNING, who="executor")
                    return launch.id
        raise AssertionError(f"{name} has no launch that waits; there are {self.queued()}")

    def end(self, launch_id: str, outcome: Outcome = SUCCESS, *, xcom: Any = None) -> bool:
        """Have a launch end, and the scheduler hear of it."""
        told = settle(self.store, launch_id, outcome, who="executor", report=report_of(xcom))
        self.settle()
        return told

    def finish(self, name: str, outcome: Outcome = SUCCESS, *, xcom: Any = None, run_id: str | None = None) -> None:
        """Have a launch begin and end."""
        self.end(self.start(name, run_id=run_id), outcome, xcom=xcom)

    def work_off(self, first: dict[str, Outcome], xcom: dict[str, Any]) -> int:
        """As one executor of several: claim whatever waits and end it, first attempts as FIRST says; how many."""
        done = 0
        with self.store.reading() as tx:
            waiting = launches.planned(tx, "fake")
        for launch in waiting:
            with self.store.transaction() as tx:
                _, row = launches.with_task(tx, launch.id)
                if transitions.claim_launch(tx, launch.id, f"{id(self)}") is not transitions.Claimed.CLAIMED:
                    continue
                transitions.advance_task(tx, row.id, TaskState.QUEUED, TaskState.RUNNING, who="executor")
            outcome = first.get(row.task_id, SUCCESS) if launch.try_number == 1 else SUCCESS
            settle(self.store, launch.id, outcome, who="executor", report=report_of(xcom.get(row.task_id)))
            done += 1
        return done

    def stop(self, name: str) -> None:
        """Have the launch of a task that is restarting end, as it was told to."""
        with self.store.reading() as tx:
            (launch,) = [x for x in launches.unfinished(tx, "fake") if label(launches.with_task(tx, x.id)[1]) == name]
        self.end(launch.id, FAILED)

    def finish_unheard(self, name: str, outcome: Outcome, *, xcom: Any = None) -> None:
        """The same while no scheduler is there to hear of it."""
        settle(self.store, self.start(name), outcome, who="executor", report=report_of(xcom))

    def finish_all(self, outcome_of: Callable[[str], Outcome] = lambda _name: SUCCESS) -> list[str]:
        """Have everything that is launched end, and what follows from it, until nothing is left; in which order."""
        done = []
        while names := self.queued():
            done.append(names[0])
            self.finish(names[0], outcome_of(names[0]))
        return done

    def push(self, task_id: str, key: str, value: Any, length: int | None = None, *, map_index: int = -1) -> None:
        """Leave a result, as a runner would."""
        with self.store.transaction() as tx:
            xcoms.push(tx, self.only_run().id, task_id, map_index, key, value, length)

    def clear(self, run_id: str, task_ids: list[str] | None = None, **more: Any) -> operations.Cleared:
        """Somebody clears tasks."""
        with self.store.transaction() as tx:
            cleared = operations.clear(tx, "d", run_id, who="test", task_ids=task_ids, **more)
        self.settle()
        return cleared

    def mark(self, task_id: str, state: TaskState, *, run_id: str | None = None, **more: Any) -> list[tuple[str, int]]:
        """Somebody marks a task."""
        named = run_id or self.only_run().run_id
        with self.store.transaction() as tx:
            marked = marking.mark_task(tx, "d", named, task_id, state, who="test", **more)
        self.settle()
        return [(row.task_id, row.map_index) for row in marked]

    def mark_run(self, state: RunState) -> None:
        """Somebody marks the only run; nothing goes on yet."""
        with self.store.transaction() as tx:
            marking.mark_run(tx, "d", self.only_run().run_id, state, who="test")

    def stop_requested(self, launch_id: str) -> bool:
        """Whether a launch was asked to stop."""
        with self.store.reading() as tx:
            return launches.get(tx, launch_id).stop_requested_at is not None

    def dag_row(self, dag_id: str = "d") -> Dag:
        """The DAG as it stands."""
        with self.store.reading() as tx:
            return dags.get(tx, dag_id)

    def deactivate(self, dag_id: str) -> None:
        """The DAG's file is gone."""
        with self.store.transaction() as tx:
            dags.deactivate(tx, [dag_id], who="importer")

    def open_launches(self) -> set[str]:
        """Ids of launches that have not ended."""
        with self.store.reading() as tx:
            return {launch.id for launch in launches.unfinished(tx, "fake") if launch.state is not LaunchState.ENDED}


def report_of(xcom: Any) -> dict[str, Any] | None:
    """What a runner reports of a task that returns XCOM."""
    if xcom is None:
        return None
    length = len(xcom) if isinstance(xcom, list | dict) else None
    return {"xcoms": [{"key": "return_value", "value": xcom, "length": length}]}


def label(row: TaskInstance) -> str:
    """``task`` or ``task[3]``."""
    return row.task_id if row.map_index < 0 else f"{row.task_id}[{row.map_index}]"


def labels(names: Iterable[str]) -> list[str]:
    """Sorted, for comparing."""
    return sorted(names)
