"""What becomes of the tasks of an active run: pure functions of its book, a few facts and the time.

The order in which a task's dependencies are asked is Airflow's (``BaseOperator.deps``): what its mapping hangs on, its
trigger rule with setups, what a branch has skipped, the past, and its retry or reschedule time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goflow.domain.spec import Dialect
from goflow.domain.state import FAILED_STATES, SUCCESS_STATES, TERMINAL_TASK_STATES, RunState, TaskState
from goflow.scheduler import mapping
from goflow.scheduler.book import ALL, SCHEDULABLE, Book, Cell
from goflow.scheduler.decided import decided_here
from goflow.scheduler.decisions import Advance, Decision, EndRun, Expand, Facts
from goflow.scheduler.rules import Counts, Verdict, judge, judge_setups

_EAGER = frozenset(
    {"one_success", "one_failed", "one_done", "none_failed_min_one_success", "none_failed_or_skipped"}
    | {"all_done_min_one_success"}
)
"""Rules that the placeholder of a task in a mapped group holds against every copy above, lest none of them decides."""


def decide(book: Book, task_id: str, copies: set[int] | None, facts: Facts) -> list[Decision]:
    """What follows now for TASK_ID (for those of its COPIES, or all), as the book stands.

    It leaves the book as it is, but for what the book notes on the side: lengths, and who waits for the past.
    """
    cells = book.cells[task_id]
    if not cells:
        return []
    wanted = list(cells.values()) if copies is ALL else [cells[index] for index in copies if index in cells]
    if book.waits_for_past:
        book.waits_for_past = book.waits_for_past.difference(wanted)
    shared = _shared_verdict(book, task_id, facts)
    if shared is Verdict.WAIT and not book.skips:
        return []
    waiting = sorted((cell for cell in wanted if cell.state in SCHEDULABLE), key=lambda cell: cell.map_index)
    found = list(_decide(book, task_id, waiting, shared, facts)) if waiting else []
    # Where the number of copies changes, that comes first; what it leaves is looked at again.
    return [item for item in found if isinstance(item, Expand)] or found


def _decide(book: Book, task_id: str, waiting: list[Cell], shared: Verdict | None, facts: Facts) -> Iterator[Decision]:
    task = book.graph.tasks[task_id]
    on_past = task.depends_on_past or task.wait_for_downstream
    unsure = book.graph.needs_expansion(task_id)
    for cell in waiting:
        verdict = shared if shared is not None else _verdict(book, cell, facts)
        if verdict.ends:
            yield Advance(cell, _state(verdict), "dependencies")
        elif skipped_by_branch(book, cell):
            yield Advance(cell, TaskState.SKIPPED, "branch")
        elif verdict is Verdict.RUN and _due(cell, facts):
            if on_past and not facts.past_met(book, task_id):
                book.waits_for_past |= {cell}
                continue
            change = _expansion(book, cell, facts) if unsure else None
            unsure = False
            if change is not None:
                yield change
                return
            yield decided_here(book, cell, facts.now) or Advance(cell, TaskState.SCHEDULED, "dependencies met")


def _state(verdict: Verdict) -> TaskState:
    assert isinstance(verdict.value, TaskState)
    return verdict.value


def _due(cell: Cell, facts: Facts) -> bool:
    return cell.next_at is None or cell.next_at <= facts.now


def _shared_verdict(book: Book, task_id: str, facts: Facts) -> Verdict | None:
    """The verdict where it is the same for every copy; None where each copy has to be asked."""
    if book.graph.mapped_groups[task_id]:
        return None
    counted = (book.direct.get(task_id), book.setups.get(task_id))
    if any(counts is not None and counts.removed for counts in counted):
        return None
    any_cell = next(iter(book.cells[task_id].values()))
    return _verdict(book, any_cell, facts)


def _verdict(book: Book, cell: Cell, facts: Facts) -> Verdict:
    """What everything above CELL says, branches and the past left out."""
    graph, task_id = book.graph, cell.task_id
    by_mapping = _mapping_verdict(book, task_id)
    if by_mapping is not None:
        return by_mapping
    task = graph.tasks[task_id]
    if not graph.upstream[task_id] or task.trigger_rule in {"always", "dummy"}:
        return Verdict.RUN
    setups = Verdict.RUN
    if task_id in graph.indirect_setups:
        setups = judge_setups(_setup_counts(book, cell, facts), cell.map_index)
        if setups.ends:
            return setups
    direct = judge(task.trigger_rule, _direct_counts(book, cell, facts), cell.map_index)
    if direct.ends:
        return direct
    if Verdict.WAIT in {setups, direct}:
        return Verdict.WAIT
    if task_id in graph.teardown_scope and not _scope_counts(book, cell, facts).done:
        return Verdict.WAIT
    return Verdict.RUN


def _direct_counts(book: Book, cell: Cell, facts: Facts) -> Counts:
    if cell.task_id in book.direct:
        return book.counts_above(cell.task_id)
    fixed = book.graph.fixed_upstream[cell.task_id]
    counts = _count(book, cell, book.graph.upstream[cell.task_id], facts)
    counts.total = counts.total if fixed is None else fixed
    return counts


def _setup_counts(book: Book, cell: Cell, facts: Facts) -> Counts:
    if cell.task_id in book.setups:
        return book.setups[cell.task_id]
    return _count(book, cell, book.graph.indirect_setups[cell.task_id], facts)


def _scope_counts(book: Book, cell: Cell, facts: Facts) -> Counts:
    if cell.task_id in book.scope:
        return book.scope[cell.task_id]
    return _count(book, cell, book.graph.teardown_scope[cell.task_id], facts)


def _count(book: Book, cell: Cell, parents: tuple[str, ...], facts: Facts) -> Counts:
    """Count those instances of PARENTS that matter to one copy of a task in a mapped group."""
    graph, counts = book.graph, Counts()
    eager = cell.map_index < 0 and graph.tasks[cell.task_id].trigger_rule in _EAGER
    depends = mapping.references(graph, cell.task_id) if eager else ()
    for parent in parents:
        relevant = None
        if not eager or parent in depends:
            relevant = mapping.relevant_indexes(
                graph, cell.task_id, cell.map_index, parent, lambda task, key: xcom_length(book, facts, task, key)
            )
        setup = graph.tasks[parent].setup
        for above in _chosen(book.cells[parent], relevant):
            counts.total += 1
            counts.setups += setup
            counts.note(above.state, setup=setup)
    return counts


def _chosen(cells: Mapping[int, Cell], relevant: range | None) -> list[Cell]:
    if relevant is None:
        return list(cells.values())
    chosen = [cells[index] for index in relevant if index >= 0 and index in cells]
    return [*chosen, cells[-1]] if -1 in cells else chosen


def _mapping_verdict(book: Book, task_id: str) -> Verdict | None:
    """A task whose mapping hangs on a result that will not come is over, whatever its trigger rule.

    (``MappedTaskUpstreamDep``)
    """
    if not book.graph.needs_expansion(task_id):
        return None
    above = [book.cells[parent].get(-1) for parent in mapping.references(book.graph, task_id)]
    ended = {cell.state for cell in above if cell is not None and cell.state in TERMINAL_TASK_STATES}
    if ended & FAILED_STATES:
        return Verdict.UPSTREAM_FAILED
    return Verdict.SKIP if TaskState.SKIPPED in ended else None


def xcom_length(book: Book, facts: Facts, task_id: str, key: str) -> int | None:
    """How many copies the result of TASK_ID gives: its length, or for a task with copies how many left one.

    None until the task has ended.
    """
    if task_id not in book.cells or not book.ended(task_id):
        return None
    known = book.lengths.setdefault(task_id, {})
    if key not in known:
        known[key] = facts.map_lengths(book, task_id, key)
    if book.graph.needs_expansion(task_id):
        return sum(index >= 0 for index in known[key])
    return known[key].get(-1)


def _expansion(book: Book, cell: Cell, facts: Facts) -> Decision | None:
    """What to do before CELL runs, so that its task has as many copies as its input has values."""
    total = mapping.count_of(book.graph, cell.task_id, lambda task, key: xcom_length(book, facts, task, key))
    copies = book.cells[cell.task_id]
    if cell.map_index < 0:
        if total is None:
            return Advance(cell, TaskState.UPSTREAM_FAILED, "nothing to map over was left upstream")
        return Expand(cell.task_id, total) if total else Advance(cell, TaskState.SKIPPED, "nothing to map over")
    if total is None:
        return None
    living = {index for index, other in copies.items() if other.state is not TaskState.REMOVED}
    return None if living == set(range(total)) else Expand(cell.task_id, total)


def skipped_by_branch(book: Book, cell: Cell) -> bool:
    """Whether a branch right above has decided to skip CELL (``NotPreviouslySkippedDep``)."""
    if not book.skips:
        return False
    graph = book.graph
    for parent in graph.upstream[cell.task_id]:
        if parent in graph.skippers:
            index = cell.map_index if graph.in_step(cell.task_id, parent) else -1
            if cell.task_id in book.skips.get((parent, index), ()):
                return True
    return False


def rollup(book: Book) -> EndRun | None:
    """How the run has ended, once nothing of it is left to do; None while it goes on (``DagRun.update_state``)."""
    if book.unfinished:
        held = any(cell.state not in TERMINAL_TASK_STATES for cell in book.waits_for_past)
        stuck = book.unfinished == book.idle and not held
        return EndRun(RunState.FAILED, "all_tasks_deadlocked", _blocked(book)) if stuck else None
    leaves = {
        cell.state
        for task_id in book.graph.leaves
        for cell in book.cells[task_id].values()
        if cell.state is not TaskState.REMOVED
    }
    if leaves & FAILED_STATES:
        return EndRun(RunState.FAILED, "task_failure")
    return EndRun(RunState.SUCCESS, "success") if leaves <= SUCCESS_STATES else None


def _blocked(book: Book) -> int | None:
    """The first instance that waits although something above it has ended: what Airflow 3 tells of a run in which
    nothing can go on (``blocking_ti``)."""
    if book.graph.spec.dialect is Dialect.AIRFLOW2:
        return None
    over = {cell.task_id for cell in book.instances() if cell.state in TERMINAL_TASK_STATES}
    waiting = (cell for cell in book.instances() if cell.state not in TERMINAL_TASK_STATES)
    return next((cell.id for cell in waiting if not over.isdisjoint(book.graph.upstream[cell.task_id])), None)


def obstacles(book: Book, cell: Cell, facts: Facts) -> Iterator[str]:
    """What keeps CELL, which waits for its dependencies, from being scheduled, in words for people; nothing where the
    scheduler is about to decide it."""
    graph, task_id = book.graph, cell.task_id
    task = graph.tasks[task_id]
    if _mapping_verdict(book, task_id) is not None:
        return
    if graph.upstream[task_id] and task.trigger_rule not in {"always", "dummy"}:
        setups, direct = Verdict.RUN, judge(task.trigger_rule, _direct_counts(book, cell, facts), cell.map_index)
        if task_id in graph.indirect_setups:
            setups = judge_setups(_setup_counts(book, cell, facts), cell.map_index)
        if setups.ends or direct.ends:
            return
        if direct is Verdict.WAIT:
            yield f"trigger rule {task.trigger_rule}: {_open(book, graph.upstream[task_id])}"
        if setups is Verdict.WAIT:
            yield f"its setups have not succeeded: {_open(book, graph.indirect_setups[task_id])}"
        elif task_id in graph.teardown_scope and direct is Verdict.RUN and not _scope_counts(book, cell, facts).done:
            yield f"it tears down when its scope is done: {_open(book, graph.teardown_scope[task_id])}"
    elif sources := [name for name in mapping.references(graph, task_id) if not book.ended(name)]:
        yield f"its copies are made of what these leave: {_open(book, tuple(sources))}"
    if (task.depends_on_past or task.wait_for_downstream) and not facts.past_met(book, task_id):
        words = "depends_on_past" if task.depends_on_past else "wait_for_downstream"
        yield f"{words}: the same task of the run before has not ended well"


def _open(book: Book, task_ids: tuple[str, ...]) -> str:
    """Which of TASK_IDS have not ended, and how they stand."""
    names = []
    for task_id in task_ids:
        states = {cell.state for cell in book.cells[task_id].values() if cell.state not in TERMINAL_TASK_STATES}
        if states:
            names.append(f"{task_id} is {' and '.join(sorted(states))}")
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


_MOST_NAMED = 5
"""How many tasks above are named; of more it is told how many they are."""
