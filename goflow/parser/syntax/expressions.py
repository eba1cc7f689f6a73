"""Expressions: ast's nodes as libcst's, one function for each kind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from goflow.parser.syntax.text import Text, sharing

_Arg, _Attribute, _Await, _Call = sharing(cst.Arg), sharing(cst.Attribute), sharing(cst.Await), sharing(cst.Call)
_CompFor, _CompIf, _From = sharing(cst.CompFor), sharing(cst.CompIf), sharing(cst.From)
_Dict, _DictElement = sharing(cst.Dict), sharing(cst.DictElement)
_DictComp, _GeneratorExp, _IfExp = sharing(cst.DictComp), sharing(cst.GeneratorExp), sharing(cst.IfExp)
_Lambda, _List, _ListComp = sharing(cst.Lambda), sharing(cst.List), sharing(cst.ListComp)
_NamedExpr, _Set, _SetComp, _Slice = sharing(cst.NamedExpr), sharing(cst.Set), sharing(cst.SetComp), sharing(cst.Slice)
_StarredDictElement, _StarredElement = sharing(cst.StarredDictElement), sharing(cst.StarredElement)
_Subscript, _Tuple = sharing(cst.Subscript), sharing(cst.Tuple)
_Annotation, _Param, _ParamStar = sharing(cst.Annotation), sharing(cst.Param), sharing(cst.ParamStar)

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: cst.Add(), ast.Sub: cst.Subtract(), ast.Mult: cst.Multiply(), ast.Div: cst.Divide(),
    ast.FloorDiv: cst.FloorDivide(), ast.Mod: cst.Modulo(), ast.Pow: cst.Power(), ast.LShift: cst.LeftShift(),
    ast.RShift: cst.RightShift(), ast.BitAnd: cst.BitAnd(), ast.BitOr: cst.BitOr(), ast.BitXor: cst.BitXor(),
    ast.MatMult: cst.MatrixMultiply(),
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Eq: cst.Equal(), ast.NotEq: cst.NotEqual(), ast.Lt: cst.LessThan(), ast.LtE: cst.LessThanEqual(),
    ast.Gt: cst.GreaterThan(), ast.GtE: cst.GreaterThanEqual(), ast.Is: cst.Is(), ast.IsNot: cst.IsNot(),
    ast.In: cst.In(), ast.NotIn: cst.NotIn(),
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Any] = {
    ast.USub: cst.Minus(), ast.UAdd: cst.Plus(), ast.Invert: cst.BitInvert(), ast.Not: cst.Not(),
}  # fmt: skip
_NUMBERS: dict[type, Callable[[str], Any]] = {int: cst.Integer, float: cst.Float, complex: cst.Imaginary}
_AND, _OR, _COMMA = cst.And(), cst.Or(), cst.Comma()
ASYNCHRONOUS = cst.Asynchronous()


def expression(text: Text, node: ast.expr) -> Any:
    """NODE as libcst has it; what has no function here is read by libcst."""
    builder = _BUILDERS.get(type(node))
    if builder is None:
        return text.read_expression(node)
    return text.put(builder(text, node), node)


def maybe(text: Text, node: ast.expr | None) -> Any:
    """The same for what may be left out."""
    return None if node is None else expression(text, node)


def dotted(name: str) -> Any:
    """The dotted name of a module."""
    first, *rest = name.split(".")
    made: cst.Name | cst.Attribute = cst.Name(first)
    for word in rest:
        made = _Attribute(value=made, attr=cst.Name(word))
    return made


# Constants -------------------------------------------------------------------------------------------------------


def _constant(text: Text, node: ast.Constant) -> Any:
    value = node.value
    if isinstance(value, str | bytes):
        written = text.segment(node)
        return cst.SimpleString(written) if _is_one_token(written) else text.read_expression(node)
    if value is None or isinstance(value, bool):
        return cst.Name(repr(value))
    if value is ...:
        return cst.Ellipsis()
    return _NUMBERS[type(value)](text.segment(node))


def _is_one_token(written: str) -> bool:
    """Whether a string stands there by itself, not several side by side; False also where that is not seen at once."""
    body = written.lstrip("rRbBuU")
    quote = body[:3] if body.startswith(('"""', "'''")) else body[:1]
    return len(body) >= 2 * len(quote) and body.endswith(quote) and body.count(quote) == 2


