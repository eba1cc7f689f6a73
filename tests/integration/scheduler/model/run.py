"""What becomes of the tasks of one run: everything is looked at again after every change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from goflow.domain.spec import TaskSpec
from tests.integration.scheduler.model.rules import ENDED, FAILED, rule, setups_say
from tests.integration.scheduler.model.shape import SKIPPERS, Shape

Key = tuple[str, int]
"""Task id and map index."""
SLOT = frozenset({"queued", "running", "restarting"})
EAGER = frozenset({"one_success", "one_failed", "one_done", "none_failed_min_one_success", "all_done_min_one_success"})
"""Rules that one of many can decide: before a mapped group has its copies they are held against all that is above."""


@dataclass
class Launch:
    """A container that has not ended."""

    tries: int
    begun: bool = False
    stop: bool = False


@dataclass
class Instance:
    """A task of a run, or a copy of it."""

    task: TaskSpec
    index: int
    weight: int
    max_tries: int
    pool: str
    slots: int
    state: str = "none"
    tries: int = 0
    due: dt.datetime | None = None
    goes_on: bool = False
    """Its next container goes on with the attempt that it has."""
    chosen: set[str] | None = None
    """What its last attempt decided to skip."""
    followed: set[str] | None = None
    """What its last attempt decided to let go on alone: what is new below it since is skipped."""
    left: int | None = None
    """How long a list its last attempt left."""
    launches: list[Launch] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.task.task_id, self.index

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def to(self, state: str, due: dt.datetime | None = None) -> None:
        self.goes_on = state in {"up_for_reschedule", "deferred"} or (state == "scheduled" and self.goes_on)
        self.state, self.due = state, due

    def stop(self, state: str) -> None:
        """It is in STATE by somebody else's word, and whatever runs is told to stop."""
        self.to(state)
        for launch in self.launches:
            launch.stop = True


