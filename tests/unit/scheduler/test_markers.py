"""What Airflow 2's ``ExternalTaskMarker`` names in other DAGs is cleared with it (``DAG._get_task_instances``)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.errors import ConflictError, InvalidRequestError
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.domain.state import RunState, TaskState
from goflow.scheduler import operations
from goflow.store import tasks, variables
from tests.unit.scheduler import kit
from tests.unit.scheduler.kit import FAILED, T0, World, task

DATE = "{{ logical_date.isoformat() }}"


def dag(*members: TaskSpec, dag_id: str = "d", **more: Any) -> DagSpec:
    """Of Airflow 2's dialect."""
    more.setdefault("dialect", Dialect.AIRFLOW2)
    return kit.dag(*members, dag_id=dag_id, **more)


def marker(
    task_id: str, *upstream: str, dag_id: Any = "other", names: Any = "x", date: Any = DATE, **more: Any
) -> TaskSpec:
    """A marker, as the reader gives it."""
    fields = {"external_dag_id": dag_id, "external_task_id": names, "execution_date": date}
    path = "airflow.providers.standard.sensors.external_task.ExternalTaskMarker"
    more.setdefault("operator", "ExternalTaskMarker")
    more.setdefault("template_fields", tuple(fields))
    more["bases"] = ("airflow.providers.standard.operators.empty.EmptyOperator",)
    return task(task_id, *upstream, operator_path=path, fields=fields, **more)


OTHER = (task("before"), task("x", "before"), task("y", "x"), task("apart", "before"))


def ended(world: World, *specs: DagSpec, date: dt.datetime = T0) -> dict[str, DagRun]:
    """A run of each of those DAGs, which has come to its end."""
    found = {}
    for spec in specs:
        world.put(spec)
        found[spec.dag_id] = world.trigger(spec.dag_id, logical_date=date)
    world.finish_all()
    return found


def chosen(cleared: operations.Cleared) -> list[str]:
    return sorted(f"{row.dag_id}.{kit.label(row)}" for row in cleared.instances)


