"""Unions of types: what ``int | None`` is."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.values import At, Unknown, Value


class UnionValue(Value):
    """``X | Y`` of KINDS, in their order; asked by ``isinstance`` and looked into by who reads annotations."""

    type_name = "UnionType"

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self.kinds = kinds

    @classmethod
    def of(cls, *kinds: Any) -> UnionValue:
        """The union of KINDS; those that are unions themselves are taken apart."""
        parts = [part for kind in kinds for part in (kind.kinds if isinstance(kind, UnionValue) else (kind,))]
        found: list[Any] = []
        for part in parts:
            if not any(part is other for other in found):
                found.append(part)
        return cls(tuple(found))

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """One kind more."""
        if operator != "|":
            return NotImplemented
        return UnionValue.of(other, self) if reflected else UnionValue.of(self, other)

    def has_instance(self, value: Any, at: At) -> bool | Unknown:
        """Whether VALUE is of one of the kinds."""
        from goflow.parser.interpreter.builtin_functions import is_instance

        if value is None and any(kind is None for kind in self.kinds):
            return True
        return is_instance(at, value, tuple(kind for kind in self.kinds if kind is not None))

    def text(self, at: At) -> Any:
        """``int | None``."""
        from goflow.parser.interpreter.classes import ClassValue

        words = []
        for kind in self.kinds:
            if kind is not None and not isinstance(kind, ClassValue):
                return super().text(at)
            builtin = kind is None or kind.module_name == "builtins"
            words.append("None" if kind is None else kind.qualname if builtin else kind.path)
        return " | ".join(words)

    def get_attribute(self, name: str, at: At) -> Any:
        """``__args__``."""
        return self.kinds if name == "__args__" else super().get_attribute(name, at)
