"""Tasks, groups and the edges between them, as Airflow's DAG, TaskGroup and DAGNode build them while a file is read.

Plain structure, without values of the evaluator: who is upstream of whom, which ids are taken, what a group's roots and
leaves are. Everything here mirrors ``airflow/sdk/definitions/taskgroup.py``, ``dag.py`` and ``_internal/node.py`` of
Airflow 3.3, whose rules are those of 2.11 as well. What Airflow refuses is a `GraphError`, which the value layer turns
into the Python exception that the file would see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from goflow.parser.libraries.airflow.edges import Dependency, Label
from goflow.parser.libraries.airflow.keys import EXCEPTIONS, GraphError


class Node:
    """A task or a group of one DAG."""

    dag: DagGraph | None
    group: GroupNode | None
    value: Any
    """What it is to the evaluator."""

    def __init__(self, dag: DagGraph | None) -> None:
        self.dag = dag
        self.group = None
        self.upstream: dict[str, None] = {}
        self.downstream: dict[str, None] = {}

    @property
    def node_id(self) -> str:
        """The id with the prefixes of its groups."""
        raise NotImplementedError

    def upstream_tasks(self) -> list[TaskNode]:
        """The tasks right above."""
        return self._tasks(self.upstream)

    def downstream_tasks(self) -> list[TaskNode]:
        """The tasks right below."""
        return self._tasks(self.downstream)

    def mapped_group(self) -> GroupNode | None:
        """The closest mapped group around the node."""
        group = self.group
        while group is not None and not group.mapped:
            group = group.group
        return group

    def _tasks(self, ids: dict[str, None]) -> list[TaskNode]:
        if self.dag is None:
            raise GraphError("RuntimeError", f"Operator {self.node_id} has not been assigned to a Dag yet")
        return [self.dag.tasks[task_id] for task_id in ids if task_id in self.dag.tasks]


class TaskNode(Node):
    """One task. VALUE is the operator (or mapped operator) of the evaluator that it belongs to."""

    def __init__(self, task_id: str, dag: DagGraph | None = None, value: Any = None) -> None:
        super().__init__(dag)
        self.task_id = task_id
        self.value = value
        self.setup = False
        self.teardown = False
        self.always = False
        """Whether its trigger rule is ``always``, which mapped groups refuse."""

    @property
    def node_id(self) -> str:
        """The task id."""
        return self.task_id

    def roots(self) -> list[TaskNode]:
        """The task itself."""
        return [self]

    def leaves(self) -> list[TaskNode]:
        """The task itself."""
        return [self]

    def update_relative(self, other: Dependency, upstream: bool, label: Label | None) -> None:
        """Nothing to note: the edge itself says all."""

    def set_upstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``task << others``."""
        self._set_relatives(others, upstream=True, label=label)

    def set_downstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``task >> others``."""
        self._set_relatives(others, upstream=False, label=label)

    def _set_relatives(self, others: Sequence[Dependency], upstream: bool, label: Label | None) -> None:
        relatives: list[TaskNode] = []
        for other in others:
            other.update_relative(self, not upstream, label)
            relatives += other.leaves() if upstream else other.roots()
        dag = self._common_dag(relatives)
        if self.dag is None:
            dag.adopt(self)
        for task in relatives:
            if task.dag is None:
                dag.adopt(task)
            above, below = (task, self) if upstream else (self, task)
            above.downstream[below.node_id] = None
            below.upstream[above.node_id] = None
            if label is not None:
                dag.edge_labels[above.node_id, below.node_id] = label.label

    def _common_dag(self, relatives: Sequence[TaskNode]) -> DagGraph:
        dags = {id(task.dag): task.dag for task in (self, *relatives) if task.dag is not None}
        if len(dags) > 1:
            names = ", ".join(sorted(dag.dag_id for dag in dags.values()))
            text = f"Tried to set relationships between tasks in more than one Dag: {{{names}}}"
            raise GraphError("RuntimeError", text)
        if not dags:
            text = (
                "Tried to create relationships between tasks that don't have Dags yet. "
                f"Set the Dag for at least one task and try again: {[self.task_id, *(t.task_id for t in relatives)]}"
            )
            raise GraphError("ValueError", text)
        return next(iter(dags.values()))


class GroupNode(Node):
    """A task group; the root group of a DAG has no id. GROUP (of `Node`) is its parent."""

    def __init__(
        self,
        own_id: str | None,
        dag: DagGraph | None,
        parent: GroupNode | None,
        prefix: bool = True,
        suffix_on_collision: bool = False,
        value: Any = None,
    ) -> None:
        super().__init__(dag)
        self.own_id = own_id
        self.prefix = prefix
        self.group = parent
        self.value = value
        self.mapped = False
        self.children: dict[str, Node] = {}
        self.upstream_groups: dict[str | None, None] = {}
        self.downstream_groups: dict[str | None, None] = {}
        self.used_ids: set[str] = parent.used_ids if parent is not None else set()
        if own_id is None:
            return
        self._avoid_collision(suffix_on_collision)
        if parent is not None:
            self.group = None
            parent.add(self, moving=False)
        self.used_ids.update((self.node_id, f"{self.node_id}.downstream_join_id", f"{self.node_id}.upstream_join_id"))

    @property
    def is_root(self) -> bool:
        """Whether this is the DAG's own, unnamed group."""
        return not self.own_id

    @property
    def group_id(self) -> str | None:
        """The id with the prefixes of the groups around it; None for the root."""
        parent = self.group
        if self.own_id and parent is not None and parent.prefix and parent.own_id:
            return parent.child_id(self.own_id)
        return self.own_id

    @property
    def node_id(self) -> str:
        """The group id (text ``None`` for the root, which is in no list)."""
        return str(self.group_id)

    def child_id(self, label: str) -> str:
        """LABEL with the group's prefix, where it prefixes its children."""
        group_id = self.group_id
        return f"{group_id}.{label}" if self.prefix and group_id else label

    def add(self, node: Node, moving: bool) -> None:
        """Take NODE in; MOVING (inside ``with TaskGroup``) takes it out of the group it is in."""
        if moving and node.group is not None and node.group is not self:
            node.group.children.pop(node.node_id, None)
            node.group = self
        if isinstance(node, TaskNode) and node.group is not None and node.group is not self:
            text = f"cannot add {node.task_id!r} to {self.node_id!r} (already in group {node.group.node_id!r})"
            raise GraphError(f"{EXCEPTIONS}.TaskAlreadyInTaskGroup", text)
        node.group = self
        key = node.node_id
        if key in self.children:
            kind = "Task" if isinstance(node, TaskNode) else "Task Group"
            text = f"{kind} id '{key}' has already been added to the Dag"
            raise GraphError(f"{EXCEPTIONS}.DuplicateTaskIdFound", text, "GF202")
        if isinstance(node, GroupNode) and self.dag is not None:
            if node.dag is not None and node.dag is not self.dag:
                raise GraphError("ValueError", "Cannot mix TaskGroups from different Dags")
            node.dag = self.dag
        self.children[key] = node

    def tasks(self) -> Iterator[TaskNode]:
        """Every task inside, at any depth, in the order in which they were added."""
        for child in list(self.children.values()):
            if isinstance(child, GroupNode):
                yield from child.tasks()
            else:
                assert isinstance(child, TaskNode)
                if self.mapped and child.always:
                    text = "Task-generated mapping within a mapped task group is not allowed with trigger rule 'always'"
                    raise GraphError("ValueError", text)
                yield child

    def groups(self) -> Iterator[GroupNode]:
        """The group itself and every group inside, outermost first."""
        yield self
        for child in self.children.values():
            if isinstance(child, GroupNode):
                yield from child.groups()

    def roots(self) -> list[TaskNode]:
        """Tasks with nothing of this group upstream."""
        tasks = list(self.tasks())
        ids = {task.task_id for task in tasks}
        return [task for task in tasks if ids.isdisjoint(task.upstream)]

    def leaves(self) -> list[TaskNode]:
        """Tasks with nothing of this group downstream; behind a teardown, the tasks right before it."""
        tasks = list(self.tasks())
        ids = {task.task_id for task in tasks}
        found: list[TaskNode] = []
        for task in tasks:
            if ids.isdisjoint(task.downstream):
                found += [task] if not task.teardown else self._before_teardown(task, ids)
        return found

    def update_relative(self, other: Dependency, upstream: bool, label: Label | None) -> None:
        """Note an edge between the whole group and OTHER, for the page and for labels."""
        if isinstance(other, GroupNode):
            above, below = (other, self) if upstream else (self, other)
            below.upstream_groups[above.group_id] = None
            above.downstream_groups[below.group_id] = None
            self._label(label, f"{above.node_id}.downstream_join_id", f"{below.node_id}.upstream_join_id")
            return
        for task in other.roots():
            if upstream:
                self.upstream[task.node_id] = None
                self._label(label, task.node_id, f"{self.node_id}.upstream_join_id")
            else:
                self.downstream[task.node_id] = None
                self._label(label, f"{self.node_id}.downstream_join_id", task.node_id)

    def set_upstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``group << others``: OTHERS go upstream of the group's roots."""
        for other in others:
            self.update_relative(other, True, label)
        for task in self.roots():
            task.set_upstream(others)

    def set_downstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``group >> others``: OTHERS go downstream of the group's leaves."""
        airflow2 = self.dag is not None and self.dag.airflow2
        leaves = self.leaves() if airflow2 else self._leaves_or_before()
        for other in others:
            self.update_relative(other, False, label)
        for task in leaves:
            task.set_downstream(others)

    def _leaves_or_before(self) -> list[TaskNode]:
        """The leaves; of an empty group, what is upstream of it or of the groups around it."""
        group: GroupNode | None = self
        while group is not None:
            if leaves := group.leaves():
                return leaves
            if group.upstream:
                return group.upstream_tasks()
            group = group.group
        return []

    def _before_teardown(self, task: TaskNode, ids: set[str]) -> Iterator[TaskNode]:
        for above in task.upstream_tasks():
            if above.task_id not in ids or (task.teardown and above.setup):
                continue
            if above.teardown:
                yield from self._before_teardown(above, ids)
            elif not any(
                below.task_id != task.task_id and below.task_id in ids and not below.teardown
                for below in above.downstream_tasks()
            ):
                yield above

    def _label(self, label: Label | None, above: str, below: str) -> None:
        if label is not None and self.dag is not None:
            self.dag.edge_labels[above, below] = label.label

    def _avoid_collision(self, suffix_on_collision: bool) -> None:
        assert self.own_id is not None
        airflow2 = self.dag is not None and self.dag.airflow2
        if (self.own_id if airflow2 else self.group_id) not in self.used_ids:
            return
        if not suffix_on_collision:
            text = f"group_id '{self.own_id}' has already been added to the DAG"
            raise GraphError(f"{EXCEPTIONS}.DuplicateTaskIdFound", text, "GF202")
        base = re.split(r"__\d+$", self.own_id)[0]
        numbers = [int(used.rsplit("__", 1)[1]) for used in self.used_ids if re.match(rf"^{base}__\d+$", used)]
        self.own_id = f"{base}__{max(numbers) + 1}" if numbers else f"{self.own_id}__1"


