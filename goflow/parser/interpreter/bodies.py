"""Bodies: running the statements of a module, class or function, and what a function gives."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import libcst as cst

from goflow.parser.interpreter.branches import join_values
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction, is_generator
from goflow.parser.interpreter.locals_ import assigned_names
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import BudgetError
from goflow.parser.interpreter.values import At, Raised, raised
from goflow.parser.limits import LONGEST_S, TimeIsUpError


class How(enum.Enum):
    """How a body ends, when not by its last statement."""

    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a body by HOW, with a return's VALUE."""

    how: How
    value: Any = None


Statement = Callable[[Frame, Any], Exit | None]


def run_body(frame: Frame, statements: Iterable[cst.CSTNode]) -> Exit | None:
    """Run STATEMENTS in order until one leaves the body."""
    from goflow.parser.interpreter.statements import HANDLERS

    for statement in statements:
        budget = frame.session.budget
        budget.steps_left -= 1
        if budget.steps_left < budget.next_look:
            budget.look(frame.at(statement))
        try:
            if isinstance(statement, cst.SimpleStatementLine):
                for small in statement.body:
                    left = HANDLERS[type(small)](frame, small)
                    if left is not None:
                        return left
            else:
                left = HANDLERS[type(statement)](frame, statement)
                if left is not None:
                    return left
        except RecursionError:
            raise BudgetError("deeper than the reader can follow", frame.at(statement)) from None
        except TimeIsUpError:
            raise BudgetError(f"more than {LONGEST_S:.0f} s", frame.at(statement)) from None
        except MemoryError:
            raise BudgetError("more memory than it may", frame.at(statement)) from None
    return None


def run_top(frame: Frame, statements: Iterable[cst.CSTNode]) -> None:
    """Run STATEMENTS of a module or class, which nothing may leave: Python does not begin with such a file. Raises the
    file's SyntaxError."""
    for statement in statements:
        left = run_body(frame, (statement,))
        if left is not None:
            place = "function" if left.how is How.RETURN else "loop"
            raised(frame.at(statement), "SyntaxError", f"'{left.how.value}' outside {place}")


def run_suite(frame: Frame, suite: cst.BaseSuite) -> Exit | None:
    """Run the body of a compound statement, on one line or many."""
    return run_body(frame, suite.body)


def run_function(function: UserFunction, frame: Frame, at: At) -> Any:
    """Run FUNCTION's body in FRAME, its arguments bound: what it returns, or its generator."""
    node = function.node
    try:
        if isinstance(node, cst.Lambda):
            return evaluate(frame, node.body)
        declare(frame, node.body)
        if is_generator(node, function.module):
            from goflow.parser.interpreter.generators import Generator

            return Generator(function, frame)
        left = run_whole(frame, node.body, at)
    except Raised as problem:
        problem.trace.append(at)
        raise
    if left is not None and left.how is not How.RETURN:
        raised(at, "SyntaxError", f"'{left.how.value}' outside loop in {function.name}()")
    value = None if left is None else left.value
    if frame.maybe_returned:
        return join_values([*frame.maybe_returned, value], at)
    return value


def run_whole(frame: Frame, body: cst.BaseSuite, at: At) -> Exit | None:
    """Run the BODY of a function, by both ways where it may be left before its end."""
    from goflow.parser.interpreter.leaving import FUNCTION, may_be_left, ways_out

    if How.RETURN not in ways_out(frame, body):
        return run_suite(frame, body)
    return may_be_left(frame, FUNCTION, lambda: run_suite(frame, body), at)


class Declarations(cst.CSTVisitor):
    """``global`` and ``nonlocal`` of a body, nested functions and classes left out."""

    def __init__(self) -> None:
        super().__init__()
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()

    def visit_Global(self, node: cst.Global) -> bool:  # noqa: N802
        """Its names."""
        self.global_names |= {item.name.value for item in node.names}
        return False

    def visit_Nonlocal(self, node: cst.Nonlocal) -> bool:  # noqa: N802
        """Its names."""
        self.nonlocal_names |= {item.name.value for item in node.names}
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        """Another body."""
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802
        """Another body."""
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: N802
        """Another body."""
        return False


def declare(frame: Frame, body: cst.BaseSuite | cst.Module) -> None:
    """Take note of the body's ``global`` and ``nonlocal``; found once per body."""
    known = frame.module.declarations.get(id(body))
    if known is None:
        local = frozenset() if frame.scope.is_class or isinstance(body, cst.Module) else assigned_names(body)
        source = frame.module.source
        if "global " in source or "nonlocal " in source:
            visitor = Declarations()
            body.visit(visitor)
            outer = frozenset(visitor.global_names), frozenset(visitor.nonlocal_names)
            known = (*outer, local - outer[0] - outer[1])
        else:
            known = frozenset(), frozenset(), local
        frame.module.declarations[id(body)] = known
    frame.scope.global_names, frame.scope.nonlocal_names, frame.scope.local_names = known
