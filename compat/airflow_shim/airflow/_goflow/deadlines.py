"""Deadlines of a DAG's runs, and what is called when one is missed. The scheduler watches them; here they are kept, so
that whoever calls the author's function finds it by the place of its deadline."""

import dataclasses
import datetime as dt

AVERAGED_RUNS = 10


class Callback:
    """A function that is called later, by somebody else."""

    def __init__(self, callback_callable, kwargs=None):
        if kwargs and "context" in kwargs:
            raise ValueError("context is a reserved kwarg for this class")
        self.callable, self.kwargs = callback_callable, kwargs or {}

    @property
    def path(self):
        """Its dotted name."""
        given = self.callable
        return given.strip() if isinstance(given, str) else f"{given.__module__}.{given.__qualname__}"


class AsyncCallback(Callback):
    """A coroutine function, or an object that can be awaited."""

    def __init__(self, callback_callable, kwargs=None):
        from airflow._goflow.callables import is_async_callable

        given = callback_callable
        if not isinstance(given, str) and not (is_async_callable(given) or hasattr(given, "__await__")):
            raise AttributeError(f"Provided callback {given} is not awaitable.")
        super().__init__(given, kwargs)


class SyncCallback(Callback):
    """A plain function, or a class whose objects are called."""

    def __init__(self, callback_callable, kwargs=None, executor=None):
        super().__init__(callback_callable, kwargs)
        self.executor = executor


class BaseDeadlineReference:
    """The base of the moments that deadlines count from, an author's own among them."""

    @property
    def reference_name(self):
        """Its class's name."""
        return type(self).__name__

    def serialize_reference(self):
        """Plain data that makes it again."""
        return {"reference_type": self.reference_name}

    @classmethod
    def deserialize_reference(cls, reference_data):
        """The reference that such data is of."""
        return cls()


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """The run's logical date."""


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """When the run was queued."""


@dataclasses.dataclass
class FixedDatetimeDeadline(BaseDeadlineReference):
    """A moment."""

    _datetime: dt.datetime


@dataclasses.dataclass
class AverageRuntimeDeadline(BaseDeadlineReference):
    """As long as the newest runs took, from the making of the run on."""

    max_runs: int
    min_runs: "int | None" = None

    def __post_init__(self):
        if self.min_runs is None:
            self.min_runs = self.max_runs
        if self.min_runs < 1:
            raise ValueError("min_runs must be at least 1")


class DeadlineReference:
    """The references that there are."""

    class TYPES:
        """When references are looked at."""

        DAGRUN_CREATED = (DagRunLogicalDateDeadline, FixedDatetimeDeadline, AverageRuntimeDeadline)
        DAGRUN_QUEUED = (DagRunQueuedAtDeadline,)
        DAGRUN = (*DAGRUN_CREATED, *DAGRUN_QUEUED)

    DAGRUN_LOGICAL_DATE = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT = DagRunQueuedAtDeadline()

    @classmethod
    def AVERAGE_RUNTIME(cls, max_runs=0, min_runs=None):
        """As long as the newest MAX_RUNS took."""
        return AverageRuntimeDeadline(max_runs or AVERAGED_RUNS, min_runs)

    @classmethod
    def FIXED_DATETIME(cls, dt):
        """The moment DT."""
        return FixedDatetimeDeadline(dt)

    @classmethod
    def register_custom_reference(cls, reference_class, deadline_reference_type=None):
        """Have an author's own reference by its class's name."""
        if not issubclass(reference_class, BaseDeadlineReference):
            raise ValueError(f"{reference_class.__name__} must inherit from BaseDeadlineReference")
        setattr(cls, reference_class.__name__, reference_class())
        return reference_class


def deadline_reference(deadline_reference_type=None):
    """A decorator of an author's own reference."""
    if isinstance(deadline_reference_type, type):
        return DeadlineReference.register_custom_reference(deadline_reference_type)
    return lambda cls: DeadlineReference.register_custom_reference(cls, deadline_reference_type)


@dataclasses.dataclass(frozen=True)
class VariableInterval:
    """As many seconds as a Variable says."""

    key: str


class DeadlineAlert:
    """A deadline of a DAG's runs, and what is called when one has missed it."""

    def __init__(self, reference, interval, callback, name=None, **kwargs):
        self.reference, self.interval, self.callback, self.name = reference, interval, callback, name
        if not isinstance(callback, (AsyncCallback, SyncCallback)):
            raise ValueError(f"Callbacks of type {type(callback).__name__} are not currently supported")
