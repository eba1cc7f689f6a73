"""DAGs: what a file makes. Here they hold tasks and what tasks need of them; when they run is planned elsewhere."""

import functools
import os
import sys

from airflow._goflow import world
from airflow._goflow.logs import LoggingMixin
from airflow._goflow.words import NOTSET

_HERE = os.path.dirname(__file__)


class DagContext:
    """The DAGs whose ``with`` is open, the innermost last, and those that registered themselves on the way out."""

    stack = []
    registered = []
    autoregistered_dags = registered
    current_autoregister_module_name = None

    @classmethod
    def push(cls, dag):
        """Open one."""
        cls.stack.append(dag)

    push_context_managed_dag = push

    @classmethod
    def pop(cls):
        """Close the innermost."""
        dag = cls.stack.pop()
        if dag is not None and dag.auto_register and not any(known is dag for known in cls.registered):
            cls.registered.append(dag)
        return dag

    pop_context_managed_dag = pop

    @classmethod
    def get_current_dag(cls):
        """The innermost, or None."""
        return cls.stack[-1] if cls.stack else None

    get_current = get_current_dag


def moment_property(name, choose):
    """A moment that is turned into Airflow's form (pendulum, UTC) when it is looked at; a task's own and its DAG's are
    put together by CHOOSE."""
    key = f"_{name}"

    def get(self):
        values = [self.__dict__.get(key)]
        dag = self.__dict__.get("_dag")
        if dag is not None:
            values.append(dag.__dict__.get(key))
        found = [as_moment(value) for value in values if value is not None]
        return choose(found) if found else None

    def put(self, value):
        self.__dict__[key] = value

    return property(get, put)


def as_moment(value):
    """A datetime or text as a pendulum moment in UTC."""
    from airflow._goflow import timezone

    return timezone.convert_to_utc(timezone.parse(value) if isinstance(value, str) else value)


