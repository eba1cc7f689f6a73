"""Expressions: one function for each kind of node, found by the node's type."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import so_many
from goflow.parser.interpreter.calls import NativeFrameFunction, call, call_unknown
from goflow.parser.interpreter.functions import UserFunction, parameters_of
from goflow.parser.interpreter.items import check_hashable, elements, get_item
from goflow.parser.interpreter.mutations import merge, put
from goflow.parser.interpreter.operations import binary, contains, identical, truth, unary
from goflow.parser.interpreter.scopes import MISSING, UNBOUND, Frame
from goflow.parser.interpreter.shown import ascii_of, formatted, representation, text
from goflow.parser.interpreter.signs import BINARY_SIGNS, COMPARISON_SIGNS, UNARY_SIGNS
from goflow.parser.interpreter.values import (
    At,
    Unknown,
    UnknownKey,
    forget_order,
    hidden_key,
    order_of,
    raised,
)

Evaluate = Callable[[Frame, Any], Any]


def evaluate(frame: Frame, node: cst.CSTNode) -> Any:
    """The value of NODE in FRAME. Raises Raised, BudgetError."""
    handler = HANDLERS.get(type(node))
    if handler is None:
        return Unknown(f"{type(node).__name__}, which is not read", frame.at(node))
    budget = frame.session.budget
    budget.steps_left -= 1
    if budget.steps_left < budget.next_look:
        budget.look(frame.at(node))
    return handler(frame, node)


def _name(frame: Frame, node: cst.Name) -> Any:
    found = frame.scope.find(node.value)
    if found is UNBOUND:
        words = f"cannot access local variable '{node.value}' where it is not associated with a value"
        raised(frame.at(node), "UnboundLocalError", words)
    if found is MISSING:
        found = frame.module.builtin(node.value)
        if found is MISSING and node.value == "__class__" and frame.class_cell is not None:
            return frame.class_cell
        if found is MISSING and frame.module.starred is not None:
            return frame.module.starred
        if found is MISSING:
            raised(frame.at(node), "NameError", f"name '{node.value}' is not defined")
    return found


def _number(frame: Frame, node: cst.Integer | cst.Float | cst.Imaginary) -> Any:
    written = node.value
    if written.isdecimal() and len(written) < 20 and (written == "0" or written[0] != "0"):  # nearly all
        return int(written)
    try:
        return node.evaluated_value
    except (SyntaxError, ValueError) as problem:  # more digits than Python takes
        raised(frame.at(node), "SyntaxError", str(problem))


def _string(frame: Frame, node: cst.SimpleString) -> Any:
    text = node.value
    if text[0] in "\"'" and "\\" not in text and "\r" not in text:  # nearly all: what stands there is what it means
        quotes = 3 if text.startswith(('"""', "'''")) else 1
        return sys.intern(text[quotes:-quotes])  # one object wherever it stands, as in Python
    try:
        value = node.evaluated_value
    except (SyntaxError, ValueError) as problem:  # an escape that is cut short, where libcst alone could read the file
        raised(frame.at(node), "SyntaxError", str(problem))
    return sys.intern(value) if isinstance(value, str) else value


def _concatenated(frame: Frame, node: cst.ConcatenatedString) -> Any:
    pieces = [evaluate(frame, node.left), evaluate(frame, node.right)]
    unknown = next((piece for piece in pieces if isinstance(piece, Unknown)), None)
    if unknown is not None:
        return unknown.joined(pieces)
    if type(pieces[0]) is not type(pieces[1]):
        raised(frame.at(node), "SyntaxError", "cannot mix bytes and nonbytes literals")
    return pieces[0] + pieces[1]


def _formatted_string(frame: Frame, node: cst.FormattedString) -> Any:
    pieces: list[Any] = [_formatted_part(frame, node, part) for part in node.parts]
    unknown = next((piece for piece in pieces if isinstance(piece, Unknown)), None)
    return "".join(pieces) if unknown is None else unknown.joined(pieces)


def _formatted_part(frame: Frame, node: cst.FormattedString, part: cst.BaseFormattedStringContent) -> Any:
    if isinstance(part, cst.FormattedStringText):
        value = part.value.replace("{{", "{").replace("}}", "}")
        if "\r" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        if "r" in node.prefix.lower() or "\\" not in value:
            return value
        return _unescaped(value)
    assert isinstance(part, cst.FormattedStringExpression)
    at = frame.at(part.expression)
    value = evaluate(frame, part.expression)
    spec = ""
    for inner in part.format_spec or ():
        piece = _formatted_part(frame, node, inner)
        if isinstance(piece, Unknown):
            return piece
        spec += piece
    if part.conversion == "r":
        value = representation(value, at)
    elif part.conversion == "s":
        value = text(value, at)
    elif part.conversion == "a":
        value = ascii_of(value, at)
    answer = formatted(value, spec, at)
    if part.equal is not None and not isinstance(answer, Unknown):
        shown = answer if part.conversion or spec else representation(value, at)
        if isinstance(shown, Unknown):
            return shown
        before, after = part.whitespace_before_expression, part.equal
        source = "".join(map(frame.module.code, (before, part.expression, after)))
        answer = f"{source}{shown}"
    return answer


