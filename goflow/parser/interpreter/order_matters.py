"""Whether the rounds of a loop in any order may see what other rounds have done, as far as its text tells.

A body may put what it makes into lists, dicts and attributes (``tasks[name] = ...``, ``names.append(name)``): that is
the same in any order. Where it looks into something that it also changes, or calls a function of the file's own that
changes something outside of itself, what a round finds depends on those before it.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import libcst as cst
from libcst import matchers as m

from goflow.parser.interpreter.alternatives import is_iterator
from goflow.parser.interpreter.callbacks import body_of, changes_receiver
from goflow.parser.interpreter.classes import MAKING, ClassValue, Instance
from goflow.parser.interpreter.descriptors import PropertyValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.mutations import CHANGING
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import NativeFunction, Unknown, Value
from goflow.parser.interpreter.written_names import last_name

_COLLECTING = frozenset({"append", "add", "extend", "update", "appendleft"})
"""Methods that put something in and ask nothing."""
_OF_NAMES = frozenset({"globals", "vars", "locals"})
_CHANGING_ARGUMENTS = frozenset(
    {"setattr", "delattr", "heappush", "heappop", "heapify", "heappushpop", "heapreplace", "insort", "insort_left"}
    | {"insort_right", "shuffle", "setitem", "delitem", "iadd", "iconcat"}
)
_STREAMS = frozenset({"write", "writelines", "read", "readline", "readlines", "seek", "shuffle", "random", "seed"})
_MUTABLE = (dict, list, set, collections.deque)
_HOLDING = ("function", "inner", "getter", "held", "args")
_MOST_CALLS = 40
_MOST_HELD = 2000


def order_matters(frame: Frame, body: cst.CSTNode, target: str) -> bool:
    """Whether a round of BODY in FRAME, whose element is TARGET (empty where that is no name), may see what another
    round has done to lists, dicts, objects and iterators."""
    uses = _Uses(target)
    body.visit(uses)
    if uses.asked_for_names > 1:
        return True
    changed, read = dict[int, Any](), set[int]()
    for name, kinds in uses.kinds.items():
        value = frame.scope.find(name)
        if _is_alias(uses, name, kinds) or (isinstance(value, list) and "item" in kinds):
            return True
        if _changes_by_use(value, uses.methods.get(name, set()), name in uses.called):
            return True
        if not kinds <= {"put", "item", "own"}:
            read.update(_within(value))
        if kinds & {"put", "item", "changed"}:
            changed |= _within(value) if "changed" in kinds else {id(value): value}
    return any(key in read and (isinstance(one, _MUTABLE) or _is_of_file(one)) for key, one in changed.items())


def _is_alias(uses: _Uses, name: str, kinds: set[str]) -> bool:
    """Whether NAME is something else's in each round, and is changed."""
    return name in uses.aliases and bool(kinds & {"put", "item", "changed"})


def _within(value: Any) -> dict[int, Any]:
    """VALUE and the lists, dicts and objects of the file's own in it, by identity."""
    found: dict[int, Any] = {}
    waiting = [value]
    while waiting and len(found) < _MOST_HELD:
        one = waiting.pop()
        if id(one) in found or not (isinstance(one, (tuple, *_MUTABLE)) or _is_of_file(one)):
            continue
        found[id(one)] = one
        inner = getattr(one, "attributes", one)
        waiting += inner.values() if isinstance(inner, dict) else inner
    return found


def _is_of_file(value: Any) -> bool:
    cls = value.cls if isinstance(value, Instance) else value
    return isinstance(cls, ClassValue) and not cls.is_native


def _changes_by_use(value: Any, methods: set[str], is_called: bool) -> bool:
    """Whether VALUE is changed by being asked for its METHODS, an iterator by being asked for its next, or changes what
    is outside of it when it is called."""
    if is_iterator(value):
        return True
    if isinstance(value, Value) and not isinstance(value, Unknown) and methods & _STREAMS:
        return True
    if is_called and changes_when_called(value):
        return True
    if not _is_of_file(value):
        return False
    cls = value.cls if isinstance(value, Instance) else value
    asked = [cls.lookup(method) for method in methods]
    if isinstance(value, Instance):
        own = {name: found for base in cls.mro if not base.is_native for name, found in base.attributes.items()}
        asked += [
            found
            for name, found in own.items()
            if isinstance(found, PropertyValue) or (name.startswith("__") and name not in MAKING)
        ]
        if any(changes_receiver(function) for one in asked for function in _functions_of(one)):
            return True
    return any(map(changes_when_called, asked))


def _functions_of(value: Any) -> list[UserFunction]:
    parts = (value, getattr(value, "getter", None), getattr(value, "function", None))
    return [part for part in parts if isinstance(part, UserFunction)]


def changes_when_called(value: Any) -> bool:
    """Whether calling VALUE changes something that is there before and after."""
    return any(map(_changes_outside, _run_by(value)))


def _run_by(value: Any) -> Iterator[UserFunction | NativeFunction]:
    """The functions of the file's own that are run where VALUE is called, those that they call, and methods of lists
    and dicts among them."""
    waiting, seen = [value], set[int]()
    while waiting and len(seen) < _MOST_CALLS:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Instance) and not one.cls.is_native:
            waiting.append(one.cls.lookup("__call__"))
        elif isinstance(one, ClassValue) and not one.is_native:
            waiting += map(one.lookup, MAKING)
        elif isinstance(one, UserFunction):
            yield one
            body = body_of(one)
            waiting += [one.scope.find(name) for name in body.called]
        elif isinstance(one, NativeFunction) and one.held:
            yield one
        elif isinstance(one, dict | list | tuple):
            waiting += one.values() if isinstance(one, dict) else one
        elif isinstance(one, Value) and not isinstance(one, Unknown):
            waiting += [part for name in _HOLDING for part in _parts(getattr(one, name, None))]


