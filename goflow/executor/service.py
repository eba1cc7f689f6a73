"""The executor: carries planned launches out, and turns what it sees of them into stored ends.

It reacts to events of the store (a launch was planned, asked to stop, has ended) and to observations of the backend;
a slow tick looks after what has no event: start-up time-outs, calls that the backend was too busy for, clean-up. At
start it reconciles before anything else: what the store believes is held against what the backend has.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Event, Launch
from goflow.domain.state import LaunchState
from goflow.executor.away import Away
from goflow.executor.backend import Backend, BackendAwayError, Observation, Phase
from goflow.executor.ending import Ending
from goflow.executor.here import Here
from goflow.executor.holds import Holds
from goflow.executor.keeping import Keeping
from goflow.executor.known import Known
from goflow.executor.lanes import Lanes
from goflow.executor.later import Later
from goflow.executor.launching import Launching
from goflow.executor.noted import Begin
from goflow.executor.notes import AT_ONCE
from goflow.executor.place import Place
from goflow.executor.plans import Planner
from goflow.executor.pressure import Pressure
from goflow.executor.refill import Refill
from goflow.executor.seeing import Seeing
from goflow.executor.share import Everything, Share
from goflow.executor.startup import Startup
from goflow.executor.together import AT_ONCE as MOST_TOGETHER
from goflow.executor.together import StartsMany, Together
from goflow.executor.tokens import TokenMint
from goflow.executor.turns import Turns
from goflow.executor.work import Kind, Work, WorkQueue
from goflow.service import ThreadService
from goflow.store import Store, events, launches
from goflow.store.absence import DISK
from goflow.store.errors import DatabaseBusyError

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower

log = structlog.get_logger(__name__)

TICK_S = 1.0
RETRY_S = 5.0
"""Seconds after which a step that failed for no known reason is tried again."""
AWAY_S = 1.0
"""Seconds after which the database is asked again."""
JOIN_S = 30.0
"""Seconds that a step under way has to end when the executor is stopped."""
RESERVED = 4
"""Workers beyond those that may launch: stops and cleaning have somebody, whatever launches wait for."""


class Executor(ThreadService):
    """Runs those launches of STORE that are of its SHARE on BACKEND, LAUNCHES_AT_ONCE at the same time at most. What
    becomes of them is written every GATHERS_S seconds, where that much is going on."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        planner: Planner,
        mint: TokenMint,
        *,
        launches_at_once: int = 4,
        gathers_s: float = 0.0,
        follower: LogFollower | None = None,
        share: Share | None = None,
    ) -> None:
        super().__init__("executor")
        self.store = store
        self.backend = backend
        self.planner = planner
        self.clock = clock = store.clock
        self.share = share or Everything()
        self._share_changed = threading.Event()
        self.waits = store.waits
        self.pressure = Pressure(clock, most=launches_at_once)
        self._queue = WorkQueue(self.pressure, self.wake)
        self._holds = Holds(store, backend.name, clock, self.waits, self.share)
        self._refill = Refill(store, backend.name, self._queue, self._holds, self._is_wanted)
        self._turns = Turns()
        self._here = Here(clock)
        self._away = Away(backend, self.waits)
        self._known = Known(store, self.share)
        self._gathers_s = gathers_s
        place = Place(store, backend, planner, self.share, self._known)
        self._launching = Launching(
            *(place, mint),
            holds=self._holds,
            queue=self._queue,
            has_room=self._has_room,
            noted=self._noted,
            away=self._away,
        )
        self._seeing = Seeing(place, here=self._here, follower=follower, again=self._observe_again)
        self._keeping = Keeping.of_backend(backend)
        self._ending = Ending(place, follower=follower, keeping=self._keeping, again=self._clean_again)
        self._later = Later(clock, self._queue, self._ending.hurry)
        self._startup = Startup(place, turn=self._turns.of)
        self._steps = {"launch": self._launching.launch, "stop": self._ending.stop, "clean": self._ending.clean}
        self._together = Together(place, backend, mint) if isinstance(backend, StartsMany) else None
        self._workers = [
            threading.Thread(target=self._work, name=f"executor-{number}", daemon=True)
            for number in range(launches_at_once + RESERVED)
        ]
        self._lanes = Lanes(self._observe_all)
        self._workers += self._lanes.threads
        self._unsubscribe: Callable[[], None] = lambda: None
        self.reconciled = threading.Event()

    # Life ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Reconcile, and only then take work, until told to stop."""
        self._unsubscribe = self.store.subscribe(self._on_events)
        if self._until_done("start", self._start_backend) and self._until_done("reconcile", self._reconcile):
            for worker in self._workers:
                worker.start()
            self._known.gather(self._gathers_s)  # before that one thread waits for each of its writes
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
        self._lanes.close()
        for worker in self._workers:
            if worker.ident is not None:
                worker.join(JOIN_S)
        with contextlib.suppress(DatabaseBusyError):
            self._known.flush()  # what nobody has waited for
        self.backend.stop()

    def _until_done(self, what: str, step: Callable[[], None]) -> bool:
        """Do STEP, again and again while backend or database is away; false when told to stop before it was done."""
        while not self.stopping.is_set():
            try:
                step()
                return True
            except (BackendAwayError, DatabaseBusyError) as problem:
                if isinstance(problem, BackendAwayError):
                    self._away.asked(problem)
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
                if launch.stop_requested_at is not None:  # else it is launched again, which finds it
                    self._known.note_found(launch)
                self.observe(present[launch.id])
        self._known.flush()
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

    def _is_wanted(self, kind: Kind, launch_id: str) -> bool:
        """Whether a launch that was left in the database is for this executor, and waits for no moment of its own."""
        if self._later.has(kind, launch_id) or not self.share.may_have(launch_id):
            return False
        return kind != "launch" or self._known.made(launch_id) is None  # else it is about to be stored that it is there

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
                    self._known.ended(launch_id)
                    self._keeping.ended(launch_id, str(event.data.get("reason") or ""))
                    if self.backend.keeps_s:
                        self._clean_again(launch_id, self.backend.keeps_s)
                    else:
                        self._queue.put(("clean", launch_id))
            elif event.kind == events.LAUNCH_STOP and self.share.may_have(str(event.data["launch_id"])):
                self._queue.put(("stop", str(event.data["launch_id"])))

    def _tick(self) -> None:
        self.store.look_again()
        self._known.flush()
        self._later.look()
        if self._share_changed.is_set() and self.reconciled.is_set():
            self._share_changed.clear()
            if not self._until_done("reconcile what has changed hands", self._reconcile):
                return
        self._refill.fetch()
        self._tell_waits()
        if self.backend.ready() is None:  # else it sees nothing, and is as good as away
            self._here.tick()
            if self._here.found and not self.waits.is_on_any(DISK):  # what had no room to begin is begun again first
                self._startup.check()

    def _tell_waits(self) -> None:
        """Whether the backend is waited for."""
        if not (self.pressure.pause_s() or self._queue.under_way() or self._queue.sizes()["launch"]):
            self._launching.refused = None  # nobody asks any more
        self._away.tell(self._launching.refused)

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
        """Those steps, of one kind: the ordinary ones together; what is left, or all where that fails, one by one, as
        long as the backend takes any."""
        done: set[str] = set()
        if len(works) > 1:
            ids = [str(what) for _, what in works]
            try:
                with self._turns.of_all(ids):
                    done = self._done_together(together, works[0][0], ids)
            except (BackendAwayError, DatabaseBusyError) as problem:
                log.debug("steps together have to wait", step=works[0][0], problem=str(problem))
            except Exception as problem:
                log.info("steps together failed; they are done one by one", step=works[0][0], problem=str(problem))
        left = [work for work in works if work[1] not in done]
        self._queue.done(*(work for work in works if work[1] in done), comes_back=not left)
        while left:
            self._do(left.pop(0), comes_back=False)
            if works[0][0] == "launch" and self.pressure.pause_s():  # it was asked for in vain, as the others would be
                for work in reversed(left):
                    self._queue.put_back(work)
                    self._queue.done(work)
                return

    def _done_together(self, together: Together, kind: str, ids: Sequence[str]) -> set[str]:
        """Those of the launches IDS whose step was done."""
        if kind == "launch":
            made = together.launch(ids)
            for launch in made:
                self._known.remember(launch)
            return {launch.id for launch in made}
        cleaned = together.clean(ids)
        for launch in cleaned:
            self._known.forget(launch.id)
        return {launch.id for launch in cleaned}

    def _do(self, work: Work, *, comes_back: bool = True) -> None:
        """One step; what fails is tried again later. Steps of one launch never run at the same time. COMES_BACK: this
        thread then asks for the next one."""
        kind, what = work
        try:
            if isinstance(what, Observation):
                self._observe_all([what])
                return
            with self._turns.of(what), self._tried(work):
                self._steps[kind](what)
            if kind == "launch" and not self._queue.first(kind, 1):
                self._known.flush()  # no others come to be stored with it
        finally:
            self._queue.done(work, comes_back=comes_back)

    @contextlib.contextmanager
    def _tried(self, work: Work) -> Iterator[None]:
        """What fails in the block is tried again later."""
        kind, what = work
        launch_id = what if isinstance(what, str) else what.launch_id
        try:
            yield
        except (BackendAwayError, DatabaseBusyError) as problem:
            self._away_from(work, problem)
        except NotFoundError:
            log.info("a launch is gone, with its run", step=kind, launch=launch_id)
        except Exception:
            log.exception("an executor step failed; it is tried again", step=kind, launch=launch_id)
            self._later.put(work, RETRY_S)

    def _away_from(self, work: Work, problem: BackendAwayError | DatabaseBusyError) -> None:
        """WORK has to wait for what is away; a launch for which the backend has no answer keeps its place."""
        after_s = AWAY_S
        if isinstance(problem, DatabaseBusyError) and self.waits.is_on_any("database", DISK):
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
            self._away.asked(problem)
        log.debug("something is away; it is tried again", step=work[0], problem=str(problem))
        self._later.put(work, after_s)

    def _has_room(self) -> None:
        """A namespace that was full has taken a launch: what waits for it may be asked for."""
        self._refill.begin_anew("launch")
        self.wake.set()

    def _observe_again(self, seen: Observation, after_s: float) -> None:
        self._later.put(("observe", seen), after_s)

    def _clean_again(self, launch_id: str, after_s: float) -> None:
        self._later.put(("clean", launch_id), after_s)

    # Observations ----------------------------------------------------------------------------------------------

    def hear(self, seen: Observation) -> None:
        """What the backend has seen of one launch, from its threads: `observe` is done soon."""
        if self.reconciled.is_set():
            self._lanes.put(seen)
        else:
            self.observe(seen)

    def observe(self, seen: Observation) -> None:
        """Take what the backend has seen of one launch. What is known already does nothing.

        It raises nothing: what cannot be stored now is stored later.
        """
        self._observe_all([seen])

    def _observe_all(self, found: Sequence[Observation]) -> None:
        """The same of several, those of one launch in their order: the ends among them are written together."""
        has_ends = False
        for seen in found:
            step: Work = ("observe", seen)
            noted = functools.partial(self._noted, step)
            with self._turns.of(seen.launch_id), self._tried(step):
                word = self._seeing.take(seen)
                if isinstance(word, Begin):
                    self._known.note_begun(word, noted)
                elif word is not None:
                    self._known.note_end(word, noted)
                    has_ends = True
        if has_ends:
            self._known.flush()

    def _noted(self, work: Work, problem: Exception | None) -> None:
        """What WORK has found or made is stored, or PROBLEM has kept it from that: then it is done again later."""
        with self._tried(work):
            if problem is not None:
                raise problem

    def busy(self) -> bool:
        """Whether there is anything that it could do now, or is doing."""
        return not self._queue.idle() or not self._lanes.empty()

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
