"""Generators: a body that is run in turns with its caller.

The evaluator is recursive, so a body that pauses needs a stack of its own: a thread, of which never more than one runs
at a time. A body that nobody can ask any more is told to end, as Python tells it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import libcst as cst

from goflow.parser.interpreter.alternatives import OneOf
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.items import iterate
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import BudgetError, Session
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Raised,
    Unknown,
    UnknownElementsError,
    Value,
    raised,
)
from goflow.parser.limits import TimeIsUpError, on_main_thread, runs_for, tell_time_is_up

STACK_BYTES = 16 << 20
_LISTEN_S = 0.2
"""A signal reaches the thread that runs, and Python handles it in the main one, which looks so often."""
MOST_PAUSED = 60
"""So many bodies may wait at a ``yield`` at once: each has a thread and its stack."""


class _GivenUp(BaseException):
    """Told to the body of a generator when the reading of the file is over."""


class _Body:
    """A generator's body, and the thread that it runs on from the first ``yield`` that is asked for."""

    def __init__(self, function: UserFunction, frame: Frame) -> None:
        self.function = function
        self.frame = frame
        frame.generator = self
        self.result: Any = None
        self.started = False
        self.finished = False
        self.running = False
        self.sent: Any = None
        self.undecided: Unknown | None = None
        """What who asks for the next value is undecided about."""
        self.unknown: Unknown | None = None
        """Why nobody knows how far it has come."""
        self._mine = threading.Semaphore(0)
        self._callers = threading.Semaphore(0)
        self._handed: list[Any] = []
        self._thrown: BaseException | None = None
        self._problem: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._job: Callable[[], Any] | None = None
        self._is_waiting = True

    # On its own thread -----------------------------------------------------------------------------------------

    def hand_over(self, value: Any) -> Any:
        """``yield VALUE``: what was sent."""
        session = self.frame.session
        handling = session.handling
        mine = tuple(attempt for attempt in session.attempts if attempt.generator is self)
        for attempt in mine:
            if attempt.found:  # whether it comes here at all is not known
                raise UnknownElementsError(attempt.found[0].test)
        if self.undecided is not session.undecided and session.undecided is not None:
            raise UnknownElementsError(session.undecided)
        self._handed.append(value)
        self._wait()
        session.handling = handling
        session.attempts += mine
        if self._thrown is not None:
            thrown, self._thrown = self._thrown, None
            raise thrown
        sent, self.sent = self.sent, None
        return sent

    def _wait(self) -> None:
        """It is the caller's turn."""
        self._is_waiting = True
        self._callers.release()
        self._mine.acquire()

    def _hand_up(self, job: Callable[[], Any]) -> Any:
        """What JOB gives, which the caller's thread does."""
        answer: list[Any] = []
        problem: list[BaseException] = []

        def done() -> None:
            try:
                answer.append(job())
            except BaseException as found:  # raised again on this one's stack
                problem.append(found)

        self._job = done
        self._wait()
        if problem:
            raise problem[0]
        return answer[0]

    def delegate(self, source: Any, at: At) -> Any:
        """``yield from SOURCE``: what SOURCE returns."""
        if isinstance(source, Unknown):
            self.hand_over(source)
            return source
        if (why := unordered(source, at)) is not None:
            raise UnknownElementsError(OneOf.of(why, [source]))
        if not isinstance(source, Generator):
            try:
                for value in iterate(source, at):
                    self.hand_over(value)
            except UnknownElementsError as problem:
                self.hand_over(problem.unknown)
            return None
        is_there, value = source.advance(at)
        while is_there:
            try:
                sent = self.hand_over(value)
            except Raised as problem:
                is_there, value = source.advance(at, thrown=problem)
            else:
                is_there, value = source.advance(at, sent=sent)
        return source.body.result

    def _run(self) -> None:
        from goflow.parser.interpreter.bodies import How, run_whole

        self._mine.acquire()
        runs_for(self._hand_up)
        try:
            if self._thrown is not None:
                raise self._thrown
            node = self.function.node
            assert isinstance(node, cst.FunctionDef)
            left = run_whole(self.frame, node.body, self.frame.at(node))
            if left is not None and left.how is How.RETURN:
                self.result = left.value
        except _GivenUp:
            pass
        except BaseException as problem:  # the caller raises it on its own stack
            self._problem = problem
        finally:
            self.finished = self._is_waiting = True
            self._callers.release()

    # On the caller's -------------------------------------------------------------------------------------------

    def resume(self, at: At, thrown: BaseException | None) -> tuple[bool, Any]:
        """Run to the next ``yield``: (whether there was one, its value)."""
        if self.running:
            raised(at, "ValueError", "generator already executing")
        if not self.started:
            self._start(at)
        self._thrown = thrown
        self.running = True
        self.undecided = at.session.undecided
        handling, attempts = at.session.handling, at.session.attempts
        try:
            self._run_on()
            while self._job is not None:
                job, self._job = self._job, None
                on_main_thread(job)
                self._run_on()
        finally:
            self.running = False
        at.session.handling, at.session.attempts = handling, attempts
        if self.finished:
            at.session.paused.discard(self)
        if self._problem is not None:
            problem, self._problem = self._problem, None
            if isinstance(problem, Raised) and problem.is_a("StopIteration"):
                raised(at, "RuntimeError", "generator raised StopIteration")
            raise problem
        if self._handed:
            return True, self._handed.pop()
        return False, None

    def _run_on(self) -> None:
        """Let the body run until it waits. The main thread alone is told that the time is up, and passes it on."""
        self._is_waiting = False
        self._mine.release()
        while True:
            try:
                if self._callers.acquire(timeout=_LISTEN_S):
                    return
            except TimeIsUpError:
                if self._is_waiting or self._thread is None or self._thread.ident is None:
                    raise
                tell_time_is_up(self._thread.ident)

    def _start(self, at: At) -> None:
        self.started = True
        paused = at.session.paused
        if len(paused) >= MOST_PAUSED:
            raise BudgetError(f"more than {MOST_PAUSED} generators at once", at)
        before = threading.stack_size(STACK_BYTES)
        try:
            self._thread = threading.Thread(target=self._run, name="generator", daemon=True)
            self._thread.start()
        except RuntimeError:
            raise BudgetError("more threads than there may be", at) from None
        finally:
            threading.stack_size(before)
        paused.add(self)

    def close(self, at: At) -> None:
        """End a body that waits at a ``yield``: it is told GeneratorExit. Raises what it raises instead."""
        if self.finished or not self.started:
            self.finished = True
            return
        try:
            is_there, _ = self.resume(at, Raised(make_exception(at.session, "GeneratorExit", ()), at))
        except Raised as problem:
            if problem.type_name not in {"GeneratorExit", "StopIteration"}:
                raise
            return
        if is_there:
            raised(at, "RuntimeError", "generator ignored GeneratorExit")


