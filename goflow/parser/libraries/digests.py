"""``hashlib``, ``base64``: bytes by Python's own functions."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.registry import function, module, unknown_function


@module("hashlib")
def build_hashlib(session: Session) -> dict[str, Any]:
    """``hashlib``."""

    def make(name: str) -> NativeFunction:
        return function(name, lambda at, content=b"", **options: _digest(at, name, content, **options))

    slow = {name: unknown_function(name, "a key that takes long to make") for name in ("pbkdf2_hmac", "scrypt")}
    return {**{name: make(name) for name in sorted(_HASHES)}, **slow, "new": function("new", _digest),
            "algorithms_guaranteed": set(_HASHES)}  # fmt: skip


_HASHES = hashlib.algorithms_guaranteed


def _digest(at: At, name: Any, content: Any = b"", **options: Any) -> Any:
    if str(name).lower() not in _HASHES:
        return Unknown(f"a hash by {name}, which not every Python has", at)
    if set(options) - {"usedforsecurity"}:
        return Unknown("a hash with settings of its own", at)
    return Digest(hashlib.new(name, content))


class Digest(Value):
    """A hash under way."""

    type_name = "HASH"
    unknown: Unknown | None = None
    """Something that is not known has gone into it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def get_attribute(self, name: str, at: At) -> Any:
        """``hexdigest``, ``digest``, ``update``, ``copy``, ``name`` and sizes."""
        match name:
            case "update":
                return NativeFunction(name, self._update, takes_unknown=True)
            case "hexdigest" | "digest":
                return NativeFunction(name, lambda at, *length: self._given(getattr(self.inner, name), length, at))
            case "copy":
                return NativeFunction(name, lambda at: self._copied())
            case "name" | "digest_size" | "block_size":
                return getattr(self.inner, name)
        return super().get_attribute(name, at)

    def _update(self, at: At, content: Any) -> None:
        unknown = first_unknown(content) if at.session.undecided is None else at.session.undecided
        if unknown is not None:
            self.unknown = unknown
        else:
            self.inner.update(content)

    def _given(self, run: Callable[..., Any], length: Arguments, at: At) -> Any:
        if length and isinstance(length[0], int):
            at.session.budget.check_size(length[0], at)
        return run(*length) if self.unknown is None else self.unknown

    def _copied(self) -> Digest:
        made = Digest(self.inner.copy())
        made.unknown = self.unknown
        return made


@module("base64")
def build_base64(session: Session) -> dict[str, Any]:
    """``base64``."""
    names = [name for name in base64.__all__ if name not in {"encode", "decode"}]  # those two are about files
    return {name: function(name, lambda at, *a, run=getattr(base64, name), **k: run(*a, **k)) for name in names}
