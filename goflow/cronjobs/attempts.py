"""One Job in one transaction: its run, its one task, and an attempt for each of its pods.

Everything that is written has a name that follows from the Job itself, so that writing it again changes nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.cronjobs.jobs import CronJobRun, PodSeen, verdict_outcome
from goflow.domain.errors import AlreadyExistsError, NotFoundError
from goflow.domain.outcomes import Verdict, consequence
from goflow.domain.runs import BY_CRONJOB, DagRun, Launch, Outcome, TaskInstance, run_id_of
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, RunState, RunType, TaskState
from goflow.kube.status import moment
from goflow.store import Tx, cronjobs, dags, launches, runs, tasks, transitions, versions
from goflow.store.cronjobs import CronJobJob
from goflow.store.rows import Dag, NewTask
from goflow.store.transitions import LaunchRequest, TaskChange

WHO = "cronjobs"
OVER = (LaunchState.ENDED, LaunchState.LOST)


@dataclass(frozen=True, slots=True)
class JobCase:
    """RUN with the PODS of it that were seen, the oldest first. TASK_ID is the key of its task instance."""

    tx: Tx
    run: CronJobRun
    pods: Sequence[PodSeen]
    task_id: int

    @classmethod
    def of(cls, tx: Tx, run: CronJobRun, pods: Sequence[PodSeen]) -> JobCase | None:
        """As it stands; made where it is not there yet. None when it is recorded to its end, or somebody has deleted
        its run: that is not made again. Raises NotFoundError for a DAG that nobody knows."""
        ordered = sorted(pods, key=lambda pod: pod.age_key)
        known = cronjobs.job(tx, run.uid)
        if known is None:
            return cls(tx, run, ordered, _make_run(tx, run))
        if known.dag_run_id is None or known.recorded_at is not None:
            return None
        return cls(tx, run, ordered, tasks.of_run(tx, known.dag_run_id)[0].id)

    def attempts(self) -> list[Launch]:
        """The launches of this Job, in order."""
        found: list[Launch] = []
        while (launch := launches.find(self.tx, self.run.launch_id(len(found) + 1))) is not None:
            found.append(launch)
        return found

    def with_logs(self) -> Iterator[tuple[Launch, PodSeen]]:
        """The attempts whose container has begun, each with its pod."""
        for launch in self.attempts():
            pod = self._pod_of(launch)
            if pod is not None and pod.started_at is not None:
                yield launch, pod

    @property
    def is_over(self) -> bool:
        """Whether the Job will have no other pod, and none runs."""
        deleted = self.run.is_being_deleted and all(pod.has_ended for pod in self.pods)
        return self.run.verdict is not None or deleted

    def take(self) -> None:
        """Write down what the pods and the Job itself say."""
        for pod in self.pods:
            self._take_pod(pod)
        last = self.attempts()[-1]
        final = self._final(last) if last.state in OPEN_LAUNCH_STATES else None
        if final is not None:
            end(self.tx, last, final, started_at=self.run.started_at)

    def _final(self, last: Launch) -> Outcome | None:
        """How the Job has ended, by its own word or by its LAST pod's; None while it goes on."""
        pod = self._pod_of(last) or (self.pods[-1] if self.pods and last.claimed_by is None else None)
        told = None if pod is None else pod.outcome()
        verdict = verdict_outcome(self.run, told)
        if verdict is not None or (told is not None and told.state is TaskState.SUCCESS):
            return verdict or told
        if not self.is_over:
            return None
        exit_code, at = (None, None) if told is None else (told.exit_code, told.at)
        words = "its Job was deleted"
        return Outcome(state=TaskState.FAILED, exit_code=exit_code, reason="Deleted", message=words, at=at)

    def _pod_of(self, launch: Launch) -> PodSeen | None:
        return next((pod for pod in self.pods if pod.uid == launch.claimed_by), None)

    def _take_pod(self, pod: PodSeen) -> None:
        attempts = self.attempts()
        if any(one.claimed_by == pod.uid for one in attempts):
            return
        last: Launch | None = attempts[-1]
        if attempts[-1].claimed_by is not None or attempts[-1].state not in OPEN_LAUNCH_STATES:
            last = self._next_attempt(attempts[-1], pod)
        if last is None:
            return
        if pod.started_at is not None:
            claimed = transitions.claim_launch(self.tx, last.id, pod.uid, at=pod.started_at)
            if claimed is transitions.Claimed.CLAIMED:
                change = TaskChange(self.task_id, TaskState.QUEUED, TaskState.RUNNING, pod.started_at, WHO)
                transitions.apply(self.tx, [change])
        elif not pod.has_ended:
            reason, message = pod.why_pending()
            if reason and (reason, message) != (last.reason, last.message):
                launches.set_message(self.tx, last.id, reason=reason, message=message)

    def _next_attempt(self, last: Launch, pod: PodSeen) -> Launch | None:
        """Kubernetes has made POD after the attempt LAST, which has failed; None where the task goes another way by
        now: it was cleared, or marked."""
        if last.state not in OPEN_LAUNCH_STATES:
            return None
        before = self._pod_of(last)
        told = None if before is None else before.outcome()
        if told is None or told.state is not TaskState.FAILED:
            told = Outcome(state=TaskState.FAILED, reason="PodDeleted", message="its pod was replaced by another one")
        if not end(self.tx, last, told, goes_on=True):
            return None
        at = moment(pod.item["metadata"]["creationTimestamp"]) or self.tx.now()
        change = TaskChange(self.task_id, TaskState.UP_FOR_RETRY, TaskState.SCHEDULED, at, WHO)
        transitions.apply(self.tx, [change])
        return _launch(self.tx, self.run, tasks.get(self.tx, self.task_id), at)


