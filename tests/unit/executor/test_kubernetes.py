"""What the backend tells when pods and Jobs change, in every order in which two watches may bring it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.state import TaskState
from goflow.executor.backend import BackendAwayError, Handle, Observation, Phase
from goflow.executor.kubernetes import KEEPS_S, KubernetesBackend
from goflow.kube.api import KubeApi
from goflow.kube.errors import ConflictError
from goflow.kube.reflector import Reflector
from goflow.operators.manifest import Site
from tests.unit.kube.server import Reply, api_server, kubeconfig_for, refusal

LAUNCH = "a" * 32
LABELS = {"goflow/launch-id": LAUNCH}
Json = dict[str, Any]
Step = tuple[str, str, Json]


class Watched:
    """A backend whose watches are told by the test."""

    def __init__(self) -> None:
        site = Site(task_api="http://here", runner_image="runner")
        self.pods: list[Json] = []
        """What the API server has, whatever the watches have told of it."""
        self.backend = KubernetesBackend(self, site, namespaces=["here"], installation="i")  # type: ignore[arg-type]
        self.told: list[Observation] = []
        self.backend._sink = self.told.append

    def list_pods(self, namespace: str, label_selector: str) -> list[Json]:
        """The API's call."""
        assert namespace == "here"
        wanted = dict(pair.split("=") for pair in label_selector.split(","))
        return [pod for pod in self.pods if wanted.items() <= pod["metadata"]["labels"].items()]

    def tell(self, *steps: Step) -> Observation | None:
        """Bring STEPS; the first end that is sure, as the executor takes it."""
        for kind, change, item in steps:
            (self.backend._on_pod if kind == "pod" else self.backend._on_job)(change, item)  # type: ignore[arg-type]
        ends = (seen for seen in self.told if seen.phase is Phase.GONE or (seen.phase is Phase.ENDED and seen.final))
        return next(ends, None)


def pod(state: Json, phase: str = "Running", *, deadline: bool = False, target: str = "", **metadata: Any) -> Step:
    """A pod whose container is in STATE; TARGET is the reason of its DisruptionTarget."""
    annotations = {"goflow/verdict": "runner", **({"goflow/active-deadline-s": "5"} if deadline else {})}
    about: Json = {"uid": "u1", "name": "p", "labels": LABELS, "annotations": annotations, **metadata}
    conditions = (
        [{"type": "DisruptionTarget", "status": "True", "reason": target, "message": "words"}] if target else []
    )
    status = {"phase": phase, "containerStatuses": [{"name": "base", "state": state}], "conditions": conditions}
    return ("pod", "seen", {"metadata": about, "status": status})


def job(*conditions: tuple[str, str, str], verdict: str = "runner") -> Step:
    """A Job with CONDITIONS of type, reason and message."""
    found = [{"type": a, "status": "True", "reason": b, "message": c} for a, b, c in conditions]
    metadata = {"name": "j", "namespace": "here", "labels": LABELS, "annotations": {"goflow/verdict": verdict}}
    return ("job", "seen", {"metadata": metadata, "status": {"conditions": found}})


def gone(step: Step) -> Step:
    """The same object's deletion."""
    return (step[0], "deleted", step[2])


def ended(code: int, at: str = "2026-01-01T00:00:40Z") -> Json:
    return {"terminated": {"exitCode": code, "reason": "Error", "finishedAt": at}}


RUNS = pod({"running": {"startedAt": "2026-01-01T00:00:00Z"}})
DELETED: Json = {"deletionTimestamp": "2026-01-01T00:01:00Z", "deletionGracePeriodSeconds": 30}
OVERDUE = ("DeadlineExceeded", "Job was active longer than specified deadline")
ONE_FAILED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DISRUPTED = ("PodFailurePolicy", "Pod here/p has condition DisruptionTarget matching FailJob rule at index 0")

