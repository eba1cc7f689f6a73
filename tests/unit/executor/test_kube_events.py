"""What is made of the events that Kubernetes has of a Job and its pods."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState
from goflow.executor.kube_events import events_of

Json = dict[str, Any]


class FakeApi:
    """Events and pods of one namespace."""

    def __init__(self, events: list[Json], pods: list[str]) -> None:
        self.events, self.pods = events, pods

    def list_events(self, namespace: str, *, kind: str, reason: str = "", name: str = "") -> list[Json]:
        assert namespace == "jobs"
        about = {"kind": kind, "name": name}
        return [event for event in self.events if event["involvedObject"] == about]

    def list_pods(self, namespace: str, label_selector: str) -> list[Json]:
        assert label_selector == "batch.kubernetes.io/job-name=work-1"
        return [{"metadata": {"name": name}} for name in self.pods]


def launch(job_index: int | None = None) -> Launch:
    return Launch(
        id="0" * 32,
        task_instance_id=1,
        try_number=1,
        ordinal=1,
        state=LaunchState.CREATED,
        backend="kubernetes",
        namespace="jobs",
        job_name="work-1",
        job_index=job_index,
    )


def event(kind: str, name: str, reason: str, message: str, **more: Any) -> Json:
    return {"involvedObject": {"kind": kind, "name": name}, "reason": reason, "message": message, **more}


def test_events_of_job_and_pods_come_in_order_with_how_often():
    api = FakeApi(
        [
            event(
                *("Pod", "work-1-ab", "BackOff", "Back-off pulling image"),
                type="Warning",
                count=7,
                source={"component": "kubelet"},
                firstTimestamp="2026-01-01T00:00:02Z",
                lastTimestamp="2026-01-01T00:05:00Z",
            ),
            event(
                *("Pod", "work-1-ab", "Scheduled", "assigned to node1"),
                type="Normal",
                reportingComponent="default-scheduler",
                eventTime="2026-01-01T00:00:01.5Z",
            ),
            event(
                *("Job", "work-1", "SuccessfulCreate", "Created pod: work-1-ab"),
                type="Normal",
                count=1,
                lastTimestamp="2026-01-01T00:00:01Z",
            ),
            event("Pod", "another", "Killing", "not ours"),
        ],
        [],
    )
    found = events_of(api, launch())  # type: ignore[arg-type]
    assert [(one.about, one.reason, one.count) for one in found] == [
        ("Job work-1", "SuccessfulCreate", 1),
        ("Pod work-1-ab", "Scheduled", 1),
        ("Pod work-1-ab", "BackOff", 7),
    ]
    assert (found[2].kind, found[2].source) == ("Warning", "kubelet")
    assert found[2].first_at == dt.datetime(2026, 1, 1, 0, 0, 2, tzinfo=dt.UTC)
    assert found[1].last_at == dt.datetime(2026, 1, 1, 0, 0, 1, 500000, tzinfo=dt.UTC)


def test_a_pod_whose_making_is_forgotten_is_asked_about_while_it_is_there():
    api = FakeApi([event("Pod", "work-1-ab", "Evicted", "The node was low on memory")], ["work-1-ab"])
    assert [one.reason for one in events_of(api, launch())] == ["Evicted"]  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["job_name", "namespace"])
def test_a_launch_that_has_come_to_no_job_has_no_events(missing: str):
    api = FakeApi([event("Job", "", "FailedCreate", "another's")], [])
    assert events_of(api, dataclasses.replace(launch(), **{missing: ""})) == []  # type: ignore[arg-type]


def test_of_a_job_that_many_share_only_its_own_pod_is_told():
    api = FakeApi(
        [
            event("Job", "work-1", "SuccessfulCreate", "Created pod: work-1-1-ab"),
            event("Job", "work-1", "SuccessfulCreate", "Created pod: work-1-11-cd"),
            event("Pod", "work-1-1-ab", "Started", "one"),
            event("Pod", "work-1-11-cd", "Started", "eleven"),
            event("Job", "work-1", "Suspended", "of all"),
        ],
        ["work-1-1-ab", "work-1-11-cd"],
    )
    found = {one.message for one in events_of(api, launch(job_index=1))}  # type: ignore[arg-type]
    assert found == {"Created pod: work-1-1-ab", "one", "of all"}
