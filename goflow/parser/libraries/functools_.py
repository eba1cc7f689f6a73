"""``functools``, ``itertools``, ``operator``, ``copy``, ``six``: functions over values."""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.builtin_functions import is_instance, is_subclass
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod, PropertyValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.operations import binary, elements, get_item, iterate, iterate_now, truth
from goflow.parser.interpreter.orders import iterator_over, unordered
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.subtypes import HostInstance
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Unknown,
    UnknownElementsError,
    Value,
    first_unknown,
    raised,
)
from goflow.parser.libraries.registry import function, module


class Partial(Value):
    """``functools.partial``."""

    type_name = "partial"
    doc = functools.partial.__doc__

    def __init__(self, target: Any, args: Arguments, kwargs: Keywords) -> None:
        self.function = target
        self.args = tuple(args)
        self.kwargs = dict(kwargs)

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "name", "partial"))

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Call the function with all arguments."""
        return call(self.function, [*self.args, *args], {**self.kwargs, **kwargs}, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``func``, ``args``, ``keywords``."""
        own = {"func": self.function, "args": self.args, "keywords": self.kwargs}
        return own[name] if name in own else super().get_attribute(name, at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``partial.__name__ = ...`` is taken and means nothing."""


def _wraps(at: At, wrapped: Any, *args: Any, **kwargs: Any) -> Any:
    return NativeFunction("wraps", lambda at, wrapper: _update_wrapper(at, wrapper, wrapped), takes_unknown=True)


def _update_wrapper(at: At, wrapper: Any, wrapped: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(wrapper, UserFunction):
        inner = wrapped.function if isinstance(wrapped, BoundMethod) else wrapped
        wrapper.wraps = wrapped
        wrapper.name = str(getattr(inner, "name", wrapper.name))
        wrapper.qualname = str(getattr(inner, "qualname", wrapper.qualname))
        wrapper.attributes.update(getattr(inner, "attributes", {}))
        wrapper.attributes["__doc__"] = host.get_attribute(inner, "__doc__", at)
    return wrapper


class Cached(Value):
    """A function under ``lru_cache``: it is called once for the same arguments."""

    type_name = "_lru_cache_wrapper"

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.name = str(getattr(inner, "name", "cached"))
        self.qualname = str(getattr(inner, "qualname", self.name))
        self.doc = getattr(inner, "doc", None)
        self._known: dict[Any, Any] = {}

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What the function gave the first time. TypeError for arguments that cannot be hashed."""
        try:
            key = (tuple(args), tuple(kwargs.items()))
            known = key in self._known
        except TypeError as problem:
            raised(at, "TypeError", str(problem))
        if not known:
            answer = self.inner.call(args, kwargs, at)
            at.session.journal.touch(self._known)
            self._known[key] = answer
        return self._known[key]

    @property
    def descriptor(self) -> Value:
        """As a method it gets its instance first."""
        return NativeFunction(
            "__get__",
            lambda at, instance, cls: self if instance is None else BoundMethod(self, instance),
            takes_unknown=True,
        )

    def get_attribute(self, name: str, at: At) -> Any:
        """Its own, else the function's."""
        if name == "cache_clear":
            return NativeFunction(name, self._clear)
        if name == "__wrapped__":
            return self.inner
        return Unknown(f"{name} of a cache", at) if name == "cache_info" else self.inner.get_attribute(name, at)

    def _clear(self, at: At) -> None:
        at.session.journal.touch(self._known)
        self._known.clear()


def _cache(at: At, target: Any = None, *args: Any, **options: Any) -> Any:
    def decorate(at: At, inner: Any) -> Any:
        return inner if isinstance(inner, Unknown) else Cached(inner)

    if isinstance(target, Value):
        return decorate(at, target)
    return NativeFunction("lru_cache", decorate, takes_unknown=True)


def _reduce(at: At, target: Any, values: Any, *start: Any) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    rest = [*start, *found]
    total = rest[0]
    for value in rest[1:]:
        total = call(target, [total, value], {}, at)
    return total


_BY_ANOTHER = {
    "__lt__": {"__gt__": ("<", True), "__le__": ("<", False), "__ge__": ("<", True)},
    "__le__": {"__ge__": ("<=", True), "__lt__": ("<=", False), "__gt__": ("<=", True)},
    "__gt__": {"__lt__": (">", True), "__ge__": (">", False), "__le__": (">", True)},
    "__ge__": {"__le__": (">=", True), "__gt__": (">=", False), "__lt__": (">=", True)},
}
"""What each comparison is worked out from: the sign that is there, and whether its opposite is meant."""


def _total_ordering(at: At, cls: Any) -> Any:
    if not isinstance(cls, ClassValue):
        return cls
    root = next((name for name in ("__lt__", "__le__", "__gt__", "__ge__") if cls.lookup(name) is not MISSING), None)
    if root is None:
        raised(at, "ValueError", "must define at least one ordering operation: < > <= >=")
    for name, (sign, opposite) in _BY_ANOTHER[root].items():
        if cls.lookup(name) is MISSING:
            at.session.journal.touch(cls.attributes)
            cls.attributes[name] = NativeFunction(name, _compared(name, sign, opposite), takes_unknown=True)
    return cls


def _compared(name: str, sign: str, opposite: bool) -> Callable[..., Any]:
    def run(at: At, self: Any, other: Any) -> Any:
        base = truth(binary(sign, self, other, at), at)
        if isinstance(base, Unknown):
            return base
        strict = name in {"__lt__", "__gt__"}
        same = truth(binary("==", self, other, at), at)
        if isinstance(same, Unknown):
            return same
        if opposite:  # > is neither < nor ==, >= is not <
            return (not base and not same) if strict and sign in {"<", ">"} else not base
        return (base and not same) if strict else (base or same)

    return run


class Dispatched(Value):
    """A function under ``singledispatch``."""

    type_name = "function"

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.name = str(getattr(inner, "name", "function"))
        self._by_class: list[tuple[Any, Any]] = []

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The function for the class of the first argument: the nearest in its MRO."""
        if not args or isinstance(args[0], Unknown):
            return args[0] if args else self.inner.call(args, kwargs, at)
        best: Any = None
        for cls, function_ in self._by_class:
            if is_instance(at, args[0], cls) is True and (best is None or is_subclass(at, cls, best[0]) is True):
                best = cls, function_
        return call(self.inner if best is None else best[1], list(args), kwargs, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``register``, else the function's own."""
        if name == "register":
            return NativeFunction(name, self._register, takes_unknown=True)
        return self.inner.get_attribute(name, at)

    def _register(self, at: At, cls: Any, function_: Any = None) -> Any:
        if function_ is None and isinstance(cls, UserFunction):
            function_, names = cls, [parameter.name for parameter in cls.parameters]
            cls = function_.annotation(names[0], at) if names else None
        if function_ is None:
            return NativeFunction("register", lambda at, inner: self._register(at, cls, inner), takes_unknown=True)
        at.session.journal.touch(self._by_class)
        self._by_class.append((cls, function_))
        return function_


@module("functools")
def build_functools(session: Session) -> dict[str, Any]:
    """``functools``."""
    return {
        "partial": function("partial", lambda at, target, *a, **k: Partial(target, a, k), takes_unknown=True),
        "wraps": function("wraps", _wraps, takes_unknown=True),
        "update_wrapper": function("update_wrapper", _update_wrapper, takes_unknown=True),
        "lru_cache": function("lru_cache", _cache, takes_unknown=True),
        "cache": function("cache", _cache, takes_unknown=True),
        "reduce": function("reduce", _reduce, takes_unknown=True),
        "cached_property": function(
            "cached_property", lambda at, inner: PropertyValue(inner, cached_as=inner.name), takes_unknown=True
        ),
        "total_ordering": function("total_ordering", _total_ordering, takes_unknown=True),
        "singledispatch": function("singledispatch", lambda at, inner: Dispatched(inner), takes_unknown=True),
    }


def _over(run: Callable[..., Any], sources: int | None = None) -> Callable[..., Any]:
    """RUN of ``itertools`` over iterators of ours: of the first SOURCES arguments, or of all."""

    def wrapped(at: At, *args: Any, **kwargs: Any) -> Any:
        end = len(args) if sources is None else sources
        unknown = first_unknown((args[end:], kwargs)) if sources is not None else None
        if unknown is not None:
            return unknown
        reasons = [source if isinstance(source, Unknown) else unordered(source, at) for source in args[:end]]
        for source, reason in zip(args, reasons, strict=False):
            if isinstance(source, Unknown) or (reason is not None and run is not itertools.chain):
                return reason
        found = run(*(iterate_now(source, at) for source in args[:end]), *args[end:], **kwargs)
        return iterator_over(found, next((reason for reason in reasons if reason is not None), None))

    return wrapped


def _with_function(run: Callable[..., Any], *, spread: bool = False) -> Callable[..., Any]:
    """RUN of ``itertools`` whose first argument is a function that the evaluator calls."""

    def wrapped(at: At, target: Any, source: Any) -> Any:
        if isinstance(source, Unknown):
            return source

        def asked(*values: Any) -> Any:
            if target is None:
                return _settled(truth(values[0], at))
            answer = call(target, list(values), {}, at)
            return answer if spread else _settled(truth(answer, at))

        values = iterate_now(source, at)
        rows = (tuple(_settled(elements(row, at))) for row in values) if spread else values
        return run(asked, rows)

    return wrapped


def _settled(value: Any) -> Any:
    """VALUE; where it is not known nothing that comes after is, either."""
    if isinstance(value, Unknown):
        raise UnknownElementsError(value)
    return value


def _product(at: At, *sources: Any, repeat: Any = 1) -> Any:
    if isinstance(repeat, Unknown):
        return repeat
    found: list[Any] = [elements(source, at) for source in sources]
    size = 1
    for source in found:
        unknown = source if isinstance(source, Unknown) else unordered(source, at)
        if unknown is not None:
            return unknown
        size = min(size * max(len(source), 1), 1 << 62)
    at.session.budget.check_size(min(repeat, 1000) * len(found), at)
    return itertools.product(*found, repeat=repeat)


def _chosen(run: Callable[..., Any]) -> Callable[..., Any]:
    """``permutations`` and its kin: RUN over a list, and how many of it are taken."""

    def wrapped(at: At, source: Any, *rest: Any, **kwargs: Any) -> Any:
        found = elements(source, at)
        if isinstance(found, Unknown):
            return found
        unknown = first_unknown((rest, kwargs)) if (order := unordered(found, at)) is None else order
        return unknown if unknown is not None else run(found, *rest, **kwargs)

    return wrapped


def _accumulate(at: At, source: Any, func: Any = None, *, initial: Any = None) -> Any:
    unknown = source if isinstance(source, Unknown) else unordered(source, at)
    if unknown is not None:
        return unknown

    def both(left: Any, right: Any) -> Any:
        return binary("+", left, right, at) if func is None else call(func, [left, right], {}, at)

    return itertools.accumulate(iterate_now(source, at), both, initial=initial)


def _groupby(at: At, source: Any, key: Any = None) -> Any:
    unknown = source if isinstance(source, Unknown) else unordered(source, at)
    if unknown is not None:
        return unknown
    return itertools.groupby(
        iterate_now(source, at), lambda value: _settled(value if key is None else call(key, [value], {}, at))
    )


def _from_iterable(at: At, sources: Any) -> Any:
    unknown = sources if isinstance(sources, Unknown) else unordered(sources, at)
    if unknown is not None:
        return unknown
    return (value for source in iterate_now(sources, at) for value in iterate(_settled(source), at))


class Chain(NativeFunction):
    """``itertools.chain`` with its ``from_iterable``."""

    def get_attribute(self, name: str, at: At) -> Any:
        """``from_iterable``."""
        if name == "from_iterable":
            return NativeFunction(name, _from_iterable, takes_unknown=True)
        return super().get_attribute(name, at)


@module("itertools")
def build_itertools(session: Session) -> dict[str, Any]:
    """``itertools``."""
    found: dict[str, Any] = {
        "chain": Chain("chain", _over(itertools.chain), takes_unknown=True),
        "product": function("product", _product, takes_unknown=True),
        "count": function("count", lambda at, *args, **kwargs: itertools.count(*args, **kwargs)),
        "repeat": function("repeat", _repeat, takes_unknown=True),
        "groupby": function("groupby", _groupby, takes_unknown=True),
        "accumulate": function("accumulate", _accumulate, takes_unknown=True),
        "starmap": function("starmap", _with_function(itertools.starmap, spread=True), takes_unknown=True),
    }
    for name, sources in (("zip_longest", None), ("compress", None), ("pairwise", 1), ("cycle", 1), ("islice", 1)):
        found[name] = function(name, _over(getattr(itertools, name), sources), takes_unknown=True)
    found["tee"] = function("tee", _tee, takes_unknown=True)
    for name in ("permutations", "combinations", "combinations_with_replacement"):
        found[name] = function(name, _chosen(getattr(itertools, name)), takes_unknown=True)
    for name in ("takewhile", "dropwhile", "filterfalse"):
        found[name] = function(name, _with_function(getattr(itertools, name)), takes_unknown=True)
    return found


def _repeat(at: At, value: Any, times: Any = None) -> Any:
    if isinstance(times, Unknown):
        return times
    return itertools.repeat(value) if times is None else itertools.repeat(value, times)


def _tee(at: At, source: Any, n: Any = 2) -> Any:
    unknown = source if isinstance(source, Unknown) else first_unknown(n)
    return unknown if unknown is not None else itertools.tee(iterate_now(source, at), min(n, 1000))


@module("operator")
def build_operator(session: Session) -> dict[str, Any]:
    """``operator``."""
    signs = {
        "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "eq": "==", "ne": "!=",
        "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "or_": "|", "and_": "&", "rshift": ">>", "lshift": "<<",
        "xor": "^", "pow": "**", "matmul": "@", "concat": "+",
    }  # fmt: skip
    found: dict[str, Any] = {
        name: function(name, lambda at, a, b, sign=sign: binary(sign, a, b, at), takes_unknown=True)
        for name, sign in signs.items()
    }
    found["itemgetter"] = function("itemgetter", _itemgetter)
    found["attrgetter"] = function("attrgetter", _attrgetter)
    found["not_"] = function("not_", lambda at, value: not truth(value, at))
    return found


def _itemgetter(at: At, *keys: Any) -> Any:
    def get(at: At, value: Any) -> Any:
        found = tuple(get_item(value, key, at) for key in keys)
        return found[0] if len(keys) == 1 else found

    return NativeFunction("itemgetter", get, takes_unknown=True)


def _attrgetter(at: At, *names: str) -> Any:
    def one(value: Any, name: str, at: At) -> Any:
        for word in name.split("."):
            value = host.get_attribute(value, word, at)
        return value

    def get(at: At, value: Any) -> Any:
        found = tuple(one(value, name, at) for name in names)
        return found[0] if len(names) == 1 else found

    return NativeFunction("attrgetter", get, takes_unknown=True)


def copied(value: Any, at: At, *, deep: bool, memo: dict[int, Any] | None = None) -> Any:
    """``copy.copy`` and ``copy.deepcopy``; objects of libraries stay the same object unless they copy themselves."""

    def again(inner: Any) -> Any:
        return copied(inner, at, deep=True, memo=memo) if deep else inner

    at.session.budget.step(at)
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)][0]
    made = _copied(value, at, again, deep=deep)
    memo[id(value)] = (made, value)
    return made


