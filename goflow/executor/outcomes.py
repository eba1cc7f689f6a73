"""Step 10 of the way of the data: an end is stored, with everything that belongs to it, in one transaction.

Whoever learns of it first (runner, pod status, Job, reconciliation) calls `settle`; the others then change nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from goflow.domain.assets import events_of_outlets
from goflow.domain.callbacks import task_callback_kind
from goflow.domain.outcomes import SKIP_KEY, Verdict, consequence
from goflow.domain.runs import Launch, Outcome, TaskInstance
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.executor.unsent import Unsent, with_unsent
from goflow.operators.registry import speaks_for_itself, to_resolve
from goflow.store import Store, Tx, launches, logs, runs, tasks, transitions, versions, xcoms
from goflow.store.rows import LogRow
from goflow.store.transitions import TaskChange

SKIPPABLE = frozenset({TaskState.NONE, TaskState.SCHEDULED})


def settle(
    store: Store,
    launch_id: str,
    outcome: Outcome,
    *,
    who: str,
    lost: bool = False,
    report: Mapping[str, Any] | None = None,
    lines: Sequence[LogRow] = (),
    usage: Mapping[str, float] | None = None,
) -> bool:
    """Store the end of a launch; false when it had ended already (its last lines are stored all the same).

    REPORT are the last results that the runner told (`goflow_runner.wire.Report`), LOST says that nobody told the end.
    """
    with store.transaction() as tx:
        launch, instance = launches.with_task(tx, launch_id)
        if lines:
            logs.append(tx, launch_id, lines)
        if launch.state not in OPEN_LAUNCH_STATES:
            return False
        now = outcome.at or store.clock.now()
        run = runs.get(tx, instance.dag_run_id)
        dag = versions.spec(tx, run.reading_id)
        task = dag.task(instance.task_id)
        if outcome.resolved is not None and not _was_to_resolve(tx, dag, task, launch):
            outcome = dataclasses.replace(outcome, resolved=None)
        follows = consequence(task, run, instance, launch, outcome, store.clock.now())
        if report and follows.verdict is Verdict.ADVANCE:  # else the task is over, or another attempt's by now
            store_report(tx, instance, report)
        transitions.advance_launch(
            tx,
            launch_id,
            OPEN_LAUNCH_STATES,
            LaunchState.LOST if lost else LaunchState.ENDED,
            at=now,
            who=who,
            reason=outcome.reason or None,
            message=outcome.message or None,
            exit_code=outcome.exit_code,
            **({} if outcome.resolved is None else {"outcome": launches.sealed_resolution(tx, outcome.resolved)}),
        )
        if follows.verdict is Verdict.REPLACE:
            again = "resolved" if outcome.resolved is not None else "replaced"
            transitions.replace_launch(tx, launch_id, at=store.clock.now(), who=who, reason=again)
        elif follows.verdict is Verdict.ADVANCE and follows.state is TaskState.DEFERRED:
            _defer(tx, dag, task, instance, launch, outcome, now, who, usage or {})
        elif follows.verdict is Verdict.ADVANCE and follows.state is not None:
            _advance(tx, instance, launch, outcome, follows.state, follows.next_at, now, who, usage or {})
            if follows.state is TaskState.SUCCESS:
                told = events_of_outlets(task.outlets) if outcome.asset_events is None else outcome.asset_events
                transitions.register_asset_events(tx, told, source=instance, who=who)
            if launch.ordinal > 1:
                transitions.forget_trigger(tx, instance.id)
            if launch.state is LaunchState.CREATED and outcome.exit_code is not None:  # nobody saw it run, but it has
                begun(tx, launch, who)
            _call_back(tx, dag, task, instance, launch, outcome, follows.state, who)
        return True


def begun(tx: Tx, launch: Launch, who: str) -> None:
    """Have ``on_execute_callback`` called for LAUNCH, where that is a container that is not ours and has begun: beside
    it, since nothing of its author's Python runs in it."""
    instance = tasks.get(tx, launch.task_instance_id)
    run = runs.get(tx, instance.dag_run_id)
    dag = versions.spec(tx, run.reading_id)
    task = dag.task(instance.task_id)
    if task.callbacks.get("on_execute_callback") and not speaks_for_itself(
        dag, task, launch.backend, launches.resolved(tx, launch)
    ):
        transitions.request_callback(tx, run, "task_execute", reason="", ti_id=instance.id, who=who)


