"""The chart as helm renders it: what it makes of its values, what it refuses, and how little it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from goflow_runner import wire

from goflow.members.kube_lessor import lease_name
from goflow.operators.manifest import TOKEN_AUDIENCE
from tests.chart.rendered import DAEMON, DAGS, POSTGRES, RICH, RUNNERS, ZONES, environment, merged, of
from tests.cluster.harness.helm import CHART, render

pytestmark = pytest.mark.usefixtures("helm")


@pytest.mark.parametrize("values", [DAGS, RICH], ids=["the smallest values", "nearly everything"])
def test_lint_finds_nothing(helm: Callable[..., str], values: dict[str, Any]) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, values=values)


def test_the_smallest_values_make_one_daemon_with_its_service_and_rights() -> None:
    objects = render(DAGS)
    assert sorted(o["kind"] for o in objects) == [
        *(
            "ClusterRole",
            "ClusterRoleBinding",
            "Deployment",
            "Deployment",
            "NetworkPolicy",
            "NetworkPolicy",
            "Role",
            "RoleBinding",
        ),
        *("Secret", "Service", "Service", "ServiceAccount", "ServiceAccount"),
    ]
    deployment = of(objects, "Deployment", DAEMON)["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


def test_on_postgresql_daemons_follow_each_other_and_may_be_several() -> None:
    objects = render(merged(DAGS, {**POSTGRES, "replicas": 3}), namespace="house")
    deployment = of(objects, "Deployment", DAEMON)["spec"]
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert (deployment["replicas"], deployment["strategy"]) == (3, rolling)
    kept = render(merged(DAGS, {**POSTGRES, "home": {"persistence": {"enabled": True}}}))
    assert of(kept, "Deployment", DAEMON)["spec"]["strategy"] == {"type": "Recreate"}, "a volume has one user"


def test_on_postgresql_the_daemon_may_hold_its_own_leases_and_no_others() -> None:
    values = {**POSTGRES, "jobs": {"namespaces": ["etl"], "installation": "House/of_Flow"}}
    [role] = [
        o for o in render(merged(DAGS, values), namespace="house") if o["metadata"]["name"] == "flow-goflow-leases"
    ][:1]
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    named = [
        lease_name("House/of_Flow", duty)
        for duty in ("scheduler", "importer", "triggers", "logs", "alerts", "cronjobs")
    ]
    assert role["metadata"]["namespace"] == "house"
    assert role["rules"] == [
        {**leases, "verbs": ["create"]},
        {**leases, "resourceNames": named, "verbs": ["get", "update"]},
    ]


def test_the_rights_are_these_and_no_more() -> None:
    objects = render(merged(DAGS, {"jobs": {"namespaces": ["etl", "reports"]}}))
    granted = {
        (o["kind"], o["metadata"].get("namespace"), group, resource, verb)
        for o in objects
        if o["kind"] in ("Role", "ClusterRole")
        for rule in o["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    jobs = [("batch", "jobs", verb) for verb in ("create", "get", "list", "watch", "patch", "delete")]
    jobs += [("batch", "cronjobs", verb) for verb in ("create", "list", "watch", "patch", "update", "delete")]
    pods = [("", "pods", verb) for verb in ("get", "list", "watch", "delete")]
    events = [("", "events", verb) for verb in ("list", "watch")]
    each = [*jobs, *pods, *events, ("", "pods/log", "get"), ("metrics.k8s.io", "pods", "list")]
    assert granted == {
        *(("Role", namespace, *right) for namespace in ("etl", "reports") for right in each),
        ("Role", "etl", "", "secrets", "create"),
        ("ClusterRole", None, "authentication.k8s.io", "tokenreviews", "create"),
    }


def test_every_binding_gives_to_the_daemons_account_alone() -> None:
    objects = render(merged(DAGS, {"jobs": {"namespaces": ["etl"]}}), namespace="house")
    daemon = {"kind": "ServiceAccount", "name": "flow-goflow", "namespace": "house"}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        assert of(objects, kind)["subjects"] == [daemon]
    assert of(objects, "RoleBinding")["metadata"]["namespace"] == "etl"
    assert of(objects, "Deployment", DAEMON)["spec"]["template"]["spec"]["serviceAccountName"] == "flow-goflow"


def test_the_daemon_may_have_a_share_of_the_api_server_of_its_own() -> None:
    assert not [o for o in render(DAGS) if o["apiVersion"].startswith("flowcontrol.")]
    objects = render(merged(DAGS, {"apiPriority": {"create": True, "launchShares": 7}}), namespace="house")
    levels = {o["metadata"]["name"]: o["spec"]["limited"] for o in objects if o["kind"] == "PriorityLevelConfiguration"}
    shares = {name: level["nominalConcurrencyShares"] for name, level in levels.items()}
    assert shares == {"house.flow-goflow": 20, "house.flow-goflow.launches": 7}
    launches, rest = (
        of(objects, "FlowSchema", name)["spec"] for name in ("house.flow-goflow.launches", "house.flow-goflow")
    )
    assert launches["matchingPrecedence"] < rest["matchingPrecedence"] < 9000
    daemon = {"kind": "ServiceAccount", "serviceAccount": {"name": "flow-goflow", "namespace": "house"}}
    for schema, name in ((launches, "house.flow-goflow.launches"), (rest, "house.flow-goflow")):
        assert schema["priorityLevelConfiguration"]["name"] == name
        assert [rule["subjects"] for rule in schema["rules"]] == [[daemon]]
    (rule,) = launches["rules"][0]["resourceRules"]
    assert (rule["verbs"], rule["apiGroups"], rule["resources"]) == (["create"], ["batch"], ["jobs"])


def test_without_rbac_there_are_no_rights() -> None:
    kinds = {o["kind"] for o in render(merged(DAGS, {"rbac": {"create": False}}))}
    assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_trigger_runners_are_pods_of_the_runners_image_with_a_name_and_a_token_of_their_own() -> None:
    values = {"jobs": {"namespaces": ["etl", "x"]}, "triggers": {"replicas": 3, "capacity": 50}}
    objects = render(merged(DAGS, values))
    deployment = of(objects, "Deployment", RUNNERS)
    assert (deployment["metadata"]["namespace"], deployment["spec"]["replicas"]) == ("etl", 3)
    pod = deployment["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == RUNNERS == environment(objects)["GOFLOW_TRIGGER_SERVICE_ACCOUNT"]
    assert of(objects, "ServiceAccount", RUNNERS)["metadata"]["namespace"] == "etl"
    assert [c["command"] for c in pod["containers"]] == [["goflow-runner", "triggers"]]
    assert pod["containers"][0]["image"] == environment(objects)["GOFLOW_RUNNER_IMAGE"]
    [given] = [{e["name"]: e.get("value", e.get("valueFrom")) for e in c["env"]} for c in pod["containers"]]
    assert given[wire.ENV_API_URL] == environment(objects)["GOFLOW_TASK_API_URL"]
    assert given[wire.ENV_TRIGGER_RUNNER] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert given[wire.ENV_CLAIMANT] == {"fieldRef": {"fieldPath": "metadata.uid"}}
    assert given[wire.ENV_TRIGGER_CAPACITY] == "50"
    [token] = pod["volumes"][0]["projected"]["sources"]
    assert token["serviceAccountToken"]["audience"] == TOKEN_AUDIENCE
    bound = [s["name"] for o in objects if o["kind"].endswith("RoleBinding") for s in o["subjects"]]
    assert RUNNERS not in bound


def test_there_may_be_no_trigger_runners() -> None:
    objects = render(merged(DAGS, {"triggers": {"replicas": 0}}))
    assert [o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"] == [DAEMON]
    assert environment(objects)["GOFLOW_TRIGGER_SERVICE_ACCOUNT"] == ""


def test_nodes_are_drained_of_one_daemon_and_one_trigger_runner_at_a_time() -> None:
    assert not [o for o in render(DAGS) if o["kind"] == "PodDisruptionBudget"], "of one there is none to be kept"
    values = {**POSTGRES, "replicas": 2, "triggers": {"replicas": 3}, "jobs": {"namespaces": ["etl"]}}
    objects = render(merged(DAGS, values), namespace="house")
    for name in (DAEMON, RUNNERS):
        budget = of(objects, "PodDisruptionBudget", name)
        pods = of(objects, "Deployment", name)
        assert budget["spec"] == {"maxUnavailable": 1, "selector": pods["spec"]["selector"]}
        assert budget["metadata"].get("namespace") == pods["metadata"].get("namespace")
    none = render(merged(DAGS, values, {"podDisruptionBudget": {"create": False}}))
    assert not [o for o in none if o["kind"] == "PodDisruptionBudget"]


def test_pods_spread_as_the_values_say_and_pick_themselves() -> None:
    own = {**ZONES, "labelSelector": {"matchLabels": {"of": "mine"}}}
    spread = {"topologySpreadConstraints": [ZONES, own]}
    objects = render(merged(DAGS, {**POSTGRES, "replicas": 2, **spread, "triggers": spread}))
    for name in (DAEMON, RUNNERS):
        deployment = of(objects, "Deployment", name)["spec"]
        pods = {**ZONES, "labelSelector": deployment["selector"]}
        assert deployment["template"]["spec"]["topologySpreadConstraints"] == [pods, own]
