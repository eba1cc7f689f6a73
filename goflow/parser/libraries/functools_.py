"""``functools``, ``itertools``, ``operator``, ``copy``, ``six``: functions over values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import Instance
from goflow.parser.interpreter.descriptors import BoundMethod, PropertyValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.operations import binary, elements, get_item, iterate, truth
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value
from goflow.parser.libraries.registry import function, module


class Partial(Value):
    """``functools.partial``."""

    type_name = "partial"

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
    def decorate(at: At, wrapper: Any) -> Any:
        if isinstance(wrapper, UserFunction):
            inner = wrapped.function if isinstance(wrapped, BoundMethod) else wrapped
            wrapper.wraps = wrapped
            wrapper.name = str(getattr(inner, "name", wrapper.name))
            wrapper.qualname = str(getattr(inner, "qualname", wrapper.qualname))
            wrapper.attributes["__doc__"] = getattr(inner, "doc", None)
        return wrapper

    return NativeFunction("wraps", decorate, takes_unknown=True)


def _cache(at: At, target: Any = None, **options: Any) -> Any:
    if isinstance(target, Value) and not isinstance(target, Unknown):
        return target
    return NativeFunction("lru_cache", lambda at, inner: inner, takes_unknown=True)


def _reduce(at: At, target: Any, values: Any, *start: Any) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    rest = [*start, *found]
    total = rest[0]
    for value in rest[1:]:
        total = call(target, [total, value], {}, at)
    return total


@module("functools")
def build_functools(session: Session) -> dict[str, Any]:
    """``functools``."""
    return {
        "partial": function("partial", lambda at, target, *a, **k: Partial(target, a, k), takes_unknown=True),
        "wraps": function("wraps", _wraps, takes_unknown=True),
        "lru_cache": function("lru_cache", _cache, takes_unknown=True),
        "cache": function("cache", _cache, takes_unknown=True),
        "reduce": function("reduce", _reduce, takes_unknown=True),
        "cached_property": function(
            "cached_property", lambda at, inner: PropertyValue(inner, cached_as=inner.name), takes_unknown=True
        ),
        "total_ordering": function("total_ordering", lambda at, cls: cls, takes_unknown=True),
        "singledispatch": function("singledispatch", lambda at, inner: inner, takes_unknown=True),
    }


def _lists(run: Callable[..., Any]) -> Callable[..., Any]:
    """RUN over the elements of every positional argument."""

    def wrapped(at: At, *sources: Any, **kwargs: Any) -> Any:
        found: list[Any] = [elements(source, at) for source in sources]
        for source in found:
            if isinstance(source, Unknown):
                return source
        size = 1
        for source in found:
            size *= max(len(source), 1)
        at.session.budget.check_size(size ** kwargs.get("repeat", 1), at)
        return list(run(*found, **kwargs))

    return wrapped


def _numbered(run: Callable[..., Any]) -> Callable[..., Any]:
    """RUN over the elements of the first argument, the others as they are."""

    def wrapped(at: At, source: Any, *rest: Any, **kwargs: Any) -> Any:
        found = elements(source, at)
        return found if isinstance(found, Unknown) else list(itertools.islice(run(found, *rest, **kwargs), 100_000))

    return wrapped


def _from_iterable(at: At, sources: Any) -> Any:
    outer = elements(sources, at)
    return outer if isinstance(outer, Unknown) else _lists(itertools.chain)(at, *outer)


class Chain(NativeFunction):
    """``itertools.chain`` with its ``from_iterable``."""

    def get_attribute(self, name: str, at: At) -> Any:
        """``from_iterable``."""
        if name == "from_iterable":
            return NativeFunction(name, _from_iterable, takes_unknown=True)
        return super().get_attribute(name, at)


def _count(at: At, start: int = 0, step: int = 1) -> Iterator[int]:
    return itertools.count(start, step)


def _islice(at: At, source: Any, *bounds: Any) -> Any:
    return source if isinstance(source, Unknown) else list(itertools.islice(iterate(source, at), *bounds))


def _groupby(at: At, source: Any, key: Any = None) -> Any:
    found = elements(source, at)
    if isinstance(found, Unknown):
        return found
    keyed = [(value if key is None else call(key, [value], {}, at), value) for value in found]
    return [(k, [v for _, v in group]) for k, group in itertools.groupby(keyed, key=lambda pair: pair[0])]


@module("itertools")
def build_itertools(session: Session) -> dict[str, Any]:
    """``itertools``."""
    found: dict[str, Any] = {
        "chain": Chain("chain", _lists(itertools.chain), takes_unknown=True),
        "product": function("product", _lists(itertools.product), takes_unknown=True),
        "zip_longest": function("zip_longest", _lists(itertools.zip_longest), takes_unknown=True),
        "count": function("count", _count),
        "cycle": function("cycle", lambda at, source: itertools.cycle(list(iterate(source, at)))),
        "repeat": function("repeat", lambda at, *args: itertools.repeat(*args), takes_unknown=True),
        "islice": function("islice", _islice, takes_unknown=True),
        "groupby": function("groupby", _groupby, takes_unknown=True),
    }
    for name in ("permutations", "combinations", "combinations_with_replacement", "pairwise", "accumulate"):
        found[name] = function(name, _numbered(getattr(itertools, name)), takes_unknown=True)
    return found


@module("operator")
def build_operator(session: Session) -> dict[str, Any]:
    """``operator``."""
    signs = {
        "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "eq": "==", "ne": "!=",
        "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "or_": "|", "and_": "&", "rshift": ">>", "lshift": "<<",
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


def copied(value: Any, at: At, *, deep: bool) -> Any:
    """``copy.copy`` and ``copy.deepcopy``; objects of libraries stay the same object unless they copy themselves."""

    def again(inner: Any) -> Any:
        return copied(inner, at, deep=True) if deep else inner

    match value:
        case dict():
            return {again(key): again(inner) for key, inner in value.items()}
        case list():
            return [again(inner) for inner in value]
        case set():
            return set(value)
        case tuple() if not hasattr(value, "_fields"):
            return tuple(again(inner) for inner in value)
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
