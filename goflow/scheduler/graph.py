"""What planning needs to know of a DAG's shape, worked out once per reading: relatives, setups, mapped groups, weights.

Sets of tasks are integers, one bit per task, so that the relatives of a thousand tasks cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from goflow.domain.deadlines import sla_of
from goflow.domain.spec import WEIGHT_RULES, DagSpec, Dialect, GroupSpec, TaskSpec

MAX_WEIGHT = 2**31 - 1
"""Priority weights are cut down to what Airflow's column holds."""

_SKIPPERS = ("Branch", "ShortCircuit", "LatestOnly", "SkipMixin")


class Graph:
    """The shape of one DagSpec. Everything is by task id; nothing changes."""

    def __init__(self, spec: DagSpec) -> None:
        self.spec = spec
        self.tasks: dict[str, TaskSpec] = {task.task_id: task for task in spec.tasks}
        self.groups: dict[str, GroupSpec] = {group.group_id: group for group in spec.groups}
        self.upstream: dict[str, tuple[str, ...]] = {
            task.task_id: tuple(parent for parent in task.upstream if parent in self.tasks) for task in spec.tasks
        }
        below: dict[str, list[str]] = {task_id: [] for task_id in self.tasks}
        for task_id, parents in self.upstream.items():
            for parent in parents:
                below[parent].append(task_id)
        self.downstream: dict[str, tuple[str, ...]] = {task_id: tuple(below[task_id]) for task_id in self.tasks}
        self._bit = {task_id: 1 << index for index, task_id in enumerate(self.tasks)}
        self._ids = tuple(self.tasks)

    @cached_property
    def slas(self) -> bool:
        """Whether tasks have SLAs that anybody may look at."""
        return self.spec.dialect is Dialect.AIRFLOW2 and any(sla_of(task) is not None for task in self.spec.tasks)

    # relatives

    def ancestors(self, task_id: str) -> Iterator[str]:
        """Every task above TASK_ID."""
        return self._members(self._above[task_id])

    def descendants(self, task_id: str) -> Iterator[str]:
        """Every task below TASK_ID."""
        return self._members(self._below[task_id])

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The tasks, each after everything above it (a cycle, which no good DAG has, stands at the end)."""
        waiting = {task_id: len(parents) for task_id, parents in self.upstream.items()}
        ready = [task_id for task_id, count in waiting.items() if not count]
        for task_id in ready:
            for child in self.downstream[task_id]:
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        return tuple(ready) if len(ready) == len(waiting) else (*ready, *(set(waiting) - set(ready)))

    @cached_property
    def position(self) -> dict[str, int]:
        """Task id to its place in `order`."""
        return {task_id: index for index, task_id in enumerate(self.order)}

    @cached_property
    def _above(self) -> dict[str, int]:
        return self._closure(self.order, self.upstream)

    @cached_property
    def _below(self) -> dict[str, int]:
        return self._closure(tuple(reversed(self.order)), self.downstream)

    def _closure(self, order: Iterable[str], next_to: dict[str, tuple[str, ...]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for task_id in order:
            reach = 0
            for relative in next_to[task_id]:
                reach |= self._bit[relative] | found.get(relative, 0)
            found[task_id] = reach
        return found

    def _members(self, bits: int) -> Iterator[str]:
        while bits:
            lowest = bits & -bits
            yield self._ids[lowest.bit_length() - 1]
            bits ^= lowest

    def _set(self, task_ids: Iterable[str]) -> int:
        bits = 0
        for task_id in task_ids:
            bits |= self._bit[task_id]
        return bits

    # mapping

    @cached_property
    def mapped_groups(self) -> dict[str, tuple[str, ...]]:
        """Task id to the mapped groups around it, the innermost first."""
        return {task.task_id: tuple(self._mapped_around(task.group)) for task in self.spec.tasks}

    def _mapped_around(self, group_id: str | None) -> Iterator[str]:
        while group_id is not None and group_id in self.groups:
            group = self.groups[group_id]
            if group.expand is not None:
                yield group_id
            group_id = group.parent

    def needs_expansion(self, task_id: str) -> bool:
        """Whether the task has copies: it is mapped itself, or stands in a mapped group."""
        return self.tasks[task_id].mapped or bool(self.mapped_groups[task_id])

    @cached_property
    def fixed_upstream(self) -> dict[str, int | None]:
        """Task id to the number of its upstream tasks if none of them has copies, else None: count them then.

        As Airflow has it: without copies every upstream *task* counts, also one that has no instance in this run.
        """
        return {task_id: self._fixed(parents) for task_id, parents in self.upstream.items()}

    def _fixed(self, task_ids: Iterable[str]) -> int | None:
        known = list(task_ids)
        return None if any(self.needs_expansion(task_id) for task_id in known) else len(known)

    def in_step(self, task_id: str, parent: str) -> bool:
        """Whether copy N of TASK_ID depends on copy N of PARENT alone: both plain members of the same mapped group."""
        mine, theirs = self.mapped_groups[task_id], self.mapped_groups[parent]
        return bool(mine) and mine == theirs and not self.tasks[task_id].mapped and not self.tasks[parent].mapped

    # setups and teardowns

    @cached_property
    def _setups(self) -> int:
        return self._set(task.task_id for task in self.spec.tasks if task.setup)

    @cached_property
    def _teardowns(self) -> int:
        return self._set(task.task_id for task in self.spec.tasks if task.teardown)

    def relevant_setups(self, task_id: str) -> Iterator[str]:
        """Setups above TASK_ID that are there for it: with a teardown below it, or with none at all.

        (``get_upstreams_only_setups``)
        """
        below = self._below[task_id] & self._teardowns
        for setup in self._members(self._above[task_id] & self._setups):
            children = self._set(self.downstream[setup])
            if not children & self._teardowns or children & below:
                yield setup

    @cached_property
    def indirect_setups(self) -> dict[str, tuple[str, ...]]:
        """Task id to the relevant setups that are not right above it; only tasks that have some, no teardowns."""
        if not self._setups:
            return {}
        found = {}
        for task in self.spec.tasks:
            if not task.teardown:
                indirect = tuple(s for s in self.relevant_setups(task.task_id) if s not in task.upstream)
                if indirect:
                    found[task.task_id] = indirect
        return found

    @cached_property
    def teardown_scope(self) -> dict[str, tuple[str, ...]]:
        """Teardown to the tasks between it and its setups, those right above it left out; only where there are some."""
        found = {}
        for task_id in self._members(self._teardowns):
            indirect = self._above[task_id] & ~self._set(self.upstream[task_id])
            scope = 0
            for setup in self.upstream[task_id]:
                if self.tasks[setup].setup:
                    scope |= indirect & self._below[setup]
            if scope:
                found[task_id] = tuple(self._members(scope))
        return found

    # what else planning asks

    @cached_property
    def setup_watchers(self) -> dict[str, tuple[str, ...]]:
        """Setup to the tasks that it matters to without being right above them."""
        return _inverse(self.indirect_setups)

    @cached_property
    def scope_watchers(self) -> dict[str, tuple[str, ...]]:
        """Task to the teardowns that wait for it without it being right above them."""
        return _inverse(self.teardown_scope)

    @cached_property
    def watchers(self) -> dict[str, tuple[str, ...]]:
        """Task id to the tasks that must be looked at again when one of its instances ends."""
        others = (self.setup_watchers, self.scope_watchers)
        return {
            task_id: tuple(dict.fromkeys((*children, *(w for more in others for w in more.get(task_id, ())))))
            for task_id, children in self.downstream.items()
        }

    @cached_property
    def leaves(self) -> frozenset[str]:
        """The tasks whose end decides how the run ends: nothing below them but ignorable teardowns.

        (``DagRun._tis_for_dagrun_state``)
        """
        counted = {task.task_id for task in self.spec.tasks if not task.teardown or task.on_failure_fail_dagrun}
        leaves = {t for t in counted if not any(child in counted for child in self.downstream[t])}
        return frozenset(leaves or (t for t in self.tasks if not self.downstream[t]))

    @cached_property
    def weights(self) -> dict[str, int]:
        """Task id to its total priority weight, by its weight rule."""
        by_weight: dict[int, int] = {}
        for task in self.spec.tasks:
            by_weight[task.priority_weight] = by_weight.get(task.priority_weight, 0) | self._bit[task.task_id]
        found = {}
        for task in self.spec.tasks:
            reach = {"downstream": self._below, "upstream": self._above}.get(task.weight_rule, {}).get(task.task_id, 0)
            total = task.priority_weight + sum(w * (reach & bits).bit_count() for w, bits in by_weight.items())
            found[task.task_id] = max(-MAX_WEIGHT - 1, min(MAX_WEIGHT, total))
        return found

    @cached_property
    def strategies(self) -> frozenset[str]:
        """Tasks whose instances are weighed by a strategy of the author's own."""
        return frozenset(task.task_id for task in self.spec.tasks if task.weight_rule not in WEIGHT_RULES)

    @cached_property
    def skippers(self) -> frozenset[str]:
        """Tasks that may decide which of the tasks below them are skipped: branches, short circuits, latest-only."""
        return frozenset(task.task_id for task in self.spec.tasks if self.downstream[task.task_id] and _skips(task))

    @cached_property
    def on_past(self) -> frozenset[str]:
        """Tasks that depend on the run before."""
        return frozenset(t.task_id for t in self.spec.tasks if t.depends_on_past or t.wait_for_downstream)


def _skips(task: TaskSpec) -> bool:
    names = [task.operator, *(path.rsplit(".", 1)[-1] for path in (task.operator_path, *task.bases))]
    return any(part in name for name in names for part in _SKIPPERS)


def _inverse(relation: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for watcher, watched in relation.items():
        for task_id in watched:
            found.setdefault(task_id, []).append(watcher)
    return {task_id: tuple(watching) for task_id, watching in found.items()}
