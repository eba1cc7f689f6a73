"""Who is queued first, and how many at once: pools, max_active_tasks, per-task limits, priority weights."""

from __future__ import annotations

import datetime as dt

from goflow.domain.spec import Dialect, RuntimeSpec
from goflow.scheduler import operations
from goflow.scheduler.graph import Graph
from goflow.scheduler.loop import Scheduler
from goflow.store import pools
from tests.unit.scheduler.kit import FAILED, T0, World, at, dag, hourly, task


def set_pool(world: World, name: str, slots: int) -> None:
    with world.store.transaction() as tx:
        pools.set_(tx, name, slots, who="test")
    world.settle()


def test_higher_weights_go_first_and_weights_sum_up_downstream(world: World) -> None:
    world.put(
        dag(task("low"), task("chain"), task("below", "chain"), task("high", priority_weight=9), max_active_tasks=1)
    )
    world.trigger()
    assert world.finish_all() == ["high", "chain", "low", "below"]


def test_weights_by_each_rule() -> None:
    def weights(rule: str) -> dict[str, int]:
        members = [
            task("a", priority_weight=1),
            task("b", "a", priority_weight=10),
            task("c", "a", "b", priority_weight=100),
        ]
        return Graph(
            dag(*(type(m)(**{f: getattr(m, f) for f in m.__slots__} | {"weight_rule": rule}) for m in members))
        ).weights

    assert weights("absolute") == {"a": 1, "b": 10, "c": 100}
    assert weights("downstream") == {"a": 111, "b": 110, "c": 100}
    assert weights("upstream") == {"a": 1, "b": 11, "c": 111}


def test_older_runs_go_before_newer_ones(world: World) -> None:
    spec = dag(task("a"), schedule=hourly(), start_date=at(T0 - dt.timedelta(hours=3)), catchup=True)
    world.put(spec)
    set_pool(world, "default_pool", 1)
    world.settle()
    order = []
    while world.queued():
        order.append(world.queued_run())
        world.finish("a")
    assert order == sorted(order)
    assert len(order) == 3


def test_max_active_tasks_counts_in_each_run_under_airflow_3(world: World) -> None:
    world.put(dag(task("a"), task("b"), max_active_tasks=1))
    for name in ("one", "two"):
        world.clock.advance(1)
        world.trigger(run_id=name)
    assert len(world.queued()) == 2


def test_max_active_tasks_counts_over_all_runs_under_airflow_2(world: World) -> None:
    world.put(dag(task("a"), task("b"), max_active_tasks=1, dialect=Dialect.AIRFLOW2))
    for name in ("one", "two"):
        world.clock.advance(1)
        world.trigger(run_id=name)
    assert len(world.queued()) == 1
    assert len(world.finish_all()) == 4


def test_no_more_run_at_once_in_all_than_the_setting_says_the_most_important_first_whatever_their_pool(
    world: World,
) -> None:
    world.scheduler = Scheduler(world.store, backend="fake", parallelism=2)
    set_pool(world, "other", 9)
    world.put(dag(*(task(f"t{n}", priority_weight=n, pool=("default_pool", "other")[n % 2]) for n in range(5))))
    world.trigger()
    assert world.queued() == ["t4", "t3"]
    world.finish("t3")
    assert world.queued() == ["t4", "t2"]
    assert world.finish_all() == ["t4", "t2", "t1", "t0"]


def test_a_pool_holds_as_many_slots_as_it_has(world: World) -> None:
    set_pool(world, "small", 2)
    world.put(dag(*(task(f"t{n}", pool="small") for n in range(4)), task("wide", pool="small", pool_slots=2)))
    world.trigger()
    assert len(world.queued()) == 2
    assert len(world.finish_all()) == 5


def test_a_wide_task_lets_a_narrow_one_pass(world: World) -> None:
    set_pool(world, "small", 3)
    members = [task("first", pool="small", pool_slots=2, priority_weight=9)]
    members += [task("wide", pool="small", pool_slots=2, priority_weight=5), task("narrow", pool="small")]
    world.put(dag(*members))
    world.trigger()
    assert sorted(world.queued()) == ["first", "narrow"]


