"""Which kind of value a field's annotation means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from goflow.parser.interpreter.annotations import from_string
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.unions import UnionValue
from goflow.parser.interpreter.values import At, Value
from goflow.parser.libraries.paths import PathValue
from goflow.parser.libraries.pydantic_kinds import (
    ANYTHING,
    BY_HOST,
    OPAQUE,
    Kind,
    either,
    fixed,
    instance_of,
    many,
    member_of,
    one_of,
    pairs,
    path,
    unsure,
)
from goflow.parser.libraries.typing_ import TypeForm

_PLAIN_CONTAINERS: dict[type[Any] | None, Kind] = {
    list: many(list, ANYTHING, list),
    set: many(set, ANYTHING, set),
    frozenset: many(frozenset, ANYTHING, frozenset),
    tuple: many(tuple, ANYTHING, tuple),
    dict: pairs(ANYTHING, ANYTHING),
}
_MADE_OF_MANY: dict[type[Any], Callable[[list[Any]], Any]] = {list: list, set: set, frozenset: frozenset}
_SAME_AS_DICT = frozenset({"Mapping", "MutableMapping"})
_SAME_AS_LIST = frozenset({"Sequence"})


def kind_of(node: cst.BaseExpression, frame: Frame, at: At) -> Kind:
    """The kind that the annotation NODE means in FRAME. Raises what evaluating it raises (NameError)."""
    inner = from_string(node, at)
    if inner is None:
        return OPAQUE
    if isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.BitOr):
        sides = [_member(side, frame, at) for side in (inner.left, inner.right)]
        return either(sides)
    if isinstance(inner, cst.Subscript):
        return _subscripted(inner, frame, at)
    value = evaluate(frame, inner)
    spelled = inner.attr if isinstance(inner, cst.Attribute) else inner
    is_spelled = isinstance(spelled, cst.Name) and isinstance(value, ClassValue) and (
        spelled.value in {value.name, value.name.capitalize(), "FrozenSet"}
    )  # fmt: skip
    return _kind_of_value(value, is_spelled=is_spelled)


def _member(node: cst.BaseExpression, frame: Frame, at: At) -> Kind | None:
    """The kind of one side of a union; None for None."""
    return None if isinstance(node, cst.Name) and node.value == "None" else kind_of(node, frame, at)


def _kind_of_value(value: Any, *, is_spelled: bool) -> Kind:
    if value is None:
        return either([None])
    if isinstance(value, UnionValue):
        return either([None if one is None else _kind_of_value(one, is_spelled=False) for one in value.kinds])
    if isinstance(value, TypeForm):
        return _kind_of_form(value)
    if not isinstance(value, ClassValue):
        return OPAQUE
    of_model = value.data.get("kind")
    if of_model is not None:
        found: Kind = of_model
        return found
    if "members" in value.data:
        return member_of(value)
    if value.host in _PLAIN_CONTAINERS and value.is_native:  # under another name it may have arguments
        return _PLAIN_CONTAINERS[value.host] if is_spelled else OPAQUE
    if value.host in BY_HOST and value.is_native:
        return BY_HOST[value.host]
    if value.path == "pathlib.Path":
        return Kind(path, lambda value: isinstance(value, PathValue))
    if value.host is not None or any("fields" in base.data for base in value.mro):
        return OPAQUE
    return instance_of(value)


def _kind_of_form(form: TypeForm) -> Kind:
    """Of a form under a name of the file's own (``Text = Optional[str]``), or one without arguments."""
    if form.name == "Any":
        return ANYTHING
    if form.name == "Literal":
        return one_of(form.arguments) if not any(isinstance(a, Value | TypeForm) for a in form.arguments) else OPAQUE
    if form.name in {"Optional", "Union"} and form.arguments:
        members = [None if one is None else _kind_of_value(one, is_spelled=False) for one in form.arguments]
        return either(members + [None] * (form.name == "Optional"))
    return OPAQUE


def _subscripted(node: cst.Subscript, frame: Frame, at: At) -> Kind:
    base = evaluate(frame, node.value)
    inside = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
    if isinstance(base, TypeForm):
        return _form_with(base, inside, frame, at)
    if not isinstance(base, ClassValue) or not base.is_native:
        return OPAQUE
    if base.host is tuple:
        return _tuple_of(inside, frame, at)
    kinds = [kind_of(one, frame, at) for one in inside]
    own: type[Any] | None = base.host
    if own is not None and own in _MADE_OF_MANY and len(kinds) == 1:
        return many(_MADE_OF_MANY[own], kinds[0], own)
    return pairs(*kinds) if own is dict and len(kinds) == 2 else OPAQUE


def _tuple_of(inside: list[cst.BaseExpression], frame: Frame, at: At) -> Kind:
    if len(inside) == 2 and isinstance(inside[1], cst.Ellipsis):
        return many(tuple, kind_of(inside[0], frame, at), tuple)
    return fixed([kind_of(one, frame, at) for one in inside])


def _form_with(form: TypeForm, inside: list[cst.BaseExpression], frame: Frame, at: At) -> Kind:
    match form.name:
        case "Literal":
            values = tuple(evaluate(frame, one) for one in inside)
            return OPAQUE if any(isinstance(value, Value) for value in values) else one_of(values)
        case "Optional":
            return either([_member(inside[0], frame, at), None])
        case "Union":
            return either([_member(one, frame, at) for one in inside])
        case "Final":
            return kind_of(inside[0], frame, at)
    if form.name in _SAME_AS_LIST and len(inside) == 1:
        same = many(list, kind_of(inside[0], frame, at), list)
        return Kind(lambda v, at: same.check(v, at) if type(v) is list else unsure(at), is_complex=True)
    if form.name in _SAME_AS_DICT and len(inside) == 2:
        return pairs(kind_of(inside[0], frame, at), kind_of(inside[1], frame, at))
    return OPAQUE
