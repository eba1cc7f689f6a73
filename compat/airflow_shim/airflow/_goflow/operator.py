"""Operators: how they are made, what they keep, and what every task can do."""

import functools
from abc import ABCMeta

from airflow._goflow import defaults, world
from airflow._goflow.dag import DagContext, moment_property
from airflow._goflow.edges import Node, as_list
from airflow._goflow.groups import TaskGroupContext
from airflow._goflow.setup_teardown import SetupTeardownContext
from airflow._goflow.signatures import parameters_of
from airflow._goflow.templater import Templater
from airflow._goflow.words import NOTSET, of_dialect

BASE_ARGUMENTS = defaults.NAMES


class AbstractOperator(Templater, Node):
    """What tasks and mapped tasks share."""

    task_id = None
    is_setup = False
    is_teardown = False
    is_mapped = False
    is_stand_in = False
    returns_dag_result = False
    on_failure_fail_dagrun = False
    inherits_from_empty_operator = False
    inherits_from_skipmixin = False
    template_fields = ()
    template_ext = ()
    template_fields_renderers = {}
    operator_extra_links = ()
    ui_color = "#fff"
    ui_fgcolor = "#000"

    @property
    def node_id(self):
        """Its id."""
        return self.task_id

    @property
    def dag_id(self):
        """The DAG's id."""
        return self.dag.dag_id if self.has_dag() else f"adhoc_{self.owner}"

    @property
    def label(self):
        """Its shown name, or the id without its group's prefix."""
        shown = getattr(self, "task_display_name", None)
        if shown and shown != self.task_id:
            return shown
        group = self.task_group
        if group is not None and group.group_id and group.prefix_group_id:
            return self.task_id[len(group.group_id) + 1 :]
        return self.task_id

    @property
    def roots(self):
        """Itself."""
        return [self]

    @property
    def leaves(self):
        """Itself."""
        return [self]

    @property
    def output(self):
        """Its result."""
        from airflow._goflow.xcom_arg import PlainXComArg

        return PlainXComArg(self)

    def get_dag(self):
        """Its DAG or None."""
        return self.dag if self.has_dag() else None

    def as_setup(self):
        """Mark it as a setup."""
        self.is_setup = True
        return self

    def as_teardown(self, *, setups=None, on_failure_fail_dagrun=None):
        """Mark it as the teardown of SETUPS."""
        self.is_teardown = True
        self.trigger_rule = of_dialect("TriggerRule").ALL_DONE_SETUP_SUCCESS
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        for setup in as_list(setups) if setups is not None else ():
            setup.as_setup()
            setup.set_downstream(self)
        return self

    def __enter__(self):
        if not self.is_setup and not self.is_teardown:
            raise RuntimeError("Only setup/teardown tasks can be used as context managers.")
        SetupTeardownContext.push_setup_teardown_task(self)
        return SetupTeardownContext

    def __exit__(self, *_):
        SetupTeardownContext.set_work_task_roots_and_leaves()

    def iter_mapped_task_groups(self):
        """The mapped groups around it, the innermost first."""
        group = self.task_group
        while group is not None:
            if group.is_mapped:
                yield group
            group = group.parent_group

    def get_closest_mapped_task_group(self):
        """The innermost mapped group around it, or None."""
        return next(self.iter_mapped_task_groups(), None)

    def iter_mapped_dependants(self):
        """Tasks and groups that are mapped over its result."""
        from airflow._goflow.mapped import MappedOperator

        tasks = [task for task in self.dag.tasks if isinstance(task, MappedOperator) and task is not self]
        groups = [group for group in self.dag.task_group_dict.values() if group.is_mapped]
        for node in (*tasks, *groups):
            if any(other.task_id == self.task_id for other in node.iter_mapped_dependencies()):
                yield node

    @property
    def log(self):
        """Its logger."""
        import logging

        return logging.getLogger(getattr(self, "logger_name", None) or "airflow.task.operators")


