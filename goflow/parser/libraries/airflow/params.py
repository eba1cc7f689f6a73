"""Param, ParamsDict and DagParam: values that a run may be started with, and their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.items import check_hashable
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value, first_unknown
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.words import words
from goflow.parser.libraries.data import check_written_size

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue

SCHEMA_WORDS = frozenset(
    words(
        """additionalProperties allOf anyOf const contains contentEncoding contentMediaType custom_html_form default
        dependentRequired dependentSchemas description description_md else enum examples exclusiveMaximum
        exclusiveMinimum format if items maxContains maxItems maxLength maxProperties maximum minContains minItems
        minLength minProperties minimum multipleOf not oneOf pattern patternProperties prefixItems properties
        propertyNames required schema section source then title type unevaluatedItems unevaluatedProperties uniqueItems
        values_display"""
    )
)
"""JSON Schema's keywords, and those that Airflow's form for starting a run knows besides."""
VALIDATION_ERROR = f"{MODULE}.ParamValidationError"
_CHECKED: set[str] = set()
"""Schemas that are known to be ones: most params have the same few, and looking takes long."""


class ParamValue(Instance):
    """``Param(default, description=..., **schema)``."""

    @property
    def value(self) -> Any:
        """The default; `NOT_SET` where there is none."""
        return self.attributes["value"]

    @property
    def schema(self) -> Any:
        """Its JSON Schema."""
        return self.attributes["schema"]

    def problem(self) -> str | None:
        """Why the default does not do; None where it does, or where that is not known."""
        if self.value is NOT_SET:
            return "No value passed and Param has no default value"
        if first_unknown((self.value, self.schema)) is not None:
            return None
        import jsonschema  # only where a file has params: it takes long to load

        try:
            kind = jsonschema.validators.validator_for(self.schema)
            key = repr(self.schema)
            if key not in _CHECKED:
                kind.check_schema(self.schema)
                _CHECKED.add(key)
            found = jsonschema.exceptions.best_match(
                kind(self.schema, format_checker=jsonschema.FormatChecker()).iter_errors(self.value)
            )
            if found is not None:
                return str(found)
        except jsonschema.SchemaError as error:
            return str(error)
        return None

    def resolve(self, at: At) -> Any:
        """The value, checked. Raises ParamValidationError."""
        problem = self.problem()
        if problem is not None:
            fail(at, VALIDATION_ERROR, problem)
        return self.value


class ParamsValue(Instance):
    """ParamsDict: names to Params, which answers with their values."""

    def __init__(self, cls: ClassValue, params: Mapping[Any, Any], at: At) -> None:
        super().__init__(cls)
        self.params: dict[Any, ParamValue | Unknown] = {}
        for name, value in params.items():
            self.put(name, value, at)

    def put(self, name: Any, value: Any, at: At) -> None:
        """Set a Param, or the value of one."""
        at.session.journal.touch(self.params)
        if isinstance(value, ParamValue | Unknown):
            self.params[name] = value
            return
        known = self.params.get(name)
        if isinstance(known, ParamValue):
            made = ParamValue(known.cls, {**known.attributes, "value": value})
            made.resolve(at)
            self.params[name] = made
        else:
            self.params[name] = make_param(at, value)

    def update(self, other: Any, at: At) -> None:
        """Take over the params of another ParamsDict or mapping."""
        items = other.params if isinstance(other, ParamsValue) else other
        if isinstance(items, dict):
            for name, value in items.items():
                self.put(name, value, at)

    def copy(self, at: At) -> ParamsValue:
        """The same params in a dict of its own."""
        return ParamsValue(self.cls, self.params, at)

    def get_item(self, key: Any, at: At) -> Any:
        """The value of the Param, checked."""
        if isinstance(key, Unknown):
            return key
        check_hashable(key, at)
        found = self.params.get(key)
        if found is None:
            fail(at, "KeyError", key)
        return found if isinstance(found, Unknown) else found.resolve(at)

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """As `put`."""
        self.put(key, value, at)

    def contains(self, item: Any, at: At) -> Any:
        """Whether there is a Param of that name."""
        if isinstance(item, Unknown):
            return item
        check_hashable(item, at)
        return item in self.params

    def iterate(self, at: At) -> Iterator[Any]:
        """Over the names."""
        return iter(list(self.params))

    def truth(self, at: At) -> bool:
        """Whether there is any."""
        return bool(self.params)

    def length(self, at: At) -> Any:
        """How many."""
        return len(self.params)

    def validate(self) -> str | None:
        """What is wrong with the first Param that is wrong."""
        for name, param in self.params.items():
            problem = param.problem() if isinstance(param, ParamValue) else None
            if problem is not None:
                return f"Invalid input for param {name}: {problem}"
        return None


class DagParamValue(Instance):
    """What an argument of a ``@dag`` function is inside it, and ``dag.param(...)``: filled in when the run is known."""

    def __init__(self, cls: ClassValue, dag: DagValue, name: Any, default: Any, at: At) -> None:
        super().__init__(cls, {"current_dag": dag, "_name": name, "_default": default})
        self.name = name
        self.default = default
        if default is not NOT_SET:
            dag.params.put(name, default, at)


def make_param(at: At, default: Any = NOT_SET, description: Any = None, **schema: Any) -> ParamValue:
    """``Param(...)``. Raises ParamValidationError for a default that has no JSON. A keyword that looks like one of JSON
    Schema's, mistyped, is told: it would mean nothing."""
    default = plain_host(default)
    for name in (name for name in schema if name not in SCHEMA_WORDS):
        hint = did_you_mean(name, SCHEMA_WORDS, nearness=0.75)
        if hint:
            text = f"Param takes {name!r} as a keyword of JSON Schema, which does not have it"
            at.session.report("GF204", text, at.argument(name), severity=Severity.WARNING, hint=hint)
    if default is not NOT_SET and first_unknown(default) is None and not state_of(at.session).airflow2:
        _check_json(default, at)
    own = schema.pop("schema") if "schema" in schema else {k: v for k, v in schema.items() if k != "source"}
    attributes = {"value": default, "description": description, "schema": own, "source": schema.get("source")}
    return ParamValue(param_class(at.session), attributes)


