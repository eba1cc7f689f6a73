"""Functions of the file: parameters, calls, closures, generators."""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.parser.interpreter.alternatives import UnknownMany
from goflow.parser.interpreter.recursion import calling, goes_round
from goflow.parser.interpreter.scopes import MISSING, Frame, Scope
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    Unknown,
    Value,
    hidden_key,
    raised,
    with_hidden,
)
from goflow.parser.syntax import LaterBlock

if TYPE_CHECKING:
    from goflow.parser.interpreter.modules import ModuleValue

Body = cst.FunctionDef | cst.Lambda


class Kind(enum.Enum):
    """How an argument may be given."""

    POSITIONAL = "positional only"
    PLAIN = "positional or keyword"
    REST = "*args"
    KEYWORD = "keyword only"
    REST_KEYWORDS = "**kwargs"


OF_INSPECT = {
    Kind.POSITIONAL: inspect.Parameter.POSITIONAL_ONLY,
    Kind.PLAIN: inspect.Parameter.POSITIONAL_OR_KEYWORD,
    Kind.REST: inspect.Parameter.VAR_POSITIONAL,
    Kind.KEYWORD: inspect.Parameter.KEYWORD_ONLY,
    Kind.REST_KEYWORDS: inspect.Parameter.VAR_KEYWORD,
}
"""What ``inspect`` calls each kind."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; DEFAULT is MISSING where there is none. ANNOTATION is its expression, not evaluated."""

    name: str
    kind: Kind
    default: Any = MISSING
    annotation: cst.BaseExpression | None = None

    @property
    def has_default(self) -> bool:
        """Whether it may be left out."""
        return self.default is not MISSING


