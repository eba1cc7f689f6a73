"""Step 10 of the way of the data: an end is stored, with everything that belongs to it, in one transaction.

Whoever learns of it first (runner, pod status, Job, reconciliation) calls `settle`; the others then change nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.assets import events_of_outlets
from goflow.domain.callbacks import task_callback_kind
from goflow.domain.errors import NotFoundError
from goflow.domain.outcomes import SKIP_KEY, Consequence, Verdict, consequence
from goflow.domain.runs import Launch, Outcome, TaskInstance
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.executor.unsent import Unsent, with_unsent
from goflow.operators.registry import speaks_for_itself, to_resolve
from goflow.store import Store, Tx, launches, logs, runs, tasks, transitions, versions, xcoms
from goflow.store.rows import LogRow
from goflow.store.transitions import LaunchChange, TaskChange

SKIPPABLE = frozenset({TaskState.NONE, TaskState.SCHEDULED})


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end of a launch, as somebody (WHO) tells it.

    REPORT are the last results that the runner told (`goflow_runner.wire.Report`), LOST says that nobody told the end.
    """

    launch_id: str
    outcome: Outcome
    who: str
    lost: bool = False
    report: Mapping[str, Any] | None = None
    lines: Sequence[LogRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """An end, what it ends, and what follows."""

    end: End
    launch: Launch
    instance: TaskInstance
    dag: DagSpec
    task: TaskSpec
    outcome: Outcome
    at: dt.datetime
    follows: Consequence


def settle(
    store: Store,
    launch_id: str,
    outcome: Outcome,
    *,
    who: str,
    lost: bool = False,
    report: Mapping[str, Any] | None = None,
    lines: Sequence[LogRow] = (),
) -> bool:
    """Store one end; false when the launch had ended already. Raises NotFoundError. What is told is `End`'s."""
    end = End(launch_id=launch_id, outcome=outcome, who=who, lost=lost, report=report, lines=lines)
    with store.transaction() as tx:
        return settle_all(tx, [end])[0]


def settle_all(tx: Tx, ends: Sequence[End]) -> list[bool]:
    """Store the ends of launches; false for one that had ended already, or is told here before (its last lines are
    stored all the same). Raises NotFoundError where one is not there."""
    ids = {end.launch_id for end in ends}
    transitions.lock_tasks_of(tx, ids)
    found = launches.with_tasks(tx, ids)
    missing = ids - found.keys()
    if missing:
        raise NotFoundError(f"launch {min(missing)}")
    logs.append_many(tx, {end.launch_id: end.lines for end in ends if end.lines})
    runs.get_all_once(tx, {instance.dag_run_id for _, instance in found.values()})
    done: list[bool] = []
    cases: list[_Case] = []
    of_task: set[int] = set()
    for end in ends:
        launch, instance = found[end.launch_id]
        is_first = launch.state in OPEN_LAUNCH_STATES and end.launch_id in ids
        ids.discard(end.launch_id)
        if is_first and instance.id in of_task:  # two launches of one task: the second sees what the first has done
            _settle_cases(tx, cases)
            cases, of_task = [], set()
            instance = tasks.get(tx, instance.id)
        done.append(is_first)
        if is_first:
            of_task.add(instance.id)
            cases.append(_case(tx, end, launch, instance))
    _settle_cases(tx, cases)
    return done


def _case(tx: Tx, end: End, launch: Launch, instance: TaskInstance) -> _Case:
    run = runs.get_once(tx, instance.dag_run_id)
    dag = versions.spec(tx, run.reading_id)
    task, outcome = dag.task(instance.task_id), end.outcome
    if outcome.resolved is not None and not _was_to_resolve(tx, dag, task, launch):
        outcome = dataclasses.replace(outcome, resolved=None)
    follows = consequence(task, run, instance, launch, outcome, tx.now())
    return _Case(
        end=end,
        launch=launch,
        instance=instance,
        dag=dag,
        task=task,
        outcome=outcome,
        at=outcome.at or tx.now(),
        follows=follows,
    )


def _settle_cases(tx: Tx, cases: Sequence[_Case]) -> None:
    """Write ends of different tasks."""
    advance = [case for case in cases if case.follows.verdict is Verdict.ADVANCE]  # else it is over, or another's
    store_reports(tx, [(case.instance, case.end.report) for case in advance if case.end.report])
    transitions.advance_launches(tx, [_launch_change(tx, case) for case in cases])
    for case in cases:
        if case.follows.verdict is Verdict.REPLACE:
            again = "resolved" if case.outcome.resolved is not None else "replaced"
            transitions.replace_launch(tx, case.launch.id, at=tx.now(), who=case.end.who, reason=again)
        elif case.follows.verdict is Verdict.ADVANCE and case.follows.state is TaskState.DEFERRED:
            _defer(tx, case)
    ended = [case for case in advance if case.follows.state is not TaskState.DEFERRED]
    transitions.apply(tx, [change for case in ended for change in _changes(tx, case)])
    for case in ended:
        _go_on(tx, case)


def _launch_change(tx: Tx, case: _Case) -> LaunchChange:
    outcome = case.outcome
    return LaunchChange(
        case.launch.id,
        OPEN_LAUNCH_STATES,
        LaunchState.LOST if case.end.lost else LaunchState.ENDED,
        case.end.who,
        case.at,
        {"reason": outcome.reason or None, "message": outcome.message or None, "exit_code": outcome.exit_code},
        {
            **({} if outcome.resolved is None else {"outcome": launches.sealed_resolution(tx, outcome.resolved)}),
            **({"usage": dict(outcome.usage)} if outcome.usage else {}),
        },
    )


def _go_on(tx: Tx, case: _Case) -> None:
    """What follows from an end besides states."""
    launch, instance, outcome, who = case.launch, case.instance, case.outcome, case.end.who
    if case.follows.state is TaskState.SUCCESS:
        told = events_of_outlets(case.task.outlets) if outcome.asset_events is None else outcome.asset_events
        run = runs.get_once(tx, instance.dag_run_id) if told else None
        transitions.register_asset_events(tx, told, source=instance, run=run, who=who)
    if launch.ordinal > 1:
        transitions.forget_trigger(tx, instance.id)
    if launch.state is LaunchState.CREATED and outcome.exit_code is not None:  # nobody saw it run, but it has
        begun(tx, launch, who)
    _call_back(tx, case)


def begun(tx: Tx, launch: Launch, who: str) -> None:
    """Have ``on_execute_callback`` called for LAUNCH, where that is a container that is not ours and has begun: beside
    it, since nothing of its author's Python runs in it."""
    instance = tasks.get(tx, launch.task_instance_id)
    run = runs.get_once(tx, instance.dag_run_id)
    dag = versions.spec(tx, run.reading_id)
    task = dag.task(instance.task_id)
    if task.callbacks.get("on_execute_callback") and not speaks_for_itself(
        dag, task, launch.backend, launches.resolved(tx, launch)
    ):
        transitions.request_callback(tx, run, "task_execute", reason="", ti_id=instance.id, who=who)


def _call_back(tx: Tx, case: _Case) -> None:
    """Have the task's callback called where its own process cannot have done it: the process is gone without a word, or
    it is a container that is not ours (Airflow's ``TaskCallbackRequest``)."""
    launch, outcome, state = case.launch, case.outcome, case.follows.state
    kind = None if state is None else task_callback_kind(case.task, state)
    if kind is None or outcome.called_back:
        return
    ended_well = state in {TaskState.SUCCESS, TaskState.SKIPPED}
    if ended_well and speaks_for_itself(case.dag, case.task, launch.backend, launches.resolved(tx, launch)):
        return
    run = runs.get_once(tx, case.instance.dag_run_id)
    reason = outcome.message or outcome.reason
    transitions.request_callback(tx, run, kind, reason=reason, ti_id=case.instance.id, who=case.end.who)


def _defer(tx: Tx, case: _Case) -> None:
    """The task waits for its trigger. Airflow 2 lets it wait no longer than its ``execution_timeout`` (``defer_task``);
    Airflow 3 counts that anew for each container."""
    instance, outcome, who = case.instance, case.outcome, case.end.who
    assert outcome.deferral is not None
    latest = None
    if case.dag.dialect is Dialect.AIRFLOW2 and case.task.execution_timeout:
        latest = (instance.start_date or case.at) + dt.timedelta(seconds=case.task.execution_timeout)
    transitions.defer_task(
        tx,
        instance,
        case.launch.id,
        outcome.deferral,
        at=case.at,
        who=who,
        latest=latest,
        reason=outcome.message or outcome.reason,
        attempt={"exit_code": outcome.exit_code},
    )
    transitions.resume_answered(tx, instance, who=who)  # a person may have answered before the task was waiting


def _was_to_resolve(tx: Tx, dag: DagSpec, task: TaskSpec, launch: Launch) -> bool:
    """Whether finding out what its pod is made of is what LAUNCH was for: else a task could have itself begun again
    and again in one attempt."""
    return bool(to_resolve(dag, task, launch.backend, launches.resolved(tx, launch)))


def with_unsent_results(
    store: Store, launch: Launch, outcome: Outcome, report: Mapping[str, Any] | None, unsent: Unsent
) -> tuple[Outcome, Mapping[str, Any]]:
    """OUTCOME, a success, and REPORT with what the pod of LAUNCH has left of its results."""
    with store.reading() as tx:
        instance = tasks.get(tx, launch.task_instance_id)
        stored = xcoms.pull(tx, instance.dag_run_id, instance.task_id, map_index=instance.map_index)
    told = report or {}
    results = [*(told.get("xcoms") or ()), *unsent.results]
    return with_unsent(outcome, unsent, is_stored=bool(stored)), {**told, "xcoms": results}


def store_report(tx: Tx, instance: TaskInstance, report: Mapping[str, Any]) -> None:
    """Store rendered fields, results and note, as told by the runner."""
    store_reports(tx, [(instance, report)])


def store_reports(tx: Tx, told: Sequence[tuple[TaskInstance, Mapping[str, Any]]]) -> None:
    """The same for several task instances."""
    results: list[tuple[TaskInstance, str, Any, int | None]] = []
    rendered: dict[int, tuple[Mapping[str, Any] | None, str | None]] = {}
    for instance, report in told:
        fields, label = report.get("rendered_fields"), report.get("rendered_map_index")
        if fields is not None or label is not None:
            rendered[instance.id] = (fields, label)
        told_results = report.get("xcoms") or ()
        results += [(instance, one["key"], one["value"], one.get("length")) for one in told_results]
        if report.get("note") is not None:
            tasks.set_note(tx, instance, str(report["note"]), who="executor")
    tasks.set_rendered_all(tx, [(ti_id, *told_of) for ti_id, told_of in rendered.items()])
    xcoms.push_all(tx, results)


def _changes(tx: Tx, case: _Case) -> list[TaskChange]:
    """The task's new state, and those of what it has decided against."""
    instance, outcome, who, state = case.instance, case.outcome, case.end.who, case.follows.state
    if state is None:
        return []
    attempt = {
        "exit_code": outcome.exit_code,
        "reason": outcome.reason or None,
        "message": outcome.message or None,
    }
    changes = [
        TaskChange(
            ti_id=instance.id,
            expected=instance.state,
            new=state,
            at=case.at,
            who=who,
            reason=outcome.message or outcome.reason,
            try_number=case.launch.try_number,
            columns={} if case.follows.next_at is None else {"next_at": case.follows.next_at},
            attempt=attempt,
        )
    ]
    if outcome.skip_downstream:
        place = (instance.dag_run_id, instance.task_id)
        if not xcoms.pull(tx, *place, SKIP_KEY, instance.map_index):  # a branch has told what it follows
            skipped = {"skipped": list(outcome.skip_downstream)}
            xcoms.push(tx, *place, instance.map_index, SKIP_KEY, skipped)
        changes += _skips(tx, instance, outcome.skip_downstream, case.at, who)
    return changes


def skip(tx: Tx, instance: TaskInstance, chosen: Collection[str | tuple[str, int]], *, who: str) -> None:
    """Skip what INSTANCE has decided against before its own end, as Airflow's supervisor tells it: tasks by their ids,
    or copies (task id, map index)."""
    now = tx.now()
    changes = _skips(tx, instance, [one for one in chosen if isinstance(one, str)], now, who)
    for task_id, map_index in (one for one in chosen if not isinstance(one, str)):
        other = tasks.find(tx, instance.dag_run_id, task_id, map_index)
        if other is not None and other.state in SKIPPABLE:
            changes.append(
                TaskChange(
                    ti_id=other.id, expected=other.state, new=TaskState.SKIPPED, at=now, who=who, reason="branch"
                )
            )
    transitions.apply(tx, changes)


def _skips(tx: Tx, instance: TaskInstance, task_ids: Sequence[str], now: dt.datetime, who: str) -> list[TaskChange]:
    """The tasks that a branch or short circuit decided against (``SkipMixin``): those not begun are skipped.

    A copy of a mapped task skips only copies of its own index; those that are not made yet the scheduler skips later.
    """
    wanted = set(task_ids)
    found = [other for other in tasks.of_run(tx, instance.dag_run_id) if other.task_id in wanted]
    return [
        TaskChange(ti_id=other.id, expected=other.state, new=TaskState.SKIPPED, at=now, who=who, reason="branch")
        for other in found
        if other.state in SKIPPABLE and (instance.map_index < 0 or other.map_index == instance.map_index)
    ]
