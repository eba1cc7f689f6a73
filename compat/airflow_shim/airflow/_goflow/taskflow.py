"""``@task`` and its kin: functions as tasks."""

import functools
import re

from airflow._goflow.dag import DagContext
from airflow._goflow.groups import TaskGroupContext, TaskGroupFactory
from airflow._goflow.signatures import parameters_of
from airflow._goflow.words import TriggerRule

_CLASSES = {
    "python": "_PythonDecoratedOperator",
    "bash": "_BashDecoratedOperator",
    "branch": "_BranchPythonDecoratedOperator",
    "short_circuit": "_ShortCircuitDecoratedOperator",
    "virtualenv": "_PythonVirtualenvDecoratedOperator",
    "external_python": "_PythonExternalDecoratedOperator",
    "branch_virtualenv": "_BranchPythonVirtualenvDecoratedOperator",
    "branch_external_python": "_BranchExternalPythonDecoratedOperator",
    "sensor": "DecoratedSensorOperator",
    "stub": "_StubOperator",
}


_NO_DICT = re.compile(r"(None|str|int|float|bool|bytes|(list|tuple|set|List|Tuple|Set)\b.*)$")
"""Annotations that need not be looked into, which takes milliseconds."""


def get_unique_task_id(task_id, dag=None, task_group=None):
    """TASK_ID, or with ``__1``, ``__2`` behind it where it is taken."""
    dag = dag or DagContext.get_current_dag()
    if dag is None:
        return task_id
    group = task_group or TaskGroupContext.get_current(dag)
    full = group.child_id(task_id) if group is not None else task_id
    if full not in dag.task_dict:
        return task_id
    prefix = re.split(r"__\d+$", full)[0]
    found = (re.match(rf"^{re.escape(prefix)}__(\d+)$", other) for other in dag.task_dict)
    numbers = [int(match[1]) for match in found if match]
    return f"{re.split(r'__[0-9]+$', task_id)[0]}__{max(numbers, default=0) + 1}"


class TaskDecorator:
    """A function under ``@task``: called, it makes a task and gives its result's stand-in."""

    _airflow_is_task_decorator = True

    def __init__(self, function, operator_class, kwargs, multiple_outputs=None):
        if isinstance(function, (staticmethod, classmethod)):
            function = function.__func__
        functools.update_wrapper(self, function)
        self.function, self.operator_class = function, operator_class
        self.kwargs = {"task_id": getattr(function, "__name__", "task"), **kwargs}
        self.multiple_outputs = _infers_dict(function) if multiple_outputs is None else multiple_outputs
        self.is_setup = self.is_teardown = self.on_failure_fail_dagrun = self.returns_dag_result = False

    def _copy(self, **kwargs):
        made = TaskDecorator(self.function, self.operator_class, {**self.kwargs, **kwargs}, self.multiple_outputs)
        for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun", "returns_dag_result"):
            setattr(made, name, getattr(self, name))
        return made

    def _check_teardown(self):
        if self.is_teardown:
            if "trigger_rule" in self.kwargs and self.kwargs["trigger_rule"] != TriggerRule.ALL_DONE_SETUP_SUCCESS:
                raise ValueError("Trigger rule not configurable for teardown tasks.")
            self.kwargs["trigger_rule"] = TriggerRule.ALL_DONE_SETUP_SUCCESS

    def __call__(self, *args, **kwargs):
        from airflow._goflow.xcom_arg import PlainXComArg

        self._check_teardown()
        options = dict(self.kwargs)
        fails_run = options.pop("on_failure_fail_dagrun", self.on_failure_fail_dagrun)
        if self.operator_class.takes_multiple_outputs:
            options["multiple_outputs"] = self.multiple_outputs
        operator = self.operator_class(python_callable=self.function, op_args=args, op_kwargs=kwargs, **options)
        operator.is_setup, operator.is_teardown = self.is_setup, self.is_teardown
        operator.on_failure_fail_dagrun = fails_run
        operator.returns_dag_result = self.returns_dag_result
        if self.function.__doc__ and not any(
            getattr(operator, name) for name in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")
        ):
            operator.doc_md = self.function.__doc__
        return PlainXComArg(operator)

    def override(self, **kwargs):
        """The same with other options."""
        return self._copy(**kwargs)

    def partial(self, **kwargs):
        """Arguments that all copies share."""
        from airflow._goflow.expand import prevent_duplicates

        self._check_names("partial", kwargs)
        known = self.kwargs.get("op_kwargs", {})
        prevent_duplicates(known, kwargs, "duplicate partial")
        return self._copy(op_kwargs={**kwargs, **known})

    def expand(self, **mapped):
        """Copies over every combination of MAPPED."""
        from airflow._goflow import expand

        if not mapped:
            raise TypeError("no arguments to expand against")
        self._check_names("expand", mapped)
        expand.prevent_duplicates(self.kwargs.get("op_kwargs", {}), mapped, "mapping already partial")
        return self._expand(expand.DictOfListsExpandInput(mapped), False)

    def expand_kwargs(self, kwargs, *, strict=True):
        """One copy for each map of arguments."""
        from airflow._goflow import expand

        expand.check_rows(kwargs)
        return self._expand(expand.ListOfDictsExpandInput(kwargs), strict)

    def _expand(self, expand_input, strict):
        from airflow._goflow.decorated import expanded
        from airflow._goflow.xcom_arg import PlainXComArg

        self._check_teardown()
        return PlainXComArg(expanded(self, expand_input, strict))

    def _check_names(self, doing, kwargs):
        from airflow._goflow.context import KNOWN_CONTEXT_KEYS
        from airflow._goflow.expand import is_mappable

        shadowed = [name for name in kwargs if name in KNOWN_CONTEXT_KEYS]
        if shadowed:
            raise ValueError(f"cannot call {doing}() on task context variable {', '.join(map(repr, shadowed))}")
        found = parameters_of(self.function)
        for name, value in kwargs.items():
            if name not in found.names and not found.takes_any_keyword:
                raise TypeError(f"{doing}() got an unexpected keyword argument {name!r}")
            if doing == "expand" and name in found.names and not is_mappable(value):
                raise ValueError(
                    f"expand() got an unexpected type {type(value).__name__!r} for keyword argument {name!r}"
                )