STORIES: dict[str, tuple[list[Step], tuple[Any, ...] | None]] = {
    "a task that succeeds": ([job(), RUNS, pod(ended(0))], (TaskState.SUCCESS, 0, "", False)),
    "a task that fails, once its pod is over": (
        [job(), RUNS, pod(ended(3)), pod(ended(3), "Failed")],
        (TaskState.FAILED, 3, "Error", False),
    ),
    "a task that fails, while nothing but the container is over": ([job(), RUNS, pod(ended(3))], None),
    "a task that fails, whose Job is over before the pod's phase is seen": (
        [job(), RUNS, pod(ended(3)), job(("Failed", *ONE_FAILED))],
        (TaskState.FAILED, 3, "Error", False),
    ),
    "an evicted pod": (
        [job(), RUNS, pod(ended(143), target="EvictionByEvictionAPI"),
         pod(ended(143), "Failed", target="EvictionByEvictionAPI")],
        (TaskState.FAILED, 143, "Disrupted", True),
    ),
    "an evicted pod whose Job is over before the pod's phase is seen": (
        [job(), RUNS, pod(ended(143)), job(("Failed", *DISRUPTED))],
        (TaskState.FAILED, 143, "Error", True),
    ),
    "a node that does not answer": ([job(), RUNS, pod({"running": {}}, target="DeletionByTaintManager", **DELETED)], None),
    "a node that is gone with its pod": (
        [job(), RUNS, gone(pod({"running": {}}, target="DeletionByPodGC", **DELETED))],
        (TaskState.FAILED, None, "PodDeleted", True),
    ),
    "a deadline, with the Job's word first": (
        [job(), RUNS, job(("FailureTarget", *OVERDUE)), pod(ended(143), "Failed", deadline=True, **DELETED)],
        (TaskState.FAILED, 143, "Timeout", False),
    ),
    "a deadline, with the pod's end first": (
        [job(), RUNS, pod(ended(143), "Failed", deadline=True, **DELETED), job(("FailureTarget", *OVERDUE))],
        (TaskState.FAILED, 143, "Timeout", False),
    ),
    "a deadline, with the pod gone before the Job says a word": (
        [job(), RUNS, pod(ended(143), "Failed", deadline=True, **DELETED),
         gone(pod(ended(143), "Failed", deadline=True, **DELETED)), job(("Failed", *OVERDUE))],
        (TaskState.FAILED, None, "Timeout", False),
    ),
    "a deadline that comes while the pod still runs": (
        [job(), RUNS, job(("FailureTarget", *OVERDUE))],
        None,
    ),
    "a deadline that finds no pod": ([job(), job(("Failed", *OVERDUE))], (TaskState.FAILED, None, "Timeout", False)),
    "a pod with a deadline that somebody deletes before that": (
        [job(), RUNS, pod(ended(143), "Failed", deadline=True, **DELETED), job(("Failed", *ONE_FAILED))],
        (TaskState.FAILED, 143, "Disrupted", True),
    ),
    "a pod with a deadline that is evicted before that": (
        [job(), RUNS, pod(ended(143), "Failed", deadline=True, target="PreemptionByScheduler", **DELETED)],
        (TaskState.FAILED, 143, "Disrupted", True),
    ),
    "a failed pod that is deleted afterwards had failed by itself": (
        [job(), gone(pod(ended(3, "2026-01-01T00:00:10Z"), "Failed", **DELETED))],
        (TaskState.FAILED, 3, "Error", False),
    ),
    "a failed pod that is long over, and then deleted without grace": (
        [job(), gone(pod(ended(3, "2026-01-01T00:00:10Z"), "Failed", deletionTimestamp="2026-01-01T00:05:00Z",
                         deletionGracePeriodSeconds=0))],
        (TaskState.FAILED, 3, "Error", False),
    ),
    "a deleted pod as the kubelet leaves it, with the time of grace forgotten": (
        [job(), pod(ended(143), "Failed", deletionTimestamp="2026-01-01T00:00:42Z", deletionGracePeriodSeconds=0)],
        (TaskState.FAILED, 143, "Disrupted", True),
    ),
    "a pod that is gone without a trace, and all that its Job says is that it failed": (
        [job(), job(("Failed", *ONE_FAILED))],
        (TaskState.FAILED, None, "PodDeleted", True),
    ),
    "a Job with many pods has the only word": (
        [job(verdict="job"), job(("Complete", "", ""), verdict="job")],
        (TaskState.SUCCESS, None, "", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), STORIES.values(), ids=STORIES)
def test_the_end_is_what_pod_and_job_say_together(steps: list[Step], expected: tuple[Any, ...] | None) -> None:
    end = Watched().tell(*steps)
    if expected is None:
        assert end is None
    else:
        assert end is not None
        assert end.outcome is not None
        assert (end.outcome.state, end.outcome.exit_code, end.outcome.reason, end.outcome.disrupted) == expected


BY_HAND = pod(ended(143), "Failed", **DELETED)


@pytest.mark.parametrize("before", [[], [job()], [job(), RUNS]], ids=["new", "no pod", "running"])
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (pod(ended(3), "Failed"), (3, "Error", False)),
        (BY_HAND, (143, "Disrupted", True)),
        (None, (None, "PodDeleted", True)),
    ],
    ids=["failed", "deleted", "gone"],
)
def test_where_the_watch_of_pods_lags_behind_the_pod_itself_is_asked_why_its_job_has_failed(
    before: list[Step], now: Step | None, expected: tuple[Any, ...]
) -> None:
    watched = Watched()
    watched.pods = [] if now is None else [now[2]]
    end = watched.tell(*before, job(("Failed", *ONE_FAILED)))
    assert end is not None
    assert end.outcome is not None
    assert (end.outcome.exit_code, end.outcome.reason, end.outcome.disrupted) == expected


