"""An executor on a store, with a backend that keeps what it was asked for and fails when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from goflow.domain.runs import Launch, Outcome, TaskInstance
from goflow.domain.spec import TaskSpec
from goflow.domain.state import TaskState
from goflow.executor.backend import Handle, Observation, Phase, Sink
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.executor.unsent import NOTHING, Unsent
from goflow.operators.plan import JobPlan
from goflow.operators.request import Defaults
from goflow.store import Store, launches, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.transitions import LaunchRequest
from tests.stores import bash_dag, make_run, schedule

SUCCESS = Outcome(state=TaskState.SUCCESS, exit_code=0)
WAIT_S = 30.0


class Backend:
    """Remembers starts by launch, as a cluster does; ``before`` and ``after`` each call a fault may be injected."""

    name = "local"
    keeps_s = 0.0

    def __init__(self) -> None:
        self.plans: dict[str, JobPlan] = {}
        self.starts: list[str] = []
        self.phases: dict[str, Observation] = {}
        self.left = NOTHING
        self.still_there: set[str] = set()
        """Launches whose processes have told their end and have not gone yet."""
        self.calls: list[tuple[str, str]] = []
        self.before: Callable[[str, str], None] = lambda what, launch_id: None
        self.after: Callable[[str, str], None] = lambda what, launch_id: None
        self.sink: Sink = lambda seen: None
        self.changed = threading.Condition()

    def start(self, sink: Sink) -> None:
        self.before("start", "")
        self.sink = sink

    def stop(self) -> None:
        pass

    def launch(self, plan: JobPlan, token: str) -> None:
        self._call("launch", plan.launch_id, lambda: self._start(plan))

    def _start(self, plan: JobPlan) -> None:
        if plan.launch_id not in self.plans:
            self.plans[plan.launch_id] = plan
            self.starts.append(plan.launch_id)
            self.phases[plan.launch_id] = Observation(launch_id=plan.launch_id, phase=Phase.PENDING)

    def terminate(self, handle: Handle, grace_s: float) -> None:
        self._call("terminate", handle.launch_id, lambda: None)

    def cleanup(self, handle: Handle) -> bool:
        self._call("cleanup", handle.launch_id, lambda: self.phases.pop(handle.launch_id, None))
        return handle.launch_id not in self.still_there

    def present(self) -> Iterable[Observation]:
        self.before("present", "")
        return list(self.phases.values())

    def unsent(self, handle: Handle) -> Unsent:
        return self.left

    def ready(self) -> str | None:
        return None

    def end(self, launch_id: str, outcome: Outcome = SUCCESS, *, tell: bool = True) -> None:
        """It ends; the executor hears of it, or not."""
        self.phases[launch_id] = Observation(launch_id=launch_id, phase=Phase.ENDED, outcome=outcome)
        if tell:
            self.sink(self.phases[launch_id])

    def _call(self, what: str, launch_id: str, function: Callable[[], Any]) -> None:
        self.before(what, launch_id)
        function()
        self.after(what, launch_id)
        with self.changed:
            self.calls.append((what, launch_id))
            self.changed.notify_all()

    def wait_for(self, what: str, launch_id: str) -> None:
        """Until that call has been made."""
        with self.changed:
            assert self.changed.wait_for(lambda: (what, launch_id) in self.calls, WAIT_S), self.calls


class World:
    """A store, a backend, and one executor after another."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.backend = Backend()
        self.mint = TokenMint(b"0123456789abcdef")
        self.defaults = Defaults(backend="local")
        self.executors: list[Executor] = []
        self.runs = 0

    def executor(self, backend: Backend | None = None, **given: Any) -> Executor:
        """Another one, as after a restart."""
        planner = Planner(self.store, self.defaults)
        made = Executor(self.store, backend or self.backend, planner, self.mint, **given)
        self.executors.append(made)
        return made

    def start(self) -> Executor:
        """One that runs and has reconciled."""
        made = self.executor()
        made.start()
        assert made.reconciled.wait(WAIT_S)
        return made

    def stop(self) -> None:
        for executor in self.executors:
            executor.stop()

    def queue(self, *specs: TaskSpec, **given: Any) -> Launch:
        """A task of a run of its own, queued; its launch."""
        self.runs += 1
        with self.store.transaction() as tx:
            spec = bash_dag(f"d{self.runs}", "t") if not specs else None
            if spec is None:
                from goflow.domain.spec import DagSpec

                spec = DagSpec(dag_id=f"d{self.runs}", tasks=specs)
            made = make_run(tx, spec)
            ti = schedule(tx, next(iter(made.tasks.values())))
            planned = transitions.plan_launch(tx, ti, backend="local", new_attempt=True, **given)
            assert planned.launch is not None, planned.why
        return planned.launch

    def queue_copies(self, copies: int) -> list[Launch]:
        """Copies of a mapped task of a run of its own, queued together; their launches, which share a Job."""
        self.runs += 1
        with self.store.transaction() as tx:
            instances = [NewTask(task_id="t", map_index=index) for index in range(copies)]
            made = make_run(tx, bash_dag(f"d{self.runs}", "t"), instances=instances)
            rows = [schedule(tx, ti) for ti in tasks.of_run(tx, made.run.id)]
            requests = [LaunchRequest(ti=ti, backend="local", new_attempt=True, shares_from=1) for ti in rows]
            found = [planned.launch for planned in transitions.plan_launches(tx, requests)]
        return [launch for launch in found if launch is not None]

    def launch(self, launch_id: str) -> Launch:
        with self.store.reading() as tx:
            return launches.get(tx, launch_id)

    def instance(self, launch: Launch) -> TaskInstance:
        with self.store.reading() as tx:
            return tasks.get(tx, launch.task_instance_id)

    def launches_of(self, launch: Launch) -> list[Launch]:
        with self.store.reading() as tx:
            return launches.of_task(tx, launch.task_instance_id)

    def claim(self, launch: Launch) -> None:
        """Its runner begins."""
        with self.store.transaction() as tx:
            assert transitions.claim_launch(tx, launch.id, "1:1") is transitions.Claimed.CLAIMED
            transitions.advance_task(tx, launch.task_instance_id, TaskState.QUEUED, TaskState.RUNNING, who="test")

    def request_stop(self, launch: Launch) -> None:
        with self.store.transaction() as tx:
            assert transitions.request_stop(tx, launch.id, who="test")
