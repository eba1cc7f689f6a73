"""Results as arguments: what stands for a task's result until the task that wants it runs."""

from airflow._goflow.operator import DependencyMixin


class XComArg(DependencyMixin):
    """Base of all. ``XComArg(operator, key)`` makes a plain one."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(PlainXComArg if cls is XComArg else cls)

    def operators(self):
        """The tasks it is a result of."""
        return []

    @property
    def roots(self):
        """Edges into it end at its task."""
        return self.operators()

    @property
    def leaves(self):
        """Edges out of it begin at its task."""
        return self.operators()

    def resolve(self, context):
        """The value."""
        raise NotImplementedError

    def map(self, function):
        """Each element through FUNCTION."""
        return MapXComArg(self, [getattr(function, "function", function)])

    def zip(self, *others, fillvalue=None):
        """Side by side with OTHERS."""
        return ZipXComArg([self, *others], fillvalue)

    def concat(self, *others):
        """One after the other."""
        return ConcatXComArg([self, *others])

    def __iter__(self):
        raise TypeError(f"{type(self).__name__!r} object is not iterable")


class PlainXComArg(XComArg):
    """The result of OPERATOR under KEY."""

    def __init__(self, operator, key="return_value"):
        self.operator = operator
        self.key = key

    def operators(self):
        """Its task."""
        return [self.operator]

    def __getitem__(self, item):
        if not isinstance(item, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(item).__name__}")
        return PlainXComArg(self.operator, item)

    def __getattr__(self, name):
        if name.startswith("__") or name == "operator":
            raise AttributeError(name)
        return getattr(self.operator, name)

    def __str__(self):
        key = f", key='{self.key}'" if self.key != "return_value" else ""
        task = self.operator
        return f"{{{{ task_instance.xcom_pull(task_ids='{task.task_id}', dag_id='{task.dag.dag_id}'{key}) }}}}"

    def as_setup(self):
        """Mark its task."""
        self.operator.is_setup = True
        return self

    def __enter__(self):
        return self.operator.__enter__()

    def __exit__(self, *problem):
        return None

    def resolve(self, context):
        """What the task left. Raises XComNotFound where that is needed and not there."""
        from airflow._goflow.exceptions import XComNotFound

        missing = object()
        value = context["ti"].pull_for(context, self.operator, self.key, missing)
        if value is missing:
            if self.key == "return_value":
                return None
            raise XComNotFound(context["ti"].dag_id, self.operator.task_id, self.key)
        return value


class MapXComArg(XComArg):
    """Each element of SOURCE through FUNCTIONS."""

    def __init__(self, source, functions):
        self.source, self.functions = source, functions

    def operators(self):
        """The source's."""
        return self.source.operators()

    def map(self, function):
        """One function more."""
        return MapXComArg(self.source, [*self.functions, getattr(function, "function", function)])

    def resolve(self, context):
        """The elements."""
        values = self.source.resolve(context)
        values = list(values.items()) if isinstance(values, dict) else list(values)
        for function in self.functions:
            values = [function(value) for value in values]
        return values


class ZipXComArg(XComArg):
    """SOURCES side by side."""

    def __init__(self, sources, fillvalue=None):
        self.sources, self.fillvalue = sources, fillvalue

    def operators(self):
        """The sources'."""
        return [operator for source in self.sources for operator in source.operators()]

    def resolve(self, context):
        """Tuples."""
        import itertools

        values = [source.resolve(context) for source in self.sources]
        if self.fillvalue is None:
            return list(zip(*values, strict=False))
        return list(itertools.zip_longest(*values, fillvalue=self.fillvalue))


class ConcatXComArg(XComArg):
    """SOURCES one after the other."""

    def __init__(self, sources):
        self.sources = sources

    def operators(self):
        """The sources'."""
        return [operator for source in self.sources for operator in source.operators()]

    def resolve(self, context):
        """All elements."""
        return [value for source in self.sources for value in source.resolve(context)]


class MappedArgument(XComArg):
    """An argument of a mapped group, different in each copy."""

    def __init__(self, group, name):
        self.group, self.name = group, name

    def operators(self):
        """Those that the group is mapped over."""
        return self.group.mapped.references()

    @property
    def leaves(self):
        """Edges out of it begin at those."""
        return self.operators()

    def resolve(self, context):
        """This copy's value."""
        return self.group.mapped.value(context, self.group_index(context))[self.name]

    def group_index(self, context):
        """Which copy of the group this is."""
        return context["ti"].map_index

    def __getitem__(self, key):
        return MapXComArgItem(self, key)


class MapXComArgItem(XComArg):
    """``argument[key]``."""

    def __init__(self, source, key):
        self.source, self.key = source, key

    def operators(self):
        """The source's."""
        return self.source.operators()

    def resolve(self, context):
        """The item."""
        return self.source.resolve(context)[self.key]


def references(value, depth=12):
    """The tasks whose results are in VALUE."""
    if isinstance(value, XComArg):
        return value.operators()
    if depth and isinstance(value, dict):
        return [task for inner in value.values() for task in references(inner, depth - 1)]
    if depth and isinstance(value, list | tuple | set):
        return [task for inner in value for task in references(inner, depth - 1)]
    return []


def resolve(value, context):
    """VALUE with every result in it taken."""
    from airflow._goflow.params import DagParam

    if isinstance(value, XComArg | DagParam):
        return value.resolve(context)
    if type(value) is dict:
        return {key: resolve(inner, context) for key, inner in value.items()}
    if type(value) in {list, tuple, set}:
        return type(value)(resolve(inner, context) for inner in value)
    return value
