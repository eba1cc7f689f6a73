"""Steps of one launch never run at the same time: whoever takes one has its turn."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class _Turn:
    lock: threading.RLock = field(default_factory=threading.RLock)
    wanted: int = 0
    """How many have it or wait for it; nobody: it is forgotten."""


class Turns:
    """The turns of launches, each by itself: a step that takes long keeps nobody from those of other launches."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextlib.contextmanager
    def of(self, launch_id: str) -> Iterator[None]:
        """The turn of one launch; who has it may take it again."""
        turn = self._want(launch_id)
        try:
            with turn.lock:
                yield
        finally:
            self._leave(launch_id)

    @contextlib.contextmanager
    def of_all(self, launch_ids: Sequence[str]) -> Iterator[None]:
        """The turns of several, taken in one order by everybody, so that no two wait for each other."""
        with contextlib.ExitStack() as stack:
            for launch_id in sorted(set(launch_ids)):
                stack.enter_context(self.of(launch_id))
            yield

    def __len__(self) -> int:
        """How many launches somebody has the turn of, or waits for it."""
        return len(self._turns)

    def _want(self, launch_id: str) -> _Turn:
        with self._guard:
            turn = self._turns.setdefault(launch_id, _Turn())
            turn.wanted += 1
            return turn

    def _leave(self, launch_id: str) -> None:
        with self._guard:
            turn = self._turns[launch_id]
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[launch_id]
