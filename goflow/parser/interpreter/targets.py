"""Assignment to names, attributes, subscripts and patterns of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import UnknownMany, so_many
from goflow.parser.interpreter.expressions import evaluate, subscript_key
from goflow.parser.interpreter.items import delete_item, elements, get_item, set_item
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import Unknown, order_of, raised


def assign(frame: Frame, target: cst.CSTNode, value: Any) -> None:
    """``TARGET = value``."""
    match target:
        case cst.Name(value=name):
            frame.assign(name, value)
        case cst.Attribute():
            receiver = evaluate(frame, target.value)
            host.set_attribute(receiver, target.attr.value, value, frame.at(target))
        case cst.Subscript():
            receiver = evaluate(frame, target.value)
            set_item(receiver, subscript_key(frame, target), value, frame.at(target))
        case cst.Tuple() | cst.List():
            _unpack(frame, target, value)
        case cst.StarredElement():
            assign(frame, target.value, value)
        case _:
            raise AssertionError(f"no target: {type(target).__name__}")


def change(frame: Frame, target: cst.CSTNode, by: Callable[[Any], Any]) -> None:
    """``TARGET SIGN= ...``: what BY makes of the value; where it stands is evaluated once."""
    at = frame.at(target)
    match target:
        case cst.Attribute():
            receiver = evaluate(frame, target.value)
            name = target.attr.value
            host.set_attribute(receiver, name, by(host.get_attribute(receiver, name, at)), at)
        case cst.Subscript():
            receiver = evaluate(frame, target.value)
            key = subscript_key(frame, target)
            set_item(receiver, key, by(get_item(receiver, key, at)), at)
        case _:
            assign(frame, target, by(evaluate(frame, target)))


def _unpack(frame: Frame, target: cst.Tuple | cst.List, value: Any) -> None:
    at = frame.at(target)
    found = elements(value, at)
    if not isinstance(found, Unknown) and (why := order_of(found)) is not None:
        found = so_many(why, len(found), found)
    many = UnknownMany.among(found, at)
    found = found if many is None else many
    if isinstance(found, Unknown):
        for element in target.elements:
            assign(frame, element.value, found)
        return
    starred = [index for index, element in enumerate(target.elements) if isinstance(element, cst.StarredElement)]
    wanted = len(target.elements)
    if not starred:
        if len(found) > wanted:
            raised(at, "ValueError", f"too many values to unpack (expected {wanted})")
        if len(found) < wanted:
            raised(at, "ValueError", f"not enough values to unpack (expected {wanted}, got {len(found)})")
        for element, inner in zip(target.elements, found, strict=True):
            assign(frame, element.value, inner)
        return
    if len(found) < wanted - 1:
        words = f"not enough values to unpack (expected at least {wanted - 1}, got {len(found)})"
        raised(at, "ValueError", words)
    before, after = starred[0], wanted - starred[0] - 1
    middle = found[before : len(found) - after]
    values = [*found[:before], middle, *found[len(found) - after :]]
    for element, inner in zip(target.elements, values, strict=True):
        assign(frame, element.value, inner)


def delete(frame: Frame, target: cst.CSTNode) -> None:
    """``del TARGET``."""
    match target:
        case cst.Name(value=name):
            frame.delete(name, target)
        case cst.Attribute():
            receiver = evaluate(frame, target.value)
            host.delete_attribute(receiver, target.attr.value, frame.at(target))
        case cst.Subscript():
            receiver = evaluate(frame, target.value)
            delete_item(receiver, subscript_key(frame, target), frame.at(target))
        case cst.Tuple() | cst.List():
            for element in target.elements:
                delete(frame, element.value)
