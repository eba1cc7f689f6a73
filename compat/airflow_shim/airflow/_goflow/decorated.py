"""The operator classes behind ``@task`` and its kin, and their mapped form."""

from airflow._goflow import defaults
from airflow._goflow.callables import determine_kwargs
from airflow._goflow.classes.bash import BashOperator
from airflow._goflow.classes.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow._goflow.classes.virtualenv import (
    BranchExternalPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)
from airflow._goflow.context import KNOWN_CONTEXT_KEYS
from airflow._goflow.dag import DagContext
from airflow._goflow.groups import TaskGroupContext
from airflow._goflow.mapped import MappedOperator, settled
from airflow._goflow.operator import BaseOperator
from airflow._goflow.signatures import check_call, parameters_of
from airflow._goflow.taskflow import get_unique_task_id, task_decorator_factory
from airflow._goflow.words import SET_DURING_EXECUTION

BaseOperator.takes_multiple_outputs = True


class DecoratedOperator(BaseOperator):
    """Keeps a function and the arguments of its call."""

    template_fields = ("op_args", "op_kwargs")
    template_fields_renderers = {"op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs = ("python_callable",)

    def __init__(self, *, python_callable, task_id, op_args=None, op_kwargs=None, kwargs_to_upstream=None, **kwargs):
        if not self._from_mapped:
            task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        self.python_callable = python_callable
        self.op_args, self.op_kwargs = op_args or [], op_kwargs or {}
        self._check_arguments()
        super().__init__(task_id=task_id, **(kwargs_to_upstream or {}), **kwargs)

    def _check_arguments(self):
        """Raises ValueError and TypeError where the function cannot be called so."""
        found = parameters_of(self.python_callable)
        for name, default in found.defaults.items():
            if name in KNOWN_CONTEXT_KEYS and default is not None:
                raise ValueError(f"Context key parameter {name} can't have a default other than None")
        check_call(self.python_callable, self.op_args, self.op_kwargs, KNOWN_CONTEXT_KEYS)

    def execute(self, context):
        """Call the operator's own."""
        return super().execute(context)

    def get_python_source(self):
        """The function's text without its decorator."""
        from airflow._goflow.classes.sources import source_of

        return source_of(self.python_callable, self.custom_operator_name)


def _upstream(python_callable, op_args, op_kwargs):
    return {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}


class _Decorated(DecoratedOperator):
    """A decorated operator whose own operator takes the function too."""

    def __init__(self, *, python_callable, op_args, op_kwargs, **kwargs):
        super().__init__(
            kwargs_to_upstream=_upstream(python_callable, op_args, op_kwargs),
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            **kwargs,
        )


class _PythonDecoratedOperator(_Decorated, PythonOperator):
    template_fields = PythonOperator.template_fields
    custom_operator_name = "@task"


class _BranchPythonDecoratedOperator(_Decorated, BranchPythonOperator):
    template_fields = BranchPythonOperator.template_fields
    custom_operator_name = "@task.branch"


class _ShortCircuitDecoratedOperator(_Decorated, ShortCircuitOperator):
    template_fields = ShortCircuitOperator.template_fields
    custom_operator_name = "@task.short_circuit"


class _PythonVirtualenvDecoratedOperator(_Decorated, PythonVirtualenvOperator):
    template_fields = PythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.virtualenv"


class _PythonExternalDecoratedOperator(_Decorated, ExternalPythonOperator):
    template_fields = ExternalPythonOperator.template_fields
    custom_operator_name = "@task.external_python"


class _BranchPythonVirtualenvDecoratedOperator(_Decorated, BranchPythonVirtualenvOperator):
    template_fields = BranchPythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.branch_virtualenv"


class _BranchExternalPythonDecoratedOperator(_Decorated, BranchExternalPythonOperator):
    template_fields = BranchExternalPythonOperator.template_fields
    custom_operator_name = "@task.branch_external_python"


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    template_fields = (*DecoratedOperator.template_fields, *BashOperator.template_fields)
    template_fields_renderers = {
        **DecoratedOperator.template_fields_renderers,
        **BashOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.bash"
    overwrite_rtif_after_execution = True

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, **kwargs):
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs,
            kwargs_to_upstream={"bash_command": SET_DURING_EXECUTION}, **kwargs,
        )  # fmt: skip

    def execute(self, context):
        """Run the command that the function returns."""
        context.update(self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        self.bash_command = self.python_callable(*self.op_args, **kwargs)
        if not isinstance(self.bash_command, str) or not self.bash_command.strip():
            raise TypeError("The returned value from the TaskFlow callable must be a non-empty string.")
        self.render_template_fields(context)
        return super().execute(context)


class _StubOperator(DecoratedOperator):
    custom_operator_name = "@task.stub"

    def execute(self, context):
        """Raises RuntimeError: its work is done elsewhere."""
        raise RuntimeError("@task.stub should not be executed directly: its work is another worker's")


def __getattr__(name):
    if name == "DecoratedSensorOperator":  # late: sensors are needed by few files
        from airflow._goflow.classes.sensors import PythonSensor

        class DecoratedSensorOperator(PythonSensor):
            """``@task.sensor``."""

            template_fields = ("op_args", "op_kwargs")
            custom_operator_name = "@task.sensor"
            takes_multiple_outputs = False

            def __init__(self, *, task_id, **kwargs):
                if not self._from_mapped:
                    task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
                super().__init__(task_id=task_id, **kwargs)

        globals()[name] = DecoratedSensorOperator
        return DecoratedSensorOperator
    raise AttributeError(name)


class DecoratedMappedOperator(MappedOperator):
    """A TaskFlow function with copies: what differs are arguments of the function."""

    def __init__(self, function, multiple_outputs, *args):
        self.function, self.multiple_outputs = function, multiple_outputs
        super().__init__(*args)

    def expanded(self, context):
        """``(arguments of this copy, ids of those that came out of results)``."""
        arguments, seen = self.expand_input.resolve(context)
        return {"op_kwargs": arguments}, seen

    def unmap_kwargs(self, mapped):
        """All arguments of the copy."""
        from airflow._goflow.expand import prevent_duplicates

        shared = self.partial_kwargs.get("op_kwargs") or {}
        if self.strict:
            prevent_duplicates(shared, mapped["op_kwargs"], "mapping already partial")
        own = {"python_callable": self.function, "op_args": self.partial_kwargs.get("op_args") or []}
        own["op_kwargs"] = {**shared, **mapped["op_kwargs"]}
        if self.operator_class.takes_multiple_outputs:
            own["multiple_outputs"] = self.multiple_outputs
        return {**self.partial_kwargs, **own, "params": self.params}


def expanded(decorator, expand_input, strict):
    """The mapped task that ``decorator.expand(...)`` makes."""
    from airflow._goflow.expand import ensure_return_value

    ensure_return_value(expand_input.value)
    kwargs = dict(decorator.kwargs)
    dag = kwargs.pop("dag", None) or DagContext.get_current_dag()
    group = kwargs.pop("task_group", None) or TaskGroupContext.get_current(dag)
    arguments, params = defaults.merged(dag, group, kwargs.pop("params", None), kwargs.pop("default_args", None))
    task_id = get_unique_task_id(kwargs.pop("task_id"), dag, group)
    if group is not None:
        task_id = group.child_id(task_id)
    unwanted = {*defaults.STRUCTURE, "do_xcom_push", "multiple_outputs"}
    shared = {name: value for name, value in arguments.items() if name in defaults.NAMES and name not in unwanted}
    shared.update({"op_args": [], "op_kwargs": {}, **kwargs})
    made = DecoratedMappedOperator(
        decorator.function, decorator.multiple_outputs, decorator.operator_class, task_id, dag, group, settled(shared),
        params, arguments, expand_input, strict,
    )  # fmt: skip
    for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
        setattr(made, name, getattr(decorator, name))
    return made


def of_provider(kind):
    """``@task.KIND`` of a provider package; a stand-in where none that is installed has it."""
    from airflow._goflow import providers

    path = providers.decorator_path(kind)
    if path is not None:
        from airflow._goflow.helpers import import_string

        return import_string(path)
    return _missing_decorator(kind)


def _missing_decorator(kind):
    """``@task.KIND`` that nobody has: its tasks can be wired, and fail when they are run."""

    class DecoratedOperator_(DecoratedOperator):
        custom_operator_name = f"@task.{kind}"
        is_stand_in = True

        def __init__(self, *, python_callable, task_id, op_args=None, op_kwargs=None, **kwargs):
            own = {name: kwargs.pop(name) for name in list(kwargs) if name not in defaults.NAMES}
            self.__dict__.update(own)
            self.template_fields = (*DecoratedOperator.template_fields, *own)
            super().__init__(
                python_callable=python_callable, task_id=task_id, op_args=op_args, op_kwargs=op_kwargs, **kwargs
            )

        def execute(self, context):
            raise ModuleNotFoundError(f"no provider package in this task's image has @task.{kind}")

    DecoratedOperator_.__name__ = DecoratedOperator_.__qualname__ = "DecoratedOperator"

    def decorator(python_callable=None, **kwargs):
        return task_decorator_factory(python_callable, decorated_operator_class=DecoratedOperator_, **kwargs)

    return decorator
