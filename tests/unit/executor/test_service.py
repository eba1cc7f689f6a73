"""The executor: what it launches and ends, while everything around it may be away, late or gone."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.spec import TaskSpec
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.backend import CREATED, BackendAwayError, LaunchRefusedError, Observation, Phase
from goflow.executor.plans import Planner
from goflow.store import events, transitions
from goflow.store.errors import DatabaseBusyError
from tests.unit.executor.kit import SUCCESS, WAIT_S, Backend, World


class Told:
    """Waits for launches to reach a state."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.changed = threading.Condition()
        self.seen: set[tuple[str, str]] = set()
        world.store.subscribe(self._take)

    def _take(self, happened) -> None:
        with self.changed:
            self.seen |= {
                (str(event.data["launch_id"]), str(event.data["to"]))
                for event in happened
                if event.kind == events.LAUNCH_STATE
            }
            self.changed.notify_all()

    def wait(self, launch, state: LaunchState) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: (launch.id, state.value) in self.seen, WAIT_S), self.seen


@pytest.fixture
def told(world):
    return Told(world)


def work_off(executor) -> None:
    """Everything that waits, in this thread."""
    while executor.busy():
        executor._lanes.work_off()
        if not executor._queue.empty():
            executor._do(executor._queue.get())


def test_a_launch_from_its_planning_to_its_cleaning(world, told):
    world.start()
    launch = world.queue()
    told.wait(launch, LaunchState.CREATED)
    world.claim(launch)
    world.backend.end(launch.id)
    told.wait(launch, LaunchState.CLEANED)
    assert world.instance(launch).state is TaskState.SUCCESS
    assert world.backend.calls == [("launch", launch.id), ("cleanup", launch.id)]


def test_nothing_is_launched_before_it_has_reconciled(world, told):
    """A launch that is planned while the backend is away waits: it may be there already."""
    away, asked = threading.Event(), threading.Event()
    away.set()

    def before(what: str, launch_id: str) -> None:
        if what == "present" and away.is_set():
            asked.set()
            raise BackendAwayError("no answer")

    world.backend.before = before
    executor = world.executor()
    executor.start()
    assert asked.wait(WAIT_S)
    launch = world.queue()
    assert not executor.reconciled.is_set()
    assert world.backend.calls == []
    away.clear()
    told.wait(launch, LaunchState.CREATED)
    assert executor.reconciled.wait(10)


@pytest.mark.parametrize(
    "problem", [BackendAwayError("no zygote"), DatabaseBusyError("locked"), OSError("disk")], ids=str
)
@pytest.mark.parametrize("step", ["start", "present"])
def test_whatever_keeps_it_from_beginning_is_tried_again(world, told, step, problem):
    tries = []

    def before(what: str, launch_id: str) -> None:
        if what == step:
            tries.append(what)
            if len(tries) == 1:
                raise problem

    world.backend.before = before
    launch = world.queue()
    executor = world.start()
    told.wait(launch, LaunchState.CREATED)
    assert executor.alive
    assert len(tries) == 2


def test_a_launch_that_has_to_wait_for_a_quota_says_so_until_it_is_made(world):
    words = 'jobs.batch "t" is forbidden: exceeded quota: team, requested: count/jobs.batch=1'
    problems = [BackendAwayError(words, 5.0, reason="QuotaExceeded")]

    def before(what: str, launch_id: str) -> None:
        if what == "launch" and problems:
            raise problems.pop()

    world.backend.before = before
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    launch = world.queue()
    work_off(executor)
    assert (world.launch(launch.id).reason, world.launch(launch.id).message) == ("QuotaExceeded", words)
    assert world.instance(launch).state is TaskState.QUEUED
    world.store.clock.advance(6.0)
    executor._tick()
    work_off(executor)
    assert (world.launch(launch.id).state, world.launch(launch.id).reason) == (LaunchState.CREATED, None)