class DAG(LoggingMixin):
    """A DAG. Arguments of both dialects are its attributes."""

    start_date = moment_property("start_date", max)
    end_date = moment_property("end_date", min)

    def __init__(
        self, dag_id, description=None, schedule=NOTSET, schedule_interval=NOTSET, timetable=None, start_date=None,
        end_date=None, full_filepath=None, template_searchpath=None, template_undefined=None,
        user_defined_macros=None, user_defined_filters=None, default_args=None, params=None, catchup=None, tags=None,
        jinja_environment_kwargs=None, render_template_as_native_obj=False, doc_md=None, auto_register=True,
        dag_display_name=None, task_group=None, **kwargs,
    ):  # fmt: skip
        from airflow._goflow.groups import TaskGroup
        from airflow._goflow.params import ParamsDict

        if description is not None and not isinstance(description, str):  # 1.10: schedule_interval came third
            schedule_interval, description = description, None
        self.dag_id, self.description, self.dag_display_name = dag_id, description, dag_display_name or dag_id
        self.schedule = _schedule(schedule, schedule_interval, timetable)
        self.start_date, self.end_date = start_date, end_date
        self.default_args = _copied(default_args or {})
        merged = dict(params.items() if params is not None else ())
        merged.update(self.default_args.pop("params", None) or {})
        self.params = ParamsDict(merged)
        self.catchup = world.is_airflow2() if catchup is None else catchup
        self.tags = set(tags or ())
        self.template_searchpath = (
            [template_searchpath] if isinstance(template_searchpath, str) else template_searchpath
        )
        self.template_undefined = template_undefined
        self.user_defined_macros, self.user_defined_filters = user_defined_macros, user_defined_filters
        self.jinja_environment_kwargs = jinja_environment_kwargs
        self.render_template_as_native_obj = bool(render_template_as_native_obj)
        self.doc_md, self.auto_register = doc_md, auto_register
        self._keep_more(kwargs)
        self.task_dict, self.edge_info = {}, {}
        self.fileloc = _caller()
        self.relative_fileloc = self.last_loaded = None
        self.partial = False
        self.task_group = task_group or TaskGroup.create_root(self)

    def _keep_more(self, kwargs):
        """The arguments that a task has no use for."""
        usual = {
            "max_active_tasks": kwargs.pop("concurrency", 16), "max_active_runs": 16, "dagrun_timeout": None,
            "max_consecutive_failed_dag_runs": 0, "access_control": None, "is_paused_upon_creation": None,
            "owner_links": {}, "fail_fast": kwargs.pop("fail_stop", False), "on_success_callback": None,
            "on_failure_callback": None, "sla_miss_callback": None, "deadline": None, "orientation": "LR",
        }  # fmt: skip
        for name, value in {**usual, **kwargs}.items():
            self.__dict__[name] = value

    def __enter__(self):
        DagContext.push(self)
        return self

    def __exit__(self, *_):
        DagContext.pop()

    def __repr__(self):
        return f"<DAG: {self.dag_id}>"

    __str__ = __repr__

    def __hash__(self):
        return hash((type(self), self.dag_id))

    def __eq__(self, other):
        return self is other

    def __lt__(self, other):
        return self.dag_id < other.dag_id

    @property
    def schedule_interval(self):
        """Airflow 2's word for the schedule."""
        return self.schedule

    @property
    def timetable(self):
        """The schedule as a timetable that only has its words."""
        from airflow._goflow.timetables import Timetable

        return self.schedule if isinstance(self.schedule, Timetable) else Timetable(self.schedule)

    @property
    def timezone(self):
        """The zone of the start date, UTC without one."""
        from airflow._goflow import timezone

        start = self.__dict__.get("_start_date") or self.default_args.get("start_date")
        if isinstance(start, str):
            start = timezone.parse(start)
        return getattr(start, "tzinfo", None) or timezone.parse_timezone("UTC")

    @property
    def tasks(self):
        """All tasks."""
        return list(self.task_dict.values())

    @property
    def task_ids(self):
        """Their ids."""
        return list(self.task_dict)

    @property
    def task_group_dict(self):
        """Ids to groups, the root not among them."""
        return {key: group for key, group in self.task_group.get_task_group_dict().items() if key is not None}

    @property
    def roots(self):
        """Tasks with nothing above."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self):
        """Tasks with nothing below."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def teardowns(self):
        """The teardowns."""
        return [task for task in self.tasks if task.is_teardown]

    @property
    def task(self):
        """``@dag.task``."""
        from airflow._goflow.taskflow import task

        return functools.partial(task, dag=self)

    @property
    def owner(self):
        """The tasks' owners."""
        return ", ".join({task.owner for task in self.tasks})

    @property
    def folder(self):
        """The folder of its file."""
        return os.path.dirname(self.fileloc)

    @property
    def filepath(self):
        """Its file."""
        return self.fileloc

    @property
    def task_count(self):
        """How many tasks there are."""
        return len(self.task_dict)

    def add_task(self, task):
        """Take a task in. Raises DuplicateTaskIdFound."""
        from airflow._goflow.exceptions import DuplicateTaskIdFound
        from airflow._goflow.groups import TaskGroupContext

        if task.task_group is None:
            group = TaskGroupContext.get_current(self)
            if group is not None:
                task.task_id = group.child_id(task.task_id)
                group.add(task)
        known = self.task_dict.get(task.task_id)
        if (known is not None and known is not task) or task.task_id in self.task_group.used_group_ids:
            raise DuplicateTaskIdFound(f"Task id '{task.task_id}' has already been added to the DAG")
        self.task_dict[task.task_id] = task
        self.task_group.used_group_ids.add(task.task_id)
        if not task.has_dag():
            task.dag = self

    def add_tasks(self, tasks):
        """Take tasks in."""
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id):
        """Whether there is one of that id."""
        return task_id in self.task_dict

    def has_task_group(self, task_group_id):
        """Whether there is a group of that id."""
        return task_group_id in self.task_group_dict

    def get_task(self, task_id, include_subdags=False):
        """The task of that id. Raises TaskNotFound."""
        from airflow._goflow.exceptions import TaskNotFound

        if task_id not in self.task_dict:
            raise TaskNotFound(f"Task {task_id} not found")
        return self.task_dict[task_id]

    def __getitem__(self, node_id):
        from airflow._goflow.exceptions import NodeNotFound

        found = self.task_dict.get(node_id) or self.task_group_dict.get(node_id)
        if found is None:
            raise NodeNotFound(f"Task or group {node_id!r} not found")
        return found

    def param(self, name, default=NOTSET):
        """A param that is read when a task runs."""
        from airflow._goflow.params import DagParam

        return DagParam(self, name, default)

    def set_dependency(self, upstream_task_id, downstream_task_id):
        """An edge."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def set_edge_info(self, upstream_task_id, downstream_task_id, info):
        """Keep a label."""
        self.edge_info.setdefault(upstream_task_id, {})[downstream_task_id] = info

    def get_edge_info(self, upstream_task_id, downstream_task_id):
        """The label between two tasks."""
        return self.edge_info.get(upstream_task_id, {}).get(downstream_task_id, {})

    def topological_sort(self, include_subdag_tasks=False):
        """The tasks, each after what it depends on."""
        from airflow._goflow.groups import TaskGroup

        def nested(group):
            for node in group.topological_sort():
                yield from nested(node) if isinstance(node, TaskGroup) else [node]

        return tuple(nested(self.task_group))

    def resolve_template_files(self):
        """Read the tasks' files of templates."""
        for task in self.tasks:
            if not task.is_mapped:
                task.resolve_template_files()

    def get_template_env(self, *, force_sandboxed=False):
        """The environment that templates are rendered in."""
        from airflow._goflow import jinja

        return jinja.of_dag(self, native=self.render_template_as_native_obj and not force_sandboxed)

    def add_result(self, task):
        """Nothing: which task has the DAG's result is planned elsewhere."""

    def validate(self):
        """Done when the file was read."""

    def test(self, *args, **kwargs):
        """Nothing: this is no terminal."""

    def cli(self):
        """Nothing: this is no terminal."""

    run = test