def test_a_watch_of_pods_that_lags_behind_ends_nothing() -> None:
    watched = Watched()
    watched.pods = [RUNS[2]]  # it has just been asked, while the Job's end was on its way
    assert watched.tell(job(), RUNS, job(("Failed", *ONE_FAILED)), RUNS) is None


def test_after_a_restart_a_pod_that_was_deleted_meanwhile_was_disrupted() -> None:
    watched = Watched()
    failed = job(("Failed", *ONE_FAILED))[2]
    watched.backend._list = lambda path: [failed] if path.endswith("jobs") else []  # type: ignore[method-assign]
    (seen,) = watched.backend.present()
    assert seen.outcome is not None
    assert (seen.outcome.reason, seen.outcome.disrupted) == ("PodDeleted", True)


@pytest.mark.parametrize("watched_on", [True, False], ids=["while it is watched", "after a restart"])
def test_a_job_that_alone_gives_the_verdict_has_failed_whatever_became_of_its_pods(watched_on: bool) -> None:
    watched = Watched()
    failed = job(("Failed", *ONE_FAILED), verdict="job")
    if watched_on:
        seen = watched.tell(job(verdict="job"), failed)
    else:
        watched.backend._list = lambda path: [failed[2]] if path.endswith("jobs") else []  # type: ignore[method-assign]
        (seen,) = watched.backend.present()
    assert seen is not None
    assert seen.outcome is not None
    assert (seen.outcome.reason, seen.outcome.disrupted) == ("BackoffLimitExceeded", False)


def test_a_deleted_job_is_gone_when_its_pod_is() -> None:
    watched = Watched()
    dying = pod({"running": {}}, **DELETED)
    assert watched.tell(job(), RUNS, gone(job()), dying, pod(ended(143), "Failed", **DELETED)) is None
    end = watched.tell(gone(pod(ended(143), "Failed", **DELETED)))
    assert end is not None
    assert (end.phase, end.reason) == (Phase.GONE, "JobDeleted")


def test_a_task_that_succeeds_while_its_job_is_deleted_has_succeeded() -> None:
    end = Watched().tell(job(), RUNS, gone(job()), pod(ended(0), **DELETED))
    assert end is not None
    assert end.outcome is not None
    assert end.outcome.state is TaskState.SUCCESS


@pytest.mark.parametrize("before", [[], [job()], [job(), pod(ended(0), "Succeeded")]], ids=["new", "no pod", "over"])
def test_a_deleted_job_without_a_pod_that_goes_on_is_gone_at_once(before: list[Step]) -> None:
    watched = Watched()
    watched.tell(*before, gone(job()))
    assert watched.told[-1].phase is Phase.GONE


@pytest.mark.parametrize(
    ("was_there", "expected"),
    [(True, ["DELETE jobs", "GET pods"]), (False, ["DELETE jobs", "GET pods", "GET jobs", "PATCH jobs"])],
    ids=["deleted", "made since"],
)
def test_a_job_that_was_deleted_here_is_not_asked_for_when_it_is_cleaned_up(
    tmp_path: Path, was_there: bool, expected: list[str]
) -> None:
    handle = Handle(launch_id=LAUNCH, job_name="j", namespace="here")
    with api_server() as server:
        answer = Reply() if was_there else refusal(404, "NotFound")
        server.fault(answer, where=lambda asked: asked.method == "DELETE")
        server.fault(Reply(200, {"items": []}), where=lambda asked: asked.path.endswith("/pods"))
        found = Reply(200, job()[2])
        server.fault(found, found, where=lambda asked: asked.path.endswith("/jobs/j"))
        site = Site(task_api="http://here", runner_image="runner")
        api = KubeApi(kubeconfig_for(server.url, tmp_path))
        backend = KubernetesBackend(api, site, namespaces=["here"], installation="i")
        backend._reflectors = [Reflector(api, "unheard", "", lambda *_: None)]  # its watches know nothing
        backend.terminate(handle, 30)
        assert backend.cleanup(handle)
    kinds = ["pods" if "/pods" in asked.path else "jobs" for asked in server.asked]
    assert [f"{asked.method} {kind}" for asked, kind in zip(server.asked, kinds, strict=True)] == expected


class Removals:
    """An API server that notes what is done to Jobs; by that name there may be ANOTHER."""

    def __init__(self, another: bool = False) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.another = another

    def delete_job(self, namespace: str, name: str, *, uid: str | None = None) -> None:
        self.done.append(("delete", namespace, name, uid))
        if self.another:
            raise ConflictError(409, "Conflict", "the UID in the precondition is another's")

    def patch_job(self, namespace: str, name: str, patch: Json) -> None:
        self.done.append(("patch", namespace, name, patch["spec"]))


