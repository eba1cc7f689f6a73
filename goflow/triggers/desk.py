"""What a trigger runner is told when it asks, and what becomes of what it tells.

A runner keeps what it has claimed as long as it is heard of; one that is not for `LEASE_S` seconds is given up, and
others claim what it held. That moves triggers and nothing else: a task is never ended by it, and what a runner tells
that was given up is believed all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from goflow.domain.callbacks import RunCallback
from goflow.domain.canonical import Json
from goflow.domain.outcomes import end_by_trigger
from goflow.domain.questions import Question
from goflow.domain.state import TaskState
from goflow.domain.triggers import ENDING_KINDS, Fired, FiredKind, Trigger, TriggerState
from goflow.operators.registry import in_airflow
from goflow.store import (
    Store,
    Tx,
    callbacks,
    launches,
    logs,
    questions,
    runs,
    tasks,
    transitions,
    triggers,
    versions,
    watches,
)
from goflow.store.rows import LogRow, TriggerRunner
from goflow.triggers import watching
from goflow.triggers.shares import LEASE_S, Share, fair_share, is_heard, surplus
from goflow.triggers.watching import Held, WatchOrders

MOST_CALLBACKS = 4
"""How many callbacks one runner calls at the same time."""
MOST_QUESTIONS = 100
"""How many questions one runner has at the same time."""
MOST_MOVED = 100
"""How many triggers one gives back at most each time that it is noted down: a runner has more to do than moving."""
MOST_AT_ONCE = 500
"""How many triggers one answer hands out at most, so that its transaction stays short."""


@dataclass(frozen=True, slots=True)
class Orders:
    """START: the triggers to begin. LEAVE: those to leave, each with why: ``fired``, ``moved`` or ``killed``. CALL: the
    callbacks of runs to call. WATCH: what is to be done of watches of assets. ANSWER: the questions to code of authors'
    own to answer."""

    start: Sequence[Trigger]
    leave: Sequence[tuple[int, str]]
    call: Sequence[RunCallback] = ()
    watch: WatchOrders = field(default_factory=WatchOrders)
    answer: Sequence[Question] = ()


def room_for(runner: TriggerRunner, known: Sequence[TriggerRunner], waiting: int) -> int:
    """How many more triggers RUNNER may claim, of WAITING in all that need one: KNOWN ones share them evenly."""
    return max(0, min(runner.capacity, fair_share(waiting, len(known))) - runner.held)


def sync(
    store: Store,
    runner_id: str,
    *,
    process: str,
    capacity: int,
    held: Collection[int],
    calling: Collection[int] = (),
    watches_held: Mapping[int, Held] | None = None,
    answering: Collection[tuple[int, int]] = (),
) -> Orders:
    """A runner says that it is there, what triggers it has HELD, what callbacks it is CALLING, which watches it has
    (WATCHES_HELD) and what questions (id and epoch) it is ANSWERING: what it is to begin and to leave.

    Most of the time nothing has changed, and nothing is written then.
    """
    watched = watches_held or {}
    with store.reading() as tx:
        nothing = not triggers.count_for_runners(tx, unheld=True) and not callbacks.count_open(tx, waiting=True)
        about = watches.all_(tx)
        nothing = nothing and not watching.has_news(about, runner_id, watched)
        nothing = nothing and not questions.count_open(tx, unheld=True)
        if nothing and _is_fresh(tx, runner_id, process, capacity):
            return _orders(tx, runner_id, held, calling, watching.orders(about, runner_id, watched), answering)
    with store.transaction() as tx:
        triggers.runner_seen(tx, runner_id, capacity=capacity, ttl_s=LEASE_S, process=process)
        known = triggers.runners(tx)
        [me] = [runner for runner in known if runner.id == runner_id]
        waiting = triggers.count_for_runners(tx)
        shares = [Share(one.id, one.held, one.capacity, is_heard(one, tx.now())) for one in known]
        transitions.return_triggers(tx, runner_id, min(MOST_MOVED, surplus(runner_id, shares, waiting)))
        transitions.claim_triggers(tx, runner_id, min(MOST_AT_ONCE, room_for(me, known, waiting)))
        transitions.claim_callbacks(tx, runner_id, MOST_CALLBACKS - len(callbacks.held_by(tx, runner_id)))
        about = watching.take_part(tx, watches.all_(tx), me, known, watched)
        transitions.claim_questions(tx, runner_id, MOST_QUESTIONS - len(questions.held_by(tx, runner_id)))
        return _orders(tx, runner_id, held, calling, watching.orders(about, runner_id, watched), answering)


def leave(store: Store, runner_id: str) -> None:
    """A runner ends: others may have what it held at once."""
    with store.transaction() as tx:
        triggers.drop_runner(tx, runner_id)
        transitions.lose_callbacks(tx, who="triggers")


def _is_fresh(tx: Tx, runner_id: str, process: str, capacity: int) -> bool:
    me = triggers.runner(tx, runner_id)
    if me is None or (me.process, me.capacity) != (process, capacity):
        return False
    return me.seen_at is not None and me.expires_at - tx.now() > dt.timedelta(seconds=LEASE_S * 2 / 3)


def _orders(
    tx: Tx,
    runner_id: str,
    held: Collection[int],
    calling: Collection[int],
    watch: WatchOrders,
    answering: Collection[tuple[int, int]],
) -> Orders:
    mine = triggers.held_by(tx, runner_id)
    keys = {trigger.id for trigger in mine}
    start = [trigger for trigger in mine if trigger.id not in held]
    gone = [(key, _why(triggers.find(tx, key))) for key in sorted(held) if key not in keys]
    call = [row for row in callbacks.held_by(tx, runner_id) if row.id not in calling]
    answer = [row for row in questions.held_by(tx, runner_id) if (row.id, row.epoch) not in answering]
    return Orders(start, gone, call, watch, answer)


def _why(trigger: Trigger | None) -> str:
    """Why a runner that has a trigger is not to have it: only its task's end takes the row away."""
    if trigger is None:
        return "killed"
    return "moved" if trigger.state is TriggerState.WAITING else "fired"


