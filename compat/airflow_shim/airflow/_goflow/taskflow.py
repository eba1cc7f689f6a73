"""``@task`` and its kin: functions as tasks."""

import functools
import inspect
import re
import typing

from airflow._goflow.dag import DagContext
from airflow._goflow.groups import TaskGroupContext
from airflow._goflow.python_operators import (
    BranchExternalPythonOperator,
    BranchPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonOperator,
    PythonVirtualenvOperator,
    ShortCircuitOperator,
)
from airflow._goflow.xcom_arg import PlainXComArg

DecoratedOperator = PythonOperator


def get_unique_task_id(task_id, dag=None, task_group=None):
    """TASK_ID, or with ``__1``, ``__2`` behind it where it is taken."""
    dag = dag or DagContext.get_current_dag()
    if dag is None:
        return task_id
    group = task_group or TaskGroupContext.get_current_task_group(dag)
    full = group.child_id(task_id) if group is not None else task_id
    if full not in dag.task_dict:
        return task_id
    base = re.split(r"__\d+$", task_id)[0]
    prefix = full[: len(full) - len(task_id)]
    numbers = [0]
    for other in dag.task_dict:
        found = re.match(rf"^{re.escape(prefix + base)}__(\d+)$", other)
        if found:
            numbers.append(int(found[1]))
    return f"{base}__{max(numbers) + 1}"


def _decorated(base, name):
    """An operator class of a decorator, under Airflow's name."""
    return type(name, (base,), {"custom_operator_name": name, "__module__": base.__module__})


def _bash_class():
    from airflow._goflow.other_operators import BashOperator

    class _BashDecoratedOperator(BashOperator):
        template_fields = (*BashOperator.template_fields, "op_args", "op_kwargs")

        def __init__(self, *, python_callable, op_args=None, op_kwargs=None, **kwargs):
            super().__init__(bash_command="", **kwargs)
            self.python_callable = python_callable
            self.op_args, self.op_kwargs = op_args or (), op_kwargs or {}

        def execute(self, context):
            from airflow._goflow.python_operators import determine_kwargs
            from airflow._goflow.templates import environment, render

            kwargs = {**determine_kwargs(self.python_callable, self.op_args, {**context.copy(), **self.op_kwargs})}
            command = self.python_callable(*self.op_args, **{**self.op_kwargs, **kwargs})
            if not isinstance(command, str) or not command.strip():
                raise TypeError("The returned value from the TaskFlow callable must be a non-empty string.")
            self.bash_command = render(command, context, environment(self.dag), self)
            return super().execute(context)

    return _BashDecoratedOperator


def _sensor_class():
    from airflow._goflow.sensors import PythonSensor

    class DecoratedSensorOperator(PythonSensor):
        template_fields = ("op_args", "op_kwargs")

        def __init__(self, *, task_id, **kwargs):
            super().__init__(task_id=task_id, **kwargs)

    return DecoratedSensorOperator


@functools.cache
def operator_class(kind):
    """The operator class of ``@task.KIND``."""
    classes = {
        "python": (PythonOperator, "_PythonDecoratedOperator"),
        "branch": (BranchPythonOperator, "_BranchPythonDecoratedOperator"),
        "short_circuit": (ShortCircuitOperator, "_ShortCircuitDecoratedOperator"),
        "virtualenv": (PythonVirtualenvOperator, "_PythonVirtualenvDecoratedOperator"),
        "external_python": (ExternalPythonOperator, "_PythonExternalDecoratedOperator"),
        "branch_virtualenv": (BranchPythonVirtualenvOperator, "_BranchPythonVirtualenvDecoratedOperator"),
        "branch_external_python": (BranchExternalPythonOperator, "_BranchExternalPythonDecoratedOperator"),
    }
    if kind in classes:
        return _decorated(*classes[kind])
    if kind == "bash":
        return _bash_class()
    if kind == "sensor":
        return _sensor_class()
    from airflow._goflow.stand_in import stand_in

    return stand_in(f"airflow.decorators.task.{kind}", "DecoratedOperator")


