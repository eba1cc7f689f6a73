"""What people may order, and what it does to runs that are under way and runs that are over."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.errors import AlreadyExistsError, ConflictError, InvalidRequestError, NotFoundError
from goflow.domain.runs import Outcome
from goflow.domain.spec import Dialect, GroupSpec, Schedule
from goflow.domain.state import RunState, TaskState
from goflow.domain.triggers import Deferral
from goflow.operators.registry import SUB_DAG
from goflow.scheduler import marking, operations
from goflow.store import events, runs, tasks
from tests.unit.scheduler.kit import FAILED, T0, World, at, dag, empty, hourly, task


class TestTrigger:
    def test_the_run_is_named_as_airflow_names_it(self, world: World) -> None:
        world.put(dag(task("a"), schedule=hourly()))
        run = world.trigger(conf={"k": 1})
        assert run.run_id == "manual__2026-01-05T12:00:00+00:00"
        assert (run.logical_date, run.data_interval_start, run.data_interval_end) == (
            T0,
            T0 - dt.timedelta(hours=1),
            T0,
        )
        assert (run.conf, run.triggered_by) == ({"k": 1}, "test")

    def test_two_at_the_same_moment_have_two_names_and_two_dates(self, world: World) -> None:
        world.put(dag(task("a")))
        world.trigger()
        assert world.trigger().logical_date == T0 + dt.timedelta(microseconds=1)
        third = world.trigger(logical_date=T0 + dt.timedelta(seconds=-1))
        assert third.run_id == "manual__2026-01-05T12:00:00+00:00_2"

    def test_airflow_3_may_have_no_logical_date(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger(without_logical_date=True)
        assert (run.logical_date, run.data_interval_start, run.run_after) == (None, None, T0)
        assert world.queued() == ["a"]

    def test_airflow_2_names_it_after_its_logical_date(self, world: World) -> None:
        world.put(dag(task("a"), dialect=Dialect.AIRFLOW2))
        run = world.trigger(logical_date=T0 - dt.timedelta(days=1))
        assert run.run_id == "manual__2026-01-04T12:00:00+00:00"

    def test_a_run_for_the_future_waits_for_it(self, world: World) -> None:
        world.put(dag(task("a")))
        world.trigger(logical_date=T0 + dt.timedelta(hours=1))
        assert world.run_state() == "queued"
        world.pass_time(3600)
        assert world.queued() == ["a"]

    def test_a_dag_inside_another_runs_with_that_alone(self, world: World) -> None:
        """Airflow 2's SubDagOperator: the schedule that its DAG has makes no runs, and its being paused holds none up."""
        world.put(dag(task("inner"), dag_id="d.section", schedule=hourly()), paused=True)
        world.put(dag(task("section", operator_path=SUB_DAG), schedule=hourly()))
        outer = world.trigger(run_id="outer")
        inner = world.trigger("d.section", run_id="outer", inside=outer)
        assert (inner.run_id, inner.logical_date) == ("outer", outer.logical_date)
        assert inner.data_interval_start == outer.data_interval_start
        world.pass_time(7200)
        with world.store.reading() as tx:
            assert [run.run_id for run in runs.list_(tx, "d.section")] == ["outer"]
            assert len(runs.list_(tx, "d")) > 1
            assert next(iter(tasks.of_run(tx, inner.id))).state is TaskState.QUEUED

    @pytest.mark.parametrize(("dialect", "by_operator", "end"), [(Dialect.AIRFLOW3, False, -5), (Dialect.AIRFLOW3, True, 0), (Dialect.AIRFLOW2, True, -5)])  # fmt: skip
    def test_an_operators_run_has_the_interval_of_when_it_is_due(
        self, world: World, dialect: Dialect, by_operator: bool, end: int
    ) -> None:
        world.put(dag(task("a"), schedule=hourly(), start_date=at(T0 - dt.timedelta(days=1)), dialect=dialect))
        date = T0 - dt.timedelta(hours=5)
        run = world.trigger(logical_date=date, by_operator=by_operator)
        assert (run.logical_date, run.data_interval_end) == (date, T0 + dt.timedelta(hours=end))

    def test_what_cannot_be_is_refused(self, world: World) -> None:
        world.put(dag(task("a")))
        world.put(dag(task("a"), dag_id="gone"))
        world.deactivate("gone")
        world.trigger(run_id="one", logical_date=T0)
        for wrong, problem in (
            ({"dag_id": "nobody"}, NotFoundError),
            ({"dag_id": "gone"}, InvalidRequestError),
            ({"run_id": "one"}, AlreadyExistsError),
            ({"run_id": "two", "logical_date": T0}, AlreadyExistsError),
            ({"run_id": "scheduled__x"}, InvalidRequestError),
            ({"run_id": ""}, InvalidRequestError),
        ):
            with pytest.raises(problem):
                world.trigger(**wrong)
        assert len(world.all_runs()) == 1


PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("a good value", {"n": 5, "must": "x"}, ""),
    ("a default is enough where there is one", {"must": "x"}, ""),
    ("a wrong type", {"n": "five", "must": "x"}, "n: 'five' is not of type 'integer'"),
    ("out of range", {"n": 11, "must": "x"}, "n: 11 is greater than the maximum of 10"),
    ("a value that is needed and missing", {}, "must: no value given"),
    ("keys that are no params are free", {"must": "x", "other": [1]}, ""),
    ("a wrong format", {"must": "x", "day": "yesterday"}, "day: 'yesterday' is not a 'date'"),
]


@pytest.mark.parametrize(("conf", "problem"), [case[1:] for case in PARAMS], ids=[case[0] for case in PARAMS])
def test_the_configuration_must_satisfy_the_params(world: World, conf: dict[str, Any], problem: str) -> None:
    schemas = {
        "n": {"type": "integer", "maximum": 10},
        "must": {"type": "string"},
        "day": {"type": ["string", "null"], "format": "date"},
    }
    world.put(dag(empty("a"), params={"n": 1, "day": None}, param_schemas=schemas))
    if not problem:
        assert world.trigger(conf=conf).conf == conf
        return
    with pytest.raises(InvalidRequestError, match=problem.replace("(", r"\(")):
        world.trigger(conf=conf)


