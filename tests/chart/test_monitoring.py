"""What the chart brings for Prometheus and Grafana, and the rights that go with what tasks use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart import crds
from tests.chart.rendered import DAGS, RICH, merged, of
from tests.cluster.harness import Cluster, HarnessError
from tests.cluster.harness.helm import CHART, render
from tests.cluster.kubectl import kubectl

pytestmark = pytest.mark.usefixtures("helm")


def test_nothing_of_it_is_there_unless_it_is_asked_for() -> None:
    objects = render(DAGS)
    assert not {"PrometheusRule", "ServiceMonitor"} & {o["kind"] for o in objects}
    assert not [o for o in objects if o["metadata"]["name"].endswith(("-dashboard", "-usage"))]


def test_the_rules_are_those_of_the_file_word_for_word() -> None:
    objects = render(merged(DAGS, {"prometheusRule": {"create": True, "labels": {"release": "p"}}}))
    rule = of(objects, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
    assert rule["metadata"]["labels"]["release"] == "p"


def test_the_dashboard_is_that_of_the_file_where_the_sidecar_finds_it() -> None:
    values = {"dashboard": {"create": True, "annotations": {"grafana_folder": "GoFlow"}}}
    [found] = [o for o in render(merged(DAGS, values)) if o["metadata"]["name"] == "flow-goflow-dashboard"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"] == {"grafana_folder": "GoFlow"}
    assert json.loads(found["data"]["goflow.json"]) == json.loads((CHART / "files" / "dashboard.json").read_text())


def test_the_kubelets_may_be_asked_where_that_is_said_and_the_metrics_api_unless_it_is_not() -> None:
    objects = render(merged(DAGS, {"usage": {"kubelet": True, "metricsApi": False}}), namespace="house")
    role = of(objects, "ClusterRole", "house.flow-goflow-usage")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]
    binding = of(objects, "ClusterRoleBinding", "house.flow-goflow-usage")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "flow-goflow", "namespace": "house"}]
    assert "metrics.k8s.io" not in json.dumps(objects)
    without = render(merged(DAGS, {"usage": {"kubelet": True}, "rbac": {"create": False}}))
    assert "nodes/proxy" not in json.dumps(without)


@pytest.fixture
def definitions(cluster: Cluster) -> Iterator[None]:
    """The operator's definitions are in the API server."""
    objects = [yaml.safe_load(file.read_text()) for file in crds.files()]
    kubectl(cluster, "apply", "--server-side", objects=objects)
    try:
        kubectl(cluster, "wait", "--for=condition=Established", "--timeout=60s", objects=objects)
        yield
    finally:
        kubectl(cluster, "delete", "--ignore-not-found", objects=objects)


MONITORED: dict[str, Any] = {
    "serviceMonitor": {"create": True, "labels": {"release": "p"}},
    "prometheusRule": {"create": True, "labels": {"release": "p"}},
}


@pytest.mark.usefixtures("definitions")
@pytest.mark.parametrize("values", [DAGS, RICH], ids=["the smallest values", "nearly everything"])
def test_the_operators_own_definitions_take_them(cluster: Cluster, namespace: str, values: dict[str, Any]) -> None:
    """With strict validation: a field that the definition does not know is refused, and nothing is lost on the way."""
    wanted = {"ServiceMonitor", "PrometheusRule"}
    rendered = render(merged(values, MONITORED), namespace=namespace)
    objects = [found for found in rendered if found["kind"] in wanted]
    assert {found["kind"] for found in objects} == wanted
    kubectl(cluster, "apply", "--server-side", "--validate=strict", objects=objects, namespace=namespace)
    for given in objects:
        kind, name = given["kind"], given["metadata"]["name"]
        kept = json.loads(kubectl(cluster, "get", kind, name, "--output=json", namespace=namespace))
        assert kept["spec"] == given["spec"]
    changed = of(rendered, "ServiceMonitor")
    changed["spec"]["endpoints"][0]["intervall"] = "30s"
    with pytest.raises(HarnessError, match="intervall"):
        kubectl(cluster, "apply", "--server-side", "--validate=strict", objects=[changed], namespace=namespace)
