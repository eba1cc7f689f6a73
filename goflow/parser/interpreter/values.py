"""Values: Python's own constants and containers stand for themselves, everything else is a `Value`.

A `Value` has small capabilities, each a method that a subclass overrides; what it does not override answers with the
Python error that the author would see. `Unknown` is what cannot be known before run time: it is contagious, never true
and never false (decision 2 of the architecture).
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import libcst as cst

from goflow.domain.diagnostics import Span

if TYPE_CHECKING:
    from goflow.parser.interpreter.classes import ClassValue, Instance
    from goflow.parser.interpreter.modules import ModuleValue
    from goflow.parser.interpreter.session import Session

Arguments = Sequence[Any]
Keywords = dict[str, Any]


class At:
    """A place in a file while it is read: where a value comes from, and the way to the session."""

    __slots__ = ("module", "node", "session")

    def __init__(self, session: Session, module: ModuleValue, node: cst.CSTNode | None) -> None:
        self.session = session
        self.module = module
        self.node = node

    @property
    def line(self) -> int:
        """The line, from 1; 0 where there is no place."""
        return self.span.line

    @property
    def span(self) -> Span:
        """The place in words of a diagnostic. Positions of a module are found when the first one is asked for."""
        return self.module.span_of(self.node)

    def argument(self, *names: str) -> At:
        """The place of the first of the keyword arguments NAMES in the call that stands here, or in one that it is made
        on, as in ``f.override(name=1)()``; else this place."""
        node = self.node
        while isinstance(node, cst.Call | cst.Attribute):
            for argument in node.args if isinstance(node, cst.Call) else ():
                if argument.keyword is not None and argument.keyword.value in names:
                    return At(self.session, self.module, argument)
            node = node.func if isinstance(node, cst.Call) else node.value
        return self


class Raised(Exception):  # noqa: N818 - a Python exception of the file, on its way through the evaluator
    """An exception that the file's own code raises: VALUE is its instance, AT the place."""

    def __init__(self, value: Instance, at: At) -> None:
        self.value = value
        self.at = at
        self.trace: list[At] = [at]
        handled = at.session.handling
        if handled is not None and handled.value is not value and "__context__" not in value.attributes:
            value.attributes["__context__"] = handled.value
        super().__init__(value)

    @property
    def type_name(self) -> str:
        """The exception's class name."""
        return self.value.cls.name

    def is_a(self, name: str) -> bool:
        """Whether it is of the builtin class NAME, or of one that derives from it: what ``except NAME`` takes."""
        return any(base.name == name and base.module_name == "builtins" for base in self.value.cls.mro)

    @property
    def message(self) -> str:
        """As Python's last line of a traceback: ``KeyError: 'X'``."""
        from goflow.parser.interpreter.exceptions import message_of

        return message_of(self.value)


def raised(at: At, kind: str | ClassValue, message: str = "") -> NoReturn:
    """Raise the exception KIND (a builtin's name, or the dotted path of a library's) for the file to catch."""
    from goflow.parser.interpreter.exceptions import make_exception

    raise Raised(make_exception(at.session, kind, (message,) if message else ()), at)


