"""The session: everything that reading one file has in common. Budget, inputs, what was asked for, what was found."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goflow.domain.canonical import encodable
from goflow.domain.diagnostics import Diagnostic, Severity
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.interpreter.alternatives import of_arguments
from goflow.parser.interpreter.journal import Journal
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    Raised,
    Unknown,
    UnknownElementsError,
    forget_all_orders,
    raised,
)
from goflow.parser.limits import LONGEST_S
from goflow.telemetry import memory

if TYPE_CHECKING:
    from goflow.parser.interpreter.attempts import Attempt
    from goflow.parser.interpreter.classes import ClassValue
    from goflow.parser.interpreter.modules import Loader, ModuleValue
    from goflow.parser.interpreter.recursion import Call

MOST_STEPS = 2_000_000
MOST_DEPTH = 900
"""Calls in each other, a little less than Python itself allows."""
LARGEST = 1_000_000
"""Elements of a container, characters of a text, bits of a number."""
_LOOK_EVERY = 4096
MOST_MEMORY_MB = 768
_LARGE = 50_000
_TOLD = 10**30
RECURSION_LIMIT = 60_000


class BudgetError(Exception):
    """Reading takes more than the budget allows: WHAT of it, and where."""

    def __init__(self, what: str, at: At) -> None:
        self.what = what
        self.at = at
        super().__init__(what)


class Budget:
    """Counts steps, depth and size, so that reading any file ends."""

    def __init__(self, steps: int | None = None, depth: int = MOST_DEPTH, size: int = LARGEST) -> None:
        steps = MOST_STEPS if steps is None else steps
        self.most_steps = self.steps_left = steps
        self.depth = 0
        self.most_depth = depth
        self.size = size
        self.next_look = steps - _LOOK_EVERY
        """At so many steps left the time is looked at, so that a step costs a comparison."""
        self._memory_before = memory.resident_mb()
        self._deadline = time.process_time() + LONGEST_S

    def step(self, at: At) -> None:
        """One step. Raises BudgetError when there are none left."""
        self.steps_left -= 1
        if self.steps_left < self.next_look:
            self.look(at)

    def look(self, at: At) -> None:
        """Raises BudgetError when there are no steps or no time left."""
        self.next_look = max(self.steps_left - _LOOK_EVERY, 0)
        if self.steps_left < 0:
            raise BudgetError(f"more than {self.most_steps:,} steps", at)
        if time.process_time() > self._deadline:
            raise BudgetError(f"more than {LONGEST_S:.0f} s", at)

        self.look_at_memory(at)

    def look_at_memory(self, at: At) -> None:
        """Raises BudgetError when the process has become larger by more than the budget since the reading began."""
        if memory.resident_mb() - self._memory_before > MOST_MEMORY_MB:
            raise BudgetError(f"more than {MOST_MEMORY_MB} MB of memory", at)

    def check_size(self, size: int, at: At) -> None:
        """SIZE elements are about to be made. Raises BudgetError when that is too many."""
        if size > self.size:
            raise BudgetError(f"a value of {size if size < _TOLD else 'very many'} elements", at)

    def made(self, size: int, at: At) -> None:
        """The same, for what has been made in one go: where it is large, the process may be, too."""
        self.check_size(size, at)
        if size > _LARGE:
            self.look_at_memory(at)

    @contextmanager
    def deeper(self, at: At) -> Iterator[None]:
        """One call deeper; the file's RecursionError beyond the limit."""
        self.depth += 1
        try:
            if self.depth > self.most_depth:
                raised(at, "RecursionError", "maximum recursion depth exceeded")
            yield
        finally:
            self.depth -= 1