# Operators -------------------------------------------------------------------------------------------------------


def _binary(text: Text, node: ast.BinOp) -> Any:
    return cst.BinaryOperation(expression(text, node.left), _BINARY[type(node.op)], expression(text, node.right))


def _unary(text: Text, node: ast.UnaryOp) -> Any:
    return cst.UnaryOperation(_UNARY[type(node.op)], expression(text, node.operand))


def _boolean(text: Text, node: ast.BoolOp) -> Any:
    """``a or b or c`` is one node for ast, and two for libcst."""
    sign = _AND if isinstance(node.op, ast.And) else _OR
    first = node.values[0]
    made = expression(text, first)
    for value in node.values[1:]:
        made = text.put(cst.BooleanOperation(made, sign, expression(text, value)), (first, value))
    return made


def _comparison(text: Text, node: ast.Compare) -> Any:
    targets = [
        cst.ComparisonTarget(_COMPARISONS[type(sign)], expression(text, value))
        for sign, value in zip(node.ops, node.comparators, strict=True)
    ]
    return cst.Comparison(expression(text, node.left), targets)


def _conditional(text: Text, node: ast.IfExp) -> Any:
    return _IfExp(
        test=expression(text, node.test), body=expression(text, node.body), orelse=expression(text, node.orelse)
    )


def _named(text: Text, node: ast.NamedExpr) -> Any:
    return _NamedExpr(target=expression(text, node.target), value=expression(text, node.value))


# Containers ------------------------------------------------------------------------------------------------------


def _elements(text: Text, nodes: Sequence[ast.expr]) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found.append(text.put(_StarredElement(value=expression(text, node.value)), node))
        else:
            found.append(cst.Element(expression(text, node)))
    return found


def _list(text: Text, node: ast.List) -> Any:
    return _List(elements=_elements(text, node.elts))


def _tuple(text: Text, node: ast.Tuple) -> Any:
    return _Tuple(elements=_elements(text, node.elts))


def _set(text: Text, node: ast.Set) -> Any:
    return _Set(elements=_elements(text, node.elts))


def _dict(text: Text, node: ast.Dict) -> Any:
    found: list[Any] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            found.append(text.put(_StarredDictElement(value=expression(text, value)), value))
        else:
            found.append(_DictElement(key=expression(text, key), value=expression(text, value)))
    return _Dict(elements=found)


def _starred(text: Text, node: ast.Starred) -> Any:
    return _StarredElement(value=expression(text, node.value))


# Comprehensions --------------------------------------------------------------------------------------------------


def _clauses(text: Text, clauses: Sequence[ast.comprehension]) -> Any:
    clause, *rest = clauses
    made = _CompFor(
        target=expression(text, clause.target),
        iter=expression(text, clause.iter),
        ifs=[_CompIf(test=expression(text, test)) for test in clause.ifs],
        inner_for_in=_clauses(text, rest) if rest else None,
        asynchronous=ASYNCHRONOUS if clause.is_async else None,
    )
    return text.put(made, (clause.target, clause.iter))


def _list_comprehension(text: Text, node: ast.ListComp) -> Any:
    return _ListComp(elt=expression(text, node.elt), for_in=_clauses(text, node.generators))


def _set_comprehension(text: Text, node: ast.SetComp) -> Any:
    return _SetComp(elt=expression(text, node.elt), for_in=_clauses(text, node.generators))


def _generator(text: Text, node: ast.GeneratorExp) -> Any:
    return _GeneratorExp(elt=expression(text, node.elt), for_in=_clauses(text, node.generators))


def _dict_comprehension(text: Text, node: ast.DictComp) -> Any:
    key, value = expression(text, node.key), expression(text, node.value)
    return _DictComp(key=key, value=value, for_in=_clauses(text, node.generators))


# What is reached from a value ------------------------------------------------------------------------------------


def _name(text: Text, node: ast.Name) -> Any:
    return cst.Name(node.id)


def _attribute(text: Text, node: ast.Attribute) -> Any:
    return _Attribute(value=expression(text, node.value), attr=cst.Name(node.attr))


def _subscript(text: Text, node: ast.Subscript) -> Any:
    keys = node.slice
    if isinstance(keys, ast.Tuple) and keys.elts:
        found = [cst.SubscriptElement(_slice(text, key)) for key in keys.elts]
        if len(found) == 1:
            found = [cst.SubscriptElement(found[0].slice, _COMMA)]
    else:
        found = [cst.SubscriptElement(_slice(text, keys))]
    return _Subscript(value=expression(text, node.value), slice=found)


