"""Who of all that is scheduled may be queued next: priority, pools, and how many may run at once.

The order is Airflow's: priority weight, then logical date, then map index. Queues are kept per weight and
task of a run, since all that wait there have the same pool and limits, too; a queue that meets a limit is parked under
that limit and comes back when something in it ends, so that a full house costs nothing.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from goflow.domain.spec import Dialect
from goflow.domain.state import OCCUPYING_STATES, SUSPENDED_STATES, TaskState
from goflow.scheduler.book import Book, Cell

Scope = Literal["pool", "dag", "run", "task", "task_in_run", "namespace", "paused"]
_OVER_ALL = frozenset({"pool", "namespace"})
"""Scopes that are no DAG's."""
Rank = tuple[int, float, int]
Place = tuple[str, ...]
"""One counter: a scope and what it counts for, such as ``("run", dag id, run id)``."""
EVERYWHERE: Place = ("all",)


@dataclass(frozen=True, slots=True)
class Bound:
    """At most MOST at PLACE. WITH_SUSPENDED is `goflow.store.transitions.Limit`'s."""

    place: Place
    most: int
    with_suspended: bool = False


def bounds(book: Book, task_id: str, max_active_tasks: int, namespace: Bound | None) -> list[Bound]:
    """The bounds on instances of a task, pools left out, with that of its NAMESPACE.

    Airflow 3 counts MAX_ACTIVE_TASKS in each run by itself, Airflow 2 over all runs of the DAG; and Airflow 3 counts
    suspended instances of a task against the limits of that task (``ConcurrencyMap``), Airflow 2 does not.
    """
    task, run = book.graph.tasks[task_id], book.run
    is_new = book.graph.spec.dialect is Dialect.AIRFLOW3
    whole: Place = ("run", run.dag_id, run.run_id) if is_new else ("dag", run.dag_id)
    found = [Bound(whole, max_active_tasks)]
    if task.max_active_tis_per_dag is not None:
        found.append(Bound(("task", run.dag_id, task_id), task.max_active_tis_per_dag, is_new))
    if task.max_active_tis_per_dagrun is not None:
        place = ("task_in_run", run.dag_id, run.run_id, task_id)
        found.append(Bound(place, task.max_active_tis_per_dagrun, is_new))
    return found if namespace is None else [*found, namespace]


def places(book: Book, cell: Cell) -> tuple[Place, ...]:
    """Every counter that CELL is part of while it holds a slot."""
    run = book.run
    return (
        EVERYWHERE,
        ("pool", cell.pool),
        ("dag", run.dag_id),
        ("run", run.dag_id, run.run_id),
        *_places_of_task(book, cell),
    )


def _places_of_task(book: Book, cell: Cell) -> tuple[Place, ...]:
    run = book.run
    return ("task", run.dag_id, cell.task_id), ("task_in_run", run.dag_id, run.run_id, cell.task_id)


def _counts_suspended(book: Book, state: TaskState) -> bool:
    """Whether an instance in STATE, which holds no slot, counts against the limits of its task."""
    return state in SUSPENDED_STATES and book.graph.spec.dialect is Dialect.AIRFLOW3


@dataclass(slots=True, eq=False)
class _Queue:
    """Instances of one task of one run, of one weight, that wait for a slot, by map index. WAITING: the ids of all that
    wait anywhere, which loses those that are found to wait no more."""

    book: Book
    task_id: str
    waiting: set[int]
    cells: list[tuple[int, int, Cell]] = field(default_factory=list)
    rank: Rank | None = None
    """With what it stands in a heap, if it does: entries with another one count for nothing."""
    parked: bool = False

    def head(self) -> Cell | None:
        while self.cells:
            cell = self.cells[0][2]
            if cell.state is TaskState.SCHEDULED:
                return cell
            self.pop()
        return None

    def rank_of(self, cell: Cell) -> Rank:
        """What decides CELL's turn: less goes first."""
        run = self.book.run
        return -cell.weight, (run.logical_date or run.run_after).timestamp(), cell.map_index

    def pop(self) -> None:
        """Drop the head."""
        self.waiting.discard(heapq.heappop(self.cells)[1])


