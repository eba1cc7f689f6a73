"""Operators: arguments and their defaults, edges, and what every task can do."""

import copy
import datetime as dt
import functools
import inspect
import itertools
import logging

from airflow._goflow.dag import DagContext
from airflow._goflow.enums import NOTSET

DEFAULT_TASK_EXECUTION_TIMEOUT = None
BASE_DEFAULTS = {
    "owner": "airflow",
    "email": None,
    "email_on_retry": True,
    "email_on_failure": True,
    "retries": 0,
    "retry_delay": dt.timedelta(seconds=300),
    "retry_exponential_backoff": False,
    "max_retry_delay": None,
    "start_date": None,
    "end_date": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": True,
    "wait_for_past_depends_before_skipping": False,
    "wait_for_downstream": False,
    "priority_weight": 1,
    "weight_rule": "downstream",
    "queue": "default",
    "pool": "default_pool",
    "pool_slots": 1,
    "sla": None,
    "execution_timeout": None,
    "on_execute_callback": None,
    "on_failure_callback": None,
    "on_success_callback": None,
    "on_retry_callback": None,
    "on_skipped_callback": None,
    "pre_execute": None,
    "post_execute": None,
    "trigger_rule": "all_success",
    "resources": None,
    "run_as_user": None,
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "executor": None,
    "executor_config": None,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "inlets": None,
    "outlets": None,
    "doc": None,
    "doc_md": None,
    "doc_json": None,
    "doc_yaml": None,
    "doc_rst": None,
    "task_display_name": None,
    "logger_name": None,
    "allow_nested_operators": True,
    "render_template_as_native_obj": None,
    "retry_policy": None,
    "task_concurrency": None,
    "provide_context": None,
}
BASE_ARGUMENTS = frozenset({*BASE_DEFAULTS, "task_id", "dag", "task_group", "default_args", "params"})
_REGISTERING = [True]


class DependencyMixin:
    """``>>``, ``<<`` and their names."""

    @property
    def roots(self):
        """Where edges into it end."""
        return [self]

    @property
    def leaves(self):
        """Where edges out of it begin."""
        return [self]

    def set_upstream(self, other, edge_modifier=None):
        """OTHER before this."""
        connect(other, self)

    def set_downstream(self, other, edge_modifier=None):
        """OTHER after this."""
        connect(self, other)

    def as_setup(self):
        """Mark its roots as setups."""
        for task in self.roots:
            task.is_setup = True
        return self

    def as_teardown(self, *, setups=NOTSET, on_failure_fail_dagrun=NOTSET):
        """Mark its leaves as teardowns, of SETUPS."""
        for task in self.leaves:
            task.is_teardown = True
            if on_failure_fail_dagrun is not NOTSET:
                task.on_failure_fail_dagrun = on_failure_fail_dagrun
            if setups is not NOTSET:
                for setup in flatten(setups):
                    setup.as_setup()
                    connect(setup, task)
        return self

    def __rshift__(self, other):
        self.set_downstream(other)
        return other

    def __lshift__(self, other):
        self.set_upstream(other)
        return other

    def __rrshift__(self, other):
        self.set_upstream(other)
        return self

    def __rlshift__(self, other):
        self.set_downstream(other)
        return self


TaskMixin = DependencyMixin


class EdgeModifier(DependencyMixin):
    """A label on edges: passes them on from one side to the other."""

    def __init__(self, label=None):
        self.label = label
        self.before, self.after = [], []

    def set_upstream(self, other, edge_modifier=None):
        """What comes before."""
        self.before += flatten(other)
        self._join()

    def set_downstream(self, other, edge_modifier=None):
        """What comes after."""
        self.after += flatten(other)
        self._join()

    def _join(self):
        for one in self.before:
            for other in self.after:
                connect(one, other)


def Label(label):
    """A label on an edge."""
    return EdgeModifier(label)


def flatten(things):
    """A flat list of tasks, groups and the like."""
    if isinstance(things, list | tuple | set):
        return [inner for thing in things for inner in flatten(thing)]
    return [] if things is None else [things]


def connect(upstream, downstream):
    """Edges from every leaf of UPSTREAM to every root of DOWNSTREAM."""
    for one in flatten(upstream):
        for other in flatten(downstream):
            if isinstance(one, EdgeModifier):
                one.after.append(other)
                one._join()
                continue
            if isinstance(other, EdgeModifier):
                other.before.append(one)
                other._join()
                continue
            for leaf in one.leaves:
                for root in other.roots:
                    leaf.downstream_task_ids.add(root.task_id)
                    root.upstream_task_ids.add(leaf.task_id)
                    _same_dag(leaf, root)


