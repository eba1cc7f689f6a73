"""An active run as planning keeps it in memory: its task instances, and counters that change with every change.

Counting instead of looking: each task has the `Counts` of what is above it, and a change of one instance touches the
counts of its watchers alone. What has to be looked at again is in ``dirty``. A book is made from the store's rows, may
be thrown away at any moment and made again.
"""

from __future__ import annotations

import datetime as dt
import heapq
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from goflow.domain.runs import UNMAPPED, DagRun, TaskInstance
from goflow.domain.state import OCCUPYING_STATES, SUSPENDED_STATES, TERMINAL_TASK_STATES, TaskState
from goflow.scheduler.graph import Graph
from goflow.scheduler.rules import Counts

ALL = None
"""In ``Book.dirty``: every copy of the task."""
SCHEDULABLE = frozenset({TaskState.NONE, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE})
"""States in which a task waits for its dependencies; deferred ones wait for their trigger instead."""


@dataclass(slots=True, eq=False)
class Cell:
    """One task instance in a book. RESUMES: its next launch goes on with the attempt that it has."""

    id: int
    task_id: str
    map_index: int
    state: TaskState
    try_number: int = 0
    max_tries: int = 0
    next_at: dt.datetime | None = None
    pool: str = "default_pool"
    pool_slots: int = 1
    weight: int = 1
    resumes: bool = False
    weighed: str = ""
    """For what its weight is one that the author's own strategy has given (`goflow.scheduler.weights`)."""
    weight_asked: str = ""
    """For what that strategy was asked last."""

    @classmethod
    def of(cls, row: TaskInstance) -> Cell:
        """The cell of a stored row. Names are shared: each row has come with texts of its own."""
        return cls(
            row.id,
            sys.intern(row.task_id),
            row.map_index,
            row.state,
            row.try_number,
            row.max_tries,
            row.next_at,
            sys.intern(row.pool),
            row.pool_slots,
            row.priority_weight,
            row.state in {TaskState.UP_FOR_RESCHEDULE, *SUSPENDED_STATES},
        )