class BaseOperatorMeta(ABCMeta):
    """Wraps every ``__init__``, so that default arguments reach each level and results among arguments make edges."""

    def __new__(cls, name, bases, namespace, **kwargs):
        if "__init__" in namespace:
            namespace["__init__"] = _with_defaults(namespace["__init__"])
        return super().__new__(cls, name, bases, namespace, **kwargs)

    def partial(cls, **kwargs):
        """Arguments that all copies of a mapped task share."""
        from airflow._goflow.mapped import partial_of

        return partial_of(cls, kwargs)


def _with_defaults(init):
    """INIT of one class in a task's inheritance (``BaseOperatorMeta._apply_defaults``)."""

    @functools.wraps(init)
    def apply_defaults(self, *args, **kwargs):
        if args:
            raise TypeError("Use keyword arguments when initializing operators")
        is_outermost = "_init_kwargs" not in self.__dict__
        is_copy = kwargs.pop("_airflow_from_mapped", self.__dict__.get("_from_mapped", False))
        self.__dict__.update(_from_mapped=is_copy)
        self.__dict__.setdefault("_init_kwargs", {})
        if world.World.account is not None:
            world.World.account.init(self, init, kwargs)
        dag, group = _place(kwargs)
        default_args, params = defaults.merged(dag, group, kwargs.pop("params", None), kwargs.pop("default_args", None))
        found = parameters_of(init)
        names = found.names[1:]
        for name in names:
            if name not in kwargs and name in default_args:
                kwargs[name] = default_args[name]
        _check_required(found, kwargs)
        if params:
            kwargs["params"] = params
        hook = getattr(self, "_hook_apply_defaults", None)
        if hook is not None:
            _, kwargs = hook(**kwargs, default_args=default_args)
        if found.takes_any_keyword or "default_args" in names:
            kwargs["default_args"] = default_args
        init(self, **kwargs)
        kwargs.pop("default_args", None)
        self._init_kwargs.update(kwargs)
        if is_outermost and not is_copy:
            self._set_xcomargs_dependencies()
            self.__dict__["_instantiated"] = True
            if world.World.account is not None:
                world.World.account.finish(self)

    return apply_defaults


def _place(kwargs):
    """The DAG and the group that a task belongs to, put among its arguments."""
    dag = kwargs.get("dag") or DagContext.get_current_dag()
    group = kwargs.get("task_group")
    if dag is not None:
        kwargs["dag"] = dag
        if group is None:
            group = TaskGroupContext.get_current(dag)
            if group is not None:
                kwargs["task_group"] = group
    return dag, group


def _check_required(found, kwargs):
    missing = sorted(name for name in found.required[1:] if name not in kwargs and name != "task_id")
    if len(missing) == 1:
        raise TypeError(f"missing keyword argument {missing[0]!r}")
    if missing:
        raise TypeError(f"missing keyword arguments {', '.join(map(repr, missing))}")


