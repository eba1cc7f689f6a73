"""Python's builtin functions over values of the file, by name; some of them see the frame they are called in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.alternatives import MaybeGone, OneOf
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue, StaticMethod
from goflow.parser.interpreter.endless import Calls
from goflow.parser.interpreter.generators import Generator
from goflow.parser.interpreter.items import check_hashable, elements, iterate, iterate_now
from goflow.parser.interpreter.metaclasses import MadeClass
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.operations import binary, length, truth
from goflow.parser.interpreter.order_matters import changes_when_called
from goflow.parser.interpreter.orders import AnyOrderIterator, is_settled, iterator_over, unordered
from goflow.parser.interpreter.plain_values import as_raised, plain_host, type_name
from goflow.parser.interpreter.scopes import MISSING, Frame
from goflow.parser.interpreter.session import unfinished_call
from goflow.parser.interpreter.shown import ascii_of, formatted, representation
from goflow.parser.interpreter.subtypes import HostInstance
from goflow.parser.interpreter.supers import SuperValue
from goflow.parser.interpreter.unions import UnionValue
from goflow.parser.interpreter.unread import Called, may_be_called
from goflow.parser.interpreter.values import (
    At,
    Raised,
    Unknown,
    UnknownElementsError,
    UnknownKey,
    Value,
    first_unknown,
    raised,
)
from goflow.parser.interpreter.widening import any_number


def _enumerate(at: At, values: Any, start: Any = 0) -> Any:
    if isinstance(start, Unknown):
        return start
    unknown = values if isinstance(values, Unknown) else unordered(values, at)
    return unknown if unknown is not None else enumerate(iterate_now(values, at), start)


def _zip(at: At, *sources: Any, strict: bool = False) -> Any:
    """As far as the shortest goes: one that never ends may be among them."""
    for source in sources:
        unknown = source if isinstance(source, Unknown) else unordered(source, at)
        if unknown is not None:
            may_be_called([other for other in sources if not isinstance(other, Unknown)], unknown, at)
            return unknown if len(sources) == 1 else OneOf.of(unknown, sources)
    return zip(*(iterate_now(source, at) for source in sources), strict=bool(strict))


def _map(at: At, function: Any, *sources: Any) -> Any:
    if len(sources) == 1 and not isinstance(sources[0], Unknown):
        if (why := _order_that_matters(at, function, sources[0])) is not None:
            return Called(why, [function, sources[0]])
        values = iterate_now(sources[0], at)
        return iterator_over((call(function, [value], {}, at) for value in values), unordered(sources[0], at))
    rows = _zip(at, *sources)
    if isinstance(rows, Unknown):
        return Called(rows, [function, *sources])
    return (call(function, list(row), {}, at) for row in rows)


def _order_that_matters(at: At, function: Any, source: Any) -> Unknown | None:
    """Why nobody knows the order of SOURCE's elements, where what FUNCTION does with one it may find with another."""
    why = unordered(source, at)
    return why if why is not None and changes_when_called(function) else None


def _filter(at: At, function: Any, source: Any) -> Any:
    if isinstance(source, Unknown):
        return Called(source, [function, source])
    if (why := _order_that_matters(at, function, source)) is not None:
        return Called(why, [function, source])
    values = iterate_now(source, at)

    def takes(value: Any) -> bool:
        answer = truth(value if function is None else call(function, [value], {}, at), at)
        if isinstance(answer, Unknown):
            may_be_called([function, source], answer, at)
            raise UnknownElementsError(OneOf.of(answer, [source]))
        return answer

    return iterator_over((value for value in values if takes(value)), unordered(source, at))


def _sorted(at: At, values: Any, *, key: Any = None, reverse: Any = False) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        may_be_called([key], found, at)
        return found
    found = list(found)
    unknown = first_unknown(found)
    unknown = _order_that_matters(at, key, values) if unknown is None else unknown
    if unknown is not None:
        may_be_called([key], unknown, at)
    return unknown if unknown is not None else host.sorted_values(found, at, key, reverse)


def _reversed(at: At, values: Any) -> Any:
    if isinstance(values, set | frozenset) or hasattr(values, "__next__"):
        raised(at, "TypeError", f"'{type_name(values)}' object is not reversible")
    method = values.method("__reversed__", at) if isinstance(values, Instance) else None
    if method is not None:
        return method.call([], {}, at)
    found = elements(values, at)
    return found if isinstance(found, Unknown) else iterator_over(iter(found[::-1]), unordered(found, at))


