"""Mapped tasks: what the copies share, what differs, and the task that a copy is."""

from airflow._goflow import operator as operators
from airflow._goflow.dag import DagContext
from airflow._goflow.xcom_arg import XComArg, references, resolve


class ExpandDict:
    """``expand(a=[...], b=...)``: every combination."""

    def __init__(self, mapped):
        self.mapped = mapped

    def references(self):
        """The tasks whose results it is mapped over."""
        return references(self.mapped)

    def value(self, context, index):
        """The arguments of copy INDEX: the first argument changes slowest, as in Airflow."""
        values = {name: resolve(value, context) for name, value in self.mapped.items()}
        lists = {
            name: list(value.items()) if isinstance(value, dict) else list(value) for name, value in values.items()
        }
        found = {}
        for name in reversed(list(lists)):
            index, own = divmod(index, len(lists[name]))
            found[name] = lists[name][own]
        return {name: found[name] for name in lists}


class ExpandRows:
    """``expand_kwargs([...])``: one copy for each map of arguments."""

    def __init__(self, rows):
        self.rows = rows

    def references(self):
        """The tasks whose results it is mapped over."""
        return references(self.rows)

    def value(self, context, index):
        """The arguments of copy INDEX."""
        return resolve(list(resolve(self.rows, context))[index], context)


class OperatorPartial:
    """``Operator.partial(...)``."""

    def __init__(self, cls, kwargs, made=None):
        self.cls, self.kwargs = cls, kwargs
        self.made = made

    def expand(self, **mapped):
        """Copies over MAPPED."""
        return self._finish(ExpandDict(mapped), mapped)

    def expand_kwargs(self, rows, *, strict=True):
        """Copies over ROWS of arguments."""
        return self._finish(ExpandRows(rows), {})

    def _finish(self, source, mapped):
        return MappedOperator(self.cls, self.kwargs, source)


class MappedOperator(operators.AbstractOperator):
    """A task with copies."""

    def __init__(self, cls, kwargs, source):
        from airflow._goflow.groups import TaskGroupContext

        kwargs = dict(kwargs)
        dag = kwargs.pop("dag", None) or DagContext.get_current_dag()
        group = kwargs.pop("task_group", None) or TaskGroupContext.get_current_task_group(dag)
        defaults = operators._default_args({"dag": dag, "task_group": group, **kwargs})
        task_id = kwargs.pop("task_id")
        self.operator_class = cls
        self.partial_kwargs = kwargs
        self.default_args = defaults
        self.expand_input = source
        self.task_id = group.child_id(task_id) if group is not None else task_id
        self.task_group = group
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        self.template_fields = cls.template_fields
        self.map_index_template = kwargs.get("map_index_template")
        self.inlets = operators.flatten(kwargs.get("inlets"))
        self.outlets = operators.flatten(kwargs.get("outlets"))
        self.params = _params(dag, defaults, kwargs)
        if group is not None:
            group.add(self)
        if dag is not None:
            dag.add_task(self)
        for task in [*source.references(), *references(kwargs)]:
            operators.connect(task, self)

    @property
    def task_type(self):
        """The class's name."""
        return self.operator_class.__name__

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        given = self.__dict__.get("partial_kwargs", {})
        if name in given:
            return given[name]
        defaults = self.__dict__.get("default_args", {})
        if name in operators.BASE_DEFAULTS:
            return defaults.get(name, operators.BASE_DEFAULTS[name])
        return getattr(self.operator_class, name)

    def unmap(self, context, index):
        """The task that copy INDEX is."""
        arguments = self.expand_input.value(context, index)
        kwargs = {**self.partial_kwargs, **arguments}
        for key in ("op_kwargs",):
            if isinstance(self.partial_kwargs.get(key), dict) and isinstance(arguments.get(key), dict):
                kwargs[key] = {**self.partial_kwargs[key], **arguments[key]}
        return make_alone(self.operator_class, self, kwargs)


def _params(dag, defaults, kwargs):
    from airflow._goflow.params import ParamsDict

    own = {**(defaults.get("params") or {}), **(kwargs.get("params") or {})}
    return ParamsDict({**({k: dag.params.get_param(k) for k in dag.params} if dag is not None else {}), **own})


def make_alone(cls, mapped, kwargs):
    """A task of CLS that takes MAPPED's place in its DAG without being added to it."""
    operators._REGISTERING.append(False)
    try:
        kwargs = {**kwargs, "task_id": mapped.task_id}
        kwargs.setdefault("default_args", mapped.default_args)
        task = cls(**kwargs)
    finally:
        operators._REGISTERING.pop()
    task.task_id = mapped.task_id
    task.dag = mapped.dag
    task.task_group = mapped.task_group
    task.upstream_task_ids, task.downstream_task_ids = mapped.upstream_task_ids, mapped.downstream_task_ids
    task.is_setup, task.is_teardown = mapped.is_setup, mapped.is_teardown
    return task


__all__ = ["MappedOperator", "OperatorPartial", "XComArg"]