def take(store: Store, told: Iterable[tuple[int, Fired]], *, who: str) -> int:
    """Store what a runner tells of its triggers and let their tasks go on; how many were news."""
    news = 0
    with store.transaction() as tx:
        for key, fired in told:
            news += transitions.fire_trigger(tx, key, fired, who=who, end=_end(tx, key, fired))
    return news


def _end(tx: Tx, key: int, fired: Fired) -> TaskState | None:
    trigger = triggers.find(tx, key) if fired.kind in ENDING_KINDS else None
    if trigger is None:
        return None
    instance = tasks.get(tx, trigger.task_instance_id)
    dag = versions.spec(tx, runs.get(tx, instance.dag_run_id).reading_id)
    task = next((task for task in dag.tasks if task.task_id == instance.task_id), None)
    if task is None:
        return None  # the run is of another version by now
    if fired.kind is FiredKind.SUCCESS and in_airflow(dag, task, launches.get(tx, trigger.launch_id).backend, {}):
        return TaskState.SUCCESS  # Airflow's supervisor has no word for a task that goes on to succeed
    return end_by_trigger(task, fired)


def keep_lines(
    store: Store,
    lines: Iterable[tuple[str, float, str]],
    mask: Callable[[Sequence[LogRow]], Sequence[LogRow]] = lambda rows: rows,
) -> None:
    """Put lines that triggers have logged, as (launch, seconds since 1970, text), behind those of the launch that has
    deferred its task. Those that are there already are passed over, so that telling twice is harmless. MASK takes
    secrets out of them."""
    by_launch: dict[str, list[tuple[float, str]]] = {}
    given = list(lines)
    masked = mask([LogRow(seq=0, at=at, stream="out", text=text) for _, at, text in given])
    for (launch_id, _, _), row in zip(given, masked, strict=True):
        by_launch.setdefault(launch_id, []).append((row.at, row.text))
    with store.transaction() as tx:
        for launch_id, told in by_launch.items():
            if launches.find(tx, launch_id) is None:
                continue  # its run was deleted
            known = {(line.at, line.text) for line in logs.tail(tx, launch_id, len(told) + 100)}
            last = logs.last_seq(tx, launch_id)
            fresh = [line for line in told if line not in known]
            rows = [LogRow(seq=last + n, at=at, stream="out", text=text) for n, (at, text) in enumerate(fresh, 1)]
            logs.append(tx, launch_id, rows)


def take_ends(store: Store, told: Iterable[tuple[int, bool, str]], *, who: str) -> None:
    """Store how callbacks of runs ended, as (key, whether nothing has raised, what was printed)."""
    with store.transaction() as tx:
        for key, ok, output in told:
            transitions.end_callback(tx, key, ok=ok, output=output, who=who)


def take_answers(store: Store, told: Iterable[tuple[int, int, Json, str | None]], *, who: str) -> None:
    """Store what questions were answered, as (key, epoch, what was told, the problem for which nothing was)."""
    with store.transaction() as tx:
        for key, epoch, words, problem in told:
            transitions.store_answer(tx, key, epoch, told=words, problem=problem, who=who)
