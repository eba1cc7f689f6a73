"""Functions that dag-factory's YAML names by a file, and what is asked of classes and functions that it names."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import Kind, UserFunction
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.dagfactory.shapes import EXCEPTION, refuse

_FILES = "dag-factory files"


def callable_of_file(name: Any, file: Any, at: At) -> Any:
    """The function NAME of the Python file FILE, an absolute path (dag-factory's ``get_python_callable``)."""
    if isinstance(name, Unknown) or isinstance(file, Unknown):
        return name if isinstance(name, Unknown) else file
    if not isinstance(name, str):
        refuse(at, f"the name of a function has to be text, not {name!r}", kind="TypeError")
    if not isinstance(file, str) or not file.startswith("/"):
        hint = "begin it with the DAG folder: ${AIRFLOW_HOME}/dags/... in YAML, an f-string in Python"
        refuse(at, "`python_callable_file` must be absolute path", hint, EXCEPTION)
    loader = at.session.loader
    real = loader.real(file)
    if not any(real.is_relative_to(root) for root in loader.roots):
        return Unknown(f"{name} of {file}, which is outside the DAG folder", at)
    known = at.session.library.setdefault(_FILES, {})
    if real not in known:
        known[real] = loader.run_file(real.stem, real, at)
    module: ModuleValue = known[real]
    return module.get_attribute(name, at)


def lambda_of(text: Any, at: At) -> Any:
    """The function that TEXT is (dag-factory's ``get_python_callable_lambda``)."""
    if not isinstance(text, str):
        return Unknown("a lambda that is not written out", at)
    module = ModuleValue(at.session, "lambda_expr_to_callable", at.module.path, text)
    try:
        tree = module.parse()
    except cst.ParserSyntaxError as problem:
        fail(at, "SyntaxError", problem.message, code="GF406")
    body = tree.body[0].body[0] if tree.body and isinstance(tree.body[0], cst.SimpleStatementLine) else None
    if len(tree.body) != 1 or not isinstance(body, cst.Expr):
        refuse(at, "`lambda_expr` must be a single lambda", kind=EXCEPTION)
    return evaluate(Frame(at.session, module, module.scope), body.value)


def parameters_of(function: Any) -> list[str] | None:
    """FUNCTION's parameters that may be given by position (``inspect.getfullargspec``); None: not known."""
    inner = function.wraps if isinstance(function, UserFunction) and function.wraps is not None else function
    if not isinstance(inner, UserFunction):
        return None
    return [one.name for one in inner.parameters if one.kind in {Kind.POSITIONAL, Kind.PLAIN}]


def derives_from(cls: Any, *paths: str) -> bool:
    """Whether the class CLS is one of those at PATHS, or derives from one."""
    return isinstance(cls, ClassValue) and any(base.path in paths for base in cls.mro)
