"""Executors that share launches: each does its own, takes over what becomes its own, and undoes what it did too late."""

from __future__ import annotations

import pytest

from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.share import SharedByHome, SharedByName
from goflow.members.roster import Roster
from goflow.store import Store, transitions
from goflow.store.errors import DatabaseBusyError
from tests.unit.executor.kit import SUCCESS, World
from tests.unit.executor.test_service import work_off


class Half:
    """A share that holds what it is told to hold; ``asleep``: it does not know."""

    home = ""

    def __init__(self) -> None:
        self.mine: set[str] = set()
        self.asleep = False
        self.at_take = lambda together: None

    def may_have(self, launch_id: str) -> bool:
        return self.asleep or launch_id in self.mine

    def has(self, launch: Launch) -> bool:
        if self.asleep:
            raise DatabaseBusyError("it has slept")
        return launch.id in self.mine

    def take(self, together) -> bool:
        self.at_take(together)
        return all(self.has(launch) for launch in together)


@pytest.fixture
def half() -> Half:
    return Half()


def begin(executor) -> None:
    """As its thread begins, in this one."""
    executor._start_backend()
    executor._reconcile()
    executor.reconciled.set()
    executor._unsubscribe = executor.store.subscribe(executor._on_events)


def test_what_another_daemon_has_is_left_alone(world: World, half):
    mine, other = world.queue(), world.queue()
    half.mine = {mine.id}
    executor = world.executor(share=half)
    begin(executor)
    work_off(executor)
    assert world.backend.starts == [mine.id]
    for launch in (mine, other):
        executor._launching.launch(launch.id)
        world.request_stop(launch)
        executor._ending.stop(launch.id)
    assert [launch_id for what, launch_id in world.backend.calls if what == "terminate"] == [mine.id]
    world.backend.end(other.id)
    assert world.launch(other.id).state is LaunchState.PLANNED
    world.backend.end(mine.id)
    work_off(executor)
    assert world.launch(mine.id).state is LaunchState.CLEANED


def test_what_comes_to_be_its_own_is_launched_observed_and_cleaned(world: World, half):
    planned, ended, cleaned = world.queue(), world.queue(), world.queue()
    other = world.executor()
    for launch in (ended, cleaned):
        other._launching.launch(launch.id)
        world.claim(launch)
    other.observe(world.backend.phases[ended.id])
    executor = world.executor(share=half)
    begin(executor)
    world.backend.end(cleaned.id, tell=False)
    other.observe(world.backend.phases[cleaned.id])
    world.backend.end(ended.id)
    work_off(executor)
    assert world.launch(planned.id).state is LaunchState.PLANNED
    assert world.launch(ended.id).state is LaunchState.CLAIMED
    assert world.launch(cleaned.id).state is LaunchState.ENDED
    half.mine = {planned.id, ended.id, cleaned.id}
    executor.share_changed()
    executor._tick()
    work_off(executor)
    assert world.launch(planned.id).state is LaunchState.CREATED
    assert world.launch(ended.id).state is LaunchState.CLEANED
    assert world.launch(cleaned.id).state is LaunchState.CLEANED


def test_one_that_does_not_know_does_it_later(world: World, half):
    launch = world.queue()
    half.mine = {launch.id}
    executor = world.executor(share=half)
    begin(executor)
    half.asleep = True
    work_off(executor)
    assert world.backend.starts == []
    half.asleep = False
    world.store.clock.advance(10)
    executor._tick()
    work_off(executor)
    assert world.backend.starts == [launch.id]


def test_a_launch_that_went_over_to_another_at_the_last_moment_is_not_made(world: World, half):
    launch = world.queue()
    half.mine = {launch.id}
    executor = world.executor(share=half)
    half.at_take = lambda together: half.mine.clear()
    executor._launching.launch(launch.id)
    assert world.backend.starts == []
    assert world.launch(launch.id).state is LaunchState.PLANNED


