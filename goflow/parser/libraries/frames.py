"""Frames as values: in which file and function the code stands that asks, and the code that called it."""

from __future__ import annotations

import collections
import posixpath
from typing import Any

import libcst as cst

from goflow.parser.interpreter.alternatives import UnknownMany
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import At, Unknown, Value

FrameInfo = collections.namedtuple("FrameInfo", "frame filename lineno function code_context index")


def file_of(module: ModuleValue) -> str:
    """The file of MODULE as its code object tells it."""
    return posixpath.join(module.session.parse_path, module.path)


class CodeValue(Value):
    """The code object of a frame: its file and its name."""

    type_name = "code"

    def __init__(self, frame: FrameValue) -> None:
        self.frame = frame

    def get_attribute(self, name: str, at: At) -> Any:
        """``co_filename``, ``co_name``."""
        match name:
            case "co_filename":
                return file_of(self.frame.module)
            case "co_name":
                return self.frame.function
        return Unknown(f"{name} of a code object", at)


class FrameValue(Value):
    """A frame at the place AT, of the function FUNCTION; BACK is the frame that called it."""

    type_name = "frame"

    def __init__(self, at: At, function: Any, back: Any) -> None:
        self.at = at
        self.module = at.module
        self.function = function
        self.back = back

    @property
    def line(self) -> Any:
        """The line, where the call that stands there is on one line."""
        span = self.at.span
        return span.line if span.end_line == span.line else Unknown("the line of a call over several lines", self.at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``f_code``, ``f_lineno``, ``f_globals``, ``f_back``."""
        match name:
            case "f_code":
                return CodeValue(self)
            case "f_lineno":
                return self.line
            case "f_globals":
                return self.module.names
            case "f_back":
                return self.back
        return Unknown(f"{name} of a frame", at)

    def info(self) -> Any:
        """As ``inspect.stack()`` has it."""
        context = Unknown("the lines around a frame", self.at)
        return FrameInfo(self, file_of(self.module), self.line, self.function, context, 0)


def frame_of(frame: Frame, at: At) -> FrameValue:
    """The frame that the code at AT runs in, which the evaluator has as FRAME.

    The one behind it is known where a function is called by its own name: whatever stands in between (a decorator, the
    code of a library) would be a frame, too.
    """
    function = frame.function
    if function is None:
        is_module = frame.scope is frame.module.scope
        name: Any = "<module>" if is_module else Unknown("the function that runs", at)
        return FrameValue(at, name, Unknown("what imports the file", at))
    back: Any = Unknown(f"what calls {function.name}", at)
    caller = frame.called_at
    if caller is not None and _is_called_by_name(function, caller):
        back = FrameValue(caller, Unknown("the function that calls", at), Unknown("a frame further up", at))
    return FrameValue(at, function.node.name.value if isinstance(function.node, cst.FunctionDef) else "<lambda>", back)


def _is_called_by_name(function: Any, caller: At) -> bool:
    node, made = caller.node, function.node
    if not isinstance(node, cst.Call) or not isinstance(made, cst.FunctionDef) or made.decorators:
        return False
    from goflow.parser.interpreter.functions import is_generator

    called = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return isinstance(called, cst.Name) and called.value == made.name.value and not is_generator(made, function.module)


def stack_of(frame: Frame, at: At) -> list[Any]:
    """``inspect.stack()``: the frames that are known, and any number of others."""
    own = frame_of(frame, at)
    known = [own.info()]
    if isinstance(own.back, FrameValue):
        known.append(own.back.info())
    return [*known, UnknownMany.of(Unknown("a frame further up", at))]


def get_frame(frame: Frame, at: At, depth: Any = 0) -> Any:
    """``sys._getframe(depth)``."""
    own = frame_of(frame, at)
    if depth == 0:
        return own
    return own.back if depth == 1 else Unknown("a frame further up", at)
