"""Deadlines of DAGs to `DeadlineSpec`. One of which something is not known is told as one that nobody watches."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.moments import Moment
from goflow.domain.spec import DeadlineSpec
from goflow.parser.interpreter.classes import Instance
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.dates import to_moment
from goflow.parser.libraries.airflow.deadlines import BUILT_IN, base_reference_class
from goflow.parser.lower.encoding import callable_path


def lowered_deadlines(value: Any, at: At) -> tuple[DeadlineSpec, ...]:
    """The ``deadline`` of a DAG: none, one or several."""
    if value is None:
        return ()
    if isinstance(value, Instance):
        return (_lowered(value, at),)
    found = value if isinstance(value, Unknown) else elements(value, at)
    if isinstance(found, Unknown):
        return (_unwatched(found),)
    return tuple(_lowered(one, at) for one in found)


def _lowered(alert: Any, at: At) -> DeadlineSpec:
    if not isinstance(alert, Instance):
        return _unwatched(alert if isinstance(alert, Unknown) else Unknown("what is no DeadlineAlert", at))
    made = alert.attributes
    given: dict[str, Any] = {}
    for part in (
        _reference(made.get("reference"), at),
        _interval(made.get("interval"), at),
        _callback(made.get("callback"), at),
    ):
        if isinstance(part, Unknown):
            return _unwatched(part, _text(made.get("name")))
        given |= part
    return DeadlineSpec(**given, name=_text(made.get("name")))


def _unwatched(unknown: Unknown, name: str | None = None) -> DeadlineSpec:
    return DeadlineSpec(reference="unknown", name=name, unwatched=f"it depends on {unknown.reason}")


def _reference(value: Any, at: At) -> dict[str, Any] | Unknown:
    if isinstance(value, Unknown) or not isinstance(value, Instance):
        return value if isinstance(value, Unknown) else Unknown("a reference that is none of Airflow's", at)
    kind = BUILT_IN.get(value.cls.name) if value.cls.module_name.startswith("airflow.") else None
    if kind is None and value.cls.derives_from(base_reference_class(at.session)):
        return {"reference": "custom"}
    if kind is None:
        return Unknown(f"{value.cls.name}, which is no reference that is known", at)
    found: dict[str, Any] = {"reference": kind}
    if kind == "fixed":
        moment = to_moment(value.attributes.get("_datetime"), dt.UTC, at, "FIXED_DATETIME")
        if not isinstance(moment, Moment):
            return moment or Unknown("a moment that is None", at)
        found["at"] = moment
    elif kind == "average_runtime":
        for name in ("max_runs", "min_runs"):
            number = plain_host(value.attributes.get(name))
            if not isinstance(number, int):
                return number if isinstance(number, Unknown) else Unknown(f"{name}, which is no number", at)
            found[name] = number
    return found


def _interval(value: Any, at: At) -> dict[str, Any] | Unknown:
    value = plain_host(value)
    if isinstance(value, dt.timedelta):
        return {"interval_s": value.total_seconds()}
    if isinstance(value, Instance) and value.cls.name == "VariableInterval":
        key = plain_host(value.attributes.get("key"))
        if isinstance(key, str):
            return {"interval_variable": key}
        value = key
    return value if isinstance(value, Unknown) else Unknown("an interval that is no timedelta", at)


def _callback(value: Any, at: At) -> dict[str, Any] | Unknown:
    if not isinstance(value, Instance):
        return value if isinstance(value, Unknown) else Unknown("a callback that is none", at)
    function = plain_host(value.attributes.get("callable"))
    path = function.strip() if isinstance(function, str) else callable_path(function)
    if path is None:  # called by the place of its deadline in the file, so that its name is for people alone
        path = "a function that has no name"
    return {"callback": path, "asynchronous": value.cls.name == "AsyncCallback"}


def _text(value: Any) -> str | None:
    value = plain_host(value)
    return value if isinstance(value, str) else None
