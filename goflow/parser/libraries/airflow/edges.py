"""What can stand beside ``>>``: tasks and groups (`graph`), labels, and references to tasks such as XComArgs.

Mirrors ``airflow/sdk/definitions/edges.py`` and ``_internal/mixins.py`` of Airflow 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.graph import GroupNode, TaskNode


class Dependency(Protocol):
    """Whatever can stand beside ``>>``."""

    def roots(self) -> list[TaskNode]:
        """Where an edge from above ends."""

    def leaves(self) -> list[TaskNode]:
        """Where an edge to below begins."""

    def set_upstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """Put OTHERS above."""

    def set_downstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """Put OTHERS below."""

    def update_relative(self, other: Dependency, upstream: bool, label: Label | None) -> None:
        """Be told of an edge that OTHER sets."""


class Label:
    """An edge modifier (``Label("x")``): waits until both sides of the edge are known, then connects them."""

    def __init__(self, label: str | None) -> None:
        self.label = label
        self.above: list[Dependency] = []
        self.below: list[Dependency] = []

    def roots(self) -> list[TaskNode]:
        """What stands below the label: to be upstream of the label is to be upstream of these."""
        return [task for node in self.below for task in node.roots()]

    def leaves(self) -> list[TaskNode]:
        """What stands above the label."""
        return [task for node in self.above for task in node.leaves()]

    def set_upstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``label << others``."""
        self.above.extend(others)
        for node in self._settled(self.below):
            node.set_upstream(others, self)

    def set_downstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """``label >> others``."""
        self.below.extend(others)
        for node in self._settled(self.above):
            node.set_downstream(others, self)

    def update_relative(self, other: Dependency, upstream: bool, label: Label | None) -> None:
        """Take note of OTHER, to which the label has just been put up- or downstream."""
        if upstream:
            self.set_upstream([other])
        else:
            self.set_downstream([other])

    def _settled(self, nodes: list[Dependency]) -> list[Dependency]:
        """NODES; their groups instead, once both sides are there and do not share one group."""
        if self.above and self.below:
            groups = {_group_key(node) for node in (*self.above, *self.below)}
            if len(groups) != 1:
                self.above[:] = [_as_group(node) for node in self.above]
                self.below[:] = [_as_group(node) for node in self.below]
        return list(nodes)


def _group_key(node: Dependency) -> str:
    group = _group_of(node.tasks[0] if isinstance(node, References) and node.tasks else node)
    return "root" if group is None else str(group.group_id)


def _as_group(node: Dependency) -> Dependency:
    return _group_of(node) or node


def _group_of(node: object) -> GroupNode | None:
    """The group that a task or group is in; None for the root, and for what is neither."""
    group: GroupNode | None = getattr(node, "group", None)
    return None if group is None or group.is_root else group


class References:
    """Something that stands for the tasks it refers to: an XComArg of any kind."""

    def __init__(self, tasks: Sequence[TaskNode]) -> None:
        self.tasks = list(tasks)

    def roots(self) -> list[TaskNode]:
        """The tasks themselves."""
        return self.tasks

    def leaves(self) -> list[TaskNode]:
        """The tasks themselves."""
        return self.tasks

    def set_upstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """Put OTHERS upstream of each task."""
        for task in self.tasks:
            task.set_upstream(others, label)

    def set_downstream(self, others: Sequence[Dependency], label: Label | None = None) -> None:
        """Put OTHERS downstream of each task."""
        for task in self.tasks:
            task.set_downstream(others, label)

    def update_relative(self, other: Dependency, upstream: bool, label: Label | None) -> None:
        """Nothing to note."""