@dataclass
class Session:
    """Reading one file. ROOT is the DAG folder on this machine, PARSE_PATH what the file is told of it.

    ``undecided`` is the Unknown of the innermost ``if`` or loop that both arms of are being run; who changes a DAG
    while it is set taints that DAG. ``library`` is room for library models to keep what belongs to this session.
    ``described_in`` has the file that the line of a DAG (its id, empty text) or task (the DAG's id, its own) counts in,
    where that is not the file that is read.
    """

    root: Path
    parse_path: str
    inputs: Inputs
    dialect: Dialect
    import_roots: tuple[Path, ...] = ()
    dialect_source: str = "default"
    budget: Budget = field(default_factory=Budget)
    journal: Journal = field(default_factory=Journal)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    closure: dict[str, str | None] = field(default_factory=dict)
    variables_used: dict[str, str | None] = field(default_factory=dict)
    environment_used: dict[str, str | None] = field(default_factory=dict)
    connections_used: list[str] = field(default_factory=list)
    listings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    holds_many: bool = False
    """Whether some list holds an `UnknownMany`: only then they are looked through for one."""
    intercepts: bool = False
    """Whether a class of the file's own has ``__getattribute__``."""
    passing: Any = None
    """The object whose ``__getattribute__`` is passed by in the next look at it."""
    holds_gone: bool = False
    """Whether some dict holds a `MaybeGone`; the same."""
    hides_arguments: bool = False
    """Whether some call has keyword arguments that are not known; the same."""
    undecided: Unknown | None = None
    library: dict[str, Any] = field(default_factory=dict)
    described_in: dict[tuple[str, str], str] = field(default_factory=dict)
    loader: Loader = field(init=False)
    main: ModuleValue = field(init=False)
    exceptions: dict[str, ClassValue] = field(default_factory=dict)
    handling: Raised | None = None
    """The exception that an ``except`` or ``finally`` is dealing with now."""
    calls: list[Call] = field(default_factory=list)
    """Those of the file's functions that have not ended, the innermost last."""
    attempts: tuple[Attempt, ...] = ()
    """The bodies around this place of which something may catch exceptions, the innermost last."""
    left_early: Unknown | None = None
    """Why a loop or function may have been left before its end, the last time that this was so."""
    paused: set[Any] = field(default_factory=set)
    """Bodies of generators that wait at a ``yield``."""
    discarded: frozenset[Any] = frozenset()
    """What the statement that is run evaluates, if it is nothing but an expression: nobody takes its value."""
    is_over: bool = False

    def __post_init__(self) -> None:
        """Make room: a call of the file is some fifteen calls of the evaluator."""
        forget_all_orders()
        sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))

    def report(
        self,
        code: str,
        message: str,
        at: At | None,
        *,
        severity: Severity = Severity.ERROR,
        hint: str = "",
        dag_id: str | None = None,
        task_id: str | None = None,
    ) -> None:
        """Add a diagnostic; the same one twice counts once."""
        span = at.span if at is not None else self.main.span_of(None)
        found = Diagnostic(code, encodable(message), span, severity, encodable(hint), dag_id, task_id)
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def guarded(self, function: Callable[..., Any], at: At, args: Arguments, kwargs: Keywords, name: str) -> Any:
        """``function(at, *args, **kwargs)``; what Python itself raises in it is raised as the file's exception."""
        try:
            return function(at, *args, **kwargs)
        except (Raised, BudgetError):
            raise
        except UnknownElementsError as problem:
            return unfinished_call(problem.unknown, args, kwargs, at)
        except RecursionError:
            raise BudgetError("deeper than the reader can follow", at) from None
        except TypeError as problem:
            raised(at, "TypeError", _OF_MODEL.sub(f"{name}()", str(problem), count=1))
        except MemoryError:
            raise BudgetError("more memory than it may", at) from None
        except Exception as problem:
            if not may_be_files(problem):
                raise
            from goflow.parser.interpreter.exceptions import from_host

            raise Raised(from_host(self, problem), at) from None

    @contextmanager
    def dealing_with(self, problem: Raised) -> Iterator[None]:
        """While PROBLEM is handled: what is raised now has it as its context, and a bare ``raise`` raises it again."""
        before, self.handling = self.handling, problem
        try:
            yield
        finally:
            self.handling = before

    @contextmanager
    def deciding(self, unknown: Unknown) -> Iterator[None]:
        """While both arms of something undecided are run."""
        before = self.undecided
        self.undecided = before if before is not None else unknown
        try:
            yield
        finally:
            self.undecided = before if before is not None else self._left_perhaps()

    def _left_perhaps(self) -> Unknown | None:
        """Why a body may have been left before this place."""
        return next((attempt.found[0].test for attempt in self.attempts if attempt.found), None)


def unfinished_call(unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
    """What a call gives that cannot go on for want of UNKNOWN; whatever it was about to do to ARGS is not known."""
    Unknown(f"arguments that depend on {unknown.reason}", at).called(args, kwargs, at)
    return of_arguments(unknown, args, kwargs, at)


_OF_MODEL = re.compile(r"^(?:[\w.<>]*<locals>\.)?(?:_\w*|<lambda>|guarded)\(\)")
"""How Python names the function of a model in an error of its arguments."""
_FILES = (
    ValueError, LookupError, ArithmeticError, AttributeError, OSError, StopIteration, RuntimeError,
    re.error, json.JSONDecodeError,
)  # fmt: skip


def may_be_files(problem: Exception) -> bool:
    """Whether a library may raise PROBLEM for what the file asked of it."""
    return isinstance(problem, _FILES)
