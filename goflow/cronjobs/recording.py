"""Jobs of CronJobs become runs, as what is known of them grows; a daemon that dies anywhere goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from goflow.cronjobs.attempts import OVER, WHO, JobCase, end
from goflow.cronjobs.jobs import CronJobRun, PodSeen
from goflow.domain.runs import BY_CRONJOB, Launch, Outcome
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.members.duties import Duty
from goflow.store import Store, cronjobs, launches, tasks, transitions
from goflow.store.cronjobs import CronJobJob

_WITHOUT_A_WORD = "its Job is gone, and nobody has seen how it ended"


class Follows(Protocol):
    """Who reads the logs of containers."""

    def follow(self, launch_id: str, pod: dict[str, Any], *, is_over: bool, container: str) -> None:
        """Read the log of a container that has begun, unless it is read already, or was."""

    def busy(self, launch_id: str) -> bool:
        """Whether a log of that launch is still being read."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a Job is written down. DONE: run, end and log are stored. STOP: its run is not wanted any more. RUNNING:
    the launch and the pod of its attempt that runs just now."""

    done: bool
    stop: bool = False
    running: tuple[str, dict[str, Any]] | None = None


class Recorder:
    """Writes Jobs into STORE, and has their logs read by FOLLOWER. DUTY: of several daemons the one does."""

    def __init__(self, store: Store, follower: Follows, duty: Duty) -> None:
        self._store = store
        self._follower = follower
        self._duty = duty

    def take(self, run: CronJobRun, pods: Sequence[PodSeen]) -> Progress:
        """Write what is known of RUN now, with all of its PODS that were seen. Raises NotFoundError for a DAG that
        nobody knows, NotLeadingError and DatabaseBusyError."""
        with self._store.transaction() as tx:
            self._duty.check(tx)
            case = JobCase.of(tx, run, pods)
            if case is None:
                cronjobs.set_recorded(tx, run.uid)
                return Progress(done=True)
            case.take()
            followed, attempts = list(case.with_logs()), case.attempts()
        for launch, pod in followed:
            self._follower.follow(launch.id, pod.item, is_over=pod.has_ended, container=pod.container)
        stop = any(one.stop_requested_at is not None and one.state in OPEN_LAUNCH_STATES for one in attempts)
        goes_on = not case.is_over or any(one.state in OPEN_LAUNCH_STATES for one in attempts)
        if goes_on or any(self._follower.busy(one.id) for one in attempts):
            under_way = ((launch.id, pod.item) for launch, pod in followed if not pod.has_ended)
            return Progress(done=False, stop=stop, running=next(under_way, None))
        self._finish(run.uid, attempts)
        return Progress(done=True)

    def lose(self, job: CronJobJob) -> None:
        """JOB is gone, although nobody let it go: what it has not told it will not tell."""
        with self._store.transaction() as tx:
            self._duty.check(tx)
            of_run = tasks.of_run(tx, job.dag_run_id) if job.dag_run_id is not None else []
            found = [launch for task in of_run for launch in launches.of_task(tx, task.id)]
            mine = [one for one in found if one.backend == BY_CRONJOB and one.job_name == job.name]
            for launch in mine:
                if launch.state in OPEN_LAUNCH_STATES:
                    outcome = Outcome(state=TaskState.FAILED, reason="Lost", message=_WITHOUT_A_WORD)
                    end(tx, launch, outcome, lost=True)
        self._finish(job.uid, mine)

    def _finish(self, uid: str, attempts: Sequence[Launch]) -> None:
        with self._store.transaction() as tx:
            self._duty.check(tx)
            for launch in attempts:
                transitions.advance_launch(tx, launch.id, OVER, LaunchState.CLEANED, who=WHO)
            cronjobs.set_recorded(tx, uid)
