"""Signatures of callables, as TaskFlow checks them while a file is read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import libcst as cst

from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.functions import OF_INSPECT, Kind, Parameter, UserFunction, raw_docstring_of
from goflow.parser.interpreter.values import At, NativeFunction, Unknown
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.words import words
from goflow.parser.libraries.functools_ import Partial

_BOTH = frozenset(
    words(
        """conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception expanded_ti_count inlet_events
        inlets logical_date macros map_index_template outlet_events outlets params prev_data_interval_end_success
        prev_data_interval_start_success prev_end_date_success prev_start_date_success reason run_id task
        task_instance task_instance_key_str templates_dict test_mode ti ts ts_nodash ts_nodash_with_tz var"""
    )
)
CONTEXT_KEYS: Mapping[Dialect, frozenset[str]] = {
    Dialect.AIRFLOW2: _BOTH
    | frozenset(
        words(
            """conf execution_date next_ds next_ds_nodash next_execution_date prev_ds prev_ds_nodash prev_execution_date
        prev_execution_date_success tomorrow_ds tomorrow_ds_nodash triggering_dataset_events try_number yesterday_ds
        yesterday_ds_nodash"""
        )
    ),
    Dialect.AIRFLOW3: _BOTH
    | frozenset(
        [
            "asset_state_store",
            "partition_date",
            "partition_key",
            "task_reschedule_count",
            "task_state_store",
            "triggering_asset_events",
        ]
    ),
}
"""The names of the context, which a TaskFlow function gets without being given them."""


def parameters_of(function: Any) -> list[Parameter] | None:
    """The parameters of a callable of the file; None where they are not known."""
    if isinstance(function, BoundMethod):
        inner = parameters_of(function.function)
        return None if inner is None else inner[1:]
    if isinstance(function, UserFunction):
        if function.wraps is not None:  # ``inspect.signature`` follows ``__wrapped__``
            return parameters_of(function.wraps)
        return function.parameters
    if isinstance(function, Partial):
        inner = parameters_of(function.function)
        return None if inner is None else _after_partial(inner, function)
    return None


def bound_arguments(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], at: At) -> dict[str, Any]:
    """What ``inspect.signature(function).bind(...)`` gives, defaults applied. Raises TypeError as Python does.

    A function under ``functools.wraps`` is asked for the signature of the one that it wraps.
    """
    match function:
        case UserFunction() if function.wraps is not None:
            return bound_arguments(function.wraps, args, kwargs, at)
        case UserFunction():
            return function.bind(list(args), dict(kwargs), at)
        case BoundMethod():
            return _without_first(function.function, [function.receiver], args, kwargs, at)
        case Partial():
            return _without_first(function.function, function.args, args, {**function.kwargs, **kwargs}, at)
    return dict(kwargs)


def _without_first(
    function: Any, filled: Sequence[Any], args: Sequence[Any], kwargs: Mapping[str, Any], at: At
) -> dict[str, Any]:
    """The arguments that FUNCTION gets, less the FILLED ones that stand before the caller's own."""
    bound = bound_arguments(function, [*filled, *args], kwargs, at)
    names = [parameter.name for parameter in (parameters_of(function) or [])[: len(filled)]]
    return {name: value for name, value in bound.items() if name not in names}


def _after_partial(parameters: list[Parameter], partial: Partial) -> list[Parameter]:
    """What a ``functools.partial`` leaves: given keywords become keyword-only with a default."""
    left, keyword_only = [], False
    for parameter in parameters[len(partial.args) :]:
        keyword_only = keyword_only or parameter.name in partial.kwargs
        kind = Kind.KEYWORD if keyword_only and parameter.kind is Kind.PLAIN else parameter.kind
        default = partial.kwargs.get(parameter.name, parameter.default)
        left.append(Parameter(parameter.name, kind, default, parameter.annotation))
    return left


def name_of(function: Any) -> Any:
    """``function.__name__``; Unknown of one that is not known."""
    match function:
        case Unknown():
            return function
        case BoundMethod():
            return name_of(function.function)
        case UserFunction() | NativeFunction() | Partial() | ClassValue():
            return str(function.name)
    return str(getattr(function, "type_name", type(function).__name__))


def doc_of(function: Any) -> str | None:
    """``function.__doc__``."""
    if isinstance(function, BoundMethod):
        return doc_of(function.function)
    if isinstance(function, Partial):
        return Partial.doc
    if isinstance(function, UserFunction):
        own = function.attributes.get("__doc__")
        if isinstance(own, str):
            return own
        return raw_docstring_of(function.node.body) if isinstance(function.node, cst.FunctionDef) else None
    return None


def check_call(
    function: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    at: At,
    *,
    partly: bool = False,
    filled_in: Sequence[str] = (),
) -> None:
    """Whether a TaskFlow function can be called so, the context left out. Raises TypeError, ValueError.

    PARTLY: further arguments come when the task is mapped. FILLED_IN are parameters that the task fills in itself.
    """
    found = parameters_of(function)
    if found is None:
        return
    context = CONTEXT_KEYS[at.session.dialect]
    for parameter in found:
        plain_default = parameter.has_default and parameter.default is not None
        if parameter.name in context and plain_default and not isinstance(parameter.default, Unknown):
            text = f"Context key parameter {parameter.name} can't have a default other than None"
            fail(at, "ValueError", text, code="GF203")
    signature = inspect.Signature(_inspected(found, context.union(filled_in)), __validate_parameters__=False)
    try:
        if partly:
            signature.bind_partial(*args, **kwargs)
        else:
            signature.bind(*args, **kwargs)
    except TypeError as problem:
        names = [parameter.name for parameter in found]
        takes_any = any(parameter.kind is Kind.REST_KEYWORDS for parameter in found)
        unknown = "" if takes_any else next((name for name in kwargs if name not in names), "")
        hint = did_you_mean(unknown, names) if unknown else ""
        fail(at, "TypeError", str(problem), code="GF204" if unknown else "GF203", hint=hint, argument=unknown)


def _inspected(parameters: Sequence[Parameter], context: frozenset[str]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            parameter.name,
            OF_INSPECT[parameter.kind],
            default=None
            if parameter.name in context and parameter.kind not in {Kind.REST, Kind.REST_KEYWORDS}
            else inspect.Parameter.empty
            if not parameter.has_default
            else parameter.default,
        )
        for parameter in parameters
    ]


def check_names(what: str, function: Any, kwargs: Mapping[str, Any], at: At) -> None:
    """Whether FUNCTION has parameters of those names: for ``.partial(...)`` and ``.expand(...)``. Raises TypeError."""
    context = CONTEXT_KEYS[at.session.dialect].intersection(kwargs)
    if context:
        names = ", ".join(map(repr, sorted(context)))
        plural = "s" if len(context) > 1 else ""
        fail(at, "ValueError", f"cannot call {what}() on task context variable{plural} {names}", code="GF203")
    found = parameters_of(function)
    if found is None or any(parameter.kind is Kind.REST_KEYWORDS for parameter in found):
        return
    unknown = [name for name in kwargs if name not in {parameter.name for parameter in found}]
    if not unknown:
        return
    words = f"an unexpected keyword argument {unknown[0]!r}"
    if len(unknown) > 1:
        words = f"unexpected keyword arguments {', '.join(map(repr, unknown))}"
    hint = did_you_mean(unknown[0], [parameter.name for parameter in found])
    fail(at, "TypeError", f"{what}() got {words}", code="GF204", hint=hint, argument=unknown[0])
