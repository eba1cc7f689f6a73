"""Scopes and frames: where names live, and what a running function has at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.values import At, raised

if TYPE_CHECKING:
    import libcst as cst

    from goflow.parser.interpreter.functions import UserFunction
    from goflow.parser.interpreter.modules import ModuleValue
    from goflow.parser.interpreter.session import Session

MISSING = object()
"""What a look-up gives that finds nothing."""
UNBOUND = object()
"""What it gives for a name of a function's own that has no value yet."""


class Scope:
    """Names of a module, a class body, a function or a comprehension. PARENT is the scope around it that can be seen
    from inside (class bodies cannot); GLOBALS is the module's."""

    __slots__ = (
        "global_names",
        "globals",
        "is_class",
        "is_comprehension",
        "local_names",
        "names",
        "nonlocal_names",
        "parent",
    )

    def __init__(self, parent: Scope | None, *, is_class: bool = False, names: dict[str, Any] | None = None) -> None:
        self.names: dict[str, Any] = {} if names is None else names
        self.parent = parent
        self.globals: Scope = parent.globals if parent is not None else self
        self.is_class = is_class
        self.is_comprehension = False
        self.global_names: frozenset[str] = frozenset()
        self.nonlocal_names: frozenset[str] = frozenset()
        self.local_names: frozenset[str] = frozenset()
        """What a function's body assigns: while it has not done so, such a name is nothing, whatever is outside."""

    def find(self, name: str) -> Any:
        """The value of NAME, or MISSING."""
        if name in self.global_names:
            return self.globals.names.get(name, MISSING)
        found = self.names.get(name, MISSING)
        if found is not MISSING:
            return found
        if name in self.local_names:
            return UNBOUND
        scope = self.parent
        while scope is not None:
            if not scope.is_class:
                found = scope.names.get(name, MISSING)
                if found is not MISSING:
                    return found
                if name in scope.local_names:
                    return UNBOUND
                if name in scope.global_names:
                    scope = scope.globals
                    continue
            scope = scope.parent
        return MISSING

    def seen(self) -> set[int]:
        """The identities of the names that can be seen from here."""
        scope: Scope | None = self
        found = {id(self.globals.names)}
        while scope is not None:
            found.add(id(scope.names))
            scope = scope.parent
        return found

    def home_of(self, name: str) -> Scope:
        """The scope that an assignment to NAME changes."""
        if name in self.global_names:
            return self.globals
        if name in self.nonlocal_names:
            scope = self.parent
            while scope is not None:
                if not scope.is_class and name in scope.names:
                    return scope
                scope = scope.parent
        return self


class Frame:
    """A body that is being run: its session, module and scope.

    MAYBE_RETURNED are values that an undecided arm of a generator's body returned; CLASS_CELL and SELF_VALUE are
    there for ``super()`` without arguments. PREFIX is what the qualified names of functions and classes made here
    begin with (``outer.<locals>.``). Of a function's own body FUNCTION is that function and CALLED_AT the call.
    """

    __slots__ = (
        "called_at",
        "class_cell",
        "function",
        "generator",
        "maybe_returned",
        "module",
        "prefix",
        "scope",
        "self_value",
        "session",
    )

    def __init__(self, session: Session, module: ModuleValue, scope: Scope) -> None:
        self.session = session
        self.module = module
        self.scope = scope
        self.maybe_returned: list[Any] = []
        self.class_cell: Any = None
        self.self_value: Any = None
        self.generator: Any = None
        self.prefix = ""
        self.function: UserFunction | None = None
        self.called_at: At | None = None

    def at(self, node: cst.CSTNode | None) -> At:
        """The place of NODE."""
        return At(self.session, self.module, node)

    def assign(self, name: str, value: Any) -> None:
        """``name = value``."""
        home = self.scope.home_of(name)
        self.session.journal.touch(home.names)
        home.names[name] = value

    def delete(self, name: str, node: cst.CSTNode) -> None:
        """``del name``."""
        home = self.scope.home_of(name)
        if name not in home.names:
            if home.local_names:
                words = f"cannot access local variable '{name}' where it is not associated with a value"
                raised(self.at(node), "UnboundLocalError", words)
            raised(self.at(node), "NameError", f"name '{name}' is not defined")
        self.session.journal.touch(home.names)
        del home.names[name]

    def nested(self, scope: Scope) -> Frame:
        """A frame for a comprehension or class body inside this one."""
        frame = Frame(self.session, self.module, scope)
        frame.class_cell, frame.self_value = self.class_cell, self.self_value
        frame.generator = self.generator
        frame.prefix = self.prefix
        return frame
