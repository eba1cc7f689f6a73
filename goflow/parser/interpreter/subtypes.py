"""Classes of the file that derive from ``str``, ``dict``, ``list`` and other types of Python's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.classes import ClassValue, Instance, initialise
from goflow.parser.interpreter.items import delete_item, elements, get_item, iterate, set_item
from goflow.parser.interpreter.operations import binary, contains, length, truth, unary
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.shown import formatted, representation, text
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value


class HostInstance(Instance):
    """An object that is a text, number or container of Python's own, too: its DATA answers what its class does not."""

    formats_as_object = False

    def _own(self, name: str, args: Any, at: At) -> Any:
        """What the class's own method NAME gives; MISSING where Python's own type has it."""
        found = self.cls.lookup(name)
        return MISSING if found is MISSING or isinstance(found, NativeFunction) else self._through(name, args, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """What every object has, else the attribute of the value inside."""
        try:
            return super().get_attribute(name, at)
        except Raised as problem:
            if not problem.is_a("AttributeError") or not hasattr(self.data, name):
                raise
        found = host.get_attribute(self.data, name, at)
        if name != "_replace":
            return found
        return NativeFunction(name, lambda at, **kwargs: self.around(self.data._replace(**kwargs)), takes_unknown=True)

    def around(self, data: Any) -> HostInstance:
        """An object of the same class around other DATA."""
        made = HostInstance(self.cls, dict(zip(getattr(data, "_fields", ()), data, strict=False)))
        made.data = data
        return made

    def mapping(self, at: At) -> Any:
        """As a mapping, which a dict is."""
        return self.data if isinstance(self.data, Mapping) else dict(elements(self.data, at))  # type: ignore[arg-type]

    def get_item(self, key: Any, at: At) -> Any:
        """``__getitem__``, and ``__missing__`` of a dict."""
        answer = self._own("__getitem__", [key], at)
        if answer is not MISSING:
            return answer
        if isinstance(self.data, dict) and not isinstance(key, Unknown) and key not in self.data:
            answer = self._own("__missing__", [key], at)
        return get_item(self.data, key, at) if answer is MISSING else answer

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """``__setitem__``."""
        if self._own("__setitem__", [key, value], at) is MISSING:
            set_item(self.data, key, value, at)

    def delete_item(self, key: Any, at: At) -> None:
        """``__delitem__``."""
        if self._own("__delitem__", [key], at) is MISSING:
            delete_item(self.data, key, at)

    def iterate(self, at: At) -> Iterator[Any]:
        """``__iter__``."""
        answer = self._own("__iter__", [], at)
        return iterate(self.data if answer is MISSING else answer, at)

    def contains(self, item: Any, at: At) -> Any:
        """``__contains__``."""
        answer = self._own("__contains__", [item], at)
        return contains(self.data, item, at) if answer is MISSING else truth(answer, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """The class's own operators, else those of the value inside."""
        answer = super().binary(operator, other, at, reflected=reflected)
        if answer is not NotImplemented:
            return answer
        inner = other.data if isinstance(other, Instance) and other.data is not None else other
        if isinstance(inner, Value):
            return NotImplemented
        return binary(operator, *((inner, self.data) if reflected else (self.data, inner)), at)

    def unary(self, operator: str, at: At) -> Any:
        """``-value`` and its kin."""
        name = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}[operator]
        answer = self._own(name, [], at)
        return unary(operator, self.data, at) if answer is MISSING else answer

    def truth(self, at: At) -> bool | Unknown:
        """``__bool__``, else ``__len__``, else that of the value inside."""
        if any(self.cls.lookup(name) is not MISSING for name in ("__bool__", "__len__")):
            return super().truth(at)
        return truth(self.data, at)

    def length(self, at: At) -> Any:
        """``__len__``."""
        answer = self._own("__len__", [], at)
        return length(self.data, at) if answer is MISSING else answer

    def text(self, at: At) -> Any:
        """``__str__``, else as the type has it."""
        answer = self._own("__str__", [], at)
        if answer is MISSING and not isinstance(self.data, str):
            return self.representation(at)
        return text(self.data, at) if answer is MISSING else answer

    def representation(self, at: At) -> Any:
        """``__repr__``, else as the type has it; a named tuple's has the name of its class."""
        answer = self._own("__repr__", [], at)
        if answer is not MISSING:
            return answer
        shown = representation(self.data, at)
        if hasattr(self.data, "_fields") and isinstance(shown, str):
            return f"{self.cls.name}({shown.partition('(')[2]}"
        return shown

    def format_with(self, spec: str, at: At) -> Any:
        """``format(value, spec)``."""
        return formatted(self.data, spec, at)

    def __eq__(self, other: object) -> bool:
        if self.cls.lookup("__eq__") is not MISSING:
            return super().__eq__(other)
        return bool(self.data == (other.data if isinstance(other, HostInstance) else other))

    def __hash__(self) -> int:
        if self.cls.lookup("__eq__") is not MISSING or self.cls.lookup("__hash__") is not MISSING:
            return super().__hash__()
        return hash(self.data)


def construct_subtype(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """An instance that holds a value of the type it derives from (in ``data``)."""
    new = cls.lookup("__new__")
    has_init = any("__init__" in base.attributes for base in cls.mro if not base.is_native)
    if new is not MISSING and not isinstance(new, NativeFunction):
        made = getattr(new, "function", new).call([cls, *args], kwargs, at)
        if has_init and isinstance(made, Instance) and made.cls.derives_from(cls):
            initialise(made, args, kwargs, at)
        return made
    host_class = host_class_of(cls)
    if host_class is None or host_class.construct is None:
        from goflow.parser.interpreter.classes import default_construct

        return default_construct(cls, args, kwargs, at)
    taken = args[:1] if has_init and host_class.host in {str, int, float, bytes} else args
    if has_init and host_class.host in {list, dict, set}:
        taken = ()
    instance = new_subtype(cls, taken, {} if has_init else kwargs, at)
    if has_init and isinstance(instance, Instance):
        initialise(instance, args, kwargs, at)
    return instance


def host_class_of(cls: ClassValue) -> ClassValue | None:
    """The class of Python's own, other than ``object``, that CLS derives from."""
    return next((base for base in cls.mro if base.host is not None and base.host is not object), None)


def new_subtype(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """As ``str.__new__(cls, ...)`` and its kin."""
    host_class = host_class_of(cls)
    assert host_class is not None
    assert host_class.construct is not None
    inner = host_class.construct(host_class, args, kwargs, at)
    if isinstance(inner, Unknown):
        return inner
    instance = HostInstance(cls)
    instance.data = inner
    return instance


def fill(instance: HostInstance, args: Any, kwargs: dict[str, Any], at: At) -> None:
    """``list.__init__``, ``dict.__init__`` and ``set.__init__``: the contents."""
    if isinstance(instance.data, list):
        host.call_method(instance.data, "extend", args, {}, at)
    elif isinstance(instance.data, dict | set):
        host.call_method(instance.data, "update", args, kwargs, at)
