"""The executor: carries planned launches out, and turns what it sees of them into stored ends.

It reacts to events of the store (a launch was planned, asked to stop, has ended) and to observations of the backend;
a slow tick looks after what has no event: start-up time-outs, calls that the backend was too busy for, clean-up. At
start it reconciles before anything else: what the store believes is held against what the backend has.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import heapq
import itertools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from goflow.domain.clock import Clock
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Event, Launch, Outcome
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, TaskState
from goflow.executor.backend import Backend, BackendAwayError, Handle, LaunchRefusedError, Observation, Phase
from goflow.executor.here import Here
from goflow.executor.holds import Holds
from goflow.executor.noted import OVER, Begin, Created, begin_all, cleaned_all, created_all
from goflow.executor.notes import AT_ONCE, Notes
from goflow.executor.outcomes import End, settle_all, store_report, with_unsent_results
from goflow.executor.plans import Planner
from goflow.executor.pressure import Pressure
from goflow.executor.refill import Refill
from goflow.executor.share import Everything, Share
from goflow.executor.shared_jobs import as_its_launch
from goflow.executor.together import AT_ONCE as MOST_TOGETHER
from goflow.executor.together import StartsMany, Together
from goflow.executor.tokens import TokenMint
from goflow.executor.unsent import NOTHING
from goflow.executor.work import Work, WorkQueue
from goflow.kube.status import QUOTA_EXCEEDED
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.operators.shared import as_shared
from goflow.service import ThreadService
from goflow.store import Store, events, launches, tasks
from goflow.store.cache import Cache
from goflow.store.errors import DatabaseBusyError
from goflow.store.tx import in_parts

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower

log = structlog.get_logger(__name__)

TICK_S = 1.0
RETRY_S = 5.0
"""Seconds after which a step that failed for no known reason is tried again."""
AWAY_S = 1.0
"""Seconds after which the database is asked again."""
STOP_GRACE_S = 30.0
LOOK_AT_ALL_S = 60.0
"""How often every launch that has not begun is looked at, whoever has made it."""
LOG_WAIT_S = 0.3
"""Seconds after which a container's log is looked at again that is still being read."""
TURNS = 64
STARTUP_TIMEOUT = "StartupTimeout"
NO_SERVER = "NoServer"
"""The reason of a runner that could not claim its launch, since nobody answered."""
LANES = 8
"""Threads that take what the backend has seen; what is seen of one launch is always taken by the same, in order."""
MOST_MADE, MOST_OVER = 20_000, 2_000
"""Launches that this executor has made, and those that it has seen the end of: what it knows it does not ask for."""
RESERVED = 4
"""Workers beyond those that may launch: stops and cleaning have somebody, whatever launches wait for."""


