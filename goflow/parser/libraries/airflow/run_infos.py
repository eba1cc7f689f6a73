"""What Airflow and a timetable class say to each other: DataInterval, TimeRestriction, DagRunInfo.

Source: ``airflow/timetables/base.py`` of 2.11 and 3.3, where they are named tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue
from goflow.parser.interpreter.host import get_attribute
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.collections_ import named_tuple

_MODULE = "airflow.timetables.base"


def data_interval_class(session: Session) -> ClassValue:
    """``DataInterval(start, end)``."""
    return _once(session, "DataInterval", _data_interval)


def time_restriction_class(session: Session) -> ClassValue:
    """``TimeRestriction(earliest, latest, catchup)``."""
    fields = ["earliest", "latest", "catchup"]
    return _once(session, "TimeRestriction", lambda session: named_tuple("TimeRestriction", fields, {}, _MODULE))


def run_info_class(session: Session) -> ClassValue:
    """``DagRunInfo(run_after, data_interval)``; of Airflow 3 with a partition besides."""
    return _once(session, "DagRunInfo", _run_info)


RUN_INFOS: Mapping[str, Callable[[Session], ClassValue]] = {
    "DataInterval": data_interval_class,
    "TimeRestriction": time_restriction_class,
    "DagRunInfo": run_info_class,
}
"""The classes by their names."""


def _once(session: Session, name: str, make: Callable[[Session], ClassValue]) -> ClassValue:
    made = state_of(session).singleton(name, lambda: make(session))
    assert isinstance(made, ClassValue)
    return made


def _data_interval(session: Session) -> ClassValue:
    made = named_tuple("DataInterval", ["start", "end"], {}, _MODULE)
    made.attributes["exact"] = _class_method("exact", lambda at, cls, moment: cls.call([moment, moment], {}, at), "at")
    return made


def _run_info(session: Session) -> ClassValue:
    more = {} if state_of(session).airflow2 else {"partition_date": None, "partition_key": None}
    made = named_tuple("DagRunInfo", ["run_after", "data_interval", *more], more, _MODULE)
    interval = data_interval_class(session)

    def of_interval(at: At, cls: ClassValue, start: Any, end: Any) -> Any:
        return cls.call([end, interval.call([start, end], {}, at)], {}, at)

    def exact(at: At, cls: ClassValue, moment: Any) -> Any:
        return cls.call([moment, interval.call([moment, moment], {}, at)], {}, at)

    made.attributes["interval"] = _class_method("interval", of_interval)
    made.attributes["exact"] = _class_method("exact", exact, "at")
    made.attributes["logical_date"] = PropertyValue(native("logical_date", _logical_date))
    return made


def _class_method(name: str, run: Callable[..., Any], argument: str = "") -> ClassMethod:
    """RUN ``(at, cls, ...)`` as a class method; ARGUMENT is what Airflow calls its first one where that is ``at``."""
    if not argument:
        return ClassMethod(native(name, run))

    def with_argument(place: At, cls: ClassValue, /, *args: Any, **kwargs: Any) -> Any:
        return run(place, cls, *args, *([kwargs.pop(argument)] if argument in kwargs else []), **kwargs)

    return ClassMethod(native(name, with_argument))


def _logical_date(at: At, info: Instance) -> Any:
    interval = get_attribute(info, "data_interval", at)
    return None if interval is None else get_attribute(interval, "start", at)
