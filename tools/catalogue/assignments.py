"""What a constructor does with its arguments, read off its source: which attribute gets which, and what goes on to
``super().__init__``. Everything that is not plainly one of the kinds below is ``computed``, which is never wrong."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from typing import Any

Source = dict[str, Any]
COMPUTED: Source = {"computed": True}
KNOWN: dict[str, dict[str, Source]] = {
    # AwsHookParams.from_constructor hands on what it gets
    **{
        name: {
            argument: {"argument": argument} for argument in ("aws_conn_id", "region_name", "verify", "botocore_config")
        }
        for name in ("AwsBaseOperator", "AwsBaseSensor")
    },
    # both are added to in place
    "KubernetesStartKueueJobOperator": {"labels": COMPUTED, "annotations": COMPUTED},
    # these two arguments go into hook_params where they are given, and database goes nowhere else
    "PostgresOperator": {
        "database": {"constant": None},
        "hook_params": {"argument": "hook_params", "or": {}, "unless": ["database", "runtime_parameters"]},
    },
}
"""Constructors whose way is too winding for this reader, looked at by eye: class to attribute to source."""


@dataclass
class Assigned:
    source: Source
    before_super: bool


@dataclass
class Init:
    """The constructor that OWNER defines itself."""

    owner: type
    parameters: list[inspect.Parameter]
    takes_more: bool
    assigned: dict[str, Assigned] = field(default_factory=dict)
    handed: dict[str, Source] = field(default_factory=dict)
    calls_super: bool = False
    hands_on_unknown: bool = False
    taken_out: dict[str, Source] = field(default_factory=dict)
    """What it takes out of its own ``**kwargs`` (``kwargs.pop("name", default)``), with what holds without it."""


def init_of(cls: type) -> Init | None:
    """The constructor in CLS's own body; None where it has none."""
    function = vars(cls).get("__init__")
    if function is None:
        return None
    function = inspect.unwrap(function)
    named, more = [], False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            more = True
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            named.append(parameter)
    init = Init(cls, named, more)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, SyntaxError, TypeError):
        init.hands_on_unknown = True
        return init
    assert isinstance(tree, ast.FunctionDef)
    _Reader(init, tree, function.__globals__).read()
    for name, source in KNOWN.get(cls.__name__, {}).items():
        init.assigned[name] = Assigned(source, before_super=False)
    if cls.__name__ == "DecoratedOperator":  # it hands on all that it gets, by way of `kwargs_to_upstream`
        init.hands_on_unknown = False
    return init


