"""Several runs of several DAGs, with everything that they share: when runs begin, slots, time, and what people order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from goflow.domain.spec import DagSpec, Dialect
from tests.integration.scheduler.model.rules import FAILED
from tests.integration.scheduler.model.run import SLOT, Instance, Key, Launch, Run
from tests.integration.scheduler.model.shape import Shape

HOUR = dt.timedelta(hours=1)
Place = tuple[str, str, int]
"""`Run.name`, task id, map index."""
OPEN = frozenset({"queued", "running"})


@dataclass
class Dag:
    shape: Shape
    paused: bool = False

    @property
    def spec(self) -> DagSpec:
        return self.shape.spec


@dataclass
class Pool:
    slots: int
    include_deferred: bool = False


@dataclass
class Model:
    """The whole of it. Nothing follows by itself: `settle` has it follow."""

    now: dt.datetime
    dags: dict[str, Dag] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    numbers: int = 0

    def of(self, dag_id: str, states: Collection[str]) -> list[Run]:
        return [run for run in self.runs.values() if run.dag_id == dag_id and run.state in states]

    def instance(self, place: Place) -> Instance:
        return self.runs[place[0]].tasks[place[1:]]

    # what follows

    def settle(self, queued: Sequence[Place]) -> list[Place]:
        """Let everything follow that follows now; what is queued, in order. Among those that are equals it takes what
        comes first in QUEUED, the order in which the real one queued."""
        order = list(queued)
        found: list[Place] = []
        while True:
            before = self.picture()
            for dag_id in self.dags:
                self.make_due(dag_id)
            self.fire()
            for run in self.runs.values():
                if run.state in OPEN:
                    run.fail_fast()
            for dag_id in self.dags:
                self.start(dag_id)
            self.look()
            found += self.queue(order)
            if self.picture() == before:
                return found

    def picture(self) -> list[object]:
        return [
            (run.name, run.state, [(i.key, i.state, i.tries) for i in run.tasks.values()]) for run in self.runs.values()
        ]

    def fire(self) -> None:
        """What the clock alone decides: runs that took too long, and deferred tasks whose time is up."""
        for run in self.runs.values():
            for instance in run.tasks.values() if run.state in OPEN else ():
                if instance.state == "deferred" and instance.due is not None and instance.due <= self.now:
                    instance.to("scheduled")
            limit = self.time_limit(run)
            if limit is not None and limit <= self.now:
                run.time_out()

    def time_limit(self, run: Run) -> dt.datetime | None:
        limit = run.shape.spec.dagrun_timeout
        if run.state != "running" or not limit or self.dags[run.dag_id].paused:
            return None
        assert run.start is not None
        return run.start + dt.timedelta(seconds=limit)

    def look(self) -> None:
        changed = True
        running = [run for run in self.runs.values() if run.state == "running" and not self.dags[run.dag_id].paused]
        while changed:
            changed = any(run.look(self.now, self.past) for run in running)
        for run in running:
            end = run.over(self.now, self.past)
            if end is not None:
                run.state = end[0]

    def past(self, run: Run, task_id: str) -> bool:
        """Whether the run before lets the task begin."""
        task = run.shape.tasks[task_id]
        if not task.depends_on_past and not task.wait_for_downstream:
            return True
        earlier = [other for other in self.runs.values() if other.dag_id == run.dag_id and other.date < run.date]
        counted = [other for other in earlier if not (run.shape.spec.catchup and other.manual)]
        if not counted:
            return True
        before = max(counted, key=lambda other: other.date)
        start = task.start_date.resolve(self.now) if task.start_date else None
        if run.shape.spec.catchup and start is not None and before.date < start:
            return True
        if not before.of(task_id):
            return not any(other.of(task_id) for other in earlier)
        relatives = [task_id, *(run.shape.children(task_id) if task.wait_for_downstream else ())]
        return all(i.state in {"success", "skipped"} for name in relatives for i in before.of(name))

    # runs

    def make_due(self, dag_id: str) -> None:
        dag = self.dags[dag_id]
        while not dag.paused and (date := self.next_date(dag_id)) is not None and date + HOUR <= self.now:
            after = date + HOUR
            if len(self.of(dag_id, OPEN)) >= dag.spec.max_active_runs:
                return
            named = after if dag.spec.dialect is Dialect.AIRFLOW3 else date
            self.make(dag_id, f"scheduled__{named.isoformat()}", date, after, manual=False)

    def next_date(self, dag_id: str) -> dt.datetime | None:
        """The logical date of the next run by schedule: every hour there is one, for the hour before."""
        spec = self.dags[dag_id].spec
        if spec.schedule.kind == "none":
            return None
        assert spec.start_date is not None
        dates = [run.date for run in self.runs.values() if run.dag_id == dag_id and not run.manual]
        following = max(dates) + HOUR if dates else spec.start_date.resolve(self.now)
        newest = self.now.replace(minute=0, second=0, microsecond=0) - HOUR
        date = following if spec.catchup else max(following, newest)
        ends = [task.end_date.resolve(self.now) for task in spec.tasks if task.end_date]
        return None if len(ends) == len(spec.tasks) and date > max(ends) else date  # all its tasks are over for good

    def make(self, dag_id: str, run_id: str, date: dt.datetime, after: dt.datetime, *, manual: bool) -> None:
        self.numbers += 1
        shape = self.dags[dag_id].shape
        run = Run(dag_id, run_id, shape, date, after, self.numbers, manual)
        run.make(shape.tasks)
        self.runs[run.name] = run

    def start(self, dag_id: str) -> None:
        dag = self.dags[dag_id]
        for run in sorted(self.of(dag_id, {"queued"}), key=lambda run: (run.run_after, run.number)):
            if not dag.paused and len(self.of(dag_id, {"running"})) < dag.spec.max_active_runs:
                run.state, run.start = "running", self.now

    def next_moment(self) -> dt.datetime | None:
        """When something follows by time alone."""
        found = [self.time_limit(run) for run in self.runs.values()]
        for run in self.runs.values():
            found += [instance.due for instance in run.tasks.values() if run.state in OPEN]
        for dag_id, dag in self.dags.items():
            date = self.next_date(dag_id)
            if date is not None and not dag.paused and len(self.of(dag_id, OPEN)) < dag.spec.max_active_runs:
                found.append(date + HOUR)
        return min((moment for moment in found if moment is not None and moment > self.now), default=None)

    # slots

    def queue(self, order: list[Place]) -> list[Place]:
        """Queue what finds a slot: the highest weight first, then the oldest date, then the lowest index."""
        found = []
        while candidates := [
            (-instance.weight, run.date, instance.index, run, instance)
            for run in self.runs.values()
            if run.state in OPEN and not self.dags[run.dag_id].paused
            for instance in run.tasks.values()
            if instance.state == "scheduled" and self.has_room(run, instance)
        ]:
            best = min(each[:3] for each in candidates)
            equals = {(run.name, *i.key): i for *rank, run, i in candidates if tuple(rank) == best}
            place = next((place for place in order if place in equals), next(iter(equals)))
            if place in order:
                order.remove(place)
            found.append(place)
            self.launch(equals[place])
        return found

    def launch(self, instance: Instance) -> None:
        if not instance.goes_on:
            instance.tries += 1
            instance.chosen = instance.left = None
        assert not instance.launches, "a second container while the first has not ended"
        instance.to("queued")
        instance.launches.append(Launch(instance.tries))

    def has_room(self, run: Run, instance: Instance) -> bool:
        task, dag = instance.task, self.dags[run.dag_id]
        pool = self.pools.get(instance.pool)
        if pool is None or (pool.slots >= 0 and self.taken(instance.pool) + instance.slots > pool.slots):
            return False
        is_old = run.shape.spec.dialect is Dialect.AIRFLOW2
        there = [(r, i) for r in self.runs.values() for i in r.tasks.values() if r.dag_id == run.dag_id]
        mine = [(r, i) for r, i in there if i.state in SLOT]
        counted = SLOT if is_old else SLOT | {"deferred", "awaiting_input"}
        same = [(r, i) for r, i in there if i.task.task_id == task.task_id and i.state in counted]
        in_all = mine if is_old else [r for r, _ in mine if r is run]
        limits = [
            (len(in_all), dag.spec.max_active_tasks),
            (len(same), task.max_active_tis_per_dag),
            (len([r for r, _ in same if r is run]), task.max_active_tis_per_dagrun),
        ]
        return all(most is None or count < most for count, most in limits)

    def taken(self, pool: str) -> int:
        """Slots that are taken in a pool."""
        counted = SLOT | ({"deferred"} if self.pools[pool].include_deferred else set())
        there = [i for run in self.runs.values() for i in run.tasks.values() if i.pool == pool]
        return sum(i.slots for i in there if i.state in counted)

    # what people order

    def clear(
        self, run: Run, named: Sequence[str], *, upstream: bool, downstream: bool, failed: bool, newest: bool
    ) -> set[Key]:
        """Let tasks begin anew, those that FAILED alone if that is asked, with the NEWEST version; which ones do."""
        shape = self.dags[run.dag_id].shape if newest else run.shape
        wanted = shape.to_clear(named, upstream=upstream, downstream=downstream)
        new = [name for name in shape.tasks if not run.of(name)]
        meant = [i for i in run.tasks.values() if i.task.task_id in wanted and (not failed or i.state in FAILED)]
        if not meant and (failed or not wanted & set(new)):
            return set()
        if newest:
            run.shape = shape
            for instance in run.tasks.values():
                instance.task = shape.tasks.get(instance.task.task_id, instance.task)
            run.make(new)
            meant += [run.tasks[key] for key in run.tasks if key[0] in wanted and key[0] in new and not failed]
        return self.clear_instances(run, meant)

    def clear_instances(self, run: Run, meant: Collection[Instance]) -> set[Key]:
        cleared = set()
        for instance in meant:
            if instance.state not in {"none", "restarting"}:
                cleared.add(instance.key)
                instance.max_tries = instance.tries + instance.task.retries
                if instance.launches:
                    instance.stop("restarting")
                else:
                    instance.to("none")
        if (cleared or any(i.state == "none" for i in meant)) and run.state not in OPEN:
            self.again(run)
        return cleared

    def again(self, run: Run) -> None:
        """A run that was over is queued again; failures of before are its past."""
        run.state, run.start = "queued", None
        run.unheeded.clear()

    def mark(self, run: Run, task_id: str, state: str, *, upstream: bool, downstream: bool) -> None:
        wanted = {task_id} | (run.shape.above(task_id) if upstream else set())
        below = run.shape.below(task_id) if downstream else set()
        wanted |= {name for name in below if not run.shape.tasks[name].teardown}
        marked = [i for i in run.tasks.values() if i.task.task_id in wanted and i.state not in {state, "removed"}]
        further = run.shape.to_clear([task_id], upstream=False, downstream=True) - wanted
        anew = [i for i in run.tasks.values() if i.task.task_id in further and i.state in FAILED]
        for instance in marked:
            instance.stop(state)
            if state == "failed":
                self.failed(run, instance)
        if marked:
            self.clear_instances(run, anew)

    def mark_run(self, run: Run, state: str) -> None:
        if state == "queued":
            if run.state not in OPEN:
                self.again(run)
            return
        left = False
        is_old = run.shape.spec.dialect is Dialect.AIRFLOW2
        begun = {"running", "deferred", "awaiting_input", "up_for_reschedule"}
        there = list(run.tasks.values())
        with_run = {i.task.task_id for i in there if i.state in begun or (is_old and state == "success")}
        for instance in there:
            if instance.task.teardown:
                left = left or not instance.ended or (is_old and state == "success")
            elif instance.task.task_id in with_run:
                if instance.state in {state, "removed"}:
                    continue
                instance.stop(state)
                if state == "failed":
                    self.failed(run, instance)
            elif not instance.ended:
                instance.stop("skipped")
        if not left:
            run.state = state

    def failed(self, run: Run, instance: Instance) -> None:
        if run.shape.spec.fail_fast and run.state in OPEN:
            run.unheeded.append(instance.key)

    # what the executor tells

    def ended(
        self, run: Run, instance: Instance, state: str, *, due: dt.datetime | None = None, retry: bool = True
    ) -> bool:
        """The container of an instance has ended; whether that is its own attempt's end."""
        launch = instance.launches.pop()
        if instance.state not in SLOT or launch.tries != instance.tries:
            return False
        if instance.state == "restarting":
            instance.to("none")
            return False
        if state == "failed" and retry and instance.tries <= instance.max_tries:
            state, due = "up_for_retry", self.now + dt.timedelta(seconds=instance.task.retry_delay)
        instance.to(state, due)
        if state == "failed":
            self.failed(run, instance)
        return True

    def skip(self, run: Run, instance: Instance, chosen: set[str]) -> None:
        """A branch has decided against some of what is below it."""
        instance.chosen = chosen
        for other in run.tasks.values():
            mine = instance.index < 0 or other.index == instance.index
            if other.task.task_id in chosen and other.state in {"none", "scheduled"} and mine:
                other.to("skipped")

    def replaced(self, instance: Instance) -> None:
        """Its pod was taken away: the same attempt gets another."""
        instance.launches[-1] = Launch(instance.tries)
