"""What ``with setup_task:`` and ``with teardown_task:`` connect, after Airflow's ``SetupTeardownContext``.

Tasks made inside such a block are work: setups go above its roots, teardowns below its leaves; of nested blocks the
setups are chained outside in, and the teardowns inside out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from goflow.parser.libraries.airflow.graph import TaskNode
from goflow.parser.libraries.airflow.keys import GraphError

_Tasks = tuple[TaskNode, ...]


class _Stack:
    """The tasks that hold now, and those of the blocks around."""

    def __init__(self) -> None:
        self.now: _Tasks = ()
        self.before: list[_Tasks] = []

    def push(self, tasks: _Tasks) -> None:
        if self.now and self.now != tasks:
            self.before.append(self.now)
        self.now = tasks

    def pop(self) -> tuple[_Tasks, _Tasks]:
        """What held, and what holds now."""
        old, self.now = self.now, self.before.pop() if self.before else ()
        return old, self.now


@dataclass
class SetupTeardown:
    """The open setup and teardown blocks of one file."""

    active: bool = False
    setups: _Stack = field(default_factory=_Stack)
    teardowns: _Stack = field(default_factory=_Stack)
    teardowns_below: _Stack = field(default_factory=_Stack)
    """Of the setups that hold: the teardowns downstream of them."""
    setups_above: _Stack = field(default_factory=_Stack)
    """Of the teardowns that hold: the setups upstream of them."""
    work: dict[_Tasks, list[TaskNode]] = field(default_factory=dict)

    def enter(self, tasks: Sequence[TaskNode]) -> None:
        """``with tasks:``. Raises GraphError when they are not all setups or all teardowns."""
        block = tuple(tasks)
        if not all(task.setup or task.teardown for task in block):
            raise GraphError("RuntimeError", "Only setup/teardown tasks can be used as context managers.")
        if any(task.setup != block[0].setup for task in block):
            self.__init__()  # type: ignore[misc]
            raise GraphError("ValueError", "All tasks in the list must be either setup or teardown tasks")
        if block[0].setup:
            self.setups.push(block)
            self.teardowns_below.push(_nearest(block[0], block[0].downstream_tasks(), teardown=True))
        else:
            self.teardowns.push(block)
            self.setups_above.push(_nearest(block[0], block[0].upstream_tasks(), teardown=False))
        self.active = True

    def task_made(self, task: TaskNode) -> None:
        """A task was made, or added by hand (``scope.add_task``), while a block is open."""
        if self.active and not task.setup and not task.teardown:
            for block in (self.setups.now, self.teardowns.now):
                if block:
                    self.work.setdefault(block, []).append(task)

    def leave(self) -> None:
        """The end of the innermost block: connect its tasks."""
        if (block := self.setups.now) and (work := self._work(block)):
            _above(block, [task for task in work if not task.upstream] or work[:1])
            leaves = [task for task in work if not task.downstream] or work[-1:]
            _below(self.teardowns_below.now, self.teardowns.now or leaves)
        if (block := self.teardowns.now) and (work := self._work(block)):
            _below(block, [task for task in work if not task.downstream] or work[-1:])
            roots = [task for task in work if not task.upstream] or work[:1]
            _above(self.setups_above.now, self.setups.now or roots)
        self._chain_with_outer()
        self.active = False

    def _work(self, block: _Tasks) -> list[TaskNode]:
        return [task for task in self.work.get(block, []) if not task.setup and not task.teardown]

    def _chain_with_outer(self) -> None:
        inner_setups, outer_setups = self.setups.pop()
        if inner_setups and outer_setups:
            _above(outer_setups, inner_setups)
        inner_teardowns, outer_teardowns = self.teardowns.pop()
        if inner_teardowns and outer_teardowns:
            _below(outer_teardowns, inner_teardowns)
        inner, outer = self.teardowns_below.pop()
        if inner and outer:
            _below(outer, inner)
        inner, outer = self.setups_above.pop()
        if inner and outer:
            _above(outer, inner)
        self.work.pop(inner_setups, None)
        self.work.pop(inner_teardowns, None)


def _above(setups: Sequence[TaskNode], tasks: Sequence[TaskNode]) -> None:
    for setup in setups:
        setup.set_downstream(list(tasks))


def _below(teardowns: Sequence[TaskNode], tasks: Sequence[TaskNode]) -> None:
    for teardown in teardowns:
        teardown.set_upstream(list(tasks))


def _nearest(start: TaskNode, tasks: Sequence[TaskNode], teardown: bool) -> _Tasks:
    """The nearest teardowns (or setups) that can be reached from START, along any edge."""
    seen = {start.task_id}
    while tasks:
        found = tuple(task for task in tasks if (task.teardown if teardown else task.setup))
        if found:
            return found
        seen.update(task.task_id for task in tasks)
        around = {
            other.task_id: other for task in tasks for other in (*task.downstream_tasks(), *task.upstream_tasks())
        }
        tasks = [task for task_id, task in around.items() if task_id not in seen]
    return ()