def _extreme(sign: str) -> Callable[..., Any]:
    def run(at: At, *values: Any, key: Any = None, default: Any = MISSING) -> Any:
        name = "min" if sign == "<" else "max"
        if not values:
            raised(at, "TypeError", f"{name} expected at least 1 argument, got 0")
        found = elements(values[0], at) if len(values) == 1 else list(values)
        if isinstance(found, Unknown):
            may_be_called([key], found, at)
            return OneOf.of(found, [found, default])
        if len(values) == 1 and (why := _order_that_matters(at, key, found)) is not None:
            may_be_called([key], why, at)
            return OneOf.of(why, found)
        if not found:
            if default is not MISSING:
                return default
            raised(at, "ValueError", f"{name}() iterable argument is empty")
        best, best_key = found[0], found[0] if key is None else call(key, [found[0]], {}, at)
        for value in found[1:]:
            value_key = value if key is None else call(key, [value], {}, at)
            answer = truth(binary(sign, value_key, best_key, at), at)
            if isinstance(answer, Unknown):
                return OneOf.of(answer, found)
            if answer:
                best, best_key = value, value_key
        unknown = unordered(found, at) if key is not None else None  # of equals the first one wins
        return best if unknown is None else OneOf.of(unknown, found)

    return run


def _sum(at: At, values: Any, start: Any = 0) -> Any:
    if isinstance(start, str):
        raised(at, "TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    if (why := unordered(found, at)) is not None and not all(isinstance(value, int) for value in found):
        return OneOf.of(why, found)
    total = start
    for value in found:
        total = binary("+", total, value, at)
    return total


def _any_all(stop: bool) -> Callable[..., Any]:
    def run(at: At, values: Any) -> Any:
        if isinstance(values, Unknown):
            values.drawn_from(at)
            return values
        source = iterate(values, at)
        for value in source:
            answer = truth(value, at)
            if isinstance(answer, Unknown):
                return _maybe_stopped(at, source, answer, stop)
            if answer is stop:
                return stop
        return not stop

    return run


def _maybe_stopped(at: At, source: Iterator[Any], why: Unknown, stop: bool) -> Any:
    """The rest of SOURCE is asked for or not; an element that is STOP decides in any case."""
    is_sure = False

    def once() -> None:
        nonlocal is_sure
        with contextlib.suppress(UnknownElementsError):
            is_sure |= True in [truth(value, at) is stop for value in source]

    any_number(Frame(at.session, at.module, at.module.scope), once, why, at)
    return stop if is_sure else why


def is_instance(at: At, value: Any, kinds: Any) -> bool | Unknown:
    """``isinstance(value, kinds)``."""
    if isinstance(kinds, tuple):
        answers = [is_instance(at, value, kind) for kind in kinds]
        if any(answer is True for answer in answers):
            return True
        return next((answer for answer in answers if isinstance(answer, Unknown)), False)
    for thing in (value, kinds):
        if isinstance(thing, Unknown):
            return thing
    if not isinstance(kinds, Value):
        raised(at, "TypeError", "isinstance() arg 2 must be a type, a tuple of types, or a union")
    if not isinstance(kinds, ClassValue):
        own = getattr(kinds, "has_instance", None)
        return own(value, at) if own is not None else Unknown("a type that is not read", at)
    if isinstance(kinds, MadeClass) and (answer := kinds.checks("__instancecheck__", value, at)) is not MISSING:
        return truth(answer, at)
    if kinds.host is object:
        return True
    if isinstance(value, Instance):
        if value.cls.derives_from(kinds) or _has_methods(at, value.cls, kinds):
            return True
        return kinds.host is not None and isinstance(value, HostInstance) and isinstance(value.data, kinds.host)
    if isinstance(value, ClassValue):
        return kinds.host is type or (value.metaclass is not None and value.metaclass.derives_from(kinds))
    own_check = kinds.data.get("has_instance")
    if own_check is not None and own_check(value):
        return True
    return kinds.host is not None and isinstance(value, kinds.host)


def _has_methods(at: At, cls: ClassValue, kind: ClassValue) -> bool:
    """Whether KIND is one of ``collections.abc`` that asks for methods alone, and CLS has them; or CLS derives from one
    that is such a KIND."""
    methods = kind.data.get("methods")
    if methods is None:
        return kind.module_name == "collections.abc" and _derives(at, cls, kind) is True
    return all(cls.lookup(name) not in (MISSING, None) for name in methods)


def _pow(at: At, base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is None:
        return binary("**", base, exp, at)
    unknown = first_unknown((base, exp, mod))
    return unknown if unknown is not None else pow(base, exp, mod)


def is_subclass(at: At, cls: Any, kinds: Any) -> Any:
    """``issubclass(cls, kinds)``."""
    if isinstance(kinds, UnionValue):
        kinds = kinds.kinds
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    unknown = first_unknown((cls, wanted))
    if isinstance(cls, Unknown):
        return cls
    if not isinstance(cls, ClassValue):
        raised(at, "TypeError", "issubclass() arg 1 must be a class")
    answer = any(isinstance(kind, ClassValue) and _derives(at, cls, kind) for kind in wanted)
    return answer if answer or unknown is None else unknown


def _derives(at: At, cls: ClassValue, kind: ClassValue) -> Any:
    """By their bases, or where both stand for types of Python's own (``bool`` and ``int``), by those."""
    if isinstance(kind, MadeClass) and (answer := kind.checks("__subclasscheck__", cls, at)) is not MISSING:
        return answer
    if cls.derives_from(kind) or kind.host is object:
        return True
    return kind.host is not None and any(base.host is not None and issubclass(base.host, kind.host) for base in cls.mro)


def _getattr(at: At, value: Any, name: Any, default: Any = MISSING) -> Any:
    if isinstance(name, Unknown):
        return name
    try:
        return host.get_attribute(value, name, at)
    except Raised as problem:
        if default is MISSING or not problem.is_a("AttributeError"):
            raise
        return default


def _hasattr(at: At, value: Any, name: Any) -> Any:
    if isinstance(value, Unknown) or isinstance(name, Unknown):
        return value if isinstance(value, Unknown) else name
    return _getattr(at, value, name, MISSING) is not MISSING if (there := _has(at, value, name)) is True else there


def _has(at: At, value: Any, name: str) -> bool | Unknown:
    try:
        found = host.get_attribute(value, name, at)
        if isinstance(found, MaybeGone):
            return Unknown(found.reason, found.at)
    except Raised as problem:
        if not problem.is_a("AttributeError"):
            raise
        return False
    return True


def _setattr(at: At, value: Any, name: Any, new: Any) -> None:
    if not isinstance(name, Unknown):
        host.set_attribute(value, name, new, at)
        return
    unfinished_call(name, [value], {}, at)
    cls = value.cls if isinstance(value, Instance) else value
    if isinstance(cls, ClassValue) and not cls.is_native:  # it may be any
        at.session.journal.touch(value.attributes)
        for other in value.attributes:
            value.attributes[other] = Unknown(name.reason, name.at)
        value.attributes[UnknownKey(name)] = new


def _delattr(at: At, value: Any, name: str) -> None:
    host.delete_attribute(value, name, at)


def _iter(at: At, value: Any, *sentinel: Any) -> Any:
    if sentinel:
        return Calls(value, sentinel[0], at)
    if isinstance(value, Unknown | Generator) or hasattr(value, "__next__"):
        return value
    if isinstance(value, Instance):
        method = value.method("__iter__", at)
        if method is not None:
            return method.call([], {}, at)
    if isinstance(value, Value):
        return iterate(value, at)
    try:
        return iterator_over(iter(value), unordered(value, at))
    except TypeError as problem:
        as_raised(problem, at)


def _next(at: At, value: Any, default: Any = MISSING) -> Any:
    if isinstance(value, Unknown):
        value.drawn_from(at)
        return OneOf.of(value, [default])
    try:
        if isinstance(value, Generator):
            return value.next_value(at)
        if isinstance(value, Instance):
            method = value.method("__next__", at)
            if method is not None:
                return method.call([], {}, at)
        if not isinstance(value, Iterator):
            raised(at, "TypeError", f"'{type_name(value)}' object is not an iterator")
        at.session.journal.draw(value, at)
        if isinstance(value, AnyOrderIterator):
            return OneOf.of(value.unknown, [next(value), *value])
        return next(value)
    except UnknownElementsError as problem:
        at.session.journal.spoil(value, problem.unknown)
        return OneOf.of(problem.unknown, [default])
    except StopIteration:
        if default is not MISSING:
            return default
        raised(at, "StopIteration")
    except Raised as problem:
        if default is not MISSING and problem.is_a("StopIteration"):
            return default
        raise


def _callable(at: At, value: Any) -> Any:
    if isinstance(value, Instance) and isinstance(found := value.cls.lookup("__call__"), Unknown):
        return Unknown(found.reason, found.at)
    return value if isinstance(value, Unknown) else isinstance(value, Value) and value.callable


def _abs(at: At, value: Any) -> Any:
    method = value.method("__abs__", at) if isinstance(value, Instance) else None
    if method is not None:
        return method.call([], {}, at)
    value = plain_host(value)
    return value if isinstance(value, Unknown) else abs(value)


def _open(at: At, *args: Any, **kwargs: Any) -> Any:
    from goflow.parser.interpreter.files import open_file

    return open_file(at, *args, **kwargs)


def _id(at: At, value: Any) -> Any:
    return Unknown("the identity of an object", at)


def _hash(at: At, value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Instance):
        method = value.method("__hash__", at)
        if method is not None:
            return method.call([], {}, at)
    check_hashable(value, at)
    return hash(value) if is_settled(value) else Unknown("a hash", at)


def _import(at: At, name: Any, *scopes: Any, fromlist: Any = (), level: Any = 0, **named: Any) -> Any:
    """``__import__``: the package at the top, or with a FROMLIST the module itself."""
    fromlist, level = (*scopes[2:], *(fromlist, level)[len(scopes[2:]) :]) if len(scopes) > 2 else (fromlist, level)
    unknown = first_unknown((name, fromlist, level))
    if unknown is not None or level:
        return Unknown("a relative __import__()", at) if unknown is None else unknown
    if not isinstance(name, str):
        raised(at, "TypeError", "__import__() argument 1 must be str")
    words = name.split(".")
    found = [at.session.loader.load(".".join(words[:end]), at) for end in range(1, len(words) + 1)]
    module = found[-1]
    for wanted in fromlist or () if isinstance(module, ModuleValue) else ():
        if isinstance(module, ModuleValue) and isinstance(wanted, str) and wanted not in module.names:
            at.session.loader.find(f"{name}.{wanted}", at)
    return found[-1] if fromlist else found[0]


PLAIN: dict[str, Callable[..., Any]] = {
    "len": lambda at, value: length(value, at), "enumerate": _enumerate, "zip": _zip, "map": _map, "filter": _filter,
    "sorted": _sorted, "reversed": _reversed, "min": _extreme("<"), "max": _extreme(">"), "sum": _sum,
    "any": _any_all(True), "all": _any_all(False), "isinstance": is_instance, "issubclass": is_subclass,
    "getattr": _getattr, "hasattr": _hasattr, "setattr": _setattr, "delattr": _delattr, "iter": _iter, "next": _next,
    "callable": _callable, "abs": _abs, "open": _open, "id": _id, "hash": _hash,
    "repr": lambda at, value: representation(value, at), "ascii": lambda at, value: ascii_of(value, at),
    "format": lambda at, value, spec="": formatted(value, spec, at), "print": lambda at, *a, **k: None,
    "round": lambda at, *args: round(*args), "divmod": lambda at, a, b: divmod(a, b),
    "pow": _pow, "chr": lambda at, n: chr(n), "ord": lambda at, c: ord(c),
    "hex": lambda at, n: hex(n), "oct": lambda at, n: oct(n), "bin": lambda at, n: bin(n), "__import__": _import,
    "property": lambda at, get=None, set_=None, *rest: PropertyValue(get, set_),
    "staticmethod": lambda at, function: StaticMethod(function),
    "classmethod": lambda at, function: ClassMethod(function),
}  # fmt: skip
TAKES_UNKNOWN = frozenset(PLAIN) - {"round", "divmod", "chr", "ord", "hex", "oct", "bin"}
"""Those that are called with Unknowns among their arguments, too."""


def _super(frame: Frame, at: At, owner: Any = None, receiver: Any = None) -> Any:
    owner = frame.class_cell if owner is None else owner
    receiver = frame.self_value if receiver is None else receiver
    if isinstance(owner, Unknown):
        return owner
    if not isinstance(owner, ClassValue) or receiver is None:
        raised(at, "RuntimeError", "super(): no arguments")
    if not isinstance(receiver, ClassValue) and not isinstance(getattr(receiver, "cls", None), ClassValue):
        if isinstance(receiver, Unknown):
            return receiver
        words = f"super(type, obj): obj must be an instance or subtype of type, not {type_name(receiver)}"
        raised(at, "TypeError", words)
    return SuperValue(owner, receiver)


def _globals(frame: Frame, at: At) -> Any:
    frame.session.journal.touch(frame.module.names)
    return frame.module.names


def _locals(frame: Frame, at: At) -> Any:
    return frame.scope.names if frame.scope is frame.module.scope or frame.scope.is_class else dict(frame.scope.names)


def _vars(frame: Frame, at: At, value: Any = MISSING) -> Any:
    return _locals(frame, at) if value is MISSING else host.get_attribute(value, "__dict__", at)


def _dir(frame: Frame, at: At, value: Any = MISSING) -> Any:
    if value is MISSING:
        return sorted(frame.scope.names)
    names = getattr(value, "names", None) or getattr(value, "attributes", None)
    return sorted(names) if isinstance(names, dict) else Unknown("dir() of an object", at)


def _exec(frame: Frame, at: At, *args: Any, **kwargs: Any) -> None:
    from goflow.parser.interpreter.executed import execute

    execute(frame, at, *args, **kwargs)


IN_FRAME: dict[str, Callable[..., Any]] = {
    "super": _super, "globals": _globals, "locals": _locals, "vars": _vars, "dir": _dir, "exec": _exec,
}  # fmt: skip
