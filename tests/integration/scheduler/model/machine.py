"""Does the same to the real scheduler and to the model, and compares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from goflow.domain.errors import ConflictError
from goflow.domain.runs import Outcome
from goflow.domain.state import RunState, TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind
from goflow.scheduler import marking, operations
from goflow.store.transitions import Claimed
from tests.integration.scheduler.model.dags import newer
from tests.integration.scheduler.model.real import Real
from tests.integration.scheduler.model.run import Instance, Run
from tests.integration.scheduler.model.shape import Shape
from tests.integration.scheduler.model.world import OPEN, Dag, Model, Place, Pool
from tests.unit.scheduler.kit import FAILED, SKIPPED, SUCCESS, T0

BEGINNING = T0 + dt.timedelta(seconds=7)
TRIGGER = "some.folder.Trigger"
ENDS = {"success": SUCCESS, "failed": FAILED, "skipped": SKIPPED}
Chooser = Callable[[Run, Instance], bool]


def others(also: Callable[[Any], Any] = lambda self: True) -> Callable[[Any], Any]:
    """A rule that is not about how tasks end: where any may, such rules have every other step alone. There are more of
    them, and most runs would be over by somebody's word before much has ended."""
    return precondition(lambda self: (self.steps % 2 or not self.places(self.wanted)) and also(self))


