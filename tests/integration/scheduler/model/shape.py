"""The shape of a DAG, worked out from its spec whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from goflow.domain.spec import DagSpec, TaskSpec

SKIPPERS = ("BranchPythonOperator", "LatestOnlyOperator")


class Shape:
    """Relatives, setups, copies and weights of one DagSpec."""

    def __init__(self, spec: DagSpec) -> None:
        self.spec = spec
        self.tasks: dict[str, TaskSpec] = {task.task_id: task for task in spec.tasks}
        self.groups = {group.group_id: group for group in spec.groups}

    def children(self, task_id: str) -> list[str]:
        return [task.task_id for task in self.spec.tasks if task_id in task.upstream]

    def below(self, task_id: str) -> set[str]:
        found: set[str] = set()
        for child in self.children(task_id):
            found |= {child, *self.below(child)}
        return found

    def above(self, task_id: str) -> set[str]:
        return {other for other in self.tasks if task_id in self.below(other)}

    def ordered(self) -> list[TaskSpec]:
        """The tasks, each after all above it."""
        left, done = list(self.spec.tasks), []
        while left:
            task = next(t for t in left if all(parent in {d.task_id for d in done} for parent in t.upstream))
            left.remove(task)
            done.append(task)
        return done

    def weight(self, task_id: str) -> int:
        task = self.tasks[task_id]
        others = {"downstream": self.below, "upstream": self.above}.get(task.weight_rule)
        relatives = others(task_id) if others else set()
        return task.priority_weight + sum(self.tasks[other].priority_weight for other in relatives)

    def leaves(self) -> set[str]:
        """The tasks whose ends decide how the run ends."""
        counted = {t.task_id for t in self.spec.tasks if not t.teardown or t.on_failure_fail_dagrun}
        leaves = {name for name in counted if not set(self.children(name)) & counted}
        return leaves or {name for name in self.tasks if not self.children(name)}

    # copies

    def has_copies(self, task_id: str) -> bool:
        task = self.tasks[task_id]
        return task.mapped or task.group is not None

    def over(self, task_id: str) -> object:
        task = self.tasks[task_id]
        if task.mapped:
            return task.expand["x"]
        return self.groups[task.group].expand["x"] if task.group else None  # type: ignore[index, call-overload]

    def source(self, task_id: str) -> str | None:
        """The task over whose result it is mapped."""
        over = self.over(task_id)
        return over["$xcom"]["task_id"] if isinstance(over, dict) else None

    def literal(self, task_id: str) -> int | None:
        """How many copies the file itself says that there are."""
        over = self.over(task_id)
        return len(over) if isinstance(over, list) else None

    def in_step(self, task_id: str, parent: str) -> bool:
        """Whether each copy follows the copy of PARENT with its own index."""
        mine = self.tasks[task_id].group
        return mine is not None and mine == self.tasks[parent].group

    # setups and teardowns

    def setups(self, task_id: str) -> list[str]:
        """The setups above that are there for this task: with a teardown below it, or without any."""
        mine = {name for name in self.below(task_id) if self.tasks[name].teardown}
        found = []
        for setup in self.spec.tasks:
            if setup.setup and task_id in self.below(setup.task_id):
                own = set(self.teardowns(setup.task_id))
                if not own or own & mine:
                    found.append(setup.task_id)
        return found

    def teardowns(self, setup: str) -> list[str]:
        return [child for child in self.children(setup) if self.tasks[child].teardown]

    def scope(self, teardown: str) -> set[str]:
        """What lies between a teardown and its setups, those right above it left out."""
        task = self.tasks[teardown]
        setups = [parent for parent in task.upstream if self.tasks[parent].setup]
        inside = {name for setup in setups for name in self.below(setup) if teardown in self.below(name)}
        return inside - set(task.upstream)

    # whom a person means

    def to_clear(self, named: Iterable[str], *, upstream: bool, downstream: bool) -> set[str]:
        """NAMED, the relatives that were asked for, and the setups and teardowns that these need to run again."""
        found: set[str] = set()
        for name in named:
            meant = {name} | (self.below(name) if downstream else set()) | (self.above(name) if upstream else set())
            served = (set() if upstream else {name}) | (self.below(name) if downstream else set())
            for other in [task_id for task_id in served if not self._scoped(task_id)]:
                for setup in self.setups(other):
                    meant |= {setup, *self.teardowns(setup)}
            for other in self.above(name) if upstream else set():
                meant |= set(self.teardowns(other)) if self.tasks[other].setup else set()
            if self.tasks[name].setup and not downstream:
                meant |= set(self.teardowns(name))
            found |= meant
        return found

    def _scoped(self, task_id: str) -> bool:
        return self.tasks[task_id].setup or self.tasks[task_id].teardown
