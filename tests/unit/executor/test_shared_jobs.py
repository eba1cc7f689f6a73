"""What the launches that share a Job see of it, and of their pods."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from goflow.domain.runs import Launch, Outcome, launch_of
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.backend import BackendAwayError, Handle, Observation, Phase
from goflow.executor.kubernetes import KEEPS_S
from goflow.executor.shared_jobs import SharedJob, as_its_launch, index_of, indexes, key_of
from goflow.kube.errors import UnavailableError
from tests.unit.executor.test_kubernetes import DELETED, Json, Step, Watched, ended, gone
from tests.unit.executor.test_kubernetes import pod as a_pod

KEY = "0123456789ab0000ccccccccccc"
INDEX = "batch.kubernetes.io/job-completion-index"


@pytest.mark.parametrize(
    ("text", "expected"), [("", []), ("3", [3]), ("0-2", [0, 1, 2]), ("1,3-5,7", [1, 3, 4, 5, 7])], ids=repr
)
def test_the_indexes_of_a_status(text: str, expected: list[int]) -> None:
    assert list(indexes(text)) == expected


def test_a_launch_knows_its_job_and_index() -> None:
    launch_id = launch_of(KEY, 4711)
    assert (key_of(launch_id), index_of(launch_id)) == (KEY, 4711)


def job(copies: int = 3, *, completed: str = "", failed: str = "", over: str = "") -> Step:
    """The Job that COPIES share; OVER is the type of its last condition."""
    annotations = {"goflow/verdict": "runner"}
    metadata = {"name": "j", "namespace": "here", "labels": {"goflow/shared-job": KEY}, "annotations": annotations}
    conditions = [{"type": over, "status": "True", "reason": "FailedIndexes", "message": "words"}] if over else []
    status = {"completedIndexes": completed, "failedIndexes": failed, "conditions": conditions}
    return ("job", "seen", {"metadata": metadata, "spec": {"completions": copies}, "status": status})


def pod(index: int, *given: Any, uid: str = "", **more: Any) -> Step:
    """The pod with that INDEX."""
    kind, change, item = a_pod(*given, **more)
    metadata = item["metadata"]
    metadata |= {"uid": uid or f"u{index}", "labels": {"goflow/shared-job": KEY, INDEX: str(index)}}
    metadata["annotations"] = {**metadata["annotations"], INDEX: str(index)}
    return (kind, change, item)


RUNS: Json = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
STORIES: dict[str, tuple[list[Step], dict[int, tuple[Any, ...]]]] = {
    "each pod's end is its own launch's": (
        [job(), pod(0, RUNS), pod(1, RUNS), pod(1, ended(3), "Failed"), pod(0, ended(0))],
        {0: (TaskState.SUCCESS, 0, "", False), 1: (TaskState.FAILED, 3, "Error", False)},
    ),
    "an evicted pod is its own launch's disruption": (
        [job(), pod(2, RUNS), pod(2, ended(143), "Failed", target="EvictionByEvictionAPI")],
        {2: (TaskState.FAILED, 143, "Disrupted", True)},
    ),
    "a failure that is not sure by the pod is by its index": (
        [job(), pod(1, ended(3)), job(completed="0", failed="1")],
        {0: (TaskState.SUCCESS, None, "", False), 1: (TaskState.FAILED, 3, "Error", False)},
    ),
    "an index without a pod is the Job's to tell, which knows of none that failed why": (
        [job(), job(completed="0,2", failed="1")],
        {0: (TaskState.SUCCESS, None, "", False), 1: (TaskState.FAILED, None, "PodDeleted", True),
         2: (TaskState.SUCCESS, None, "", False)},
    ),
    "a Job that fails as a whole ends those that have not": (
        [job(), pod(0, ended(0)), job(completed="0", over="Failed")],
        {0: (TaskState.SUCCESS, 0, "", False), 1: (TaskState.FAILED, None, "FailedIndexes", False),
         2: (TaskState.FAILED, None, "FailedIndexes", False)},
    ),
    "a pod that somebody deletes is its own launch's disruption": (
        [job(), pod(0, RUNS), gone(pod(0, RUNS, **DELETED))],
        {0: (TaskState.FAILED, None, "PodDeleted", True)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), STORIES.values(), ids=STORIES)
def test_the_end_of_each_is_what_its_pod_and_its_index_say(
    steps: list[Step], expected: dict[int, tuple[Any, ...]]
) -> None:
    assert ends(told(*steps)) == expected


def told(*steps: Step) -> list[Observation]:
    watched = Watched()
    watched.tell(*steps)
    return watched.told


def ends(seen: list[Observation]) -> dict[int, tuple[Any, ...]]:
    """Index to the first end of it that is sure."""
    found: dict[int, tuple[Any, ...]] = {}
    for one in seen:
        if one.phase is Phase.ENDED and one.final and one.outcome is not None:
            outcome = one.outcome
            said = (outcome.state, outcome.exit_code, outcome.reason, outcome.disrupted)
            found.setdefault(index_of(one.launch_id), said)
    return found


def test_the_pod_of_an_index_that_has_failed_is_asked_where_its_watch_lags_behind() -> None:
    watched = Watched()
    watched.pods = [pod(1, ended(3), "Failed")[2], pod(0, ended(143), "Failed", **DELETED)[2]]
    watched.tell(job(), pod(0, RUNS), pod(1, RUNS), job(failed="0-1"))
    assert ends(watched.told) == {
        0: (TaskState.FAILED, 143, "Disrupted", True),
        1: (TaskState.FAILED, 3, "Error", False),
    }


def test_an_index_whose_pod_could_not_be_asked_is_told_when_it_is_seen_again() -> None:
    watched = Watched()
    failed = job(failed="0-1")
    watched.list_pods = away  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(BackendAwayError):
            watched.tell(failed)
    del watched.list_pods
    watched.tell(failed)
    assert sorted(ends(watched.told)) == [0, 1]


def away(*_: Any) -> list[Json]:
    raise UnavailableError(503, "ServiceUnavailable", "it is being upgraded")


def test_an_index_is_told_once() -> None:
    seen = told(job(), job(completed="0"), job(completed="0-1"), job(completed="0-2", over="Complete"))
    assert [index_of(one.launch_id) for one in seen] == [0, 1, 2]


def test_a_job_that_is_removed_when_all_is_over_tells_nothing() -> None:
    over = job(completed="0-2", over="Complete")
    seen = told(over)
    assert told(over, gone(over)) == seen


def test_a_job_that_somebody_deletes_is_gone_for_those_that_have_not_ended() -> None:
    steps = job(), pod(1, RUNS), job(completed="0"), gone(job(completed="0"))
    seen = told(*steps)
    assert [index_of(one.launch_id) for one in seen if one.phase is Phase.GONE] == [2]
    seen = told(*steps, gone(pod(1, RUNS, **DELETED)))
    assert [index_of(one.launch_id) for one in seen if one.phase is Phase.GONE] == [2, 1]


def test_each_sees_the_job_as_its_own() -> None:
    shared = SharedJob.of(job(completed="0", failed="1")[2])
    assert shared is not None
    assert SharedJob.of({"metadata": {"labels": {"goflow/launch-id": "a"}}}) is None
    views = [shared.seen_by(index) for index in range(3)]
    assert [view["metadata"]["labels"]["goflow/launch-id"] for view in views] == [launch_of(KEY, n) for n in range(3)]
    assert [[one["type"] for one in view["status"]["conditions"]] for view in views] == [["Complete"], ["Failed"], []]


class Patches:
    """An API server that notes what is changed of Jobs."""

    def __init__(self) -> None:
        self.specs: list[Json] = []

    def patch_job(self, _namespace: str, _name: str, patch: Json) -> None:
        self.specs.append(patch["spec"])


def test_a_job_whose_launches_are_over_is_removed_though_a_pod_never_begins() -> None:
    watched, patches = Watched(), Patches()
    watched.backend.api = patches  # type: ignore[assignment]
    step = job(completed="0-1")
    hour = dt.timedelta(hours=1)
    step[2]["metadata"]["creationTimestamp"] = (dt.datetime.now(dt.UTC) - hour).isoformat()
    watched.tell(step)
    assert watched.backend.cleanup(Handle(launch_id=launch_of(KEY, 2), job_name="j", namespace="here", job_index=2))
    ((spec),) = patches.specs
    assert spec["ttlSecondsAfterFinished"] == KEEPS_S
    assert 2 * hour.total_seconds() <= spec["activeDeadlineSeconds"] <= 2 * hour.total_seconds() + 60


OWN = Launch(
    id=launch_of(KEY, 1), task_instance_id=1, try_number=1, ordinal=1, state=LaunchState.CLAIMED, backend="kubernetes",
    claimed_by="u1", job_index=1,
)  # fmt: skip


def test_a_second_pod_says_of_the_first_only_that_it_is_gone() -> None:
    runs = Observation(launch_id=OWN.id, phase=Phase.RUNNING, claimant="u2")
    assert as_its_launch(OWN, runs).phase is Phase.PENDING
    turned_away = Outcome(state=TaskState.FAILED, exit_code=97)
    over = Observation(launch_id=OWN.id, phase=Phase.ENDED, outcome=turned_away, claimant="u2")
    outcome = as_its_launch(OWN, over).outcome
    assert outcome is not None
    assert (outcome.reason, outcome.disrupted, outcome.exit_code) == ("PodDeleted", True, None)
    own = Observation(launch_id=OWN.id, phase=Phase.ENDED, outcome=turned_away, claimant="u1")
    assert as_its_launch(OWN, own) == own


def test_a_pod_that_was_deleted_because_its_launch_was_to_stop_was_stopped() -> None:
    stopped = dataclasses.replace(OWN, stop_requested_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    deleted = Outcome(state=TaskState.FAILED, reason="PodDeleted", disrupted=True)
    seen = Observation(launch_id=OWN.id, phase=Phase.ENDED, outcome=deleted, claimant="u1")
    outcome = as_its_launch(stopped, seen).outcome
    assert outcome is not None
    assert (outcome.reason, outcome.disrupted) == ("Terminated", False)