@pytest.mark.parametrize("step", ["launch", "terminate", "cleanup"])
@pytest.mark.parametrize("problem", [BackendAwayError("away", 3.0), OSError("what?")], ids=str)
def test_a_call_that_fails_is_made_again_when_its_time_has_come(world, step, problem):
    failing = [True]

    def before(what: str, launch_id: str) -> None:
        if what == step and failing.pop() if failing else False:
            raise problem

    world.backend.before = before
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    launch = world.queue()
    work_off(executor)
    if step == "terminate":
        world.request_stop(launch)
    elif step == "cleanup":
        world.backend.end(launch.id)
    work_off(executor)
    assert (step, launch.id) not in world.backend.calls
    world.store.clock.advance(2.5)
    executor._tick()
    work_off(executor)
    assert (step, launch.id) not in world.backend.calls
    world.store.clock.advance(3.0)
    executor._tick()
    work_off(executor)
    assert world.backend.calls.count((step, launch.id)) == 1


@pytest.mark.parametrize("restarts", [False, True], ids=["", "after a restart"])
def test_what_an_ended_launch_has_left_stays_for_as_long_as_the_backend_keeps_it(world, restarts):
    world.backend.keeps_s = 30.0
    executor = world.executor()
    end = world.store.subscribe(executor._on_events)
    executor._start_backend()
    launch = world.queue()
    work_off(executor)
    world.backend.end(launch.id)
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.ENDED
    if restarts:
        end()
        executor = world.executor()
        executor._start_backend()
        executor._reconcile()
    for seconds, expected in ((28.0, LaunchState.ENDED), (3.0, LaunchState.CLEANED)):
        world.store.clock.advance(seconds)
        executor._tick()
        work_off(executor)
        assert world.launch(launch.id).state is expected
    assert world.backend.calls.count(("cleanup", launch.id)) == 1


def test_of_more_than_are_held_to_be_cleaned_later_the_oldest_are_cleaned_before(world):
    world.backend.keeps_s = 30.0
    executor = world.executor()
    executor._queue.most = 1
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    launches = [world.queue() for _ in range(3)]
    executor._tick()
    for launch in launches:
        executor._do(("launch", launch.id))
        world.backend.end(launch.id)
        work_off(executor)
    states = [world.launch(launch.id).state for launch in launches]
    assert states == [LaunchState.CLEANED, LaunchState.CLEANED, LaunchState.ENDED]
    world.store.clock.advance(31.0)
    executor._tick()
    work_off(executor)
    assert world.launch(launches[2].id).state is LaunchState.CLEANED


def test_of_more_than_are_held_after_a_restart_each_is_cleaned_once(world):
    world.backend.keeps_s = 30.0
    executor = world.executor()
    executor._start_backend()
    found = [world.queue() for _ in range(5)]
    for launch in found:
        executor._do(("launch", launch.id))
        world.backend.end(launch.id)
    again = world.executor()
    again._queue.most = 2
    world.store.subscribe(again._on_events)
    again._start_backend()
    again._reconcile()
    for _ in range(20):  # what the queue has no room for is fetched; nothing goes round
        work_off(again)
        again._tick()
    states = [world.launch(launch.id).state for launch in found]
    assert states.count(LaunchState.ENDED) == 2
    world.store.clock.advance(31.0)
    again._tick()
    work_off(again)
    assert {world.launch(launch.id).state for launch in found} == {LaunchState.CLEANED}
    assert sorted(what for what in world.backend.calls if what[0] == "cleanup") == sorted(
        ("cleanup", launch.id) for launch in found
    )


def test_what_stays_for_a_while_stays_also_when_its_share_has_changed(world):
    world.backend.keeps_s = 30.0
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    launch = world.queue()
    work_off(executor)
    world.backend.end(launch.id)
    executor._reconcile()
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.ENDED


def test_what_nobody_has_waited_for_is_stored_when_it_stops(world):
    executor = world.executor(launches_at_once=1)
    asked, closed = threading.Event(), threading.Event()

    def while_it_stops(what: str, _launch_id: str) -> None:
        if what == "launch":
            asked.set()
            assert closed.wait(WAIT_S)

    world.backend.before = while_it_stops
    world.store.subscribe(lambda _: None)
    executor.start()
    launch = world.queue()
    assert asked.wait(WAIT_S)
    executor._queue.put(("launch", world.queue().id))  # with which it would be stored
    close = executor._queue.close
    executor._queue.close = lambda: (close(), closed.set())  # type: ignore[method-assign, assignment]
    executor.stop()
    assert world.launch(launch.id).state is LaunchState.CREATED