class TestFollowed:
    def test_the_task_it_names_and_what_is_below_are_cleared_in_the_run_of_that_date(self, world: World) -> None:
        there = ended(world, dag(task("a"), marker("m", "a")), dag(*OTHER, dag_id="other"))
        earlier = world.trigger("other", logical_date=T0 - dt.timedelta(days=1))
        world.finish_all()
        for dry_run in (True, False):
            cleared = world.clear(there["d"].run_id, ["a"], downstream=True, dry_run=dry_run)
            assert chosen(cleared) == ["d.a", "d.m", "other.x", "other.y"]
            assert sorted(cleared.tasks) == [("a", -1), ("m", -1)]
            run = there["other"].run_id
            assert world.run_state("other", run) == (RunState.SUCCESS if dry_run else RunState.RUNNING)
        assert world.states(run, "other") == {"before": "success", "x": "queued", "y": "none", "apart": "success"}
        assert world.run_state("other", earlier.run_id) == "success"

    def test_a_marker_that_is_not_cleared_itself_clears_nothing(self, world: World) -> None:
        there = ended(world, dag(task("a"), marker("m", "a")), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id, ["a"])) == ["d.a"]

    def test_it_is_enough_that_the_marker_is_named_or_the_whole_run_cleared(self, world: World) -> None:
        there = ended(world, dag(task("a"), marker("m", "a")), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id, ["m"], dry_run=True)) == ["d.m", "other.x", "other.y"]
        assert chosen(world.clear(there["d"].run_id, dry_run=True)) == ["d.a", "d.m", "other.x", "other.y"]

    def test_who_clears_may_leave_other_dags_alone(self, world: World) -> None:
        there = ended(world, dag(marker("m")), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id, ["m"], dependents=False)) == ["d.m"]

    def test_airflow_3_does_nothing_with_markers(self, world: World) -> None:
        there = ended(world, dag(marker("m"), dialect=Dialect.AIRFLOW3), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m"]

    def test_classes_of_the_authors_own_are_not_looked_for(self, world: World) -> None:
        """``TI.operator == ExternalTaskMarker.__name__``"""
        there = ended(world, dag(marker("m", operator="OurMarker")), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m"]

    @pytest.mark.parametrize(
        "more", [{"dag_id": "nothing"}, {"names": "nothing"}, {"date": "2020-01-01"}], ids=["dag", "task", "run"]
    )
    def test_where_nothing_is_there_nothing_more_is_cleared(self, world: World, more: Any) -> None:
        there = ended(world, dag(marker("m", **more)), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m"]

    def test_only_markers_that_failed_count_where_only_what_failed_is_cleared_and_of_the_others_too(
        self, world: World
    ) -> None:
        world.put(dag(task("a"), marker("m", "a"), marker("n", dag_id="other", names="before")))
        world.put(dag(*OTHER, dag_id="other"))
        run = world.trigger()
        world.trigger("other", logical_date=run.logical_date)
        world.finish("a", FAILED)
        world.finish("before")
        world.finish("apart", FAILED)
        world.finish("x", FAILED)
        assert world.states() == {"a": "failed", "m": "upstream_failed", "n": "success"}
        cleared = world.clear(run.run_id, only_failed=True)
        assert chosen(cleared) == ["d.a", "d.m", "other.x", "other.y"]

    def test_setups_that_the_others_need_come_along(self, world: World) -> None:
        members = (task("s", setup=True), task("x", "s"), task("t", "s", "x", teardown=True))
        there = ended(world, dag(marker("m")), dag(*members, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m", "other.s", "other.t", "other.x"]

    def test_all_copies_of_a_mapped_task_are_meant(self, world: World) -> None:
        members = (task("x", mapped=True, expand={"v": [1, 2]}), task("y", "x"))
        there = ended(world, dag(marker("m")), dag(*members, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m", "other.x[0]", "other.x[1]", "other.y"]

    def test_the_same_dag_at_another_date_counts_with_what_was_asked_of_it(self, world: World) -> None:
        later = "{{ (logical_date + macros.timedelta(days=1)).isoformat() }}"
        spec = dag(task("a"), task("b", "a"), marker("m", "b", dag_id="d", names="b", date=later))
        first = ended(world, spec, date=T0 - dt.timedelta(days=1))["d"]
        second = ended(world, spec)["d"]
        found = world.clear(first.run_id, ["a"], downstream=True, dry_run=True).instances
        assert sorted((row.run_id, row.task_id) for row in found) == sorted(
            [*((first.run_id, name) for name in "abm"), *((second.run_id, name) for name in "bm")]
        )
        both = world.clear(first.run_id, ["a"], downstream=True, future=True).instances
        assert sorted((row.run_id, row.task_id) for row in both) == sorted(
            (run.run_id, name) for run in (first, second) for name in "abm"
        )

    def test_notes_are_written_there_and_what_runs_is_spared_where_that_is_asked(self, world: World) -> None:
        there = ended(world, dag(marker("m")), dag(*OTHER, dag_id="other"))
        world.clear(there["d"].run_id, note="again")
        assert world.row("x", dag_id="other").note == "again"
        world.start("x")
        with pytest.raises(ConflictError):
            world.clear(there["d"].run_id, spare_running=True)

    def test_the_runs_of_others_stay_over_where_those_cleared_do(self, world: World) -> None:
        there = ended(world, dag(marker("m")), dag(*OTHER, dag_id="other"))
        world.clear(there["d"].run_id, reset_runs=False)
        assert (world.run_state(), world.run_state("other")) == ("success", "success")

    def test_the_others_go_on_with_the_version_that_is_asked_for(self, world: World) -> None:
        there = ended(world, dag(marker("m")), dag(*OTHER, dag_id="other"))
        world.put(dag(*OTHER, task("new", "x"), dag_id="other"), version="2")
        world.clear(there["d"].run_id, newest_version=True)
        assert world.states(dag_id="other")["new"] == "none"
        world.finish_all()
        assert world.run_state("other") == "success"

    @pytest.mark.parametrize(("name", "there"), [("a", "queued"), ("x", "failed")])
    def test_a_mark_that_lets_a_marker_begin_anew_does_so_with_what_failed_there(
        self, world: World, name: str, there: str
    ) -> None:
        """``set_task_instance_state`` clears what failed below with ``include_subdags``, and leaves the id of what is
        marked out everywhere."""
        world.put(dag(task(name), marker("m", name)))
        world.put(dag(*OTHER, dag_id="other"))
        run = world.trigger()
        world.finish(name, FAILED)
        world.trigger("other", logical_date=run.logical_date)
        world.finish("before")
        world.finish("apart", FAILED)
        world.finish("x", FAILED)
        assert world.mark(name, TaskState.SUCCESS) == [(name, -1)]
        assert world.states() == {name: "success", "m": "success"}
        below = "none" if there == "queued" else "upstream_failed"
        assert world.states(dag_id="other") == {"before": "success", "x": there, "y": below, "apart": "failed"}

    def test_a_mark_is_refused_where_a_marker_below_cannot_be_followed(self, world: World) -> None:
        world.put(dag(task("a"), marker("m", "a", date="{{ prev_ds }}")))
        world.trigger()
        world.finish("a", FAILED)
        with pytest.raises(InvalidRequestError, match="ExternalTaskMarker m of DAG d"):
            world.mark("a", TaskState.SUCCESS)
        assert world.states() == {"a": "failed", "m": "upstream_failed"}


class TestHowFar:
    def chain(self, world: World, depth: int) -> DagRun:
        """d names d1, d1 names d2, d2 names d3; what the first says of the depth holds."""
        specs = [
            dag(marker("m", dag_id="d1", names="m", arguments={"recursion_depth": depth})),
            dag(marker("m", dag_id="d2", names="m", arguments={"recursion_depth": 1}), dag_id="d1"),
            dag(marker("m", dag_id="d3", names="x"), dag_id="d2"),
            dag(*OTHER, dag_id="d3"),
        ]
        return ended(world, *specs)["d"]

    def test_markers_there_are_followed_as_well(self, world: World) -> None:
        cleared = world.clear(self.chain(world, 3).run_id)
        assert chosen(cleared) == ["d.m", "d1.m", "d2.m", "d3.x", "d3.y"]

    def test_where_it_would_go_further_than_the_first_says_nothing_is_cleared(self, world: World) -> None:
        run = self.chain(world, 2)
        for dry_run in (True, False):
            with pytest.raises(
                InvalidRequestError, match="Maximum recursion depth 2 reached for ExternalTaskMarker m of DAG d2"
            ):
                world.clear(run.run_id, dry_run=dry_run)
        assert {world.run_state(dag_id) for dag_id in ("d", "d1", "d2", "d3")} == {RunState.SUCCESS}

    def test_ten_unless_the_marker_says_it(self, world: World) -> None:
        length = 12
        specs = [dag(marker("m", dag_id=f"d{n + 1}", names="m"), dag_id=f"d{n}" if n else "d") for n in range(length)]
        run = ended(world, *specs)["d"]
        with pytest.raises(InvalidRequestError, match="depth 10 reached for ExternalTaskMarker m of DAG d10"):
            world.clear(run.run_id)

    def test_a_circle_ends_where_it_began(self, world: World) -> None:
        there = ended(
            world,
            dag(task("a"), marker("m", "a", dag_id="other", names="n", arguments={"recursion_depth": 2})),
            dag(marker("n", dag_id="d", names="a"), dag_id="other"),
        )
        assert chosen(world.clear(there["d"].run_id, ["m"])) == ["d.a", "d.m", "other.n"]


class TestWhatItNames:
    def test_a_date_without_a_zone_is_utc_and_values_may_be_templates(self, world: World) -> None:
        with world.store.transaction() as tx:
            variables.set_(tx, "to", "other", who="test")
        date = "{{ ds }}T{{ ti.xcom_pull(task_ids='a') }}:00"
        names = "{{ params.task }}"
        first = marker("m", "a", dag_id="{{ var.value.to }}", names=names, date=date)
        world.put(dag(task("a"), first, params={"task": "y"}))
        world.put(dag(*OTHER, dag_id="other"))
        run = world.trigger()
        world.finish("a", xcom="11:00")
        world.trigger("other", logical_date=T0 - dt.timedelta(hours=1))
        world.finish_all()
        assert chosen(world.clear(run.run_id, ["m"])) == ["d.m", "other.y"]

    def test_what_its_last_attempt_has_told_is_taken_before_its_template(self, world: World) -> None:
        there = ended(world, dag(marker("m", names="{{ ours() }}")), dag(*OTHER, dag_id="other"))
        told = {"external_dag_id": "other", "external_task_id": "y", "execution_date": T0.isoformat()}
        with world.store.transaction() as tx:
            tasks.set_rendered(tx, world.row("m").id, told)
        assert chosen(world.clear(there["d"].run_id, ["m"], dry_run=True)) == ["d.m", "other.y"]
        world.put(dag(marker("m", names="x")), version="2")
        newest = world.clear(there["d"].run_id, ["m"], newest_version=True)
        assert chosen(newest) == ["d.m", "other.x", "other.y"], "the newest version names another task"

    @pytest.mark.parametrize(
        ("given", "more", "words"),
        [
            ({"date": "{{ ours(ds) }}"}, {"user_defined_macros": ("ours",)}, "its execution_date can only be known"),
            ({"names": "{{ ds }}"}, {"user_defined_macros": ("ds",)}, "its external_task_id can only be known"),
            ({"date": "{{ prev_ds }}"}, {}, "its execution_date can only be known"),
            ({"dag_id": {"$hole": {"reason": "a call"}}}, {}, "its external_dag_id can only be known"),
            ({"dag_id": "{{ ds.nothing }}"}, {}, "external_dag_id"),
            ({"date": "some day"}, {}, "'some day' is no date"),
            ({"date": "P1D"}, {}, "'P1D' is no date"),
            ({"arguments": {"recursion_depth": {"$hole": {"reason": "a call"}}}}, {}, "its recursion_depth can only"),
            ({"expand": {"external_task_id": ["x"]}, "mapped": True}, {}, "its external_task_id can only be known"),
        ],
    )
    def test_what_cannot_be_known_is_told_with_the_marker_and_nothing_is_cleared(
        self, world: World, given: Any, more: Any, words: str
    ) -> None:
        there = ended(world, dag(task("a"), marker("m", "a", **given), **more), dag(*OTHER, dag_id="other"))
        with pytest.raises(
            InvalidRequestError, match=r"what ExternalTaskMarker m(\[0\])? of DAG d.* names is not known"
        ) as told:
            world.clear(there["d"].run_id, ["a"], downstream=True)
        assert words in str(told.value)
        assert world.run_state() == RunState.SUCCESS

    def test_words_of_the_author_that_it_does_not_use_and_templates_as_objects_are_no_hindrance(
        self, world: World
    ) -> None:
        more = {"user_defined_macros": ("date", "ours"), "user_defined_filters": ("iso",), "native": True}
        there = ended(world, dag(marker("m"), **more), dag(*OTHER, dag_id="other"))
        assert chosen(world.clear(there["d"].run_id)) == ["d.m", "other.x", "other.y"]
