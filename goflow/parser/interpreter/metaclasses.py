"""How classes are made: by ``type``, or by a metaclass of the file's own that derives from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import PropertyValue, bind
from goflow.parser.interpreter.items import iterate
from goflow.parser.interpreter.operations import DUNDERS, REFLECTED_DUNDERS, truth
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    Raised,
    Unknown,
    Value,
    first_unknown,
    hidden_key,
    raised,
)

CELL = "__classcell__"
"""Where the namespace of a class body holds the class that ``super()`` means in it, as Python's own does."""
_MAKING = ("__new__", "__init__")


class MadeClass(ClassValue):
    """A class whose metaclass is one of the file's own: what that defines are methods and attributes of the class."""

    def _ask(self, name: str, args: Arguments, at: At, kwargs: Keywords | None = None) -> Any:
        """What the metaclass's own method NAME gives; MISSING where it has none."""
        method = self._of_metaclass(name, at)
        return method.call(args, kwargs or {}, at) if isinstance(method, Value) else MISSING

    def _of_metaclass(self, name: str, at: At) -> Any:
        assert self.metaclass is not None
        found = self.metaclass.lookup(name)
        return MISSING if found is MISSING else bind(found, self, self.metaclass, at)  # type: ignore[arg-type]

    def get_attribute(self, name: str, at: At) -> Any:
        """A property of the metaclass, what the class has, what the metaclass has, or its ``__getattr__``."""
        assert self.metaclass is not None
        if self.lookup(name) is not MISSING and not isinstance(self.metaclass.lookup(name), PropertyValue):
            return super().get_attribute(name, at)
        if name not in _MAKING:
            found = self._of_metaclass(name, at)
            if found is not MISSING:
                return found
        try:
            return super().get_attribute(name, at)
        except Raised as problem:
            if not problem.is_a("AttributeError"):
                raise
            found = self._ask("__getattr__", [name], at)
            if found is MISSING:
                raise
            return found

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """The metaclass's ``__setattr__``."""
        if self._ask("__setattr__", [name, value], at) is MISSING:
            super().set_attribute(name, value, at)

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """The metaclass's ``__call__``, which may make an instance or give one that is there."""
        answer = self._ask("__call__", args, at, kwargs)
        return super().call(args, kwargs, at) if answer is MISSING else answer

    def get_item(self, key: Any, at: At) -> Any:
        """The metaclass's ``__getitem__``."""
        answer = self._ask("__getitem__", [key], at)
        return super().get_item(key, at) if answer is MISSING else answer

    def iterate(self, at: At) -> Iterator[Any]:
        """The metaclass's ``__iter__``."""
        answer = self._ask("__iter__", [], at)
        return super().iterate(at) if answer is MISSING else iterate(answer, at)

    def length(self, at: At) -> Any:
        """The metaclass's ``__len__``."""
        answer = self._ask("__len__", [], at)
        return super().length(at) if answer is MISSING else answer

    def contains(self, item: Any, at: At) -> Any:
        """The metaclass's ``__contains__``."""
        answer = self._ask("__contains__", [item], at)
        return super().contains(item, at) if answer is MISSING else truth(answer, at)

    def truth(self, at: At) -> bool | Unknown:
        """The metaclass's ``__bool__``, else its ``__len__``."""
        for name in ("__bool__", "__len__"):
            answer = self._ask(name, [], at)
            if answer is not MISSING:
                return truth(answer, at)
        return super().truth(at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """The metaclass's operators."""
        answer = self._ask((REFLECTED_DUNDERS if reflected else DUNDERS)[operator], [other], at)
        if answer is MISSING or answer is NotImplemented:
            return super().binary(operator, other, at, reflected=reflected)
        return answer

    def text(self, at: At) -> Any:
        """The metaclass's ``__str__`` or ``__repr__``."""
        for name in ("__str__", "__repr__"):
            answer = self._ask(name, [], at)
            if answer is not MISSING:
                return answer
        return super().text(at)

    def representation(self, at: At) -> Any:
        """The metaclass's ``__repr__``."""
        answer = self._ask("__repr__", [], at)
        return super().text(at) if answer is MISSING else answer

    def checks(self, name: str, value: Any, at: At) -> Any:
        """What ``__instancecheck__`` or ``__subclasscheck__`` of the metaclass says; MISSING where it has none."""
        return self._ask(name, [value], at)


def class_with(metaclass: ClassValue | None) -> type[ClassValue]:
    """Which kind of value a class with that METACLASS is."""
    return ClassValue if metaclass is None or all(base.is_native for base in metaclass.mro) else MadeClass


def is_metaclass(cls: ClassValue) -> bool:
    """Whether what CLS makes are classes."""
    return any(base.host is type for base in cls.mro)


def winner(given: Any, bases: Iterable[ClassValue], at: At) -> ClassValue | None:
    """The metaclass of a class: the most derived of the one that is GIVEN and those of its BASES, as
    ``type.__prepare__`` finds it; None for ``type`` itself. Raises TypeError where they contradict each other."""
    found = given if isinstance(given, ClassValue) and given.host is not type else None
    for base in bases:
        other = base.metaclass
        if other is None or (found is not None and found.derives_from(other)):
            continue
        if found is not None and not other.derives_from(found):
            words = "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
            raised(at, "TypeError", f"{words}metaclasses of all its bases")
        found = other
    return found


def makes_classes_itself(metaclass: ClassValue) -> bool:
    """Whether code of the file runs when METACLASS makes a class."""
    return any(name in base.attributes for base in metaclass.mro if not base.is_native for name in _MAKING)


def make_class(metaclass: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """``metaclass(name, bases, namespace, **kwargs)``, as ``type.__call__``: its ``__new__``, then its ``__init__``."""
    new = metaclass.lookup("__new__")
    if isinstance(new, Value):
        made = getattr(new, "function", new).call([metaclass, *args], kwargs, at)
    else:
        made = new_class(at, metaclass, *args, **kwargs)
    if not isinstance(made, ClassValue) or made.metaclass is None or not made.metaclass.derives_from(metaclass):
        return made
    init = made.metaclass.lookup("__init__")
    if isinstance(init, Value):
        bind(init, made, made.metaclass, at).call(args, kwargs, at)  # type: ignore[arg-type]
    return made


def new_class(at: At, metaclass: Any, name: Any, bases: Any, namespace: Any, /, **keywords: Any) -> Any:
    """``type.__new__(metaclass, name, bases, namespace, **keywords)``."""
    names = host.as_mapping(namespace, at)
    unknown = first_unknown((metaclass, name, bases, names if isinstance(names, Unknown) else None))
    if unknown is None and not isinstance(names, Unknown):
        unknown = hidden_key(names)
    if unknown is not None:
        return unknown
    if not isinstance(name, str):
        raised(at, "TypeError", "type.__new__() argument 1 must be str")
    if not all(isinstance(base, ClassValue) for base in bases):
        return Unknown(f"class {name}, which type() makes", at)
    attributes = dict(names)  # type: ignore[arg-type]
    cell = attributes.pop(CELL, None)
    made = cell if isinstance(cell, ClassValue) else ClassValue.__new__(class_with(winner(metaclass, bases, at)))
    module, place = (cell.module, cell.at) if isinstance(cell, ClassValue) else (at.module, at)
    qualname = attributes.pop("__qualname__", name)
    module_name = attributes.get("__module__", at.module.name)
    ClassValue.__init__(made, name, bases, attributes, module_name=module_name, module=module, at=place)
    made.metaclass, made.qualname = winner(metaclass, bases, at), qualname
    return finished_class(made, keywords, at)


def finished_class(cls: ClassValue, keywords: dict[str, Any], at: At) -> Any:
    """What bases want to do with a new class: a library's hook (``finish_class``), then ``__init_subclass__``."""
    for base in cls.mro[1:]:
        finish = base.data.get("finish_class")
        if finish is not None:
            return finish(cls, keywords, at)
    for name, value in list(cls.attributes.items()):
        if isinstance(value, Instance):
            hook = value.cls.lookup("__set_name__")
            if hook is not MISSING and isinstance(hook, Value):
                bind(hook, value, value.cls, at).call([cls, name], {}, at)
    for base in cls.mro[1:]:
        own = base.attributes.get("__init_subclass__")
        if isinstance(own, Value):
            call(getattr(own, "function", own), [cls], keywords, at)
            break
    return cls