def _same_dag(one, other):
    dag = one.dag or other.dag
    for task in (one, other):
        if task.dag is None and dag is not None:
            dag.add_task(task)


class AbstractOperator(DependencyMixin):
    """What tasks and mapped tasks share."""

    task_id = ""
    dag = None
    task_group = None
    is_setup = False
    is_teardown = False
    on_failure_fail_dagrun = False

    @property
    def task_type(self):
        """The class's name."""
        return type(self).__name__

    @property
    def dag_id(self):
        """The DAG's id."""
        return self.dag.dag_id if self.dag is not None else f"adhoc_{self.owner}"

    @property
    def upstream_list(self):
        """The tasks right above."""
        return [self.dag.task_dict[task_id] for task_id in self.upstream_task_ids]

    @property
    def downstream_list(self):
        """The tasks right below."""
        return [self.dag.task_dict[task_id] for task_id in self.downstream_task_ids]

    def get_direct_relative_ids(self, upstream=False):
        """Ids right above or below."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream=False):
        """Tasks right above or below."""
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, upstream=False):
        """All ids above or below."""
        found, todo = set(), list(self.get_direct_relative_ids(upstream))
        while todo:
            task_id = todo.pop()
            if task_id not in found:
                found.add(task_id)
                todo += self.dag.task_dict[task_id].get_direct_relative_ids(upstream)
        return found

    def get_flat_relatives(self, upstream=False):
        """All tasks above or below."""
        return [self.dag.task_dict[task_id] for task_id in self.get_flat_relative_ids(upstream)]

    @property
    def output(self):
        """Its result."""
        from airflow._goflow.xcom_arg import PlainXComArg

        return PlainXComArg(self)

    def __enter__(self):
        if not self.is_setup and not self.is_teardown:
            raise RuntimeError("Only setup/teardown tasks can be used as context managers.")
        return self

    def __exit__(self, *_):
        return None


class BaseOperatorMeta(type):
    """Wraps every ``__init__`` so that default arguments reach each level, and a task registers itself once."""

    def __new__(mcs, name, bases, namespace, **kwargs):
        if "__init__" in namespace:
            namespace["__init__"] = _with_defaults(namespace["__init__"])
        return super().__new__(mcs, name, bases, namespace, **kwargs)

    def partial(cls, **kwargs):
        """Arguments that all copies share."""
        from airflow._goflow.mapped import OperatorPartial

        return OperatorPartial(cls, kwargs)


def _with_defaults(init):
    names = None

    @functools.wraps(init)
    def wrapper(self, *args, **kwargs):
        nonlocal names
        if names is None:
            parameters = list(inspect.signature(init).parameters.values())[1:]
            plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
            names = [parameter.name for parameter in parameters if parameter.kind in plain]
            positional = [parameter.name for parameter in parameters if parameter.kind is plain[0]]
            wrapper.positional = positional
        kwargs.update(zip(wrapper.positional, args, strict=False))
        defaults = self.__dict__.get("_default_args")
        is_outer = defaults is None
        if is_outer:
            defaults = self.__dict__["_default_args"] = _default_args(kwargs)
        for name in names:
            if name not in kwargs and name in defaults:
                kwargs[name] = defaults[name]
        init(self, **kwargs)
        if is_outer:
            self.__dict__["_made"] = True
            link_references(self)

    wrapper.positional = []
    return wrapper


def _default_args(kwargs):
    dag = kwargs.get("dag") or DagContext.get_current_dag()
    merged = copy.copy(dag.default_args) if dag is not None else {}
    from airflow._goflow.groups import TaskGroupContext

    group = kwargs.get("task_group") or TaskGroupContext.get_current_task_group(dag)
    if group is not None:
        merged.update(group.all_default_args())
    merged.update(kwargs.get("default_args") or {})
    return merged


def link_references(task):
    """Edges from the tasks whose results are among TASK's fields."""
    from airflow._goflow.xcom_arg import references

    for name in task.template_fields:
        for operator in references(getattr(task, name, None)):
            if operator is not task:
                connect(operator, task)


