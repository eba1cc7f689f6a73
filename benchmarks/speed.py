"""How fast the processor is just now. A virtual machine that is not alone on its hardware is a tenth, and at times a
third, slower for some minutes; what two sides took one after the other says little then. So a fixed piece of work is
done again and again beside each, and what it takes of the processor's time says at which speed that side had to run.
"""

from __future__ import annotations

import json
import threading
import time
from types import TracebackType

EVERY_S = 1.0
PIECES = 8
"""That are done one after the other each time, after one that does not count: it finds the processor's caches cold."""
_PIECE = {f"key-{number}": {"labels": [str(number)] * 8, "number": number} for number in range(250)}


def piece() -> None:
    """The work: objects are made, written and read, as everything that is measured here does most of its time. About
    a millisecond."""
    json.loads(json.dumps(_PIECE, sort_keys=True))


class Speed:
    """As a context: does the piece every EVERY_S seconds. PIECE_S is what one has taken of the processor, in seconds,
    on average; it grows where the processor is slow."""

    def __init__(self) -> None:
        self._took, self._count = 0.0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speed", daemon=True)

    @property
    def piece_s(self) -> float:
        """Seconds of processor time for one piece so far. Raises ZeroDivisionError before the first."""
        return self._took / self._count

    def __enter__(self) -> Speed:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            piece()
            began = time.thread_time()
            for _ in range(PIECES):
                piece()
            self._took += time.thread_time() - began
            self._count += PIECES
            if self._stop.wait(EVERY_S):
                return
