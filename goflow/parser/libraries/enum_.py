"""``enum``: members as instances of their class, which mixed-in texts and numbers compare equal to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue, StaticMethod
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.operations import binary, equal, formatted, text
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Keywords, NativeFunction, Unknown, Value, raised
from goflow.parser.libraries.registry import function, module


class Auto(Value):
    """``auto()``."""


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
        if answer is not NotImplemented or not self.mixed:
            return answer
        mine = other.value if isinstance(other, Member) else other
        if isinstance(mine, Value):
            return NotImplemented
        return binary(operator, mine, self.value, at) if reflected else binary(operator, self.value, mine, at)

    def text(self, at: At) -> Any:
        """``Class.NAME``, or the value of a StrEnum."""
        own = self.method("__str__", at)
        if own is not None:
            return own.call([], {}, at)
        if any(cls.name in {"StrEnum", "IntEnum"} for cls in self.cls.mro):
            return text(self.value, at)
        return f"{self.cls.name}.{self.name}"

    def format_with(self, spec: str, at: At) -> Any:
        """``format(member, spec)``."""
        return formatted(self.value if self.mixed else self.text(at), spec, at)

    def representation(self, at: At) -> Any:
        """``<Class.NAME: value>``."""
        return f"<{self.cls.name}.{self.name}: {self.value!r}>"

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
    mixed = any(base.host in {str, int, float} for base in cls.mro) or any(
        base.name in {"StrEnum", "IntEnum"} for base in cls.mro
    )
    skipped = UserFunction | PropertyValue | StaticMethod | ClassMethod | NativeFunction
    last = 0
    by_value: list[Member] = []
    for name, value in list(cls.attributes.items()):
        if name.startswith("_") or isinstance(value, skipped):
            continue
        if isinstance(value, Auto):
            value = name.lower() if any(base.name == "StrEnum" for base in cls.mro) else last + 1
        if isinstance(value, int):
            last = value
        same = next((member for member in by_value if equal(member.value, value, at) is True), None)
        member = same or Member(cls, name, value, mixed)
        if same is None:
            by_value.append(member)
            members[name] = member
        cls.attributes[name] = member
    cls.data["members"] = members
    cls.attributes["__members__"] = members
    cls.construct = _by_value
    cls.attributes["__class_getitem__"] = ClassMethod(NativeFunction("__class_getitem__", _by_name))
    return cls


def _by_value(cls: ClassValue, args: Any, kwargs: Keywords, at: At) -> Any:
    wanted = args[0]
    if isinstance(wanted, Unknown):
        return wanted
    for member in cls.data.get("members", {}).values():
        if member is wanted or equal(member.value, wanted, at) is True:
            return member
    raised(at, "ValueError", f"{wanted!r} is not a valid {cls.name}")


def _by_name(at: At, cls: ClassValue, name: Any) -> Any:
    if isinstance(name, Unknown):
        return name
    members = cls.data.get("members", {})
    if name not in members:
        raised(at, "KeyError", str(name))
    return members[name]


@module("enum")
def build(session: Session) -> dict[str, Any]:
    """``enum``."""
    builtins = session.library["builtins"]
    base = ClassValue("Enum", module_name="enum")
    base.data["finish_class"] = finish
    found: dict[str, Any] = {"Enum": base}
    for name, mixin in (("StrEnum", "str"), ("IntEnum", "int"), ("Flag", None), ("IntFlag", "int")):
        bases = [base] if mixin is None else [builtins[mixin], base]
        found[name] = ClassValue(name, bases, module_name="enum")
    same = function("unique", lambda at, cls: cls, takes_unknown=True)
    return found | {"auto": function("auto", lambda at: Auto()), "unique": same, "EnumMeta": base}
