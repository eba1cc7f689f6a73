"""What is made of a kubelet's and of the metrics API's answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from goflow.cronjobs.jobs import PodSeen
from goflow.domain.clock import VirtualClock
from goflow.domain.usage import Sample
from goflow.domain.usage_hints import Resources
from goflow.kube.api import KubeApi
from goflow.operators.resources import resources_of
from goflow.usage.contract import RefusedError
from goflow.usage.either import ASK_AGAIN_S, FirstThatAnswers
from goflow.usage.kubelet import KubeletMeter, parsed
from goflow.usage.metrics_api import MetricsApiMeter
from goflow.usage.pods import running
from tests.unit.kube.server import ApiServer, Reply, api_server, kubeconfig_for, refusal

TEXT = """\
# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="base",namespace="jobs",pod="one"} 10.5 1764435600000
container_cpu_usage_seconds_total{container="sidecar",namespace="jobs",pod="one"} 99 1764435600000
container_cpu_usage_seconds_total{container="base",namespace="other",pod="one"} 77 1764435600000
# HELP container_memory_working_set_bytes [STABLE] Current working set of the container in bytes
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{container="base",namespace="jobs",pod="one"} 8.388608e+07 1764435600000
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total 1234 1764435600000
"""
"""As the kubelet of Kubernetes 1.37 writes it."""
AT = 1764435600.0


def pod(name: str, node: str = "n1", phase: str = "Running", namespace: str = "jobs") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": node, "containers": [{"name": "sidecar"}, {"name": "base"}]},
        "status": {"phase": phase},
    }


PODS = [("l1", pod("one")), ("l2", pod("two")), ("l3", pod("three", "n2")), ("l4", pod("four", "n3", "Pending"))]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture
def api(server: ApiServer, tmp_path: Path) -> KubeApi:
    return KubeApi(kubeconfig_for(server.url, tmp_path))


def failures(source: str) -> float:
    return REGISTRY.get_sample_value("goflow_usage_failures_total", {"source": source}) or 0.0


def test_a_kubelets_text() -> None:
    found = parsed(TEXT)
    assert found["jobs", "one", "base"] == Sample(AT, 10.5, 80 << 20)
    assert len(found) == 3, "nodes are passed over"
    with pytest.raises(ValueError, match=r"."):
        parsed('container_cpu_usage_seconds_total{container="m} x')


def test_only_nodes_with_running_pods_are_asked_each_once(server: ApiServer, api: KubeApi) -> None:
    for node in ("n1", "n2"):
        server.fault(Reply(200, TEXT), where=lambda asked, node=node: f"/nodes/{node}/" in asked.path)
    found = KubeletMeter(api, lambda: PODS).measure()
    assert found == {"l1": Sample(AT, 10.5, 80 << 20)}, "others have not been seen by their kubelet yet"
    assert sorted(asked.path for asked in server.asked) == [
        "/api/v1/nodes/n1/proxy/metrics/resource", "/api/v1/nodes/n2/proxy/metrics/resource",
    ]  # fmt: skip
    assert KubeletMeter(api, list).measure() == {}
    assert len(server.asked) == 2


def test_a_kubelet_that_does_not_answer_is_left_alone_for_a_while(server: ApiServer, api: KubeApi) -> None:
    server.fault(refusal(503, "ServiceUnavailable"), where=lambda asked: "/nodes/n1/" in asked.path)
    for _ in range(2):
        server.fault(Reply(200, TEXT), where=lambda asked: "/nodes/n2/" in asked.path)
    meter, before = KubeletMeter(api, lambda: PODS), failures("kubelet")
    meter.measure()
    meter.measure()
    assert [asked.path.split("/")[4] for asked in server.asked].count("n1") == 1
    assert failures("kubelet") == before + 1


PODMETRICS = {
    "metadata": {"name": "one", "namespace": "jobs"},
    "window": "20s",
    "containers": [
        {"name": "sidecar", "usage": {"cpu": "2", "memory": "1Gi"}},
        {"name": "base", "usage": {"cpu": "500000000n", "memory": "81920Ki"}},
    ],
}


def listed(at: float, **changed: Any) -> Reply:
    moment = dt.datetime.fromtimestamp(at, dt.UTC).isoformat().replace("+00:00", "Z")
    stranger = {**PODMETRICS, "metadata": {"name": "stranger", "namespace": "jobs"}, "timestamp": moment}
    return Reply(200, {"items": [stranger, {**PODMETRICS, "timestamp": moment, **changed}]})


def test_the_metrics_api_tells_rates_which_add_up(server: ApiServer, api: KubeApi) -> None:
    meter = MetricsApiMeter(api, lambda: PODS)
    server.fault(listed(AT))
    server.fault(listed(AT + 30))
    assert meter.measure() == {"l1": Sample(AT, 10.0, 80 << 20)}
    assert meter.measure() == {"l1": Sample(AT + 30, 25.0, 80 << 20)}
    assert {(asked.path, asked.query["labelSelector"]) for asked in server.asked} == {
        ("/apis/metrics.k8s.io/v1beta1/namespaces/jobs/pods", "batch.kubernetes.io/controller-uid")
    }, "CronJobs' pods are among them, which have no label of GoFlow's where they are watched and left untouched"
    server.fault(listed(AT + 60, containers=[]))
    assert meter.measure() == {}


@pytest.mark.parametrize(
    ("began_s", "cpu"),
    [
        pytest.param(20, 10.0, id="it began with the first average"),
        pytest.param(32, 16.0, id="it began before: that is taken to be as much"),
        pytest.param(15, 10.0, id="it began later than the average says"),
        pytest.param(3600, 40.0, id="it began before the daemon did: for a minute"),
    ],
)
def test_what_was_used_before_the_metrics_api_tells_of_it(
    server: ApiServer, api: KubeApi, began_s: float, cpu: float
) -> None:
    began = dt.datetime.fromtimestamp(AT - began_s, dt.UTC).isoformat()
    states = [{"name": "sidecar"}, {"name": "base", "state": {"running": {"startedAt": began}}}]
    one = pod("one")
    server.fault(listed(AT))
    found = MetricsApiMeter(api, lambda: [("l1", {**one, "status": {**one["status"], "containerStatuses": states}})])
    assert found.measure() == {"l1": Sample(AT, cpu, 80 << 20)}


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_asked_is_said(server: ApiServer, api: KubeApi, status: int) -> None:
    server.fault(refusal(status, "No", "no such right"))
    with pytest.raises(RefusedError, match="no such right"):
        MetricsApiMeter(api, lambda: PODS).measure()


class Fake:
    """A meter by script."""

    def __init__(self, source: str, *answers: dict[str, Sample] | None) -> None:
        self.source = source
        self.answers = list(answers)

    def measure(self) -> dict[str, Sample]:
        answer = self.answers.pop(0)
        if answer is None:
            raise RefusedError("no")
        return answer


def test_where_the_kubelet_may_not_be_asked_the_metrics_api_is_and_it_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = structlog.testing.CapturingLogger()
    monkeypatch.setattr("goflow.usage.either.log", told)
    clock, sample = VirtualClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), {"l": Sample(1.0, 1.0, 1)}
    kubelet, other = Fake("kubelet", None, None, sample), Fake("metrics-api", sample, sample, sample, None)
    meter, before = FirstThatAnswers([kubelet, other], clock), failures("kubelet")
    assert (meter.measure(), meter.source) == (sample, "metrics-api")
    assert meter.measure() == sample
    clock.advance(ASK_AGAIN_S)
    assert meter.measure() == sample
    assert len(kubelet.answers) == 1
    assert failures("kubelet") == before + 2
    clock.advance(ASK_AGAIN_S)
    assert (meter.measure(), meter.source) == (sample, "kubelet")
    assert FirstThatAnswers([Fake("kubelet", None), Fake("metrics-api", None)], clock).measure() == {}
    assert sum("cannot be asked for" in call.args[0] for call in told.calls) == 3


SHOWN = {"kubectl.kubernetes.io/default-container": "other"}


@pytest.mark.parametrize(
    ("names", "annotations", "labels", "container"),
    [
        (["base", "other"], {}, {}, "base"),
        (["other", "base"], {}, {}, "base"),
        (["first", "other"], {}, {}, "first"),
        (["first", "other", "base"], SHOWN, {}, "other"),
        (["first", "base"], SHOWN, {}, "base"),
        (["first", "other", "base"], SHOWN, {"goflow/launch-id": "l"}, "base"),
        (["first", "other", "base"], SHOWN, {"goflow/shared-job": "s"}, "base"),
        (["first", "other"], SHOWN, {"goflow/launch-id": "l"}, "other"),
    ],
)
def test_the_tasks_own_container_is_found_alike_whoever_asks(
    names: list[str], annotations: dict[str, str], labels: dict[str, str], container: str
) -> None:
    """CronJobs of others say it by ``kubectl``'s annotation; in a launch's pod it is GoFlow's own, whatever they say."""
    made = pod("one")
    made["metadata"] |= {"uid": "u", "annotations": annotations, "labels": labels}
    made["spec"]["containers"] = [
        {"name": name, "resources": {"limits": {"memory": str(number)}}} for number, name in enumerate(names)
    ]
    assert [one.container for one in running(lambda: [("l", made)])] == [container]
    assert PodSeen(made).container == container
    wanted = Resources.of({"limits": {"memory": str(names.index(container))}})
    assert resources_of({"spec": {"template": made}}) == wanted


def test_where_a_running_pod_is() -> None:
    assert [(one.launch_id, one.node, one.container) for one in running(lambda: PODS)] == [
        ("l1", "n1", "base"), ("l2", "n1", "base"), ("l3", "n2", "base"),
    ]  # fmt: skip
