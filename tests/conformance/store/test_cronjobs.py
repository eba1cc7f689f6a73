"""Jobs of CronJobs become runs, on both databases: attempts by pods, ends, what happened while nobody looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from goflow.domain.runs import BY_CRONJOB, Event
from goflow.domain.state import LaunchState, RunState, RunType, TaskState
from goflow.scheduler import operations
from goflow.store import Store, cronjobs, dags, events, launches, runs, tasks
from tests.stores import START, record
from tests.unit.cronjobs.kit import DEFAULTS, Job, Killed, Logs, dag_of, plan, recorder

POINT = START - dt.timedelta(minutes=10)
LATE = POINT + dt.timedelta(seconds=1)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that knows the DAG."""
    with store.transaction() as tx:
        record(tx, dag_of(), namespace=DEFAULTS.namespace, paused=False)
    return store


def job(uid: str = "job-1", at: dt.datetime | None = POINT) -> Job:
    return Job(dag_of(), at, LATE, uid)


def state(store: Store) -> dict[str, Any]:
    """How the one run stands, with its task and attempts."""
    plan(store)
    with store.reading() as tx:
        (run,) = runs.list_(tx)
        (task,) = tasks.of_run(tx, run.id)
        found = launches.of_task(tx, task.id)
        attempts = tasks.attempts(tx, task.id)
    return {
        "run": (run.run_id, run.run_type.value, run.state.value, run.triggered_by),
        "ended": run.end_date,
        "task": (task.state.value, task.try_number),
        "launches": [(one.state.value, one.exit_code, one.reason, one.backend) for one in found],
        "attempts": [(one.try_number, one.state.value, one.exit_code) for one in attempts],
    }


RUN_ID = f"scheduled__{POINT.isoformat()}"


def test_a_job_that_ended_while_nobody_looked_is_a_run_with_its_own_moments(filled: Store) -> None:
    made = job()
    made.pod()
    made.ends(0, after_s=10)
    made.is_over("Complete")
    assert recorder(filled).take(made.run, made.pods).done
    found = state(filled)
    assert found["run"] == (RUN_ID, "scheduled", "success", "cronjob")
    assert found["ended"] == LATE + dt.timedelta(seconds=10), (
        "the run has ended with its task, and not when it was seen"
    )
    assert found["launches"] == [("cleaned", 0, None, BY_CRONJOB)]
    with filled.reading() as tx:
        run = runs.by_run_id(tx, "nightly", RUN_ID)
        (task,) = tasks.of_run(tx, run.id)
    assert (run.logical_date, run.queued_at, task.start_date) == (POINT, LATE, LATE + dt.timedelta(seconds=2))


