"""Mapped tasks: what the copies share, what differs, and the task that a copy is."""

from airflow._goflow import defaults
from airflow._goflow.dag import DagContext
from airflow._goflow.expand import (
    DictOfListsExpandInput,
    ListOfDictsExpandInput,
    check_rows,
    ensure_return_value,
    is_mappable,
    prevent_duplicates,
)
from airflow._goflow.groups import TaskGroupContext
from airflow._goflow.operator import AbstractOperator
from airflow._goflow.params import ParamsDict
from airflow._goflow.signatures import parameters_of


def partial_of(operator_class, kwargs):
    """``Operator.partial(...)``."""
    kwargs = dict(kwargs)
    dag = kwargs.pop("dag", None) or DagContext.get_current_dag()
    group = kwargs.pop("task_group", None) or (TaskGroupContext.get_current(dag) if dag is not None else None)
    task_id = kwargs.pop("task_id")
    check_names(operator_class, "partial", kwargs)
    arguments, params = defaults.merged(dag, group, kwargs.pop("params", None), kwargs.pop("default_args", None))
    shared = {**{name: value for name, value in arguments.items() if name in defaults.NAMES}, **kwargs}
    if group is not None:
        task_id = group.child_id(task_id)
    return OperatorPartial(operator_class, task_id, dag, group, settled(shared), params, arguments)


def settled(shared):
    """Arguments of `BaseOperator` in the form that Airflow keeps them."""
    for name in ("retry_delay", "max_retry_delay"):
        if name in shared:
            shared[name] = defaults.as_timedelta(shared[name])
    if shared.get("wait_for_downstream"):
        shared["depends_on_past"] = True
    return shared


def check_names(operator_class, function, kwargs):
    """Raises TypeError for a name that no class in the inheritance knows, ValueError for what cannot be mapped over."""
    if getattr(operator_class, "is_stand_in", False):
        return
    unknown = dict(kwargs)
    for cls in operator_class.mro():
        init = cls.__dict__.get("__init__")
        if init is None or cls is object:
            continue
        for name in parameters_of(init).names:
            value = unknown.pop(name, None)
            if function == "expand" and name in kwargs and not is_mappable(value):
                raise ValueError(
                    f"{operator_class.__name__}.expand() got an unexpected type {type(value).__name__!r} "
                    f"for keyword argument {name}"
                )
    for name in defaults.NAMES:
        unknown.pop(name, None)
    if len(unknown) == 1:
        raise TypeError(
            f"{operator_class.__name__}.{function}() got an unexpected keyword argument {next(iter(unknown))!r}"
        )
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise TypeError(f"{operator_class.__name__}.{function}() got unexpected keyword arguments {names}")


class OperatorPartial:
    """What ``partial`` gives: ``expand`` makes the mapped task."""

    def __init__(self, operator_class, task_id, dag, task_group, kwargs, params, default_args):
        self.operator_class, self.task_id, self.dag, self.task_group = operator_class, task_id, dag, task_group
        self.kwargs, self.params, self.default_args = kwargs, params, default_args

    def expand(self, **mapped):
        """Copies over every combination of MAPPED."""
        if not mapped:
            raise TypeError("no arguments to expand against")
        check_names(self.operator_class, "expand", mapped)
        prevent_duplicates(self.kwargs, mapped, "unmappable or already specified")
        return self._finish(DictOfListsExpandInput(mapped), False)

    def expand_kwargs(self, kwargs, *, strict=True):
        """One copy for each map of arguments."""
        check_rows(kwargs)
        return self._finish(ListOfDictsExpandInput(kwargs), strict)

    def _finish(self, expand_input, strict):
        ensure_return_value(expand_input.value)
        return MappedOperator(
            self.operator_class, self.task_id, self.dag, self.task_group, self.kwargs, self.params, self.default_args,
            expand_input, strict,
        )  # fmt: skip