REMOVED = ("delete", "here", "j", "job-uid")


@pytest.mark.parametrize(
    ("conditions", "verdict", "expected"),
    [
        ([("Complete", "", "")], "runner", [REMOVED]),
        ([("FailureTarget", *OVERDUE), ("Failed", *OVERDUE)], "runner", [REMOVED]),
        ([], "runner", [("patch", "here", "j", {"ttlSecondsAfterFinished": KEEPS_S})]),
        ([("SuccessCriteriaMet", "", "")], "runner", [("patch", "here", "j", {"ttlSecondsAfterFinished": KEEPS_S})]),
        ([("Complete", "", "")], "created", []),
    ],
    ids=["complete", "failed", "its container goes on", "its pods go on", "its author's"],
)
@pytest.mark.parametrize("another", [False, True], ids=["", "another of that name"])
def test_a_job_that_is_over_is_deleted_and_one_that_goes_on_gets_a_time_to_live(
    conditions: list[tuple[str, str, str]], verdict: str, expected: list[tuple[Any, ...]], another: bool
) -> None:
    watched, removals = Watched(), Removals(another)
    step = job(*conditions, verdict=verdict)
    step[2]["metadata"]["uid"] = "job-uid"
    watched.tell(step)
    watched.backend.api = removals  # type: ignore[assignment]
    assert watched.backend.cleanup(Handle(launch_id=LAUNCH, job_name="j", namespace="here"))
    assert removals.done == expected


def test_a_node_that_does_not_answer_is_told_in_words() -> None:
    watched = Watched()
    watched.tell(job(), RUNS, pod({"running": {}}, target="DeletionByTaintManager"))
    assert watched.told[-1].phase is Phase.RUNNING
    assert watched.told[-1].message == "DeletionByTaintManager: words"


def test_in_whatever_order_two_watches_bring_it_a_deadline_is_no_disruption() -> None:
    pods = [RUNS, pod(ended(143), deadline=True, **DELETED), pod(ended(143), "Failed", deadline=True, **DELETED)]
    jobs = [job(), job(("FailureTarget", *OVERDUE)), job(("FailureTarget", *OVERDUE), ("Failed", *OVERDUE))]
    for places in itertools.combinations(range(6), 3):
        left, right = iter(pods), iter(jobs)
        end = Watched().tell(*[next(left) if place in places else next(right) for place in range(6)])
        assert end is not None
        assert end.outcome is not None
        assert (end.outcome.reason, end.outcome.disrupted) == ("Timeout", False), places


def test_after_a_restart_an_end_is_told_once_and_with_the_pods_words(tmp_path: Path) -> None:
    failed = pod(ended(5), "Failed")[2]
    lists = {"pods": failed, "jobs": job(("Failed", *ONE_FAILED))[2]}
    told: list[Observation] = []
    with api_server() as server:
        for kind, item in lists.items():
            item["metadata"]["uid"] = kind
            answer = Reply(200, {"metadata": {"resourceVersion": "100"}, "items": [item]})
            server.fault(answer, where=lambda asked, kind=kind: asked.path.endswith(kind) and not asked.is_watch)  # type: ignore[misc]
        # the list of pods fails first, and so comes after that of Jobs
        away = refusal(500, "InternalError", "etcd is away")
        server.fault(away, away, first=True, where=lambda asked: asked.path.endswith("pods"))
        site = Site(task_api="http://here", runner_image="runner")
        api = KubeApi(kubeconfig_for(server.url, tmp_path))
        backend = KubernetesBackend(api, site, namespaces=["here"], installation="i")
        backend.start(told.append)
        try:
            server.wait(lambda: server.watching == 3, "watches of pods, Jobs and warnings")
            assert backend.ready() is None
        finally:
            backend.stop()
    ((end),) = told
    assert end.outcome is not None
    assert (end.outcome.exit_code, end.outcome.reason) == (5, "Error")


def test_a_backend_that_is_away_says_so_and_may_be_stopped(tmp_path: Path) -> None:
    with api_server() as server:
        server.put("j")
        away = refusal(503, "ServiceUnavailable", "it is being upgraded", retry_after="9")
        server.fault(*[away] * 99, where=lambda asked: asked.path.endswith("pods"))
        site = Site(task_api="http://here", runner_image="runner")
        backend = KubernetesBackend(
            KubeApi(kubeconfig_for(server.url, tmp_path)), site, namespaces=["here"], installation="i"
        )
        backend.start(lambda _: None)
        server.wait(lambda: len(server.asked) >= 2, "a list of each")
        assert "pods" in str(backend.ready())
        with pytest.raises(BackendAwayError, match="being upgraded") as raised:
            list(backend.present())
        assert raised.value.retry_after_s == 9
        backend.stop()
        assert not any(reflector._thread.is_alive() for reflector in backend._reflectors)