def _slice(text: Text, node: ast.expr) -> Any:
    if isinstance(node, ast.Slice):
        return _Slice(lower=maybe(text, node.lower), upper=maybe(text, node.upper), step=maybe(text, node.step))
    if isinstance(node, ast.Starred):
        return cst.Index(expression(text, node.value), star="*")
    return cst.Index(expression(text, node))


def arguments(text: Text, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> list[Any]:
    """What stands between the parentheses of a call, in the order in which it does."""
    found: list[Any] = []
    for value in args:
        if isinstance(value, ast.Starred):
            made = _Arg(value=expression(text, value.value), star="*")
        else:
            made = _Arg(value=expression(text, value))
        found.append(text.put(made, value))
    for keyword in keywords:
        if keyword.arg is None:
            made = _Arg(value=expression(text, keyword.value), star="**")
        else:
            made = _Arg(value=expression(text, keyword.value), keyword=cst.Name(keyword.arg))
        found.append(text.put(made, keyword))
    if keywords and any(isinstance(value, ast.Starred) for value in args):  # only these may stand behind a keyword
        nodes: list[Any] = [*args, *keywords]
        order = sorted(range(len(nodes)), key=lambda index: (nodes[index].lineno, nodes[index].col_offset))
        return [found[index] for index in order]
    return found


def _call(text: Text, node: ast.Call) -> Any:
    return _Call(func=expression(text, node.func), args=arguments(text, node.args, node.keywords))


# Functions -------------------------------------------------------------------------------------------------------


def _lambda(text: Text, node: ast.Lambda) -> Any:
    return _Lambda(params=parameters(text, node.args), body=expression(text, node.body))


def parameters(text: Text, args: ast.arguments) -> cst.Parameters:
    """The parameters of a function."""
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    made = [_parameter(text, arg, default) for arg, default in zip(plain, defaults, strict=True)]
    only = [_parameter(text, arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    star: Any = cst.MaybeSentinel.DEFAULT
    if args.vararg is not None:
        star = _parameter(text, args.vararg, None, "*")
    elif only:
        star = _ParamStar()
    return cst.Parameters(
        params=made[len(args.posonlyargs) :],
        star_arg=star,
        kwonly_params=only,
        star_kwarg=None if args.kwarg is None else _parameter(text, args.kwarg, None, "**"),
        posonly_params=made[: len(args.posonlyargs)],
    )


def _parameter(text: Text, arg: ast.arg, default: ast.expr | None, star: str = "") -> Any:
    said = arg.annotation
    note = None if said is None else annotation(text, said)
    return text.put(_Param(name=cst.Name(arg.arg), annotation=note, default=maybe(text, default), star=star), arg)


def annotation(text: Text, node: ast.expr) -> cst.Annotation:
    """What stands behind a colon or an arrow."""
    if isinstance(node, ast.Starred):
        return _Annotation(annotation=text.put(_StarredElement(value=expression(text, node.value)), node))
    return _Annotation(annotation=expression(text, node))


def _await(text: Text, node: ast.Await) -> Any:
    return _Await(expression=expression(text, node.value))


def _yield(text: Text, node: ast.Yield) -> Any:
    return cst.Yield(maybe(text, node.value))


def _yield_from(text: Text, node: ast.YieldFrom) -> Any:
    return cst.Yield(_From(item=expression(text, node.value)))


_BUILDERS: dict[type[ast.expr], Callable[[Text, Any], Any]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.Call: _call, ast.Subscript: _subscript,
    ast.List: _list, ast.Tuple: _tuple, ast.Set: _set, ast.Dict: _dict, ast.Starred: _starred, ast.BinOp: _binary,
    ast.UnaryOp: _unary, ast.BoolOp: _boolean, ast.Compare: _comparison, ast.IfExp: _conditional,
    ast.NamedExpr: _named, ast.ListComp: _list_comprehension, ast.SetComp: _set_comprehension,
    ast.DictComp: _dict_comprehension, ast.GeneratorExp: _generator, ast.Lambda: _lambda, ast.Await: _await,
    ast.Yield: _yield, ast.YieldFrom: _yield_from,
}  # fmt: skip
