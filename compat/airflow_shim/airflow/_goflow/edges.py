"""Edges between tasks, groups and results: ``>>``, ``<<``, labels, ``chain`` and its kin."""

import itertools


class DependencyMixin:
    """``>>`` and ``<<``, told apart into `set_upstream` and `set_downstream`."""

    @property
    def roots(self):
        """Where edges into it end."""
        raise NotImplementedError

    @property
    def leaves(self):
        """Where edges out of it begin."""
        raise NotImplementedError

    def set_upstream(self, other, edge_modifier=None):
        """OTHER, or each of several, comes right before this."""
        raise NotImplementedError

    def set_downstream(self, other, edge_modifier=None):
        """OTHER, or each of several, comes right after this."""
        raise NotImplementedError

    def update_relative(self, other, upstream=True, edge_modifier=None):
        """The other side of an edge is told."""

    def __lshift__(self, other):
        self.set_upstream(other)
        return other

    def __rshift__(self, other):
        self.set_downstream(other)
        return other

    def __rrshift__(self, other):
        self.__lshift__(other)
        return self

    def __rlshift__(self, other):
        self.__rshift__(other)
        return self


TaskMixin = DependencyMixin


def as_list(things):
    """THINGS as a list: a list or tuple as it is, anything else alone."""
    return list(things) if isinstance(things, (list, tuple)) else [things]


class Node(DependencyMixin):
    """A task or a group: what edges are kept with."""

    dag = None
    task_group = None
    node_id = None

    def has_dag(self):
        """Whether it belongs to a DAG."""
        return self.dag is not None

    @property
    def upstream_list(self):
        """The tasks right above."""
        return [self.dag.get_task(task_id) for task_id in self.upstream_task_ids]

    @property
    def downstream_list(self):
        """The tasks right below."""
        return [self.dag.get_task(task_id) for task_id in self.downstream_task_ids]

    def get_direct_relative_ids(self, upstream=False):
        """Ids of the tasks right above or below."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream=False):
        """The tasks right above or below."""
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, *, upstream=False, depth=None):
        """Ids of all tasks above or below, at most DEPTH edges away."""
        found, level = set(), set(self.get_direct_relative_ids(upstream))
        while level and (depth is None or depth > 0):
            found |= level
            below = (self.dag.get_task(task_id).get_direct_relative_ids(upstream) for task_id in level)
            level = {task_id for ids in below for task_id in ids} - found
            depth = None if depth is None else depth - 1
        return found

    def get_flat_relatives(self, upstream=False, depth=None):
        """All tasks above or below."""
        return [self.dag.get_task(task_id) for task_id in self.get_flat_relative_ids(upstream=upstream, depth=depth)]

    def set_upstream(self, task_or_task_list, edge_modifier=None):
        """These come right before."""
        self._set_relatives(task_or_task_list, True, edge_modifier)

    def set_downstream(self, task_or_task_list, edge_modifier=None):
        """These come right after."""
        self._set_relatives(task_or_task_list, False, edge_modifier)

    def _set_relatives(self, task_or_task_list, upstream, edge_modifier):
        tasks = []
        for thing in as_list(task_or_task_list):
            if not isinstance(thing, DependencyMixin):
                raise TypeError(f"Relationships can only be set between Operators; received {type(thing).__name__}")
            thing.update_relative(self, not upstream, edge_modifier=edge_modifier)
            tasks += thing.leaves if upstream else thing.roots
        dag = self._common_dag(tasks)
        for task in tasks:
            before, after = (task, self) if upstream else (self, task)
            before.downstream_task_ids.add(after.node_id)
            after.upstream_task_ids.add(before.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(dag, before.node_id, after.node_id)

    def _common_dag(self, tasks):
        dags = {id(task.dag): task.dag for task in [self, *tasks] if task.has_dag()}
        if len(dags) > 1:
            raise RuntimeError(f"Tried to set relationships between tasks in more than one DAG: {list(dags.values())}")
        if not dags:
            raise ValueError(
                "Tried to create relationships between tasks that don't have DAGs yet. "
                f"Set the DAG for at least one task and try again: {[self, *tasks]}"
            )
        (dag,) = dags.values()
        for task in [self, *tasks]:
            if not task.has_dag():
                task.dag = dag
        return dag


class EdgeModifier(DependencyMixin):
    """A label between two sides: it passes edges on, and keeps its words with them."""

    def __init__(self, label=None):
        self.label = label
        self._upstream, self._downstream = [], []

    def __repr__(self):
        return f"Label({self.label!r})"

    @property
    def roots(self):
        """What stands below it."""
        return self._downstream

    @property
    def leaves(self):
        """What stands above it."""
        return self._upstream

    @staticmethod
    def _save(nodes, stream):
        for node in as_list(nodes):
            if isinstance(node, EdgeModifier):
                raise TypeError(f"Cannot use edge labels ({node!r}) next to each other")
            if not any(known is node for known in stream):
                stream.append(node)

    def set_upstream(self, other, edge_modifier=None):
        """What stands above it."""
        self._save(other, self._upstream)
        self._settle()
        for node in self._downstream:
            node.set_upstream(other, edge_modifier=self)

    def set_downstream(self, other, edge_modifier=None):
        """What stands below it."""
        self._save(other, self._downstream)
        self._settle()
        for node in self._upstream:
            node.set_downstream(other, edge_modifier=self)

    def _settle(self):
        """Once both sides are there and do not share one group, their groups stand in their places."""
        if self._upstream and self._downstream:
            groups = {_group_key(node) for node in (*self._upstream, *self._downstream)}
            if len(groups) != 1:
                self._upstream[:] = [_as_group(node) for node in self._upstream]
                self._downstream[:] = [_as_group(node) for node in self._downstream]

    def update_relative(self, other, upstream=True, edge_modifier=None):
        """An edge was made from the other side."""
        if upstream:
            self.set_upstream(other)
        else:
            self.set_downstream(other)

    def add_edge_info(self, dag, upstream_id, downstream_id):
        """Keep the label with an edge."""
        dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})


def _group_of(node):
    """The group that a task or group is in; None for the DAG's own."""
    group = getattr(node, "task_group", None)
    return None if group is None or group.is_root else group