Cost = Callable[[Book, Cell], float]


def _one(_book: Book, _cell: Cell) -> float:
    return 1


class Ready:
    """All that is scheduled, and how full everything is. Places with a bound of their own are counted in instances,
    pools in slots. PARALLELISM: at most so many in all, which is Airflow's ``core.parallelism``; 0: no bound."""

    def __init__(self, parallelism: int = 0) -> None:
        self.parallelism = parallelism
        self.used: dict[Place, int] = {}
        self.pools: dict[str, int] = {}
        """Pool to its number of slots, below zero: without bound."""
        self.with_deferred: set[str] = set()
        """Pools of which deferred tasks keep their slots."""
        self._deferred: dict[str, int] = {}
        """Pool to the slots of its deferred tasks, whether it counts them or not."""
        self._queues: dict[tuple[str, str, str, int], _Queue] = {}
        self._of_book: dict[tuple[str, str], set[tuple[str, str, str, int]]] = {}
        self._heaps: dict[str, list[tuple[int, float, int, int, _Queue]]] = {}
        self._parked: dict[Place, deque[_Queue]] = {}
        self._waiting: set[int] = set()
        self._order = itertools.count()
        self.more_places: Callable[[Book, Cell], Iterable[Place]] = lambda _book, _cell: ()
        """Places of a cell beside `places`: its namespace, where these have bounds."""

    def add(self, book: Book, cell: Cell) -> None:
        """CELL is scheduled."""
        key = (*book.key, cell.task_id, cell.weight)
        queue = self._queues.get(key)
        if queue is None or queue.book is not book:
            queue = self._queues[key] = _Queue(book, cell.task_id, self._waiting)
            self._of_book.setdefault(book.key, set()).add(key)
        if cell.id not in self._waiting:
            self._waiting.add(cell.id)
            heapq.heappush(queue.cells, (cell.map_index, cell.id, cell))
        self._list(queue)

    def moved(self, book: Book, cell: Cell, before: TaskState) -> None:
        """CELL was in state BEFORE: what it occupies follows."""
        suspended = _counts_suspended(book, cell.state) - _counts_suspended(book, before)
        if suspended > 0:  # first, so that nobody else sees its place free meanwhile
            self._count_at(_places_of_task(book, cell), cell, 1)
        if occupies(cell.state) != occupies(before):
            self.count(book, cell, 1 if occupies(cell.state) else -1)
        if suspended < 0:
            self._count_at(_places_of_task(book, cell), cell, -1)
        self._count_deferred(cell, (cell.state is TaskState.DEFERRED) - (before is TaskState.DEFERRED))

    def _count_deferred(self, cell: Cell, by: int) -> None:
        if by:
            self._deferred[cell.pool] = self._deferred.get(cell.pool, 0) + by * cell.pool_slots

    def count(self, book: Book, cell: Cell, by: int) -> None:
        """CELL takes (BY 1) or frees (BY -1) what it occupies."""
        self._count_at((*places(book, cell), *self.more_places(book, cell)), cell, by)

    def _count_at(self, where: Iterable[Place], cell: Cell, by: int) -> None:
        for place in where:
            size = cell.pool_slots if place[0] == "pool" else 1
            self.used[place] = self.used.get(place, 0) + by * size
            if by < 0:
                if not self.used[place]:
                    del self.used[place]
                self.unpark(place)

    def unpark(self, place: Place) -> None:
        """Something at PLACE has changed: let those that wait for it try again."""
        for queue in self._parked.pop(place, ()):
            queue.parked = False
            self._list(queue)

    def unpark_dag(self, dag_id: str) -> None:
        """The same for every place of a DAG: its limits have changed, or it is paused no more."""
        for place in [place for place in self._parked if place[0] not in _OVER_ALL and place[1] == dag_id]:
            self.unpark(place)

    def forget(self, book: Book) -> None:
        """BOOK is gone, with all that it occupied and waited for."""
        for cell in book.occupying():
            self.count(book, cell, -1)
        for cell in book.suspended():
            if _counts_suspended(book, cell.state):
                self._count_at(_places_of_task(book, cell), cell, -1)
            self._count_deferred(cell, -(cell.state is TaskState.DEFERRED))
        for key in self._of_book.pop(book.key, ()):
            queue = self._queues.pop(key)
            while queue.cells:
                queue.pop()

    def take(self, policy: Policy, most: float, cost: Cost = _one) -> list[tuple[Book, Cell]]:
        """Instances that may be queued now, the most important first, until their COST comes to MOST; they count as
        taken from here on."""
        chosen: list[tuple[Book, Cell]] = []
        wide: list[_Queue] = []
        shut: set[str] = set()
        while most > 0 and not 0 < self.parallelism <= self.used.get(EVERYWHERE, 0):
            heads = ((heap[0], pool) for pool, heap in self._heaps.items() if heap and pool not in shut)
            _, pool = min(heads, default=(None, ""))
            if not pool:
                break
            if self._room(pool) == 0:
                shut.add(pool)
                continue
            queue = self._next(pool, policy, wide)
            if queue is None:
                continue
            cell = queue.cells[0][2]
            queue.pop()
            self.count(queue.book, cell, 1)
            chosen.append((queue.book, cell))
            most -= cost(queue.book, cell)
            self._list(queue)
        for queue in wide:
            self._list(queue)
        for pool in [pool for pool, heap in self._heaps.items() if not heap]:
            del self._heaps[pool]
        return chosen

    def _next(self, pool: str, policy: Policy, wide: list[_Queue]) -> _Queue | None:
        """The first queue of POOL, if its head may be queued; otherwise it is parked, or put to those that are too WIDE
        for what is left of the pool: something narrower may still fit."""
        *rank, _, queue = heapq.heappop(self._heaps[pool])
        if queue.parked or queue.rank != tuple(rank):
            return None  # it stands in the heap once more, with the rank that its head has now
        queue.rank = None
        cell = queue.head()
        if cell is None or queue.rank_of(cell) != tuple(rank):
            self._list(queue)
            return None
        if cell.pool_slots > self._room(pool):
            wide.append(queue)
            return None
        full = self._full(policy, queue)
        if full is not None:
            queue.parked = True
            self._parked.setdefault(full, deque()).append(queue)
            return None
        return queue

    def _room(self, pool: str) -> float:
        """Slots that are free."""
        slots = self.pools.get(pool, 0)
        deferred = self._deferred.get(pool, 0) if pool in self.with_deferred else 0
        return math.inf if slots < 0 else max(0, slots - self.used.get(("pool", pool), 0) - deferred)

    def _full(self, policy: Policy, queue: _Queue) -> Place | None:
        if policy.paused(queue.book):
            return ("paused", queue.book.run.dag_id)
        for bound in policy.bounds(queue.book, queue.task_id):
            if self.used.get(bound.place, 0) >= bound.most:
                return bound.place
        return None

    def _list(self, queue: _Queue) -> None:
        cell = queue.head()
        if cell is None or queue.parked:
            return
        rank = queue.rank_of(cell)
        if queue.rank is None or rank < queue.rank:
            queue.rank = rank
            heapq.heappush(self._heaps.setdefault(cell.pool, []), (*rank, next(self._order), queue))


class Policy:
    """What `Ready` has to know of DAGs; the driver fills it in."""

    def paused(self, book: Book) -> bool:
        """Whether nothing of BOOK may be queued for now."""
        raise NotImplementedError

    def bounds(self, book: Book, task_id: str) -> Iterable[Bound]:
        """The bounds on instances of a task, as `bounds` makes them."""
        raise NotImplementedError


def occupies(state: TaskState) -> bool:
    """Whether an instance in STATE holds a slot."""
    return state in OCCUPYING_STATES