class DagGraph:
    """The tasks and groups of one DAG. VALUE is the DAG object of the evaluator.

    AIRFLOW2: to avoid collisions Airflow 2 looks for a group's own id among the full ids, Airflow 3 for its full id.
    """

    def __init__(self, dag_id: str, value: Any = None, airflow2: bool = False) -> None:
        self.dag_id = dag_id
        self.value = value
        self.airflow2 = airflow2
        self.tasks: dict[str, TaskNode] = {}
        self.edge_labels: dict[tuple[str, str], str | None] = {}
        self.root = GroupNode(None, self, None)
        self.current_group: GroupNode | None = None
        """The group that a task without one lands in when an edge brings it here (None: the root)."""

    def adopt(self, task: TaskNode) -> None:
        """Take in a task that has no DAG yet, because an edge connects it with this one."""
        self.add(task, self.current_group)

    def add(self, task: TaskNode, current_group: GroupNode | None) -> None:
        """Add TASK; where it has no group, to CURRENT_GROUP or the root. Raises DuplicateTaskIdFound."""
        if task.group is None:
            group = current_group or self.root
            task.task_id = group.child_id(task.task_id)
            group.add(task, moving=current_group is not None)
        taken = self.tasks.get(task.task_id)
        if (taken is not None and taken is not task) or task.task_id in self.root.used_ids:
            text = f"Task id '{task.task_id}' has already been added to the DAG"
            raise GraphError(f"{EXCEPTIONS}.DuplicateTaskIdFound", text, "GF202")
        self.tasks[task.task_id] = task
        task.dag = self
        self.root.used_ids.add(task.task_id)
        if self.value is not None:
            self.value.task_added(task)

    def unique_task_id(self, task_id: str, group: GroupNode | None) -> str:
        """TASK_ID, or with the next free ``__N`` where a task has it already: TaskFlow's ids."""
        full = group.child_id(task_id) if group is not None else task_id
        if full not in self.tasks:
            return task_id
        prefix = re.split(r"__\d+$", full)[0]
        numbers = [int(m[1]) for other in self.tasks if (m := re.match(rf"^{re.escape(prefix)}__(\d+)$", other))]
        core = re.split(r"__\d+$", task_id)[0]
        return f"{core}__{max(numbers, default=0) + 1}"

    def cycle(self) -> list[str]:
        """The ids of the tasks that lie on one cycle, the last leading to the first; none if there is none."""
        done: set[str] = set()
        for start in self.tasks:
            path: list[tuple[str, Iterator[str]]] = [(start, iter(self.tasks[start].downstream))]
            open_ids = {start}
            while path and start not in done:
                task_id, children = path[-1]
                child = next((c for c in children if c not in done and c in self.tasks), None)
                if child is None:
                    done.add(task_id)
                    open_ids.discard(task_id)
                    path.pop()
                elif child in open_ids:
                    ids = [open_id for open_id, _ in path]
                    return ids[ids.index(child) :]
                else:
                    open_ids.add(child)
                    path.append((child, iter(self.tasks[child].downstream)))
        return []