def _call_back(
    tx: Tx,
    dag: DagSpec,
    task: TaskSpec,
    instance: TaskInstance,
    launch: Launch,
    outcome: Outcome,
    state: TaskState,
    who: str,
) -> None:
    """Have the task's callback called where its own process cannot have done it: the process is gone without a word, or
    it is a container that is not ours (Airflow's ``TaskCallbackRequest``)."""
    kind = task_callback_kind(task, state)
    if kind is None or outcome.called_back:
        return
    ended_well = state in {TaskState.SUCCESS, TaskState.SKIPPED}
    if ended_well and speaks_for_itself(dag, task, launch.backend, launches.resolved(tx, launch)):
        return
    run = runs.get(tx, instance.dag_run_id)
    reason = outcome.message or outcome.reason
    transitions.request_callback(tx, run, kind, reason=reason, ti_id=instance.id, who=who)


def _defer(
    tx: Tx,
    dag: DagSpec,
    task: TaskSpec,
    instance: TaskInstance,
    launch: Launch,
    outcome: Outcome,
    now: dt.datetime,
    who: str,
    usage: Mapping[str, float],
) -> None:
    """The task waits for its trigger. Airflow 2 lets it wait no longer than its ``execution_timeout`` (``defer_task``);
    Airflow 3 counts that anew for each container."""
    assert outcome.deferral is not None
    latest = None
    if dag.dialect is Dialect.AIRFLOW2 and task.execution_timeout:
        latest = (instance.start_date or now) + dt.timedelta(seconds=task.execution_timeout)
    transitions.defer_task(
        tx,
        instance,
        launch.id,
        outcome.deferral,
        at=now,
        who=who,
        latest=latest,
        reason=outcome.message or outcome.reason,
        attempt={"exit_code": outcome.exit_code, "usage": dict(usage)},
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
    fields, label = report.get("rendered_fields"), report.get("rendered_map_index")
    if fields is not None or label is not None:
        tasks.set_rendered(tx, instance.id, fields, map_index_label=label)
    for result in report.get("xcoms") or ():
        xcoms.push(
            tx,
            instance.dag_run_id,
            instance.task_id,
            instance.map_index,
            result["key"],
            result["value"],
            length=result.get("length"),
        )
    if report.get("note") is not None:
        tasks.set_note(tx, instance.id, str(report["note"]))


def _advance(
    tx: Tx,
    instance: TaskInstance,
    launch: Launch,
    outcome: Outcome,
    state: TaskState,
    next_at: dt.datetime | None,
    now: dt.datetime,
    who: str,
    usage: Mapping[str, float],
) -> None:
    attempt = {
        "exit_code": outcome.exit_code,
        "reason": outcome.reason or None,
        "message": outcome.message or None,
        "usage": dict(usage),
    }
    changes = [
        TaskChange(
            ti_id=instance.id,
            expected=instance.state,
            new=state,
            at=now,
            who=who,
            reason=outcome.message or outcome.reason,
            try_number=launch.try_number,
            columns={"next_at": next_at} if next_at is not None else {},
            attempt=attempt,
        )
    ]
    if outcome.skip_downstream:
        place = (instance.dag_run_id, instance.task_id)
        if not xcoms.pull(tx, *place, SKIP_KEY, instance.map_index):  # a branch has told what it follows
            skipped = {"skipped": list(outcome.skip_downstream)}
            xcoms.push(tx, *place, instance.map_index, SKIP_KEY, skipped)
        changes += _skips(tx, instance, outcome.skip_downstream, now, who)
    transitions.apply(tx, changes)


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