class Value:
    """Anything that is no Python constant or container. AT is where something is asked of it."""

    type_name = "object"

    def get_attribute(self, name: str, at: At) -> Any:
        """The attribute NAME."""
        if name == "__class__":
            from goflow.parser.interpreter.builtins import type_of

            return type_of(self, at)
        raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Set the attribute NAME."""
        raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")

    def delete_attribute(self, name: str, at: At) -> None:
        """Delete the attribute NAME."""
        raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call it."""
        raised(at, "TypeError", f"'{self.type_name}' object is not callable")

    @property
    def callable(self) -> bool:
        """Whether it can be called."""
        return type(self).call is not Value.call

    def given_to(self, receiver: Any, name: str, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What the method NAME of RECEIVER, a value of Python's own, makes of this argument; NotImplemented where that
        is for the method itself to say."""
        return NotImplemented

    def get_item(self, key: Any, at: At) -> Any:
        """``value[key]``."""
        raised(at, "TypeError", f"'{self.type_name}' object is not subscriptable")

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """``value[key] = ...``."""
        raised(at, "TypeError", f"'{self.type_name}' object does not support item assignment")

    def delete_item(self, key: Any, at: At) -> None:
        """``del value[key]``."""
        raised(at, "TypeError", f"'{self.type_name}' object does not support item deletion")

    def iterate(self, at: At) -> Iterator[Any]:
        """An iterator over it."""
        raised(at, "TypeError", f"'{self.type_name}' object is not iterable")

    def contains(self, item: Any, at: At) -> Any:
        """``item in value``: True, False or Unknown."""
        from goflow.parser.interpreter.operations import equal

        return any(equal(item, other, at) is True for other in self.iterate(at))

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``value OPERATOR other`` (or, REFLECTED, the other way round); NotImplemented when it has no such thing."""
        return NotImplemented

    def goes_before(self, left: Value, operator: str) -> bool:
        """Whether ``left OPERATOR value`` asks this one first: its class derives from LEFT's and says it anew."""
        return False

    def unary(self, operator: str, at: At) -> Any:
        """``-value``, ``+value``, ``~value``."""
        raised(at, "TypeError", f"bad operand type for unary {operator}: '{self.type_name}'")

    def truth(self, at: At) -> bool | Unknown:
        """Whether it is true."""
        return True

    def length(self, at: At) -> Any:
        """``len(value)``."""
        raised(at, "TypeError", f"object of type '{self.type_name}' has no len()")

    def enter(self, at: At) -> Any:
        """``with value as ...``: what is bound."""
        raised(at, "TypeError", f"'{self.type_name}' object does not support the context manager protocol")

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """The end of the ``with``; true when PROBLEM is dealt with, Unknown where that is not known."""
        return False

    def may_catch(self, problem: Raised) -> bool | Unknown:
        """Whether ``leave`` may deal with PROBLEM, and can be tried in one arm and not in another."""
        return False

    def left_to_chance(self, why: Unknown, at: At) -> None:
        """A name was set to it that is not known any more for the reason WHY: it may be the one that is kept."""

    def forget(self, why: Unknown) -> list[Any]:
        """Code that is not read has it: what can be changed in it is not known for the reason WHY. What it held."""
        return []

    def forget_attribute(self, name: str, why: Unknown) -> None:
        """The attribute NAME may have been set or deleted, and WHY says why nobody knows."""

    def text(self, at: At) -> Any:
        """``str(value)``: a str or Unknown."""
        return Unknown(f"the text of a {self.type_name} object", at)

    def representation(self, at: At) -> Any:
        """``repr(value)``: a str or Unknown."""
        return self.text(at)


class Unknown(Value):
    """Not known before run time: REASON in words that follow *depends on*, and the place where it came up."""

    __slots__ = ("at", "reason")
    type_name = "unknown"

    def __init__(self, reason: str, at: At) -> None:
        self.reason = reason
        self.at = at

    def __bool__(self) -> bool:
        """A model that asks gets no answer, and what it was to give is not known (`Session.guarded`)."""
        raise UnknownElementsError(self)

    def derived(self) -> Unknown:
        """What is made of it by whatever it goes through: as little known. It is not the same thing any more, so who
        remembers where it comes from gives another."""
        return self

    def joined(self, pieces: list[Any]) -> Unknown:
        """The text that PIECES make, texts and Unknowns of which this is the first."""
        return self.derived()

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"

    def get_attribute(self, name: str, at: At) -> Any:
        """Unknown."""
        return self

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Changes nothing that is known."""

    def delete_attribute(self, name: str, at: At) -> None:
        """Changes nothing that is known."""

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Unknown, and so is what it may have changed."""
        if args or kwargs:
            from goflow.parser.interpreter.unread import keeping, may_have_changed
            from goflow.parser.interpreter.wrapping import wrapped

            if (same := wrapped(self, args, kwargs)) is not None:
                return same
            made = self.called(args, kwargs, at)  # before what is handed over is not known any more
            may_have_changed(self, args, kwargs, at)
            return keeping(made, args, kwargs, at)
        return self.called(args, kwargs, at)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The same with more arguments than are known."""
        return self.call([*args, unknown], kwargs, at)

    def changed(self, at: At) -> None:
        """It is changed in place: nothing that is known."""

    def drawn_from(self, at: At) -> None:
        """Elements are taken from it: from nothing that is known."""

    def called(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Unknown. A library that wants to know of such calls, and to say what they give, puts a function into
        ``library["unknown_called"]``."""
        hook = at.session.library.get("unknown_called")
        return self if hook is None else hook(self, args, kwargs, at)

    def get_item(self, key: Any, at: At) -> Any:
        """Unknown."""
        return self

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """Changes nothing that is known."""

    def delete_item(self, key: Any, at: At) -> None:
        """Changes nothing that is known."""

    def contains(self, item: Any, at: At) -> Any:
        """Unknown."""
        return self

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Unknown. A library to which ``>>`` and ``<<`` mean something puts a function into
        ``library["unknown_shifted"]``."""
        if operator in {">>", "<<"} and (hook := at.session.library.get("unknown_shifted")) is not None:
            hook(self, other, at)
        return self

    def unary(self, operator: str, at: At) -> Any:
        """Unknown."""
        return self

    def truth(self, at: At) -> bool | Unknown:
        """Neither."""
        return self

    def length(self, at: At) -> Any:
        """Unknown."""
        return self

    def enter(self, at: At) -> Any:
        """Unknown."""
        return self

    def text(self, at: At) -> Any:
        """Unknown."""
        return self


class UnknownKey(str):
    """Stands for the keys of a mapping that is not known, inside one that is known otherwise."""

    unknown: Unknown

    def __new__(cls, unknown: Unknown) -> UnknownKey:
        """A key that is equal to no other."""
        made = super().__new__(cls, f"<unknown {id(unknown)}>")
        made.unknown = unknown
        return made


_PLAIN = frozenset({str, int, float, bool, type(None)})


def hidden_key(value: Any) -> Unknown | None:
    """Why nobody knows all the keys of VALUE, a dict or a set; None where all are known."""
    if _PLAIN.issuperset(map(type, value)):  # nearly all
        return None
    for key in value:
        if isinstance(key, Unknown):
            return key
        if type(key) is UnknownKey:
            return key.unknown
        if isinstance(key, tuple | frozenset) and (unknown := first_unknown(key)) is not None:
            return unknown
    return None


def with_hidden(kwargs: Keywords, unknown: Unknown, at: At) -> Keywords:
    """KWARGS and others that nobody knows, for the reason of UNKNOWN: what they are handed to finds them by
    `hidden_key`."""
    at.session.hides_arguments = True
    return {**kwargs, UnknownKey(unknown): unknown}


def hidden_argument(kwargs: Keywords, at: At) -> Unknown | None:
    """Why nobody knows all of KWARGS; None where all are known."""
    return hidden_key(kwargs) if at.session.hides_arguments else None


class UnknownElementsError(Exception):
    """What comes next, or whether something is true, is not known: nothing is known from here on."""

    def __init__(self, unknown: Unknown) -> None:
        self.unknown = unknown
        super().__init__(unknown.reason)


class AnyOrder(list[Any]):
    """The elements of a set of texts as a list: Python hashes texts anew in each process, so their order is not known.

    What does not ask for the order (a loop, ``sorted``, ``len``, ``in``) takes them as they are; to all else they are
    as unknown as UNKNOWN is.
    """

    unknown: Unknown | None = None
    is_view = False
    """Whether they are the keys or items of a dict, which can be reckoned with as sets can."""

    def settle(self) -> None:
        """The order is known from now on."""
        self.unknown = None


_ORDERLESS: dict[int, tuple[Any, Unknown]] = {}
"""Lists and dicts that a loop in an unknown order has filled, by their identity; of the reading that goes on."""


def forget_order(value: list[Any] | dict[Any, Any], why: Unknown) -> None:
    """The elements or keys of VALUE are in an order that is not known, for the reason WHY."""
    if type(value) is AnyOrder:
        value.unknown = why
    else:
        _ORDERLESS[id(value)] = value, why


def settle_order(value: list[Any]) -> None:
    """The elements of VALUE are in the order that they have."""
    if type(value) is AnyOrder:
        value.settle()
    _ORDERLESS.pop(id(value), None)


def forget_all_orders() -> None:
    """A new reading begins."""
    _ORDERLESS.clear()


def order_of(value: Any) -> Unknown | None:
    """Why the order of VALUE, a list, is not known; None where it is, and for anything else."""
    if type(value) is AnyOrder:
        return value.unknown
    if _ORDERLESS and type(value) is list and len(value) > 1:
        return _ORDERLESS.get(id(value), (None, None))[1]
    return None


def key_order_of(value: dict[Any, Any]) -> Unknown | None:
    """Why the order of VALUE's keys is not known; None where it is."""
    return _ORDERLESS.get(id(value), (None, None))[1] if _ORDERLESS and len(value) > 1 else None


class NativeFunction(Value):
    """A function of a library's model. FUNCTION gets ``(at, *args, **kwargs)``.

    Unless TAKES_UNKNOWN, a call with an Unknown among the arguments (one deep in containers, too) is Unknown and does
    not reach FUNCTION. As an attribute of a class it binds as a method when BINDS: ``(at, self, *args, **kwargs)``.
    Who calls it changes what is HELD.
    """

    __slots__ = ("binds", "doc", "function", "held", "name", "takes_unknown")
    type_name = "builtin_function_or_method"

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        takes_unknown: bool = False,
        binds: bool = True,
        held: Sequence[Any] = (),
    ) -> None:
        self.name = name
        self.function = function
        self.takes_unknown = takes_unknown
        self.binds = binds
        self.held = held
        self.doc = function.__doc__

    def __repr__(self) -> str:
        return f"<native {self.name}>"

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call it; a wrong number of arguments is the file's TypeError."""
        at.session.budget.step(at)
        if not self.takes_unknown:
            unknown = first_unknown((args, kwargs))
            if unknown is not None:
                from goflow.parser.interpreter.alternatives import of_arguments

                return of_arguments(unknown, args, kwargs, at)
        answer = at.session.guarded(self.function, at, args, kwargs, self.name)
        if type(answer) is not Unknown:
            return answer
        from goflow.parser.interpreter.alternatives import of_arguments

        return of_arguments(answer, args, kwargs, at)

    def forget(self, why: Unknown) -> list[Any]:
        """What it is a method of."""
        return list(self.held)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """An ``__init__`` that the file hands its own arguments on to is told that there are more."""
        if self.name != "__init__" or not self.takes_unknown:
            return NotImplemented
        return self.call(args, with_hidden(kwargs, unknown, at), at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``__name__`` and ``__doc__``."""
        if name in {"__name__", "__qualname__"}:
            return self.name
        if name == "__doc__":
            return self.doc
        return super().get_attribute(name, at)

    def text(self, at: At) -> Any:
        """As Python writes it, without an address."""
        return Unknown(f"the address of function {self.name}", at)


CONTAINERS: tuple[Any, ...] = (
    dict, list, tuple, set, frozenset, collections.deque, type({}.keys()), type({}.values()), type({}.items()),
)  # fmt: skip


def first_unknown(value: Any, depth: int = 6) -> Unknown | None:
    """The first Unknown in VALUE or in the containers that it holds; None when all is known."""
    if isinstance(value, Unknown):
        return value.derived()
    if depth == 0 or not isinstance(value, CONTAINERS):
        return None
    why = order_of(value)
    if why is not None:
        return why
    if isinstance(value, dict):
        why = key_order_of(value)
        if why is not None:
            return why
        for key, inner in value.items():
            found = first_unknown(key, depth - 1)
            if found is None:
                found = first_unknown(inner, depth - 1)
            if found is not None:
                return found
        return None
    for inner in value:
        found = first_unknown(inner, depth - 1)
        if found is not None:
            return found
    return None
