"""An end is stored with all that belongs to it, once; and a runner's word is taken as it is meant."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from goflow.domain.canonical import digest_bytes
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Outcome
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.folders import FolderCache
from goflow.executor.outcomes import begun, settle
from goflow.executor.words import LONGEST_MESSAGE, outcome_from_word
from goflow.store import blobs, launches, tasks, transitions, xcoms
from goflow.store import callbacks as stored_callbacks
from goflow.store.rows import LogRow, NewTask
from tests.stores import begin, make_run, queue
from tests.unit.executor.kit import SUCCESS

FAILED = Outcome(state=TaskState.FAILED, message="no")


def task(name: str, *upstream: str, **fields) -> TaskSpec:
    return TaskSpec(task_id=name, operator="BashOperator", upstream=upstream, fields={"bash_command": "true"}, **fields)


@pytest.fixture
def made(sqlite_store):
    """A run of a branch and what is below it; the branch runs."""
    spec = DagSpec(dag_id="d", tasks=(task("t", retries=1), task("left", "t"), task("right", "t"), task("m", "t")))
    with sqlite_store.transaction() as tx:
        copies = [NewTask(task_id="m", map_index=index, max_tries=0) for index in range(2)]
        plain = [NewTask(task_id=name, max_tries=1) for name in ("t", "left", "right")]
        run = make_run(tx, spec, instances=[*plain, *copies])
        launch = begin(tx, run["t"])
    return run, launch


def states(store, run) -> dict[str, str]:
    with store.reading() as tx:
        rows = tasks.of_run(tx, run.run.id)
    return {f"{row.task_id}{row.map_index if row.map_index >= 0 else ''}": row.state.value for row in rows}


def test_an_end_is_stored_once_and_late_lines_all_the_same(sqlite_store, made):
    run, launch = made
    line = [LogRow(seq=1, at=0.0, stream="out", text="x")]
    assert settle(sqlite_store, launch.id, SUCCESS, who="a")
    assert not settle(
        sqlite_store, launch.id, FAILED, who="b", lines=line, report={"xcoms": [{"key": "k", "value": 1}]}
    )
    assert states(sqlite_store, run)["t"] == "success"
    with sqlite_store.reading() as tx:
        from goflow.store import logs

        assert [row.text for row in logs.read(tx, launch.id)] == ["x"]
        assert xcoms.of_task(tx, run.run.id, "t") == {}


def test_two_who_tell_the_same_end_at_once_store_it_once(sqlite_store, made):
    run, launch = made
    together, answers = threading.Barrier(2), []

    def tell(outcome: Outcome) -> None:
        together.wait(30)
        answers.append(settle(sqlite_store, launch.id, outcome, who="test"))

    tellers = [threading.Thread(target=tell, args=(outcome,)) for outcome in (SUCCESS, FAILED)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(30)
    assert sorted(answers) == [False, True]
    assert states(sqlite_store, run)["t"] in {"success", "up_for_retry"}


RESOLVED = Outcome(state=TaskState.UP_FOR_RESCHEDULE, reason="Resolved", resolved={"image": "x:1"})
POD = TaskSpec(
    task_id="t",
    operator="KubernetesPodOperator",
    operator_path="airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
    fields={"image": {"$hole": {"reason": "requests.get(...)", "when": "launch"}}},
)


@pytest.fixture
def pod(sqlite_store):
    """A run of a pod whose image only the running file can tell; the launch that is to find it out runs."""
    with sqlite_store.transaction() as tx:
        run = make_run(tx, DagSpec(dag_id="d", tasks=(POD,)), instances=[NewTask(task_id="t", max_tries=0)])
        return run, begin(tx, run["t"], backend="kubernetes")


def test_a_launch_that_found_out_is_followed_by_another_of_the_same_attempt(sqlite_store, pod):
    run, launch = pod
    assert settle(sqlite_store, launch.id, RESOLVED, who="runner")
    assert states(sqlite_store, run)["t"] == "running"
    with sqlite_store.reading() as tx:
        first, second = launches.of_task(tx, run["t"].id)
        assert (first.state, second.state) == (LaunchState.ENDED, LaunchState.PLANNED)
        assert (second.try_number, second.ordinal) == (1, 2)
        assert launches.resolved(tx, second) == {"image": "x:1"}
        assert launches.resolved(tx, first) is None, "asked again, the first one still is the one that finds out"
        assert "x:1" not in str(launches.outcome(tx, first.id)), "it may hold secrets"


def test_a_launch_that_found_out_and_was_told_to_stop_has_no_other(sqlite_store, pod):
    run, launch = pod
    with sqlite_store.transaction() as tx:
        transitions.request_stop(tx, launch.id, who="test")
    settle(sqlite_store, launch.id, RESOLVED, who="runner")
    with sqlite_store.reading() as tx:
        assert len(launches.of_task(tx, run["t"].id)) == 1


def test_a_task_that_was_to_run_cannot_say_that_it_found_something_out(sqlite_store, made):
    run, launch = made
    settle(sqlite_store, launch.id, RESOLVED, who="runner")
    assert states(sqlite_store, run)["t"] == "up_for_reschedule"


def test_a_branch_skips_what_has_not_begun(sqlite_store, made):
    run, launch = made
    with sqlite_store.transaction() as tx:
        begin(tx, run["left"])
    outcome = Outcome(state=TaskState.SUCCESS, skip_downstream=("left", "right", "m", "none"))
    settle(sqlite_store, launch.id, outcome, who="test")
    found = states(sqlite_store, run)
    assert found == {"t": "success", "left": "running", "right": "skipped", "m0": "skipped", "m1": "skipped"}


def test_a_failure_with_tries_left_waits_for_its_retry(sqlite_store, made):
    run, launch = made
    settle(sqlite_store, launch.id, FAILED, who="test")
    assert states(sqlite_store, run)["t"] == "up_for_retry"


def test_a_failure_that_allows_no_retry_is_final(sqlite_store, made):
    run, launch = made
    settle(sqlite_store, launch.id, Outcome(state=TaskState.FAILED, retry=False), who="test")
    assert states(sqlite_store, run)["t"] == "failed"


REPORTS = {
    "the task is as it was": (lambda tx, ti: None, {"k": 1}),
    "somebody has marked it failed": (
        lambda tx, ti: transitions.advance_task(tx, ti.id, TaskState.RUNNING, TaskState.FAILED, who="x"), {},
    ),
    "it was cleared, and begins anew": (
        lambda tx, ti: transitions.advance_task(tx, ti.id, TaskState.RUNNING, TaskState.RESTARTING, who="x"), {"k": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "left"), REPORTS.values(), ids=REPORTS.keys())
def test_results_that_come_with_the_end(sqlite_store, made, change, left):
    """Of a task that begins anew they are forgotten when its next attempt is planned."""
    run, launch = made
    with sqlite_store.transaction() as tx:
        change(tx, run["t"])
    settle(sqlite_store, launch.id, SUCCESS, who="test", report={"xcoms": [{"key": "k", "value": 1}]})
    with sqlite_store.reading() as tx:
        assert xcoms.of_task(tx, run.run.id, "t") == left
        assert launches.get(tx, launch.id).state is LaunchState.ENDED


def test_a_disrupted_attempt_gets_another_launch_and_no_new_try(sqlite_store, made):
    run, launch = made
    settle(sqlite_store, launch.id, Outcome(state=TaskState.FAILED, disrupted=True), who="test")
    with sqlite_store.reading() as tx:
        found = launches.of_task(tx, run["t"].id)
    assert [(row.try_number, row.ordinal, row.state.value) for row in found] == [(1, 1, "ended"), (1, 2, "planned")]


def test_an_end_of_a_launch_that_there_is_not(sqlite_store):
    with pytest.raises(NotFoundError):
        settle(sqlite_store, "0" * 32, SUCCESS, who="test")


WORDS = {
    "the least": ({"state": "success"}, Outcome(state=TaskState.SUCCESS)),
    "all": (
        {"state": "failed", "exit_code": 3, "reason": "Exit", "message": "no", "retry": False, "skip_downstream": ["a"]},
        Outcome(
            state=TaskState.FAILED, exit_code=3, reason="Exit", message="no", retry=False, skip_downstream=("a",)
        ),
    ),
    "nulls": (
        {"state": "skipped", "exit_code": None, "reason": None, "message": None}, Outcome(state=TaskState.SKIPPED),
    ),
    "an exit code that is none": ({"state": "failed", "exit_code": "3"}, Outcome(state=TaskState.FAILED)),
    "a moment in another zone": (
        {"state": "up_for_reschedule", "reschedule_at": "2026-01-01T02:00:00+02:00"},
        Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    ),
    "a moment without a zone": (
        {"state": "up_for_reschedule", "reschedule_at": "2026-01-01T00:00:00"},
        Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    ),
    "text that no database takes": (
        {"state": "failed", "message": "a\0b\udcffc\ud83d\ude00"},
        Outcome(state=TaskState.FAILED, message="a\ufffdb\ufffdc😀"),
    ),
    "many words": ({"state": "failed", "message": "m" * 20_000}, Outcome(state=TaskState.FAILED, message="m" * LONGEST_MESSAGE)),
}  # fmt: skip


@pytest.mark.parametrize(("word", "outcome"), WORDS.values(), ids=WORDS.keys())
def test_a_runners_word(word, outcome):
    assert outcome_from_word(word) == outcome


@pytest.mark.parametrize("state", ["queued", "running", "removed", "upstream_failed", "tired", ""])
def test_a_state_that_no_runner_may_tell(state):
    with pytest.raises(ValueError, match=state or "valid"):
        outcome_from_word({"state": state})


def test_a_folder_is_unpacked_once_though_many_ask_for_it(sqlite_store, tmp_path):
    content = b"x = 1\n"
    with sqlite_store.transaction() as tx:
        blobs.put_contents(tx, [content])
        folder = blobs.manifest("/dags", {"a/f.py": (digest_bytes(content), len(content))})
        blobs.put_folder(tx, folder)
    (tmp_path / "cache" / f".{folder.digest}.1").mkdir(parents=True)  # what a daemon that was killed has left
    caches = [FolderCache(sqlite_store, tmp_path / "cache") for _ in range(2)]
    together, found = threading.Barrier(4), []

    def ask(cache: FolderCache) -> None:
        together.wait(30)
        found.append(cache.path(folder.digest))

    askers = [threading.Thread(target=ask, args=(cache,)) for cache in caches * 2]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(30)
    assert found == [tmp_path / "cache" / folder.digest] * 4
    assert (found[0] / "a" / "f.py").read_bytes() == content
    with pytest.raises(NotFoundError):
        caches[0].path("0" * 64)


POD_PATH = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
BASH_PATH = "airflow.providers.standard.operators.bash.BashOperator"
ALL = {f"on_{kind}_callback": True for kind in ("success", "failure", "retry", "skipped")}
LOST = Outcome(state=TaskState.FAILED, reason="Lost", message="gone")
TOLD = Outcome(state=TaskState.FAILED, message="told", called_back=True)
SKIPPED = Outcome(state=TaskState.SKIPPED)
RAN = Outcome(state=TaskState.SUCCESS, exit_code=0)
BEGINS = {"on_execute_callback": True, "on_success_callback": True}


@pytest.mark.parametrize(
    ("operator", "retries", "outcome", "callbacks", "asked"),
    [
        pytest.param(BASH_PATH, 0, LOST, ALL, ["task_failure"], id="a process that is gone without a word"),
        pytest.param(BASH_PATH, 1, LOST, ALL, ["task_retry"], id="the same, with a try left"),
        pytest.param(BASH_PATH, 0, LOST, {"on_success_callback": True}, [], id="nobody wants to know"),
        pytest.param(BASH_PATH, 0, TOLD, ALL, [], id="its own process has called it"),
        pytest.param(BASH_PATH, 0, SUCCESS, ALL, [], id="a success of our own runner"),
        pytest.param(POD_PATH, 0, SUCCESS, ALL, ["task_success"], id="a success of a container that is not ours"),
        pytest.param(POD_PATH, 0, SKIPPED, ALL, ["task_skipped"], id="and a skip of it"),
        pytest.param(POD_PATH, 0, LOST, ALL, ["task_failure"], id="and a failure of it"),
    ],
)
def test_callbacks_are_asked_for_where_the_tasks_own_process_cannot_call_them(
    sqlite_store, operator, retries, outcome, callbacks, asked
):
    spec = TaskSpec(
        task_id="t", operator=operator.rpartition(".")[2], operator_path=operator, retries=retries, callbacks=callbacks,
        fields={"image": "busybox"},
    )  # fmt: skip
    with sqlite_store.transaction() as tx:
        run = make_run(tx, DagSpec(dag_id="d", tasks=(spec,)))
        launch = begin(tx, run["t"], backend="kubernetes")
    settle(sqlite_store, launch.id, outcome, who="test")
    settle(sqlite_store, launch.id, outcome, who="again")
    with sqlite_store.reading() as tx:
        found = stored_callbacks.of_run(tx, run.run.id)
    assert [row.kind for row in found] == asked
    assert all(row.task_instance_id == run["t"].id for row in found)


BEGINNINGS = {
    "a container that is seen to run": (POD_PATH, True, RAN, ["task_execute", "task_success"]),
    "one that nobody saw run": (POD_PATH, False, RAN, ["task_execute", "task_success"]),
    "one that has not run": (POD_PATH, False, LOST, []),
    "our own runner, which calls it itself": (BASH_PATH, True, RAN, []),
}


@pytest.mark.parametrize(("operator", "seen", "outcome", "asked"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_on_execute_callback_is_asked_for_once_a_container_that_is_not_ours_runs(
    sqlite_store, operator, seen, outcome, asked
):
    name = operator.rpartition(".")[2]
    spec = TaskSpec(
        task_id="t", operator=name, operator_path=operator, callbacks=BEGINS, fields={"image": "busybox"}
    )  # fmt: skip
    with sqlite_store.transaction() as tx:
        run = make_run(tx, DagSpec(dag_id="d", tasks=(spec,)))
        launch = begin(tx, run["t"], backend="kubernetes") if seen else queue(tx, run["t"], backend="kubernetes")
        if seen:
            begun(tx, launch, "test")
        else:
            transitions.advance_launch(tx, launch.id, LaunchState.PLANNED, LaunchState.CREATED)
    settle(sqlite_store, launch.id, outcome, who="test")
    with sqlite_store.reading() as tx:
        assert [row.kind for row in stored_callbacks.of_run(tx, run.run.id)] == asked