Dag = DAG


def _copied(default_args):
    """Default arguments as a DAG keeps them: Airflow 2 copies what is in them, too."""
    if not world.is_airflow2():
        return dict(default_args)
    import copy

    return copy.deepcopy(default_args)


def _schedule(schedule, schedule_interval, timetable):
    given = [value for value in (schedule, schedule_interval) if value is not NOTSET]
    if timetable is not None:
        return timetable
    if given:
        return given[0]
    if world.is_airflow2():
        import datetime as dt

        return dt.timedelta(days=1)
    return None


def _caller():
    """The file that makes a DAG."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def dag(dag_id_or_func=None, __DAG_class=DAG, __warnings_stacklevel_delta=2, **options):
    """``@dag``: a function that makes a DAG of what it calls; its arguments become params."""

    def decorate(function):
        given = dict(options)
        dag_id = given.pop("dag_id", None)
        if not dag_id:
            dag_id = dag_id_or_func if isinstance(dag_id_or_func, str) and dag_id_or_func else function.__name__

        @functools.wraps(function)
        def factory(*args, **kwargs):
            import inspect

            bound = inspect.signature(function).bind(*args, **kwargs)
            bound.apply_defaults()
            with DAG(dag_id, **given) as made:
                if function.__doc__ and not made.doc_md:
                    made.doc_md = function.__doc__
                made.fileloc = sys._getframe().f_back.f_code.co_filename
                function(**{name: made.param(name, value) for name, value in bound.arguments.items()})
            return made

        return factory

    return decorate(dag_id_or_func) if callable(dag_id_or_func) else decorate


def __getattr__(name):
    if name == "TaskGroupContext":
        from airflow._goflow.groups import TaskGroupContext

        return TaskGroupContext
    raise AttributeError(name)
