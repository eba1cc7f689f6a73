"""Jobs are held until all of them is stored, stopped when nobody wants them, and let go; those of others are not touched."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from goflow.cronjobs.following import KEEP_S, Jobs
from goflow.cronjobs.jobs import FINALIZER, PodSeen
from goflow.kube.errors import KubeError, UnavailableError, error_for
from goflow.scheduler import operations
from goflow.store import Store, cronjobs, launches, runs, tasks
from tests.stores import record
from tests.unit.cronjobs.kit import DEFAULTS, ApiServer, Job, Logs, dag_of, plan, recorder
from tests.unit.cronjobs.test_missed import at
from tests.unit.cronjobs.test_watched import DAG_ID, THEIRS, see

HELD = ("apply", "nightly-job-1", {"metadata": {"finalizers": [FINALIZER]}})
LET_GO = ("apply", "nightly-job-1", {"spec": {"ttlSecondsAfterFinished": KEEP_S}})


class Seen:
    """What the watches have told."""

    def __init__(self, *made: Job) -> None:
        self.made = {one.item["metadata"]["uid"]: one for one in made}
        self.asked: set[str] = set(self.made)
        self.gone: set[str] = set()

    def changed(self) -> dict[str, tuple[Any, list[PodSeen], bool]]:
        found = {uid: (copy.deepcopy(self.made[uid].item), self.made[uid].pods, uid in self.gone) for uid in self.asked}
        self.asked = set()
        return found

    def again(self, uid: str) -> None:
        self.asked.add(uid)

    def has(self, uid: str) -> bool:
        return uid in self.made and uid not in self.gone

    def forget(self, uid: str) -> None:
        pass


@pytest.fixture
def filled(sqlite_store: Store) -> Store:
    with sqlite_store.transaction() as tx:
        record(tx, dag_of(), namespace=DEFAULTS.namespace)
    return sqlite_store


def follow(store: Store, api: ApiServer, seen: Seen, logs: Logs | None = None, **watched: tuple[str, str]) -> bool:
    """A daemon that has begun just now takes what is SEEN."""
    jobs = Jobs(api, store, recorder(store, logs), DEFAULTS.installation)
    return jobs.take(seen, watched)  # type: ignore[arg-type]


def job() -> Job:
    return Job(dag_of(), at("11:10"), at("11:10"))


def test_it_is_held_before_anything_is_recorded_and_let_go_when_all_is(filled: Store) -> None:
    api, made, logs = ApiServer(), job(), Logs()
    made.pod()
    made.begins()
    follow(filled, api, Seen(made))
    assert api.said == [HELD]
    made.item["metadata"]["finalizers"] = [FINALIZER]
    made.ends(0)
    made.is_over("Complete")
    logs.is_busy = True
    assert follow(filled, api, Seen(made), logs), "its log is still being read: it is looked at again soon"
    assert api.said == [HELD]
    logs.is_busy = False
    assert not follow(filled, api, Seen(made), logs)
    assert api.said == [HELD, LET_GO]


def test_what_was_let_go_by_a_daemon_that_died_is_let_go_again(filled: Store) -> None:
    api, made = ApiServer(), job()
    made.item["metadata"]["finalizers"] = [FINALIZER]
    made.is_over("Complete")
    api.refuses = UnavailableError(0, "NoAnswer", "away")
    seen = Seen(made)
    with pytest.raises(UnavailableError):
        follow(filled, api, seen)
    assert seen.asked == {"job-1"}, "it is told again"
    api.refuses = None
    follow(filled, api, seen)
    assert api.said == [LET_GO]
    made.item["metadata"].pop("finalizers")
    made.item["spec"]["ttlSecondsAfterFinished"] = KEEP_S
    follow(filled, api, Seen(made))
    assert api.said == [LET_GO]


def test_what_a_person_does_not_want_any_more_is_stopped_once(filled: Store) -> None:
    api, made = ApiServer(), job()
    made.item["metadata"]["finalizers"] = [FINALIZER]
    made.pod()
    made.begins()
    jobs = Jobs(api, filled, recorder(filled), DEFAULTS.installation)
    seen = Seen(made)
    jobs.take(seen, {})  # type: ignore[arg-type]
    plan(filled)
    with filled.transaction() as tx:
        operations.clear(tx, "nightly", f"scheduled__{at('11:10').isoformat()}", who="ann")
    for _ in range(2):
        seen.again("job-1")
        jobs.take(seen, {})  # type: ignore[arg-type]
    assert api.said == [("delete", "nightly-job-1", {}), ("delete pod", "pod-1", {})]


def test_one_that_was_deleted_while_it_runs_has_its_pods_ended(filled: Store) -> None:
    """Its finalizer keeps it there, and the Job controller does nothing about it any more."""
    api, made = ApiServer(), job()
    made.item["metadata"]["finalizers"] = [FINALIZER]
    made.pod()
    made.begins()
    made.is_deleted()
    follow(filled, api, Seen(made))
    assert api.said == [("delete pod", "pod-1", {})]


@pytest.mark.parametrize("over", [True, False])
def test_one_that_is_gone_is_recorded_by_what_was_seen_of_it_last(filled: Store, over: bool) -> None:
    api, made = ApiServer(), job()
    made.pod()
    made.begins()
    follow(filled, api, Seen(made))
    if over:
        made.ends(0)
        made.is_over("Complete")
    seen = Seen(made)
    seen.gone.add("job-1")
    follow(filled, api, seen)
    plan(filled)
    with filled.reading() as tx:
        (run,) = runs.list_(tx)
        assert cronjobs.jobs(tx) == []
    assert run.state == ("success" if over else "failed")


def test_what_has_gone_while_no_daemon_was_there_is_lost(filled: Store) -> None:
    api, made = ApiServer(), job()
    made.pod()
    made.begins()
    follow(filled, api, Seen(made))
    Jobs(api, filled, recorder(filled), DEFAULTS.installation).reconcile(Seen())  # type: ignore[arg-type]
    plan(filled)
    with filled.reading() as tx:
        (run,) = runs.list_(tx)
        (task,) = tasks.of_run(tx, run.id)
        assert launches.of_task(tx, task.id)[0].reason == "Lost"
    assert run.state == "failed"


def test_jobs_of_watched_cronjobs_are_recorded_and_nothing_is_said_of_them(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    api, made = ApiServer(), job()
    metadata = made.item["metadata"]
    metadata.update(labels={}, ownerReferences=[{"uid": "uid-1", "controller": True}])
    metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if "goflow" not in key}
    made.pod()
    made.ends(0)
    made.is_over("Complete")
    for _ in range(2):
        follow(sqlite_store, api, Seen(made), **{"uid-1": ("backup", DAG_ID)})
    assert api.said == []
    plan(sqlite_store)
    with sqlite_store.reading() as tx:
        (run,) = runs.list_(tx)
        assert [one.recorded_at is not None for one in cronjobs.jobs(tx)] == [True]
    assert (run.dag_id, run.state) == (DAG_ID, "success")


def test_jobs_that_nobody_watches_are_passed_over(sqlite_store: Store) -> None:
    api, made = ApiServer(), job()
    made.item["metadata"]["annotations"]["goflow/installation"] = "another"
    follow(sqlite_store, api, Seen(made))
    assert api.said == []
    with sqlite_store.reading() as tx:
        assert runs.list_(tx) == []


def test_a_job_of_a_dag_that_nobody_knows_is_held_and_left_alone(sqlite_store: Store) -> None:
    api = ApiServer()
    follow(sqlite_store, api, Seen(job()))
    assert api.said == [HELD]


def test_what_runs_is_told_to_whoever_measures_it(filled: Store) -> None:
    made = job()
    made.pod()
    made.begins()
    jobs = Jobs(ApiServer(), filled, recorder(filled), DEFAULTS.installation)
    seen = Seen(made)
    jobs.take(seen, {})  # type: ignore[arg-type]
    assert jobs.pods() == [(made.run.launch_id(1), made.pods[0].item)]
    made.ends(0)
    seen.again("job-1")
    jobs.take(seen, {})  # type: ignore[arg-type]
    assert jobs.pods() == []


@pytest.mark.parametrize(("status", "is_harmless"), [(404, True), (409, True), (422, True), (403, False)])
def test_a_job_that_goes_at_this_moment_keeps_nobody_from_going_on(
    filled: Store, status: int, is_harmless: bool
) -> None:
    api, made = ApiServer(), job()
    api.refuses = error_for(status, "Why", "words", None)
    if is_harmless:
        follow(filled, api, Seen(made))
    else:
        with pytest.raises(KubeError):
            follow(filled, api, Seen(made))


def test_what_the_watch_of_pods_has_not_told_when_the_job_is_over_is_asked_for(filled: Store) -> None:
    """Two watches are never quite at the same place: the Job has failed, its first pod runs, and of the second nobody
    has heard."""
    api, made = ApiServer(), job()
    made.pod()
    made.begins()
    behind = list(made.pods)
    made.ends(7)
    made.pod(after_s=20)
    made.ends(8, after_s=30, began_s=22)
    api.pods = [pod.item for pod in made.pods]
    made.pods = behind
    made.is_over("Failed")
    follow(filled, api, Seen(made))
    with filled.reading() as tx:
        (run,) = runs.list_(tx)
        (task,) = tasks.of_run(tx, run.id)
        found = [(one.try_number, one.exit_code) for one in tasks.attempts(tx, task.id)]
    assert found == [(1, 7), (2, 8)]
