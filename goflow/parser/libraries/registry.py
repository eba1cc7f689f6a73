"""How libraries are modelled and found.

A library's file registers a builder per module::

    @module("os.path")
    def build(session: Session) -> dict[str, Any]:
        return {"join": function("join", _join), "sep": "/"}

or a resolver for everything below a prefix::

    @resolver("airflow")
    def resolve(session: Session, name: str) -> Value | None: ...
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value
from goflow.parser.libraries.index import FILES, UNREAD

Builder = Callable[[Session], dict[str, Any]]
Resolver = Callable[[Session, str], Value | None]

_BUILDERS: dict[str, Builder] = {}
_RESOLVERS: dict[str, Resolver] = {}


def module(name: str) -> Callable[[Builder], Builder]:
    """Register a builder of the module NAME's attributes."""

    def register(builder: Builder) -> Builder:
        _BUILDERS[name] = builder
        return builder

    return register


def resolver(prefix: str) -> Callable[[Resolver], Resolver]:
    """Register a function that finds the module PREFIX and all below it; None: it is not there (ImportError)."""

    def register(function: Resolver) -> Resolver:
        _RESOLVERS[prefix] = function
        return function

    return register


def resolve(session: Session, name: str) -> Value | None:
    """The model of module NAME for SESSION, or None."""
    top = name.partition(".")[0]
    file = FILES.get(top)
    if file is not None:
        importlib.import_module(f"goflow.parser.libraries.{file}")
    if top in _RESOLVERS:
        return _RESOLVERS[top](session, name)
    builder = _BUILDERS.get(name)
    if builder is not None:
        return LibraryModule(session, name, builder(session))
    return UnreadLibrary(name) if top in UNREAD or top in FILES else None


class UnreadLibrary(Value):
    """A module that is known to exist and is not modelled: everything in it is Unknown."""

    type_name = "module"

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: dict[str, Any] = {}

    def get_attribute(self, name: str, at: At) -> Any:
        """Unknown."""
        return Unknown(f"{self.name}.{name}, which is not read", at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Changes nothing that is known."""


def function(name: str, run: Callable[..., Any], *, takes_unknown: bool = False) -> NativeFunction:
    """A function of a library: RUN gets ``(at, *args, **kwargs)``."""
    return NativeFunction(name, run, takes_unknown=takes_unknown)


def functions(**found: Callable[..., Any]) -> dict[str, Any]:
    """Several functions by name."""
    return {name: function(name, run) for name, run in found.items()}


def unknown_function(name: str, reason: str) -> NativeFunction:
    """A function whose result is not known before run time, for REASON."""
    return NativeFunction(name, lambda at, /, *args, **kwargs: Unknown(reason, at), takes_unknown=True)


def ignored_function(name: str) -> NativeFunction:
    """A function that does nothing that matters (logging, say)."""
    return NativeFunction(name, lambda at, /, *args, **kwargs: None, takes_unknown=True)


def native_class(name: str, module_name: str, *bases: ClassValue, **attributes: Any) -> ClassValue:
    """A class of a library, which files may derive from."""
    return ClassValue(name, bases, dict(attributes), module_name=module_name)
