"""Who reaches what: Services, the Ingress, NetworkPolicies, Prometheus."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.importer.errand_job import ErrandSite, job_of
from goflow.parser.api import Errand
from tests.chart.rendered import DAEMON, DAGS, container, environment, merged, of
from tests.cluster.harness.helm import render

pytestmark = pytest.mark.usefixtures("helm")


def test_page_and_task_api_are_apart() -> None:
    objects = render(merged(DAGS, {"service": {"type": "LoadBalancer", "port": 8000}}))
    page, tasks = of(objects, "Service", "flow-goflow")["spec"], of(objects, "Service", "flow-goflow-tasks")["spec"]
    assert (page["type"], page["ports"]) == ("LoadBalancer", [{"name": "http", "port": 8000, "targetPort": "http"}])
    assert tasks["type"] == "ClusterIP", "whoever opens the page to the world does not open this"
    labels = of(objects, "Deployment", DAEMON)["spec"]["template"]["metadata"]["labels"]
    assert page["selector"].items() <= labels.items()
    assert tasks["selector"].items() <= labels.items()


def test_pods_that_run_a_file_to_read_it_speak_to_nobody() -> None:
    objects = render(merged(DAGS, {"jobs": {"namespaces": ["etl", "reports"]}}), namespace="house")
    policy = of(objects, "NetworkPolicy", "house.flow-goflow-read")
    assert policy["metadata"]["namespace"] == "etl"
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not policy["spec"].keys() & {"ingress", "egress"}, "nothing is let through"
    errand = Errand(path="a.py", ask="a", request=b"{}", mounts={"/dags": "/dags"})
    job = job_of(errand, b"x", ErrandSite(namespace="etl", installation="house.flow", image="runner"))
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= job["spec"]["template"]["metadata"]["labels"].items()


PROMETHEUS = {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}
HOSTS = {"ipBlock": {"cidr": "10.0.0.0/8"}}
NAMES = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


def jobs_of(*namespaces: str) -> dict[str, Any]:
    """All pods of these namespaces."""
    expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    return {"namespaceSelector": {"matchExpressions": [expression]}}


POLICIES = [
    ("nobody but the Jobs' namespaces reaches the task API", {}, [None, [jobs_of("etl", "reports")]], None),
    (
        "others may be let in",
        {"page": [PROMETHEUS], "tasks": [HOSTS]},
        [[PROMETHEUS], [jobs_of("etl", "reports"), HOSTS]],
        None,
    ),
    (
        "and the daemon itself kept in",
        {"egress": [{"to": [HOSTS]}]},
        [None, [jobs_of("etl", "reports")]],
        [NAMES, {"to": [HOSTS]}],
    ),
]


@pytest.mark.parametrize(("values", "peers", "egress"), [row[1:] for row in POLICIES], ids=[row[0] for row in POLICIES])
def test_the_daemons_own_policy(values: dict[str, Any], peers: list[Any], egress: list[Any] | None) -> None:
    given = {"jobs": {"namespaces": ["etl", "reports"]}, "networkPolicy": {"daemon": values}}
    objects = render(merged(DAGS, given))
    policy = of(objects, "NetworkPolicy", DAEMON)["spec"]
    labels = of(objects, "Deployment", DAEMON)["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert [[port["port"] for port in rule["ports"]] for rule in policy["ingress"]] == [["http"], ["tasks"]]
    assert [rule.get("from") for rule in policy["ingress"]] == peers
    assert (policy["policyTypes"], policy.get("egress")) == (["Ingress", "Egress"] if egress else ["Ingress"], egress)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"create": False}, [DAEMON]),
        ({"daemon": {"create": False}}, ["goflow.flow-goflow-read"]),
        ({"create": False, "daemon": {"create": False}}, []),
    ],
)
def test_policies_may_be_left_to_others(values: dict[str, Any], names: list[str]) -> None:
    objects = render(merged(DAGS, {"networkPolicy": values}))
    assert [o["metadata"]["name"] for o in objects if o["kind"] == "NetworkPolicy"] == names


INGRESS = {
    "ingress": {"create": True, "hosts": ["a.example.org", "b.example.org"]},
    "adminPassword": {"value": "x" * 8},
}
ALL_HOSTS = ["a.example.org", "b.example.org"]

CERTIFICATES = [
    ("no certificate", {}, None, "http://a.example.org"),
    ("one for all", {"tls": [{"secretName": "x"}]}, [{"hosts": ALL_HOSTS, "secretName": "x"}], "https://a.example.org"),
    (
        "one of the controller's own, for one host",
        {"tls": [{"hosts": ["b.example.org"]}]},
        [{"hosts": ["b.example.org"]}],
        "https://a.example.org",
    ),
]


@pytest.mark.parametrize(
    ("values", "tls", "url"), [row[1:] for row in CERTIFICATES], ids=[row[0] for row in CERTIFICATES]
)
def test_an_ingress_leads_to_the_page_and_to_nothing_else(values: dict[str, Any], tls: Any, url: str) -> None:
    told = {"className": "nginx", "annotations": {"cert-manager.io/cluster-issuer": "ours"}, **values}
    objects = render(merged(DAGS, INGRESS, {"ingress": told}))
    ingress = of(objects, "Ingress")
    assert ingress["metadata"]["annotations"] == told["annotations"]
    assert (ingress["spec"]["ingressClassName"], ingress["spec"].get("tls")) == ("nginx", tls)
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ALL_HOSTS
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    page = {"service": {"name": "flow-goflow", "port": {"name": "http"}}}
    assert [(path["path"], path["pathType"], path["backend"]) for path in paths] == [("/", "Prefix", page)] * 2
    assert "http" not in {port["name"] for port in of(objects, "Service", "flow-goflow-tasks")["spec"]["ports"]}
    assert environment(objects)["GOFLOW_PUBLIC_URL"] == url


def test_a_public_url_that_is_given_holds() -> None:
    objects = render(merged(DAGS, INGRESS, {"settings": {"public_url": "https://c.example.org"}}))
    assert environment(objects)["GOFLOW_PUBLIC_URL"] == "https://c.example.org"
    names = [entry["name"] for entry in container(objects)["env"]]
    assert names.count("GOFLOW_PUBLIC_URL") == 1


def test_prometheus_finds_the_metrics_of_every_daemon() -> None:
    objects = render(merged(DAGS, {"serviceMonitor": {"create": True, "labels": {"release": "prometheus"}}}))
    monitor = of(objects, "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    [endpoint] = monitor["spec"]["endpoints"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    found = [
        o["metadata"]["name"]
        for o in objects
        if o["kind"] == "Service" and wanted.items() <= o["metadata"]["labels"].items()
        for port in o["spec"]["ports"]
        if port["name"] == endpoint["port"]
    ]
    assert found == ["flow-goflow"], "one Service and no other has a port of that name"
    assert (endpoint["path"], monitor["spec"]["namespaceSelector"]) == ("/metrics", {"matchNames": ["goflow"]})
