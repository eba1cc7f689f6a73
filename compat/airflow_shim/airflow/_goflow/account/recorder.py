"""What a file calls: DAGs, groups and tasks in the order of their making, with the arguments of each call."""

import functools
import inspect
import os
import sys

from airflow._goflow import dag, decorated, groups, mapped, notifier, retry_policy, world
from airflow._goflow.account.values import Writer

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OWN = frozenset({
    "dag", "task_group", "task_id", "upstream_task_ids", "downstream_task_ids", "is_setup", "is_teardown",
    "on_failure_fail_dagrun", "returns_dag_result",
})  # fmt: skip
"""Attributes of tasks that are told in a way of their own."""
_OWN_OF_DAGS = frozenset(
    {"task_dict", "edge_info", "fileloc", "relative_fileloc", "last_loaded", "partial", "task_group"}
)
_UNTOLD = frozenset({"self", "kwargs"})
HELD = (notifier, retry_policy)
"""Modules whose objects are told by what they were made with."""
_CALLED_HERE = ("taskflow.py", "asset_decorator.py")


class Record:
    """How something was made: WHERE (path, line), its ARGUMENTS; of a task the names GIVEN, the LEVELS of ``__init__``
    (the function, the arguments as they came, the arguments with the defaults in them), its template FIELDS when it was
    made, and the attributes CHANGED afterwards or by others' code. DEFAULTS are the default arguments of the DAG as
    they were last, for a task only where they have changed. All values are written down at that time."""

    def __init__(self, where, given=()):
        self.where, self.given = where, tuple(given)
        self.levels, self.changed, self.fields = [], {}, {}
        self.arguments, self.decorator, self.expansion, self.finished = {}, None, None, False
        self.defaults = None


class Recorder:
    """Keeps MADE: every DAG, group and task. As ``World.account`` it is told of operators by their own classes."""

    def __init__(self, secret):
        self.made, self.numbers = [], {}
        self.write = Writer(self.numbers, secret)

    def install(self):
        """Listen."""
        world.World.account = self
        dag.DAG.__init__ = self._noted_dag(dag.DAG.__init__)
        dag.DAG.__setattr__ = self._noted_change(_OWN_OF_DAGS)
        groups.TaskGroup.__init__ = self._noted_group(groups.TaskGroup.__init__)
        mapped.partial_of = self._noted_partial(mapped.partial_of)
        mapped.OperatorPartial._finish = self._noted_finish(mapped.OperatorPartial._finish)
        decorated.expanded = self._noted_expanded(decorated.expanded)
        mapped.MappedOperator.__setattr__ = self._noted_change(_OWN)

        for module in HELD:
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__module__ == module.__name__ and "__init__" in vars(kind):
                    kind.__init__ = _noted_call(kind.__init__)

    def init(self, task, init, kwargs):
        """An ``__init__`` of TASK begins."""
        record = task.__dict__.get("_account")
        if record is None:
            caller = sys._getframe(2).f_code.co_filename
            inside = caller.startswith(HERE) and caller.endswith(_CALLED_HERE)
            record = task.__dict__["_account"] = Record(place(), () if inside else kwargs)
            record.defaults = self._defaults(kwargs)
            self._number(task)
        record.levels.append([init, self.write.mapping(kwargs), kwargs])

    def finish(self, task):
        """TASK is made."""
        record = task.__dict__["_account"]
        for level in record.levels:
            level[2] = self.write.mapping(level[2])
        record.fields = self.fields_of(task)

    def fields_of(self, task):
        """The template fields of TASK as they are now."""
        found = {}
        for name in tuple(task.template_fields or ()):
            try:
                found[name] = self.write(getattr(task, name))
            except Exception:
                continue
        return found

    def _defaults(self, kwargs):
        """The default arguments of the DAG that a task with KWARGS joins, if the file has changed them, else None."""
        joined = kwargs.get("dag") or dag.DagContext.get_current_dag()
        if joined is None:
            return None
        now = self.write(joined.default_args)
        if joined._account.defaults == now:
            return None
        joined._account.defaults = now
        return now

    def _number(self, thing):
        self.numbers[id(thing)] = len(self.made)
        self.made.append(thing)

    def change(self, task, name):
        """An attribute of TASK is set."""
        record = task.__dict__.get("_account")
        if record is None or name in _OWN or name.startswith("_"):
            return
        if task._instantiated or not sys._getframe(2).f_code.co_filename.startswith(HERE):
            record.changed[name] = task._instantiated

    def _noted_dag(self, init):
        signature = inspect.signature(init)

        @functools.wraps(init)
        def __init__(made, *args, **kwargs):
            record = made.__dict__["_account"] = Record(place())
            given = signature.bind(made, *args, **kwargs).arguments
            told = {**given, **given.get("kwargs", {})}
            record.arguments = self.write.mapping({name: value for name, value in told.items() if name not in _UNTOLD})
            init(made, *args, **kwargs)
            record.finished, record.defaults = True, self.write(made.default_args)
            self._number(made)

        return __init__

    @staticmethod
    def _noted_change(own):
        def __setattr__(made, name, value):
            record = made.__dict__.get("_account")
            if record is not None and record.finished and name not in own and not name.startswith("_dag"):
                record.changed[name] = True
            object.__setattr__(made, name, value)

        return __setattr__

    def _noted_group(self, init):
        @functools.wraps(init)
        def __init__(group, *args, **kwargs):
            group.__dict__["_account"] = Record(place())
            init(group, *args, **kwargs)
            if not group.is_root:
                group._account.arguments = self.write.mapping({"default_args": group.default_args})
                self._number(group)

        return __init__

    def _noted_partial(self, function):
        def partial_of(operator_class, kwargs):
            given, defaults = self.write.mapping(kwargs), self._defaults(kwargs)
            made = function(operator_class, kwargs)
            made._account = Record(place())
            made._account.arguments, made._account.defaults = given, defaults
            return made

        return partial_of

    def _noted_finish(self, function):
        def _finish(partial, expand_input, strict):
            made = function(partial, expand_input, strict)
            return self._keep(made, partial._account)

        return _finish

    def _noted_expanded(self, function):
        def expanded(decorator, expand_input, strict):
            record = Record(place())
            record.arguments, record.decorator = self.write.mapping(decorator.kwargs), decorator
            record.defaults = self._defaults(decorator.kwargs)
            return self._keep(function(decorator, expand_input, strict), record)

        return expanded

    def _keep(self, made, record):
        again = Record(record.where)
        again.arguments, again.decorator, again.finished = record.arguments, record.decorator, True
        again.defaults = record.defaults
        again.expansion = self.write(made.expand_input.value)
        made.__dict__["_account"] = again
        self._number(made)
        return made


def _noted_call(init):
    """INIT of a class that only holds what it is made with."""

    @functools.wraps(init)
    def __init__(made, *args, **kwargs):
        made.__dict__.setdefault("_arguments", (args, kwargs))
        init(made, *args, **kwargs)

    return __init__


def place():
    """``[path, line]`` of the call that leads here: the innermost frame that is not the shim's own."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return ["", 0] if frame is None else [frame.f_code.co_filename, frame.f_lineno]