def _infers_dict(function):
    """Whether the function says that it returns a dict: then each of its keys is a result of its own."""
    annotation = getattr(function, "__annotations__", {}).get("return")
    if annotation is None:
        return False
    if isinstance(annotation, str):
        if _NO_DICT.match(annotation):
            return False
        import typing

        def only_that():  # what annotates the parameters may not be there when the file is run (``TYPE_CHECKING``)
            raise NotImplementedError

        only_that.__annotations__ = {"return": annotation}
        try:
            annotation = typing.get_type_hints(only_that, getattr(function, "__globals__", {})).get("return")
        except Exception:
            return False
    from collections.abc import Mapping

    kind = getattr(annotation, "__origin__", annotation)
    return isinstance(kind, type) and issubclass(kind, Mapping)


def task_decorator_factory(python_callable=None, *, multiple_outputs=None, decorated_operator_class, **kwargs):
    """A decorator for an operator class."""
    if python_callable is not None:
        if not callable(python_callable):
            raise TypeError("No positional arguments allowed while using @task, use named arguments instead")
        return TaskDecorator(python_callable, decorated_operator_class, kwargs, multiple_outputs)
    return lambda function: TaskDecorator(function, decorated_operator_class, kwargs, multiple_outputs)


def _decorator(kind):
    """``@task.KIND``."""

    def make(python_callable=None, *args, **kwargs):
        from airflow._goflow import decorated

        if kind in {"external_python", "branch_external_python"} and isinstance(python_callable, str):
            kwargs["python"], python_callable = python_callable, None
        return task_decorator_factory(
            python_callable, decorated_operator_class=getattr(decorated, _CLASSES[kind]), **kwargs
        )

    make.__name__ = make.__qualname__ = f"{kind}_task"
    return make


class TaskDecoratorCollection:
    """``task`` itself: ``@task``, ``@task.branch``, ``@task.bash`` and so on."""

    def __init__(self):
        for kind in _CLASSES:
            setattr(self, kind, _decorator(kind))
        self.run_if, self.skip_if = run_if, skip_if

    def __call__(self, *args, **kwargs):
        return self.python(*args, **kwargs)

    def __getattr__(self, kind):
        if kind.startswith("_"):
            raise AttributeError(kind)
        from airflow._goflow import decorated

        found = decorated.of_provider(kind)
        setattr(self, kind, found)
        return found


def _condition(condition, skip_message, is_reverse):
    from airflow._goflow.exceptions import AirflowSkipException

    message = skip_message or "Task was skipped due to condition."

    @functools.wraps(condition)
    def pre_execute(context):
        answer, words = condition(context), None
        if isinstance(answer, tuple):
            answer, words = answer
        if bool(answer) is not is_reverse:
            raise AirflowSkipException(words or message)

    def decorate(task):
        if not isinstance(task, TaskDecorator):
            name = "run_if" if is_reverse else "skip_if"
            raise TypeError(f"{name} can only be used with task. decorate with @task before @{name}.")
        hooks = [hook for hook in (task.kwargs.get("pre_execute"), pre_execute) if hook is not None]
        task.kwargs["pre_execute"] = functools.wraps(condition)(
            lambda context: [hook(context) for hook in hooks] and None
        )
        return task

    return decorate


def run_if(condition, skip_message=None):
    """``@task.run_if(condition)``, above a ``@task``."""
    return _condition(condition, skip_message, True)


def skip_if(condition, skip_message=None):
    """``@task.skip_if(condition)``, above a ``@task``."""
    return _condition(condition, skip_message, False)


def _as_decorator(function):
    from airflow._goflow.exceptions import AirflowException

    if isinstance(function, TaskGroupFactory):
        raise AirflowException("Task groups cannot be marked as setup or teardown.")
    return function if isinstance(function, TaskDecorator) else task.python(function)


def setup_task(func):
    """``@setup``."""
    made = _as_decorator(func)
    made.is_setup = True
    return made


def teardown_task(_func=None, *, on_failure_fail_dagrun=False):
    """``@teardown``."""

    def decorate(func):
        made = _as_decorator(func)
        made.is_teardown, made.on_failure_fail_dagrun = True, on_failure_fail_dagrun
        return made

    return decorate if _func is None else decorate(_func)


def result(t):
    """``@result``: the task has the DAG's result."""
    if not isinstance(t, TaskDecorator):
        raise TypeError("@result must be used on top of a @task-decorated function")
    t.returns_dag_result = True
    return t


task = TaskDecoratorCollection()
setup, teardown = setup_task, teardown_task
python_task, bash_task, branch_task = task.python, task.bash, task.branch
short_circuit_task, sensor_task, virtualenv_task = task.short_circuit, task.sensor, task.virtualenv
external_python_task = task.external_python
branch_virtualenv_task, branch_external_python_task = task.branch_virtualenv, task.branch_external_python
