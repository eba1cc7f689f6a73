"""What may raise inside a ``try``: an arm of something undecided that raises while the other one goes on.

Both ways are followed: the body to its end, and from where it raised to the handler. What the body does after that
place is recorded, so that it can be undone for the handler, and what the two ways leave is joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.journal import CHANGING, Arm, copy_state
from goflow.parser.interpreter.values import At, Raised, Unknown

if TYPE_CHECKING:
    from goflow.parser.interpreter.bodies import Exit, How
    from goflow.parser.interpreter.scopes import Frame
    from goflow.parser.interpreter.session import Session

Catches = Callable[[Raised], bool | Unknown]


class MayRaise:
    """PROBLEM, raised if TEST says so, or how the body is left then; STATE is what things were then."""

    def __init__(self, problem: Raised | Exit, test: Unknown, state: dict[int, tuple[Any, Any]]) -> None:
        self.problem = problem
        self.test = test
        self.state = state


class Attempt:
    """A body that is being run, what may catch exceptions of it, and by which WAYS statements of its FRAME leave it.
    GENERATOR is the one whose body it stands in."""

    def __init__(self, frame: Frame, catches: Catches, ways: frozenset[How]) -> None:
        self.session = frame.session
        self.frame, self.ways = frame, ways
        self.generator = frame.generator
        self.catches = catches
        self.depth = len(self.session.journal.arms)
        self.found: list[MayRaise] = []
        self.record: Arm | None = None
        """What the body has touched since it may have been left."""

    def note(self, problem: Raised | Exit, arm: Arm, test: Unknown) -> None:
        """The body is left here with PROBLEM, after what ARM did, or it goes on."""
        journal = self.session.journal
        state = {}
        for around in journal.arms[self.depth :]:
            for thing in (*around.born.values(), *(touched for touched, _ in around.before.values())):
                if isinstance(thing, CHANGING):
                    state[id(thing)] = thing, copy_state(thing)
        for key, (thing, _) in arm.before.items():
            state[key] = thing, arm.after[key]
        self.found.append(MayRaise(problem, test, state))
        if self.record is None:
            self.record = Arm()
            journal.arms.insert(self._place(), self.record)
        if self.session.undecided is None:
            self.session.undecided = test

    def _place(self) -> int:
        """Where the record belongs: inside those of all that is around this body."""
        place, arms = self.depth, self.session.journal.arms
        for attempt in self.session.attempts:
            if attempt is self:
                break
            if attempt.record is not None and attempt.record in arms:
                place = max(place, arms.index(attempt.record) + 1)
        return place


def may_leave(frame: Frame, left: Exit, arm: Arm, test: Unknown) -> bool:
    """An arm that TEST decides about leaves a loop or function and the reading goes on without it. Whether there is
    somebody who follows that way, too."""
    for attempt in reversed(frame.session.attempts):
        if attempt.frame is frame and left.how in attempt.ways:
            attempt.note(left, arm, test)
            return True
    return False


def may_raise(session: Session, problem: Raised, arm: Arm, test: Unknown) -> None:
    """An arm that TEST decides about raises PROBLEM and the reading goes on without it: who would catch it is told."""
    for attempt in reversed(session.attempts):
        if attempt.catches(problem) is not False:
            attempt.note(problem, arm, test)
            return


def attempted(
    frame: Frame,
    catches: Catches,
    body: Callable[[], Exit | None],
    go_on: Callable[[Exit | None], Exit | None],
    handle: Callable[[Any], Exit | None],
    at: At,
    ways: frozenset[How] = frozenset(),
) -> Exit | None:
    """Run BODY, then GO_ON with how it left, or HANDLE what it raised, or how it was left by one of WAYS; both where it
    may have done so."""
    from goflow.parser.interpreter.branches import both_bodies

    attempt = Attempt(frame, catches, ways)
    left: Exit | None = None
    raised_at_last: Raised | None = None
    with _trying(frame.session, attempt):
        try:
            left = body()
        except Raised as problem:
            raised_at_last = problem
    last = raised_at_last

    def to_its_end() -> Exit | None:
        return go_on(left) if last is None else handle(last)

    if attempt.record is None:
        return to_its_end()
    journal = frame.session.journal
    done = attempt.record
    journal.undo(done)

    def all_of_it() -> Exit | None:
        journal.keep(done)
        return to_its_end()

    def as_far_as(found: MayRaise) -> Callable[[], Exit | None]:
        def run() -> Exit | None:
            journal.put(found.state)
            return handle(found.problem)

        return run

    return both_bodies(frame, [all_of_it, *map(as_far_as, attempt.found)], attempt.found[0].test, at)


@contextmanager
def _trying(session: Session, attempt: Attempt) -> Iterator[None]:
    before, undecided = session.attempts, session.undecided
    session.attempts = (*before, attempt)
    is_over = False
    try:
        yield
        is_over = True
    finally:
        session.attempts, session.undecided = before, undecided
        if attempt.record is not None:
            session.journal.drop(attempt.record)
            if not is_over:
                session.journal.pass_on(attempt.record)