class TestClear:
    def test_a_run_that_is_over_begins_again(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b")))
        run = world.trigger()
        world.finish_all()
        cleared = world.clear(run.run_id, ["b"], downstream=True)
        assert sorted(cleared.tasks) == [("b", -1), ("c", -1)]
        assert world.run_state() == "running"
        assert world.states() == {"a": "success", "b": "queued", "c": "none"}
        assert world.finish_all() == ["b", "c"]
        assert world.run_state() == "success"

    def test_upstream_too(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b")))
        run = world.trigger()
        world.finish_all()
        assert sorted(world.clear(run.run_id, ["b"], upstream=True).tasks) == [("a", -1), ("b", -1)]

    def test_only_what_failed(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b"), task("good")))
        run = world.trigger()
        world.finish("good")
        world.finish("a")
        world.finish("b", FAILED)
        assert sorted(world.clear(run.run_id, only_failed=True).tasks) == [("b", -1), ("c", -1)]
        world.finish_all()
        assert world.run_state() == "success"

    def test_one_copy_of_a_mapped_task(self, world: World) -> None:
        world.put(dag(task("m", mapped=True, expand={"x": [1, 2]}), task("after", "m")))
        run = world.trigger()
        world.finish_all()
        cleared = world.clear(run.run_id, copies=[("m", 1)], downstream=True)
        assert sorted(cleared.tasks) == [("after", -1), ("m", 1)]
        assert world.states() == {"m[0]": "success", "m[1]": "queued", "after": "none"}

    def test_the_copies_below_a_copy_in_its_group_are_those_of_its_index(self, world: World) -> None:
        members = (
            task("g.a", group="g"),
            task("g.b", "g.a", group="g"),
            task("other", "g.b"),
        )
        group = GroupSpec(group_id="g", expand={"x": [1, 2, 3]})
        world.put(dag(*members, groups=(group,)))
        run = world.trigger()
        world.finish_all()
        one = world.clear(run.run_id, copies=[("g.a", 1)], downstream=True, dry_run=True)
        assert sorted(one.tasks) == [("g.a", 1), ("g.b", 1), ("other", -1)]
        up = world.clear(run.run_id, copies=[("g.b", 0), ("g.b", 2)], upstream=True, dry_run=True)
        assert sorted(up.tasks) == [("g.a", 0), ("g.a", 2), ("g.b", 0), ("g.b", 2)]
        both = world.clear(run.run_id, ["g.a"], copies=[("g.a", 1), ("g.b", 1)], dry_run=True)
        assert sorted(both.tasks) == [("g.a", 0), ("g.a", 1), ("g.a", 2), ("g.b", 1)], (
            "a whole task is more than a copy"
        )
        with pytest.raises(NotFoundError):
            world.clear(run.run_id, copies=[("nothing", 1)], dry_run=True)

    def test_a_tasks_setups_and_teardowns_come_along(self, world: World) -> None:
        members = [task("s", setup=True), task("w", "s"), task("t", "s", "w", teardown=True), task("x", "w")]
        world.put(dag(*members))
        run = world.trigger()
        world.finish_all()
        assert sorted(world.clear(run.run_id, ["w"]).tasks) == [("s", -1), ("t", -1), ("w", -1)]

    def test_nothing_changes_when_there_is_nothing_to_clear(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish_all()
        assert world.clear(run.run_id, only_failed=True).tasks == ()
        assert world.run_state() == "success"

    def test_a_dry_run_only_tells(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish_all()
        assert world.clear(run.run_id, dry_run=True).tasks == (("a", -1),)
        assert world.run_state() == "success"

    def test_with_the_newest_version_new_tasks_appear_and_what_was_is_kept(self, world: World) -> None:
        world.put(dag(task("a"), task("old", "a")))
        run = world.trigger()
        world.finish_all()
        world.put(dag(task("a"), task("new", "a")), version="2")
        assert world.clear(run.run_id, ["a"]).run.reading_id == run.reading_id
        world.finish_all()
        world.clear(run.run_id, ["a"], newest_version=True)
        assert world.states() == {"a": "queued", "old": "success", "new": "none"}
        assert world.finish_all() == ["a", "new"]
        assert world.run_state() == "success"

    @pytest.mark.parametrize(
        ("said", "asked", "newest"),
        [(None, None, False), (True, None, True), (False, None, False), (True, False, False), (False, True, True)],
    )
    def test_which_version_a_cleared_run_goes_on_with_is_said_by_who_clears_else_by_the_dag(
        self, world: World, said: bool | None, asked: bool | None, newest: bool
    ) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish_all()
        world.put(dag(task("a"), task("b", "a"), rerun_with_latest_version=said), version="2")
        world.clear(run.run_id, newest_version=asked)
        assert ("b" in world.states()) == newest

    def test_a_run_under_way_that_goes_on_with_the_newest_version_drops_what_is_not_in_it(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("old", "a")))
        run = world.trigger()
        world.put(dag(task("a"), task("b", "a")), version="2")
        world.clear(run.run_id, ["b"], newest_version=True)
        assert world.states() == {"a": "queued", "b": "none", "old": "removed"}
        assert world.finish_all() == ["a", "b"]
        assert world.run_state() == "success"

    def test_where_nothing_is_chosen_the_version_is_kept(self, world: World) -> None:
        more: dict[str, Any] = {"schedule": hourly(), "start_date": at(T0), "catchup": True, "max_active_runs": 9}
        world.put(dag(task("a"), **more))
        world.pass_time(3 * 3600)
        done, failed, under_way = world.all_runs()
        world.finish("a", run_id=done.run_id)
        world.finish("a", FAILED, run_id=failed.run_id)
        world.put(dag(task("a"), task("new", "a"), rerun_with_latest_version=True, **more), version="2")
        cleared = world.clear(failed.run_id, past=True, future=True, only_failed=True)
        assert [(row.run_id, row.task_id) for row in cleared.instances] == [(failed.run_id, "a")]
        assert world.states(failed.run_id) == {"a": "queued", "new": "none"}
        for run in (done, under_way):
            assert list(world.states(run.run_id)) == ["a"]
            with world.store.reading() as tx:
                assert runs.get(tx, run.id).reading_id == run.reading_id

    def test_a_task_that_only_the_newest_version_has_is_told_and_made(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish_all()
        copies = task("m", "a", mapped=True, expand={"x": [1, 2]})
        world.put(dag(task("a"), task("new", "a"), copies), version="2")
        with pytest.raises(NotFoundError):
            world.clear(run.run_id, ["new"], dry_run=True)
        everything = world.clear(run.run_id, newest_version=True, dry_run=True)
        assert sorted(everything.tasks) == [("a", -1), ("m", 0), ("m", 1), ("new", -1)]
        both = {"a": "success", "new": "queued", "m[0]": "queued", "m[1]": "queued"}
        for dry_run in (True, False):
            cleared = world.clear(run.run_id, ["new"], newest_version=True, dry_run=dry_run, note="added")
            assert cleared.tasks == (("new", -1),)
            assert world.states() == ({"a": "success"} if dry_run else both)
        assert world.row("new").note == "added"
        assert sorted(world.finish_all()) == ["m[0]", "m[1]", "new"]
        assert world.run_state() == "success"

    def test_only_what_is_new_in_the_newest_version_may_be_asked_for(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish_all()
        assert world.clear(run.run_id, only_new=True).tasks == ()
        assert world.run_state() == "success"
        world.put(dag(task("a"), task("new", "a")), version="2")
        for dry_run in (True, False):
            assert world.clear(run.run_id, only_new=True, dry_run=dry_run).tasks == (("new", -1),)
            assert world.states() == ({"a": "success"} if dry_run else {"a": "success", "new": "queued"})

    def test_runs_under_way_keep_their_version(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a")))
        world.trigger()
        world.put(dag(task("a"), task("other", "a")), version="2")
        world.restart()
        assert world.finish_all() == ["a", "b"]


class TestOtherRuns:
    def days(self, world: World, schedule: Schedule | None = None) -> list[str]:
        """Three runs of the schedule, each ended with a failure, and one by hand between the first two."""
        schedule = schedule or hourly()
        world.put(dag(task("a"), task("b", "a"), schedule=schedule, start_date=at(T0), catchup=True, max_active_runs=9))
        world.pass_time(3 * 3600)
        by_hand = world.trigger(logical_date=T0 + dt.timedelta(minutes=30))
        for run in world.all_runs():
            world.finish("a", FAILED, run_id=run.run_id)
        found = sorted(world.all_runs(), key=lambda run: run.logical_date or T0)
        assert [run.run_id for run in found].index(by_hand.run_id) == 1
        assert {world.run_state(run_id=run.run_id) for run in found} == {"failed"}
        return [run.run_id for run in found]

    @pytest.mark.parametrize(
        ("asked", "which"),
        [({"past": True}, [0, 1, 2]), ({"future": True}, [2, 3]), ({"past": True, "future": True}, [0, 1, 2, 3])],
    )
    def test_runs_before_and_after_are_cleared_with_it(self, world: World, asked: Any, which: list[int]) -> None:
        ids = self.days(world)
        cleared = world.clear(ids[2], ["a"], **asked)
        assert sorted(row.run_id for row in cleared.instances) == sorted(ids[index] for index in which)
        assert [ids.index(run_id) for run_id in ids if world.run_state(run_id=run_id) == "running"] == which

    @pytest.mark.parametrize("schedule", [hourly(), Schedule(kind="delta", interval=True, every_s=3600.0)])
    def test_of_runs_by_hand_none_is_marked_with_those_of_the_schedule(self, world: World, schedule: Schedule) -> None:
        ids = self.days(world, schedule)
        world.mark("a", TaskState.SUCCESS, run_id=ids[2], past=True)
        assert [world.states(run_id)["a"] for run_id in ids] == ["success", "failed", "success", "failed"]
        assert [world.states(run_id)["b"] for run_id in ids] == [
            "queued",
            "upstream_failed",
            "queued",
            "upstream_failed",
        ]

    def test_a_run_by_hand_with_a_date_of_the_schedule_is_marked_with_its_runs(self, world: World) -> None:
        ids = self.days(world)
        by_hand = world.trigger(logical_date=T0 - dt.timedelta(hours=1)).run_id
        world.mark("a", TaskState.SUCCESS, run_id=ids[0], past=True)
        assert world.states(by_hand)["a"] == "success"

    def test_with_both_past_and_future_runs_without_a_logical_date_are_cleared(self, world: World) -> None:
        world.put(dag(task("a")))
        named = world.trigger(logical_date=T0).run_id
        dateless = world.trigger(without_logical_date=True).run_id
        for asked in ({"past": True}, {"future": True}, {"past": True, "future": True}):
            cleared = world.clear(named, dry_run=True, **asked)
            assert [row.run_id for row in cleared.instances] == [named, dateless][: len(asked)]

    def test_a_run_without_a_logical_date_has_none_beside_it(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger(without_logical_date=True)
        with pytest.raises(InvalidRequestError):
            world.clear(run.run_id, past=True)


class TestWhatIsCleared:
    def test_only_what_runs(self, world: World) -> None:
        world.put(dag(task("a"), task("b"), task("c")))
        run = world.trigger()
        world.start("a")
        world.finish("b", FAILED)
        assert world.clear(run.run_id, only_running=True).tasks == (("a", -1),)
        assert world.states() == {"a": "restarting", "b": "failed", "c": "queued"}

    def test_nothing_where_one_is_running_that_is_to_be_spared(self, world: World) -> None:
        world.put(dag(task("a"), task("b")))
        run = world.trigger()
        world.start("a")
        world.finish("b")
        with pytest.raises(ConflictError):
            world.clear(run.run_id, spare_running=True)
        assert world.states() == {"a": "running", "b": "success"}
        assert world.clear(run.run_id, ["b"], spare_running=True).tasks == (("b", -1),)

    def test_without_its_run_it_stays_as_it_is(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        world.finish("a")
        world.clear(run.run_id, reset_runs=False, note="later")
        assert (world.states(), world.run_state(), world.row("a").note) == ({"a": "none"}, "success", "later")
        world.mark_run(RunState.QUEUED)
        world.settle()
        assert (world.states(), world.run_state()) == ({"a": "queued"}, "running")


class TestMark:
    def test_what_was_marked_while_it_ran_begins_anew_only_when_it_has_stopped(self, world: World) -> None:
        world.put(dag(task("a")))
        run = world.trigger()
        launch = world.start("a")
        world.mark("a", TaskState.SUCCESS)
        world.clear(run.run_id, ["a"])
        assert (world.states(), world.queued()) == ({"a": "restarting"}, [])
        world.end(launch)
        assert (world.states(), world.queued()) == ({"a": "queued"}, ["a"])

    def test_copies_that_were_removed_stay_so(self, world: World) -> None:
        over = {"x": {"$xcom": {"task_id": "a", "key": "return_value"}}}
        world.put(dag(task("a"), task("m", "a", mapped=True, expand=over)))
        run = world.trigger()
        world.finish("a", xcom=[1, 2])
        world.finish("m[0]")
        world.finish("m[1]")
        world.clear(run.run_id, ["a"], downstream=True)
        world.finish("a", xcom=[1])
        assert world.states() == {"a": "success", "m[0]": "queued", "m[1]": "removed"}
        assert world.mark("m", TaskState.SKIPPED) == [("m", 0)]

    def test_a_success_lets_go_on_what_had_failed_below(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b")))
        world.trigger()
        world.finish("a", FAILED)
        assert world.run_state() == "failed"
        assert world.mark("a", TaskState.SUCCESS) == [("a", -1)]
        assert world.states() == {"a": "success", "b": "queued", "c": "none"}
        assert world.run_state() == "running"

    def test_a_failure_spreads(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a")))
        world.trigger()
        world.mark("a", TaskState.FAILED)
        assert world.states() == {"a": "failed", "b": "upstream_failed"}
        assert world.run_state() == "failed"

    def test_relatives_are_marked_with_it(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b")))
        world.trigger()
        assert sorted(world.mark("b", TaskState.SUCCESS, upstream=True, downstream=True)) == [
            ("a", -1),
            ("b", -1),
            ("c", -1),
        ]
        assert world.run_state() == "success"

    def test_what_is_marked_failed_with_it_begins_anew_as_in_airflow(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a"), task("c", "b"), task("d", "b", trigger_rule="all_done")))
        world.trigger()
        world.mark("b", TaskState.FAILED, downstream=True)
        assert world.states() == {"a": "queued", "b": "failed", "c": "upstream_failed", "d": "queued"}

    def test_what_had_failed_below_goes_on_also_where_the_task_had_that_state(self, world: World) -> None:
        world.put(dag(task("a"), task("b", "a", trigger_rule="all_done")))
        first = world.trigger(logical_date=T0).run_id
        world.finish("a")
        world.finish("b", FAILED)
        second = world.trigger(logical_date=T0 + dt.timedelta(hours=1)).run_id
        world.mark("a", TaskState.SUCCESS, run_id=second, past=True)
        assert world.states(first) == {"a": "success", "b": "queued"}

    def test_one_copy_alone(self, world: World) -> None:
        world.put(dag(task("m", mapped=True, expand={"x": [1, 2]})))
        world.trigger()
        assert world.mark("m", TaskState.SKIPPED, map_index=1) == [("m", 1)]
        assert world.states() == {"m[0]": "queued", "m[1]": "skipped"}

    def test_marking_twice_changes_nothing(self, world: World) -> None:
        world.put(dag(task("a")))
        world.trigger()
        world.mark("a", TaskState.SUCCESS)
        assert world.mark("a", TaskState.SUCCESS) == []

    def test_what_cannot_be_is_refused(self, world: World) -> None:
        world.put(dag(task("a")))
        world.trigger()
        with pytest.raises(InvalidRequestError):
            world.mark("a", TaskState.RUNNING)
        with pytest.raises(NotFoundError):
            world.mark("b", TaskState.SUCCESS)
        with pytest.raises(NotFoundError):
            world.mark("a", TaskState.SUCCESS, map_index=3)


class TestMarkRun:
    @pytest.mark.parametrize(("run_state", "task_state"), [("failed", "failed"), ("success", "success")])
    def test_what_runs_is_stopped_and_the_rest_skipped(self, world: World, run_state: str, task_state: str) -> None:
        world.put(dag(task("done"), task("a", "done"), task("b", "a")))
        world.trigger()
        world.finish("done")
        launch = world.start("a")
        world.mark_run(RunState(run_state))
        world.settle()
        assert world.states() == {"done": "success", "a": task_state, "b": "skipped"}
        assert world.run_state() == run_state
        assert world.stop_requested(launch)
        world.end(launch, FAILED)
        assert world.run_state() == run_state

    def test_teardowns_do_their_work_first(self, world: World) -> None:
        teardown = task("t", "s", "w", teardown=True, trigger_rule="all_done_setup_success")
        world.put(dag(task("s", setup=True), task("w", "s"), teardown))
        world.trigger()
        world.finish("s")
        world.start("w")
        world.mark_run(RunState.FAILED)
        world.settle()
        assert world.states() == {"s": "success", "w": "failed", "t": "queued"}
        world.finish("t")
        assert world.run_state() == "failed"

    @pytest.mark.parametrize(("begun", "expected"), [(True, ["failed"] * 3), (False, ["success", *["skipped"] * 2])])
    def test_the_copies_of_a_task_of_which_one_runs_get_the_same_state(
        self, world: World, begun: bool, expected: list[str]
    ) -> None:
        world.put(dag(task("m", mapped=True, expand={"x": [1, 2, 3]})))
        world.trigger()
        world.finish("m[0]")
        if begun:
            world.start("m[1]")
        world.mark_run(RunState.FAILED)
        world.settle()
        assert [world.states()[f"m[{index}]"] for index in range(3)] == expected

    @pytest.mark.parametrize(
        ("dialect", "state", "expected"),
        [
            (Dialect.AIRFLOW3, "success", ("failed", "success", "skipped", "upstream_failed", "success")),
            (Dialect.AIRFLOW3, "failed", ("failed", "failed", "skipped", "upstream_failed", "failed")),
            (Dialect.AIRFLOW2, "failed", ("failed", "failed", "skipped", "upstream_failed", "failed")),
            (Dialect.AIRFLOW2, "success", ("success", "success", "success", "success", "success")),
        ],
    )
    def test_what_has_not_begun_is_skipped_but_under_airflow_2_all_succeeds(
        self, world: World, dialect: Dialect, state: str, expected: tuple[str, ...]
    ) -> None:
        """``set_dag_run_state_to_success`` of Airflow 2 sets every task, whatever it has come to; all others leave what
        has ended, and skip what waits for its container, too."""
        members = [task("bad"), task("runs"), task("waits"), task("below", "bad"), task("deferred")]
        world.put(dag(*members, dialect=dialect))
        world.trigger()
        world.finish("bad", FAILED)
        world.start("runs")
        world.finish("deferred", Outcome(state=TaskState.DEFERRED, deferral=Deferral(classpath="a.B", next_method="m")))
        world.mark_run(RunState(state))
        world.settle()
        assert tuple(world.states()[member.task_id] for member in members) == expected
        assert world.run_state() == state

    def test_a_queued_run_may_be_marked(self, world: World) -> None:
        world.put(dag(task("a")), paused=True)
        world.trigger()
        world.mark_run(RunState.FAILED)
        assert world.run_state() == "failed"


def test_a_run_is_deleted_only_when_it_is_over(world: World) -> None:
    world.put(dag(task("a")))
    run = world.trigger()
    with pytest.raises(ConflictError):
        operations.delete_run(world.store, "d", run.run_id, who="test")
    launch = world.start("a")
    world.mark("a", TaskState.SUCCESS)
    assert world.run_state() == "success"
    with pytest.raises(ConflictError):
        operations.delete_run(world.store, "d", run.run_id, who="test")
    world.end(launch)
    operations.delete_run(world.store, "d", run.run_id, who="test")
    world.settle()
    assert world.all_runs() == []


def test_notes_are_kept(world: World) -> None:
    world.put(dag(task("a")))
    run = world.trigger()
    with world.store.transaction() as tx:
        operations.set_run_note(tx, "d", run.run_id, "why", who="test")
        operations.set_task_note(tx, "d", run.run_id, "a", "because", who="test")
    assert (world.only_run().note, world.row("a").note) == ("why", "because")
    world.clear(run.run_id)
    assert world.row("a").note == "because"  # as in Airflow


def test_every_order_is_told_with_who_gave_it(world: World) -> None:
    world.put(dag(task("a")), paused=True)
    operations.unpause(world.store, "d", who="cli:ann")
    run = operations.trigger(world.store, "d", who="cli:ann")
    with world.store.transaction() as tx:
        marking.mark_task(tx, "d", run.run_id, "a", TaskState.SUCCESS, who="cli:ann")
        operations.clear(tx, "d", run.run_id, who="cli:ann")
    with world.store.reading() as tx:
        told = [event.kind for event in events.after(tx, 0) if event.who == "cli:ann"]
        assert runs.by_run_id(tx, "d", run.run_id).triggered_by == "cli:ann"
    assert told == ["dag.unpaused", "run.created", "task.created", "task.state", "task.state"]