def test_a_pool_that_is_not_there_holds_its_tasks_until_it_is(world: World) -> None:
    world.put(dag(task("a", pool="later")))
    world.trigger()
    assert world.states() == {"a": "scheduled"}
    set_pool(world, "later", 1)
    assert world.queued() == ["a"]


def test_a_pool_that_grows_lets_more_in(world: World) -> None:
    set_pool(world, "p", 1)
    world.put(dag(*(task(f"t{n}", pool="p") for n in range(3))))
    world.trigger()
    assert len(world.queued()) == 1
    set_pool(world, "p", -1)
    assert len(world.queued()) == 3


def test_a_task_may_limit_its_copies_in_a_run_and_over_all_runs(world: World) -> None:
    in_run = task("run", mapped=True, expand={"x": [1, 2, 3]}, max_active_tis_per_dagrun=2)
    over_all = task("all", mapped=True, expand={"x": [1, 2, 3]}, max_active_tis_per_dag=3)
    world.put(dag(in_run, over_all))
    for name in ("one", "two"):
        world.clock.advance(1)
        world.trigger(run_id=name)
    names = [name.split("[")[0] for name in world.queued()]
    assert (names.count("run"), names.count("all")) == (4, 3)
    assert len(world.finish_all()) == 12


def test_a_slot_is_free_again_when_its_task_waits_for_a_retry(world: World) -> None:
    world.put(dag(task("a", retries=1, priority_weight=2), task("b"), max_active_tasks=1))
    world.trigger()
    world.finish("a", FAILED)
    assert world.queued() == ["b"]


def test_a_slot_stays_taken_while_a_cleared_task_is_being_stopped(world: World) -> None:
    world.put(dag(task("a", priority_weight=2), task("b"), max_active_tasks=1))
    run = world.trigger()
    launch = world.start("a")
    world.settle()
    world.clear(run.run_id, ["a"])
    assert world.queued() == []
    world.end(launch, FAILED)
    assert world.queued() == ["a"]


def test_nothing_of_a_paused_dag_is_queued_and_what_runs_goes_on(world: World) -> None:
    world.put(dag(task("a"), task("b", "a")))
    world.trigger()
    launch = world.start("a")
    operations.pause(world.store, "d", who="test")
    world.end(launch)
    assert world.states() == {"a": "success", "b": "none"}
    world.clock.advance(1)
    world.trigger(run_id="later")
    assert world.run_state(run_id="later") == "queued"
    operations.unpause(world.store, "d", who="test")
    world.settle()
    assert sorted(world.queued()) == ["a", "b"]


def test_a_restart_counts_what_runs(world: World) -> None:
    world.put(dag(task("a"), task("b"), task("c"), max_active_tasks=2))
    world.trigger()
    world.start("a")
    world.restart()
    world.settle()
    assert world.queued() == ["b"]


def test_many_copies_pass_through_sixteen_slots(world: World) -> None:
    world.put(dag(task("m", mapped=True, expand={"x": list(range(40))})))
    world.trigger()
    assert len(world.queued()) == 16
    assert world.queued()[0] == "m[0]"
    assert world.finish_all() == [f"m[{n}]" for n in range(40)]
    assert world.run_state() == "success"


def test_a_namespace_has_its_own_slots_over_all_dags(world: World) -> None:
    world.namespace_slots = {"crowded": 2, "*": 1}
    world.restart()
    crowded = RuntimeSpec(namespace="crowded")
    pod = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
    named = {"operator": "KubernetesPodOperator", "operator_path": pod, "fields": {"namespace": "crowded"}}
    world.put(dag(task("a", runtime=crowded), task("b"), task("c"), dag_id="d"))
    world.put(dag(task("x"), task("y", **named), task("z"), dag_id="e", runtime=crowded))
    world.trigger("d")
    world.trigger("e")

    def queued() -> int:
        states = [*world.states(dag_id="d").values(), *world.states(dag_id="e").values()]
        return states.count("queued")

    assert queued() == 3
    world.restart()
    world.settle()
    assert queued() == 3
    order = []
    while world.queued():
        assert len(world.queued()) <= 3
        order.append(world.queued()[0])
        world.finish(order[-1])
    assert sorted(order) == ["a", "b", "c", "x", "y", "z"]