class Alone(Mapping[int, Cell]):
    """The one instance of a task that is not mapped, by its map index: a dict of it would take five times as much room,
    and most of all tasks are of that kind."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def __getitem__(self, map_index: int) -> Cell:
        if map_index != UNMAPPED:
            raise KeyError(map_index)
        return self._cell

    def __iter__(self) -> Iterator[int]:
        yield UNMAPPED

    def __len__(self) -> int:
        return 1


NOBODY: Mapping[int, Cell] = MappingProxyType({})
"""The instances of a task that has none in this run."""
_NO_CELLS: frozenset[Cell] = frozenset()
"""One for all: each empty set takes 216 bytes."""


class Book:
    """One active run. Only `add`, `advance`, `renumber` and `mark` change it."""

    __slots__ = (
        "_order",
        "cells",
        "direct",
        "dirty",
        "graph",
        "idle",
        "key",
        "lengths",
        "orphans",
        "run",
        "scope",
        "settled",
        "setups",
        "skips",
        "unfinished",
        "waits_for_past",
    )

    def __init__(self, run: DagRun, graph: Graph, cells: Iterable[Cell] = ()) -> None:
        self.run = run
        self.graph = graph
        self.key = run.dag_id, run.run_id
        """DAG id and run id, as events name the run."""
        self.cells: dict[str, Mapping[int, Cell]] = dict.fromkeys(graph.tasks, NOBODY)
        self.orphans: list[Cell] = []
        """Instances of tasks that the pinned version does not have: they are to be removed."""
        self.dirty: dict[str, set[int] | None] = {}
        """Tasks to look at again, each with the copies concerned; `next_dirty` takes them out."""
        self._order: list[int] = []
        self.unfinished = 0
        self.idle = 0
        """Of the unfinished, those in state ``none``."""
        self.skips: dict[tuple[str, int], frozenset[str]] = {}
        """(branch, map index) to the tasks that it decided to skip."""
        self.lengths: dict[str, dict[str, Mapping[int, int | None]]] = {}
        """Task to key to XCom lengths by map index, as far as they were asked for; dropped when the task changes."""
        self.waits_for_past = _NO_CELLS
        """What would run but for ``depends_on_past``, as it was looked at last."""
        self.settled = False
        """Whether the run's end has been decided."""
        self.direct = {t: Counts() for t, parents in graph.upstream.items() if parents and not graph.mapped_groups[t]}
        self.setups = {t: Counts() for t in graph.indirect_setups if not graph.mapped_groups[t]}
        self.scope = {t: Counts() for t in graph.teardown_scope if not graph.mapped_groups[t]}
        for cell in cells:
            self.add(cell)
        self.mark_all()

    def cell(self, task_id: str, map_index: int) -> Cell | None:
        """That instance, or None."""
        return self.cells.get(task_id, NOBODY).get(map_index)

    def add(self, cell: Cell) -> None:
        """Take in an instance."""
        if cell.task_id not in self.cells:
            self.orphans.append(cell)
            return
        is_first = self.cells[cell.task_id] is NOBODY
        if is_first and cell.map_index == UNMAPPED and not self.graph.needs_expansion(cell.task_id):
            self.cells[cell.task_id] = Alone(cell)
        else:
            self._copies(cell.task_id)[cell.map_index] = cell
        for counts, setup in self._counting(cell.task_id):
            counts.total += 1
            counts.setups += setup
            counts.note(cell.state, setup=setup)
        self._tally(cell.state, 1)

    def renumber(self, cell: Cell, map_index: int) -> None:
        """Let the placeholder of a mapped task become one of its copies."""
        copies = self._copies(cell.task_id)
        del copies[cell.map_index]
        cell.map_index = map_index
        copies[map_index] = cell

    def _copies(self, task_id: str) -> dict[int, Cell]:
        """The instances of a task, to be changed."""
        copies = self.cells[task_id]
        if not isinstance(copies, dict):
            copies = self.cells[task_id] = dict(copies)
        return copies

    def advance(self, cell: Cell, new: TaskState, next_at: dt.datetime | None = None) -> None:
        """Note that CELL is in state NEW now, and mark whoever has to be looked at because of it."""
        before = cell.state
        cell.state, cell.next_at = new, next_at
        if cell.task_id not in self.cells:
            return
        if new in {TaskState.UP_FOR_RESCHEDULE, *SUSPENDED_STATES}:
            cell.resumes = True
        elif new is not TaskState.SCHEDULED:
            cell.resumes = False
        self._tally(before, -1)
        self._tally(new, 1)
        if before is new:
            return
        for counts, setup in self._counting(cell.task_id):
            counts.note(before, -1, setup=setup)
            counts.note(new, setup=setup)
        if before in TERMINAL_TASK_STATES or new in TERMINAL_TASK_STATES:
            self.lengths.pop(cell.task_id, None)
            self._mark_watchers(cell)
        if new not in TERMINAL_TASK_STATES:
            self.skips.pop((cell.task_id, cell.map_index), None)
        if new in SCHEDULABLE:
            self.mark(cell.task_id, cell.map_index)

    def mark(self, task_id: str, map_index: int | None = ALL) -> None:
        """Have a task, or one copy of it, looked at again."""
        if task_id not in self.cells:
            return
        if task_id not in self.dirty:
            heapq.heappush(self._order, self.graph.position[task_id])
        if map_index is ALL:
            self.dirty[task_id] = ALL
            return
        known = self.dirty.setdefault(task_id, set())
        if known is not ALL:
            known.add(map_index)

    def next_dirty(self) -> tuple[str, set[int] | None]:
        """The task to look at next, and which copies of it.

        Always the one that nothing else to look at is above of: so each is looked at when all above it is settled,
        and what becomes of it does not hang on the order in which news came in.
        """
        task_id = self.graph.order[heapq.heappop(self._order)]
        copies = self.dirty.pop(task_id)
        if not self.dirty:  # an emptied dict keeps the room that it had
            self.dirty, self._order = {}, []
        return task_id, copies

    def mark_all(self) -> None:
        """Have everything looked at again."""
        self.dirty = dict.fromkeys(self.graph.order, ALL)
        self._order = list(range(len(self.graph.order)))

    def counts_above(self, task_id: str) -> Counts:
        """The counts of TASK_ID's direct upstream, for a task outside mapped groups."""
        counts = self.direct[task_id]
        fixed = self.graph.fixed_upstream[task_id]
        if fixed is not None:
            counts.total = fixed
        return counts

    def ended(self, task_id: str) -> bool:
        """Whether every instance of the task has ended."""
        return all(cell.state in TERMINAL_TASK_STATES for cell in self.cells[task_id].values())

    def occupying(self) -> list[Cell]:
        """Instances that hold a slot."""
        return [cell for copies in self.cells.values() for cell in copies.values() if cell.state in OCCUPYING_STATES]

    def suspended(self) -> list[Cell]:
        """Instances that wait for their trigger, or for a person's input."""
        return [cell for cell in self.instances() if cell.state in SUSPENDED_STATES]

    def instances(self) -> Iterable[Cell]:
        """Every instance of a task that the DAG has."""
        for copies in self.cells.values():
            yield from copies.values()

    def row(self, cell: Cell) -> TaskInstance:
        """CELL as the store speaks of it."""
        run = self.run
        return TaskInstance(
            id=cell.id,
            dag_run_id=run.id,
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=cell.task_id,
            map_index=cell.map_index,
            state=cell.state,
            try_number=cell.try_number,
            max_tries=cell.max_tries,
            pool=cell.pool,
            pool_slots=cell.pool_slots,
            priority_weight=cell.weight,
            next_at=cell.next_at,
        )

    def _counting(self, task_id: str) -> Iterable[tuple[Counts, bool]]:
        """The counters that instances of TASK_ID are part of, and whether it is a setup."""
        graph, setup = self.graph, self.graph.tasks[task_id].setup
        kinds = (
            (graph.downstream[task_id], self.direct),
            (graph.setup_watchers.get(task_id, ()), self.setups),
            (graph.scope_watchers.get(task_id, ()), self.scope),
        )
        for watchers, counters in kinds:
            for watcher in watchers:
                if watcher in counters:
                    yield counters[watcher], setup

    def _mark_watchers(self, cell: Cell) -> None:
        for watcher in self.graph.watchers[cell.task_id]:
            in_step = cell.map_index >= 0 and self.graph.in_step(watcher, cell.task_id)
            self.mark(watcher, cell.map_index if in_step else ALL)

    def _tally(self, state: TaskState, by: int) -> None:
        if state not in TERMINAL_TASK_STATES:
            self.unfinished += by
        if state is TaskState.NONE:
            self.idle += by
