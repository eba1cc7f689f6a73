"""``eval``: texts that are expressions."""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst

from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.plain_values import as_raised
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Unknown

_NOT_EVALUATED = (
    ast.Call, ast.Lambda, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await,
    ast.Yield, ast.YieldFrom,
)  # fmt: skip


def evaluated(frame: Frame, at: At, source: Any, *scopes: Any) -> Any:
    """``eval(text)`` of a known expression over names that are there, which calls nothing and makes no scope."""
    if not isinstance(source, str) or scopes:
        return Unknown("eval(), which is not run", at)
    at.session.budget.check_size(len(source), at)
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError) as problem:
        as_raised(problem, at)
    except (MemoryError, RecursionError):
        return Unknown("eval() of a text that is nested too deep", at)
    if any(isinstance(node, _NOT_EVALUATED) for node in ast.walk(tree)):
        return Unknown("eval(), which is not run", at)
    module = ModuleValue(at.session, frame.module.name, frame.module.path, source.strip())
    try:
        line = module.parse().body[0]
    except (cst.ParserSyntaxError, RecursionError):
        return Unknown("eval() of a text that is not read", at)
    assert isinstance(line, cst.SimpleStatementLine)
    assert isinstance(line.body[0], cst.Expr)
    return evaluate(frame, line.body[0].value)