class TaskDecorator:
    """A function under ``@task``."""

    def __init__(self, function, kind, options, is_setup=False, is_teardown=False, conditions=()):
        if isinstance(function, staticmethod | classmethod):
            function = function.__func__
        functools.update_wrapper(self, function)
        self.function = function
        self.kind = kind
        self.options = options
        self.is_setup, self.is_teardown = is_setup, is_teardown
        self.conditions = list(conditions)
        self.on_failure_fail_dagrun = False

    def _copy(self, **options):
        made = TaskDecorator(
            self.function, self.kind, {**self.options, **options}, self.is_setup, self.is_teardown, self.conditions
        )
        made.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return made

    def override(self, **options):
        """Other options."""
        return self._copy(**options)

    def multiple_outputs(self):
        """Whether the annotation says that it returns a map of results."""
        try:
            found = typing.get_type_hints(self.function).get("return")
        except Exception:
            return False
        origin = typing.get_origin(found) or found
        return inspect.isclass(origin) and issubclass(origin, dict)

    def _operator_options(self):
        options = dict(self.options)
        options.setdefault("task_id", self.function.__name__)
        options["task_id"] = get_unique_task_id(options["task_id"], options.get("dag"), options.get("task_group"))
        if "multiple_outputs" not in options and self.kind in {"python", "virtualenv", "external_python"}:
            options["multiple_outputs"] = self.multiple_outputs()
        if self.function.__doc__:
            options.setdefault("doc_md", inspect.cleandoc(self.function.__doc__))
        return options

    def __call__(self, *args, **kwargs):
        inspect.signature(self.function).bind_partial(*args, **kwargs)
        operator = operator_class(self.kind)(
            python_callable=self.function, op_args=args, op_kwargs=kwargs, **self._operator_options()
        )
        self._mark(operator)
        return PlainXComArg(operator)

    def _mark(self, operator):
        operator.is_setup, operator.is_teardown = self.is_setup, self.is_teardown
        operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        operator._conditions = self.conditions

    def partial(self, **kwargs):
        """Arguments that all copies share."""
        return TaskPartial(self, kwargs)

    def expand(self, **mapped):
        """Copies over MAPPED."""
        return TaskPartial(self, {}).expand(**mapped)

    def expand_kwargs(self, rows, *, strict=True):
        """Copies over ROWS of arguments."""
        return TaskPartial(self, {}).expand_kwargs(rows)


class TaskPartial:
    """``task.partial(...)``."""

    def __init__(self, decorator, kwargs):
        self.decorator, self.kwargs = decorator, kwargs

    def partial(self, **kwargs):
        """More of them."""
        return TaskPartial(self.decorator, {**self.kwargs, **kwargs})

    def expand(self, **mapped):
        """Copies over MAPPED."""
        from airflow._goflow.mapped import ExpandDict

        return self._make(ExpandDict(mapped))

    def expand_kwargs(self, rows, *, strict=True):
        """Copies over ROWS of arguments."""
        from airflow._goflow.mapped import ExpandRows

        return self._make(ExpandRows(rows))

    def _make(self, source):
        options = {**self.decorator._operator_options(), "python_callable": self.decorator.function}
        made = mapped_class()(operator_class(self.decorator.kind), {**options, "op_kwargs": self.kwargs}, source)
        made.is_setup, made.is_teardown = self.decorator.is_setup, self.decorator.is_teardown
        made.conditions = self.decorator.conditions
        return PlainXComArg(made)


@functools.cache
def mapped_class():
    from airflow._goflow.mapped import MappedOperator, make_alone

    class MappedTaskFlow(MappedOperator):
        """A TaskFlow function with copies: what differs are its own arguments."""

        conditions = ()

        def unmap(self, context, index):
            """The task that copy INDEX is."""
            arguments = self.expand_input.value(context, index)
            kwargs = {**self.partial_kwargs, "op_kwargs": {**self.partial_kwargs["op_kwargs"], **arguments}}
            task = make_alone(self.operator_class, self, kwargs)
            task._conditions = self.conditions
            return task

    return MappedTaskFlow


class TaskCollection:
    """``task`` itself: called as ``@task``, with ``task.branch``, ``task.bash`` and so on."""

    def __call__(self, function=None, **options):
        return self._decorator("python", function, options)

    def _decorator(self, kind, function, options):
        if callable(function):
            return TaskDecorator(function, kind, options)
        if kind in {"external_python", "branch_external_python"} and isinstance(function, str):
            options["python"] = function
        return lambda inner: TaskDecorator(inner, kind, options)

    def __getattr__(self, kind):
        if kind.startswith("__"):
            raise AttributeError(kind)
        if kind in {"run_if", "skip_if"}:
            return functools.partial(_condition, kind)
        return lambda function=None, **options: self._decorator(kind, function, options)


def _condition(kind, condition, skip_message=None):
    """``@task.run_if(condition)`` and ``@task.skip_if(condition)``, above a ``@task``."""

    def decorate(decorator):
        made = decorator._copy()
        made.conditions = [*decorator.conditions, (kind, condition, skip_message)]
        return made

    return decorate


task = TaskCollection()


def setup(function):
    """``@setup``."""
    made = function if isinstance(function, TaskDecorator) else TaskDecorator(function, "python", {})
    if not isinstance(made, TaskDecorator):
        return function
    made.is_setup = True
    return made


def teardown(function=None, *, on_failure_fail_dagrun=False):
    """``@teardown``."""

    def decorate(inner):
        made = inner if isinstance(inner, TaskDecorator) else TaskDecorator(inner, "python", {})
        made.is_teardown = True
        made.on_failure_fail_dagrun = on_failure_fail_dagrun
        return made

    return decorate if function is None else decorate(function)


def task_decorator_factory(python_callable=None, *, multiple_outputs=None, decorated_operator_class=None, **options):
    """A decorator for an operator class of a provider's."""

    def decorate(function):
        @functools.wraps(function)
        def make(*args, **kwargs):
            name = get_unique_task_id(options.get("task_id", function.__name__))
            return PlainXComArg(
                decorated_operator_class(
                    python_callable=function, op_args=args, op_kwargs=kwargs, **{**options, "task_id": name}
                )
            )

        return make

    return decorate if python_callable is None else decorate(python_callable)