class BaseOperator(AbstractOperator, metaclass=BaseOperatorMeta):
    """The base of all operators. The arguments that Airflow knows are its attributes."""

    shallow_copy_attrs = ()
    overwrite_rtif_after_execution = False
    start_trigger_args = None
    start_from_trigger = False
    supports_lineage = False
    deps = frozenset()
    _dag = None
    _from_mapped = False
    _instantiated = False
    _locked = False
    max_retry_delay = None
    start_date = moment_property("start_date", max)
    end_date = moment_property("end_date", min)

    def __init__(
        self, *, task_id, owner="airflow", email=None, email_on_retry=True, email_on_failure=True, retries=0,
        retry_delay=defaults.ALL["retry_delay"], retry_exponential_backoff=False, max_retry_delay=None,
        retry_policy=None, start_date=None, end_date=None, depends_on_past=False, ignore_first_depends_on_past=NOTSET,
        wait_for_past_depends_before_skipping=False, wait_for_downstream=False, dag=None, params=None,
        default_args=None, priority_weight=1, weight_rule="downstream", queue="default", pool=None, pool_slots=1,
        sla=None, execution_timeout=None, on_execute_callback=None, on_failure_callback=None,
        on_success_callback=None, on_retry_callback=None, on_skipped_callback=None, pre_execute=None,
        post_execute=None, trigger_rule="all_success", resources=None, run_as_user=None, map_index_template=None,
        max_active_tis_per_dag=None, max_active_tis_per_dagrun=None, executor=None, executor_config=None,
        do_xcom_push=True, multiple_outputs=False, inlets=None, outlets=None, task_group=None, doc=None, doc_md=None,
        doc_json=None, doc_yaml=None, doc_rst=None, task_display_name=None, logger_name=None,
        allow_nested_operators=True, render_template_as_native_obj=None, **kwargs,
    ):  # fmt: skip
        given = {**locals()}
        kwargs.pop("_airflow_mapped_validation_only", None)
        task_concurrency = kwargs.pop("task_concurrency", None)
        kwargs.pop("provide_context", None)
        if kwargs:
            raise TypeError(
                f"Invalid arguments were passed to {type(self).__name__} (task_id: {task_id}). "
                f"Invalid arguments were:\n**kwargs: {kwargs}"
            )
        if task_group is None and world.is_airflow2() and not self._from_mapped:
            task_group = TaskGroupContext.get_current(dag)  # an open group gives a place, without a DAG too
        if task_group is not None and not self._from_mapped:
            self.task_id = task_group.child_id(task_id)
            task_group.add(self)
        else:
            self.task_id = task_id
        self.task_group = task_group
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        _keep(self, given)
        if task_concurrency is not None and max_active_tis_per_dag is None:
            self.max_active_tis_per_dag = task_concurrency
        if isinstance(self.template_fields, str):
            self.template_fields = [self.template_fields]
        if SetupTeardownContext.active:
            SetupTeardownContext.update_context_map(self)
        if dag is not None:
            self.dag = dag

    def __setattr__(self, key, value):
        super().__setattr__(key, value)
        if world.World.account is not None:
            world.World.account.change(self, key)
        if self._from_mapped or self._locked:
            return
        if self._instantiated and key in self.template_fields:
            _link(self, value)

    def _set_xcomargs_dependencies(self):
        """Edges from the tasks whose results are among the fields."""
        for name in self.template_fields:
            _link(self, getattr(self, name, NOTSET))

    @property
    def dag(self):
        """Its DAG. Raises RuntimeError where it has none."""
        if self._dag is None:
            raise RuntimeError(f"Operator {self} has not been assigned to a DAG yet")
        return self._dag

    @dag.setter
    def dag(self, dag):
        if dag is None:
            self._dag = None
            return
        if self._dag is not None and self._dag is not dag:
            raise ValueError(f"The DAG assigned to {self} can not be changed.")
        self._dag = dag
        if not self._from_mapped and dag.task_dict.get(self.task_id) is not self:
            dag.add_task(self)

    def has_dag(self):
        """Whether it belongs to a DAG."""
        return self._dag is not None

    def __repr__(self):
        return f"<Task({self.task_type}): {self.task_id}>"

    def __hash__(self):
        return hash((type(self), self.task_id))

    def __eq__(self, other):
        if type(self) is not type(other):
            return False
        return self is other or (self.task_id == other.task_id and self._dag is other._dag)

    @property
    def task_type(self):
        """The class's name."""
        return type(self).__name__

    @property
    def operator_class(self):
        """The class."""
        return type(self)

    @property
    def operator_name(self):
        """The name that is shown."""
        return getattr(self, "custom_operator_name", None) or self.task_type

    def add_inlets(self, inlets):
        """More inlets."""
        self.inlets.extend(inlets)

    def add_outlets(self, outlets):
        """More outlets."""
        self.outlets.extend(outlets)

    def get_inlet_defs(self):
        """The inlets."""
        return self.inlets

    def get_outlet_defs(self):
        """The outlets."""
        return self.outlets

    def prepare_for_execution(self):
        """A copy whose fields can be rendered without touching the DAG."""
        import copy

        other = copy.copy(self)
        other.__dict__["_locked"] = True
        return other

    def unmap(self, resolve=None):
        """Itself: it is not mapped."""
        return self

    def pre_execute(self, context):
        """Before ``execute``. The hook that is given as an argument is called here in Airflow 2, where a class that has
        a ``pre_execute`` of its own may leave it out."""
        if world.is_airflow2():
            call_hook(self._pre_execute_hook, context)

    def execute(self, context):
        """The work."""
        raise NotImplementedError

    def post_execute(self, context, result=None):
        """After ``execute``; the given hook as in ``pre_execute``."""
        if world.is_airflow2():
            call_hook(self._post_execute_hook, context, result)

    def on_kill(self):
        """The task was told to stop."""

    def dry_run(self):
        """Show the fields."""
        self.log.info("Dry run")
        for name in self.template_fields:
            self.log.info("%s: %s", name, getattr(self, name))

    def xcom_push(self, context, key, value, execution_date=None):
        """Leave a result."""
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(context, task_ids=None, dag_id=None, key="return_value", include_prior_dates=None, **kwargs):
        """Take a result."""
        prior = bool(include_prior_dates)
        return context["ti"].xcom_pull(task_ids=task_ids, dag_id=dag_id, key=key, include_prior_dates=prior, **kwargs)

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        """Wait for TRIGGER, then go on with METHOD_NAME."""
        from airflow._goflow.exceptions import TaskDeferred

        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method, next_kwargs, context):
        """Go on after a trigger; ``__fail__`` says that it failed."""
        from airflow._goflow.deferring import TIMEOUT
        from airflow._goflow.exceptions import TaskDeferralError, TaskDeferralTimeout

        kwargs = dict(next_kwargs or {})
        if next_method != "__fail__":
            return getattr(self, next_method)(context, **kwargs)
        if kwargs.get("traceback"):
            self.log.error("Trigger failed:\n%s", "\n".join(kwargs["traceback"]))
        error = kwargs.get("error", "Unknown")
        raise (TaskDeferralTimeout if error == TIMEOUT else TaskDeferralError)(error)

    def get_extra_links(self, *args, **kwargs):
        """None: links are for the page."""


