"""What a function of the file changes outside of itself when code that is not read calls it, once or often."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.locals_ import assigned_names
from goflow.parser.interpreter.mutations import CHANGING
from goflow.parser.interpreter.scopes import MISSING, UNBOUND, Scope
from goflow.parser.interpreter.values import Unknown
from goflow.parser.interpreter.written_names import first_name, last_name


def called_back(function: UserFunction, why: Unknown) -> list[Any]:
    """FUNCTION may be run: the outer names that it sets are not known for the reason WHY. What else of what is outside
    its body may change, and the functions that it calls."""
    body = body_of(function)
    own = {parameter.name for parameter in function.parameters}
    if isinstance(function.node, cst.FunctionDef):
        own |= assigned_names(function.node.body)
    own -= body.of_module | body.of_functions
    for name in body.of_module | body.of_functions:
        scope = function.scope.globals if name in body.of_module else _home(function.scope, name)
        if scope is not None and name in body.set:
            why.at.session.journal.touch(scope.names)
            scope.names[name] = why
    found = [function.scope.find(name) for name in body.changed - own]
    for name, attribute in body.attributes:
        cls = function.scope.find(name) if name not in own else None
        if isinstance(cls, ClassValue):
            cls.forget_attribute(attribute, why)
    for name, given in body.called.items():
        callee = function.scope.find(name) if name not in own else None
        if isinstance(callee, UserFunction):
            found += [callee, *(function.scope.find(other) for other in given - own)]
    return [value for value in found if value is not MISSING and value is not UNBOUND]


def changes_receiver(function: UserFunction) -> bool:
    """Whether FUNCTION, a method, may change what it is a method of: sets something in it, calls another of its methods
    or hands it on."""
    if not function.parameters:
        return False
    body, own = body_of(function), function.parameters[0].name
    return own in body.changed | body.asked or any(own in given for given in body.called.values())


def body_of(function: UserFunction) -> Body:
    """What the body of FUNCTION sets, changes and calls, found once."""
    if function.outline is None:
        function.outline = Body()
        function.node.body.visit(function.outline)
    found: Body = function.outline
    return found


def _home(scope: Scope | None, name: str) -> Scope | None:
    while scope is not None and (scope.is_class or name not in scope.names):
        scope = scope.parent
    return scope


_COPYING = frozenset({"copy", "deepcopy", "dict", "list", "set"})


def _makes_anew(node: cst.BaseExpression) -> bool:
    """Whether NODE is written out, or a call of what is named like a class, or of a copy."""
    if not isinstance(node, cst.Call):
        return isinstance(node, cst.Dict | cst.List | cst.Set | cst.BaseString | cst.BaseNumber)
    name = last_name(node.func)
    return name[:1].isupper() or name in _COPYING


class Body(cst.CSTVisitor):
    """Names that a body sets, attributes of which names it sets, names whose values it changes in place or calls
    methods of, those that it takes the next of, and those that it calls with what.

    Names that it has MADE stand for objects, copies and what is written out; those that stand for something OTHERWISE
    do not, or not alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_module: set[str] = set()
        self.of_functions: set[str] = set()
        self.set: set[str] = set()
        self.changed: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.asked: set[str] = set()
        self.drawn: set[str] = set()
        self.called: dict[str, set[str]] = {}
        self.made: set[str] = set()
        self.otherwise: set[str] = set()

    def visit_Global(self, node: cst.Global) -> None:  # noqa: N802
        """Names of the module."""
        self.of_module |= {item.name.value for item in node.names}

    def visit_Nonlocal(self, node: cst.Nonlocal) -> None:  # noqa: N802
        """Names of a function around this one."""
        self.of_functions |= {item.name.value for item in node.names}

    def _target(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self._target(element.value)
            return
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            self.attributes.add((node.value.value, node.attr.value))
        if (name := first_name(node)) is not None:
            (self.set if isinstance(node, cst.Name) else self.changed).add(name)

    def _stands(self, target: cst.CSTNode, value: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            (self.made if _makes_anew(value) else self.otherwise).add(target.value)

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        """``name = DAG(...)``."""
        for target in node.targets:
            self._stands(target.target, node.value)

    def visit_WithItem(self, node: cst.WithItem) -> None:  # noqa: N802
        """``with DAG(...) as name``."""
        if node.asname is not None:
            self._stands(node.asname.name, node.item)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:  # noqa: N802
        """``name = ...``, ``name[key] = ...``."""
        self._target(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        """``name: type = ...``."""
        self._target(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        """``name += ...``, which may change a list in place."""
        self._target(node.target)
        if isinstance(node.target, cst.Name):
            self.changed.add(node.target.value)

    def visit_For(self, node: cst.For) -> None:  # noqa: N802
        """``for name in ...``."""
        self._target(node.target)

    def visit_Del(self, node: cst.Del) -> None:  # noqa: N802
        """``del name[key]``."""
        self._target(node.target)

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """``name(...)``, ``name.append(...)``."""
        if isinstance(node.func, cst.Name):
            given = {first_name(argument.value) for argument in node.args} - {None}
            if node.func.value == "next":
                self.drawn.update(name for name in given if name is not None)
            self.called.setdefault(node.func.value, set()).update(name for name in given if name is not None)
        elif isinstance(node.func, cst.Attribute):
            name = first_name(node.func)
            if name is not None:
                (self.changed if node.func.attr.value in CHANGING else self.asked).add(name)
