"""Generators: a body that is run in turns with its caller.

The evaluator is recursive, so a body that pauses needs a stack of its own: a thread, of which never more than one runs
at a time. A generator that is given up is told to end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Raised, Value, raised

STACK_BYTES = 64 << 20


class _GivenUp(BaseException):
    """Told to the body of a generator that nobody asks any more."""


class Generator(Value):
    """What calling a function with ``yield`` gives."""

    type_name = "generator"

    def __init__(self, function: UserFunction, frame: Frame) -> None:
        self.function = function
        self.frame = frame
        frame.generator = self
        self.result: Any = None
        self.finished = False
        self._mine = threading.Semaphore(0)
        self._callers = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._handed: list[Any] = []
        self._sent: Any = None
        self._thrown: BaseException | None = None
        self._problem: BaseException | None = None

    # The body's side -------------------------------------------------------------------------------------------

    def hand_over(self, value: Any) -> Any:
        """``yield VALUE``: what was sent."""
        self._handed.append(value)
        self._callers.release()
        self._mine.acquire()
        if self._thrown is not None:
            thrown, self._thrown = self._thrown, None
            raise thrown
        sent, self._sent = self._sent, None
        return sent

    def _run(self) -> None:
        from goflow.parser.interpreter.bodies import How, run_suite

        self._mine.acquire()
        try:
            if self._thrown is not None:
                raise self._thrown
            assert hasattr(self.function.node, "body")
            left = run_suite(self.frame, self.function.node.body)  # type: ignore[arg-type]
            if left is not None and left.how is How.RETURN:
                self.result = left.value
        except _GivenUp:
            pass
        except BaseException as problem:  # the caller raises it on its own stack
            self._problem = problem
        finally:
            self.finished = True
            self._callers.release()

    # The caller's side -----------------------------------------------------------------------------------------

    def advance(self, at: At, *, thrown: BaseException | None = None) -> tuple[bool, Any]:
        """Run the body to its next ``yield``: (whether there was one, its value)."""
        at.session.budget.step(at)
        if self.finished:
            if thrown is not None:
                raise thrown
            return False, None
        if self._thread is None:
            before = threading.stack_size(STACK_BYTES)
            self._thread = threading.Thread(target=self._run, name="generator", daemon=True)
            self._thread.start()
            threading.stack_size(before)
        self._thrown = thrown
        self._mine.release()
        self._callers.acquire()
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        if self._handed:
            return True, self._handed.pop()
        return False, None

    def iterate(self, at: At) -> Iterator[Any]:
        """Its values, one by one."""
        try:
            while True:
                is_there, value = self.advance(at)
                if not is_there:
                    return
                yield value
        finally:
            self.give_up()

    def give_up(self) -> None:
        """End a body that is waiting at a ``yield``."""
        if not self.finished and self._thread is not None:
            self._thrown = _GivenUp()
            self._mine.release()
            self._callers.acquire()

    def next_value(self, at: At) -> Any:
        """``next(generator)``; StopIteration at the end."""
        is_there, value = self.advance(at)
        if not is_there:
            raised(at, "StopIteration")
        return value

    def throw(self, problem: Raised, at: At) -> tuple[bool, Any]:
        """Raise PROBLEM at the ``yield``."""
        return self.advance(at, thrown=problem)

    def get_attribute(self, name: str, at: At) -> Any:
        """``send``, ``close``, ``__next__``."""
        match name:
            case "__next__":
                return NativeFunction(name, lambda at: self.next_value(at))
            case "close":
                return NativeFunction(name, lambda at: self.give_up())
            case "send":
                return NativeFunction(name, self._send, takes_unknown=True)
        return super().get_attribute(name, at)

    def _send(self, at: At, value: Any) -> Any:
        self._sent = value
        return self.next_value(at)

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Generators cannot be called."""
        raised(at, "TypeError", "'generator' object is not callable")