def test_an_end_that_cannot_be_stored_now_is_stored_later(world, monkeypatch):
    from goflow.executor import known

    kept, failing = known.settle_all, [True]

    def settle_all(*given):
        if failing.pop() if failing else False:
            raise DatabaseBusyError("locked")
        return kept(*given)

    monkeypatch.setattr(known, "settle_all", settle_all)
    executor = world.executor()
    executor._start_backend()
    launch = world.queue()
    world.backend._start(executor.planner.convert(request_of(world, executor.planner, launch)))
    world.backend.end(launch.id)
    assert world.launch(launch.id).state is LaunchState.PLANNED
    world.store.clock.advance(2)
    executor._tick()
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.ENDED


def request_of(world: World, planner: Planner, launch):
    with world.store.reading() as tx:
        return planner.request(tx, launch, world.instance(launch))


def test_two_observations_that_fail_at_the_same_moment_are_both_kept(world):
    executor = world.executor()
    for _ in range(2):
        executor._later.put(("observe", Observation(launch_id="x", phase=Phase.GONE)), 1.0)
    world.store.clock.advance(2)
    executor._tick()
    assert executor._queue.qsize() == 2


def test_a_launch_whose_run_was_deleted_is_forgotten(world):
    executor = world.executor()
    for step in ("launch", "stop", "clean"):
        executor._do((step, "0" * 32))
    executor.observe(Observation(launch_id="0" * 32, phase=Phase.GONE))
    assert executor._later.works() == []