_TO_QUOTE = re.compile(r"\\.|[\"\n]", re.DOTALL)
_QUOTED = {'"': '\\"', "\n": "\\n", "\\\n": ""}


def _unescaped(source: str) -> str:
    """What Python makes of the escapes in SOURCE, a backslash at the end of a line among them."""
    import ast

    quoted = _TO_QUOTE.sub(lambda found: _QUOTED.get(found[0], found[0]), source)
    try:
        found = ast.literal_eval(f'"{quoted}"')
    except (SyntaxError, ValueError):
        return source
    return str(found)


def _list(frame: Frame, node: cst.List) -> Any:
    return _new(frame, _elements(frame, node.elements))


def _new(frame: Frame, value: Any) -> Any:
    """VALUE, which nothing else has yet."""
    if not isinstance(value, Unknown):
        frame.session.journal.made(value)
    return value


def _tuple(frame: Frame, node: cst.Tuple) -> Any:
    found = _elements(frame, node.elements)
    if isinstance(found, Unknown):
        return found
    why = order_of(found)
    return tuple(found if why is None else so_many(why, len(found)))


def _set(frame: Frame, node: cst.Set) -> Any:
    found = _elements(frame, node.elements)
    if isinstance(found, Unknown):
        return found
    return _new(frame, host.make_set(found, frame.at(node)))


def _elements(frame: Frame, nodes: Any) -> list[Any] | Unknown:
    found: list[Any] = []
    for element in nodes:
        value = evaluate(frame, element.value)
        if isinstance(element, cst.StarredElement):
            more = elements(value, frame.at(element))
            if isinstance(more, Unknown):
                return more
            found += more
            if (why := order_of(more)) is not None:
                forget_order(found, why)
        else:
            found.append(value)
    return found


def _dict(frame: Frame, node: cst.Dict) -> Any:
    found: dict[Any, Any] = {}
    for element in node.elements:
        if isinstance(element, cst.StarredDictElement):
            more = evaluate(frame, element.value)
            more = host.as_mapping(more, frame.at(element))
            if isinstance(more, Unknown):
                return more
            merge(found, more, frame.at(element))
        else:
            assert isinstance(element, cst.DictElement)
            key = evaluate(frame, element.key)
            check_hashable(key, frame.at(element.key))
            value = evaluate(frame, element.value)
            if type(key) is str:  # nearly all
                found[key] = value
            else:
                put(found, [(key, value)], frame.at(element.key))
    return _new(frame, found)


def _binary(frame: Frame, node: cst.BinaryOperation) -> Any:
    left = evaluate(frame, node.left)
    right = evaluate(frame, node.right)
    return binary(BINARY_SIGNS[type(node.operator)], left, right, frame.at(node))


def _unary(frame: Frame, node: cst.UnaryOperation) -> Any:
    value = evaluate(frame, node.expression)
    if isinstance(node.operator, cst.Not):
        answer = truth(value, frame.at(node))
        return answer if isinstance(answer, Unknown) else not answer
    return unary(UNARY_SIGNS[type(node.operator)], value, frame.at(node))


def _boolean(frame: Frame, node: cst.BooleanOperation) -> Any:
    left = evaluate(frame, node.left)
    is_true = truth(left, frame.at(node.left))
    if isinstance(is_true, Unknown):
        from goflow.parser.interpreter.branches import maybe_expression

        return maybe_expression(frame, left, node.right, is_true)
    if is_true is isinstance(node.operator, cst.And):
        return evaluate(frame, node.right)
    return left


def _comparison(frame: Frame, node: cst.Comparison) -> Any:
    left = evaluate(frame, node.left)
    answer: Any = True
    for target in node.comparisons:
        right = evaluate(frame, target.comparator)
        answer = _compare(target.operator, left, right, frame, node)
        is_true = truth(answer, frame.at(node))
        if isinstance(is_true, Unknown) or not is_true:
            return answer
        left = right
    return answer


def _compare(sign: cst.BaseCompOp, left: Any, right: Any, frame: Frame, node: cst.CSTNode) -> Any:
    at = frame.at(node)
    match sign:
        case cst.Is():
            return identical(left, right, at)
        case cst.IsNot():
            answer = identical(left, right, at)
            return answer if isinstance(answer, Unknown) else not answer
        case cst.In():
            return contains(right, left, at)
        case cst.NotIn():
            answer = contains(right, left, at)
            return answer if isinstance(answer, Unknown) else not answer
    return binary(COMPARISON_SIGNS[type(sign)], left, right, at)


def _conditional(frame: Frame, node: cst.IfExp) -> Any:
    is_true = truth(evaluate(frame, node.test), frame.at(node.test))
    if isinstance(is_true, Unknown):
        from goflow.parser.interpreter.branches import both_expressions

        return both_expressions(frame, node.body, node.orelse, is_true)
    return evaluate(frame, node.body if is_true else node.orelse)


