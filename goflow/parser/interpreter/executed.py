"""``exec``: a text that is known is read as the body of a module is; one that is not may have set any name."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.domain.diagnostics import Span
from goflow.parser.interpreter.bodies import declare, run_top
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.scopes import Frame, Scope
from goflow.parser.interpreter.session import BudgetError
from goflow.parser.interpreter.values import At, Unknown, UnknownKey, Value, hidden_key, raised

_ARGUMENTS = ("source", "globals", "locals")


class TextModule(ModuleValue):
    """The text SOURCE that is executed at a place of a file: whatever is told of it is told of that place."""

    def __init__(self, module: ModuleValue, source: str, at: At) -> None:
        super().__init__(module.session, module.name, module.path, source, is_package=module.is_package)
        self._at = at

    def span_of(self, node: cst.CSTNode | None) -> Span:
        """The place where it is executed."""
        return self._at.span


def execute(frame: Frame, at: At, *args: Any, **kwargs: Any) -> None:
    """``exec(source, globals, locals)``. Raises what the text raises, and the file's SyntaxError."""
    given = dict(zip(_ARGUMENTS, args, strict=False)) | kwargs
    source, outer, inner = (given.get(name) for name in _ARGUMENTS)
    names = frame.module.names if outer is None else outer
    is_plain = type(names) is dict and (inner is None or type(inner) is dict)
    is_own = names is frame.module.names
    if not isinstance(source, str) or not is_plain or (not is_own and "__builtins__" in names):
        _not_read(frame, at, args, kwargs, is_own=is_own)
        return
    if inner is None:
        inner = frame.scope.names if outer is None else names
    module = TextModule(frame.module, source, at)
    module.scope = frame.module.scope if is_own else Scope(None, names=names)
    module.starred = frame.module.starred if is_own else hidden_key(names)
    if not is_own:
        at.session.journal.touch(names)
        names["__builtins__"] = Unknown("Python's builtins", at)
    if inner is names:
        scope = module.scope
    elif outer is None and not frame.scope.is_class:  # what it sets in a function is lost when it ends
        scope = Scope(frame.scope, is_class=True)
    else:
        scope = Scope(module.scope, is_class=True, names=inner)
    at.session.budget.look(at)
    running = Frame(at.session, module, scope)
    with at.session.budget.deeper(at):
        tree = _tree(module, at)
        if scope is not module.scope:
            declare(running, tree)
        run_top(running, tree.body)
    if is_own:
        frame.module.starred = module.starred


def _tree(module: TextModule, at: At) -> cst.Module:
    try:
        return module.parse()
    except cst.ParserSyntaxError as problem:
        raised(at, "SyntaxError", f"{problem.message} (<string>, line {problem.raw_line})")
    except RecursionError:
        raise BudgetError("deeper than the reader can follow", at) from None


def _not_read(frame: Frame, at: At, args: Any, kwargs: dict[str, Any], *, is_own: bool) -> None:
    """Names that nothing else defines may come from it, and so may tasks and DAGs; plain values may be others."""
    why = Unknown("what exec() runs", at)
    if is_own:
        names = frame.module.names
        frame.module.starred = why
        at.session.journal.touch(names)
        for name, value in names.items():
            if not isinstance(value, Value) and not name.startswith("__"):
                names[name] = why
        names[UnknownKey(why)] = why
    why.call(args, kwargs, at)