class Generator(Value):
    """What calling a function with ``yield`` gives. When nothing refers to it any more, its body is ended."""

    type_name = "generator"

    def __init__(self, function: UserFunction, frame: Frame) -> None:
        self.body = _Body(function, frame)
        self._made_at = frame.at(function.node)

    def __del__(self) -> None:
        body = self.body
        if body.started and not body.finished and not body.running and not self._made_at.session.is_over:
            with contextlib.suppress(Raised, BudgetError, UnknownElementsError):
                body.close(self._made_at)

    def advance(self, at: At, *, thrown: BaseException | None = None, sent: Any = None) -> tuple[bool, Any]:
        """Run the body to its next ``yield``: (whether there was one, its value)."""
        at.session.budget.step(at)
        at.session.journal.draw(self, at)
        if self.body.unknown is not None:
            raise UnknownElementsError(self.body.unknown)
        if self.body.finished:
            if thrown is not None:
                raise thrown
            return False, None
        self.body.sent = sent
        try:
            return self.body.resume(at, thrown)
        except UnknownElementsError as problem:
            held = self.body.frame.scope.names.values()
            self.run_on(problem.unknown)
            self.body.unknown = OneOf.of(problem.unknown, held)
            raise UnknownElementsError(self.body.unknown) from None

    def iterate(self, at: At) -> Iterator[Any]:
        """Its values, one by one."""
        while True:
            is_there, value = self.advance(at)
            if not is_there:
                return
            yield value

    def next_value(self, at: At, sent: Any = None) -> Any:
        """``next(generator)``; StopIteration with what it returns at the end."""
        was_over = self.body.finished
        is_there, value = self.advance(at, sent=sent)
        if not is_there:
            result = None if was_over else self.body.result
            raise Raised(make_exception(at.session, "StopIteration", () if result is None else (result,)), at)
        return value

    def run_on(self, why: Unknown) -> None:
        """Its body may run any number of steps on."""
        from goflow.parser.interpreter.callbacks import called_back
        from goflow.parser.interpreter.unread import forget_all

        forget_all([*called_back(self.body.function, why), *self.body.frame.scope.names.values()], why)

    def throw(self, problem: Raised, at: At) -> tuple[bool, Any]:
        """Raise PROBLEM at the ``yield``."""
        return self.advance(at, thrown=problem)

    def get_attribute(self, name: str, at: At) -> Any:
        """``send``, ``throw``, ``close``, ``__next__``, ``__iter__``."""
        match name:
            case "__next__":
                return NativeFunction(name, lambda at: self.next_value(at))
            case "__iter__":
                return NativeFunction(name, lambda at: self)
            case "close":
                return NativeFunction(name, lambda at: self.body.close(at))
            case "send":
                return NativeFunction(name, self._send, takes_unknown=True)
            case "throw":
                return NativeFunction(name, self._throw, takes_unknown=True)
            case "__name__":
                return self.body.function.name
        return super().get_attribute(name, at)

    def _send(self, at: At, value: Any) -> Any:
        if not self.body.started and value is not None:
            raised(at, "TypeError", "can't send non-None value to a just-started generator")
        return self.next_value(at, value)

    def _throw(self, at: At, problem: Any) -> Any:
        from goflow.parser.interpreter.classes import ClassValue, Instance

        if isinstance(problem, ClassValue):
            problem = problem.call([], {}, at)
        if not isinstance(problem, Instance):
            return Unknown("an exception that is not known", at)
        is_there, value = self.throw(Raised(problem, at), at)
        if not is_there:
            raised(at, "StopIteration")
        return value

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Generators cannot be called."""
        raised(at, "TypeError", "'generator' object is not callable")

    @property
    def callable(self) -> bool:
        """No."""
        return False


def give_up_all(session: Session, at: At) -> None:
    """The reading is over: end every body that waits at a ``yield``, and whatever it does then."""
    session.is_over = True
    for body in list(session.paused):
        for _ in range(3):  # a body may catch what it is told, and go on
            if body.finished:
                break
            with contextlib.suppress(Exception):
                body.resume(at, _GivenUp())
    session.paused.clear()
