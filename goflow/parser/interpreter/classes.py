"""Classes and instances: the file's own, and those that libraries model and files derive from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.descriptors import BoundMethod, PropertyValue, StaticMethod, bind, is_abstract
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import (
    CONTAINERS,
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Raised,
    Unknown,
    Value,
    hidden_key,
    raised,
    with_hidden,
)

if TYPE_CHECKING:
    from goflow.parser.interpreter.modules import ModuleValue

Construct = Callable[["ClassValue", Arguments, Keywords, At], Any]
AroundInit = Callable[["Instance", "ClassValue", Value, Arguments, Keywords, At], Any]
AroundSet = Callable[["Instance", str, Any, At], Any]
AttributeFallback = Callable[["Instance", str, At], Any]
MAKING = ("__init__", "__new__", "__post_init__")
"""Methods that are run where an object is made."""


class ClassValue(Value):
    """A class: NAME, BASES and ATTRIBUTES. Hooks are for library models and hold for every class derived from theirs:

    * ``construct(cls, args, kwargs, at)`` makes an instance, instead of a new `Instance` and its ``__init__``;
    * ``around_init(instance, owner, init, args, kwargs, at)`` runs instead of each call of an ``__init__`` that a class
      OWNER of the file defines (Airflow fills in default arguments at every level); it calls INIT itself;
    * ``around_set(instance, name, value, at)`` gives what is really stored when an attribute is set;
    * ``fallback(instance, name, at)`` gives an attribute that is nowhere else, or MISSING.
    """

    type_name = "type"
    metaclass: ClassValue | None = None
    """The class of this one; None is ``type``."""

    def __init__(
        self,
        name: str,
        bases: Sequence[ClassValue] = (),
        attributes: dict[str, Any] | None = None,
        *,
        module_name: str = "builtins",
        module: ModuleValue | None = None,
        at: At | None = None,
        construct: Construct | None = None,
        around_init: AroundInit | None = None,
        around_set: AroundSet | None = None,
        fallback: AttributeFallback | None = None,
        host: type | None = None,
    ) -> None:
        self.name = name
        self.qualname = name
        self.bases = tuple(bases)
        self.attributes: dict[str, Any] = {} if attributes is None else attributes
        self.module_name = module_name
        self.module = module
        self.at = at
        self.host = host
        """Python's own type that this class stands for (``str``, ``dict``, an exception), if any."""
        self.data: dict[str, Any] = {}
        """Room for library models."""
        self.mro: tuple[ClassValue, ...] = linearise(self)
        self.construct = construct or self._inherited("construct")
        self.around_init = around_init or self._inherited("around_init")
        self.around_set = around_set or self._inherited("around_set")
        self.fallback = fallback or self._inherited("fallback")

    def _inherited(self, hook: str) -> Any:
        if len(self.bases) < 2:  # what a base has inherited itself is its own
            return getattr(self.bases[0], hook) if self.bases else None
        for base in self.mro[1:]:
            found = base.__dict__.get(hook)
            if found is not None:
                return found
        return None

    def __repr__(self) -> str:
        return f"<class {self.path}>"

    @property
    def path(self) -> str:
        """``module.Class``."""
        return f"{self.module_name}.{self.qualname}"

    @property
    def is_native(self) -> bool:
        """Whether a library models it; false for classes of the folder's own files."""
        return self.module is None

    def derives_from(self, other: ClassValue) -> bool:
        """``issubclass``."""
        return other in self.mro

    def whole_mro(self, at: At) -> tuple[ClassValue, ...]:
        """The MRO with ``object`` at its end, which nothing here is looked up in."""
        base = at.module.builtin("object")
        return self.mro if self.mro[-1] is base else (*self.mro, base)

    def lookup(self, name: str) -> Any:
        """The attribute NAME as it stands in the class or a base, unbound; MISSING."""
        for cls in self.mro:
            found = cls.attributes.get(name, MISSING)
            if found is not MISSING:
                return found
        return MISSING

    def abstract_names(self) -> list[str]:
        """The attributes that ``abc.abstractmethod`` has marked and that nothing has overridden."""
        names = {name for cls in self.mro if not cls.is_native for name in cls.attributes}
        return sorted(name for name in names if is_abstract(self.lookup(name)))

    def owner_of(self, name: str) -> ClassValue | None:
        """The class of the MRO that defines NAME."""
        return next((cls for cls in self.mro if name in cls.attributes), None)

    def get_attribute(self, name: str, at: At) -> Any:
        """A class attribute; functions come unbound, class methods bound."""
        if name == "__annotations__":
            from goflow.parser.interpreter.annotations import as_mapping_of

            return as_mapping_of(self, at)
        found = self.lookup(name)
        if found is not MISSING:
            return bind(found, None, self, at)
        match name:
            case "__name__":
                return self.name
            case "__qualname__":
                return self.qualname
            case "__module__":
                return self.module_name
            case "__doc__":
                return None
            case "__mro__":
                return self.whole_mro(at)
            case "__bases__":
                return self.bases or (at.module.builtin("object"),)
            case "__dict__":
                return dict(self.attributes)
            case "__class__":
                return at.module.builtin("type") if self.metaclass is None else self.metaclass
            case "mro":
                return NativeFunction(name, lambda at: list(self.whole_mro(at)))
        if name.startswith("__"):
            from goflow.parser.interpreter.object_methods import method_of

            method = method_of(self, name)
            if method is not None:
                return method
        if any(base.host is not None and hasattr(base.host, name) for base in self.mro):
            return Unknown(f"{self.name}.{name}, which is not read", at)
        raised(at, "AttributeError", f"type object '{self.name}' has no attribute '{name}'")

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``Class.name = value``. Raises TypeError for Python's own, which nobody can change."""
        if self.host is not None and self.is_native:
            raised(at, "TypeError", f"cannot set '{name}' attribute of immutable type '{self.name}'")
        at.session.journal.touch(self.attributes)
        self.attributes[name] = value

    def forget(self, why: Unknown) -> list[Any]:
        """Its attributes stay what they are; what is in them can be changed."""
        return [] if self.is_native else [found for found in self.attributes.values() if isinstance(found, CONTAINERS)]

    def forget_attribute(self, name: str, why: Unknown) -> None:
        """It may be another one."""
        if not self.is_native:
            why.at.session.journal.touch(self.attributes)
            self.attributes[name] = why

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make an instance."""
        at.session.budget.step(at)
        if self.construct is not None:
            return at.session.guarded(self._constructed, at, args, kwargs, self.name)
        return default_construct(self, args, kwargs, at)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make an instance, where its ``__init__`` can bear arguments that are not known."""
        bears = any("bears_unknown" in base.data for base in self.mro)
        if not bears and (self.construct is not None or not callable(getattr(self.lookup("__init__"), "bind", None))):
            return NotImplemented
        return self.call(args, with_hidden(kwargs, unknown, at), at)

    def _constructed(self, at: At, *args: Any, **kwargs: Any) -> Any:
        assert self.construct is not None
        return self.construct(self, args, kwargs, at)

    def get_item(self, key: Any, at: At) -> Any:
        """``Class[key]``: a generic alias means the class; a class with ``__class_getitem__`` answers itself."""
        own = self.lookup("__class_getitem__")
        if own is not MISSING:
            return bind(own, None, self, at).call([key], {}, at)
        return self

    def iterate(self, at: At) -> Iterator[Any]:
        """Over an Enum's members."""
        members = self.data.get("members")
        if members is None:
            return super().iterate(at)
        return iter(list(members.values()))

    def length(self, at: At) -> Any:
        """How many members an Enum has."""
        members = self.data.get("members")
        return super().length(at) if members is None else len(members)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``X | Y``, a union; identity for == and !=."""
        if operator != "|" or not (other is None or isinstance(other, Value)):
            return NotImplemented
        from goflow.parser.interpreter.unions import UnionValue

        return UnionValue.of(other, self) if reflected else UnionValue.of(self, other)

    def text(self, at: At) -> Any:
        """``<class 'module.Class'>``; those of enum have words of their own (which Python has changed for flags)."""
        if any(cls.path == "enum.Enum" for cls in self.mro):
            is_flag = any(cls.path == "enum.Flag" for cls in self.mro)
            return Unknown(f"how Python shows {self.name}", at) if is_flag else f"<enum '{self.name}'>"
        return f"<class '{self.qualname if self.module_name == 'builtins' else self.path}'>"


class Instance(Value):
    """An object of a class, with attributes of its own. ``host`` may hold a Python value that it wraps."""

    def __init__(self, cls: ClassValue, attributes: dict[str, Any] | None = None) -> None:
        self.cls = cls
        self.attributes: dict[str, Any] = {} if attributes is None else attributes
        self.data: Any = None
        """Room for library models."""

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The class's name."""
        return self.cls.name

    def __repr__(self) -> str:
        return f"<{self.cls.path} object>"

    def get_attribute(self, name: str, at: At) -> Any:
        """What ``__getattribute__`` gives; where there is none, properties first, then the instance's own, then the
        class's, then ``__getattr__``."""
        if at.session.intercepts and (own := self._interceptor(at)) is not None:
            return self._intercepted(own, name, at)
        found = self.cls.lookup(name)
        if isinstance(found, PropertyValue):
            return found.get(self, at)
        if isinstance(found, Instance) and found.has_setter:
            return bind(found, self, self.cls, at)
        own = self.attributes.get(name, MISSING)
        if own is not MISSING:
            return own
        if found is not MISSING:
            owner = self.cls.owner_of(name) if name == "__annotations__" else None
            return bind(found, self, self.cls, at) if owner is None else owner.get_attribute(name, at)
        if name == "__class__":
            return self.cls
        if name == "__dict__":
            return self.attributes
        if name == "__doc__":
            return None
        if self.cls.fallback is not None:
            answer = self.cls.fallback(self, name, at)
            if answer is not MISSING:
                return answer
        own_getattr = self.cls.lookup("__getattr__")
        if own_getattr is not MISSING and not name.startswith("__"):
            return bind(own_getattr, self, self.cls, at).call([name], {}, at)
        if name == "__module__":
            return self.cls.module_name
        hidden = hidden_key(self.attributes)
        if hidden is not None:
            return hidden
        raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")

    def get_plainly(self, name: str, at: At) -> Any:
        """As ``object.__getattribute__``."""
        at.session.passing = self
        return self.get_attribute(name, at)

    def _interceptor(self, at: At) -> Any:
        if at.session.passing is self:  # this once
            at.session.passing = None
            return None
        own = self.cls.lookup("__getattribute__")
        return None if own is MISSING or isinstance(own, NativeFunction) else own

    def _intercepted(self, own: Any, name: str, at: At) -> Any:
        try:
            return bind(own, self, self.cls, at).call([name], {}, at)
        except Raised as problem:
            own = self.cls.lookup("__getattr__")
            if not problem.is_a("AttributeError") or own is MISSING:
                raise
        return bind(own, self, self.cls, at).call([name], {}, at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``__setattr__``, else as `set_plainly`."""
        own = self.cls.lookup("__setattr__")
        if own is not MISSING and not isinstance(own, NativeFunction):
            bind(own, self, self.cls, at).call([name, value], {}, at)
            return
        self.set_plainly(name, value, at)

    def set_plainly(self, name: str, value: Any, at: At) -> None:
        """As ``object.__setattr__``: a property's setter, or the instance's own attributes."""
        found = self.cls.lookup(name)
        if isinstance(found, PropertyValue):
            found.set(self, value, at)
        elif isinstance(found, Instance) and found.has_setter:
            found._through("__set__", [self, value], at)
        else:
            self.store(name, value, at)

    def store(self, name: str, value: Any, at: At) -> None:
        """Set an attribute of its own."""
        if self.cls.around_set is not None:
            value = self.cls.around_set(self, name, value, at)
        at.session.journal.touch(self.attributes)
        self.attributes[name] = value

    def delete_attribute(self, name: str, at: At) -> None:
        """``del instance.name``: ``__delattr__``, else as `delete_plainly`."""
        own = self.cls.lookup("__delattr__")
        if own is not MISSING and not isinstance(own, NativeFunction):
            bind(own, self, self.cls, at).call([name], {}, at)
        else:
            self.delete_plainly(name, at)

    def delete_plainly(self, name: str, at: At) -> None:
        """As ``object.__delattr__``."""
        if name not in self.attributes:
            super().delete_attribute(name, at)
        at.session.journal.touch(self.attributes)
        del self.attributes[name]

    def method(self, name: str, at: At) -> Value | None:
        """The bound method NAME of the class, or None: how operators find ``__add__`` and its kin."""
        found = self.cls.lookup(name)
        if found is MISSING or found is None:
            return None
        bound = bind(found, self, self.cls, at)
        return bound if isinstance(bound, Value) else None

    def own_method(self, name: str, at: At) -> Value | None:
        """The bound method NAME where a class of the file defines it; None where a library's model does, or nobody."""
        found = self.cls.lookup(name)
        return None if found is MISSING or isinstance(found, NativeFunction) else self.method(name, at)

    @property
    def descriptor(self) -> Value | None:
        """Its ``__get__``, where the file's own class has one."""
        found = self.cls.lookup("__get__") if not self.cls.is_native else MISSING
        return BoundMethod(found, self) if isinstance(found, Value) else None

    @property
    def has_setter(self) -> bool:
        """Whether it is a descriptor that goes before an instance's own attributes."""
        return not self.cls.is_native and self.cls.lookup("__set__") is not MISSING

    def _through(self, name: str, args: Arguments, at: At) -> Any:
        method = self.method(name, at)
        return MISSING if method is None else method.call(args, {}, at)

    @property
    def callable(self) -> bool:
        """Whether its class defines ``__call__``."""
        return self.cls.lookup("__call__") is not MISSING

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """``__call__``."""
        method = self.method("__call__", at)
        return super().call(args, kwargs, at) if method is None else method.call(args, kwargs, at)

    def get_item(self, key: Any, at: At) -> Any:
        """``__getitem__``."""
        answer = self._through("__getitem__", [key], at)
        return super().get_item(key, at) if answer is MISSING else answer

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """``__setitem__``."""
        if self._through("__setitem__", [key, value], at) is MISSING:
            super().set_item(key, value, at)

    def delete_item(self, key: Any, at: At) -> None:
        """``__delitem__``."""
        if self._through("__delitem__", [key], at) is MISSING:
            super().delete_item(key, at)

    def iterate(self, at: At) -> Iterator[Any]:
        """``__iter__``, and ``__next__`` until it says that it is over."""
        from goflow.parser.interpreter.items import iterate

        answer = self._through("__iter__", [], at)
        if answer is MISSING and self.own_method("__getitem__", at) is not None:
            return self._by_position(at)
        if answer is MISSING:
            return super().iterate(at)
        if isinstance(answer, Instance) and (answer is self or answer.cls.lookup("__next__") is not MISSING):
            return answer.drain(at)
        return iterate(answer, at)

    def _by_position(self, at: At) -> Iterator[Any]:
        """What ``__getitem__`` gives for 0, 1, 2 and so on, until IndexError: the protocol of sequences."""
        for position in itertools.count():
            at.session.budget.step(at)
            try:
                value = self.get_item(position, at)
            except Raised as problem:
                if not problem.is_a("IndexError"):
                    raise
                return
            yield value

    def drain(self, at: At) -> Iterator[Any]:
        """What ``__next__`` gives, one by one, until StopIteration."""
        while True:
            at.session.budget.step(at)
            try:
                value = self._through("__next__", [], at)
            except Raised as problem:
                if not problem.is_a("StopIteration"):
                    raise
                return
            if value is MISSING:
                raised(at, "TypeError", f"iter() returned non-iterator of type '{self.type_name}'")
            yield value

    def contains(self, item: Any, at: At) -> Any:
        """``__contains__``, else by iterating."""
        from goflow.parser.interpreter.operations import truth

        answer = self._through("__contains__", [item], at)
        return super().contains(item, at) if answer is MISSING else truth(answer, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``__add__``, ``__rshift__``, ``__eq__`` and their kin; without a ``__ne__`` the opposite of ``__eq__``."""
        from goflow.parser.interpreter.operations import DUNDERS, REFLECTED_DUNDERS, truth

        name = (REFLECTED_DUNDERS if reflected else DUNDERS).get(operator)
        answer = MISSING if name is None else self._through(name, [other], at)
        if answer is MISSING and operator == "!=":
            same = self._through("__eq__", [other], at)
            if same is MISSING or same is NotImplemented:
                return NotImplemented
            is_same = truth(same, at)
            return is_same if isinstance(is_same, Unknown) else not is_same
        return NotImplemented if answer is MISSING else answer

    def goes_before(self, left: Value, operator: str) -> bool:
        """A class that derives from the left one's and has the operator's reflected method of its own."""
        from goflow.parser.interpreter.operations import REFLECTED_DUNDERS

        if not isinstance(left, Instance) or left.cls is self.cls or not self.cls.derives_from(left.cls):
            return False
        name = REFLECTED_DUNDERS[operator]
        return self.cls.lookup(name) is not left.cls.lookup(name)

    def __eq__(self, other: object) -> bool:
        """As Python's own containers ask: by the file's ``__eq__``, else by identity."""
        if self is other:
            return True
        at = self._asks("__eq__")
        if at is None:
            return False
        from goflow.parser.interpreter.operations import equal

        return equal(self, other, at) is True

    def __hash__(self) -> int:
        at = self._asks("__eq__")
        own = self.cls.lookup("__hash__")
        if own is None or (at is not None and own is MISSING):
            raise TypeError(f"unhashable type: '{self.type_name}'")
        if own is MISSING or self.cls.at is None:
            return id(self) >> 4
        found = bind(own, self, self.cls, self.cls.at).call([], {}, self.cls.at)
        return found if isinstance(found, int) else id(self.cls) >> 4

    def _asks(self, name: str) -> At | None:
        """Where the class stands that says itself what NAME means; None where ``object`` does."""
        found = self.cls.lookup(name)
        return None if found is MISSING or found is None else self.cls.at

    formats_as_object = True

    def unary(self, operator: str, at: At) -> Any:
        """``__neg__``, ``__pos__``, ``__invert__``."""
        answer = self._through({"-": "__neg__", "+": "__pos__", "~": "__invert__"}[operator], [], at)
        return super().unary(operator, at) if answer is MISSING else answer

    def truth(self, at: At) -> bool | Unknown:
        """``__bool__``, else ``__len__``, else true."""
        for name in ("__bool__", "__len__"):
            answer = self._through(name, [], at)
            if isinstance(answer, Unknown):
                return answer
            if answer is not MISSING:
                return bool(answer)
        return True

    def length(self, at: At) -> Any:
        """``__len__``."""
        answer = self._through("__len__", [], at)
        return super().length(at) if answer is MISSING else answer

    def enter(self, at: At) -> Any:
        """``__enter__``."""
        answer = self._through("__enter__", [], at)
        return super().enter(at) if answer is MISSING else answer

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """``__exit__``."""
        from goflow.parser.interpreter.operations import truth

        words = [None, None, None] if problem is None else [problem.value.cls, problem.value, None]
        answer = self._through("__exit__", words, at)
        return False if answer is MISSING else truth(answer, at)

    def may_catch(self, problem: Raised) -> bool | Unknown:
        """Where the file's own class has an ``__exit__``."""
        found = self.cls.lookup("__exit__")
        return found is not MISSING and not isinstance(found, NativeFunction)

    def text(self, at: At) -> Any:
        """``__str__``, else ``__repr__``."""
        for name in ("__str__", "__repr__"):
            answer = self._through(name, [], at)
            if answer is not MISSING:
                return as_text(name, answer, at)
        return Unknown(f"the address of a {self.type_name} object", at)

    def representation(self, at: At) -> Any:
        """``__repr__``."""
        answer = self._through("__repr__", [], at)
        if answer is MISSING:
            return Unknown(f"the address of a {self.type_name} object", at)
        return as_text("__repr__", answer, at)


def as_text(method: str, answer: Any, at: At) -> Any:
    """ANSWER of METHOD, which has to be a text or an Unknown. Raises TypeError, as Python does."""
    if isinstance(answer, str | Unknown):
        return answer
    host = getattr(answer, "host", None)
    if isinstance(host, str):
        return answer
    from goflow.parser.interpreter.plain_values import type_name

    raised(at, "TypeError", f"{method} returned non-string (type {type_name(answer)})")


def default_construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """A new instance and its ``__init__``, as ``type.__call__``."""
    missing = cls.abstract_names() if cls.metaclass is not None and _is_abc(cls.metaclass) else []
    if missing:
        words = f"Can't instantiate abstract class {cls.name} with abstract method{'s' * (len(missing) > 1)} "
        raised(at, "TypeError", words + ", ".join(missing))
    new = cls.lookup("__new__")
    if new is not MISSING and not isinstance(new, NativeFunction):
        function = new.function if isinstance(new, StaticMethod) else new
        instance = function.call([cls, *args], kwargs, at)
        if not isinstance(instance, Instance) or not instance.cls.derives_from(cls):
            return instance
    else:
        instance = Instance(cls)
        at.session.journal.made(instance.attributes)
    initialise(instance, args, kwargs, at)
    return instance


def _is_abc(metaclass: ClassValue) -> bool:
    return any(base.name == "ABCMeta" and base.is_native for base in metaclass.mro)


def initialise(instance: Instance, args: Arguments, kwargs: Keywords, at: At) -> None:
    """Run the nearest ``__init__``."""
    owner = instance.cls.owner_of("__init__")
    if owner is None:
        if (args or kwargs) and instance.cls.lookup("__new__") is MISSING:
            raised(at, "TypeError", f"{instance.type_name}() takes no arguments")
        return
    call_init(instance, owner, args, kwargs, at)


def call_init(instance: Instance, owner: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """Call the ``__init__`` that OWNER defines, through the hook where a library wants to be around it."""
    init = owner.attributes["__init__"]
    if instance.cls.around_init is not None and not isinstance(init, NativeFunction):
        return instance.cls.around_init(instance, owner, init, args, kwargs, at)
    return init.call([instance, *args], kwargs, at)


def linearise(cls: ClassValue) -> tuple[ClassValue, ...]:
    """The C3 method resolution order. Where bases contradict each other, the plain order of bases."""
    if len(cls.bases) < 2:  # nearly every class: there is nothing to merge
        return (cls, *cls.bases[0].mro) if cls.bases else (cls,)
    sequences = [list(base.mro) for base in cls.bases] + [list(cls.bases)]
    order: list[ClassValue] = [cls]
    while sequences := [sequence for sequence in sequences if sequence]:
        head = next(
            (seq[0] for seq in sequences if not any(seq[0] in other[1:] for other in sequences)), sequences[0][0]
        )
        order.append(head)
        for sequence in sequences:
            if head in sequence:
                sequence.remove(head)
    return tuple(order)
