"""Every store case runs on SQLite and on PostgreSQL: slots, launches and claims, with real concurrency."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier

import pytest

from goflow.domain.errors import NotFoundError, StateChangeRefusedError
from goflow.domain.state import LAUNCH_TRANSITIONS, LaunchState, TaskState
from goflow.store import Store, bulk, events, launches, pools, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.transitions import Claimed, LaunchRequest, Limit, TaskChange, advance_launch, advance_task
from tests.stores import START, Made, OpenStore, bash_dag, begin, make_run, queue, schedule

S, L = TaskState, LaunchState
RACERS = 6


def race(stores: Sequence[Store], work: Callable[[Store, int], object]) -> list[object]:
    """Let WORK run at the same moment in a thread for each of STORES; what each of them gave."""
    line = threading.Barrier(len(stores))

    def run(number: int) -> object:
        with stores[number].transaction() as tx:
            events.last_seq(tx)  # the connection is there before the start
        line.wait(30)
        return work(stores[number], number)

    with ThreadPoolExecutor(len(stores)) as threads:
        return list(threads.map(run, range(len(stores))))


def scheduled_run(store: Store, count: int, **fields: object) -> Made:
    """A run of COUNT tasks that all wait for a slot."""
    with store.transaction() as tx:
        made = make_run(tx, instances=[NewTask(task_id=f"t{n}", **fields) for n in range(count)])  # type: ignore[arg-type]
        transitions.apply(tx, [TaskChange(ti.id, S.NONE, S.SCHEDULED) for ti in made.tasks.values()])
    return made


def requests_for(store: Store, **options: object) -> list[LaunchRequest]:
    """A request for each task that waits."""
    with store.reading() as tx:
        given = {"backend": "local", "new_attempt": True, **options}
        return [LaunchRequest(ti=ti, **given) for ti in tasks.scheduled(tx)]  # type: ignore[arg-type]


def test_a_launch_is_planned_with_the_decision(store: Store) -> None:
    with store.transaction() as tx:
        ti = schedule(tx, make_run(tx)["first"])
        planned = transitions.plan_launch(
            tx, ti, backend="kubernetes", namespace="jobs", new_attempt=True, token_hash="t", plan="manifest"
        )
    assert planned.why == "planned"
    assert planned.launch is not None
    with store.reading() as tx:
        launch, after = launches.with_task(tx, planned.launch.id)
        assert launch == planned.launch
        assert (launch.state, launch.try_number, launch.ordinal, launch.planned_at) == (L.PLANNED, 1, 1, START)
        assert (after.state, after.try_number, after.queued_at) == (S.QUEUED, 1, START)
        assert launch.job_name.startswith("example-first-")
        assert launches.plan(tx, launch.id) == "manifest"
        assert launches.by_job(tx, "jobs", launch.job_name) == launch
        assert launches.by_token(tx, "t") == launch
        assert launches.unfinished(tx, "kubernetes") == launches.planned(tx) == [launch]
        assert launches.unfinished(tx, "local") == []
        kinds = [event.kind for event in events.after(tx, 0)][-3:]
        assert kinds == [events.TASK_STATE, events.TASK_STATE, events.LAUNCH_STATE]


def test_a_task_that_changed_meanwhile_gets_no_launch(store: Store) -> None:
    with store.transaction() as tx:
        ti = schedule(tx, make_run(tx)["first"])
        advance_task(tx, ti.id, S.SCHEDULED, S.NONE, who="me")
        planned = transitions.plan_launch(tx, ti, backend="local", new_attempt=True)
        assert (planned.launch, planned.why) == (None, "changed")
        assert launches.of_task(tx, ti.id) == []
        assert tasks.attempts(tx, ti.id) == []


@pytest.mark.parametrize(
    ("slots", "each", "expected"), [(0, 1, 0), (3, 1, 3), (3, 2, 1), (-1, 1, 5), (128, 1, 5)], ids=str
)
def test_a_pool_gives_no_more_slots_than_it_has(store: Store, slots: int, each: int, expected: int) -> None:
    with store.transaction() as tx:
        pools.set_(tx, "small", slots, who="me")
    scheduled_run(store, 5, pool="small", pool_slots=each)
    with store.transaction() as tx:
        answers = transitions.plan_launches(tx, requests_for(store))
    assert sum(answer.launch is not None for answer in answers) == expected
    assert {answer.why for answer in answers if answer.launch is None} <= {"pool_full"}
    with store.reading() as tx:
        assert pools.get(tx, "small").queued == expected * each


def test_a_small_task_may_pass_a_large_one_that_finds_no_room(store: Store) -> None:
    with store.transaction() as tx:
        pools.set_(tx, "small", 2, who="me")
        wanted = [NewTask(task_id="large", pool="small", pool_slots=3), NewTask(task_id="small", pool="small")]
        made = make_run(tx, instances=wanted)
        requests = [LaunchRequest(ti=schedule(tx, ti), backend="local", new_attempt=True) for ti in made.tasks.values()]
        large, small = transitions.plan_launches(tx, requests)
        assert (large.why, small.why) == ("pool_full", "planned")


def test_a_pool_that_is_not_there_keeps_its_tasks_waiting(store: Store) -> None:
    scheduled_run(store, 1, pool="nowhere")
    with store.transaction() as tx:
        [answer] = transitions.plan_launches(tx, requests_for(store))
        assert answer.why == "no_such_pool"
        assert len(tasks.scheduled(tx)) == 1


def test_deferred_tasks_count_where_the_pool_says_so(store: Store) -> None:
    with store.transaction() as tx:
        for name, include in (("counts", True), ("free", False)):
            pools.set_(tx, name, 1, include_deferred=include, who="me")
            made = make_run(tx, bash_dag(name), instances=[NewTask(task_id=t, pool=name) for t in ("a", "b")])
            begin(tx, made["a"])
            advance_task(tx, made["a"].id, S.RUNNING, S.DEFERRED, who="test")
            planned = transitions.plan_launch(tx, schedule(tx, made["b"]), backend="local", new_attempt=True)
            assert planned.why == ("pool_full" if include else "planned")
            pool = pools.get(tx, name)
            assert (pool.deferred, pool.queued, pool.open) == ((1, 0, 0) if include else (1, 1, 0))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("dag", [1, 1, 0, 0]), ("run", [1, 1, 1, 1]), ("task", [1, 1, 0, 0]), ("task_in_run", [1, 1, 1, 1])],
)
def test_limits_count_what_is_queued_or_running(store: Store, scope: str, expected: list[int]) -> None:
    with store.transaction() as tx:
        first = make_run(tx, bash_dag("example", "a", "b"), run_id="one")
        second = make_run(tx, bash_dag("example", "a", "b"), run_id="two")
        other = make_run(tx, bash_dag("other", "a", "b"))
        for made in (first, second, other):
            for ti in made.tasks.values():
                schedule(tx, ti)
        begin_ids = [first["a"].id, first["b"].id, second["b"].id, second["a"].id]
        most = {"dag": 2, "run": 2, "task": 1, "task_in_run": 1}[scope]
        limits = (Limit(scope, most),)  # type: ignore[arg-type]
        requests = [
            LaunchRequest(ti=tasks.get(tx, key), backend="local", new_attempt=True, limits=limits) for key in begin_ids
        ]
        answers = transitions.plan_launches(tx, requests)
        assert [int(answer.launch is not None) for answer in answers] == expected
        elsewhere = LaunchRequest(ti=tasks.get(tx, other["a"].id), backend="local", new_attempt=True, limits=limits)
        assert transitions.plan_launches(tx, [elsewhere])[0].launch is not None, "another DAG has room of its own"


@pytest.mark.parametrize("state", [S.DEFERRED, S.AWAITING_INPUT])
@pytest.mark.parametrize(
    ("scope", "with_suspended", "expected"),
    [("task", True, 0), ("task_in_run", True, 1), ("task", False, 1), ("dag", True, 1), ("run", True, 1)],
)
def test_limits_of_a_task_count_what_is_suspended_where_that_is_asked_for(
    store: Store, scope: str, with_suspended: bool, expected: int, state: S
) -> None:
    with store.transaction() as tx:
        first = make_run(tx, bash_dag("example", "a", "b"), run_id="one")
        second = make_run(tx, bash_dag("example", "a", "b"), run_id="two")
        begin(tx, first["a"])
        advance_task(tx, first["a"].id, S.RUNNING, state, who="test")
        limits = (Limit(scope, 1, with_suspended),)  # type: ignore[arg-type]
        planned = transitions.plan_launch(
            tx, schedule(tx, second["a"]), backend="local", new_attempt=True, limits=limits
        )
        assert int(planned.launch is not None) == expected


def test_daemons_that_plan_at_the_same_time_never_overfill_a_pool(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    with stores[0].transaction() as tx:
        pools.set_(tx, "small", 7, who="me")
    scheduled_run(stores[0], 40, pool="small")
    requests = requests_for(stores[0])

    def plan(store: Store, number: int) -> int:
        taken = 0
        mine = requests[number * 5 :] + requests[: number * 5]
        for start in range(0, len(mine), 5):
            with store.transaction() as tx:
                answers = transitions.plan_launches(tx, mine[start : start + 5])
                taken += sum(answer.launch is not None for answer in answers)
        return taken

    assert sum(race(stores, plan)) == 7  # type: ignore[arg-type]
    with stores[0].reading() as tx:
        assert pools.get(tx, "small").queued == 7
        assert len(launches.planned(tx)) == 7


def test_daemons_that_plan_at_the_same_time_never_pass_a_limit(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    with stores[0].transaction() as tx:
        names = [f"pool {number}" for number in range(30)]
        for name in names:
            pools.set_(tx, name, 1, who="me")
        made = make_run(tx, instances=[NewTask(task_id=name, pool=name) for name in names])
        transitions.apply(tx, [TaskChange(ti.id, S.NONE, S.SCHEDULED) for ti in made.tasks.values()])
    requests = requests_for(stores[0], limits=(Limit("run", 4),))

    def plan(store: Store, number: int) -> None:
        for request in requests[number:] + requests[:number]:
            with store.transaction() as tx:
                transitions.plan_launches(tx, [request])

    race(stores, plan)
    with stores[0].reading() as tx:
        assert len(launches.planned(tx)) == 4


def test_a_task_is_queued_by_one_daemon_only(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    made = scheduled_run(stores[0], 20)
    requests = requests_for(stores[0])

    def plan(store: Store, number: int) -> list[str]:
        out = []
        for request in requests:
            with store.transaction() as tx:
                out.append(transitions.plan_launches(tx, [request])[0].why)
        return out

    words = Counter(word for words in race(stores, plan) for word in words)  # type: ignore[attr-defined]
    assert words == {"planned": 20, "changed": 20 * (RACERS - 1)}
    with stores[0].reading() as tx:
        assert [len(launches.of_task(tx, ti.id)) for ti in made.tasks.values()] == [1] * 20


def test_a_change_is_made_by_one_of_many_only(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    with stores[0].transaction() as tx:
        made = make_run(tx, instances=[NewTask(task_id=f"t{n}") for n in range(40)])
    ids = [ti.id for ti in made.tasks.values()]

    def change(store: Store, number: int) -> list[bool]:
        out = []
        for ti_id in ids:
            with store.transaction() as tx:
                out.append(advance_task(tx, ti_id, S.NONE, S.SCHEDULED, who=str(number)))
        return out

    answers = race(stores, change)
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * len(ids)  # type: ignore[call-overload]
    with stores[0].reading() as tx:
        assert len(events.after(tx, 0, kinds=[events.TASK_STATE])) == len(ids)


def claim_all(url: str, ids: Sequence[str], claimant: str, line: Barrier) -> list[str]:
    """Claim each of IDS, in a process of its own."""
    store = Store(url)
    out = []
    line.wait(60)
    for launch_id in ids:
        with store.transaction() as tx:
            out.append(transitions.claim_launch(tx, launch_id, claimant).value)
    store.close()
    return out


def test_exactly_one_of_many_processes_gets_a_launch(store: Store, store_url: str) -> None:
    with store.transaction() as tx:
        made = make_run(tx, instances=[NewTask(task_id=f"t{n}") for n in range(60)])
        ids = [queue(tx, ti).id for ti in made.tasks.values()]
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(3, spawn) as processes:
        line = manager.Barrier(3)
        work = [processes.submit(claim_all, store_url, ids, f"process {n}", line) for n in range(3)]  # type: ignore[arg-type]
        answers = [done.result(60) for done in work]
    for launch_id, column in zip(ids, zip(*answers, strict=True), strict=True):
        assert Counter(column) == {"claimed": 1, "taken": 2}, launch_id
    with store.reading() as tx:
        for number, launch_id in enumerate(ids):
            winner = int(str(launches.get(tx, launch_id).claimed_by).removeprefix("process "))
            assert answers[winner][number] == "claimed"


def test_exactly_one_of_many_claimants_gets_a_launch(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    with stores[0].transaction() as tx:
        made = make_run(tx, instances=[NewTask(task_id=f"t{n}") for n in range(25)])
        ids = [queue(tx, ti).id for ti in made.tasks.values()]

    def claim(store: Store, number: int) -> list[Claimed]:
        out = []
        for launch_id in ids:
            with store.transaction() as tx:
                answer = transitions.claim_launch(tx, launch_id, f"pod-{number}")
                if answer is Claimed.CLAIMED:
                    ti_id = launches.get(tx, launch_id).task_instance_id
                    assert advance_task(tx, ti_id, S.QUEUED, S.RUNNING, who="executor")
                out.append(answer)
        return out

    answers = race(stores, claim)
    for column in zip(*answers, strict=True):  # type: ignore[call-overload]
        assert Counter(column) == {Claimed.CLAIMED: 1, Claimed.TAKEN: RACERS - 1}
    with stores[0].reading() as tx:
        for launch_id in ids:
            winner = launches.get(tx, launch_id).claimed_by
            assert answers[int(str(winner)[4:])][ids.index(launch_id)] is Claimed.CLAIMED  # type: ignore[index]
    with stores[0].reading() as tx:
        claims = [event for event in events.after(tx, 0, limit=10_000) if event.data.get("to") == "claimed"]
        assert len(claims) == len(ids)


def test_a_claim_and_a_clear_at_the_same_time_never_leave_a_stray_process(open_store: OpenStore) -> None:
    """Either the clear comes first and the claimant ends quietly, or it is claimed and then asked to stop."""
    stores = [open_store(), open_store()]
    for round_ in range(20):
        with stores[0].transaction() as tx:
            made = make_run(tx, run_id=f"r{round_}")
            launch = queue(tx, made["first"])

        def work(store: Store, number: int, launch_id: str = launch.id, ti_id: int = made["first"].id) -> object:
            with store.transaction() as tx:
                if number:
                    return transitions.clear_tasks(tx, {ti_id: 1}, who="me")
                answer = transitions.claim_launch(tx, launch_id, "pod")
                if answer is Claimed.CLAIMED:
                    assert advance_task(tx, ti_id, S.QUEUED, S.RUNNING, who="executor")
                return answer

        answer, cleared = race(stores, work)
        with stores[0].reading() as tx:
            after = launches.get(tx, launch.id)
            assert cleared == [made["first"].id]
            assert tasks.get(tx, made["first"].id).state is S.RESTARTING
            assert after.stop_requested_at is not None
            assert (answer, after.claimed_by) in {(Claimed.CLAIMED, "pod"), (Claimed.UNWANTED, None)}


def test_many_claims_at_once_are_told_each_what_came_of_it(store: Store) -> None:
    free = bulk.FEWEST + 1
    scheduled_run(store, 2 + free)
    with store.transaction() as tx:
        planned = transitions.plan_launches(tx, requests_for(store), at=START)
        ids = [one.launch.id for one in planned if one.launch is not None]
        transitions.claim_launch(tx, ids[0], "other")
        transitions.claim_launch(tx, ids[1], "me")
        claims = dict.fromkeys(ids, "me")
        moments = {launch_id: START + dt.timedelta(seconds=place) for place, launch_id in enumerate(ids)}
        answers = transitions.claim_launches(tx, claims, moments=moments)
        assert list(answers.values()) == [Claimed.TAKEN, Claimed.OURS, *[Claimed.CLAIMED] * free]
        found = [launches.get(tx, launch_id) for launch_id in ids]
    assert [(launch.state, launch.claimed_by) for launch in found] == [
        (L.CLAIMED, "other"),
        *[(L.CLAIMED, "me")] * (1 + free),
    ]
    assert [launch.claimed_at for launch in found[2:]] == [moments[launch.id] for launch in found[2:]]


def test_several_are_claimed_in_one_statement_each_at_its_moment(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx)
        first, second = queue(tx, made["first"]), queue(tx, made["second"])
        earlier = START - dt.timedelta(seconds=3)
        answers = transitions.claim_launches(tx, {first.id: "a", second.id: "b"}, moments={second.id: earlier})
        assert answers == {first.id: Claimed.CLAIMED, second.id: Claimed.CLAIMED}
        found = [launches.get(tx, launch.id) for launch in (first, second)]
        assert [(launch.claimed_by, launch.claimed_at) for launch in found] == [("a", START), ("b", earlier)]


def test_a_claimant_that_asks_again_is_told_so(store: Store) -> None:
    with store.transaction() as tx:
        launch = queue(tx, make_run(tx)["first"])
        assert transitions.claim_launch(tx, launch.id, "a") is Claimed.CLAIMED
        assert transitions.claim_launch(tx, launch.id, "a") is Claimed.OURS
        assert transitions.claim_launch(tx, launch.id, "b") is Claimed.TAKEN
        assert launches.get(tx, launch.id).claimed_at == START


@pytest.mark.parametrize(
    "why", ["no such launch", "stopped", "ended", "lost", "task marked", "task cleared", "next try"]
)
def test_a_launch_that_is_not_wanted_is_not_claimed(store: Store, why: str) -> None:
    with store.transaction() as tx:
        ti = make_run(tx)["first"]
        launch = queue(tx, ti)
        match why:
            case "stopped":
                assert transitions.request_stop(tx, launch.id, who="me")
                assert not transitions.request_stop(tx, launch.id, who="me")
            case "ended":
                advance_launch(tx, launch.id, L.PLANNED, L.ENDED)
            case "lost":
                advance_launch(tx, launch.id, L.PLANNED, L.LOST)
            case "task marked":
                transitions.mark_task(tx, ti.id, S.SUCCESS, who="me")
            case "task cleared":
                transitions.clear_tasks(tx, {ti.id: 1}, who="me")
            case "next try":
                for before, after in ((S.QUEUED, S.UP_FOR_RETRY), (S.UP_FOR_RETRY, S.SCHEDULED)):
                    advance_task(tx, ti.id, before, after, who="test")
                transitions.plan_launch(tx, tasks.get(tx, ti.id), backend="local", new_attempt=True)
        name = "nothing" if why == "no such launch" else launch.id
        assert transitions.claim_launch(tx, name, "a") is Claimed.UNWANTED
        assert launches.get(tx, launch.id).claimed_by is None


@pytest.mark.parametrize("before", list(LaunchState))
def test_the_launch_table_is_the_law(store: Store, before: LaunchState) -> None:
    ways = {
        L.PLANNED: [],
        L.CREATED: [L.CREATED],
        L.CLAIMED: [L.CREATED, L.CLAIMED],
        L.ENDED: [L.ENDED],
        L.CLEANED: [L.ENDED, L.CLEANED],
        L.LOST: [L.LOST],
    }
    for after in LaunchState:
        with store.transaction() as tx:
            launch = queue(tx, make_run(tx, run_id=after.value)["first"])
            for state in ways[before]:
                advance_launch(tx, launch.id, list(L), state)
            if after in LAUNCH_TRANSITIONS[before]:
                assert advance_launch(tx, launch.id, before, after)
                assert launches.get(tx, launch.id).state is after
            else:
                with pytest.raises(StateChangeRefusedError):
                    advance_launch(tx, launch.id, before, after)


def test_a_launch_carries_its_story(store: Store) -> None:
    with store.transaction() as tx:
        launch = queue(tx, make_run(tx)["first"])
        launches.set_message(tx, launch.id, reason="ImagePullBackOff", message="no such image")
        assert launches.get(tx, launch.id).reason == "ImagePullBackOff"
        launches.set_plan(tx, launch.id, "{}")
        assert advance_launch(tx, launch.id, L.PLANNED, L.CREATED, job_name="given")
        assert not advance_launch(tx, launch.id, L.PLANNED, L.CREATED)
        outcome = {"state": "failed", "retry": False}
        store.clock.advance(5)  # type: ignore[attr-defined]
        ended = START + dt.timedelta(seconds=5)
        told = {"exit_code": 137, "reason": "OOMKilled", "message": "out of memory", "outcome": outcome}
        assert advance_launch(tx, launch.id, [L.CREATED, L.CLAIMED], L.ENDED, **told)  # type: ignore[arg-type]
        after = launches.get(tx, launch.id)
        assert (after.created_at, after.ended_at, after.exit_code) == (START, ended, 137)
        assert (after.reason, after.message, after.job_name) == ("OOMKilled", "out of memory", "given")
        assert launches.outcome(tx, launch.id) == outcome
        assert launches.to_clean(tx, "local") == [after]
        assert launches.count_unfinished(tx) == {("local", L.ENDED): 1}
        advance_launch(tx, launch.id, L.ENDED, L.CLEANED)
        assert launches.to_clean(tx) == launches.unfinished(tx) == []
        with pytest.raises(NotFoundError):
            launches.get(tx, "nothing")
        assert not advance_launch(tx, "nothing", L.PLANNED, L.CREATED)
        with pytest.raises(TypeError, match="backend"):
            advance_launch(tx, queue(tx, make_run(tx, run_id="2")["first"]).id, L.PLANNED, L.CREATED, backend="x")


def test_a_lost_launch_is_replaced_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(RACERS)]
    with stores[0].transaction() as tx:
        ti = make_run(tx)["first"]
        lost = queue(tx, ti)
        assert transitions.replace_launch(tx, lost.id) is None, "it is still open"
        advance_launch(tx, lost.id, L.PLANNED, L.LOST, reason="gone")

    def replace(store: Store, number: int) -> object:
        with store.transaction() as tx:
            return transitions.replace_launch(tx, lost.id)

    made = [launch for launch in race(stores, replace) if launch is not None]
    assert len(made) == 1
    with stores[0].transaction() as tx:
        first, second = launches.of_task(tx, ti.id, 1)
        assert (first.ordinal, second.ordinal, second.state) == (1, 2, L.PLANNED)
        assert first.job_name != second.job_name
        assert launches.latest(tx, ti.id) == second
        assert transitions.claim_launch(tx, second.id, "pod") is Claimed.CLAIMED
        advance_launch(tx, second.id, L.CLAIMED, L.LOST)
        transitions.mark_task(tx, ti.id, S.FAILED, who="me")
        assert transitions.replace_launch(tx, second.id) is None, "the attempt is over"
        with pytest.raises(NotFoundError):
            transitions.replace_launch(tx, "nothing")
