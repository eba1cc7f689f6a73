"""``with setup_task >> teardown_task:``: the tasks made inside come between (Airflow's SetupTeardownContext)."""

from airflow._goflow.edges import as_list


class _Frame:
    """One open ``with``: its setups, its teardowns, and the work made inside."""

    def __init__(self, setups, teardowns):
        self.setups, self.teardowns = setups, teardowns
        self.work = []


class _ActiveMeta(type):
    @property
    def active(cls):
        """Whether a ``with`` is open."""
        return bool(cls.frames)


class SetupTeardownContext(metaclass=_ActiveMeta):
    """The open ``with`` statements, the innermost last."""

    frames = []

    @classmethod
    def push_setup_teardown_task(cls, operator):
        """Open one, for a task or a list of tasks. Raises ValueError for a list of both kinds."""
        tasks = as_list(operator)
        if any(task.is_setup != tasks[0].is_setup for task in tasks):
            raise ValueError("All tasks in the list must be either setup or teardown tasks")
        if tasks[0].is_teardown:
            cls.frames.append(_Frame(_near(tasks[0], "upstream_list", "is_setup"), tasks))
        else:
            cls.frames.append(_Frame(tasks, _near(tasks[0], "downstream_list", "is_teardown")))

    @classmethod
    def update_context_map(cls, task):
        """A task was made inside."""
        for frame in cls.frames[-1:]:
            frame.work.append(task)

    @classmethod
    def add_task(cls, task):
        """Take a task in that was made outside. Raises AirflowException where no ``with`` is open."""
        from airflow._goflow.exceptions import AirflowException

        if not cls.active:
            raise AirflowException("Cannot add task to context outside the context manager.")
        cls.update_context_map(getattr(task, "operator", task))

    @classmethod
    def set_work_task_roots_and_leaves(cls):
        """Close the innermost: its setups come before what is first inside, its teardowns after what is last."""
        frame = cls.frames.pop()
        work = [task for task in frame.work if not task.is_setup and not task.is_teardown]
        if work:
            roots = [task for task in work if not task.upstream_task_ids] or work[:1]
            leaves = [task for task in work if not task.downstream_task_ids] or work[-1:]
            for setup in frame.setups:
                setup.set_downstream([task for task in roots if task is not setup])
            for teardown in frame.teardowns:
                teardown.set_upstream([task for task in leaves if task is not teardown])
        if cls.frames:
            _nest(cls.frames[-1], frame)


def _nest(outer, inner):
    """The outer setup comes before the inner one, the inner teardown before the outer one."""
    for before, after in ((outer.setups, inner.setups), (inner.teardowns, outer.teardowns)):
        for one in before:
            for other in after:
                if one is not other:
                    one.set_downstream(other)


def _near(task, direction, kind):
    """The nearest tasks of KIND from TASK on, walking one way first and then any way."""
    seen, level = {task.task_id}, list(getattr(task, direction))
    while level:
        found = [other for other in level if getattr(other, kind)]
        if found:
            return found
        seen.update(other.task_id for other in level)
        level = [near for other in level for near in [*other.downstream_list, *other.upstream_list]
                 if near.task_id not in seen]  # fmt: skip
    return []


class ContextWrapper(list):
    """Several setups or teardowns as one ``with`` (``context_wrapper``)."""

    def __init__(self, tasks):
        super().__init__(tasks)
        self.tasks = tasks

    def __enter__(self):
        from airflow._goflow.exceptions import AirflowException

        operators = [getattr(task, "operator", task) for task in self.tasks]
        if any(not task.is_setup and not task.is_teardown for task in operators):
            raise AirflowException("Only setup/teardown tasks can be used as context managers.")
        SetupTeardownContext.push_setup_teardown_task(operators)
        return SetupTeardownContext

    def __exit__(self, *_):
        SetupTeardownContext.set_work_task_roots_and_leaves()


context_wrapper = ContextWrapper
