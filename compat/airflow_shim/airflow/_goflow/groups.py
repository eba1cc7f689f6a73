"""Task groups: prefixes, default arguments, edges through roots and leaves, mapped groups."""

import functools
import inspect

from airflow._goflow.dag import DagContext
from airflow._goflow.operator import DependencyMixin


class TaskGroupContext:
    """The groups whose ``with`` is open."""

    stack = []

    @classmethod
    def get_current_task_group(cls, dag):
        """The innermost, else DAG's root."""
        for group in reversed(cls.stack):
            if dag is None or group.dag is None or group.dag is dag:
                return group
        return dag.task_group if dag is not None else None


class TaskGroup(DependencyMixin):
    """A group of tasks and groups."""

    mapped = None

    def __init__(
        self, group_id, prefix_group_id=True, parent_group=None, dag=None, default_args=None, tooltip="",
        ui_color="", ui_fgcolor="", add_suffix_on_collision=False, group_display_name="", **kwargs,
    ):  # fmt: skip
        self.dag = dag or (parent_group.dag if parent_group else None) or DagContext.get_current_dag()
        parent = parent_group
        if parent is None and group_id is not None:
            parent = TaskGroupContext.get_current_task_group(self.dag)
        self.parent_group = parent
        self.prefix_group_id = prefix_group_id
        self.default_args = dict(default_args or {})
        self.tooltip = tooltip
        self.children = {}
        if group_id is not None and add_suffix_on_collision and self.dag is not None:
            group_id = self._free_id(group_id)
        self._group_id = group_id
        if parent is not None:
            parent.children[self.group_id] = self

    @classmethod
    def create_root(cls, dag):
        """The group of all tasks of DAG."""
        return cls(None, dag=dag)

    def _free_id(self, group_id):
        taken = self.dag.task_group.all_groups()
        prefix = self.parent_group.child_prefix() if self.parent_group else ""
        found, number = group_id, 0
        while f"{prefix}{found}" in taken or f"{prefix}{found}" in self.dag.task_dict:
            number += 1
            found = f"{group_id}__{number}"
        return found

    @property
    def group_id(self):
        """The id with its prefix; None at the root."""
        if self._group_id is None:
            return None
        prefix = self.parent_group.child_prefix() if self.parent_group is not None else ""
        return f"{prefix}{self._group_id}"

    node_id = group_id

    @property
    def label(self):
        """The id without prefix."""
        return self._group_id

    def child_prefix(self):
        """What ids inside begin with."""
        if self._group_id is None:
            return ""
        if self.prefix_group_id:
            return f"{self.group_id}."
        return self.parent_group.child_prefix() if self.parent_group is not None else ""

    def child_id(self, label):
        """The id of a task LABEL inside."""
        return f"{self.child_prefix()}{label}"

    def all_default_args(self):
        """Default arguments, the outer groups' first."""
        outer = self.parent_group.all_default_args() if self.parent_group is not None else {}
        return {**outer, **self.default_args}

    def add(self, task):
        """Take a task in."""
        self.children[task.task_id] = task
        return task

    def tasks(self):
        """All tasks inside."""
        found = []
        for child in self.children.values():
            found += child.tasks() if isinstance(child, TaskGroup) else [child]
        return found

    def iter_tasks(self):
        """All tasks inside."""
        return iter(self.tasks())

    def all_groups(self):
        """All groups inside by id."""
        found = {}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found[child.group_id] = child
                found.update(child.all_groups())
        return found

    @property
    def roots(self):
        """Tasks inside with nothing of the group above."""
        ids = {task.task_id for task in self.tasks()}
        return [task for task in self.tasks() if not task.upstream_task_ids & ids]

    @property
    def leaves(self):
        """Tasks inside with nothing of the group below (teardowns are passed over)."""
        tasks = [task for task in self.tasks() if not task.is_teardown]
        ids = {task.task_id for task in tasks}
        return [task for task in tasks if not task.downstream_task_ids & ids] or self.tasks()

    def mapped_ancestors(self):
        """The mapped groups around, innermost first, itself among them."""
        found, group = [], self
        while group is not None:
            if group.mapped is not None:
                found.append(group)
            group = group.parent_group
        return found

    def __enter__(self):
        TaskGroupContext.stack.append(self)
        return self

    def __exit__(self, *_):
        TaskGroupContext.stack.pop()


class MappedTaskGroup(TaskGroup):
    """A group with copies; ``mapped`` holds what it is mapped over."""


class TaskGroupMaker:
    """``@task_group`` on a function."""

    def __init__(self, function, options):
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options
        self.partials = {}

    def _group(self, cls=TaskGroup):
        options = {"add_suffix_on_collision": True, **self.options}
        options.setdefault("group_id", self.function.__name__)
        return cls(**options)

    def __call__(self, *args, **kwargs):
        group = self._group()
        with group:
            answer = self.function(*args, **kwargs)
        return group if answer is None else answer

    def partial(self, **kwargs):
        """Arguments that all copies share."""
        made = TaskGroupMaker(self.function, self.options)
        made.partials = {**self.partials, **kwargs}
        return made

    def override(self, **options):
        """Other options."""
        made = TaskGroupMaker(self.function, {**self.options, **options})
        made.partials = dict(self.partials)
        return made

    def expand(self, **mapped):
        """Copies over MAPPED."""
        from airflow._goflow.mapped import ExpandDict

        return self._expand(ExpandDict(mapped), mapped)

    def expand_kwargs(self, rows):
        """Copies over ROWS of arguments."""
        from airflow._goflow.mapped import ExpandRows

        names = [name for name in inspect.signature(self.function).parameters if name not in self.partials]
        return self._expand(ExpandRows(rows), names)

    def _expand(self, source, names):
        from airflow._goflow.operator import connect
        from airflow._goflow.xcom_arg import MappedArgument

        group = self._group(MappedTaskGroup)
        group.mapped = source
        with group:
            arguments = {name: MappedArgument(group, name) for name in names}
            answer = self.function(**self.partials, **arguments)
        for operator in source.references():
            for root in group.roots:
                connect(operator, root)
        return group if answer is None else answer


def task_group(group_id=None, **options):
    """``@task_group``."""
    if callable(group_id):
        return TaskGroupMaker(group_id, {})
    if group_id is not None:
        options["group_id"] = group_id
    return lambda function: TaskGroupMaker(function, {"tooltip": function.__doc__ or "", **options})
