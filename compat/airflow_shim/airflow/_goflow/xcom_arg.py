"""Results as arguments: what stands for a task's result until the task that wants it runs."""

from collections.abc import Sequence

from airflow._goflow.edges import DependencyMixin, as_list
from airflow._goflow.words import NOTSET, XCOM_RETURN_KEY, of_dialect


class XComArg(DependencyMixin):
    """Base of all. ``XComArg(operator, key)`` makes a plain one."""

    def __new__(cls, *args, **kwargs):
        if cls is XComArg:
            return PlainXComArg(*args, **kwargs)
        return super().__new__(cls)

    def iter_references(self):
        """``(operator, key)`` of every result in it."""
        raise NotImplementedError

    @staticmethod
    def iter_xcom_references(arg):
        """``(operator, key)`` of every result in ARG, in collections and in objects with ``template_fields`` too."""
        if hasattr(arg, "iter_references") and not isinstance(arg, type):
            yield from arg.iter_references()
        elif isinstance(arg, (tuple, set, list)):
            for inner in arg:
                yield from XComArg.iter_xcom_references(inner)
        elif isinstance(arg, dict):
            for inner in arg.values():
                yield from XComArg.iter_xcom_references(inner)
        elif hasattr(arg, "task_id") and hasattr(arg, "template_fields") and not isinstance(arg, type):
            for name in arg.template_fields:
                yield from XComArg.iter_xcom_references(getattr(arg, name, None))

    @staticmethod
    def apply_upstream_relationship(op, arg):
        """Edges into OP from the tasks whose results are in ARG."""
        for operator, _ in XComArg.iter_xcom_references(arg):
            op.set_upstream(operator)

    @property
    def roots(self):
        """Edges into it end at its tasks."""
        return [operator for operator, _ in self.iter_references()]

    @property
    def leaves(self):
        """Edges out of it begin at its tasks."""
        return self.roots

    def set_upstream(self, task_or_task_list, edge_modifier=None):
        """These come before its tasks."""
        for operator in self.roots:
            operator.set_upstream(task_or_task_list, edge_modifier)

    def set_downstream(self, task_or_task_list, edge_modifier=None):
        """These come after its tasks."""
        for operator in self.roots:
            operator.set_downstream(task_or_task_list, edge_modifier)

    def map(self, f):
        """Each element through F."""
        return MapXComArg(self, [f])

    def zip(self, *others, fillvalue=NOTSET):
        """Side by side with OTHERS, as long as the shortest, or with FILLVALUE as long as the longest."""
        return ZipXComArg([self, *others], fillvalue=fillvalue)

    def concat(self, *others):
        """One after the other."""
        return ConcatXComArg([self, *others])

    def resolve(self, context):
        """The value, when the task that wants it runs."""
        raise NotImplementedError

    def as_setup(self):
        """Mark its tasks as setups."""
        for operator in self.roots:
            operator.is_setup = True
        return self

    def as_teardown(self, *, setups=None, on_failure_fail_dagrun=None):
        """Mark its tasks as the teardowns of SETUPS."""
        for operator in self.roots:
            operator.is_teardown = True
            operator.trigger_rule = of_dialect("TriggerRule").ALL_DONE_SETUP_SUCCESS
            if on_failure_fail_dagrun is not None:
                operator.on_failure_fail_dagrun = on_failure_fail_dagrun
            for setup in as_list(setups) if setups is not None else ():
                setup.as_setup()
                setup.set_downstream(operator)
        return self

    def __enter__(self):
        from airflow._goflow.exceptions import AirflowException

        if not self.operator.is_setup and not self.operator.is_teardown:
            raise AirflowException("Only setup/teardown tasks can be used as context managers.")
        return self.operator.__enter__()

    def __exit__(self, *problem):
        return self.operator.__exit__(*problem)


