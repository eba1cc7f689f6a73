"""Operator classes of the evaluator, made from the tables, from the catalogue, or from nothing but a name."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

from goflow.domain.canonical import Json, tag_of
from goflow.domain.spec import Dialect
from goflow.parser.catalogue import REQUIRED as REQUIRED_THERE
from goflow.parser.catalogue import OperatorFacts, lookup
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.attributes import unread_attributes
from goflow.parser.libraries.airflow.base_operators import base_operators
from goflow.parser.libraries.airflow.decorated_operators import decorated_operators
from goflow.parser.libraries.airflow.mapping import partial_operator
from goflow.parser.libraries.airflow.opaque import Tagged
from goflow.parser.libraries.airflow.operator_models import (
    BASE_OPERATOR,
    BASE_SENSOR,
    DECORATED_OPERATOR,
    REQUIRED,
    OperatorModel,
    Settling,
)
from goflow.parser.libraries.airflow.operators import TaskValue, around_init, construct, native_init
from goflow.parser.libraries.airflow.provider_constants import constants_within
from goflow.parser.libraries.airflow.provider_fields import worked_out
from goflow.parser.libraries.airflow.provider_quirks import (
    DEFERRABLE_SENSORS,
    NOT_HANDED_ON,
    OUTPUT_PROPERTIES,
    OWN_CALLABLES,
    settle_sensor,
)
from goflow.parser.libraries.airflow.standard_operators import standard_operators
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.task_methods import TASK_METHODS
from goflow.parser.libraries.airflow.xcom_args import xcom_of
from goflow.parser.libraries.logging_ import QUIET

_CLASS_ATTRIBUTES: Mapping[str, Any] = {
    "ui_color": "#fff",
    "ui_fgcolor": "#000",
    "template_ext": (),
    "template_fields_renderers": {},
    "operator_extra_links": (),
    "shallow_copy_attrs": (),
    "pool": "",
    "log": QUIET,
}


def operator_class(session: Session, path: str) -> ClassValue | None:
    """The operator class of that canonical PATH under the session's dialect; None where nobody knows it."""
    classes = state_of(session).classes
    if path not in classes:
        model = model_of(path, session.dialect)
        if model is None:
            return None
        classes[path] = _make_class(session, model)
    return classes[path]


def generic_class(session: Session, path: str) -> ClassValue:
    """An operator class of which only the name is known: it takes every argument and keeps it."""
    classes = state_of(session).classes
    if path not in classes:
        sensor = path.endswith("Sensor")
        model = OperatorModel(path=path, bases=(BASE_SENSOR if sensor else BASE_OPERATOR,), sealed=False)
        classes[path] = _make_class(session, model)
    return classes[path]


@functools.lru_cache(maxsize=4096)
def model_of(path: str, dialect: Dialect) -> OperatorModel | None:
    """The model of the class PATH: by hand for Airflow's own, else from the catalogue."""
    for table in (base_operators(dialect), standard_operators(dialect), decorated_operators(dialect)):
        if path in table:
            return table[path]
    facts = lookup(path)
    return _from_facts(facts) if facts is not None else None


class HalfKnownClass(ClassValue):
    """An operator class of a provider: it may have more than the catalogue tells."""

    def get_attribute(self, name: str, at: At) -> Any:
        """What is known of it, else Unknown."""
        if name.startswith("__") or self.lookup(name) is not MISSING:
            return super().get_attribute(name, at)
        return Unknown(f"{name} of {self.name}", at)


def _half_known_attribute(task: Instance, name: str, at: At) -> Any:
    """An attribute that a provider's operator may have."""
    if name.startswith("__"):
        return MISSING
    if isinstance(task, TaskValue) and any((cls.path, name) in OUTPUT_PROPERTIES for cls in task.cls.mro):
        return xcom_of(task, at)
    return Unknown(f"{name} of a {task.cls.name}", at)


