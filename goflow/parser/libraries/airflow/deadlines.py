"""Deadlines of DAGs (Airflow 3.1 and later): references, intervals, callbacks and alerts, as the file makes them.

Source: ``airflow/sdk/definitions/deadline.py`` and ``callback.py`` of 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import StaticMethod
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.state import native, state_of

HOME = "airflow.sdk.definitions.deadline"
CALLBACKS = "airflow.sdk.definitions.callback"
AVERAGED_RUNS = 10
"""How many runs an average is of unless it is said."""
BUILT_IN = {
    "DagRunLogicalDateDeadline": "logical_date",
    "DagRunQueuedAtDeadline": "queued_at",
    "FixedDatetimeDeadline": "fixed",
    "AverageRuntimeDeadline": "average_runtime",
}
"""Airflow's own references: class to the word in a spec."""


def alert_class(session: Session) -> ClassValue:
    """``DeadlineAlert(reference, interval, callback, name)``."""
    return _class(session, "DeadlineAlert", HOME, {"__init__": native("__init__", _init_alert)})


def callback_base(session: Session) -> ClassValue:
    """What ``AsyncCallback`` and ``SyncCallback`` have in common."""
    return _class(session, "Callback", CALLBACKS, {})


def async_callback_class(session: Session) -> ClassValue:
    """``AsyncCallback(callback_callable, kwargs)``: called in a helper's event loop."""
    made = {"__init__": native("__init__", _init_async)}
    return _class(session, "AsyncCallback", CALLBACKS, made, callback_base(session))


def sync_callback_class(session: Session) -> ClassValue:
    """``SyncCallback(callback_callable, kwargs, executor)``."""
    made = {"__init__": native("__init__", _init_sync)}
    return _class(session, "SyncCallback", CALLBACKS, made, callback_base(session))


def base_reference_class(session: Session) -> ClassValue:
    """``BaseDeadlineReference``, which an author's own derive from."""
    return _class(session, "BaseDeadlineReference", HOME, {})


def variable_interval_class(session: Session) -> ClassValue:
    """``VariableInterval(key)``: as many seconds as a Variable says when a run is made."""
    return _class(session, "VariableInterval", HOME, {"__init__": native("__init__", _init_variable)})


def reference_class(session: Session) -> ClassValue:
    """``DeadlineReference``, which has Airflow's references and gets an author's registered ones."""
    made = state_of(session).singleton("DeadlineReference", lambda: _references(session))
    assert isinstance(made, ClassValue)
    return made


def _references(session: Session) -> ClassValue:
    types = ClassValue("TYPES", (), {"DAGRUN_CREATED": (), "DAGRUN_QUEUED": (), "DAGRUN": ()}, module_name=HOME)
    attributes: dict[str, Any] = {
        "TYPES": types,
        "DAGRUN_LOGICAL_DATE": Instance(_built_in("DagRunLogicalDateDeadline")(session)),
        "DAGRUN_QUEUED_AT": Instance(_built_in("DagRunQueuedAtDeadline")(session)),
        "FIXED_DATETIME": StaticMethod(native("FIXED_DATETIME", _fixed)),
        "AVERAGE_RUNTIME": StaticMethod(native("AVERAGE_RUNTIME", _average)),
        "register_custom_reference": StaticMethod(native("register_custom_reference", _register)),
    }
    return ClassValue("DeadlineReference", (), attributes, module_name=HOME)


def deadline_reference(at: At, given: Any = None) -> Any:
    """``@deadline_reference``, with or without a type: the class is registered and stays what it is."""
    if isinstance(given, ClassValue):
        return _register(at, given)
    return native("deadline_reference", _register)


def _register(at: At, reference_class: Any, deadline_reference_type: Any = None) -> Any:
    if isinstance(reference_class, ClassValue):
        made = reference_class.call([], {}, at)
        _references_of(at).set_attribute(reference_class.name, made, at)
    return reference_class


def _references_of(at: At) -> ClassValue:
    return reference_class(at.session)


