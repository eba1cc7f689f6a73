"""Task groups: prefixes, default arguments, edges through roots and leaves, mapped groups, ``@task_group``."""

import functools
import re

from airflow._goflow import world
from airflow._goflow.dag import DagContext
from airflow._goflow.edges import DependencyMixin, Node, as_list
from airflow._goflow.exceptions import DuplicateTaskIdFound, NodeNotFound, TaskAlreadyInTaskGroup


class TaskGroupContext:
    """The groups whose ``with`` is open, the innermost last."""

    stack = []

    @classmethod
    def push(cls, group):
        """Open one."""
        cls.stack.append(group)

    push_context_managed_task_group = push

    @classmethod
    def pop(cls):
        """Close the innermost."""
        return cls.stack.pop()

    pop_context_managed_task_group = pop

    @classmethod
    def get_current(cls, dag=None):
        """The innermost, else the root group of DAG (or of the open one)."""
        if cls.stack:
            return cls.stack[-1]
        dag = dag or DagContext.get_current_dag()
        return dag.task_group if dag is not None else None

    get_current_task_group = get_current


class TaskGroup(Node):
    """A group of tasks and groups."""

    is_mapped = False

    def __init__(
        self, group_id=None, prefix_group_id=True, parent_group=None, dag=None, default_args=None, tooltip="",
        ui_color="CornflowerBlue", ui_fgcolor="#000", add_suffix_on_collision=False, group_display_name="",
        doc_md=None,
    ):  # fmt: skip
        is_root = group_id is None
        if parent_group is None and not is_root:
            parent_group = TaskGroupContext.get_current(dag)
        self.dag = dag or (parent_group.dag if parent_group is not None else None) or DagContext.get_current_dag()
        if self.dag is None:
            raise RuntimeError("TaskGroup can only be used inside a dag")
        if parent_group is None and not is_root:
            parent_group = self.dag.task_group
        self._group_id, self.prefix_group_id, self.parent_group = group_id, prefix_group_id, parent_group
        self.default_args = dict(default_args or {})
        self.tooltip, self.doc_md = tooltip, doc_md
        self.ui_color, self.ui_fgcolor, self.group_display_name = ui_color, ui_fgcolor, group_display_name
        self.children = {}
        self.upstream_group_ids, self.downstream_group_ids = set(), set()
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        self.used_group_ids = set() if parent_group is None else parent_group.used_group_ids
        if parent_group is not None:
            self._avoid_collision(add_suffix_on_collision)
            parent_group.add(self)
            self.default_args = {**parent_group.default_args, **self.default_args}
            self.used_group_ids |= {self.group_id, self.upstream_join_id, self.downstream_join_id}

    @classmethod
    def create_root(cls, dag):
        """The group of all tasks of DAG."""
        return cls(None, dag=dag)

    def _avoid_collision(self, add_suffix):
        if self.group_id not in self.used_group_ids:
            return
        if not add_suffix:
            raise DuplicateTaskIdFound(f"group_id '{self._group_id}' has already been added to the DAG")
        base = re.split(r"__\d+$", self._group_id)[0]
        found = (re.match(rf"^{re.escape(base)}__(\d+)$", used or "") for used in self.used_group_ids)
        numbers = [int(match[1]) for match in found if match]
        self._group_id = f"{base}__{max(numbers, default=0) + 1}"

    @property
    def group_id(self):
        """The id with its prefix; None at the root."""
        parent = self.parent_group
        if self._group_id and parent is not None and parent.prefix_group_id and parent._group_id:
            return parent.child_id(self._group_id)
        return self._group_id

    @property
    def node_id(self):
        """The id."""
        return self.group_id

    @property
    def task_group(self):
        """The group around it."""
        return self.parent_group

    @property
    def is_root(self):
        """Whether it is the group of all tasks."""
        return not self._group_id

    @property
    def label(self):
        """The shown name."""
        return self.group_display_name or self._group_id

    @property
    def upstream_join_id(self):
        """The node of the page where edges into the group meet."""
        return f"{self.group_id}.upstream_join_id"

    @property
    def downstream_join_id(self):
        """The node of the page where edges out of the group meet."""
        return f"{self.group_id}.downstream_join_id"

    def child_id(self, label):
        """The id of something called LABEL inside."""
        return f"{self.group_id}.{label}" if self.prefix_group_id and self.group_id else label

    def add(self, task):
        """Take a task or a group in. Raises DuplicateTaskIdFound, TaskAlreadyInTaskGroup."""
        if not isinstance(task, TaskGroup):
            if TaskGroupContext.stack and task.task_group is not None and task.task_group is not self:
                task.task_group.children.pop(task.node_id, None)
                task.task_group = self
            if task.task_group is not None and task.task_group is not self:
                raise TaskAlreadyInTaskGroup(task.node_id, task.task_group.node_id, self.node_id)
            task.task_group = self
        key = task.node_id
        if key in self.children:
            kind = "Task Group" if isinstance(task, TaskGroup) else "Task"
            raise DuplicateTaskIdFound(f"{kind} id '{key}' has already been added to the DAG")
        self.children[key] = task
        return task

    def __iter__(self):
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def iter_tasks(self):
        """All tasks inside."""
        return iter(self)

    def has_task(self, task):
        """Whether a task is inside."""
        return any(other.task_id == task.task_id for other in self)

    @property
    def roots(self):
        """Tasks with nothing of the group above."""
        return list(self.get_roots())

    @property
    def leaves(self):
        """Tasks with nothing of the group below."""
        return list(self.get_leaves())

    def get_roots(self):
        """Tasks with nothing of the group above."""
        tasks = list(self)
        ids = {task.task_id for task in tasks}
        return (task for task in tasks if not task.upstream_task_ids & ids)

    def get_leaves(self):
        """Tasks with nothing of the group below; teardowns are passed over."""
        tasks = list(self)
        ids = {task.task_id for task in tasks}
        for task in tasks:
            if not task.downstream_task_ids & ids:
                if task.is_teardown:
                    yield from _before_teardown(task, ids)
                else:
                    yield task

    def update_relative(self, other, upstream=True, edge_modifier=None):
        """Keep an edge's other side, for the page."""
        if isinstance(other, TaskGroup):
            above, below = (other, self) if upstream else (self, other)
            below.upstream_group_ids.add(above.group_id)
            above.downstream_group_ids.add(below.group_id)
            self._label(edge_modifier, above.downstream_join_id, below.upstream_join_id)
            return
        for task in other.roots:
            if not isinstance(task, Node) or task is self:
                continue
            if upstream:
                self.upstream_task_ids.add(task.node_id)
                self._label(edge_modifier, task.node_id, self.upstream_join_id)
            else:
                self.downstream_task_ids.add(task.node_id)
                self._label(edge_modifier, self.downstream_join_id, task.node_id)

    def _label(self, edge_modifier, above, below):
        if edge_modifier is not None:
            edge_modifier.add_edge_info(self.dag, above, below)

    def _set_relatives(self, task_or_task_list, upstream, edge_modifier):
        things = as_list(task_or_task_list)
        leaves = self.get_leaves if world.is_airflow2() else self._leaves_or_what_is_before
        ends = list(self.get_roots() if upstream else leaves())
        for thing in things:
            self.update_relative(thing, upstream, edge_modifier)
        for task in ends:
            if upstream:
                task.set_upstream(things)
            else:
                task.set_downstream(things)

    def _leaves_or_what_is_before(self):
        """The leaves; of an empty group, what stands before it."""
        group = self
        while group is not None:
            leaves = group.leaves
            if leaves:
                return leaves
            if group.upstream_task_ids:
                return [self.dag.get_task(task_id) for task_id in group.upstream_task_ids]
            group = group.parent_group
        return []

    def get_task_group_dict(self):
        """Group ids to the groups inside, itself among them."""
        found = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def get_child_by_label(self, label):
        """The task or group called LABEL inside."""
        return self.children[self.child_id(label)]

    def __getitem__(self, label):
        try:
            return self.get_child_by_label(label)
        except KeyError:
            raise NodeNotFound(f"Task {label!r} not found") from None

    def topological_sort(self):
        """What is inside, each after what it depends on."""
        left, found, done = list(self.children.values()), [], set()
        while left:
            ready = [node for node in left if not self._needs(node) & {other.node_id for other in left} - done]
            if not ready:
                from airflow._goflow.exceptions import AirflowDagCycleException

                raise AirflowDagCycleException(f"A cyclic dependency occurred in dag: {self.dag.dag_id}")
            found += ready
            done |= {node.node_id for node in ready}
            left = [node for node in left if node.node_id not in done]
        return found

    def _needs(self, node):
        """Ids of the children of this group that NODE depends on."""
        inside = {task.task_id: child for child in self.children.values()
                  for task in (child if isinstance(child, TaskGroup) else [child])}  # fmt: skip
        tasks = node if isinstance(node, TaskGroup) else [node]
        above = (inside[task_id].node_id for task in tasks for task_id in task.upstream_task_ids if task_id in inside)
        return {node_id for node_id in above if node_id != node.node_id}

    def hierarchical_alphabetical_sort(self):
        """What is inside, groups first, by id."""
        return sorted(self.children.values(), key=lambda node: (not isinstance(node, TaskGroup), node.node_id))

    def __enter__(self):
        TaskGroupContext.push(self)
        return self

    def __exit__(self, *_):
        TaskGroupContext.pop()

    def __repr__(self):
        return f"<TaskGroup: {self.group_id}>"