def test_what_was_over_before_it_was_made_is_taken_away_again(world: World, half):
    """It slept between its last look and its call; another daemon has done all of it meanwhile."""
    launch = world.queue()
    half.mine = {launch.id}
    slept, awake = world.executor(share=half), world.executor()

    def sleep(what: str, launch_id: str) -> None:
        if what == "launch" and not world.backend.starts:
            world.backend.before = lambda what, launch_id: None
            awake._launching.launch(launch_id)
            world.claim(launch)
            world.backend.end(launch_id, SUCCESS, tell=False)
            awake.observe(world.backend.phases[launch_id])
            awake._ending.clean(launch_id)
            del world.backend.plans[launch_id]  # its TTL is over

    world.backend.before = sleep
    slept._launching.launch(launch.id)
    slept._known.flush()
    assert world.backend.starts == [launch.id] * 2
    assert world.backend.calls[-2:] == [("terminate", launch.id), ("cleanup", launch.id)]
    assert world.backend.phases == {}
    assert world.launch(launch.id).state is LaunchState.CLEANED
    assert world.instance(launch).state is TaskState.SUCCESS


# What the members of a database share -----------------------------------------------------------------------------------


class Members:
    """Rosters of daemons on the world's database, each with a store of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stores: list[Store] = []

    def join(self, name: str) -> Roster:
        store = Store(str(self.world.store.database.url), clock=self.world.store.clock)
        self.stores.append(store)
        roster = Roster(store, name, name=name, backend="local", version="1", ttl_s=5)
        roster._join()
        roster.started.set()
        return roster


@pytest.fixture
def members(world: World):
    made = Members(world)
    yield made
    for store in made.stores:
        store.close()


def queued_for(world: World, roster: Roster) -> Launch:
    """A launch that the names give to that daemon."""
    while True:
        launch = world.queue()
        if roster.has(launch.id):
            return launch


def test_each_launch_is_looked_after_by_one_and_those_of_one_job_together(world: World, members):
    a = members.join("a")
    b = members.join("b")
    a.look()
    shares = [SharedByName(a), SharedByName(b)]
    for launch in [world.queue() for _ in range(10)]:
        assert sorted(share.has(launch) for share in shares) == [False, True]
        assert [share.may_have(launch.id) for share in shares] == [share.has(launch) for share in shares]
    copies = world.queue_copies(8)
    assert len({shares[0].has(launch) for launch in copies}) == 1


def test_a_process_is_of_the_home_that_has_begun_it(world: World, members):
    a, b = members.join("a"), members.join("b")
    a.look()
    launch = queued_for(world, a)
    shares = [SharedByHome(a), SharedByHome(b)]
    assert [share.has(launch) for share in shares] == [True, False]
    other = world.executor(share=shares[1])
    other._launching.launch(launch.id)
    assert world.backend.starts == []
    world.executor(share=shares[0])._launching.launch(launch.id)
    assert (world.launch(launch.id).state, world.launch(launch.id).home) == (LaunchState.CREATED, "a")
    a.leave()
    b.look()
    assert shares[1].has(world.launch(launch.id)), "it has not begun, and its daemon is gone"
    with world.store.transaction() as tx:
        assert transitions.claim_launch(tx, launch.id, "1:1", home="b") is transitions.Claimed.UNWANTED
        assert transitions.claim_launch(tx, launch.id, "1:1", home="a") is transitions.Claimed.CLAIMED
    assert not shares[1].has(world.launch(launch.id)), "it has begun: its daemon will be back"
    again = members.join("a")
    assert SharedByHome(again).has(world.launch(launch.id))


def test_of_two_processes_of_one_launch_the_first_to_claim_it_is_it(world: World):
    launch = world.queue()
    with world.store.transaction() as tx:
        assert transitions.claim_launch(tx, launch.id, "1:1", home="a") is transitions.Claimed.CLAIMED
        assert transitions.claim_launch(tx, launch.id, "2:2", home="b") is transitions.Claimed.UNWANTED
    assert world.launch(launch.id).home == "a"


def test_what_a_daemon_that_is_gone_was_to_begin_is_begun_by_another(world: World, members):
    a, b = members.join("a"), members.join("b")
    a.look()
    launch = queued_for(world, a)
    world.executor(share=SharedByHome(a))._launching.launch(launch.id)
    a.leave()
    b.look()
    world.backend.phases.clear()  # b's machine has no such process
    executor = world.executor(share=SharedByHome(b))
    begin(executor)
    work_off(executor)
    old, new = world.launches_of(launch)
    assert (old.state, old.reason, new.home) == (LaunchState.LOST, "DaemonGone", "b")
    assert world.instance(launch).try_number == 1
    with world.store.transaction() as tx:
        assert transitions.claim_launch(tx, old.id, "1:1", home="a") is transitions.Claimed.UNWANTED