def _built_in(name: str) -> Callable[[Session], ClassValue]:
    inits: dict[str, Callable[..., Any]] = {
        "FixedDatetimeDeadline": _init_fixed,
        "AverageRuntimeDeadline": _init_average,
    }
    attributes = {"__init__": native("__init__", inits[name])} if name in inits else {}
    return lambda session: _class(session, name, HOME, attributes, base_reference_class(session))


def _class(
    session: Session, name: str, module: str, attributes: Mapping[str, NativeFunction], *bases: ClassValue
) -> ClassValue:
    make = lambda: ClassValue(name, bases, dict(attributes), module_name=module)  # noqa: E731
    made = state_of(session).singleton(f"{module}.{name}", make)
    assert isinstance(made, ClassValue)
    return made


# -- what they are made with ------------------------------------------------------------------------------------------


def _init_alert(
    at: At, self: Instance, reference: Any, interval: Any, callback: Any, name: Any = None, **_: Any
) -> None:
    known = isinstance(callback, Instance) and callback.cls.derives_from(callback_base(at.session))
    if not known and not isinstance(callback, Unknown):
        kind = callback.cls.name if isinstance(callback, Instance) else getattr(callback, "type_name", None)
        text = f"Callbacks of type {kind or type(callback).__name__} are not currently supported"
        hint = "put the function into AsyncCallback(...) or SyncCallback(...)"
        fail(at, "ValueError", text, code="GF203", hint=hint)
    self.attributes.update(reference=reference, interval=interval, callback=callback, name=name)


def _init_async(at: At, self: Instance, callback_callable: Any, kwargs: Any = None) -> None:
    if isinstance(callback_callable, UserFunction) and not _is_async(callback_callable):
        text = f"Provided callback {callback_callable.name} is not awaitable."
        fail(at, "AttributeError", text, code="GF203", hint="make it an async def, or use SyncCallback")
    _keep_callback(at, self, callback_callable, kwargs)


def _is_async(function: UserFunction) -> bool:
    return isinstance(function.node, cst.FunctionDef) and function.node.asynchronous is not None


def _init_sync(at: At, self: Instance, callback_callable: Any, kwargs: Any = None, executor: Any = None) -> None:
    _keep_callback(at, self, callback_callable, kwargs)
    self.attributes["executor"] = executor


def _keep_callback(at: At, self: Instance, function: Any, kwargs: Any) -> None:
    if isinstance(kwargs, dict) and "context" in kwargs:
        fail(at, "ValueError", "context is a reserved kwarg for this class", code="GF203")
    if isinstance(function, str) and not all(part.isidentifier() for part in function.strip().split(".")):
        fail(at, "ImportError", f"`{function}` doesn't look like a valid dot path.", code="GF203")
    self.attributes.update(callable=function, kwargs={} if kwargs is None else kwargs)


def _init_variable(at: At, self: Instance, key: Any) -> None:
    self.attributes["key"] = key


def _init_fixed(at: At, self: Instance, _datetime: Any) -> None:
    self.attributes["_datetime"] = _datetime


def _init_average(at: At, self: Instance, max_runs: Any, min_runs: Any = None) -> None:
    least = max_runs if min_runs is None else min_runs
    if isinstance(least, int) and least < 1:
        fail(at, "ValueError", "min_runs must be at least 1", code="GF203")
    self.attributes.update(max_runs=max_runs, min_runs=least)


def _fixed(at: At, dt: Any) -> Any:
    return _built_in("FixedDatetimeDeadline")(at.session).call([dt], {}, at)


def _average(at: At, max_runs: Any = 0, min_runs: Any = None) -> Any:
    most = AVERAGED_RUNS if max_runs == 0 else max_runs
    return _built_in("AverageRuntimeDeadline")(at.session).call([most, min_runs], {}, at)


NAMES: Mapping[str, Callable[[Session], Value]] = {
    "DeadlineAlert": alert_class,
    "DeadlineReference": reference_class,
    "BaseDeadlineReference": base_reference_class,
    "AsyncCallback": async_callback_class,
    "SyncCallback": sync_callback_class,
    "VariableInterval": variable_interval_class,
    "deadline_reference": lambda session: native("deadline_reference", deadline_reference),
    **{name: _built_in(name) for name in BUILT_IN},
}
"""What each name means wherever a module of Airflow 3 has it."""
