"""The executor: carries planned launches out, and turns what it sees of them into stored ends.

It reacts to events of the store (a launch was planned, asked to stop, has ended) and to observations of the backend;
a slow tick looks after what has no event: start-up time-outs, calls that the backend was too busy for, clean-up. At
start it reconciles before anything else: what the store believes is held against what the backend has.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import structlog

from goflow.domain.clock import Clock
from goflow.domain.runs import Event, Launch, Outcome
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.executor.backend import Backend, BackendAwayError, Handle, LaunchRefusedError, Observation, Phase
from goflow.executor.outcomes import settle
from goflow.executor.plans import Planner
from goflow.executor.tokens import TokenMint
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.service import ThreadService
from goflow.store import Store, events, launches, tasks, transitions

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower

log = structlog.get_logger(__name__)

TICK_S = 1.0
STOP_GRACE_S = 30.0

Work = tuple[Literal["launch", "stop", "clean"], str]


class Executor(ThreadService):
    """Runs launches of STORE on BACKEND with WORKERS threads."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        planner: Planner,
        mint: TokenMint,
        *,
        clock: Clock,
        workers: int = 4,
        follower: LogFollower | None = None,
        namespaces: Sequence[str] = (),
    ) -> None:
        super().__init__("executor")
        self.store = store
        self.backend = backend
        self.planner = planner
        self.mint = mint
        self.clock = clock
        self.follower = follower
        self.namespaces = namespaces
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._later: list[tuple[float, Work]] = []
        self._later_lock = threading.Lock()
        self._workers = [
            threading.Thread(target=self._work, name=f"executor-{number}", daemon=True) for number in range(workers)
        ]
        self._unsubscribe: Callable[[], None] = lambda: None
        self.reconciled = threading.Event()

    # Life ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Reconcile, then tick until told to stop."""
        self._unsubscribe = self.store.subscribe(self._on_events)
        self.backend.start(self.observe)
        for worker in self._workers:
            worker.start()
        while not self.stopping.is_set() and not self._reconcile():
            self.stopping.wait(TICK_S)
        self.reconciled.set()
        while not self.stopping.wait(TICK_S):
            try:
                self._tick()
            except Exception:
                log.exception("a tick of the executor failed; the next one tries again")
        self._unsubscribe()
        for _ in self._workers:
            self._queue.put(None)
        self.backend.stop()

    def _reconcile(self) -> bool:
        """Hold the store's open launches against what the backend has; false when the backend is away."""
        with self.store.reading() as tx:
            unfinished = {launch.id: launch for launch in launches.unfinished(tx, self.backend.name)}
            to_clean = launches.to_clean(tx, self.backend.name)
        try:
            present = {seen.launch_id: seen for seen in self.backend.present()}
        except BackendAwayError as problem:
            log.warning("the backend is away; nothing is planned until it answers", problem=str(problem))
            return False
        for launch in unfinished.values():
            seen = present.get(launch.id)
            if launch.state is LaunchState.PLANNED:
                self._queue.put(("launch", launch.id))
            elif seen is None:
                self.observe(Observation(launch_id=launch.id, phase=Phase.GONE, reason="NotFound"))
            if launch.stop_requested_at is not None:
                self._queue.put(("stop", launch.id))
            if seen is not None:
                self.observe(seen)
        for launch in to_clean:
            self._queue.put(("clean", launch.id))
        log.info("reconciled", open=len(unfinished), present=len(present), to_clean=len(to_clean))
        return True

    def _on_events(self, happened: Sequence[Event]) -> None:
        for event in happened:
            if event.kind == events.LAUNCH_STATE:
                launch_id, state = str(event.data["launch_id"]), event.data["to"]
                if state == LaunchState.PLANNED:
                    self._queue.put(("launch", launch_id))
                elif state in {LaunchState.ENDED, LaunchState.LOST}:
                    self._queue.put(("clean", launch_id))
            elif event.kind == events.LAUNCH_STOP:
                self._queue.put(("stop", str(event.data["launch_id"])))

    def _tick(self) -> None:
        now = self.clock.monotonic()
        with self._later_lock:
            while self._later and self._later[0][0] <= now:
                self._queue.put(heapq.heappop(self._later)[1])
        self._check_startup()

    # Work ------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        steps: dict[str, Callable[[str], None]] = {"launch": self._launch, "stop": self._stop, "clean": self._clean}
        while (work := self._queue.get()) is not None:
            if self.stopping.is_set():
                return
            try:
                steps[work[0]](work[1])
            except BackendAwayError as problem:
                log.warning("the backend is away", step=work[0], launch=work[1], problem=str(problem))
                self._again(work, problem.retry_after_s)
            except Exception:
                log.exception("an executor step failed; it is tried again", step=work[0], launch=work[1])
                self._again(work, 5.0)

    def _again(self, work: Work, after_s: float) -> None:
        with self._later_lock:
            heapq.heappush(self._later, (self.clock.monotonic() + after_s, work))

    def _launch(self, launch_id: str) -> None:
        with self.store.reading() as tx:
            launch, instance = launches.with_task(tx, launch_id)
            if launch.state is not LaunchState.PLANNED or launch.backend != self.backend.name:
                return
            request = self.planner.request(tx, launch, instance)
        try:
            plan = self.planner.convert(request)
        except NotConvertibleError as problem:
            self._refuse(launch_id, "NotConvertible", str(problem))
            return
        except LaunchRefusedError as refusal:
            self._refuse(launch_id, refusal.reason, refusal.message)
            return
        try:
            self.backend.launch(plan, self.mint.token(launch_id))
        except LaunchRefusedError as refusal:
            self._refuse(launch_id, refusal.reason, refusal.message)
            return
        self._created(plan)

    def _created(self, plan: JobPlan) -> None:
        with self.store.transaction() as tx:
            if plan.rendered:
                _, instance = launches.with_task(tx, plan.launch_id)
                tasks.set_rendered(tx, instance.id, plan.rendered)
            transitions.advance_launch(
                tx,
                plan.launch_id,
                LaunchState.PLANNED,
                LaunchState.CREATED,
                who="executor",
                job_name=plan.job_name,
                namespace=plan.namespace,
            )

    def _refuse(self, launch_id: str, reason: str, message: str) -> None:
        """It will never start: the attempt fails, without another try, and says why."""
        outcome = Outcome(state=TaskState.FAILED, reason=reason, message=message, retry=False, at=self.clock.now())
        settle(self.store, launch_id, outcome, who="executor", lost=True)

    def _stop(self, launch_id: str) -> None:
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES:
            return
        self.backend.terminate(self._handle(launch), STOP_GRACE_S)
        if launch.state is LaunchState.PLANNED:
            self._terminated(launch_id, "it was stopped before it began")

    def _terminated(self, launch_id: str, message: str) -> None:
        outcome = Outcome(state=TaskState.FAILED, reason="Terminated", message=message, at=self.clock.now())
        settle(self.store, launch_id, outcome, who="executor", lost=True)

    def _clean(self, launch_id: str) -> None:
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        if launch is None or launch.state not in {LaunchState.ENDED, LaunchState.LOST}:
            return
        if self.follower is not None and self.follower.busy(launch_id):
            self._again(("clean", launch_id), 1.0)
            return
        self.backend.cleanup(self._handle(launch))
        with self.store.transaction() as tx:
            transitions.advance_launch(
                tx, launch_id, {LaunchState.ENDED, LaunchState.LOST}, LaunchState.CLEANED, who="executor"
            )

    @staticmethod
    def _handle(launch: Launch) -> Handle:
        return Handle(
            launch_id=launch.id, job_name=launch.job_name, namespace=launch.namespace, claimed_by=launch.claimed_by
        )

    # Observations ----------------------------------------------------------------------------------------------

    def observe(self, seen: Observation) -> None:
        """Take what the backend has seen of one launch; called from its threads. What is known already does nothing."""
        if self.follower is not None:
            self.follower.consider(seen)
        with self.store.reading() as tx:
            launch = launches.find(tx, seen.launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES:
            return
        if seen.phase is Phase.ENDED and seen.final and seen.outcome is not None:
            settle(self.store, launch.id, seen.outcome, who=self.backend.name)
        elif seen.phase is Phase.GONE:
            self._gone(launch, seen)
        elif seen.phase is Phase.RUNNING:
            self._running(launch, seen)
        elif (
            seen.phase is Phase.PENDING
            and seen.reason
            and (seen.reason, seen.message)
            != (
                launch.reason,
                launch.message,
            )
        ):
            with self.store.transaction() as tx:
                launches.set_message(tx, launch.id, reason=seen.reason, message=seen.message)

    def _gone(self, launch: Launch, seen: Observation) -> None:
        """Gone without an answer: told so, and never silently created anew (decision 10)."""
        if launch.state is LaunchState.PLANNED:
            return  # it was never created: the work queue has it
        if launch.stop_requested_at is not None:
            self._terminated(launch.id, "it was stopped")
            return
        outcome = Outcome(
            state=TaskState.FAILED,
            reason="Lost",
            message=f"its {'Job' if self.backend.name == 'kubernetes' else 'process'} is gone without an answer,"
            f" reason unknown ({seen.reason})",
            at=self.clock.now(),
        )
        settle(self.store, launch.id, outcome, who="executor", lost=True)

    def _running(self, launch: Launch, seen: Observation) -> None:
        """A container that is not ours has begun; our own runner claims its launch itself."""
        if launch.state is LaunchState.CLAIMED or self.planner.claims_itself(launch.id):
            return
        with self.store.transaction() as tx:
            claimed = transitions.claim_launch(tx, launch.id, seen.claimant or "container", at=seen.at)
            if claimed is transitions.Claimed.CLAIMED:
                transitions.advance_task(
                    tx, launch.task_instance_id, TaskState.QUEUED, TaskState.RUNNING, at=seen.at, who=self.backend.name
                )

    def _check_startup(self) -> None:
        """Fail launches that do not start: Kubernetes waits for ever for an image, a Secret or room."""
        now = self.clock.now()
        with self.store.reading() as tx:
            waiting = [x for x in launches.unfinished(tx, self.backend.name) if x.state is LaunchState.CREATED]
        for launch in waiting:
            limit = self.planner.startup_timeout_s(launch)
            if launch.created_at is not None and (now - launch.created_at).total_seconds() > limit:
                why = f"{launch.reason}: {launch.message}" if launch.reason else "no reason was given"
                outcome = Outcome(
                    state=TaskState.FAILED,
                    reason="StartupTimeout",
                    message=f"it did not start within {limit:.0f} s ({why})",
                    at=now,
                )
                self._call_terminate(launch)
                settle(self.store, launch.id, outcome, who="executor")

    def _call_terminate(self, launch: Launch) -> None:
        self.backend.terminate(self._handle(launch), 0)

    def status(self) -> dict[str, Any]:
        """For the health page: how much waits."""
        return {"backend": self.backend.name, "queue": self._queue.qsize(), "later": len(self._later)}