class _Reader:
    def __init__(self, init: Init, tree: ast.FunctionDef, names: dict[str, Any]) -> None:
        self.init, self.tree, self.globals = init, tree, names
        self.kwargs = tree.args.kwarg.arg if tree.args.kwarg else None
        self.more: dict[str, Source] = {}  # what is put into **kwargs by name
        stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del))}
        self.names = {p.name for p in init.parameters} - stored
        self.mutable_kwargs = self.kwargs in stored
        self.settled: dict[str, tuple[int, Source]] = {}
        self.settled = self._settled()

    def read(self) -> None:
        top = {id(statement) for statement in self.tree.body}
        super_line = self._super_line()
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                self._assign(node, id(node) in top, super_line)
            elif isinstance(node, ast.Call):
                self._call(node)
        self._hand_on()

    def _settled(self) -> dict[str, tuple[int, Source]]:
        """Names set once, in any case and to something plain (``steps = steps or []``): the line, and to what."""
        found: dict[str, tuple[int, Source]] = {}
        stores = [n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
        parameters = {parameter.name for parameter in self.init.parameters}
        for statement in self.tree.body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if not isinstance(target, ast.Name) or len(statement.targets) > 1 or stores.count(target.id) > 1:
                continue
            own = {target.id} & parameters
            self.names |= own
            source = self._source(statement.value)
            self.names -= own
            if source != COMPUTED and source.get("argument", target.id) == target.id:
                found[target.id] = (statement.lineno, source)
        return found

    def _super_line(self) -> int:
        for node in ast.walk(self.tree):
            if _is_super_init(node):
                return node.lineno  # type: ignore[attr-defined,no-any-return]
        return 1 << 30

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, unconditional: bool, super_line: int) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        for target in targets:
            for inner in ast.walk(target):
                if isinstance(inner, ast.Attribute) and _is_name(inner.value, "self"):
                    plain = inner is target and unconditional and not isinstance(node, ast.AugAssign)
                    known = inner.attr not in self.init.assigned and plain
                    source = self._source(node.value) if known else COMPUTED
                    self.init.assigned[inner.attr] = Assigned(source, node.lineno < super_line)
                elif isinstance(inner, ast.Subscript) and self.kwargs and _is_name(inner.value, self.kwargs):
                    if isinstance(inner.slice, ast.Constant):
                        self.more[str(inner.slice.value)] = self._source(node.value) if unconditional else COMPUTED
                    else:
                        self.mutable_kwargs = True

    def _call(self, node: ast.Call) -> None:
        """Notice ``kwargs.pop("x")`` and its kin."""
        function = node.func
        if not (isinstance(function, ast.Attribute) and self.kwargs and _is_name(function.value, self.kwargs)):
            return
        if function.attr in {"get", "items", "keys", "values"}:
            return
        if node.args and isinstance(node.args[0], ast.Constant):
            name = str(node.args[0].value)
            self.more[name] = COMPUTED
            if function.attr == "pop" and len(node.args) > 1:
                self.init.taken_out[name] = self._source(node.args[1])
        else:
            self.mutable_kwargs = True

    def _hand_on(self) -> None:
        calls = [node for node in ast.walk(self.tree) if _is_super_init(node)]
        self.init.calls_super = bool(calls)
        self.init.hands_on_unknown = len(calls) != 1 or self.mutable_kwargs
        for call in calls:
            assert isinstance(call, ast.Call)
            if not all(self._is_own_rest(argument) for argument in call.args):
                self.init.hands_on_unknown = True
            for keyword in call.keywords:
                if keyword.arg is not None:
                    self.init.handed[keyword.arg] = self._source(keyword.value)
                elif not (self.kwargs and _is_name(keyword.value, self.kwargs)):
                    self.init.hands_on_unknown = True
        for name, source in self.more.items():
            self.init.handed.setdefault(name, source)

    def _is_own_rest(self, argument: ast.expr) -> bool:
        """``*args`` of the constructor's own: always empty, since operators take keyword arguments alone."""
        rest = self.tree.args.vararg
        return isinstance(argument, ast.Starred) and rest is not None and _is_name(argument.value, rest.arg)

    def _source(self, value: ast.expr) -> Source:
        if isinstance(value, ast.Name) and value.id in self.names:
            return {"argument": value.id}
        if isinstance(value, ast.Name) and value.id in self.settled:
            line, source = self.settled[value.id]
            return source if value.lineno > line else COMPUTED
        constant = self._constant(value)
        if constant is not None:
            return {"constant": constant[0]}
        if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or) and len(value.values) == 2:
            return self._either(value.values[0], value.values[1], "or")
        if isinstance(value, ast.IfExp):
            return self._conditional(value)
        return COMPUTED

    def _either(self, name: ast.expr, other: ast.expr, kind: str) -> Source:
        constant = self._constant(other)
        if isinstance(name, ast.Name) and name.id in self.names and constant is not None:
            return {"argument": name.id, kind: constant[0]}
        return COMPUTED

    def _conditional(self, value: ast.IfExp) -> Source:
        """``x if x else c``, ``x if x is not None else c``, ``c if x is None else x``."""
        test = value.test
        if isinstance(test, ast.Name) and _is_name(value.body, test.id):
            return self._either(value.body, value.orelse, "or")
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and _constant(test.comparators[0]) == (None,):
            left = test.left
            if isinstance(left, ast.Name) and isinstance(test.ops[0], ast.IsNot) and _is_name(value.body, left.id):
                return self._either(value.body, value.orelse, "if_none")
            if isinstance(left, ast.Name) and isinstance(test.ops[0], ast.Is) and _is_name(value.orelse, left.id):
                return self._either(value.orelse, value.body, "if_none")
        return COMPUTED

    def _constant(self, node: ast.expr) -> tuple[Any] | None:
        """A literal, ``self.NAME`` of the class's body, or a name of the module; boxed."""
        found: Any = NotImplemented
        if isinstance(node, ast.Attribute) and _is_name(node.value, "self") and node.attr.isupper():
            found = inspect.getattr_static(self.init.owner, node.attr, NotImplemented)
        elif isinstance(node, ast.Name) and node.id.isupper() and node.id not in self.names:
            found = self.globals.get(node.id, NotImplemented)
        if found is NotImplemented:
            return _constant(node)
        return (found,) if _is_json(found) else None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_super_init(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and isinstance(node.func.value, ast.Call)
        and _is_name(node.func.value.func, "super")
    )


def _constant(node: ast.expr) -> tuple[Any] | None:
    """The value of a literal of plain JSON, boxed; None for anything else."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return (value,) if _is_json(value) else None


def _is_json(value: Any) -> bool:
    if isinstance(value, (list, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return all(map(_is_json, inner)) and all(isinstance(k, str) for k in (value if isinstance(value, dict) else ()))
    return value is None or isinstance(value, (bool, int, float, str))
