"""``enum``: members as instances of their class, which mixed-in texts and numbers compare equal to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.classes import ClassValue, Instance, as_text, initialise
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue, StaticMethod, bind
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.items import get_item
from goflow.parser.interpreter.operations import binary, contains, equal, length, truth, unary
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import formatted, representation, text
from goflow.parser.interpreter.values import At, Keywords, NativeFunction, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.registry import function, module

_SHOWN_AS_VALUE = frozenset({"StrEnum", "IntEnum", "IntFlag"})
"""In a text their members are what they mix in."""


class Auto(Value):
    """``auto()``; VALUE is what it has come to be."""

    value: Any = None


class NoMember(Value):
    """``nonmember(value)``: an attribute that is VALUE and no member."""

    def __init__(self, value: Any) -> None:
        self.value = value


class SureMember(Value):
    """``member(value)``: a member, were VALUE a function."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Member(Instance):
    """One member: NAME and VALUE; ``data`` is its text or number where the class mixes one in."""

    def __init__(self, cls: ClassValue, name: str, value: Any, mixed: bool) -> None:
        super().__init__(cls, {"name": name, "value": value, "_name_": name, "_value_": value})
        self.name = name
        self.value = value
        self.mixed = mixed
        self.data = value if mixed else None

    def get_attribute(self, name: str, at: At) -> Any:
        """Its own, or its text's methods."""
        if self.mixed and name not in self.attributes and self.cls.owner_of(name) is None:
            return host.get_attribute(self.value, name, at)
        return super().get_attribute(name, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Identity, or as its mixed-in value."""
        answer = super().binary(operator, other, at, reflected=reflected)
        if answer is not NotImplemented:
            return answer
        if operator in {"|", "&", "^"} and any(cls.name in {"Flag", "IntFlag"} for cls in self.cls.mro):
            return self._combined(operator, other, at)
        if not self.mixed:
            return answer
        mine = other.value if isinstance(other, Member) else other
        if isinstance(mine, Value):
            return NotImplemented
        return binary(operator, mine, self.value, at) if reflected else binary(operator, self.value, mine, at)

    def _combined(self, operator: str, other: Any, at: At) -> Any:
        """Flags together: the member of that value, where it has a name of its own."""
        mine = binary(operator, self.value, other.value if isinstance(other, Member) else other, at)
        found = next((m for m in self.cls.data.get("members", {}).values() if m.value == mine), None)
        return Unknown("a combination of flags", at) if found is None else found

    def text(self, at: At) -> Any:
        """``Class.NAME``, or the value of a StrEnum."""
        own = self.method("__str__", at)
        if own is not None:
            return as_text("__str__", own.call([], {}, at), at)
        if any(cls.name in _SHOWN_AS_VALUE for cls in self.cls.mro):
            return text(self.value, at)
        return f"{self.cls.name}.{self.name}"

    def format_with(self, spec: str, at: At) -> Any:
        """``format(member, spec)``."""
        keeps = any(cls.name in _SHOWN_AS_VALUE for cls in self.cls.mro)
        answer = self.value if keeps else self.text(at)
        return answer if isinstance(answer, Unknown) else formatted(answer, spec, at)

    def truth(self, at: At) -> bool | Unknown:
        """As its mixed-in value, or that of a flag; other members are true."""
        if self.mixed or any(cls.name == "Flag" for cls in self.cls.mro):
            return truth(self.value, at)
        return super().truth(at)

    def length(self, at: At) -> Any:
        """That of a mixed-in text."""
        return length(self.value, at) if self.mixed else super().length(at)

    def get_item(self, key: Any, at: At) -> Any:
        """A letter of a mixed-in text."""
        return get_item(self.value, key, at) if self.mixed else super().get_item(key, at)

    def contains(self, item: Any, at: At) -> Any:
        """Whether a mixed-in text has it."""
        return contains(self.value, item, at) if self.mixed else super().contains(item, at)

    def unary(self, operator: str, at: At) -> Any:
        """Of a mixed-in number."""
        return unary(operator, self.value, at) if self.mixed else super().unary(operator, at)

    def representation(self, at: At) -> Any:
        """``<Class.NAME: value>``."""
        own = self.method("__repr__", at)
        if own is not None:
            return own.call([], {}, at)
        shown = representation(self.value, at)
        return shown if isinstance(shown, Unknown) else f"<{self.cls.name}.{self.name}: {shown}>"

    def iterate(self, at: At) -> Iterator[Any]:
        """The letters of a mixed-in text."""
        return iter(self.value) if self.mixed else super().iterate(at)

    def __hash__(self) -> int:
        return hash(self.value) if self.mixed else id(self)

    def __eq__(self, other: object) -> bool:
        if self.mixed:
            return bool(self.value == (other.value if isinstance(other, Member) else other))
        return self is other


def finish(cls: ClassValue, keywords: Keywords, at: At) -> Any:
    """Turn the attributes of a new Enum class into members."""
    members: dict[str, Any] = {}
    named: dict[str, Any] = {}
    mixed = any(base.host in {str, int, float} for base in cls.mro) or any(
        base.name in {"StrEnum", "IntEnum"} for base in cls.mro
    )
    skipped = UserFunction | PropertyValue | StaticMethod | ClassMethod | NativeFunction
    by_value: list[Member] = []
    values: list[Any] = []
    for name, value in list(cls.attributes.items()):
        if isinstance(value, NoMember):
            cls.attributes[name] = value.value
            continue
        if name.startswith("_") or isinstance(value, skipped):
            continue
        value = value.value if isinstance(value, SureMember) else value
        if isinstance(value, Auto):
            if value.value is None:  # else an alias of one that has its value
                value.value = _next(cls, name, values, at)
            value = value.value
        given, value = value, _mixed_in(cls, value, at)
        values.append(value)
        same = next((member for member in by_value if equal(member.value, value, at) is True), None)
        member = same or Member(cls, name, value, mixed)
        if same is None:
            by_value.append(member)
            members[name] = member
            if isinstance(cls.lookup("__init__"), UserFunction):
                initialise(member, given if isinstance(given, tuple) else (given,), {}, at)
        cls.attributes[name] = named[name] = member
    cls.data["members"] = members
    cls.attributes["__members__"] = named
    cls.construct = _by_value
    cls.attributes["__class_getitem__"] = ClassMethod(NativeFunction("__class_getitem__", _by_name))
    return cls


def _next(cls: ClassValue, name: str, values: list[Any], at: At) -> Any:
    """What ``auto()`` gives for NAME after VALUES: what the class itself says, else the name in small letters of a
    StrEnum, of flags the next power of two, and of all others the next number."""
    own = cls.lookup("_generate_next_value_")
    if own is not MISSING:
        return bind(own, None, cls, at).call([name, 1, len(values), list(values)], {}, at)
    bases = {base.name for base in cls.mro}
    if "StrEnum" in bases:
        return name.lower()
    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    last = next((int(value) for value in reversed(values) if isinstance(value, int) or str(value).isdecimal()), 0)
    return 1 << last.bit_length() if bases & {"Flag", "IntFlag"} else last + 1


def _mixed_in(cls: ClassValue, value: Any, at: At) -> Any:
    """VALUE as the type that CLS mixes in makes it; not known where a ``__new__`` of the file's own does."""
    if isinstance(cls.lookup("__new__"), UserFunction | StaticMethod):
        return Unknown(f"the value that {cls.name}.__new__ gives", at)
    kind = next((base.host for base in cls.mro if base.host in {str, int, float}), None)
    if kind is None or not isinstance(value, str | int | float):
        return value
    try:
        return kind(value)
    except (ValueError, OverflowError) as problem:
        raised(at, type(problem).__name__, str(problem))


def _by_value(cls: ClassValue, args: Any, kwargs: Keywords, at: At) -> Any:
    wanted = args[0]
    if isinstance(wanted, Unknown):
        return wanted
    for member in cls.data.get("members", {}).values():
        if member is wanted or equal(member.value, wanted, at) is True:
            return member
    missing = cls.lookup("_missing_")
    found = bind(missing, None, cls, at).call([wanted], {}, at) if missing is not MISSING else None
    if found is not None:
        return found
    shown = representation(wanted, at)
    raised(at, "ValueError", f"{shown if isinstance(shown, str) else 'it'} is not a valid {cls.name}")


def _by_name(at: At, cls: ClassValue, name: Any) -> Any:
    if isinstance(name, Unknown):
        return name
    members = cls.attributes.get("__members__", {})
    if name not in members:
        raised(at, "KeyError", str(name))
    return members[name]


@module("enum")
def build(session: Session) -> dict[str, Any]:
    """``enum``."""
    builtins = session.library["builtins"]
    base = ClassValue("Enum", module_name="enum")
    base.data["finish_class"] = finish
    base.metaclass = ClassValue("EnumType", [builtins["type"]], module_name="enum")
    found: dict[str, Any] = {"Enum": base}
    for name, mixin in (("StrEnum", "str"), ("IntEnum", "int"), ("Flag", None), ("IntFlag", "int")):
        bases = [base] if mixin is None else [builtins[mixin], base]
        found[name] = ClassValue(name, bases, module_name="enum")
        found[name].metaclass = base.metaclass
    found |= {"EnumMeta": base.metaclass, "EnumType": base.metaclass, "ReprEnum": base}
    return found | {
        "auto": function("auto", lambda at: Auto()),
        "unique": function("unique", _unique, takes_unknown=True),
        "verify": function("verify", _verify),
        "UNIQUE": "UNIQUE", "CONTINUOUS": "CONTINUOUS", "NAMED_FLAGS": "NAMED_FLAGS",
        "member": function("member", lambda at, value: SureMember(value), takes_unknown=True),
        "nonmember": function("nonmember", lambda at, value: NoMember(value), takes_unknown=True),
        "property": builtins["property"],
    }  # fmt: skip


def _unique(at: At, cls: Any, words: str = "duplicate values") -> Any:
    named = cls.attributes.get("__members__", {}) if isinstance(cls, ClassValue) else {}
    twice = ", ".join(f"{name} -> {member.name}" for name, member in named.items() if name != member.name)
    if twice:
        raised(at, "ValueError", f"{words} found in <enum '{cls.name}'>: {twice}")
    return cls


def _verify(at: At, *checks: Any) -> Any:
    if any(check != "UNIQUE" for check in checks):
        return Unknown("what enum.verify finds", at)
    return NativeFunction("verify", lambda at, cls: _unique(at, cls, "aliases"), takes_unknown=True)
