"""Statements: ast's nodes as libcst's, one function for each kind. Bodies of functions are built when asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from goflow.parser.syntax.expressions import ASYNCHRONOUS, annotation, arguments, dotted, expression, maybe, parameters
from goflow.parser.syntax.text import Text, sharing, trusted_nodes

_AsName, _Assert, _AssignTarget, _AugAssign = map(sharing, (cst.AsName, cst.Assert, cst.AssignTarget, cst.AugAssign))
_ClassDef, _FunctionDef, _Decorator = sharing(cst.ClassDef), sharing(cst.FunctionDef), sharing(cst.Decorator)
_Del, _Global, _Nonlocal, _From = sharing(cst.Del), sharing(cst.Global), sharing(cst.Nonlocal), sharing(cst.From)
_Import, _ImportFrom, _Dot = sharing(cst.Import), sharing(cst.ImportFrom), sharing(cst.Dot)
_If, _Else, _For, _While, _With = map(sharing, (cst.If, cst.Else, cst.For, cst.While, cst.With))
_Try, _TryStar, _Finally = sharing(cst.Try), sharing(cst.TryStar), sharing(cst.Finally)
_ExceptHandler, _ExceptStarHandler = sharing(cst.ExceptHandler), sharing(cst.ExceptStarHandler)
_IndentedBlock, _Line = sharing(cst.IndentedBlock), sharing(cst.SimpleStatementLine)

_AUGMENTED: dict[type[ast.operator], Any] = {
    ast.Add: cst.AddAssign(), ast.Sub: cst.SubtractAssign(), ast.Mult: cst.MultiplyAssign(),
    ast.Div: cst.DivideAssign(), ast.FloorDiv: cst.FloorDivideAssign(), ast.Mod: cst.ModuloAssign(),
    ast.Pow: cst.PowerAssign(), ast.LShift: cst.LeftShiftAssign(), ast.RShift: cst.RightShiftAssign(),
    ast.BitAnd: cst.BitAndAssign(), ast.BitOr: cst.BitOrAssign(), ast.BitXor: cst.BitXorAssign(),
    ast.MatMult: cst.MatrixMultiplyAssign(),
}  # fmt: skip


class LaterBlock(cst.IndentedBlock):
    """The body of a function, which is built when somebody looks at it: most are never run while the file is read."""

    _text: Text
    _nodes: Sequence[ast.stmt]
    _body: Sequence[cst.BaseStatement] = ()

    @classmethod
    def of(cls, text: Text, nodes: Sequence[ast.stmt]) -> LaterBlock:
        """The body with NODES in TEXT."""
        made = _LaterBlock(body=())
        object.__setattr__(made, "_text", text)
        object.__setattr__(made, "_nodes", nodes)
        return made

    @property
    def body(self) -> Sequence[cst.BaseStatement]:
        """Its statements."""
        if not self._body:
            with trusted_nodes():
                object.__setattr__(self, "_body", statements(self._text, self._nodes))
        return self._body

    @body.setter
    def body(self, given: Sequence[cst.BaseStatement]) -> None:
        object.__setattr__(self, "_body", given)

    @property
    def is_built(self) -> bool:
        """Whether somebody has looked."""
        return bool(self._body)

    @property
    def docstring(self) -> str | None:
        """The text that it begins with, if it does."""
        first = self._nodes[0]
        value = first.value if isinstance(first, ast.Expr) else None
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


_LaterBlock = sharing(LaterBlock)


def statements(text: Text, nodes: Sequence[ast.stmt]) -> list[Any]:
    """NODES as libcst has them; what has no function here is read by libcst."""
    return [_statement(text, node) for node in nodes]


def _statement(text: Text, node: ast.stmt) -> Any:
    kind = type(node)
    small = _SMALL.get(kind)
    if small is not None:
        return text.put(_Line(body=(text.put(small(text, node), node),)), node)
    builder = _COMPOUND.get(kind)
    if builder is None or getattr(node, "type_params", None):
        return text.read_statement(node)
    return text.put(builder(text, node), node)


def _block(text: Text, nodes: Sequence[ast.stmt]) -> Any:
    return _IndentedBlock(body=statements(text, nodes))


# Statements on a line --------------------------------------------------------------------------------------------


def _expression(text: Text, node: ast.Expr) -> Any:
    return cst.Expr(expression(text, node.value))


def _assign(text: Text, node: ast.Assign) -> Any:
    targets = [_AssignTarget(target=expression(text, target)) for target in node.targets]
    return cst.Assign(targets, expression(text, node.value))


def _annotated(text: Text, node: ast.AnnAssign) -> Any:
    note = annotation(text, node.annotation)
    return cst.AnnAssign(expression(text, node.target), note, maybe(text, node.value))


def _augmented(text: Text, node: ast.AugAssign) -> Any:
    return _AugAssign(
        target=expression(text, node.target), operator=_AUGMENTED[type(node.op)], value=expression(text, node.value)
    )


def _return(text: Text, node: ast.Return) -> Any:
    return cst.Return(maybe(text, node.value))


def _raise(text: Text, node: ast.Raise) -> Any:
    cause = None if node.cause is None else _From(item=expression(text, node.cause))
    return cst.Raise(maybe(text, node.exc), cause)


def _assert(text: Text, node: ast.Assert) -> Any:
    return _Assert(test=expression(text, node.test), msg=maybe(text, node.msg))


def _delete(text: Text, node: ast.Delete) -> Any:
    if len(node.targets) == 1:
        return _Del(target=expression(text, node.targets[0]))
    parts = [cst.Element(expression(text, target)) for target in node.targets]
    return _Del(target=text.put(cst.Tuple(parts), (node.targets[0], node.targets[-1])))


def _global(text: Text, node: ast.Global) -> Any:
    return _Global(names=[cst.NameItem(cst.Name(name)) for name in node.names])


def _nonlocal(text: Text, node: ast.Nonlocal) -> Any:
    return _Nonlocal(names=[cst.NameItem(cst.Name(name)) for name in node.names])


def _import(text: Text, node: ast.Import) -> Any:
    return _Import(names=[_alias(text, alias) for alias in node.names])


def _import_from(text: Text, node: ast.ImportFrom) -> Any:
    is_star = node.names[0].name == "*"
    return _ImportFrom(
        module=None if node.module is None else dotted(node.module),
        names=cst.ImportStar() if is_star else [_alias(text, alias) for alias in node.names],
        relative=[_Dot()] * node.level,
    )


def _alias(text: Text, alias: ast.alias) -> Any:
    asname = None if alias.asname is None else _AsName(name=cst.Name(alias.asname))
    return text.put(cst.ImportAlias(dotted(alias.name), asname), alias)


# Statements with bodies ------------------------------------------------------------------------------------------


def _if(text: Text, node: ast.If) -> Any:
    otherwise: Any = None
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        otherwise = _statement(text, node.orelse[0])
    elif node.orelse:
        otherwise = _else(text, node.orelse)
    return _If(test=expression(text, node.test), body=_block(text, node.body), orelse=otherwise)


def _else(text: Text, nodes: Sequence[ast.stmt]) -> Any:
    return _Else(body=_block(text, nodes)) if nodes else None


def _for(text: Text, node: ast.For | ast.AsyncFor) -> Any:
    return _For(
        target=expression(text, node.target),
        iter=expression(text, node.iter),
        body=_block(text, node.body),
        orelse=_else(text, node.orelse),
        asynchronous=ASYNCHRONOUS if isinstance(node, ast.AsyncFor) else None,
    )


def _while(text: Text, node: ast.While) -> Any:
    return _While(test=expression(text, node.test), body=_block(text, node.body), orelse=_else(text, node.orelse))


def _with(text: Text, node: ast.With | ast.AsyncWith) -> Any:
    return _With(
        items=[_with_item(text, item) for item in node.items],
        body=_block(text, node.body),
        asynchronous=ASYNCHRONOUS if isinstance(node, ast.AsyncWith) else None,
    )


def _with_item(text: Text, item: ast.withitem) -> Any:
    target = item.optional_vars
    asname = None if target is None else _AsName(name=expression(text, target))
    made = cst.WithItem(expression(text, item.context_expr), asname)
    return text.put(made, (item.context_expr, target or item.context_expr))


def _try(text: Text, node: ast.Try) -> Any:
    return _Try(
        body=_block(text, node.body),
        handlers=[_handler(text, handler, _ExceptHandler) for handler in node.handlers],
        orelse=_else(text, node.orelse),
        finalbody=_Finally(body=_block(text, node.finalbody)) if node.finalbody else None,
    )


def _try_star(text: Text, node: ast.TryStar) -> Any:
    return _TryStar(
        body=_block(text, node.body),
        handlers=[_handler(text, handler, _ExceptStarHandler) for handler in node.handlers],
        orelse=_else(text, node.orelse),
        finalbody=_Finally(body=_block(text, node.finalbody)) if node.finalbody else None,
    )


def _handler(text: Text, node: ast.ExceptHandler, kind: Callable[..., Any]) -> Any:
    name = None if node.name is None else _AsName(name=cst.Name(node.name))
    return text.put(kind(body=_block(text, node.body), type=maybe(text, node.type), name=name), node)


# Definitions -----------------------------------------------------------------------------------------------------


def _function(text: Text, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
    return _FunctionDef(
        name=cst.Name(node.name),
        params=parameters(text, node.args),
        body=LaterBlock.of(text, node.body),
        decorators=_decorators(text, node.decorator_list),
        returns=None if node.returns is None else annotation(text, node.returns),
        asynchronous=ASYNCHRONOUS if isinstance(node, ast.AsyncFunctionDef) else None,
    )


def _class(text: Text, node: ast.ClassDef) -> Any:
    return _ClassDef(
        name=cst.Name(node.name),
        body=_block(text, node.body),
        bases=arguments(text, node.bases, ()),
        keywords=arguments(text, (), node.keywords),
        decorators=_decorators(text, node.decorator_list),
    )


def _decorators(text: Text, nodes: Sequence[ast.expr]) -> list[Any]:
    return [text.put(_Decorator(decorator=expression(text, node)), node) for node in nodes]


_SMALL: dict[type[ast.stmt], Callable[[Text, Any], Any]] = {
    ast.Expr: _expression, ast.Assign: _assign, ast.AnnAssign: _annotated, ast.AugAssign: _augmented,
    ast.Return: _return, ast.Raise: _raise, ast.Assert: _assert, ast.Delete: _delete, ast.Global: _global,
    ast.Nonlocal: _nonlocal, ast.Import: _import, ast.ImportFrom: _import_from,
    ast.Pass: lambda text, node: cst.Pass(), ast.Break: lambda text, node: cst.Break(),
    ast.Continue: lambda text, node: cst.Continue(),
}  # fmt: skip
_COMPOUND: dict[type[ast.stmt], Callable[[Text, Any], Any]] = {
    ast.If: _if, ast.For: _for, ast.AsyncFor: _for, ast.While: _while, ast.With: _with, ast.AsyncWith: _with,
    ast.Try: _try, ast.TryStar: _try_star, ast.FunctionDef: _function, ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
}  # fmt: skip