class BaseOperator(AbstractOperator, metaclass=BaseOperatorMeta):
    """The base of all operators. Arguments that Airflow knows are attributes; a file's class may have more."""

    template_fields = ()
    template_ext = ()
    template_fields_renderers = {}
    ui_color = "#fff"
    ui_fgcolor = "#000"
    operator_extra_links = ()
    shallow_copy_attrs = ()
    start_trigger_args = None
    start_from_trigger = False
    _log = None

    def __init__(self, task_id, dag=None, task_group=None, default_args=None, params=None, **kwargs):
        from airflow._goflow.groups import TaskGroupContext
        from airflow._goflow.params import ParamsDict

        dag = dag or DagContext.get_current_dag()
        group = task_group or TaskGroupContext.get_current_task_group(dag)
        defaults = self.__dict__.get("_default_args") or {}
        for name, default in BASE_DEFAULTS.items():
            setattr_plain(self, name, kwargs.pop(name, defaults.get(name, default)))
        self._pre_execute_hook = self.__dict__.pop("pre_execute", None)
        self._post_execute_hook = self.__dict__.pop("post_execute", None)
        self._extra_arguments = kwargs
        own = dict(defaults.get("params") or {})
        own.update(params or {})
        self.params = ParamsDict({**{k: dag.params.get_param(k) for k in dag.params}, **own} if dag else own)
        self.task_id = group.child_id(task_id) if group is not None else task_id
        self.task_group = group
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        self.inlets = flatten(self.inlets)
        self.outlets = flatten(self.outlets)
        self.template_fields = tuple(
            [self.template_fields] if isinstance(self.template_fields, str) else self.template_fields
        )
        if _REGISTERING[-1]:
            if group is not None:
                group.add(self)
            if dag is not None:
                dag.add_task(self)
        elif dag is not None:
            self.dag = dag

    def __repr__(self):
        return f"<Task({self.task_type}): {self.task_id}>"

    def __hash__(self):
        return hash((type(self), self.task_id))

    def __eq__(self, other):
        return self is other

    @property
    def label(self):
        """The id without its group's prefix."""
        group = self.task_group
        if group is not None and group.group_id and self.task_id.startswith(f"{group.group_id}."):
            return self.task_id[len(group.group_id) + 1 :]
        return self.task_id

    @property
    def log(self):
        """The task's logger."""
        return logging.getLogger("airflow.task.operators")

    @property
    def priority_weight_total(self):
        """Its own weight."""
        return self.priority_weight

    def render_template_fields(self, context, jinja_env=None):
        """Render its fields in place."""
        from airflow._goflow.templates import render_fields

        render_fields(self, context)

    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        """Render one value."""
        from airflow._goflow.templates import environment, render

        return render(content, context, jinja_env or environment(self.dag), self)

    def prepare_template(self):
        """A hook for the author's class."""

    def resolve_template_files(self):
        """Done while rendering."""

    def get_dag(self):
        """Its DAG."""
        return self.dag

    def has_dag(self):
        """Whether it has one."""
        return self.dag is not None

    def pre_execute(self, context):
        """Before ``execute``."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def execute(self, context):
        """The work."""
        raise NotImplementedError

    def post_execute(self, context, result=None):
        """After ``execute``."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def on_kill(self):
        """Told to stop."""

    def xcom_push(self, context, key, value):
        """Leave a result."""
        context["ti"].xcom_push(key=key, value=value)

    def xcom_pull(self, context, task_ids=None, dag_id=None, key="return_value", **kwargs):
        """Take a result."""
        return context["ti"].xcom_pull(task_ids=task_ids, dag_id=dag_id, key=key, **kwargs)

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        """Wait for TRIGGER."""
        from airflow._goflow.exceptions import TaskDeferred

        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method, next_kwargs, context):
        """Go on after a trigger."""
        kwargs = dict(next_kwargs or {})
        return getattr(self, next_method)(context, **kwargs)

    def dry_run(self):
        """Nothing."""


def setattr_plain(task, name, value):
    """Set an attribute, past the properties of the author's class."""
    try:
        setattr(task, name, value)
    except AttributeError:
        task.__dict__[name] = value


class SkipMixin:
    """Skipping tasks below: told by an exception to the runner."""

    def skip(self, *args, tasks=(), **kwargs):
        """Skip TASKS once this task has ended."""
        from airflow._goflow.running import skip_later

        found = tasks or next((arg for arg in args if isinstance(arg, list | tuple | set)), ())
        skip_later(task_id for task_id in (getattr(task, "task_id", task) for task in found))

    def skip_all_except(self, ti, branch_task_ids):
        """Skip everything right below that is neither chosen nor below what is chosen."""
        from airflow._goflow.running import skip_later

        skip_later(not_chosen(self, branch_task_ids))


