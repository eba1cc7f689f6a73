"""DAGs: what a file makes, and which of them a module has."""

import functools
import inspect


class DagContext:
    """The DAGs whose ``with`` is open, and those that registered themselves."""

    stack = []
    registered = []
    autoregistered_dags = registered

    @classmethod
    def get_current_dag(cls):
        """The innermost."""
        return cls.stack[-1] if cls.stack else None

    get_current = get_current_dag


class DAG:
    """A DAG: its arguments are its attributes, unknown ones too."""

    def __init__(self, dag_id=None, description=None, schedule=None, start_date=None, end_date=None, **kwargs):
        from airflow._goflow.groups import TaskGroup
        from airflow._goflow.params import ParamsDict

        if not isinstance(description, str | type(None)):  # 1.10: schedule_interval came third
            kwargs.setdefault("schedule_interval", description)
            description = None
        self.dag_id = dag_id
        self.description = description
        self.schedule = schedule if schedule is not None else kwargs.get("schedule_interval", kwargs.get("timetable"))
        self.start_date, self.end_date = start_date, end_date
        self.default_args = dict(kwargs.pop("default_args", None) or {})
        params = dict(self.default_args.pop("params", None) or {})
        params.update(kwargs.pop("params", None) or {})
        self.params = ParamsDict(params)
        self.tags = set(kwargs.pop("tags", None) or ())
        self.user_defined_macros = kwargs.pop("user_defined_macros", None)
        self.user_defined_filters = kwargs.pop("user_defined_filters", None)
        self.render_template_as_native_obj = kwargs.pop("render_template_as_native_obj", False)
        search = kwargs.pop("template_searchpath", None)
        self.template_searchpath = [search] if isinstance(search, str) else search
        self.template_undefined = kwargs.pop("template_undefined", None)
        self.jinja_environment_kwargs = kwargs.pop("jinja_environment_kwargs", None)
        self.doc_md = kwargs.pop("doc_md", None)
        self.auto_register = kwargs.pop("auto_register", True)
        self.timezone = getattr(start_date, "tzinfo", None)
        for name, value in kwargs.items():
            setattr(self, name, value)
        self.task_dict = {}
        self.task_group = TaskGroup.create_root(self)
        self.fileloc = self._file()
        self.last_loaded = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return

    def _file(self):
        frame = inspect.currentframe()
        while frame is not None and "/_goflow/" in frame.f_code.co_filename:
            frame = frame.f_back
        return frame.f_code.co_filename if frame is not None else ""

    def __enter__(self):
        DagContext.stack.append(self)
        return self

    def __exit__(self, *_):
        DagContext.stack.pop()
        if self.auto_register and self not in DagContext.registered:
            DagContext.registered.append(self)

    def __repr__(self):
        return f"<DAG: {self.dag_id}>"

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other

    @property
    def tasks(self):
        """All tasks."""
        return list(self.task_dict.values())

    @property
    def task_ids(self):
        """Their ids."""
        return list(self.task_dict)

    @property
    def roots(self):
        """Tasks with nothing above."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self):
        """Tasks with nothing below."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def owner(self):
        """The tasks' owners."""
        return ", ".join(sorted({task.owner for task in self.tasks}))

    @property
    def folder(self):
        """The folder of its file."""
        import os

        return os.path.dirname(self.fileloc)

    def add_task(self, task):
        """Take a task in."""
        self.task_dict[task.task_id] = task
        task.dag = self

    def add_tasks(self, tasks):
        """Take tasks in."""
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id):
        """Whether there is one of that id."""
        return task_id in self.task_dict

    def get_task(self, task_id, include_subdags=False):
        """The task of that id. Raises TaskNotFound."""
        from airflow._goflow.exceptions import TaskNotFound

        if task_id not in self.task_dict:
            raise TaskNotFound(f"Task {task_id} not found")
        return self.task_dict[task_id]

    def param(self, name, default=None):
        """A param that is read when a task runs."""
        from airflow._goflow.params import DagParam

        return DagParam(self, name, default)

    def set_dependency(self, upstream_task_id, downstream_task_id):
        """An edge."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def cli(self):
        """Nothing: commands are for a terminal."""

    def test(self, *args, **kwargs):
        """Nothing: this is no terminal."""

    def validate(self, *args, **kwargs):
        """Done elsewhere."""

    def get_template_env(self, *, force_sandboxed=False):
        """The environment that templates are rendered in."""
        from airflow._goflow.templates import environment

        return environment(self)


Dag = DAG


class DagModel:
    """Not there: a task has no database."""


def dag(dag_id_or_func=None, __DAG_class=DAG, __warnings_stacklevel_delta=2, **options):
    """``@dag``."""

    def decorate(function):
        @functools.wraps(function)
        def make(*args, **kwargs):
            name = options.get("dag_id") or (dag_id_or_func if isinstance(dag_id_or_func, str) else function.__name__)
            bound = inspect.signature(function).bind(*args, **kwargs)
            bound.apply_defaults()
            given = {key: value for key, value in options.items() if key != "dag_id"}
            given.setdefault("doc_md", function.__doc__)
            made = DAG(dag_id=name, **given)
            made.fileloc = function.__code__.co_filename
            with made:
                values = {key: made.param(key, value) for key, value in bound.arguments.items()}
                function(**values)
            return made

        return make

    return decorate(dag_id_or_func) if callable(dag_id_or_func) else decorate


def create_timetable(interval, timezone):
    """What was given."""
    return interval