_OTHERWISE = {
    "retries": lambda value: 0 if value is None else int(value),
    "retry_delay": defaults.as_timedelta,
    "max_retry_delay": defaults.as_timedelta,
    "execution_timeout": defaults.as_timedelta,
    "pool": lambda value: "default_pool" if value is None else value,
    "executor_config": lambda value: value or {},
    "trigger_rule": lambda value: of_dialect("TriggerRule")(value),
    "inlets": defaults.as_callbacks,
    "outlets": defaults.as_callbacks,
    "ignore_first_depends_on_past": lambda value: (
        defaults.default_of("ignore_first_depends_on_past") if value is NOTSET else value
    ),
    **{f"on_{kind}_callback": defaults.as_callbacks for kind in ("execute", "failure", "success", "retry", "skipped")},
}


def call_hook(hook, context, *more):
    """Call what is to be called before or after ``execute``, if there is something."""
    if hook is not None:
        from airflow._goflow import callables, outcomes

        callables.call(hook, (context, *more), {}, context["outlet_events"], outcomes.log())


_RENAMED = {"pre_execute": "_pre_execute_hook", "post_execute": "_post_execute_hook"}


def _keep(task, given):
    """Keep the arguments as attributes, in the form that Airflow gives them."""
    from airflow._goflow.params import ParamsDict

    for name in defaults.ALL:
        value = given[name]
        if name in _OTHERWISE:
            value = _OTHERWISE[name](value)
        name = _RENAMED.get(name, name)
        try:
            setattr(task, name, value)
        except AttributeError:  # a property of the author's class
            task.__dict__[name] = value
    task.params = ParamsDict(given["params"])
    task.task_display_name = given["task_display_name"] or task.task_id
    if given["wait_for_downstream"]:
        task.depends_on_past = True


def _link(task, value):
    from airflow._goflow.xcom_arg import XComArg

    for other, _ in XComArg.iter_xcom_references(value):
        if other is not task:
            task.set_upstream(other)


class BaseOperatorLink:
    """A link on the page."""

    name = ""
    operators = ()

    @property
    def xcom_key(self):
        """Where the link is left."""
        return f"_link_{type(self).__name__}"

    def get_link(self, operator, *, ti_key):
        """The address."""
        raise NotImplementedError


class ResumableJobMixin:
    """Operators that find their job again when they are started again."""


Operator = BaseOperator