def _make_class(session: Session, model: OperatorModel) -> ClassValue:
    bases = []
    for path in model.bases:
        base = operator_class(session, path)
        assert base is not None, path
        bases.append(base)
    attributes: dict[str, Any] = dict(model.attributes)
    if model.template_fields is not None:
        attributes["template_fields"] = model.template_fields
    if model.template_ext is not None:
        attributes["template_ext"] = model.template_ext
    if model.custom_name is not None:
        attributes["custom_operator_name"] = model.custom_name
    if model.path != BASE_OPERATOR:
        attributes = {**constants_within(session, model.path), **attributes}
        kind = ClassValue if model.sealed and not model.lenient else HalfKnownClass
        fallback = None if kind is ClassValue else _half_known_attribute
        made = kind(model.name, bases, attributes, module_name=model.module, fallback=fallback)
        made.data["model"] = model
        return made
    attributes |= TASK_METHODS | dict(_CLASS_ATTRIBUTES)
    attributes["__init__"] = native("__init__", native_init)
    attributes["partial"] = ClassMethod(native("partial", partial_operator))
    made = ClassValue(
        model.name,
        (),
        attributes,
        module_name=model.module,
        construct=construct,
        around_init=around_init,
        fallback=unread_attributes("Operator"),
    )
    made.data["bears_unknown"] = True
    made.data["model"] = model
    return made


# -- the catalogue ----------------------------------------------------------------------------------------------------


def _from_facts(facts: OperatorFacts) -> OperatorModel:
    """The catalogue's flat facts as one class right below BaseOperator, the sensor's base or TaskFlow's."""
    base = BASE_SENSOR if facts.sensor else BASE_OPERATOR
    if DECORATED_OPERATOR in facts.bases:
        base = DECORATED_OPERATOR
    parameters = {
        name: REQUIRED if default is REQUIRED_THERE else from_tagged(default)
        for name, default in facts.arguments.items()
        if not (base == DECORATED_OPERATOR and name in {"python_callable", "op_args", "op_kwargs"})
    }
    return OperatorModel(
        path=facts.path,
        bases=(base,),
        parameters=parameters,
        template_fields=facts.template_fields,
        template_ext=facts.template_ext,
        attributes={"ui_color": facts.ui_color},
        settle=functools.partial(_settle_facts, facts),
        hook=functools.partial(settle_sensor, facts.path) if facts.path in DEFERRABLE_SENSORS else None,
        lenient=True,
        custom_name=facts.decorator,
        mro=facts.bases,
    )


def _settle_facts(facts: OperatorFacts, task: Settling) -> None:
    """Give the template fields the values that the class's constructor leaves in them."""
    values = task.values
    found: dict[str, Any] = {}
    taskflow = DECORATED_OPERATOR in facts.bases
    for name, source in facts.fields.items():
        if taskflow and name in {"op_args", "op_kwargs"}:
            continue
        if source.computed or any(values.get(argument) is not None for argument in source.unless):
            value = worked_out((facts.path, *facts.bases), name, values)
            found[name] = task.unknown(f"what {facts.name} works out by itself") if value is NotImplemented else value
        elif source.argument is None:
            found[name] = from_tagged(source.constant)
        else:
            value = values.get(source.argument)
            known = task.known(source.argument)
            if isinstance(value, Unknown):
                found[name] = value
                continue
            instead = (source.when == "or" and not value) or (source.when == "if_none" and value is None)
            found[name] = from_tagged(source.constant) if known and source.when and instead else value
    values.update({**found, **OWN_CALLABLES.get(facts.path, {}), **NOT_HANDED_ON.get(facts.path, {})})


def from_tagged(value: Json) -> Any:
    """Tagged JSON of the catalogue as a host value."""
    match tag_of(value):
        case "$timedelta":
            return dt.timedelta(seconds=float(value["$timedelta"]))  # type: ignore[index,call-overload,arg-type]
        case "$tuple":
            return tuple(from_tagged(inner) for inner in value["$tuple"])  # type: ignore[index,call-overload,union-attr]
        case "$set":
            return {from_tagged(inner) for inner in value["$set"]}  # type: ignore[index,call-overload,union-attr]
    if tag_of(value) is not None:
        return Tagged(value)
    if isinstance(value, dict):
        return {key: from_tagged(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [from_tagged(inner) for inner in value]
    return value
