"""Calling a value, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import unfinished_call
from goflow.parser.interpreter.values import Unknown, Value, raised


def call_unknown(function: Any, unknown: Unknown, args: list[Any], kwargs: dict[str, Any], at: Any) -> Any:
    """A call whose ``*`` or ``**`` arguments are not known, and ARGS and KWARGS are those that are.

    A model that can bear it is told, a function of the file is run with parameters that are not known, and of all else
    it is not known what it gives and what it does to the tasks that it is given.
    """
    takes = getattr(function, "call_with_unknown", None)
    if takes is not None:
        answer = takes(unknown, args, kwargs, at)
        if answer is not NotImplemented:
            return answer
    return unfinished_call(unknown, args, kwargs, at)


def call(function: Any, args: list[Any], kwargs: dict[str, Any], at: Any) -> Any:
    """``function(*args, **kwargs)``."""
    if isinstance(function, Value):
        return function.call(args, kwargs, at)
    if type(function) in host.CALLABLE:
        return host.call_method(function, "__call__", args, kwargs, at)
    raised(at, "TypeError", f"'{type_name(function)}' object is not callable")


class NativeFrameFunction(Value):
    """A builtin that needs the frame it is called in: ``super``, ``globals``, ``locals``, ``vars``, ``dir``."""

    type_name = "builtin_function_or_method"

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function

    def call_in(self, frame: Frame, args: list[Any], kwargs: dict[str, Any], at: Any) -> Any:
        """Call it in FRAME."""
        return self.function(frame, at, *args, **kwargs)

    def call(self, args: Any, kwargs: dict[str, Any], at: Any) -> Any:
        """Called from a library's model: there is no frame."""
        return Unknown(f"{self.name}() called from a library", at)