def not_chosen(task, chosen):
    """Ids right below TASK that a branch did not choose (``skip_all_except``); groups stand for their roots."""
    if chosen is None:
        wanted = set()
    elif isinstance(chosen, str):
        wanted = {chosen}
    else:
        wanted = set(chosen)
    dag = task.dag
    groups = dag.task_group.all_groups()
    ids = set()
    for name in wanted:
        if name in dag.task_dict:
            ids.add(name)
        elif name in groups:
            ids.update(root.task_id for root in groups[name].roots)
        else:
            from airflow._goflow.exceptions import AirflowException

            raise AirflowException(
                f"Branch callable must return valid task_ids or task_group_ids. Invalid tasks found: {name!r}."
            )
    below = set(ids)
    for name in ids:
        below |= dag.task_dict[name].get_flat_relative_ids()
    return sorted(set(task.downstream_task_ids) - below)


class BranchMixIn(SkipMixin):
    """Operators whose result is a choice."""

    def do_branch(self, context, branches_to_execute):
        """Skip what is not chosen."""
        self.skip_all_except(context["ti"], branches_to_execute)
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """An operator whose ``choose_branch`` chooses."""

    def choose_branch(self, context):
        """The choice."""
        raise NotImplementedError

    def execute(self, context):
        """Choose."""
        return self.do_branch(context, self.choose_branch(context))


class PokeReturnValue:
    """A poke's answer with a result."""

    def __init__(self, is_done, xcom_value=None):
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self):
        return bool(self.is_done)


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Waits until ``poke`` is true, in this process or by being started again."""

    valid_modes = ("poke", "reschedule")

    def __init__(
        self, *, poke_interval=60, timeout=7 * 24 * 3600, soft_fail=False, mode="poke", exponential_backoff=False,
        max_wait=None, silent_fail=False, never_fail=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval)
        self.timeout = _seconds(timeout)
        self.soft_fail = soft_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = max_wait
        self.silent_fail = silent_fail
        self.never_fail = never_fail

    @property
    def reschedule(self):
        """Whether it is started again between pokes."""
        return self.mode == "reschedule"

    def poke(self, context):
        """Whether it is there."""
        raise NotImplementedError

    def execute(self, context):
        """Poke until it is there or time is over."""
        import time

        from airflow._goflow import exceptions as e

        ti = context["ti"]
        started = ti.first_start or dt.datetime.now(dt.UTC)
        number = 1
        while True:
            try:
                answer = self.poke(context)
            except (e.AirflowSensorTimeout, e.AirflowTaskTimeout, e.AirflowFailException):
                if self.soft_fail or self.never_fail:
                    raise e.AirflowSkipException("Skipping due to soft_fail") from None
                raise
            except e.AirflowSkipException:
                raise
            except Exception:
                if self.silent_fail:
                    self.log.exception("poke failed")
                    answer = False
                elif self.never_fail:
                    raise e.AirflowSkipException("Skipping due to never_fail") from None
                else:
                    raise
            if answer:
                return answer.xcom_value if isinstance(answer, PokeReturnValue) else None
            if (dt.datetime.now(dt.UTC) - started).total_seconds() > self.timeout:
                words = f"Sensor has timed out; run duration exceeds the specified timeout of {self.timeout}."
                if self.soft_fail or self.never_fail:
                    raise e.AirflowSkipException(words)
                raise e.AirflowSensorTimeout(words)
            pause = self.poke_interval * (2 ** (number - 1) if self.exponential_backoff else 1)
            if self.reschedule:
                moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=pause)
                raise e.AirflowRescheduleException(moment)
            time.sleep(pause)
            number += 1


def _seconds(value):
    return value.total_seconds() if isinstance(value, dt.timedelta) else value


def poke_mode_only(cls):
    """A sensor that can only poke."""
    return cls


def apply_defaults(function):
    """1.10's decorator of ``__init__``; the metaclass does that."""
    return function


class BaseOperatorLink:
    """A link on the page."""


def chain(*tasks):
    """One after the other; lists of one length in pairs."""
    tasks = [list(task) if isinstance(task, tuple) else task for task in tasks]
    for one, other in itertools.pairwise(tasks):
        if isinstance(one, list) and isinstance(other, list):
            for a, b in zip(one, other, strict=True):
                connect(a, b)
        else:
            connect(one, other)


def chain_linear(*elements):
    """One after the other; every element of a list with every one of the next."""
    rows = [element for element in elements if flatten(element)]
    for one, other in itertools.pairwise(rows):
        connect(one, other)


def cross_downstream(from_tasks, to_tasks):
    """Every one with every one."""
    connect(from_tasks, to_tasks)


def __getattr__(name):
    if name == "MappedOperator":
        from airflow._goflow.mapped import MappedOperator

        return MappedOperator
    if name == "XComArg":
        from airflow._goflow.xcom_arg import XComArg

        return XComArg
    if name == "Operator":
        return BaseOperator
    raise AttributeError(name)