def _before_teardown(teardown, ids):
    """The last tasks before a teardown that is a leaf."""
    for task in teardown.upstream_list:
        if task.task_id not in ids:
            continue
        if task.is_teardown:
            yield from _before_teardown(task, ids)
        elif not task.is_setup and not _has_work_below(task, teardown.task_id, ids):
            yield task


def _has_work_below(task, but, ids):
    return any(
        below.task_id in ids and below.task_id != but and not below.is_teardown for below in task.downstream_list
    )


class MappedTaskGroup(TaskGroup):
    """A group with copies; EXPAND_INPUT is what it is mapped over."""

    is_mapped = True

    def __init__(self, *, expand_input, **kwargs):
        super().__init__(**kwargs)
        self._expand_input = expand_input

    def iter_mapped_dependencies(self):
        """The tasks whose results it is mapped over."""
        return [operator for operator, _ in self._expand_input.iter_references()]

    def __exit__(self, *problem):
        for operator in self.iter_mapped_dependencies():
            self.set_upstream(operator)
        super().__exit__(*problem)


class TaskGroupFactory:
    """``@task_group`` on a function."""

    def __init__(self, function, options, partials=None):
        functools.update_wrapper(self, function)
        self.function = function
        self.tg_kwargs = {"group_id": function.__name__, **options}
        self.partial_kwargs = dict(partials or {})

    def _create(self, factory, *args, **kwargs):
        options = {"add_suffix_on_collision": True, **self.tg_kwargs}
        with factory(**options) as group:
            if self.function.__doc__:
                group.tooltip = group.tooltip or self.function.__doc__
                group.doc_md = group.doc_md or self.function.__doc__
            answer = self.function(*args, **kwargs)
        return group if answer is None else answer

    def __call__(self, *args, **kwargs):
        return self._create(TaskGroup, *args, **kwargs)

    def override(self, **options):
        """The same with other options."""
        return TaskGroupFactory(self.function, {**self.tg_kwargs, **options}, self.partial_kwargs)

    def partial(self, **kwargs):
        """Arguments that all copies share."""
        from airflow._goflow.expand import prevent_duplicates

        prevent_duplicates(self.partial_kwargs, kwargs, "duplicate partial")
        return TaskGroupFactory(self.function, self.tg_kwargs, {**kwargs, **self.partial_kwargs})

    def expand(self, **mapped):
        """Copies over every combination of MAPPED."""
        from airflow._goflow import expand

        if not mapped:
            raise TypeError("no arguments to expand against")
        expand.prevent_duplicates(self.partial_kwargs, mapped, "mapping already partial")
        return self._mapped(expand.DictOfListsExpandInput(mapped), mapped)

    def expand_kwargs(self, kwargs):
        """One copy for each map of arguments."""
        from airflow._goflow import expand
        from airflow._goflow.signatures import parameters_of

        expand.check_rows(kwargs)
        found = parameters_of(self.function)
        if found.takes_any or found.takes_any_keyword:
            raise TypeError("calling expand_kwargs() on task group function with * or ** is not supported")
        names = [name for name in found.names if name not in self.partial_kwargs]
        return self._mapped(expand.ListOfDictsExpandInput(kwargs), names)

    def _mapped(self, expand_input, names):
        from airflow._goflow.expand import MappedArgument, ensure_return_value

        ensure_return_value(expand_input.value)
        arguments = {name: MappedArgument(input=expand_input, key=name) for name in names}
        factory = functools.partial(MappedTaskGroup, expand_input=expand_input)
        return self._create(factory, **self.partial_kwargs, **arguments)


def task_group(python_callable=None, **options):
    """``@task_group``, with and without options."""
    if callable(python_callable):
        return TaskGroupFactory(python_callable, options)
    if python_callable is not None:
        options["group_id"] = python_callable
    return lambda function: TaskGroupFactory(function, options)


__all__ = ["DependencyMixin", "MappedTaskGroup", "TaskGroup", "TaskGroupContext", "task_group"]