REFUSED = {
    "the backend refuses it": (
        LaunchRefusedError("Forbidden", "namespace x is not ours"), "Forbidden", "namespace x is not ours",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("problem", "reason", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_will_never_start_fails_at_once_and_without_another_try(world, problem, reason, message):
    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            raise problem

    world.backend.before = before
    executor = world.executor()
    launch = world.queue(TaskSpec(task_id="t", operator="BashOperator", fields={"bash_command": "true"}, retries=3))
    executor._do(("launch", launch.id))
    found = world.launch(launch.id)
    assert (found.state, found.reason, found.message) == (LaunchState.LOST, reason, message)
    assert world.instance(launch).state is TaskState.FAILED


# Stops -------------------------------------------------------------------------------------------------------------


def test_a_launch_that_is_stopped_before_it_is_launched_never_starts(world):
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    launch = world.queue()
    world.request_stop(launch)
    work_off(executor)
    assert world.backend.starts == []
    found = world.launch(launch.id)
    assert (found.state, found.reason) == (LaunchState.CLEANED, "Terminated")
    assert world.instance(launch).state is TaskState.FAILED


def test_a_stop_that_comes_while_it_is_launched_waits_for_that(world, told):
    """Else the stop might find nothing to stop, and the launch might create what nobody cleans up."""
    inside, go = threading.Event(), threading.Event()

    def before(what: str, launch_id: str) -> None:
        if what == "launch":
            inside.set()
            assert go.wait(WAIT_S)

    world.backend.before = before
    world.start()
    launch = world.queue()
    assert inside.wait(WAIT_S)
    world.request_stop(launch)
    go.set()
    world.backend.wait_for("terminate", launch.id)
    assert world.backend.calls[:2] == [("launch", launch.id), ("terminate", launch.id)]
    assert world.launch(launch.id).state is LaunchState.CREATED, "its end is its backend's to tell"
    world.backend.end(launch.id, Outcome(state=TaskState.FAILED, reason="Terminated"))
    told.wait(launch, LaunchState.CLEANED)


# Reconciliation ------------------------------------------------------------------------------------------------------


def test_what_is_gone_without_an_answer_is_lost_and_not_started_anew(world):
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    launch = world.queue()
    work_off(executor)
    world.claim(launch)
    world.backend.phases.clear()
    again = world.executor()
    again._reconcile()
    work_off(again)
    found = world.launch(launch.id)
    assert (found.state, found.reason) == (LaunchState.CLEANED, "Lost") or found.state is LaunchState.LOST
    assert "gone without an answer, reason unknown" in found.message
    assert world.backend.starts == [launch.id]


def test_what_is_gone_before_it_is_stored_that_it_was_made_is_lost_at_once(world):
    executor = world.executor()
    launch = world.queue()
    executor._queue.put(("launch", launch.id))
    executor._queue.put(("launch", world.queue().id))
    executor._do(executor._queue.get())
    assert world.launch(launch.id).state is LaunchState.PLANNED, "others come to be stored with it"
    executor.observe(Observation(launch_id=launch.id, phase=Phase.GONE, reason="JobDeleted"))
    assert (world.launch(launch.id).state, world.launch(launch.id).reason) == (LaunchState.LOST, "Lost")


def test_a_launch_that_waits_before_it_is_stored_that_it_was_made_keeps_when_that_was(world):
    executor = world.executor()
    launch = world.queue()
    executor._queue.put(("launch", launch.id))
    executor._queue.put(("launch", world.queue().id))
    executor._do(executor._queue.get())
    waits = Observation(launch_id=launch.id, phase=Phase.PENDING, reason="Unschedulable", message="no room")
    executor.observe(waits)
    assert executor._known.made(launch.id).created_at == world.store.clock.now()


def test_a_job_that_was_only_to_be_made_has_its_results_though_its_daemon_was_killed_before_it_stored_them(world):
    launch = world.queue()
    seen = Observation(launch_id=launch.id, phase=Phase.ENDED, outcome=Outcome(state=TaskState.SUCCESS), reason=CREATED)
    world.backend.phases[launch.id] = seen
    executor = world.executor()
    executor._start_backend()
    executor._reconcile()
    assert world.launch(launch.id).state is LaunchState.PLANNED, "it is made again first, which finds it"
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.CREATED
    world.store.clock.advance(2.0)
    executor._tick()
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.ENDED


def test_what_was_asked_to_stop_and_is_gone_was_stopped(world):
    executor = world.executor()
    executor._do(("launch", (launch := world.queue()).id))
    world.request_stop(launch)
    world.backend.phases.clear()
    world.executor()._reconcile()
    assert world.launch(launch.id).reason == "Terminated"


def test_an_end_that_came_while_nobody_looked_is_found(world):
    executor = world.executor()
    executor._do(("launch", (launch := world.queue()).id))
    world.claim(launch)
    world.backend.end(launch.id, tell=False)
    world.executor()._reconcile()
    assert world.instance(launch).state is TaskState.SUCCESS


def test_a_stop_that_nobody_has_carried_out_is_carried_out(world):
    executor = world.executor()
    executor._do(("launch", (launch := world.queue()).id))
    world.request_stop(launch)
    again = world.executor()
    again._reconcile()
    work_off(again)
    assert ("terminate", launch.id) in world.backend.calls


def test_what_was_made_and_not_noted_when_its_daemon_was_killed_is_told_to_stop_and_not_over_before_it_has(world):
    launch = world.queue()
    world.backend.phases[launch.id] = Observation(launch_id=launch.id, phase=Phase.PENDING)
    world.request_stop(launch)
    again = world.executor()
    again._reconcile()
    work_off(again)
    assert ("terminate", launch.id) in world.backend.calls
    assert world.launch(launch.id).state is LaunchState.CREATED, "its container may be there: another must not begin"


def test_what_waits_in_the_queue_is_read_together_and_looked_at_again_when_it_was_stopped_meanwhile(world, monkeypatch):
    executor = world.executor()
    found = [world.queue() for _ in range(3)]
    for launch in found:
        executor._queue.put(("launch", launch.id))
    readings = []
    reading = world.store.reading
    monkeypatch.setattr(world.store, "reading", lambda: readings.append(1) or reading())
    executor._do(executor._queue.get())
    assert len(readings) == 1
    world.request_stop(found[1])
    executor._do(("stop", found[1].id))
    readings.clear()
    executor._do(executor._queue.get())
    assert len(readings) == 1, "it has ended since it was read"
    executor._do(executor._queue.get())
    assert world.backend.starts == [found[0].id, found[2].id]


def test_a_job_that_is_about_to_be_stored_is_not_made_again(world):
    executor = world.executor()
    launch = world.queue()
    executor._queue.put(("launch", launch.id))
    executor._queue.put(("launch", world.queue().id))
    executor._do(executor._queue.get())
    assert world.launch(launch.id).state is LaunchState.PLANNED, "others come to be stored with it"
    executor._refill.begin_anew("launch")
    executor._refill.fetch()
    work_off(executor)
    assert world.backend.starts.count(launch.id) == 1
    assert world.launch(launch.id).state is LaunchState.CREATED


def test_launches_of_another_backend_are_left_alone(world):
    other = Backend()
    other.name = "kubernetes"
    launch = world.queue()
    executor = world.executor(other)
    executor._reconcile()
    executor._do(("launch", launch.id))
    work_off(executor)
    assert (other.calls, world.launch(launch.id).state) == ([], LaunchState.PLANNED)


# Beginning -----------------------------------------------------------------------------------------------------------


def there(world):
    """An executor that has been there for a while."""
    executor = world.executor()
    executor._tick()
    world.store.clock.advance(30)
    return executor


def pass_time(world, executor, seconds):
    """SECONDS of virtual time, in which it is there."""
    while seconds > 0:
        world.store.clock.advance(min(seconds, 30))
        executor._tick()
        seconds -= 30


def test_what_does_not_start_in_time_fails_and_says_what_it_waited_for(world):
    executor = there(world)
    executor._start_backend()
    executor._do(("launch", (launch := world.queue()).id))
    pending = Observation(launch_id=launch.id, phase=Phase.PENDING, reason="ImagePullBackOff", message="no such image")
    world.backend.sink(pending)
    assert world.launch(launch.id).message == "no such image"
    pass_time(world, executor, 599)
    assert world.launch(launch.id).state is LaunchState.CREATED
    pass_time(world, executor, 2)
    found = world.launch(launch.id)
    assert found.reason == "StartupTimeout"
    assert found.message == "it did not start within 600 s (ImagePullBackOff: no such image)"
    assert ("terminate", launch.id) in world.backend.calls


def test_what_is_taken_away_for_not_starting_is_not_taken_for_lost(world):
    """The watch tells that the Job is gone while the executor, which has deleted it, has not written down why."""
    executor = there(world)
    launch = world.queue()
    executor._do(("launch", launch.id))
    gone = Observation(launch_id=launch.id, phase=Phase.GONE, reason="JobDeleted")
    watch = threading.Thread(target=executor.observe, args=(gone,))

    def after(what: str, launch_id: str) -> None:
        if what == "terminate":
            watch.start()
            watch.join(0.3)

    world.backend.after = after
    pass_time(world, executor, 601)
    watch.join()
    assert world.launch(launch.id).reason == "StartupTimeout"


def test_what_is_taken_away_for_not_starting_is_so_for_another_daemon_and_after_a_kill(world):
    """Its Job is gone, and who has deleted it has not come to write down why: was killed, or is another daemon."""
    executor = there(world)
    launch = world.queue()
    executor._do(("launch", launch.id))

    def after(what: str, launch_id: str) -> None:
        if what == "terminate":
            world.backend.phases.clear()
            raise KeyboardInterrupt

    world.backend.after = after
    with pytest.raises(KeyboardInterrupt):
        pass_time(world, executor, 601)
    world.executor()._reconcile()
    found = world.launch(launch.id)
    assert (found.reason, found.message) == ("StartupTimeout", "it did not start within 600 s (no reason was given)")


def test_what_is_seen_of_one_that_is_taken_away_for_not_starting_does_not_hide_why(world):
    """Between the words of who deletes its Job and the deletion, another daemon, or the next one, sees its pod wait."""
    executor = there(world)
    launch = world.queue()
    executor._do(("launch", launch.id))

    def before(what: str, launch_id: str) -> None:
        if what == "terminate":
            waits = Observation(launch_id=launch_id, phase=Phase.PENDING, reason="ImagePullBackOff", message="no image")
            world.backend.sink(waits)
            raise KeyboardInterrupt

    executor._start_backend()
    world.backend.before = before
    with pytest.raises(KeyboardInterrupt):
        pass_time(world, executor, 601)
    world.backend.before = lambda what, launch_id: None
    world.backend.phases.clear()
    world.executor()._reconcile()
    assert world.launch(launch.id).reason == "StartupTimeout"


def test_one_that_begins_at_the_last_moment_is_left_alone(world):
    executor = there(world)
    first, second = world.queue(), world.queue()
    for launch in (first, second):
        executor._do(("launch", launch.id))

    def before(what: str, launch_id: str) -> None:
        if what == "terminate" and launch_id == first.id:
            with world.store.transaction() as tx:
                transitions.claim_launch(tx, second.id, "pid")

    world.backend.before = before
    pass_time(world, executor, 601)
    assert world.launch(first.id).state is LaunchState.ENDED
    assert world.launch(second.id).state is LaunchState.CLAIMED
    assert ("terminate", second.id) not in world.backend.calls


def test_one_that_cannot_be_stopped_now_does_not_hold_up_the_others(world):
    executor = there(world)
    stuck, other = world.queue(), world.queue()
    for launch in (stuck, other):
        executor._do(("launch", launch.id))

    def before(what: str, launch_id: str) -> None:
        if what == "terminate" and launch_id == stuck.id:
            raise BackendAwayError("away")

    world.backend.before = before
    pass_time(world, executor, 601)
    assert world.launch(stuck.id).state is LaunchState.CREATED
    assert world.launch(other.id).state is LaunchState.ENDED
    world.backend.before = lambda what, launch_id: None
    executor._tick()
    assert world.launch(stuck.id).state is LaunchState.ENDED


def test_a_daemon_that_comes_back_lets_pods_find_it_before_it_gives_them_up(world):
    """Its runner asks again every few seconds, and was not late: nobody was there to answer."""
    world.executor()._do(("launch", (launch := world.queue()).id))
    world.store.clock.advance(3600)
    executor = world.executor()
    executor._tick()
    world.store.clock.advance(10)
    executor._tick()
    assert world.launch(launch.id).state is LaunchState.CREATED
    world.store.clock.advance(10)
    executor._tick()
    assert world.launch(launch.id).reason == "StartupTimeout"


def test_a_daemon_that_was_frozen_is_one_that_comes_back(world):
    executor = there(world)
    executor._do(("launch", (launch := world.queue()).id))
    executor._tick()
    world.store.clock.advance(3600)
    executor._tick()
    assert world.launch(launch.id).state is LaunchState.CREATED


NO_SERVER = Outcome(state=TaskState.FAILED, reason="NoServer", message="no answer for 600 s", disrupted=True)


def test_a_launch_that_could_not_be_claimed_since_the_daemon_was_away_is_replaced(world):
    world.executor()._do(("launch", (launch := world.queue()).id))
    world.backend.end(launch.id, NO_SERVER, tell=False)
    world.store.clock.advance(3600)
    executor = there(world)
    executor._reconcile()
    assert world.launch(launch.id).reason == "NoServer"
    assert world.instance(launch).state is TaskState.QUEUED
    assert len(world.launches_of(launch)) == 2


def test_a_launch_that_does_not_find_the_way_to_a_daemon_that_is_there_has_failed(world):
    executor = there(world)
    executor._start_backend()
    executor._do(("launch", (launch := world.queue()).id))
    world.backend.end(launch.id, NO_SERVER)
    assert world.instance(launch).state is TaskState.FAILED
    assert len(world.launches_of(launch)) == 1


def test_a_restart_does_not_forget_how_long_a_pod_may_take_to_start(world):
    spec = TaskSpec(
        task_id="t", operator="KubernetesPodOperator",
        operator_path="airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        fields={"image": "busybox"}, arguments={"startup_timeout_seconds": 2000},
    )  # fmt: skip
    world.defaults = dataclasses.replace(world.defaults, backend="kubernetes")
    launch = world.queue(spec)
    assert Planner(world.store, world.defaults).startup_timeout_s(launch) == 2000


def test_plans_of_launches_that_are_over_are_not_kept(world):
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    for _ in range(3):
        launch = world.queue()
        work_off(executor)
        world.backend.end(launch.id, SUCCESS)
        work_off(executor)
        assert world.launch(launch.id).state is LaunchState.CLEANED
    assert executor.planner._startup == {}


def test_what_a_process_still_uses_is_cleaned_up_when_it_has_gone(world):
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    launch = world.queue()
    work_off(executor)
    world.backend.still_there.add(launch.id)
    world.backend.end(launch.id, SUCCESS)
    work_off(executor)
    assert world.launch(launch.id).state is LaunchState.ENDED
    world.backend.still_there.clear()
    [work] = executor._later.works()
    executor._do(work)
    assert world.launch(launch.id).state is LaunchState.CLEANED


def test_a_namespace_of_its_own_is_known_before_the_launch_is_there(world):
    from goflow.domain.spec import RuntimeSpec

    seen = []
    world.backend.before = lambda what, launch_id: seen.append(launch_id and world.launch(launch_id).namespace)
    spec = TaskSpec(
        task_id="t", operator="BashOperator", fields={"bash_command": "true"}, runtime=RuntimeSpec(namespace="mine")
    )
    executor = world.executor()
    executor._do(("launch", world.queue(spec, namespace="default").id))
    assert seen == ["mine"]