@dataclass(eq=False)
class Run:
    """A run and its tasks. PAST, wherever it is asked for, says whether the run before lets a task begin."""

    dag_id: str
    run_id: str
    shape: Shape
    date: dt.datetime
    """Its logical date."""
    run_after: dt.datetime
    number: int
    manual: bool
    state: str = "queued"
    start: dt.datetime | None = None
    tasks: dict[Key, Instance] = field(default_factory=dict)
    unheeded: list[Key] = field(default_factory=list)
    """Failures of which ``fail_fast`` has not drawn the consequences."""

    def make(self, task_ids: Collection[str]) -> None:
        """The instances that tasks begin with, those left out whose own dates do not include the run's."""
        for task_id in task_ids:
            if not self.includes(task_id):
                continue
            count = self.shape.literal(task_id) if self.shape.has_copies(task_id) else None
            for index in range(count) if count else [-1]:
                self.add(task_id, index)

    def includes(self, task_id: str) -> bool:
        start, end = self.shape.tasks[task_id].start_date, self.shape.tasks[task_id].end_date
        starts = start is None or start.resolve(self.date) <= self.date
        return starts and (end is None or self.date <= end.resolve(self.date))

    def add(self, task_id: str, index: int) -> None:
        task = self.shape.tasks[task_id]
        weight = self.shape.weight(task_id)
        self.tasks[task_id, index] = Instance(task, index, weight, task.retries, task.pool, task.pool_slots)

    def of(self, task_id: str) -> list[Instance]:
        return sorted((i for i in self.tasks.values() if i.task.task_id == task_id), key=lambda i: i.index)

    def copies(self, task_id: str) -> int | None:
        """How many copies it is to have, as far as that is known."""
        source = self.shape.source(task_id)
        if source is None:
            return self.shape.literal(task_id)
        there = self.of(source)
        if not all(instance.ended for instance in there):
            return None
        if self.shape.has_copies(source):
            return sum(instance.left is not None for instance in there if instance.index >= 0)
        return next((instance.left for instance in there if instance.index < 0), None)

    @property
    def name(self) -> str:
        return f"{self.dag_id} {self.run_id}"

    # looking at everything

    def look(self, now: dt.datetime, past: Callable[[Run, str], bool]) -> bool:
        """Let all that follows happen, once; whether anything did."""
        changed = self.drop()
        for task in self.shape.ordered():
            while self.look_at(task, now, past):
                changed = True
        return changed

    def drop(self) -> bool:
        """Remove instances of tasks that this version does not have; whether there were any."""
        found = [i for i in self.tasks.values() if i.task.task_id not in self.shape.tasks and not i.ended]
        for instance in found:
            instance.stop("removed")
        return bool(found)

    def look_at(self, task: TaskSpec, now: dt.datetime, past: Callable[[Run, str], bool]) -> bool:
        waiting = [i for i in self.of(task.task_id) if i.state in {"none", "up_for_retry", "up_for_reschedule"}]
        verdicts = {instance.index: self.says(task, instance, now, past) for instance in waiting}
        first = next((instance for instance in waiting if verdicts[instance.index] == "run"), None)
        if first is not None and self.shape.has_copies(task.task_id) and self.expand(task, first):
            return True
        changed = False
        for instance in waiting:
            verdict = verdicts[instance.index]
            if verdict in ENDED:
                instance.to(verdict)
                changed = True
            elif verdict == "run":
                self.begin(task, instance, now)
                changed = True
        return changed

    def says(self, task: TaskSpec, instance: Instance, now: dt.datetime, past: Callable[[Run, str], bool]) -> str:
        verdict = self.verdict(task, instance)
        if verdict in ENDED:
            return verdict
        if self.skipped_by_branch(task, instance):
            return "skipped"
        if verdict == "run" and (instance.due is None or instance.due <= now) and past(self, task.task_id):
            return "run"
        return "wait"

    def begin(self, task: TaskSpec, instance: Instance, now: dt.datetime) -> None:
        if task.operator == "EmptyOperator":
            instance.tries += 1
            instance.to("success")
        elif task.operator == "LatestOnlyOperator":
            instance.tries += 1
            instance.followed = set(self.shape.children(task.task_id)) if self.is_latest(now) else set()
            instance.left = len(instance.followed)
            instance.to("success")
        else:
            instance.to("scheduled")

    def is_latest(self, now: dt.datetime) -> bool:
        """Whether the interval after this run's is not over yet."""
        hour = dt.timedelta(hours=1)
        return self.manual or self.shape.spec.schedule.kind == "none" or now <= self.date + 2 * hour

    def expand(self, task: TaskSpec, first: Instance) -> bool:
        """Let a task have as many copies as its input has values; whether that changed anything."""
        count = self.copies(task.task_id)
        there = self.of(task.task_id)
        if first.index < 0 and not count:
            first.to("skipped" if count == 0 else "upstream_failed")
            return True
        if count is None or [i.index for i in there if i.state != "removed"] == list(range(count)):
            return False
        if first.index < 0:
            del self.tasks[first.key]
            first.index = 0
            self.tasks[first.key] = first
        for instance in there:
            if instance.index >= count and instance.state != "removed":
                instance.stop("removed")
            elif instance.index < count and instance.state == "removed":
                instance.to("restarting" if instance.launches else "none")
        for index in range(count):
            if (task.task_id, index) not in self.tasks:
                self.add(task.task_id, index)
        return True

    def skipped_by_branch(self, task: TaskSpec, instance: Instance) -> bool:
        for parent in task.upstream:
            if self.shape.tasks[parent].operator in SKIPPERS:
                index = instance.index if self.shape.in_step(task.task_id, parent) else -1
                branch = self.tasks.get((parent, index))
                if branch is None or not branch.ended:
                    continue
                if task.task_id in (branch.chosen or ()):
                    return True
                if branch.followed is not None and task.task_id not in branch.followed:
                    return True
        return False

    def verdict(self, task: TaskSpec, instance: Instance) -> str:
        source = self.shape.source(task.task_id) if self.shape.has_copies(task.task_id) else None
        if source is not None and (source, -1) in self.tasks:
            state = self.tasks[source, -1].state
            if state in FAILED or state == "skipped":
                return "upstream_failed" if state in FAILED else "skipped"
        if not task.upstream or task.trigger_rule == "always":
            return "run"
        setups = "run"
        if not task.teardown:
            further = [name for name in self.shape.setups(task.task_id) if name not in task.upstream]
            setups = setups_say([state for state, _ in self.states(task, instance, further)], instance.index)
        direct = rule(task.trigger_rule, self.states_above(task, instance), instance.index)
        for verdict in (setups, direct):
            if verdict in ENDED:
                return verdict
        if task.teardown and not all(i.ended for name in self.shape.scope(task.task_id) for i in self.of(name)):
            return "wait"
        return "run" if setups == direct == "run" else "wait"

    def states_above(self, task: TaskSpec, instance: Instance) -> list[tuple[str, bool]]:
        """Of all right above; where none of that has copies, one that is not there is waited for."""
        found = self.states(task, instance, task.upstream)
        if not any(self.shape.has_copies(parent) for parent in task.upstream):
            found += [("none", False)] * sum(not self.of(parent) for parent in task.upstream)
        return found

    def states(self, task: TaskSpec, instance: Instance, parents: Collection[str]) -> list[tuple[str, bool]]:
        """The states of those instances of PARENTS that matter, and whether each is a setup's."""
        every = instance.index < 0 and task.trigger_rule in EAGER
        return [
            (other.state, self.shape.tasks[parent].setup)
            for parent in parents
            for other in self.of(parent)
            if every or other.index in {-1, instance.index} or not self.shape.in_step(task.task_id, parent)
        ]

    # the end

    def over(self, now: dt.datetime, past: Callable[[Run, str], bool]) -> tuple[str, str] | None:
        """How the run ends now, and why; None while it goes on."""
        unfinished = [instance for instance in self.tasks.values() if not instance.ended]
        if unfinished:
            held = any(
                self.verdict(i.task, i) == "run" and not past(self, i.task.task_id)
                for i in unfinished
                if i.state == "none"
            )
            stuck = all(instance.state == "none" for instance in unfinished) and not held
            return ("failed", "all_tasks_deadlocked") if stuck else None
        leaves = self.shape.leaves()
        states = {i.state for i in self.tasks.values() if i.task.task_id in leaves}
        return ("failed", "task_failure") if states & FAILED else ("success", "success")

    def fail_fast(self) -> None:
        """A task has failed for good: what runs fails, what has not begun is skipped; teardowns are left alone."""
        for key in self.unheeded:
            if key in self.tasks and self.tasks[key].state == "failed":
                for instance in self.known():
                    spared = instance.task.task_id == key[0] or instance.task.teardown
                    if not spared and instance.state not in ENDED - {"upstream_failed"}:
                        instance.stop("failed" if instance.state == "running" else "skipped")
        self.unheeded.clear()

    def time_out(self) -> None:
        """Its time is up: what has not ended is skipped."""
        for instance in self.known():
            if not instance.ended:
                instance.stop("skipped")
        self.drop()
        self.state = "failed"

    def known(self) -> list[Instance]:
        """The instances of tasks that this version has."""
        return [instance for instance in self.tasks.values() if instance.task.task_id in self.shape.tasks]