class Executor(ThreadService):
    """Runs those launches of STORE that are of its SHARE on BACKEND, LAUNCHES_AT_ONCE at the same time at most."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        planner: Planner,
        mint: TokenMint,
        *,
        clock: Clock,
        launches_at_once: int = 4,
        follower: LogFollower | None = None,
        namespaces: Sequence[str] = (),
        share: Share | None = None,
    ) -> None:
        super().__init__("executor")
        self.store = store
        self.backend = backend
        self.planner = planner
        self.mint = mint
        self.clock = clock
        self.follower = follower
        self.namespaces = namespaces
        self.share = share or Everything()
        self._share_changed = threading.Event()
        self.waits = store.waits
        self.pressure = Pressure(clock, most=launches_at_once)
        self._queue = WorkQueue(self.pressure, self.wake)
        self._holds = Holds(store, backend.name, clock, self.waits, self.share)
        self._refill = Refill(store, backend.name, self._queue, self._holds, self._is_wanted)
        self._parked: set[str] = set()
        """Launches that wait for a moment of their own."""
        self._away: str | None = None
        """What was said by the backend that did not take the last launch."""
        self._later: list[tuple[float, int, Work]] = []
        self._later_lock = threading.Lock()
        self._numbers = itertools.count()
        self._looked_at_all: dt.datetime | None = None
        """When it looked at every launch that has not begun: another daemon may have made some."""
        self._here = Here(clock)
        self._notes = Notes(store)
        self._made: Cache[str, Launch] = Cache(MOST_MADE)
        """As they were when their Job was made: what never changes of them holds."""
        self._over: Cache[str, bool] = Cache(MOST_OVER)
        """Those whose end is stored: whatever else is seen of them is no news."""
        self._together = (
            Together(store, backend, backend, planner, mint, self.share) if isinstance(backend, StartsMany) else None
        )
        self._turns = [threading.RLock() for _ in range(TURNS)]
        self._workers = [
            threading.Thread(target=self._work, name=f"executor-{number}", daemon=True)
            for number in range(launches_at_once + RESERVED)
        ]
        self._lanes: list[queue.SimpleQueue[Observation | None]] = [queue.SimpleQueue() for _ in range(LANES)]
        self._workers += [
            threading.Thread(target=self._observe_lane, args=(lane,), name=f"executor-seen-{number}", daemon=True)
            for number, lane in enumerate(self._lanes)
        ]
        self._unsubscribe: Callable[[], None] = lambda: None
        self.reconciled = threading.Event()

    # Life ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Reconcile, and only then take work, until told to stop."""
        self._unsubscribe = self.store.subscribe(self._on_events)
        if self._until_done("start", self._start_backend) and self._until_done("reconcile", self._reconcile):
            for worker in self._workers:
                worker.start()
            self.reconciled.set()
        while not self.stopping.is_set():
            self.wake.wait(TICK_S)
            self.wake.clear()
            try:
                self._tick()
            except DatabaseBusyError as problem:
                log.debug("a tick of the executor waits", problem=str(problem))
            except Exception:
                log.exception("a tick of the executor failed; the next one tries again")
        self._unsubscribe()
        self._queue.close()
        for lane in self._lanes:
            lane.put(None)
        for worker in self._workers:
            if worker.ident is not None:
                worker.join(STOP_GRACE_S)
        self.backend.stop()

    def _until_done(self, what: str, step: Callable[[], None]) -> bool:
        """Do STEP, again and again while backend or database is away; false when told to stop before it was done."""
        while not self.stopping.is_set():
            try:
                step()
                return True
            except (BackendAwayError, DatabaseBusyError) as problem:
                if isinstance(problem, BackendAwayError):
                    self.waits.begin(self.backend.name, str(problem))
                log.debug("nothing is launched until it answers", step=what, problem=str(problem))
            except Exception:
                log.exception("the executor cannot begin; it tries again", step=what)
            self.stopping.wait(TICK_S)
        return False

    def share_changed(self) -> None:
        """Launches have come to be this daemon's that were not: they are reconciled. Any thread may say so."""
        self._share_changed.set()
        self.wake.set()

    def _start_backend(self) -> None:
        self.backend.start(self.hear)

    def _reconcile(self) -> None:
        """Hold its share of the store's open launches against what the backend has. Raises BackendAwayError."""
        there = [*self._mine(LaunchState.CREATED), *self._mine(LaunchState.CLAIMED)]  # before it is asked what is there
        present = {seen.launch_id: seen for seen in self.backend.present()}
        for launch in there:
            seen = present.get(launch.id) or Observation(launch_id=launch.id, phase=Phase.GONE, reason="NotFound")
            self.observe(seen)
        for launch in self._mine(LaunchState.PLANNED):
            if launch.id in present:
                self.observe(present[launch.id])
        for kind in ("launch", "stop", "clean"):
            self._refill.begin_anew(kind)
        self._refill.fetch()
        log.info("reconciled", open=len(there), present=len(present))

    def _mine(self, state: LaunchState) -> Iterator[Launch]:
        """The launches of its share in STATE, a part at a time."""
        after = ""
        while True:
            with self.store.reading() as tx:
                found = launches.unfinished_after(tx, self.backend.name, state, after, limit=AT_ONCE)
            if not found:
                return
            yield from (launch for launch in found if self.share.has(launch))
            after = found[-1].id

    def _is_wanted(self, launch_id: str) -> bool:
        """Whether a launch that was left in the database is for this executor, and waits for no moment of its own."""
        return launch_id not in self._parked and self.share.may_have(launch_id)

    def _on_events(self, happened: Sequence[Event]) -> None:
        jobs: set[object] = set()
        for event in happened:
            if event.kind == events.LAUNCH_STATE:
                launch_id, state = str(event.data["launch_id"]), event.data["to"]
                if not self.share.may_have(launch_id):
                    continue
                if state == LaunchState.PLANNED:
                    job = event.data.get("job_name", launch_id)
                    if job not in jobs:  # those that share one are launched with it
                        self._queue.put(("launch", launch_id))
                    jobs.add(job)
                elif state in {LaunchState.ENDED, LaunchState.LOST}:
                    self._queue.put(("clean", launch_id))
            elif event.kind == events.LAUNCH_STOP and self.share.may_have(str(event.data["launch_id"])):
                self._queue.put(("stop", str(event.data["launch_id"])))

    def _tick(self) -> None:
        self.store.look_again()
        now = self.clock.monotonic()
        with self._later_lock:
            while self._later and self._later[0][0] <= now:
                work = heapq.heappop(self._later)[2]
                if work[0] == "launch":
                    self._parked.discard(str(work[1]))
                self._queue.put(work)
        if self._share_changed.is_set() and self.reconciled.is_set():
            self._share_changed.clear()
            if not self._until_done("reconcile what has changed hands", self._reconcile):
                return
        self._refill.fetch()
        self._tell_waits()
        if self.backend.ready() is None:  # else it sees nothing, and is as good as away
            self._here.tick()
            if self._here.found:
                self._check_startup()

    def _tell_waits(self) -> None:
        """Whether the backend is waited for."""
        if not (self.pressure.pause_s() or self._queue.under_way() or self._queue.sizes()["launch"]):
            self._away = None  # nobody asks any more
        why = self.backend.ready() or self._away
        if why is None:
            self.waits.end(self.backend.name)
        else:
            self.waits.begin(self.backend.name, why, retry=False)

    # Work ------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            if self.stopping.is_set():
                return  # the rows say what is to be done: the next start does it
            if self._together is None or work[0] not in {"launch", "clean"}:
                self._do(work)
            else:
                self._do_together(self._together, [work, *self._queue.more(work, MOST_TOGETHER - 1)])

    def _do_together(self, together: Together, works: Sequence[Work]) -> None:
        """Those steps, of one kind: the ordinary ones together; what is left, or all where that fails, one by one."""
        done: set[str] = set()
        if len(works) > 1:
            ids = [str(what) for _, what in works]
            try:
                with contextlib.ExitStack() as stack:
                    for number in sorted({self._turn_number(launch_id) for launch_id in ids}):
                        stack.enter_context(self._turns[number])
                    done = self._done_together(together, works[0][0], ids)
            except Exception as problem:
                log.info("steps together failed; they are done one by one", step=works[0][0], problem=str(problem))
        for work in works:
            if work[1] in done:
                self._queue.done(work)
            else:
                self._do(work)

    def _done_together(self, together: Together, kind: str, ids: Sequence[str]) -> set[str]:
        """Those of the launches IDS whose step was done."""
        if kind == "launch":
            made = together.launch(ids)
            for launch in made:
                self._made.put(launch.id, replace(launch, home=self.share.home or None))
            return {launch.id for launch in made}
        cleaned = together.clean(ids)
        for launch in cleaned:
            self._over.put(launch.id, True)
            self._made.drop(launch.id)
        return {launch.id for launch in cleaned}

    def _do(self, work: Work) -> None:
        """One step; what fails is tried again later. Steps of one launch never run at the same time."""
        kind, what = work
        launch_id = what if isinstance(what, str) else what.launch_id
        try:
            with self._turn(launch_id):
                if isinstance(what, Observation):
                    self._take(what)
                else:
                    {"launch": self._launch, "stop": self._stop, "clean": self._clean}[kind](what)
        except (BackendAwayError, DatabaseBusyError) as problem:
            self._away_from(work, problem)
        except NotFoundError:
            log.info("a launch is gone, with its run", step=kind, launch=launch_id)
        except Exception:
            log.exception("an executor step failed; it is tried again", step=kind, launch=launch_id)
            self._again(work, RETRY_S)
        finally:
            self._queue.done(work)

    def _away_from(self, work: Work, problem: BackendAwayError | DatabaseBusyError) -> None:
        """WORK has to wait for what is away; a launch for which the backend has no answer keeps its place."""
        after_s = AWAY_S
        if isinstance(problem, DatabaseBusyError) and self.waits.is_on_any("database", "disk"):
            self._queue.rest(AWAY_S)
            if work[0] != "observe":
                self._queue.put_back(work)
                return
        elif isinstance(problem, BackendAwayError):
            after_s = problem.retry_after_s
            if work[0] == "launch" and problem.waits == "namespace":
                return  # its namespace is held: it is asked for when that is over
            if work[0] == "launch" and problem.waits == "all":
                self._queue.put_back(work)
                return
            self.waits.begin(self.backend.name, str(problem))
        log.debug("something is away; it is tried again", step=work[0], problem=str(problem))
        self._again(work, after_s)

    def _turn(self, launch_id: str) -> threading.RLock:
        """What steps of one launch hold, one at a time."""
        return self._turns[self._turn_number(launch_id)]

    def _turn_number(self, launch_id: str) -> int:
        return hash(launch_id) % len(self._turns)

    def _again(self, work: Work, after_s: float) -> None:
        """Do WORK later. Too many launches that wait for that are left in the database."""
        with self._later_lock:
            if work[0] == "launch":
                if len(self._parked) >= self._queue.most:
                    self._queue.leave("launch")
                    return
                if work[1] in self._parked:
                    return
                self._parked.add(str(work[1]))
            heapq.heappush(self._later, (self.clock.monotonic() + after_s, next(self._numbers), work))

    def _launch(self, launch_id: str) -> None:
        """Make the Job of a launch, and of all that share it."""
        with self.store.reading() as tx:
            first, instance = launches.with_task(tx, launch_id)
            together = launches.of_shared_job(tx, first)
            planned = [
                launch
                for launch in together
                if launch.state is LaunchState.PLANNED
                and launch.backend == self.backend.name
                and launch.stop_requested_at is None  # else another step ends it
            ]
            if not planned or not self.share.has(planned[0]):
                return
            if planned[0].id != launch_id:
                instance = tasks.get(tx, planned[0].task_instance_id)
            request = self.planner.request(tx, planned[0], instance)
        try:
            plan = self.planner.convert(request)
            if planned[0].shared_job is not None:
                plan = as_shared(plan, planned[0].shared_job, copies=len(together))
            self._note_namespace(plan, planned)
            hold = self._holds.of(plan.namespace, [launch.id for launch in planned])
            if hold is not None:
                self._tell_why(planned, hold.reason, hold.message)
                return
            if not self.share.take(planned):
                return
            self._ask(plan)
        except NotConvertibleError as problem:
            self._refuse(planned, "NotConvertible", str(problem))
        except LaunchRefusedError as refusal:
            self._refuse(planned, refusal.reason, refusal.message)
        except BackendAwayError as problem:
            if problem.reason:
                self._tell_why(planned, problem.reason, str(problem))
            if problem.waits == "namespace":
                self._holds.refused(plan.namespace, problem)
            raise
        else:
            if self._holds.taken(plan.namespace):
                self._refill.begin_anew("launch")
                self.wake.set()
            self._created(plan, planned)

    def _ask(self, plan: JobPlan) -> None:
        """Have the backend take it, and learn how much it bears. Raises BackendAwayError, LaunchRefusedError."""
        began = self.clock.monotonic()
        try:
            self.backend.launch(plan, self.mint.token(plan.launch_id))
        except BackendAwayError as problem:
            if problem.slow_down:
                self.pressure.throttled(problem.retry_after_s)
            elif problem.waits == "all":
                self._away = str(problem)
                self.pressure.away(problem.retry_after_s)
                self.waits.begin(self.backend.name, self._away)
            raise
        self.pressure.succeeded(self.clock.monotonic() - began, self._queue.under_way())
        if self._away is not None:
            self._away = None
            self.waits.end(self.backend.name)

    def _tell_why(self, planned: Sequence[Launch], reason: str, message: str) -> None:
        """They wait, and say for what."""
        if any((launch.reason, launch.message) != (reason, message) for launch in planned):
            with self.store.transaction() as tx:
                for launch in planned:
                    launches.set_message(tx, launch.id, reason=reason, message=message)

    def _note_namespace(self, plan: JobPlan, planned: Sequence[Launch]) -> None:
        """Noted before it is there: its runner may claim before this thread goes on."""
        elsewhere = [launch.id for launch in planned if launch.namespace != plan.namespace]
        if elsewhere:
            with self.store.transaction() as tx:
                for launch_id in elsewhere:
                    launches.set_namespace(tx, launch_id, plan.namespace)

    def _created(self, plan: JobPlan, planned: Sequence[Launch]) -> None:
        if plan.rendered or plan.results:
            with self.store.transaction() as tx:
                _, instance = launches.with_task(tx, plan.launch_id)
                told = [{"key": key, "value": value} for key, value in plan.results.items()]
                store_report(tx, instance, {"rendered_fields": plan.rendered or None, "xcoms": told})
        if planned[0].job_index is None:
            made = replace(planned[0], job_name=plan.job_name, namespace=plan.namespace, created_at=self.clock.now())
            self._made.put(made.id, replace(made, home=self.share.home or None))
        late = [
            self._notes.write_with(created_all, Created(plan, part, self.share.home or None))
            for part in in_parts(planned, AT_ONCE)
        ]
        if all(late):
            self._undo(plan, planned[0])

    def _undo(self, plan: JobPlan, launch: Launch) -> None:
        """This daemon slept before it made the Job. Others have had it, seen its end and removed it meanwhile."""
        log.warning("a launch was made again that is over; it is taken away", launch=launch.id)
        handle = replace(Handle.of(launch), job_name=plan.job_name, namespace=plan.namespace)
        self.backend.terminate(handle, 0)
        self.backend.cleanup(handle)

    def _refuse(self, planned: Sequence[Launch], reason: str, message: str) -> None:
        """They will never start: their attempts fail, without another try, and say why."""
        outcome = Outcome(state=TaskState.FAILED, reason=reason, message=message, retry=False, at=self.clock.now())
        for launch in planned:
            self._settle(End(launch_id=launch.id, outcome=outcome, who="executor", lost=True))

    def _stop(self, launch_id: str) -> None:
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES or not self.share.has(launch):
            return
        self.backend.terminate(Handle.of(launch), STOP_GRACE_S)
        unclaimed = launch.job_index is not None and launch.state is LaunchState.CREATED
        if launch.state is LaunchState.PLANNED or unclaimed:  # and whoever claims it now is told that it is not wanted
            self._terminated(launch_id, "it was stopped before it began")

    def _terminated(self, launch_id: str, message: str) -> None:
        outcome = Outcome(state=TaskState.FAILED, reason="Terminated", message=message, at=self.clock.now())
        self._settle(End(launch_id=launch_id, outcome=outcome, who="executor", lost=True))

    def _clean(self, launch_id: str) -> None:
        """Take away what the backend keeps of a launch whose end is stored."""
        launch, others = self._made.get(launch_id), False
        if launch is None:
            with self.store.reading() as tx:
                launch = launches.find(tx, launch_id)
                others = launch is not None and launches.is_shared_job_open(tx, launch)
            if launch is None or launch.state not in OVER:
                return
        if not self.share.has(launch):
            return
        self._over.put(launch_id, True)
        if self.follower is not None and self.follower.busy(launch_id):
            self._again(("clean", launch_id), 1.0)
            return
        if not others:  # else the last of those that share the Job removes it
            if not self.backend.cleanup(Handle.of(launch)):
                self._again(("clean", launch_id), 1.0)
                return
            self.planner.forget(launch)
        self._notes.write_with(cleaned_all, launch_id)
        self._made.drop(launch_id)

    # Observations ----------------------------------------------------------------------------------------------

    def hear(self, seen: Observation) -> None:
        """What the backend has seen of one launch, from its threads: `observe` is done soon."""
        if self.reconciled.is_set():
            self._lanes[hash(seen.launch_id) % LANES].put(seen)
        else:
            self.observe(seen)

    def _observe_lane(self, lane: queue.SimpleQueue[Observation | None]) -> None:
        while (seen := lane.get()) is not None:
            if self.stopping.is_set():
                return  # the backend tells it again at the next start
            self.observe(seen)

    def observe(self, seen: Observation) -> None:
        """Take what the backend has seen of one launch. What is known already does nothing.

        It raises nothing: what cannot be stored now is stored later.
        """
        self._do(("observe", seen))

    def _take(self, seen: Observation) -> None:
        if not self.share.may_have(seen.launch_id):
            return
        if self.follower is not None:
            self.follower.consider(seen)
        if self._over.get(seen.launch_id):
            return
        if seen.phase is Phase.RUNNING and self.planner.claims_itself(seen.launch_id):
            return
        launch = self._made.get(seen.launch_id) if seen.phase in {Phase.RUNNING, Phase.ENDED} else None
        if launch is None:
            with self.store.reading() as tx:
                launch = launches.find(tx, seen.launch_id)
        if launch is None or launch.state not in OPEN_LAUNCH_STATES or not self.share.has(launch):
            return
        if launch.job_index is not None:
            seen = as_its_launch(launch, seen)
        if seen.phase is Phase.ENDED and seen.final and seen.outcome is not None:
            self._ended(launch, seen, seen.outcome)
        elif seen.phase is Phase.GONE:
            self._gone(launch, seen)
        elif seen.phase is Phase.RUNNING:
            self._running(launch, seen)
        elif seen.phase is Phase.PENDING:
            self._pending(launch, seen)

    def _pending(self, launch: Launch, seen: Observation) -> None:
        """Note what it waits for, or that it does not wait for room any more."""
        let_in = launch.reason == QUOTA_EXCEEDED and seen.claimant is not None  # there is a pod now
        news = bool(seen.reason) and (seen.reason, seen.message) != (launch.reason, launch.message)
        if let_in or news:
            with self.store.transaction() as tx:
                if let_in:
                    launches.let_in(tx, launch.id, self.clock.now())
                if news:
                    launches.set_message(tx, launch.id, reason=seen.reason, message=seen.message)

    def _ended(self, launch: Launch, seen: Observation, outcome: Outcome) -> None:
        """Store the end; where its output is the task's result, once all of that is there."""
        if outcome.disrupted and outcome.reason == NO_SERVER and self._here.all_along(launch.created_at):
            outcome = dataclasses.replace(outcome, disrupted=False)  # another one would not find the way here either
        report: Mapping[str, Any] | None = None
        if self.follower is not None and outcome.state is TaskState.SUCCESS and self.follower.has_result(launch.id):
            if self.follower.busy(launch.id):
                self._again(("observe", seen), LOG_WAIT_S)
                return
            report = self.follower.result(launch.id)
        if outcome.state is TaskState.SUCCESS and not self.planner.claims_itself(launch.id):
            unsent = self.backend.unsent(Handle.of(launch))
            if unsent != NOTHING:
                outcome, report = with_unsent_results(self.store, launch, outcome, report, unsent)
        self._settle(End(launch_id=launch.id, outcome=outcome, who=self.backend.name, report=report))

    def _settle(self, end: End) -> None:
        """Have END stored, with all others that come at the same time."""
        self._notes.write_with(settle_all, end)
        self._over.put(end.launch_id, True)

    def _gone(self, launch: Launch, seen: Observation) -> None:
        """Gone without an answer: told so, and never silently created anew (decision 10)."""
        if launch.state is LaunchState.PLANNED:
            return  # it was never created: the work queue has it
        if launch.stop_requested_at is not None:
            self._terminated(launch.id, "it was stopped")
            return
        if launch.home is not None and launch.home != self.share.home:
            gone = "the daemon that was to begin it is gone"
            outcome = Outcome(
                state=TaskState.FAILED, reason="DaemonGone", message=gone, disrupted=True, at=self.clock.now()
            )
            self._settle(End(launch_id=launch.id, outcome=outcome, who="executor", lost=True))
            return
        if launch.state is LaunchState.CREATED and launch.reason == STARTUP_TIMEOUT:
            words = launch.message or ""
            late = Outcome(state=TaskState.FAILED, reason=STARTUP_TIMEOUT, message=words, at=self.clock.now())
            self._settle(End(launch_id=launch.id, outcome=late, who="executor"))
            return
        outcome = Outcome(
            state=TaskState.FAILED,
            reason="Lost",
            message=f"its {'Job' if self.backend.name == 'kubernetes' else 'process'} is gone without an answer,"
            f" reason unknown ({seen.reason})",
            at=self.clock.now(),
        )
        self._settle(End(launch_id=launch.id, outcome=outcome, who="executor", lost=True))

    def _running(self, launch: Launch, seen: Observation) -> None:
        """A container that is not ours has begun; our own runner claims its launch itself."""
        if launch.state is LaunchState.CLAIMED or self.planner.claims_itself(launch.id):
            return
        begin = Begin(
            launch=launch,
            claimant=seen.claimant or "container",
            who=self.backend.name,
            at=seen.at,
            calls_back=self.planner.calls_back(launch.id),
        )
        self._notes.write_with(begin_all, begin)
        if launch.job_index is None:
            self._made.put(launch.id, replace(launch, state=LaunchState.CLAIMED, claimed_by=begin.claimant))

    def _check_startup(self) -> None:
        """Fail launches that do not start: Kubernetes waits for ever for an image, a Secret or room."""
        now = self.clock.now()
        at_all = self._looked_at_all is None or (now - self._looked_at_all).total_seconds() >= LOOK_AT_ALL_S
        # A look at all has the planner know the times of those, too, that it has not converted.
        shortest = dt.timedelta(seconds=0.0 if at_all else self.planner.shortest_startup_s)
        with self.store.reading() as tx:
            waiting = launches.not_begun(tx, self.backend.name, now - shortest)
        if at_all:
            self._looked_at_all = now
        for launch in waiting:
            if launch.reason == QUOTA_EXCEEDED or not self.share.has(launch):
                continue  # room is made by others that end: there is no telling when
            limit = self.planner.startup_timeout_s(launch)
            if launch.created_at is not None and (now - launch.created_at).total_seconds() > limit:
                why = f"{launch.reason}: {launch.message}" if launch.reason else "no reason was given"
                message = f"it did not start within {limit:.0f} s ({why})"
                if launch.reason == STARTUP_TIMEOUT:  # it was to be taken away before
                    message = launch.message or message
                outcome = Outcome(state=TaskState.FAILED, reason=STARTUP_TIMEOUT, message=message, at=now)
                with self._turn(launch.id):  # what the watch tells of our own deletion waits until this is written
                    self._give_up(launch, outcome)

    def _give_up(self, launch: Launch, outcome: Outcome) -> None:
        """Take LAUNCH away with OUTCOME, unless it has begun at the last moment."""
        with self.store.reading() as tx:
            now = launches.find(tx, launch.id)
        if now is None or now.state is not LaunchState.CREATED or not self.share.has(now):
            return
        with self.store.transaction() as tx:  # first, so that whoever sees that it is gone knows why
            launches.set_message(tx, now.id, reason=outcome.reason, message=outcome.message)
        try:
            self.backend.terminate(Handle.of(now), 0)
        except BackendAwayError as problem:  # the next tick tries again, and goes on with the others
            log.warning("the backend is away", step="startup", launch=launch.id, problem=str(problem))
            return
        self._settle(End(launch_id=launch.id, outcome=outcome, who="executor"))

    def busy(self) -> bool:
        """Whether there is anything that it could do now, or is doing."""
        return not self._queue.idle() or any(not lane.empty() for lane in self._lanes)

    def status(self) -> dict[str, Any]:
        """For the health page: how much waits."""
        return {
            "backend": self.backend.name,
            "queue": self._queue.qsize(),
            "later": len(self._later),
            "launch_limit": self.pressure.limit,
            "launches_in_flight": self._queue.under_way(),
            "held_namespaces": self._holds.namespaces(),
        }