class Machine(RuleBasedStateMachine):
    """A world of one or two DAGs. MAKE gives a fresh database's URL, and what to do with it afterwards."""

    make: Callable[[], tuple[str, Callable[[], None]]]

    def begin_world(self, specs: list[Any], slots: int) -> None:
        url, self.clean = type(self).make()
        self.real = Real(url, BEGINNING)
        self.model = Model(BEGINNING)
        self.versions = self.steps = 0
        for spec in specs:
            self.put(spec)
        for name, size in (("default_pool", slots), ("small", 2)):
            self.pool(name, size, False)
        self.trigger_first()

    def trigger_first(self) -> None:
        for dag_id in self.model.dags:
            self.order(dag_id, 0)
        self.settle()

    def teardown(self) -> None:
        if hasattr(self, "real"):
            self.real.close()
            self.clean()

    def put(self, spec: Any) -> None:
        self.versions += 1
        self.real.do(lambda: self.real.put(spec, version=str(self.versions)))
        known = self.model.dags.get(spec.dag_id)
        self.model.dags[spec.dag_id] = Dag(Shape(spec), known is not None and known.paused)

    def pool(self, name: str, slots: int, include_deferred: bool) -> None:
        self.real.set_pool(name, slots, include_deferred=include_deferred)
        self.model.pools[name] = Pool(slots, include_deferred)

    def order(self, dag_id: str, hours_ago: int) -> None:
        number = self.model.numbers + 1
        date = self.model.now - dt.timedelta(hours=hours_ago, microseconds=number)
        run_id = f"run{number}"
        real = self.real
        real.do(lambda: operations.trigger(real.store, dag_id, who="test", run_id=run_id, logical_date=date))
        self.model.make(dag_id, run_id, date, self.model.now, manual=True)

    def settle(self) -> None:
        if any(mortal.awake for mortal in self.real.schedulers):
            self.real.settle()
            queued = self.real.new_events()
            mine = self.model.settle(queued)
            assert queued == mine, f"queued were {queued} instead of {mine}"
            for moment in self.real.due() if (soon := self.model.next_moment()) else ():
                assert moment is not None, f"sleeps for ever, and {soon} something is due"
                assert moment <= soon, f"sleeps until {moment}, and {soon} something is due"

    # choosing

    def goes_on(self) -> bool:
        """Whether there is a run that is not over, or one that comes by time."""
        timed = any(dag.spec.schedule.kind != "none" for dag in self.model.dags.values())
        return timed or any(run.state in OPEN for run in self.model.runs.values())

    def places(self, chooser: Chooser) -> list[Place]:
        return sorted(
            (run.name, *instance.key)
            for run in self.model.runs.values()
            for instance in run.tasks.values()
            if chooser(run, instance)
        )

    def one(self, data: st.DataObject, chooser: Chooser) -> tuple[Place, Run, Instance]:
        place = data.draw(st.sampled_from(self.places(chooser)), "which")
        return place, self.model.runs[place[0]], self.model.instance(place)

    @staticmethod
    def wanted(_run: Run, instance: Instance) -> bool:
        return any(not launch.stop for launch in instance.launches)

    @staticmethod
    def unwanted(_run: Run, instance: Instance) -> bool:
        return any(launch.stop for launch in instance.launches)

    @staticmethod
    def known(run: Run, instance: Instance) -> bool:
        return instance.task.task_id in run.shape.tasks

    # what the executor tells

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data(), only_created=st.booleans())
    def begin(self, data: st.DataObject, only_created: bool) -> None:
        place, _, instance = self.one(data, self.wanted)
        if only_created:
            self.real.created(place)
        elif not instance.launches[0].begun:
            assert self.real.begin(place) is Claimed.CLAIMED
            instance.launches[0].begun = True
            if instance.state == "queued":
                instance.to("running")
        self.settle()

    @precondition(lambda self: self.places(self.wanted))
    @rule(
        data=st.data(),
        end=st.sampled_from(["success"] * 5 + ["failed", "failed", "fail without retry", "lost", "skipped"]),
        length=st.integers(-1, 3),
        again=st.booleans(),
    )
    def finish(self, data: st.DataObject, end: str, length: int, again: bool) -> None:
        self.end(data, self.one(data, self.wanted)[0], end, length, again=again)
        self.settle()

    def end(self, data: st.DataObject, place: Place, end: str, length: int = 1, *, again: bool = False) -> None:
        """The executor tells an end, and if it succeeded, that it left a list as long as LENGTH (-1: nothing)."""
        run, instance = self.model.runs[place[0]], self.model.instance(place)
        outcome = ENDS.get(end, FAILED)
        chosen: set[str] = set()
        children = run.shape.children(place[1]) if place[1] in run.shape.tasks else []
        if end == "success" and instance.task.operator == "BranchPythonOperator" and children:
            least = data.draw(st.sampled_from([0, 1, 1]), "skips at least")
            chosen = set(data.draw(st.lists(st.sampled_from(children), unique=True, min_size=least), "skips"))
            outcome = Outcome(state=TaskState.SUCCESS, skip_downstream=tuple(sorted(chosen)))
        if end == "fail without retry":
            outcome = replace(FAILED, retry=False)
        result = list(range(length)) if end == "success" and length >= 0 else None
        launch_id = self.real.tell(place, outcome, xcom=result, lost=end == "lost")
        state = end if end in ENDS else "failed"
        if self.model.ended(run, instance, state, retry=end != "fail without retry") and end == "success":
            instance.left = length if length >= 0 else instance.left
            if chosen:
                self.model.skip(run, instance, chosen)
        if again:
            self.real.tell_again(launch_id, FAILED if end == "success" else SUCCESS)

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data(), seconds=st.sampled_from([0, 30, 400]))
    def reschedule(self, data: st.DataObject, seconds: int) -> None:
        self.put_off(self.one(data, self.wanted)[0], seconds)
        self.settle()

    def put_off(self, place: Place, seconds: int) -> None:
        due = self.model.now + dt.timedelta(seconds=seconds)
        self.real.tell(place, Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=due))
        self.model.ended(self.model.runs[place[0]], self.model.instance(place), "up_for_reschedule", due=due)

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data(), timeout=st.sampled_from([None, None, 45.0]))
    def defer(self, data: st.DataObject, timeout: float | None) -> None:
        place, run, instance = self.one(data, self.wanted)
        deferral = Deferral(classpath=TRIGGER, next_method="go_on", timeout_s=timeout)
        self.real.tell(place, Outcome(state=TaskState.DEFERRED, deferral=deferral))
        due = None if timeout is None else self.model.now + dt.timedelta(seconds=timeout)
        self.model.ended(run, instance, "deferred", due=due)
        self.settle()

    @precondition(lambda self: self.places(lambda _, instance: instance.state == "deferred"))
    @rule(data=st.data(), at_once=st.sampled_from([None, None, "success", "skipped"]))
    def fire(self, data: st.DataObject, at_once: str | None) -> None:
        place, _, instance = self.one(data, lambda _, instance: instance.state == "deferred")
        end = None if at_once is None else TaskState(at_once)
        self.real.fire(place, Fired(kind=FiredKind(at_once or "event")), end)
        instance.to(at_once or "scheduled")
        self.settle()

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data())
    def disrupt(self, data: st.DataObject) -> None:
        place, _, instance = self.one(data, self.wanted)
        self.real.tell(place, replace(FAILED, disrupted=True))
        self.model.replaced(instance)
        self.settle()

    @precondition(lambda self: self.places(self.unwanted))
    @rule(data=st.data(), end=st.sampled_from(["failed", "success"]), claim=st.booleans())
    def stopped(self, data: st.DataObject, end: str, claim: bool) -> None:
        """What was told to stop has stopped, or has come to its end first."""
        place, run, instance = self.one(data, self.unwanted)
        if claim and not instance.launches[0].begun:
            assert self.real.begin(place) is Claimed.UNWANTED
        self.real.tell(place, ENDS[end])
        self.model.ended(run, instance, end)
        self.settle()

    # what people order

    @others()
    @rule(data=st.data(), hours_ago=st.sampled_from([0, 0, 1, 30]))
    def trigger(self, data: st.DataObject, hours_ago: int) -> None:
        self.order(data.draw(st.sampled_from(sorted(self.model.dags)), "DAG"), hours_ago)
        self.settle()

    @others()
    @rule(data=st.data())
    def pause_or_unpause(self, data: st.DataObject) -> None:
        dag_id = data.draw(st.sampled_from(sorted(self.model.dags)), "DAG")
        dag = self.model.dags[dag_id]
        act = operations.unpause if dag.paused else operations.pause
        self.real.do(lambda: act(self.real.store, dag_id, who="test"))
        dag.paused = not dag.paused
        self.settle()

    @others()
    @rule(data=st.data())
    def new_version(self, data: st.DataObject) -> None:
        dag_id = data.draw(st.sampled_from(sorted(self.model.dags)), "DAG")
        self.put(data.draw(newer(self.model.dags[dag_id].spec), "version").spec)
        self.settle()

    @others(lambda self: self.goes_on())
    @rule(name=st.sampled_from(["default_pool", "small", "missing"]), slots=st.integers(-1, 3), deferred=st.booleans())
    def set_pool(self, name: str, slots: int, deferred: bool) -> None:
        self.pool(name, slots, deferred)
        self.settle()

    @others(lambda self: self.model.runs)
    @rule(data=st.data(), way=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()))
    def clear(self, data: st.DataObject, way: tuple[bool, bool, bool, bool]) -> None:
        run = self.model.runs[data.draw(st.sampled_from(sorted(self.model.runs)), "run")]
        upstream, downstream, failed, newest = way
        tasks = (self.model.dags[run.dag_id].shape if newest else run.shape).tasks
        named = data.draw(st.lists(st.sampled_from(sorted(tasks)), unique=True, min_size=1, max_size=3), "cleared")
        self.begin_anew(run, named, upstream=upstream, downstream=downstream, failed=failed, newest=newest)
        self.settle()

    def begin_anew(
        self, run: Run, named: list[str], *, upstream: bool, downstream: bool, failed: bool, newest: bool
    ) -> None:
        relatives = {"upstream": upstream, "downstream": downstream}
        mine = self.model.clear(run, named, **relatives, failed=failed, newest=newest)
        more: dict[str, Any] = {**relatives, "only_failed": failed, "newest_version": newest, "task_ids": named}
        theirs = self.real.order(lambda tx: operations.clear(tx, run.dag_id, run.run_id, who="test", **more))
        assert mine <= set(theirs.tasks)

    @others(lambda self: self.places(self.known))
    @rule(data=st.data(), state=st.sampled_from(["success", "failed", "skipped"]), way=st.sampled_from(range(4)))
    def mark(self, data: st.DataObject, state: str, way: int) -> None:
        place, run, _ = self.one(data, self.known)
        relatives = {"upstream": way == 1, "downstream": way == 2}
        self.model.mark(run, place[1], state, **relatives)
        given: tuple[Any, ...] = (run.dag_id, run.run_id, place[1], TaskState(state))
        self.real.order(lambda tx: marking.mark_task(tx, *given, who="test", **relatives))
        self.settle()

    @others(lambda self: self.model.runs)
    @rule(data=st.data(), state=st.sampled_from(["success", "failed", "queued"]))
    def mark_run(self, data: st.DataObject, state: str) -> None:
        run = self.model.runs[data.draw(st.sampled_from(sorted(self.model.runs)), "run")]
        if state == "queued" and run.state == "running":
            return
        given: tuple[Any, ...] = (run.dag_id, run.run_id, RunState(state))
        self.real.order(lambda tx: marking.mark_run(tx, *given, who="test"))
        self.model.mark_run(run, state)
        self.settle()

    @others(lambda self: any(run.manual and run.state not in OPEN for run in self.model.runs.values()))
    @rule(data=st.data())
    def delete_run(self, data: st.DataObject) -> None:
        over = [run for run in self.model.runs.values() if run.manual and run.state not in OPEN]
        run = data.draw(st.sampled_from(over), "run")
        try:
            self.real.do(lambda: operations.delete_run(self.real.store, run.dag_id, run.run_id, who="test"))
            assert not any(instance.launches for instance in run.tasks.values())
            del self.model.runs[run.name]
        except ConflictError:
            assert any(instance.launches for instance in run.tasks.values())
        self.settle()

    # time, and what becomes of schedulers

    @others()
    @rule(seconds=st.sampled_from([1, 61, 301, 1801, 3700]))
    def wait(self, seconds: int) -> None:
        self.wait_until(self.model.now + dt.timedelta(seconds=seconds))

    def wait_until(self, end: dt.datetime) -> None:
        if any(mortal.awake for mortal in self.real.schedulers):
            while (soon := self.model.next_moment()) is not None and soon <= end:
                self.turn_to(soon)
        self.turn_to(end)

    def turn_to(self, moment: dt.datetime) -> None:
        self.real.clock.advance((moment - self.model.now).total_seconds())
        self.model.now = moment
        self.settle()

    @others(lambda self: self.goes_on())
    @rule(which=st.integers(0, 1))
    def forget(self, which: int) -> None:
        """A scheduler is killed while it does nothing, and another takes its place."""
        self.real.schedulers[which].forget()
        self.settle()

    @others(lambda self: self.goes_on())
    @rule(which=st.integers(0, 1))
    def sleep_or_wake(self, which: int) -> None:
        self.real.schedulers[which].awake = not self.real.schedulers[which].awake
        self.settle()

    @others(lambda self: self.goes_on() and not self.real.dies_at)
    @rule(statement=st.integers(1, 25))
    def die_soon(self, statement: int) -> None:
        """The next transaction is killed at that statement."""
        self.real.dies_at = statement

    # what must hold

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "real"):
            return
        self.steps += 1
        self.real.new_events()
        mine = {
            run.name: (
                run.state,
                {
                    i.key: (i.state, i.tries, i.max_tries, i.due, [(x.tries, x.begun, x.stop) for x in i.launches])
                    for i in run.tasks.values()
                },
            )
            for run in self.model.runs.values()
        }
        theirs = self.real.picture()
        different = {name: (theirs.get(name), mine.get(name)) for name in {*theirs, *mine}}
        assert theirs == mine, {name: each for name, each in different.items() if each[0] != each[1]}
        for name, taken in self.real.taken().items():
            assert taken == self.model.taken(name)