def _copied(value: Any, at: At, again: Callable[[Any], Any], *, deep: bool) -> Any:
    if isinstance(value, list | tuple | dict | set):
        at.session.budget.made(len(value), at)
    match value:
        case collections.deque():
            return collections.deque(map(again, value), value.maxlen)
        case dict():
            made_dict = value.copy()
            if deep:
                made_dict.clear()
                for key, inner in value.items():
                    made_dict[again(key)] = again(inner)
            return made_dict
        case list():
            return [again(inner) for inner in value]
        case set():
            return set(value)
        case tuple() if not hasattr(value, "_fields"):
            return tuple(again(inner) for inner in value)
        case HostInstance():
            around = HostInstance(value.cls, {key: again(inner) for key, inner in value.attributes.items()})
            around.data = copied(value.data, at, deep=deep)
            return around
        case Instance() if type(value) is Instance:  # objects of libraries are classes of their own
            made = Instance(value.cls, {key: again(inner) for key, inner in value.attributes.items()})
            made.data = value.data
            return made
    return value


@module("copy")
def build_copy(session: Session) -> dict[str, Any]:
    """``copy``."""
    return {
        "copy": function("copy", lambda at, value: copied(value, at, deep=False), takes_unknown=True),
        "deepcopy": function("deepcopy", lambda at, value, *_: copied(value, at, deep=True), takes_unknown=True),
    }


@module("six")
def build_six(session: Session) -> dict[str, Any]:
    """``six``."""
    string = session.library["builtins"]["str"]
    return {"string_types": (string,), "text_type": string, "PY2": False, "PY3": True}
