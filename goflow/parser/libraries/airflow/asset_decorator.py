"""``@asset`` and ``@asset.multi`` of Airflow 3: a function, a DAG of one task, and the assets it makes, in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.functions import Kind, UserFunction
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown, Value
from goflow.parser.libraries.airflow.asset_uris import sanitized
from goflow.parser.libraries.airflow.assets import (
    AssetValue,
    BaseAsset,
    ConditionValue,
    asset_class,
    condition_class,
    make_ref,
)
from goflow.parser.libraries.airflow.dag import DagValue, dag_class
from goflow.parser.libraries.airflow.decorated_operators import ASSET_MAIN
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.operator_classes import operator_class
from goflow.parser.libraries.airflow.signatures import name_of, parameters_of
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.taskflow import TaskDecorator

_PLACE = "airflow.sdk.definitions.asset.decorators"
_DAG_ARGUMENTS = {
    "schedule": None,
    "is_paused_upon_creation": None,
    "dag_id": None,
    "dag_display_name": None,
    "description": None,
    "params": None,
    "on_success_callback": None,
    "on_failure_callback": None,
    "access_control": None,
    "owner_links": None,
    "tags": None,
}
_ASSET_ARGUMENTS = {"name": None, "uri": None, "group": "asset", "extra": None, "watchers": None}
_NO_INLETS = {"self", "context", "outlet_events"}


class AssetDecorators(Value):
    """``asset``: a decorator, and the place of ``asset.multi``."""

    type_name = "type"

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """``@asset(schedule=...)``."""
        given = _checked(args, kwargs, {**_DAG_ARGUMENTS, **_ASSET_ARGUMENTS}, "asset", at)
        return native("asset", lambda at, function: _define(at, function, given))

    def get_attribute(self, name: str, at: At) -> Any:
        """``asset.multi``."""
        if name != "multi":
            return super().get_attribute(name, at)
        return native("multi", _multi)


def _multi(at: At, *args: Any, **kwargs: Any) -> Any:
    given = _checked(args, kwargs, {**_DAG_ARGUMENTS, "outlets": None}, "multi", at)
    return native("multi", lambda at, function: _define_many(at, function, given))


def _checked(args: Arguments, kwargs: Keywords, known: dict[str, Any], what: str, at: At) -> dict[str, Any]:
    wrong = next((name for name in kwargs if name not in known), None)
    if args or wrong is not None:
        words = "takes 1 positional argument" if args else f"got an unexpected keyword argument '{wrong}'"
        hint = did_you_mean(wrong, known) if wrong is not None else ""
        fail(at, "TypeError", f"{what}.__init__() {words}", code="GF204", hint=hint, argument=wrong or "")
    if "schedule" not in kwargs:
        text = f"{what}.__init__() missing 1 required keyword-only argument: 'schedule'"
        fail(at, "TypeError", text, code="GF203")
    return {**known, **kwargs}


def _define(at: At, function: Any, given: dict[str, Any]) -> Any:
    _refuse_nested(function, at)
    name = given["name"] or name_of(_plain(function))
    uri = name if given["uri"] is None else given["uri"]
    if isinstance(name, Unknown) or isinstance(uri, Unknown):
        return name if isinstance(name, Unknown) else uri
    attributes = {
        "name": name,
        "uri": sanitized(str(uri), at.session.dialect),
        "group": given["group"],
        "extra": given["extra"] or {},
        "watchers": given["watchers"] or [],
    }
    definition = AssetValue(_definition_class(at.session), attributes)
    _make_dag(at, function, given, name, [definition])
    return definition


def _define_many(at: At, function: Any, given: dict[str, Any]) -> Any:
    _refuse_nested(function, at)
    outlets = given["outlets"]
    if isinstance(outlets, Unknown):
        return outlets
    objects = [outlet for outlet in outlets or [] if isinstance(outlet, BaseAsset)]
    if not objects:
        fail(at, "ValueError", "no outlets provided", code="GF203")
    cls = state_of(at.session).singleton(
        "MultiAssetDefinition",
        lambda: ClassValue("MultiAssetDefinition", (condition_class(at.session, "all"),), {}, module_name=_PLACE),
    )
    definition = ConditionValue(cls, "all", objects)
    _make_dag(at, function, given, name_of(_plain(function)), objects)
    return definition


def _make_dag(at: At, function: Any, given: dict[str, Any], default_id: str, outlets: Sequence[BaseAsset]) -> None:
    dag_id = given["dag_id"] or default_id
    arguments = {name: given[name] for name in _DAG_ARGUMENTS if given[name] is not None}
    arguments |= {"dag_id": dag_id, "dag_display_name": given["dag_display_name"] or dag_id, "catchup": False}
    dag = dag_class(at.session).call([], arguments, at)
    assert isinstance(dag, DagValue)
    dag.enter(at)
    try:
        if isinstance(function, TaskDecorator):
            if "outlets" in function.kwargs:
                text = "@task decorator with 'outlets' argument is not supported in @asset"
                fail(at, "TypeError", text, code="GF203")
            function.changed(outlets=list(outlets)).call([], {}, at)
        else:
            _main_task(at, function, default_id, outlets)
    finally:
        dag.leave(None, at)


def _main_task(at: At, function: Any, name: str, outlets: Sequence[BaseAsset]) -> None:
    found = parameters_of(function) or []
    for parameter in found:
        if parameter.kind in {Kind.REST, Kind.REST_KEYWORDS}:
            stars = "*" if parameter.kind is Kind.REST else "**"
            fail(at, "TypeError", f"wildcard '{stars}{parameter.name}' is not supported in @asset", code="GF203")
    inlets = [
        make_ref(at, name=parameter.name)
        for parameter in found
        if parameter.name not in _NO_INLETS and not parameter.has_default
    ]
    cls = operator_class(at.session, ASSET_MAIN)
    assert cls is not None
    arguments = {
        "task_id": name_of(function),
        "inlets": inlets,
        "outlets": list(outlets),
        "python_callable": function,
        "definition_name": name,
    }
    task = cls.call([], arguments, at)
    task.given = ()


def _plain(function: Any) -> Any:
    return function.function if isinstance(function, TaskDecorator) else function


def _refuse_nested(function: Any, at: At) -> None:
    inner = _plain(function)
    if isinstance(inner, UserFunction) and "." in inner.qualname:
        fail(at, "ValueError", "nested function not supported", code="GF203")


def _definition_class(session: Session) -> ClassValue:
    return state_of(session).singleton(
        "AssetDefinition",
        lambda: ClassValue("AssetDefinition", (asset_class(session, "Asset"),), {}, module_name=_PLACE),
    )
