"""Annotations of a class's attributes: expressions that are evaluated when somebody asks what they mean."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.unions import UnionValue
from goflow.parser.interpreter.values import At, Raised, Unknown


class Annotation(Unknown):
    """The expression NODE in FRAME, where it stands. To who finds it in a class's namespace it is not known."""

    __slots__ = ("frame", "node")

    def __init__(self, node: cst.BaseExpression, frame: Frame) -> None:
        super().__init__("an annotation in a class's body", frame.at(node))
        self.node = node
        self.frame = frame

    def is_one_of(self, *names: str) -> bool:
        """Whether it is one of typing's NAMES, subscripted or not, or in a string."""
        if isinstance(self.node, cst.SimpleString):
            return str(self.node.raw_value).partition("[")[0].rpartition(".")[2] in names
        node = self.node
        while isinstance(node, cst.Subscript):
            node = node.value
        found = node.attr if isinstance(node, cst.Attribute) else node
        return isinstance(found, cst.Name) and found.value in names

    def meant(self, at: At) -> Any:
        """The type that it is, names in strings resolved, as ``typing.get_type_hints`` has it."""
        return meaning(self.node, self.frame, at)


def meaning(node: cst.BaseExpression, frame: Frame, at: At) -> Any:
    """The type that the expression NODE means in FRAME. Unknown where it has arguments in brackets (they are not kept
    with the type), or may have them under another name. Raises what evaluating it raises (NameError)."""
    from goflow.parser.interpreter.expressions import evaluate

    inner = from_string(node, at)
    if inner is None:
        return Unknown("an annotation in a text that is not read", at)
    if isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.BitOr):
        sides = [meaning(side, frame, at) for side in (inner.left, inner.right)]
        unknown = next((side for side in sides if isinstance(side, Unknown)), None)
        return UnionValue.of(*(None if side is _none(at) else side for side in sides)) if unknown is None else unknown
    value = evaluate(frame, inner)
    if value is None:
        return _none(at)
    spelled = inner.attr if isinstance(inner, cst.Attribute) else inner
    sure = isinstance(value, ClassValue) and isinstance(spelled, cst.Name) and spelled.value == value.name
    return value if sure or isinstance(value, Unknown) else Unknown("a type with arguments", at)


def from_string(node: cst.BaseExpression, at: At) -> cst.BaseExpression | None:
    """NODE, or the expression in the text that it is; None where that cannot be read."""
    from goflow.parser.interpreter.modules import ModuleValue

    if not isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        return node
    text = node.evaluated_value
    if not isinstance(text, str):
        return None
    try:
        line = ModuleValue(at.session, at.module.name, at.module.path, text.strip()).parse().body[0]
    except (cst.ParserSyntaxError, RecursionError, IndexError):
        return None
    found = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    return found.value if isinstance(found, cst.Expr) else None


def as_mapping_of(cls: ClassValue, at: At) -> dict[str, Any]:
    """``cls.__annotations__``: the class's own, by name. Under ``from __future__ import annotations`` they are texts,
    which are not kept."""
    found: dict[str, Any] = {}
    as_texts = cls.module is not None and cls.module.names.get("annotations") is True
    for name, annotation in cls.attributes.get("__annotations__", {}).items():
        found[name] = annotation
        if isinstance(annotation, Annotation):
            found[name] = Unknown("an annotation as a text", at) if as_texts else _evaluated(annotation, at)
    return found


def _evaluated(annotation: Annotation, at: At) -> Any:
    """As it stands in ``__annotations__``: a text stays one."""
    if isinstance(annotation.node, cst.SimpleString):
        return annotation.node.evaluated_value
    try:
        found = annotation.meant(at)
    except Raised:
        return Unknown("an annotation", at)
    return None if found is _none(at) else found


def _none(at: At) -> Any:
    return at.module.builtin("NoneType")


def hints_of_class(cls: ClassValue, at: At) -> dict[str, Any]:
    """``typing.get_type_hints(cls)``: of all its bases, the nearest last. Raises NameError as evaluating does."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.mro):
        for name, annotation in base.attributes.get("__annotations__", {}).items():
            hints[name] = annotation.meant(at) if isinstance(annotation, Annotation) else annotation
    return hints


def hints_of_function(function: UserFunction, at: At) -> dict[str, Any]:
    """``typing.get_type_hints(function)``: of its parameters in their order, and what it returns."""
    frame = Frame(at.session, function.module, function.scope)
    told = {parameter.name: parameter.annotation for parameter in function.parameters}
    node = function.node
    if isinstance(node, cst.FunctionDef) and node.returns is not None:
        told["return"] = node.returns.annotation
    return {name: meaning(inner, frame, at) for name, inner in told.items() if inner is not None}