class PlainXComArg(XComArg):
    """The result of OPERATOR under KEY."""

    def __init__(self, operator, key=XCOM_RETURN_KEY):
        self.operator, self.key = operator, key

    def __eq__(self, other):
        return isinstance(other, PlainXComArg) and (self.operator, self.key) == (other.operator, other.key)

    def __hash__(self):
        return hash((self.operator, self.key))

    def __getitem__(self, item):
        if not isinstance(item, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(item).__name__}")
        return PlainXComArg(self.operator, item)

    def __iter__(self):
        raise TypeError("'XComArg' object is not iterable")

    def __repr__(self):
        return (
            f"XComArg({self.operator!r})"
            if self.key == XCOM_RETURN_KEY
            else f"XComArg({self.operator!r}, {self.key!r})"
        )

    def __str__(self):
        """As a template, so that a result can stand inside of text."""
        parts = f"task_ids='{self.operator.task_id}', dag_id='{self.operator.dag_id}'"
        if self.key is not None:
            parts += f", key='{self.key}'"
        return f"{{{{ task_instance.xcom_pull({parts}) }}}}"

    def iter_references(self):
        """Its own."""
        yield self.operator, self.key

    def _only_return_value(self, doing):
        if self.key != XCOM_RETURN_KEY:
            raise ValueError(f"cannot {doing} non-return XCom")

    def map(self, f):
        """Each element through F."""
        self._only_return_value("map against")
        return super().map(f)

    def zip(self, *others, fillvalue=NOTSET):
        """Side by side with OTHERS."""
        self._only_return_value("map against")
        return super().zip(*others, fillvalue=fillvalue)

    def concat(self, *others):
        """One after the other."""
        self._only_return_value("concatenate")
        return super().concat(*others)

    def resolve(self, context):
        """What the task left. Raises XComNotFound where it left nothing under a key of its own."""
        from airflow._goflow.exceptions import XComNotFound

        ti = context["ti"]
        found = ti.result_of(self.operator, self.key, NOTSET)
        if found is not NOTSET:
            return found
        if self.key == XCOM_RETURN_KEY or getattr(self.operator, "multiple_outputs", False):
            return None
        raise XComNotFound(ti.dag_id, self.operator.task_id, self.key)


def _flag(name):
    return property(lambda self: getattr(self.operator, name), lambda self, value: setattr(self.operator, name, value))


for _name in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
    setattr(PlainXComArg, _name, _flag(_name))


def _sequence(value, doing):
    if not isinstance(value, (Sequence, dict)):
        raise ValueError(f"XCom {doing} expects sequence or dict, not {type(value).__name__}")
    return value


class MapXComArg(XComArg):
    """Each element of ARG through CALLABLES."""

    def __init__(self, arg, callables):
        for function in callables:
            if getattr(function, "_airflow_is_task_decorator", False):
                raise ValueError("map() argument must be a plain function, not a @task operator")
        self.arg, self.callables = arg, callables

    def iter_references(self):
        """Those of what is mapped."""
        yield from self.arg.iter_references()

    def map(self, f):
        """One function more."""
        return MapXComArg(self.arg, [*self.callables, f])

    def resolve(self, context):
        """The elements, each put through the functions when it is looked at."""
        return _MapResult(_sequence(self.arg.resolve(context), "map"), self.callables)


class _Result(Sequence):
    """A list that is worked out member by member."""

    def __eq__(self, other):
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None

    def __repr__(self):
        return repr(list(self))


class _MapResult(_Result):
    def __init__(self, value, callables):
        self.value, self.callables = value, callables

    def __getitem__(self, index):
        value = self.value[index]
        for function in self.callables:
            value = function(value)
        return value

    def __len__(self):
        return len(self.value)


class ZipXComArg(XComArg):
    """ARGS side by side."""

    def __init__(self, args, *, fillvalue=NOTSET):
        self.args, self.fillvalue = args, fillvalue

    def iter_references(self):
        """Those of all."""
        for arg in self.args:
            yield from arg.iter_references()

    def resolve(self, context):
        """Tuples."""
        return _ZipResult([_sequence(arg.resolve(context), "zip") for arg in self.args], self.fillvalue)


class _ZipResult(_Result):
    def __init__(self, values, fillvalue):
        self.values, self.fillvalue = values, fillvalue

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        return tuple(self._get(value, index) for value in self.values)

    def _get(self, value, index):
        try:
            return value[index]
        except (IndexError, KeyError):
            return self.fillvalue

    def __len__(self):
        return (min if self.fillvalue is NOTSET else max)(len(value) for value in self.values)


class ConcatXComArg(XComArg):
    """ARGS one after the other."""

    def __init__(self, args):
        self.args = args

    def iter_references(self):
        """Those of all."""
        for arg in self.args:
            yield from arg.iter_references()

    def concat(self, *others):
        """More behind."""
        return ConcatXComArg([*self.args, *others])

    def resolve(self, context):
        """All elements; of a dict, its keys."""
        return _ConcatResult([_sequence(arg.resolve(context), "concat") for arg in self.args])


class _ConcatResult(_Result):
    def __init__(self, values):
        self.values = values

    def __getitem__(self, index):
        number = index if index >= 0 else len(self) + index
        for value in self.values:
            if number < 0:
                break
            if number < len(value):
                return value[number] if isinstance(value, Sequence) else list(value)[number]
            number -= len(value)
        raise IndexError("list index out of range")

    def __len__(self):
        return sum(len(value) for value in self.values)
