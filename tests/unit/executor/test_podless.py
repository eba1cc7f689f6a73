"""Jobs that the API server takes no pods of, and Jobs that it does not take: what is made of its words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from goflow.domain.state import LaunchState
from goflow.executor.answers import why_not
from goflow.executor.backend import BackendAwayError, LaunchRefusedError, Observation, Phase
from goflow.executor.kubernetes import KubernetesBackend
from goflow.executor.podless import MOST_WAITING
from goflow.kube.errors import error_for
from goflow.kube.status import why_refused
from goflow.operators.manifest import Site
from goflow.operators.registry import convert
from goflow.telemetry.waiting import Waits
from tests.unit.executor.kit import World
from tests.unit.executor.test_service import work_off
from tests.unit.operators.test_convert import request
from tests.unit.operators.test_shared import bash

QUOTA = "exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3"
SAID = {
    "a quota": (f'Error creating: pods "x-abc12" is forbidden: {QUOTA}', "QuotaExceeded", QUOTA),
    "a quota that wants resources": (
        'Error creating: pods "x-abc12" is forbidden: failed quota: team: must specify limits.memory for: base',
        "QuotaWantsResources",
        "failed quota: team: must specify limits.memory for: base",
    ),
    "a service account": (
        'Error creating: pods "x-" is forbidden: error looking up service account n/etl: serviceaccount "etl" not found',
        "ServiceAccountMissing",
        'error looking up service account n/etl: serviceaccount "etl" not found',
    ),
    "a limit range": (
        'Error creating: pods "x-1" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi',
        "LimitRange",
        "maximum memory usage per Container is 64Mi, but limit is 128Mi",
    ),
    "pod security": (
        'Error creating: pods "x-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
        "PodSecurity",
        'violates PodSecurity "restricted:latest": runAsNonRoot != true',
    ),
    "something else": (
        'Error creating: admission webhook "a.b" denied the request: no',
        "FailedCreate",
        'admission webhook "a.b" denied the request: no',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("said", "reason", "words"), SAID.values(), ids=SAID)
def test_what_the_job_controller_says_is_told_without_the_pods_name(said, reason, words):
    assert why_refused(said) == (reason, words)


ANSWERS: dict[str, tuple[int, str, str, Any]] = {
    "slow down": (429, "TooManyRequests", "m", ("all", True, "")),
    "no answer": (0, "NoAnswer", "m", ("all", False, "")),
    "a proxy without a server": (503, "", "m", ("all", False, "")),
    "a token that is not known just now": (401, "Unauthorized", "m", ("all", False, "")),
    "a webhook that does not answer": (
        500, "InternalError", "failed calling webhook", ("launch", False, "InternalError"),
    ),
    "no room for Jobs": (403, "Forbidden", f'jobs.batch "j" is forbidden: {QUOTA}', ("namespace", False, "QuotaExceeded")),
    "no such namespace": (404, "NotFound", 'namespaces "n" not found', None),
    "no right": (403, "Forbidden", "cannot create resource", None),
    "no good Job": (422, "Invalid", "m", None),
}  # fmt: skip


@pytest.mark.parametrize(("status", "reason", "message", "waits"), ANSWERS.values(), ids=ANSWERS)
def test_who_waits_for_what_the_server_answers(status, reason, message, waits):
    problem = why_not(error_for(status, reason, message, None))
    if waits is None:
        assert isinstance(problem, LaunchRefusedError)
        assert message in str(problem)
    else:
        assert isinstance(problem, BackendAwayError)
        assert (problem.waits, problem.slow_down, problem.reason) == waits


class Api:
    """An API server that has events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked = 0
        self.created: list[str] = []

    def say(self, job: str, message: str, at: str = "2026-01-01T00:00:00Z") -> None:
        self.events.append({"involvedObject": {"name": job}, "message": message, "lastTimestamp": at})

    def list_events(self, namespace: str, *, kind: str, reason: str) -> list[dict[str, Any]]:
        assert (namespace, kind, reason) == ("here", "Job", "FailedCreate")
        self.asked += 1
        return list(self.events)

    def create_job(self, namespace: str, manifest: dict[str, Any]) -> None:
        self.created.append(manifest["metadata"]["name"])