def _attribute(frame: Frame, node: cst.Attribute) -> Any:
    value = evaluate(frame, node.value)
    return host.get_attribute(value, node.attr.value, frame.at(node))


def _subscript(frame: Frame, node: cst.Subscript) -> Any:
    value = evaluate(frame, node.value)
    return get_item(value, subscript_key(frame, node), frame.at(node))


def subscript_key(frame: Frame, node: cst.Subscript) -> Any:
    """The key of ``value[key]``: a value, a slice, or a tuple of them."""
    keys = [_slice(frame, element.slice) for element in node.slice]
    return keys[0] if len(keys) == 1 and not _has_comma(node) else tuple(keys)


def _has_comma(node: cst.Subscript) -> bool:
    return isinstance(node.slice[-1].comma, cst.Comma)


def _slice(frame: Frame, node: cst.BaseSlice) -> Any:
    if isinstance(node, cst.Index):
        return evaluate(frame, node.value)
    assert isinstance(node, cst.Slice)
    parts = [None if part is None else evaluate(frame, part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts)


def _call(frame: Frame, node: cst.Call) -> Any:
    function = evaluate(frame, node.func)
    at = frame.at(node)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    unknown: Unknown | None = None
    for argument in node.args:
        value = evaluate(frame, argument.value)
        if argument.star == "*":
            more = elements(value, at)
            if isinstance(more, Unknown):
                unknown = more
            elif unknown is None:
                args += more
        elif argument.star == "**":
            hidden = _more_keywords(function, kwargs, host.as_mapping(value, at), at)
            unknown = hidden if unknown is None else unknown
        elif argument.keyword is not None:
            kwargs[argument.keyword.value] = value
        elif unknown is None:  # behind what is not known nobody knows which it is
            args.append(value)
    if unknown is not None:
        return call_unknown(function, unknown, args, kwargs, at)
    if isinstance(function, NativeFrameFunction):
        return function.call_in(frame, args, kwargs, at)
    return call(function, args, kwargs, at)


def _more_keywords(function: Any, kwargs: dict[str, Any], mapping: Mapping[Any, Any] | Unknown, at: At) -> Any:
    """Add what is known of ``**mapping`` to KWARGS; why it is not all, or None."""
    if isinstance(mapping, Unknown):
        return mapping
    hidden = hidden_key(mapping)
    for key, inner in mapping.items():
        if isinstance(key, Unknown | UnknownKey):
            continue
        if key in kwargs:
            name = getattr(function, "name", "function")
            raised(at, "TypeError", f"{name}() got multiple values for keyword argument '{key}'")
        kwargs[str(key)] = inner
    return hidden


def _lambda(frame: Frame, node: cst.Lambda) -> Any:
    return UserFunction(node, frame, "<lambda>", f"{frame.prefix}<lambda>", parameters_of(node.params, frame))


def _named(frame: Frame, node: cst.NamedExpr) -> Any:
    value = evaluate(frame, node.value)
    assert isinstance(node.target, cst.Name)
    scope = frame.scope
    while scope.is_comprehension and scope.parent is not None:
        scope = scope.parent
    frame.nested(scope).assign(node.target.value, value)
    return value


def _comprehension(frame: Frame, node: cst.BaseComp) -> Any:
    from goflow.parser.interpreter.comprehensions import comprehension

    return comprehension(frame, node)


def _yield(frame: Frame, node: cst.Yield) -> Any:
    generator = frame.generator
    if generator is None:  # in a lambda, say
        return Unknown("what a generator is sent", frame.at(node))
    if isinstance(node.value, cst.From):
        return generator.delegate(evaluate(frame, node.value.item), frame.at(node))
    return generator.hand_over(None if node.value is None else evaluate(frame, node.value))


def _await(frame: Frame, node: cst.Await) -> Any:
    return Unknown("an awaited value", frame.at(node))


def _ellipsis(frame: Frame, node: cst.Ellipsis) -> Any:
    return ...


HANDLERS: dict[type[cst.CSTNode], Evaluate] = {
    cst.Name: _name, cst.Integer: _number, cst.Float: _number, cst.Imaginary: _number, cst.SimpleString: _string,
    cst.ConcatenatedString: _concatenated, cst.FormattedString: _formatted_string, cst.List: _list, cst.Tuple: _tuple,
    cst.Set: _set, cst.Dict: _dict, cst.BinaryOperation: _binary, cst.UnaryOperation: _unary,
    cst.BooleanOperation: _boolean, cst.Comparison: _comparison, cst.IfExp: _conditional, cst.Attribute: _attribute,
    cst.Subscript: _subscript, cst.Call: _call, cst.Lambda: _lambda, cst.NamedExpr: _named,
    cst.ListComp: _comprehension, cst.SetComp: _comprehension, cst.DictComp: _comprehension,
    cst.GeneratorExp: _comprehension, cst.Yield: _yield, cst.Await: _await, cst.Ellipsis: _ellipsis,
}  # fmt: skip

__all__ = ["evaluate", "subscript_key"]
