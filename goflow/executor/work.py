"""What the executor's workers have to do, and in which order they get it.

Bounded: the database has every launch that is planned, is to be stopped or to be cleaned, so only so many ids are held
here. What finds no room is left there, and is fetched when there is room (``wants``). Stops and what was observed go
before everything else. While launches wait one clean-up follows each few of them: nobody waits for a clean-up, but a
long burst must not keep them all back. No more launches are under way than `Pressure` allows, which is less than there
are workers.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from typing import Literal, get_args

from goflow.executor.backend import Observation
from goflow.executor.pressure import Pressure
from goflow.telemetry import metrics

Kind = Literal["launch", "stop", "clean", "observe"]
Work = tuple[Kind, str | Observation]
MOST_HELD = 2000
"""Ids of each kind that are held."""
LAUNCHES_A_CLEAN = 4
"""Launches that are taken for each clean-up, as long as launches wait."""


class WorkQueue:
    """Steps of launches. PRESSURE bounds how many of kind ``launch`` are taken at once. WAKE, an event, is set when
    something that was left in the database could be fetched. Thread-safe."""

    def __init__(self, pressure: Pressure, wake: threading.Event, *, most: int = MOST_HELD) -> None:
        self.pressure = pressure
        self.most = most
        self._wake = wake
        self._changed = threading.Condition()
        self._lanes: dict[Kind, deque[Work]] = {kind: deque() for kind in get_args(Kind)}
        self._waiting: dict[Kind, set[str]] = {kind: set() for kind in get_args(Kind)}
        """The ids in each lane."""
        self._taken: dict[Kind, set[str]] = {kind: set() for kind in get_args(Kind)}
        """The ids that workers have got and not done."""
        self._left: set[Kind] = set()
        """Of what there is more in the database."""
        self._since_clean = 0
        """Launches that were taken since the last clean-up."""
        self._rests_until = 0.0
        self._closed = False

    def put(self, work: Work) -> bool:
        """Hold WORK, once; false when it was left in the database, for want of room."""
        kind, what = work
        with self._changed:
            if isinstance(what, str):
                if what in self._waiting[kind]:
                    return True
                if len(self._lanes[kind]) >= self.most:
                    self._left.add(kind)
                    return False
                self._waiting[kind].add(what)
            self._lanes[kind].append(work)
            self._told(kind)
            self._changed.notify()
            return True

    def put_back(self, work: Work) -> None:
        """WORK, which was taken, is the first to be taken again."""
        kind, what = work
        with self._changed:
            if isinstance(what, str):
                if what in self._waiting[kind]:
                    return
                self._waiting[kind].add(what)
            self._lanes[kind].appendleft(work)
            self._told(kind)
            self._changed.notify()

    def leave(self, kind: Kind) -> None:
        """There is more of KIND in the database."""
        with self._changed:
            self._left.add(kind)

    def get(self) -> Work | None:
        """The next step, for which `done` has to follow; waits for one. None once it is closed."""
        with self._changed:
            while not self._closed:
                work = self._next()
                if work is not None:
                    if self._may_take():
                        self._changed.notify()  # who had the last one may have left it to whoever came first
                    return work
                self._changed.wait(self._pause_s())
            return None

    def more(self, like: Work, most: int) -> list[Work]:
        """Up to MOST further steps of LIKE's kind, for what is done in one go; for each `done` has to follow."""
        kind = like[0]
        with self._changed:
            if self._rests_until > self.pressure.clock.monotonic():
                return []
            return [self._take(kind) for _ in range(min(most, len(self._lanes[kind])))]

    def first(self, kind: Kind, most: int) -> list[str]:
        """The launches of up to MOST steps of KIND that are taken next."""
        with self._changed:
            return [what for _, what in itertools.islice(self._lanes[kind], most) if isinstance(what, str)]

    def rest(self, seconds: float) -> None:
        """Nobody gets anything for SECONDS: what every step needs is away."""
        with self._changed:
            self._rests_until = self.pressure.clock.monotonic() + seconds

    def done(self, *works: Work, comes_back: bool = False) -> None:
        """Those steps are over, whatever came of them. COMES_BACK: who says so asks for the next one now, so that
        nobody else has to be woken for the room that there is."""
        with self._changed:
            for kind, what in works:
                if isinstance(what, str):
                    self._taken[kind].discard(what)
                    self._tell_taken(kind)
            if not comes_back:
                self._changed.notify()

    def wants(self) -> list[Kind]:
        """Of what there is more in the database, and room for it here; told once, and then to be fetched."""
        with self._changed:
            found = [kind for kind in self._left if len(self._lanes[kind]) <= self.most // 2]
            self._left.difference_update(found)
            return found

    def room(self, kind: Kind) -> int:
        """How many more of KIND are held at most."""
        with self._changed:
            return max(0, self.most - len(self._lanes[kind]))

    def holds(self, kind: Kind, launch_id: str) -> bool:
        """Whether that launch waits here for a step of KIND, or is in one."""
        with self._changed:
            return launch_id in self._waiting[kind] or launch_id in self._taken[kind]

    def under_way(self) -> int:
        """Launches that workers have taken."""
        return len(self._taken["launch"])

    def empty(self) -> bool:
        """Whether there is nothing that may be taken now."""
        with self._changed:
            return not self._may_take()

    def idle(self) -> bool:
        """Whether there is nothing to take, and nobody has taken anything."""
        with self._changed:
            return not self._may_take() and not any(self._taken.values())

    def qsize(self) -> int:
        """How many steps wait here."""
        return sum(len(lane) for lane in self._lanes.values())

    def sizes(self) -> Counter[str]:
        """The same by kind."""
        return Counter({kind: len(lane) for kind, lane in self._lanes.items()})

    def close(self) -> None:
        """Nobody gets anything any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _pause_s(self) -> float | None:
        """Seconds after which there may be something without a word; None: somebody will say so."""
        rest = self._rests_until - self.pressure.clock.monotonic()
        if rest > 0:
            return rest
        return self.pressure.pause_s() or None if self._lanes["launch"] else None

    def _may_take(self) -> list[Kind]:
        lanes = self._lanes
        if self._rests_until > self.pressure.clock.monotonic():
            return []
        found: list[Kind] = [kind for kind in ("stop", "observe") if lanes[kind]]
        if lanes["clean"] and (not lanes["launch"] or self._since_clean >= LAUNCHES_A_CLEAN or self.pressure.pause_s()):
            found.append("clean")
        if lanes["launch"] and self.pressure.has_room(len(self._taken["launch"])):
            found.append("launch")
        return found

    def _next(self) -> Work | None:
        kinds = self._may_take()
        if not kinds:
            return None
        return self._take(kinds[0])

    def _take(self, kind: Kind) -> Work:
        work = self._lanes[kind].popleft()
        if isinstance(work[1], str):
            self._waiting[kind].discard(work[1])
            self._taken[kind].add(work[1])
            self._tell_taken(kind)
        if kind in {"launch", "clean"}:
            self._since_clean = 0 if kind == "clean" else self._since_clean + 1
        self._told(kind)
        if kind in self._left and len(self._lanes[kind]) <= self.most // 2:
            self._wake.set()
        return work

    def _told(self, kind: Kind) -> None:
        metrics.WORK_QUEUED.labels(kind).set(len(self._lanes[kind]))

    def _tell_taken(self, kind: Kind) -> None:
        if kind == "launch":
            metrics.LAUNCHES_IN_FLIGHT.set(len(self._taken[kind]))
