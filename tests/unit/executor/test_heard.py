"""What is heard of the warnings of Kubernetes, and for which launch it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.runs import job_name, new_launch_id
from goflow.executor import heard as module
from goflow.executor.heard import Heard
from goflow.kube.api import Json, KubeApi
from tests.unit.executor.test_kube_events import launch
from tests.unit.kube.server import ApiServer, api_server, kubeconfig_for, refusal

NAME = "work-0123456789abcdef"
WORK = dataclasses.replace(launch(), job_name=NAME)
SHARED = dataclasses.replace(WORK, id="1" * 32, job_index=1)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture
def ears(server: ApiServer, tmp_path: Path) -> Iterator[Heard]:
    made = Heard(KubeApi(kubeconfig_for(server.url, tmp_path)), ["jobs"])
    yield made
    made.stop()


def warning(kind: str, name: str, reason: str, *, uid: str = "", namespace: str = "jobs", **more: Any) -> Json:
    return {
        "metadata": {"name": f"{name}.1", "namespace": namespace, "uid": uid or f"{name} {reason}"},
        "involvedObject": {"kind": kind, "name": name},
        "type": "Warning",
        "reason": reason,
        "message": "words",
        **more,
    }


ABOUT: dict[str, tuple[list[Json], list[str], list[str]]] = {
    "of a Job and of its pods": (
        [warning("Job", NAME, "FailedCreate"), warning("Pod", f"{NAME}-ab12z", "BackOff")],
        ["FailedCreate", "BackOff"],
        ["FailedCreate"],
    ),
    "of another Job, and of one whose name begins alike": (
        [
            warning("Job", f"{NAME}0", "FailedCreate"),
            warning("Pod", NAME, "BackOff"),
            warning("Pod", f"{NAME[:-1]}0-ab12z", "BackOff"),
        ],
        [],
        [],
    ),
    "of the pods of an index": (
        [warning("Pod", f"{NAME}-1-ab12z", "One"), warning("Pod", f"{NAME}-11-ab12z", "Eleven")],
        ["One", "Eleven"],  # of a launch whose Job has indexes of its own
        ["One"],
    ),
    "of a namespace that is another's": ([warning("Job", NAME, "FailedCreate", namespace="other")], [], []),
    "of what is no Job and no pod": (
        [warning("Node", NAME, "SystemOOM"), warning("Pod", "alone", "BackOff"), {"metadata": {"uid": "u"}}],
        [],
        [],
    ),
}


@pytest.mark.parametrize(("told", "of_work", "of_shared"), ABOUT.values(), ids=ABOUT)
def test_a_launch_has_the_warnings(ears: Heard, told: list[Json], of_work: list[str], of_shared: list[str]) -> None:
    for item in told:
        ears.take("seen", item)
    assert sorted(event.reason for event in ears.of(WORK)) == sorted(of_work)
    assert sorted(event.reason for event in ears.of(SHARED)) == sorted(of_shared)


def test_a_launch_has_them_whatever_its_job_is_called(ears: Heard) -> None:
    for number in range(200):
        name = job_name("dag", "1-22-333", new_launch_id())
        made = dataclasses.replace(launch(), job_name=name)
        ears.take("seen", warning("Pod", f"{name}-{number + 10000}", "BackOff"))
        assert [event.reason for event in ears.of(made)] == ["BackOff"], name


def test_one_that_is_counted_on_is_told_as_it_was_counted_last_and_stays_when_kubernetes_forgets_it(
    ears: Heard,
) -> None:
    for count in (1, 2, 9):
        ears.take("seen", warning("Pod", f"{NAME}-ab12z", "BackOff", count=count))
    ears.take("deleted", warning("Pod", f"{NAME}-ab12z", "BackOff", count=9))
    assert [(event.reason, event.count) for event in ears.of(WORK)] == [("BackOff", 9)]


def test_what_is_stored_is_forgotten_and_what_is_of_others_of_the_job_stays(ears: Heard) -> None:
    other = dataclasses.replace(SHARED, job_index=11)
    for item in ABOUT["of the pods of an index"][0]:
        ears.take("seen", item)
    ears.forget(SHARED)
    assert (ears.of(SHARED), [event.reason for event in ears.of(other)]) == ([], ["Eleven"])
    ears.forget(other)
    ears.forget(other)
    assert (ears.of(WORK), ears._count, len(ears._of_jobs)) == ([], 0, 0)


def test_what_is_held_is_bounded_and_the_oldest_goes_first(ears: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 6)
    monkeypatch.setattr(module, "MOST_OF_JOB", 3)
    jobs = [dataclasses.replace(launch(), job_name=f"job-{number:016}") for number in range(9)]
    for made in jobs:
        for number in range(4):
            ears.take("seen", warning("Pod", f"{made.job_name}-ab12z", f"R{number}"))
    assert [[event.reason for event in ears.of(made)] for made in jobs[-3:]] == [
        [],
        ["R1", "R2", "R3"],
        ["R1", "R2", "R3"],
    ]
    assert ears._count == 6 == sum(map(len, ears._of_jobs.values()))


def test_warnings_alone_are_watched_and_a_role_that_does_not_allow_it_costs_nothing_else(
    server: ApiServer, ears: Heard
) -> None:
    server.fault(refusal(403, "Forbidden"), where=lambda asked: not asked.is_watch)
    server.put(
        "e1", **{name: value for name, value in warning("Job", NAME, "FailedCreate").items() if name != "metadata"}
    )
    server.objects["e1"]["metadata"]["namespace"] = "jobs"
    ears.start()
    server.wait(lambda: server.watching > 0, "no watch")
    assert [event.reason for event in ears.of(WORK)] == ["FailedCreate"]
    assert {(asked.path, asked.query.get("fieldSelector")) for asked in server.asked} == {
        ("/api/v1/namespaces/jobs/events", "type=Warning")
    }
