"""Processes beside this one that read files for a command: a file that costs its process costs nothing else.

They are forked from this one, so that what is loaded here is loaded there. One thread hands out the work and waits: a
process may be forked again at any moment, which threads would not bear.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from goflow.domain.diagnostics import Diagnostic
from goflow.importer import endings
from goflow.importer.messages import TookTooLongError, receive, send
from goflow.importer.settings import PARSE_MEMORY_MB, PARSE_TIMEOUT_S
from goflow.importer.worker import confine, freeze

T = TypeVar("T")
_DIES_S = 2.0


@dataclass(frozen=True, slots=True)
class Work:
    """What the processes do. READ gives the answer for a path, LOST the answer for a file that cost its process.

    TIMEOUT_S seconds of the clock are given to each file, MEMORY_MB to each process.
    """

    read: Callable[[str], Any]
    lost: Callable[[Diagnostic], Any]
    timeout_s: float = PARSE_TIMEOUT_S
    memory_mb: int = PARSE_MEMORY_MB


class Children:
    """Up to COUNT processes that do WORK. Enter and leave it: then they are ended."""

    def __init__(self, work: Work, count: int) -> None:
        self._work = work
        self._count = count
        self._all: list[_Child] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._all:
            child.end()
        self._all.clear()

    def answers(self, paths: Sequence[str]) -> Iterator[Any]:
        """What became of each of PATHS, in their order."""
        found: dict[int, Any] = {}
        given = 0
        for wanted in range(len(paths)):
            while wanted not in found:
                while given < len(paths) and (child := self._idle()) is not None:
                    child.ask(given, paths[given])
                    given += 1
                for child in self._spoken():
                    number, answer = self._take(child)
                    found[number] = answer
            yield found.pop(wanted)

    def _idle(self) -> _Child | None:
        """One that has nothing to do; there may be room for another."""
        for child in self._all:
            if child.number is None:
                return child
        if len(self._all) >= self._count:
            return None
        child = _Child(self._work, self._all)
        self._all.append(child)
        return child

    def _spoken(self) -> list[_Child]:
        """Those who have answered, or are gone, or have had their time; waits for the first."""
        busy = [child for child in self._all if child.number is not None]
        wait_s = max(0.0, min(child.deadline for child in busy) - time.monotonic())
        readable, _, _ = select.select([child.answers for child in busy], [], [], wait_s)
        now = time.monotonic()
        return [child for child in busy if child.answers in readable or child.deadline <= now]

    def _take(self, child: _Child) -> tuple[int, Any]:
        """The number of the path that CHILD was asked for, and the answer; a child that is lost has one, too."""
        number, path = child.number, child.path
        assert number is not None
        try:
            answer = receive(child.answers, timeout_s=max(0.0, child.deadline - time.monotonic()))
        except TookTooLongError:
            finding = endings.too_long(path, self._work.timeout_s)
        except EOFError:
            finding = endings.ended(path, child.exit_code())
        else:
            child.number = None
            return number, self._work.lost(answer) if isinstance(answer, Diagnostic) else answer
        self._all.remove(child)
        child.end()
        return number, self._work.lost(finding)


class _Child:
    """One process. OTHERS are its brothers: it must not hold their pipes open, or nobody would see them end.

    NUMBER and PATH are what it is asked for, until DEADLINE; ANSWERS is where its answers are read.
    """

    def __init__(self, work: Work, others: Sequence[_Child]) -> None:
        self.number: int | None = None
        self.path = ""
        self.deadline = 0.0
        self._timeout_s = work.timeout_s
        questions, self._questions = os.pipe()
        self.answers, answers = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            for descriptor in (self._questions, self.answers, *(one for other in others for one in other.pipes)):
                os.close(descriptor)
            _serve(work, questions, answers)
        os.close(questions)
        os.close(answers)

    @property
    def pipes(self) -> tuple[int, int]:
        """This end of its two pipes."""
        return self._questions, self.answers

    def ask(self, number: int, path: str) -> None:
        """Have it read PATH. A process that is gone already is seen when its answer is waited for."""
        self.number, self.path = number, path
        self.deadline = time.monotonic() + self._timeout_s
        with contextlib.suppress(BrokenPipeError):
            send(self._questions, path)

    def exit_code(self) -> int:
        """What it ended with: it has closed its pipe, so it is about to."""
        until = time.monotonic() + _DIES_S
        while time.monotonic() < until:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._pid = 0
                return os.waitstatus_to_exitcode(status)
            select.select([], [], [], 0.005)
        return 0

    def end(self) -> None:
        """Have it no more."""
        for pipe in self.pipes:
            os.close(pipe)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0


def _serve(work: Work, questions: int, answers: int) -> None:
    """The life of a child. Whatever is printed goes to standard error, and an interrupt is its parent's to take."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.dup2(2, 1)
        confine(work.memory_mb)
        freeze()
        while True:
            path = receive(questions)
            send(answers, _answer(work, path))
    except (EOFError, BrokenPipeError):
        os._exit(0)
    except BaseException:
        os._exit(1)


def _answer(work: Work, path: str) -> Any:
    try:
        return work.read(path)
    except MemoryError:
        return endings.no_memory(path)
    except BaseException as problem:
        return endings.failed(path, problem)