def make_params(at: At, params: Any) -> ParamsValue:
    """``ParamsDict(params)``; what is Unknown as a whole leaves no names, and is for the caller to tell."""
    source = params.params if isinstance(params, ParamsValue) else params
    if not isinstance(source, dict):
        if source is not None and not isinstance(source, Unknown):
            fail(at, "AttributeError", f"'{type_name(source)}' object has no attribute 'items'")
        source = {}
    return ParamsValue(params_class(at.session), source, at)


def make_dag_param(at: At, dag: DagValue, name: Any, default: Any = NOT_SET) -> DagParamValue:
    """``dag.param(name, default)``."""
    cls = state_of(at.session).singleton(
        "DagParam",
        lambda: ClassValue("DagParam", (), {}, module_name="airflow.sdk.definitions.param"),
    )
    return DagParamValue(cls, dag, name, default, at)


def param_class(session: Session) -> ClassValue:
    """``Param`` of this session."""
    return state_of(session).singleton(
        "Param",
        lambda: ClassValue(
            "Param",
            (),
            {"resolve": native("resolve", _resolve), "has_value": True},
            module_name="airflow.sdk.definitions.param",
            construct=lambda cls, args, kwargs, at: make_param(at, *args, **kwargs),
        ),
    )


def params_class(session: Session) -> ClassValue:
    """``ParamsDict`` of this session."""
    return state_of(session).singleton(
        "ParamsDict",
        lambda: ClassValue(
            "ParamsDict",
            (),
            {name: native(name, function) for name, function in _METHODS.items()},
            module_name="airflow.sdk.definitions.param",
            construct=lambda cls, args, kwargs, at: make_params(at, args[0] if args else kwargs.get("dict_obj")),
        ),
    )


def _check_json(value: Any, at: At) -> None:
    check_written_size(value, at)
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        text = f"All provided parameters must be json-serializable. The value '{_word(value)}' is not serializable."
        fail(at, VALIDATION_ERROR, text)


def _word(value: Any) -> str:
    return value.type_name if isinstance(value, Value) else str(value)


def _resolve(at: At, self: ParamValue, value: Any = NOT_SET, suppress_exception: bool = False) -> Any:
    checked = self if value is NOT_SET else ParamValue(self.cls, {**self.attributes, "value": value})
    if suppress_exception and checked.problem() is not None:
        return None
    return checked.resolve(at)


def _get(at: At, self: ParamsValue, key: Any, default: Any = None) -> Any:
    return self.get_item(key, at) if key in self.params else default


def _values(at: At, self: ParamsValue) -> list[Any]:
    return list(self.params.values())


def _items(at: At, self: ParamsValue) -> list[Any]:
    return list(self.params.items())


def _keys(at: At, self: ParamsValue) -> list[Any]:
    return list(self.params)


def _update(at: At, self: ParamsValue, *others: Any, **named: Any) -> None:
    for other in (*others, named):
        self.update(other, at)


def _dump(at: At, self: ParamsValue) -> dict[Any, Any]:
    return {
        name: param if isinstance(param, Unknown) else (None if param.problem() else param.value)
        for name, param in self.params.items()
    }


def _validate(at: At, self: ParamsValue) -> dict[Any, Any]:
    problem = self.validate()
    if problem is not None:
        fail(at, VALIDATION_ERROR, problem)
    return _dump(at, self)


def _get_param(at: At, self: ParamsValue, key: Any) -> Any:
    return self.params[key]


_METHODS: dict[str, Any] = {
    "get": _get,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "update": _update,
    "dump": _dump,
    "validate": _validate,
    "get_param": _get_param,
    "serialize": _dump,
}