def end(
    tx: Tx,
    launch: Launch,
    outcome: Outcome,
    *,
    goes_on: bool = False,
    lost: bool = False,
    started_at: dt.datetime | None = None,
) -> bool:
    """Store the end of one attempt; whether another one follows. GOES_ON: Kubernetes has made another pod, however
    many tries it was to have. STARTED_AT counts where nobody has seen it begin."""
    transitions.lock_tasks_of(tx, [launch.id])
    at = outcome.at or tx.now()
    told: dict[str, Any] = {
        "exit_code": outcome.exit_code,
        "reason": outcome.reason or None,
        "message": outcome.message or None,
    }
    new = LaunchState.LOST if lost else LaunchState.ENDED
    if not transitions.advance_launch(tx, launch.id, OPEN_LAUNCH_STATES, new, who=WHO, at=at, **told):
        return False
    task = tasks.get(tx, launch.task_instance_id)
    run = runs.get(tx, task.dag_run_id)
    tries = max(task.max_tries, task.try_number) if goes_on else task.max_tries
    follows = consequence(
        versions.spec(tx, run.reading_id).task(task.task_id),
        run,
        dataclasses.replace(task, max_tries=tries),
        launch,
        dataclasses.replace(outcome, retry=goes_on, retry_delay_s=0.0),
        tx.now(),
    )
    if follows.verdict is not Verdict.ADVANCE or follows.state is None:
        return False
    columns: dict[str, Any] = {} if tries == task.max_tries else {"max_tries": tries}
    if task.start_date is None and started_at is not None:
        columns["start_date"] = started_at
    change = TaskChange(
        ti_id=task.id,
        expected=task.state,
        new=follows.state,
        at=at,
        who=WHO,
        reason=outcome.message or outcome.reason,
        try_number=launch.try_number,
        columns=columns,
        attempt=told,
    )
    transitions.apply(tx, [change])
    return follows.state is TaskState.UP_FOR_RETRY


def _make_run(tx: Tx, run: CronJobRun) -> int:
    """The key of the task of the run, which is made with its first launch unless it was before. Raises
    NotFoundError."""
    known = launches.find(tx, run.launch_id(1))
    if known is not None:  # somebody had taken the label from its CronJob, and has put it back
        task = tasks.get(tx, known.task_instance_id)
        _put_job(tx, run, task.dag_run_id)
        return task.id
    dag = dags.find(tx, run.dag_id)
    if dag is None:
        raise NotFoundError(f"DAG {run.dag_id} of CronJob {run.namespace}/{run.cronjob}")
    dag_run = _new_run(tx, dag, run)
    spec = versions.spec(tx, dag_run.reading_id).tasks[0]
    new = NewTask(task_id=spec.task_id, max_tries=spec.retries, pool_slots=0)  # it takes nobody's slot
    (instance,) = tasks.create_many(tx, dag_run, [new], who=WHO)
    at = run.created_at
    transitions.apply(tx, [TaskChange(instance.id, TaskState.NONE, TaskState.SCHEDULED, at, WHO)])
    _launch(tx, run, instance, at)
    _put_job(tx, run, dag_run.id)
    return instance.id


def _put_job(tx: Tx, run: CronJobRun, dag_run_id: int) -> None:
    cronjobs.put_job(
        tx,
        CronJobJob(
            uid=run.uid,
            namespace=run.namespace,
            cronjob=run.cronjob,
            name=run.name,
            created_at=run.created_at,
            dag_run_id=dag_run_id,
        ),
    )


def _new_run(tx: Tx, dag: Dag, run: CronJobRun) -> DagRun:
    """Of the moment that Kubernetes made it for, unless there is a run of that: then it bears the Job's own id."""
    tx.lock_name("scheduling")
    version_id, reading_id = _version(tx, dag, run)
    date = run.scheduled_at
    kind = RunType.MANUAL if date is None else RunType.SCHEDULED
    run_id = run_id_of(kind, date or run.created_at)
    for name, of_date in ((run_id, date), (f"{run_id}__{run.uid[:8]}", None)):
        try:
            return runs.create(
                tx,
                dag_id=dag.dag_id,
                run_id=name,
                run_type=kind,
                run_after=date or run.created_at,
                version_id=version_id,
                reading_id=reading_id,
                logical_date=of_date,
                data_interval_start=of_date,
                data_interval_end=of_date,
                state=RunState.RUNNING,
                triggered_by=BY_CRONJOB,
                at=run.created_at,
                who=WHO,
            )
        except AlreadyExistsError:
            continue
    raise AlreadyExistsError(f"a run of DAG {dag.dag_id} for Job {run.name}")


def _version(tx: Tx, dag: Dag, run: CronJobRun) -> tuple[int, int]:
    """The version and reading that the Job was made from, as far as it says so: the file may have changed since."""
    if run.version is not None and run.version != dag.version:
        try:
            version = versions.by_number(tx, dag.dag_id, run.version)
            return version.id, versions.readings(tx, version.id)[-1].id
        except (NotFoundError, IndexError):
            pass  # of a database that was there before this one
    return dag.version_id, dag.reading_id


def _launch(tx: Tx, run: CronJobRun, task: TaskInstance, at: dt.datetime) -> Launch | None:
    request = LaunchRequest(
        ti=task,
        backend=BY_CRONJOB,
        new_attempt=True,
        namespace=run.namespace,
        job_name=run.name,
        launch_id=run.launch_id(task.try_number + 1),
    )
    return transitions.note_launch(tx, request, at=at, who=WHO)