class MappedOperator(AbstractOperator):
    """A task with copies. What all of them share can be read from it like from a task."""

    is_mapped = True

    def __init__(
        self, operator_class, task_id, dag, task_group, partial_kwargs, params, default_args, expand_input, strict
    ):
        self.operator_class, self.partial_kwargs, self.params = operator_class, partial_kwargs, params
        self.default_args, self.expand_input, self.strict = default_args, expand_input, strict
        self.task_id, self.dag, self.task_group = task_id, dag, None
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        for name in ("template_fields", "template_ext", "template_fields_renderers", "operator_extra_links",
                     "inherits_from_skipmixin", "is_stand_in"):  # fmt: skip
            setattr(self, name, getattr(operator_class, name))
        if self.is_stand_in and not self.template_fields:
            self.template_fields = tuple(name for name in partial_kwargs if name not in defaults.NAMES)
        if task_group is not None:
            task_group.add(self)
        if self.get_closest_mapped_task_group() is not None:
            raise NotImplementedError("operator expansion in an expanded task group is not yet supported")
        if dag is not None:
            dag.add_task(self)
        self._link_references()

    def _link_references(self):
        from airflow._goflow.xcom_arg import XComArg

        shared = [value for name, value in self.partial_kwargs.items() if name in self.template_fields]
        for operator, _ in [*self.expand_input.iter_references(), *XComArg.iter_xcom_references(shared)]:
            self.set_upstream(operator)

    def __repr__(self):
        return f"<Mapped({self.task_type}): {self.task_id}>"

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other

    @property
    def task_type(self):
        """The class's name."""
        return self.operator_class.__name__

    @property
    def operator_name(self):
        """The name that is shown."""
        return getattr(self.operator_class, "custom_operator_name", None) or self.task_type

    @property
    def task_display_name(self):
        """The shown name."""
        return self.partial_kwargs.get("task_display_name") or self.task_id

    def __getattr__(self, name):
        if name.startswith("__") or name in {"partial_kwargs", "default_args"}:
            raise AttributeError(name)
        if name in self.partial_kwargs:
            value = self.partial_kwargs[name]
            return (
                defaults.as_callbacks(value) if name.endswith("_callback") or name in {"inlets", "outlets"} else value
            )
        if name in defaults.ALL:
            value = "default_pool" if name == "pool" else defaults.default_of(name)
            return [] if name.endswith("_callback") or name in {"inlets", "outlets"} else value
        raise AttributeError(f"{self!r} has no attribute {name!r}")

    def prepare_for_execution(self):
        """Itself: a copy is made by `unmap`."""
        return self

    def iter_mapped_dependencies(self):
        """The tasks whose results it is mapped over."""
        return [operator for operator, _ in self.expand_input.iter_references()]

    def expanded(self, context):
        """``(arguments of this copy, ids of those that came out of results)``."""
        return self.expand_input.resolve(context)

    def unmap_kwargs(self, mapped):
        """All arguments of the copy whose own ones are MAPPED."""
        if self.strict:
            prevent_duplicates(self.partial_kwargs, mapped, "unmappable or already specified")
        params = ParamsDict(self.params)
        if mapped.get("params"):
            params.update(ParamsDict(mapped["params"]))
        return {**self.partial_kwargs, **mapped, "params": params}

    def unmap(self, mapped):
        """The task that the copy with the arguments MAPPED is; it takes this one's place without joining the DAG."""
        kwargs = self.unmap_kwargs(mapped)
        flags = {name: kwargs.pop(name, False) for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun")}
        place = {"task_id": self.task_id, "dag": self.dag, "task_group": self.task_group}
        task = self.operator_class(**{**kwargs, **place}, _airflow_from_mapped=True)
        for name, value in flags.items():
            setattr(task, name, value or getattr(self, name))
        task.downstream_task_ids, task.upstream_task_ids = self.downstream_task_ids, self.upstream_task_ids
        return task

    def render_template_fields(self, context, jinja_env=None):
        """Make this copy's task, render its fields, and let CONTEXT be about it."""
        arguments, seen = self.expanded(context)
        task = self.unmap(arguments)
        context["ti"].task = context["task"] = task
        context.update_for_unmapped(task)
        task._do_render_template_fields(task, task.template_fields, context, jinja_env, seen)