def _parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _changes_outside(function: UserFunction | NativeFunction) -> bool:
    if isinstance(function, NativeFunction):
        return True
    body = body_of(function)
    parameters = {parameter.name for parameter in function.parameters}
    if body.of_module & body.set or body.of_functions & body.set or body.changed & parameters - {"self"}:
        return True
    own = parameters | body.made - body.otherwise - body.of_module - body.of_functions
    values = (function.scope.find(name) for name in (body.changed | body.drawn) - own)
    return any(isinstance(value, (Value, *_MUTABLE)) or hasattr(value, "__next__") for value in values)


class _Uses(cst.CSTVisitor):
    """In what ways a body uses each name: it puts something into it (``put``, or ``item`` by a key), changes it
    otherwise (``changed``), asks for what belongs to its own element (``own``), or anything else (``read``)."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.kinds: dict[str, set[str]] = {}
        self.methods: dict[str, set[str]] = {}
        self.called: set[str] = set()
        self.aliases: set[str] = set()
        """Names for what something else has."""
        self.asked_for_names = 0
        """How often it asks for ``globals()``."""
        self._seen: set[int] = set()

    def _note(self, node: cst.Name, kind: str) -> None:
        self._seen.add(id(node))
        self.kinds.setdefault(node.value, set()).add(kind)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:  # noqa: N802
        """``name[key] = ...``, ``name.attribute = ...``."""
        self._target(node.target)

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        """``name = other[key]``."""
        value = node.value
        if isinstance(value, cst.Call):
            is_other = isinstance(value.func, cst.Attribute) and value.func.attr.value in {"get", "setdefault", "pop"}
        else:
            is_other = isinstance(value, cst.Name | cst.Attribute | cst.Subscript | cst.IfExp | cst.BooleanOperation)
        if is_other and not self._is_own(value):
            self.aliases |= {target.target.value for target in node.targets if isinstance(target.target, cst.Name)}

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        """The same with a type."""
        self._target(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        """``name[key] += ...`` asks for what was there."""
        if not isinstance(node.target, cst.Name):
            self._changed(node.target)

    def visit_Del(self, node: cst.Del) -> None:  # noqa: N802
        """``del name[key]``."""
        for found in m.findall(node, m.Name()):
            self._note(cst.ensure_type(found, cst.Name), "changed")
            self._note(cst.ensure_type(found, cst.Name), "read")

    def _target(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name):
            self._note(node.value, "own" if self._is_own(node) else "item")
            if self._is_own(node):
                self.kinds[node.value.value].add("put")
        elif isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            self._note(node.value, "put")
        elif isinstance(node, cst.Attribute | cst.Subscript):
            self._changed(node)
        elif isinstance(node, cst.Tuple | cst.List):
            for element in node.elements:
                self._target(element.value)

    def _changed(self, node: cst.CSTNode) -> None:
        """What NODE is in is changed, and asked for."""
        while isinstance(node, cst.Attribute | cst.Subscript):
            if self._is_own(node):
                return
            node = node.value
        if isinstance(node, cst.Name):
            self.kinds.setdefault(node.value, set()).update({"changed", "read"})

    def _is_own(self, node: cst.CSTNode) -> bool:
        """Whether NODE is ``name[TARGET]``."""
        return bool(self.target) and m.matches(
            node, m.Subscript(value=m.Name(), slice=[m.SubscriptElement(m.Index(m.Name(self.target)))])
        )

    def visit_Expr(self, node: cst.Expr) -> None:  # noqa: N802
        """``name.append(...)`` as a statement."""
        found = node.value
        if not isinstance(found, cst.Call) or not isinstance(found.func, cst.Attribute):
            return
        receiver = found.func.value
        if isinstance(receiver, cst.Name) and found.func.attr.value in _COLLECTING:
            self._note(receiver, "put")

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """``name(...)``, ``name.method(...)``."""
        if isinstance(node.func, cst.Subscript) and isinstance(node.func.value, cst.Name):
            self.called.add(node.func.value.value)
        if isinstance(node.func, cst.Name):
            self.called.add(node.func.value)
            self.asked_for_names += node.func.value in _OF_NAMES
        if last_name(node.func) in _CHANGING_ARGUMENTS:
            for argument in node.args:
                self._changed(argument.value)
        if isinstance(node.func, cst.Attribute):
            root: Any = node.func.value
            while isinstance(root, cst.Attribute | cst.Subscript):
                if self._is_own(root):
                    return
                root = root.value
            if isinstance(root, cst.Name):
                self.called.add(root.value)
                self.methods.setdefault(root.value, set()).add(node.func.attr.value)
                if node.func.attr.value in CHANGING and id(root) not in self._seen:
                    self.kinds.setdefault(root.value, set()).update({"changed", "read"})

    def visit_Subscript(self, node: cst.Subscript) -> None:  # noqa: N802
        """``name[TARGET]``."""
        if self._is_own(node):
            self._note(cst.ensure_type(node.value, cst.Name), "own")

    def visit_Name(self, node: cst.Name) -> None:  # noqa: N802
        """Any other use."""
        if id(node) not in self._seen:
            self.kinds.setdefault(node.value, set()).add("read")