class UserFunction(Value):
    """A function or lambda that the file defines. Attributes that the file sets on it are kept in ATTRIBUTES."""

    type_name = "function"

    def __init__(self, node: Body, frame: Frame, name: str, qualname: str, parameters: list[Parameter]) -> None:
        self.node = node
        self.name = name
        self.qualname = qualname
        self.module: ModuleValue = frame.module
        self.scope = frame.scope
        self.parameters = parameters
        self.attributes: dict[str, Any] = {}
        self.owner: Any = None
        """The class in whose body it stands."""
        self.defined_at = frame.at(node)
        self.wraps: Any = None
        self.outline: Any = None
        """What its body sets, changes and calls, once somebody has asked (`callbacks.body_of`)."""
        self.mentions: Any = None
        """What a library has found that its body names; it stays so."""

    def __repr__(self) -> str:
        return f"<function {self.qualname}>"

    @property
    def doc(self) -> str | None:
        """Its docstring, indentation taken off as ``inspect.cleandoc`` does."""
        return docstring_of(self.node.body) if isinstance(self.node, cst.FunctionDef) else None

    @property
    def line(self) -> int:
        """The line of its ``def``."""
        return self.defined_at.line

    @property
    def module_name(self) -> str:
        """The dotted name of its module."""
        return self.module.name

    def annotation(self, name: str, at: At) -> Any:
        """The value of a parameter's annotation (``return``: of the result); None where there is none.

        Unknown where it cannot be had (a name that only type checkers know, say).
        """
        from goflow.parser.interpreter.expressions import evaluate
        from goflow.parser.interpreter.values import Raised

        if name == "return":
            found = self.node.returns if isinstance(self.node, cst.FunctionDef) else None
        else:
            own = next((parameter.annotation for parameter in self.parameters if parameter.name == name), None)
            found = cst.Annotation(own) if own is not None else None
        if found is None:
            return None
        try:
            return evaluate(Frame(at.session, self.module, self.scope), found.annotation)
        except Raised:
            return Unknown(f"the annotation of {name} of {self.name}", at)

    def get_attribute(self, name: str, at: At) -> Any:
        """What the file has set, else what every function has."""
        if name in self.attributes:
            return self.attributes[name]
        match name:
            case "__name__":
                return self.name
            case "__qualname__":
                return self.qualname
            case "__doc__":
                return self.doc
            case "__module__":
                return self.module_name
            case "__dict__":
                return self.attributes
            case "__wrapped__" if self.wraps is not None:
                return self.wraps
            case "__call__":
                return self
            case "__annotations__" | "__code__" | "__defaults__" | "__signature__" | "__globals__":
                return Unknown(f"{name} of a function", at)
        return super().get_attribute(name, at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Functions take any attribute."""
        at.session.journal.touch(self.attributes)
        if name == "__name__" and isinstance(value, str):
            self.name = value
        if name == "__qualname__" and isinstance(value, str):
            self.qualname = value
        self.attributes[name] = value

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Run the body with ARGS and KWARGS. Raises what the body raises, TypeError for arguments that do not fit."""
        from goflow.parser.interpreter import bodies

        at.session.budget.step(at)
        names = self.bind(args, kwargs, at)
        if (unknown := goes_round(at.session, self, names, at)) is not None:
            return unknown
        frame = Frame(at.session, self.module, Scope(self.scope, names=names))
        frame.class_cell = self.owner
        frame.prefix = f"{self.qualname}.<locals>."
        frame.self_value = args[0] if args else None
        frame.function, frame.called_at = self, at
        with at.session.budget.deeper(at), calling(at.session, self, names):
            return bodies.run_function(self, frame, at)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Run the body with ARGS and KWARGS and others that nobody knows: each parameter that is not among them may be
        given or not."""
        return self.call(args, with_hidden(kwargs, unknown, at), at)

    def _bind_unknown(self, args: Arguments, kwargs: Keywords, unknown: Unknown) -> dict[str, Any]:
        """The same where some of the arguments are not known."""
        left, named = list(args), dict(kwargs)
        bound: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.kind is Kind.REST:
                bound[parameter.name] = (*left, UnknownMany.of(unknown))
            elif parameter.kind is Kind.REST_KEYWORDS:
                bound[parameter.name] = named
            elif left and parameter.kind is not Kind.KEYWORD:
                bound[parameter.name] = left.pop(0)
            else:
                bound[parameter.name] = named.pop(parameter.name, Unknown(unknown.reason, unknown.at))
        return bound

    def bind(self, args: Arguments, kwargs: Keywords, at: At) -> dict[str, Any]:
        """Parameter name to value, as Python binds them. Raises TypeError in Python's words."""
        if at.session.hides_arguments and (unknown := hidden_key(kwargs)) is not None:
            return self._bind_unknown(args, kwargs, unknown)
        left, named = list(args), dict(kwargs)
        bound: dict[str, Any] = {}
        takes = 0
        for parameter in self.parameters:
            if parameter.kind in {Kind.POSITIONAL, Kind.PLAIN}:
                takes += 1
                if left:
                    if parameter.name in named and parameter.kind is Kind.PLAIN:
                        raised(at, "TypeError", f"{self.name}() got multiple values for argument '{parameter.name}'")
                    bound[parameter.name] = left.pop(0)
                    continue
            if parameter.kind is Kind.REST:
                bound[parameter.name] = tuple(left)
                left = []
            elif parameter.kind is Kind.REST_KEYWORDS:
                bound[parameter.name] = named
                named = {}
            elif parameter.kind is not Kind.POSITIONAL and parameter.name in named:
                bound[parameter.name] = named.pop(parameter.name)
            elif parameter.has_default:
                bound[parameter.name] = parameter.default
            else:
                which = "keyword-only" if parameter.kind is Kind.KEYWORD else "positional"
                raised(at, "TypeError", f"{self.name}() missing 1 required {which} argument: '{parameter.name}'")
        if left:
            given = len(args)
            words = (
                f"takes {takes} positional argument{'s' * (takes != 1)} but {given} {'was' if given == 1 else 'were'}"
            )
            raised(at, "TypeError", f"{self.name}() {words} given")
        if named:
            raised(at, "TypeError", f"{self.name}() got an unexpected keyword argument '{next(iter(named))}'")
        return bound

    def text(self, at: At) -> Any:
        """It has an address in it."""
        return Unknown(f"the address of function {self.name}", at)


def parameters_of(node: cst.Parameters, frame: Frame) -> list[Parameter]:
    """The parameters of NODE, their defaults evaluated now."""
    from goflow.parser.interpreter.expressions import evaluate

    def one(param: cst.Param, kind: Kind) -> Parameter:
        default = evaluate(frame, param.default) if param.default is not None else MISSING
        return Parameter(param.name.value, kind, default, param.annotation.annotation if param.annotation else None)

    found = [one(param, Kind.POSITIONAL) for param in node.posonly_params]
    found += [one(param, Kind.PLAIN) for param in node.params]
    if isinstance(node.star_arg, cst.Param):
        found.append(one(node.star_arg, Kind.REST))
    found += [one(param, Kind.KEYWORD) for param in node.kwonly_params]
    if node.star_kwarg is not None:
        found.append(one(node.star_kwarg, Kind.REST_KEYWORDS))
    names = [parameter.name for parameter in found]
    if len(names) != len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raised(frame.at(node), "SyntaxError", f"duplicate argument '{twice}' in function definition")
    return found


def docstring_of(body: cst.BaseSuite | cst.Module) -> str | None:
    """The docstring at the start of a body, cleaned as ``inspect.getdoc`` cleans it; None where there is none."""
    import inspect

    found = raw_docstring_of(body)
    return None if found is None else inspect.cleandoc(found)


def raw_docstring_of(body: cst.BaseSuite | cst.Module) -> str | None:
    """The docstring as ``__doc__`` has it, indentation and all."""
    if isinstance(body, LaterBlock):  # without building it
        return body.docstring
    if not body.body:
        return None
    first: Any = body.body[0]
    expression = first.body[0] if isinstance(first, cst.SimpleStatementLine) else first
    if isinstance(expression, cst.Expr) and isinstance(expression.value, cst.SimpleString | cst.ConcatenatedString):
        try:
            value = expression.value.evaluated_value
        except (SyntaxError, ValueError):  # an escape that is cut short
            return None
        return value if isinstance(value, str) else None
    return None


class Yields(cst.CSTVisitor):
    """Whether a body yields, nested functions left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_Yield(self, node: cst.Yield) -> bool:  # noqa: N802
        """It does."""
        self.found = True
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        """Another body; its decorators and defaults are evaluated in this one."""
        for own in (*node.decorators, node.params):
            own.visit(self)
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: N802
        """The same."""
        node.params.visit(self)
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802
        """The same; its bases are evaluated here as well."""
        for own in (*node.decorators, *node.bases, *node.keywords):
            own.visit(self)
        return False


def is_generator(node: Body, module: ModuleValue) -> bool:
    """Whether calling NODE makes a generator; found once per function."""
    known: bool | None = module.generators.get(id(node))
    if known is None:
        if isinstance(node, cst.Lambda) or "yield" not in module.source:
            known = False
        else:
            visitor = Yields()
            node.body.visit(visitor)
            known = visitor.found
        module.generators[id(node)] = known
    return known