class Stage:
    """A backend whose watches the test tells."""

    def __init__(self) -> None:
        self.api, self.waits = Api(), Waits()
        site = Site(task_api="http://here", runner_image="runner")
        self.backend = KubernetesBackend(self.api, site, namespaces=["here"], installation="i", waits=self.waits)  # type: ignore[arg-type]
        self.told: list[Observation] = []
        self.backend._podless._sink = self.told.append

    def job(self, number: int, *, age_s: float = 60, over: bool = False) -> str:
        launch_id = f"{number:032x}"
        made = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age_s)
        labels = {"goflow/launch-id": launch_id}
        metadata = {"name": f"j{number}", "namespace": "here", "labels": labels, "creationTimestamp": made.isoformat()}
        conditions = [{"type": "Complete", "status": "True"}] if over else []
        self.backend._on_job("seen", {"metadata": metadata, "status": {"conditions": conditions}})
        return launch_id

    def pod(self, launch_id: str) -> None:
        metadata = {"uid": "u", "name": "p", "labels": {"goflow/launch-id": launch_id}, "annotations": {}}
        self.backend._on_pod("seen", {"metadata": metadata, "status": {"phase": "Pending"}})


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_nobody_is_asked_while_every_job_has_its_pod(stage: Stage) -> None:
    stage.pod(stage.job(1))
    stage.job(2, age_s=0)
    stage.job(3, over=True)
    stage.backend._podless.look()
    assert stage.api.asked == 0


def test_many_jobs_without_pods_cost_one_call_and_each_is_told_its_own_words(stage: Stage) -> None:
    first, second = stage.job(1), stage.job(2)
    for number in range(3, 50):
        stage.job(number)
    stage.api.say("j1", SAID["a service account"][0], "2026-01-01T00:00:05Z")
    stage.api.say("j1", SAID["a quota"][0], "2026-01-01T00:00:01Z")
    stage.api.say("j2", SAID["a limit range"][0])
    stage.api.say("another", SAID["a quota"][0])
    stage.backend._podless.look()
    assert stage.api.asked == 1
    assert [(seen.launch_id, seen.phase, seen.reason) for seen in stage.told] == [
        (first, Phase.PENDING, "ServiceAccountMissing"),
        (second, Phase.PENDING, "LimitRange"),
    ]
    assert stage.waits.told() == []


def test_where_many_wait_for_room_no_more_are_made(stage: Stage) -> None:
    found = [stage.job(number) for number in range(MOST_WAITING)]
    for number in range(MOST_WAITING - 1):
        stage.api.say(f"j{number}", SAID["a quota"][0])
    plan = replace(convert(request(bash())), namespace="here")
    stage.backend._podless.look()
    stage.backend.launch(plan, "")
    assert [(wait.what, wait.where, wait.blocks) for wait in stage.waits.told()] == [("quota", "here, pods", False)]
    stage.api.say(f"j{MOST_WAITING - 1}", SAID["a quota"][0])
    stage.backend._podless.look()
    with pytest.raises(BackendAwayError, match="exceeded quota: team") as raised:
        stage.backend.launch(plan, "")
    assert (raised.value.reason, raised.value.waits) == ("QuotaExceeded", "namespace")
    assert len(stage.api.created) == 1
    for launch_id in found:
        stage.pod(launch_id)
    stage.backend._podless.look()
    stage.backend.launch(plan, "")
    assert stage.waits.told() == []


def test_a_task_without_room_for_its_pod_waits_however_long_and_then_has_its_whole_time_to_start(world: World) -> None:
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    executor._start_backend()
    full, missing = world.queue(), world.queue()
    work_off(executor)
    for launch, reason in ((full, "QuotaExceeded"), (missing, "ServiceAccountMissing")):
        world.backend.sink(Observation(launch_id=launch.id, phase=Phase.PENDING, reason=reason, message="words"))
    for _ in range(100):
        world.store.clock.advance(30)
        executor._tick()
    work_off(executor)
    assert (world.launch(full.id).state, world.launch(full.id).reason) == (LaunchState.CREATED, "QuotaExceeded")
    found = world.launch(missing.id)
    assert (found.reason, "ServiceAccountMissing: words" in str(found.message)) == ("StartupTimeout", True)

    world.backend.sink(Observation(launch_id=full.id, phase=Phase.PENDING, claimant="uid"))
    assert world.launch(full.id).reason is None
    for _ in range(19):
        world.store.clock.advance(30)
        executor._tick()
    assert world.launch(full.id).state is LaunchState.CREATED
    for _ in range(3):
        world.store.clock.advance(30)
        executor._tick()
    assert world.launch(full.id).reason == "StartupTimeout"


def test_what_it_waited_for_is_not_told_of_a_task_that_runs(world: World) -> None:
    executor = world.executor()
    world.store.subscribe(executor._on_events)
    launch = world.queue()
    work_off(executor)
    executor.observe(Observation(launch_id=launch.id, phase=Phase.PENDING, reason="QuotaExceeded", message="words"))
    world.claim(launch)
    found = world.launch(launch.id)
    assert (found.state, found.reason, found.message) == (LaunchState.CLAIMED, None, None)
