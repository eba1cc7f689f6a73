"""Every store case runs on SQLite and on PostgreSQL: what launches use."""

from __future__ import annotations

from sqlalchemy import func, select

from goflow.domain.runs import Outcome
from goflow.domain.state import RunState, TaskState
from goflow.domain.usage import Sample, Series, Usage
from goflow.executor.outcomes import End, settle_all
from goflow.store import Store, cleaning, runs, tasks, transitions, usage
from goflow.store.tables import attempts
from goflow.store.usage_tables import launch_usage
from tests.stores import bash_dag, begin, make_run, queue

WORD = {"cpu_seconds": 2.0, "max_rss_bytes": 100.0, "wall_seconds": 9.0}


def ended(state: TaskState, launch_id: str, **used: float) -> End:
    return End(launch_id=launch_id, outcome=Outcome(state=state, usage=used), who="runner")


def samples(*points: tuple[float, float, int]) -> Series:
    series = Series("kubelet")
    for point in points:
        series.add(Sample(*point))
    return series


def test_the_runners_account_is_kept_with_each_launch_of_an_attempt(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx, bash_dag("d", "a"))["a"]
        first = begin(tx, ti)
        settle_all(tx, [ended(TaskState.UP_FOR_RESCHEDULE, first.id, **WORD)])
        store.clock.advance(30)  # type: ignore[attr-defined]
        assert usage.of_attempts(tx, [ti.id]) == {(ti.id, 1): Usage(cpu_seconds=2.0, memory_bytes=100, source="runner")}
    with store.transaction() as tx:
        assert transitions.advance_task(tx, ti.id, TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED, who="test")
        again = transitions.plan_launch(tx, tasks.get(tx, ti.id), backend="local", new_attempt=False).launch
        assert again is not None
        transitions.claim_launch(tx, again.id, "2:2")
        settle_all(tx, [ended(TaskState.SUCCESS, again.id, cpu_seconds=0.5, max_rss_bytes=300.0)])
        [tried] = usage.of_task(tx, ti.id)
        assert tried.usage == Usage(cpu_seconds=2.5, memory_bytes=300, source="runner")
        assert (tried.wait_seconds, tried.run_seconds) == (0.0, 30.0)
        assert {used.cpu_seconds for used in usage.of_launches(tx, ti.id).values()} == {2.0, 0.5}


def test_samples_are_kept_and_written_over_and_go_with_their_run(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("d", "a"))
        launch = begin(tx, made["a"])
        assert usage.save(tx, {launch.id: samples((1.0, 0.5, 700)), "gone": samples((1.0, 1.0, 1))}) == {launch.id}
        usage.save(tx, {launch.id: samples((1.0, 0.5, 700), (11.0, 3.5, 600))})
    with store.reading() as tx:
        found = usage.series(tx, [launch.id, "gone"])
        assert list(found) == [launch.id]
        assert (found[launch.id].cpu_seconds, found[launch.id].memory_bytes, found[launch.id].source) == (
            3.5, 700, "kubelet",
        )  # fmt: skip
        [tried] = usage.of_task(tx, made["a"].id)
        assert tried.usage == Usage(cpu_seconds=3.5, memory_bytes=700, sampled_bytes=700, source="kubelet")
    assert launch_usage in {table for table, _, _ in cleaning.children()}
    with store.transaction() as tx:
        settle_all(tx, [ended(TaskState.SUCCESS, launch.id)])
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")
        runs.delete_(tx, made.run.id, who="test")
    with store.reading() as tx:
        assert tx.value(select(func.count()).select_from(launch_usage)) == 0


def test_the_newest_attempts_of_a_task_come_first(store: Store) -> None:
    spec = bash_dag("d", "a", "b")
    with store.transaction() as tx:
        for number in range(4):
            made = make_run(tx, spec, run_id=f"r{number}")
            launch = begin(tx, made["a"])
            settle_all(tx, [ended(TaskState.SUCCESS, launch.id, cpu_seconds=float(number), max_rss_bytes=1.0)])
            store.clock.advance(60)  # type: ignore[attr-defined]
        queue(tx, make_run(tx, spec, run_id="open")["a"])
    with store.reading() as tx:
        found = usage.newest(tx, "d", "a", runs=3, limit=10)
        assert [(one.run_id, one.usage.cpu_seconds) for one in found] == [("open", None), ("r3", 3.0), ("r2", 2.0)]
        assert found[0].run_seconds is None
        assert [one.run_id for one in usage.newest(tx, "d", "a", runs=9, limit=2)] == ["open", "r3"]
        assert usage.newest(tx, "d", "b", runs=9, limit=2) == []
        assert usage.newest(tx, "none", "a", runs=9, limit=2) == []


def test_attempts_from_before_launches_had_an_account_still_tell_theirs(store: Store) -> None:
    with store.transaction() as tx:
        ti = make_run(tx, bash_dag("d", "a"))["a"]
        settle_all(tx, [ended(TaskState.SUCCESS, begin(tx, ti).id)])
        tx.change(attempts.update().values(usage='{"cpu_seconds":1.5,"max_rss_bytes":10.0,"wall_seconds":2.0}'))
        [tried] = usage.of_task(tx, ti.id)
    assert tried.usage == Usage(cpu_seconds=1.5, memory_bytes=10, source="runner")