def _group_key(node):
    group = _group_of(getattr(node, "operator", node))
    return "root" if group is None else group.group_id


def _as_group(node):
    return _group_of(node) or node


def Label(label):
    """A label on an edge."""
    return EdgeModifier(label=label)


def chain(*tasks):
    """One after the other; two lists of one length next to each other are joined pair by pair.

    Raises TypeError and ValueError where that cannot be.
    """
    for before, after in itertools.pairwise(tasks):
        if isinstance(before, DependencyMixin):
            before.set_downstream(after)
        elif isinstance(after, DependencyMixin):
            after.set_upstream(before)
        elif not isinstance(before, (list, tuple)) or not isinstance(after, (list, tuple)):
            raise TypeError(f"Chain not supported between instances of {type(before)} and {type(after)}")
        elif len(before) != len(after):
            raise ValueError(f"Chain not supported for different length Iterable. Got {len(before)} and {len(after)}.")
        else:
            for one, other in zip(before, after, strict=True):
                one.set_downstream(other)


def cross_downstream(from_tasks, to_tasks):
    """Every one of FROM_TASKS before every one of TO_TASKS."""
    for task in from_tasks:
        task.set_downstream(to_tasks)


def chain_linear(*elements):
    """One after the other; every member of a list before every member of the next. Raises ValueError for labels, and
    where no edge is made."""
    if not elements:
        raise ValueError("No tasks provided; nothing to do.")
    before, is_done = None, False
    for element in elements:
        if isinstance(element, EdgeModifier):
            raise ValueError("Labels are not supported by chain_linear")
        if before is not None:
            for task in before:
                task >> element
                is_done = True
        before = [element] if isinstance(element, DependencyMixin) else element
    if not is_done:
        raise ValueError("No dependencies were set. Did you forget to expand with `*`?")