def test_it_is_seen_from_its_beginning_to_its_end(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    steps = []

    def look() -> None:
        assert not writer.take(made.run, made.pods).done
        found = state(filled)
        steps.append((found["run"][2], found["task"][0], found["launches"][0][0]))

    look()
    made.pod()
    look()
    made.begins()
    look()
    made.ends(0)
    look()
    made.is_over("Complete")
    assert writer.take(made.run, made.pods).done
    assert steps == [
        ("running", "queued", "created"),
        ("running", "queued", "created"),
        ("running", "running", "claimed"),
        ("success", "success", "ended"),
    ]


def test_each_pod_is_an_attempt_with_its_own_log(filled: Store) -> None:
    made, logs = job(), Logs()
    writer = recorder(filled, logs)
    for number in range(3):
        made.pod(after_s=20 * number)
        made.begins(after_s=20 * number + 2)
        writer.take(made.run, made.pods)
        assert state(filled)["task"] == ("running", number + 1)
        made.ends(7, after_s=20 * number + 10, began_s=20 * number + 2)
        assert not writer.take(made.run, made.pods).done
        assert state(filled)["task"] == ("running", number + 1), "whether there is another pod, the Job has not said"
    made.is_over("Failed")
    assert writer.take(made.run, made.pods).done
    found = state(filled)
    assert found["run"][2] == "failed"
    assert found["attempts"] == [(1, "up_for_retry", 7), (2, "up_for_retry", 7), (3, "failed", 7)]
    assert len({launch for launch, _, _ in logs.followed}) == 3
    assert {pod for _, pod, _ in logs.followed} == {"pod-1/base", "pod-2/base", "pod-3/base"}


def test_attempts_that_were_all_over_when_they_were_seen_are_told_apart(filled: Store) -> None:
    made = job()
    for number, code in enumerate((1, 0)):
        made.pod(after_s=20 * number)
        made.ends(code, after_s=20 * number + 10, began_s=20 * number + 2)
    made.is_over("Complete")
    assert recorder(filled).take(made.run, made.pods).done
    found = state(filled)
    assert (found["run"][2], found["attempts"]) == ("success", [(1, "up_for_retry", 1), (2, "success", 0)])


def test_a_pod_that_was_evicted_is_followed_by_more_attempts_than_the_file_asks_for(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    for number in range(5):
        made.pod(after_s=20 * number)
        made.begins(after_s=20 * number + 2)
        writer.take(made.run, made.pods)
        if number < 4:
            made.loses_pod()
    made.ends(0, after_s=90)
    made.is_over("Complete")
    assert writer.take(made.run, made.pods).done
    found = state(filled)
    assert found["task"] == ("success", 5)
    assert [reason for _, _, reason, _ in found["launches"]][:4] == ["Disrupted"] * 4


@pytest.mark.parametrize(("reason", "told"), [("DeadlineExceeded", "Timeout"), ("BackoffLimitExceeded", "Error")])
def test_a_job_that_failed_says_why(filled: Store, reason: str, told: str) -> None:
    made = job()
    made.pod()
    made.ends(3)
    made.is_over("Failed", reason=reason)
    recorder(filled).take(made.run, made.pods)
    assert state(filled)["launches"][0][2] == told


def test_a_job_without_any_pod_left_is_recorded_by_its_own_word(filled: Store) -> None:
    made = job()
    made.is_over("Complete")
    assert recorder(filled).take(made.run, made.pods).done
    assert state(filled)["run"][2] == "success"


def test_a_log_that_is_still_being_read_keeps_the_job(filled: Store) -> None:
    made, logs = job(), Logs()
    made.pod()
    made.ends(0)
    made.is_over("Complete")
    logs.is_busy = True
    writer = recorder(filled, logs)
    assert not writer.take(made.run, made.pods).done
    logs.is_busy = False
    assert writer.take(made.run, made.pods).done


def test_a_job_made_by_hand_is_a_manual_run(filled: Store) -> None:
    made = job(at=None)
    recorder(filled).take(made.run, made.pods)
    assert state(filled)["run"][:2] == (f"manual__{LATE.isoformat()}", "manual")


def test_two_jobs_for_one_moment_are_two_runs(filled: Store) -> None:
    writer = recorder(filled)
    for uid in ("job-1", "job-2"):
        made = job(uid)
        writer.take(made.run, made.pods)
    with filled.reading() as tx:
        found = {(run.run_id, run.logical_date) for run in runs.list_(tx)}
    assert found == {(RUN_ID, POINT), (f"{RUN_ID}__job-2", None)}


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_job_that_is_gone_without_a_word_is_lost_and_told_so(filled: Store, has_begun: bool) -> None:
    made, writer = job(), recorder(filled)
    if has_begun:
        made.pod()
        made.begins()
    writer.take(made.run, made.pods)
    with filled.reading() as tx:
        (known,) = cronjobs.jobs(tx)
    for _ in range(2):
        writer.lose(known)
    found = state(filled)
    assert (found["run"][2], found["launches"][0][:3]) == ("failed", ("cleaned", None, "Lost"))


def test_a_job_that_somebody_deletes_fails_when_its_pod_has_ended(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    made.pod()
    made.begins()
    made.is_deleted()
    assert not writer.take(made.run, made.pods).done
    made.loses_pod()
    assert writer.take(made.run, made.pods).done
    assert state(filled)["launches"][0][2] == "Deleted"


def test_a_run_that_a_person_deletes_is_not_made_again(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    made.is_over("Complete")
    writer.take(made.run, made.pods)
    plan(filled)
    with filled.transaction() as tx:
        (run,) = runs.list_(tx)
        runs.delete_(tx, run.id, who="ann")
    assert writer.take(made.run, made.pods).done
    with filled.reading() as tx:
        assert runs.list_(tx) == []


def test_the_scheduler_launches_nothing_of_it_and_makes_no_runs_of_its_schedule(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    made.pod()
    writer.take(made.run, made.pods)
    for _ in range(3):
        filled.clock.advance(700)  # type: ignore[attr-defined]
        plan(filled)
    with filled.reading() as tx:
        assert [one.backend for one in launches.unfinished(tx)] == [BY_CRONJOB]
        assert [run.run_id for run in runs.list_(tx)] == [RUN_ID]
        dag = dags.get(tx, "nightly")
    assert dag.next_run_after is not None
    assert dag.next_run_after > filled.clock.now()


def test_a_run_of_a_paused_dag_ends_all_the_same(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    made.pod()
    made.begins()
    writer.take(made.run, made.pods)
    operations.pause(filled, "nightly", who="ann")
    made.ends(0)
    made.is_over("Complete")
    writer.take(made.run, made.pods)
    assert state(filled)["run"][2] == "success"


def test_what_is_cleared_while_it_runs_is_asked_to_stop_and_goes_on_as_goflows_own(filled: Store) -> None:
    made, writer = job(), recorder(filled)
    made.pod()
    made.begins()
    writer.take(made.run, made.pods)
    plan(filled)
    with filled.transaction() as tx:
        operations.clear(tx, "nightly", RUN_ID, who="ann")
    progress = writer.take(made.run, made.pods)
    assert (progress.done, progress.stop) == (False, True)
    made.is_deleted()
    made.loses_pod()
    assert writer.take(made.run, made.pods).done
    plan(filled)
    with filled.reading() as tx:
        (run,) = runs.list_(tx)
        (task,) = tasks.of_run(tx, run.id)
        found = [(one.state, one.backend) for one in launches.of_task(tx, task.id)]
    assert found == [(LaunchState.CLEANED, BY_CRONJOB), (LaunchState.PLANNED, "kubernetes")]


def story(store: Store) -> Iterator[Job]:
    """What is seen of a Job with two attempts, step by step."""
    made = job()
    yield made
    made.pod()
    yield made
    made.begins()
    yield made
    made.ends(1)
    yield made
    made.pod(after_s=20)
    made.begins(after_s=22)
    yield made
    made.ends(0, after_s=30, began_s=22)
    made.is_over("Complete", after_s=32)
    yield made


@contextmanager
def killed_at(store: Store, number: int) -> Iterator[list[int]]:
    """The daemon dies before, or right after, the commit NUMBER (counted in halves)."""
    real, count = store.transaction, [0]

    @contextmanager
    def transaction() -> Iterator[Any]:
        with real() as tx:
            yield tx
            count[0] += 1
            if count[0] == number:
                raise Killed
        count[0] += 1
        if count[0] == number:
            raise Killed

    store.transaction = transaction  # type: ignore[method-assign]
    try:
        yield count
    finally:
        store.transaction = real  # type: ignore[method-assign]


@pytest.mark.parametrize("seen", [6, 1], ids=["at every step", "only at the end"])
def test_killed_anywhere_it_writes_the_same(sqlite_store: Store, seen: int) -> None:
    """Each kill is in a daemon's life of its own: the next life begins with what there is of the Job then."""
    with sqlite_store.transaction() as tx:
        record(tx, dag_of(), namespace=DEFAULTS.namespace, paused=False)
    number, kills = 1, 0
    for made in list(story(sqlite_store))[-seen:] if seen == 1 else story(sqlite_store):
        while True:
            try:
                with killed_at(sqlite_store, number):
                    recorder(sqlite_store).take(made.run, made.pods)
            except Killed:
                kills, number = kills + 1, number + 1
                continue
            break
        number = 1
        plan(sqlite_store)
    assert kills >= 4
    found = state(sqlite_store)
    assert found["run"] == (RUN_ID, RunType.SCHEDULED.value, RunState.SUCCESS.value, BY_CRONJOB)
    assert found["task"] == (TaskState.SUCCESS.value, 2)
    assert found["attempts"] == [(1, "up_for_retry", 1), (2, "success", 0)]
    assert [one[0] for one in found["launches"]] == ["cleaned", "cleaned"]
    with sqlite_store.reading() as tx:
        told = events.after(tx, 0, limit=1000)
        assert [one.recorded_at is not None for one in cronjobs.jobs(tx)] == [True]
    assert transitions_told(told) == [
        "scheduled",
        "queued",
        "running",
        "up_for_retry",
        "scheduled",
        "queued",
        "running",
        "success",
    ]


def transitions_told(told: list[Event]) -> list[str]:
    return [str(event.data["to"]) for event in told if event.kind == events.TASK_STATE]


def test_how_cronjobs_stand_is_kept(filled: Store) -> None:
    one = cronjobs.CronJob(
        namespace="work",
        name="nightly",
        dag_id="nightly",
        placed=True,
        present=True,
        in_force_since=START,
        checked_until=START,
        settled={"schedule": "* * * * *"},
    )
    with filled.transaction() as tx:
        cronjobs.put(tx, one)
        cronjobs.put(tx, one)
    with filled.reading() as tx:
        assert cronjobs.all_(tx) == [one]
        assert cronjobs.find(tx, "work", "nightly") == one
        assert cronjobs.count(tx) == {(True, "active"): 1}
    with filled.transaction() as tx:
        assert cronjobs.forget(tx, "work", "nightly")
        assert not cronjobs.forget(tx, "work", "nightly")


def test_runs_are_told_with_their_jobs(filled: Store) -> None:
    made = job()
    recorder(filled).take(made.run, made.pods)
    operations.trigger(filled, "nightly", who="ann")
    with filled.reading() as tx:
        found = cronjobs.runs_of(tx, "nightly", 10)
    assert [(run.run_id, name) for run, name in found] == [(RUN_ID, "nightly-job-1")]
