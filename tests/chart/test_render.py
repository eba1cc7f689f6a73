"""The chart as helm renders it: what it makes of its values, what it refuses, and how little it asks for."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from goflow_runner import wire

from goflow.importer.errand_job import ErrandSite, job_of
from goflow.members.kube_lessor import lease_name
from goflow.operators.manifest import TOKEN_AUDIENCE
from goflow.parser.api import Errand
from goflow.settings import Settings
from tests.cluster.harness import HarnessError
from tests.cluster.harness.helm import CHART, render

pytestmark = pytest.mark.usefixtures("helm")

Objects = list[dict[str, Any]]

DAEMON, RUNNERS = "flow-goflow", "flow-goflow-triggers"
DAGS = {"dags": {"configMap": "my-dags"}}
FERNET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def merged(*values: dict[str, Any]) -> dict[str, Any]:
    """Values over one another, deeply, as helm does it."""
    result: dict[str, Any] = {}
    for value in values:
        for key, inner in copy.deepcopy(value).items():
            both = isinstance(inner, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], inner) if both else inner
    return result


def of(objects: Objects, kind: str, name: str | None = None) -> dict[str, Any]:
    """The one object of this kind (and name)."""
    (found,) = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    return found


def container(objects: Objects) -> dict[str, Any]:
    """The daemon's container."""
    (found,) = of(objects, "Deployment", DAEMON)["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def environment(objects: Objects) -> dict[str, Any]:
    """Its environment: texts, and what comes from Secrets as (name, key)."""
    found = {}
    for entry in container(objects)["env"]:
        reference = entry.get("valueFrom", {}).get("secretKeyRef")
        found[entry["name"]] = (reference["name"], reference["key"]) if reference else entry["value"]
    return found


def test_lint_finds_nothing(helm: Callable[..., str]) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, values=DAGS)


def test_the_smallest_values_make_one_daemon_with_its_service_and_rights() -> None:
    objects = render(DAGS)
    assert sorted(o["kind"] for o in objects) == [
        *("ClusterRole", "ClusterRoleBinding", "Deployment", "Deployment", "NetworkPolicy", "Role", "RoleBinding"),
        *("Secret", "Service", "Service", "ServiceAccount", "ServiceAccount"),
    ]
    deployment = of(objects, "Deployment", DAEMON)["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


POSTGRES = {"database": {"url": "postgresql://db/x"}, "encryptionKey": {"value": FERNET}}


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
    named = [lease_name("House/of_Flow", duty) for duty in ("scheduler", "importer", "triggers")]
    assert role["metadata"]["namespace"] == "house"
    assert role["rules"] == [
        {**leases, "verbs": ["create"]},
        {**leases, "resourceNames": named, "verbs": ["get", "update"]},
    ]


REFUSED = [
    ("a value that does not exist", {"replica": 2}, "replica"),
    ("half a daemon", {"replicas": 1.5}, "/replicas"),
    ("a misspelt one within", {"jobs": {"namespace": "etl"}}, "namespace"),
    ("a namespace that cannot be one", {"jobs": {"namespaces": ["Etl_1"]}}, "/jobs/namespaces/0"),
    ("the same namespace twice", {"jobs": {"namespaces": ["etl", "etl"]}}, "/jobs/namespaces"),
    ("a database that GoFlow does not speak", {"database": {"url": "mysql://db/goflow"}}, "/database/url"),
    ("a SQLite file outside the home", {"database": {"url": "sqlite:////data/x.db"}}, "/database/url"),
    ("a key that is not a Fernet key", {"encryptionKey": {"value": "secret"}}, "/encryptionKey/value"),
    ("a token that can be guessed", {"apiToken": {"value": "hello"}}, "/apiToken/value"),
    ("a setting that does not exist", {"settings": {"dialekt": "airflow2"}}, "dialekt"),
    ("a setting that the chart sets itself", {"settings": {"task_api_port": 9}}, "task_api_port"),
    ("a digest that is none", {"image": {"digest": "latest"}}, "/image/digest"),
    ("a pull policy that does not exist", {"runner": {"image": {"pullPolicy": "Sometimes"}}}, "pullPolicy"),
    ("a path that leaves the volume", {"dags": {"persistentVolumeClaim": {"subPath": "/etc"}}}, "subPath"),
    ("a file name that a ConfigMap cannot hold", {"dags": {"files": {"a/b.py": ""}}}, "a/b.py"),
    ("a variable without a name", {"extraEnv": [{"value": "x"}]}, "/extraEnv/0"),
    ("a port beyond the last", {"service": {"port": 70000}}, "/service/port"),
]


@pytest.mark.parametrize(("values", "named"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_the_schema_refuses(values: dict[str, Any], named: str) -> None:
    with pytest.raises(HarnessError) as refusal:
        render(merged(DAGS, values))
    assert "values don't meet the specifications of the schema" in str(refusal.value)
    assert named in str(refusal.value)


CONTRADICTIONS = [
    ("no DAG folder", {"dags": {"configMap": ""}}, "exactly one of dags.files"),
    (
        "two DAG folders",
        {"dags": {"persistentVolumeClaim": {"claimName": "x"}}},
        "given: dags.configMap, dags.persistentVolumeClaim.claimName",
    ),
    (
        "two databases",
        {"database": {"url": "postgresql://db/x", "existingSecret": {"name": "x"}}, "encryptionKey": {"value": FERNET}},
        "exclude each other",
    ),
    (
        "PostgreSQL with a key that dies with the pod",
        {"database": {"url": "postgresql://db/x"}},
        "must outlive the pod",
    ),
    ("two daemons on SQLite", {"replicas": 2}, "replicas above 1 need PostgreSQL"),
    (
        "two daemons in one home",
        {**POSTGRES, "replicas": 2, "home": {"persistence": {"enabled": True}}},
        "replicas above 1 need a home each",
    ),
    (
        "a service account that nobody makes and nobody names",
        {"serviceAccount": {"create": False}},
        "serviceAccount.name is needed",
    ),
]


@pytest.mark.parametrize(
    ("values", "said"), [row[1:] for row in CONTRADICTIONS], ids=[row[0] for row in CONTRADICTIONS]
)
def test_contradictions_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        render(merged(DAGS, values))


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
    pods = [("", "pods", verb) for verb in ("get", "list", "watch", "delete")]
    each = [*jobs, *pods, ("", "pods/log", "get"), ("", "events", "list")]
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


def test_pods_that_run_a_file_to_read_it_speak_to_nobody() -> None:
    policy = of(render(merged(DAGS, {"jobs": {"namespaces": ["etl", "reports"]}}), namespace="house"), "NetworkPolicy")
    assert policy["metadata"]["namespace"] == "etl"
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not policy["spec"].keys() & {"ingress", "egress"}, "nothing is let through"
    errand = Errand(path="a.py", ask="a", request=b"{}", mounts={"/dags": "/dags"})
    job = job_of(errand, b"x", ErrandSite(namespace="etl", installation="house.flow", image="runner"))
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= job["spec"]["template"]["metadata"]["labels"].items()


def test_the_policy_may_be_left_to_others() -> None:
    assert not [o for o in render(merged(DAGS, {"networkPolicy": {"create": False}})) if o["kind"] == "NetworkPolicy"]


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


def test_the_settings_read_from_the_rendered_environment_are_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "jobs": {"namespaces": ["etl", "reports"], "serviceAccount": "worker"},
        "runner": {"image": {"repository": "mirror/goflow-runner", "tag": "7", "pullPolicy": "Never"}},
        "settings": {"dialect": "airflow2", "parallelism": 32, "safe_mode": False, "import_roots": ["/plugins"]},
    }
    for name, value in environment(render(merged(DAGS, values), namespace="house")).items():
        monkeypatch.setenv(name, "from-a-secret" if isinstance(value, tuple) else value)
    settings = Settings()
    assert settings.backend == "kubernetes"
    assert (settings.namespace, settings.job_namespaces) == ("etl", ["etl", "reports"])
    assert (settings.runner_image, settings.image_pull_policy) == ("mirror/goflow-runner:7", "Never")
    assert (settings.dialect, settings.parallelism, settings.safe_mode) == ("airflow2", 32, False)
    assert [str(root) for root in settings.import_roots] == ["/plugins"]
    assert settings.task_service_account == "worker"
    assert settings.task_api_url == "http://flow-goflow-tasks.house.svc:8081"
    assert settings.installation == "house.flow"
    assert settings.api_token.get_secret_value() == "from-a-secret"
    assert str(settings.dags) == "/etc/goflow/dags"


def test_every_setting_is_either_the_charts_own_or_open_to_values() -> None:
    variables = environment(
        render(
            merged(
                DAGS,
                {"runner": {"image": {"pullPolicy": "Never"}}, "database": {"existingSecret": {"name": "x"}}},
                {"encryptionKey": {"existingSecret": {"name": "x"}}},
            )
        )
    )
    local = {"trigger_runners", "trigger_capacity"}  # in a cluster runners are the Deployment's pods
    own = {name.removeprefix("GOFLOW_").lower() for name in variables} | {"kubeconfig"} | local
    schema = json.loads((CHART / "values.schema.json").read_text())
    open_ones = set(schema["properties"]["settings"]["propertyNames"]["enum"])
    assert own & open_ones == set()
    assert own | open_ones == set(Settings.model_fields)


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


SECRETS = [
    ("GOFLOW_API_TOKEN", "apiToken", {"value": "a-token-of-some-length"}, "api-token"),
    ("GOFLOW_DATABASE_URL", "database", {"url": "postgresql+psycopg://u:p@db/x"}, "database-url"),
    ("GOFLOW_ENCRYPTION_KEY", "encryptionKey", {"value": FERNET}, "encryption-key"),
]


@pytest.mark.parametrize(("variable", "value", "given", "key"), SECRETS, ids=[row[0] for row in SECRETS])
def test_what_is_secret_stands_in_a_secret_alone(variable: str, value: str, given: dict[str, Any], key: str) -> None:
    objects = render(merged(DAGS, {"encryptionKey": {"value": FERNET}}, {value: given}))
    assert environment(objects)[variable] == ("flow-goflow", key)
    (text,) = given.values()
    assert of(objects, "Secret")["stringData"][key] == text
    assert [o["kind"] for o in objects if text in json.dumps(o)] == ["Secret"]


@pytest.mark.parametrize(("variable", "value"), [row[:2] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_a_secret_of_ones_own_is_used_and_not_copied(variable: str, value: str) -> None:
    existing = {"existingSecret": {"name": "mine", "key": "place"}}
    objects = render(merged(DAGS, {"encryptionKey": existing, "apiToken": existing}, {value: existing}))
    assert environment(objects)[variable] == ("mine", "place")
    assert not [o for o in objects if o["kind"] == "Secret"], "nothing is left that the chart would have to keep"


def test_sqlite_lies_on_a_volume_that_outlives_the_release() -> None:
    objects = render(merged(DAGS, {"home": {"persistence": {"enabled": True, "storageClass": "fast", "size": "2Gi"}}}))
    claim = of(objects, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["storageClassName"] == "fast"
    assert "GOFLOW_DATABASE_URL" not in environment(objects)
    assert volume(objects, "home") == {"persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}


DAG_FOLDERS = [
    ("a ConfigMap", DAGS, {"configMap": {"name": "my-dags"}}, None),
    (
        "a ConfigMap, whatever is said of a volume",
        {"dags": {"configMap": "my-dags", "persistentVolumeClaim": {"subPath": "dags"}}},
        {"configMap": {"name": "my-dags"}},
        None,
    ),
    ("files in the values", {"dags": {"files": {"a.py": "x = 1"}}}, {"configMap": {"name": "flow-goflow-dags"}}, None),
    (
        "a folder of a volume claim",
        {"dags": {"persistentVolumeClaim": {"claimName": "git", "subPath": "repo/dags"}}},
        {"persistentVolumeClaim": {"claimName": "git", "readOnly": True}},
        "repo/dags",
    ),
]


@pytest.mark.parametrize(
    ("values", "source", "sub_path"), [row[1:] for row in DAG_FOLDERS], ids=[row[0] for row in DAG_FOLDERS]
)
def test_the_dag_folder_comes_from(values: dict[str, Any], source: dict[str, Any], sub_path: str | None) -> None:
    objects = render(values)
    assert volume(objects, "dags") == source
    (mount,) = [m for m in container(objects)["volumeMounts"] if m["name"] == "dags"]
    assert (mount["readOnly"], mount.get("subPath")) == (True, sub_path), "a subPath of a ConfigMap is never refreshed"


def volume(objects: Objects, name: str) -> dict[str, Any]:
    """The source of one of the pod's volumes."""
    volumes = of(objects, "Deployment", DAEMON)["spec"]["template"]["spec"]["volumes"]
    (found,) = [{k: v for k, v in entry.items() if k != "name"} for entry in volumes if entry["name"] == name]
    return found


def test_page_and_task_api_are_apart() -> None:
    objects = render(merged(DAGS, {"service": {"type": "LoadBalancer", "port": 8000}}))
    page, tasks = of(objects, "Service", "flow-goflow")["spec"], of(objects, "Service", "flow-goflow-tasks")["spec"]
    assert (page["type"], page["ports"]) == ("LoadBalancer", [{"name": "http", "port": 8000, "targetPort": "http"}])
    assert tasks["type"] == "ClusterIP", "whoever opens the page to the world does not open this"
    labels = of(objects, "Deployment", DAEMON)["spec"]["template"]["metadata"]["labels"]
    assert page["selector"].items() <= labels.items()
    assert tasks["selector"].items() <= labels.items()


def test_a_changed_secret_value_is_a_new_pod() -> None:
    def annotation(token: str) -> Any:
        objects = render(merged(DAGS, {"apiToken": {"value": token}}))
        return of(objects, "Deployment", DAEMON)["spec"]["template"]["metadata"]["annotations"]

    assert annotation("a-token-of-some-length") == annotation("a-token-of-some-length")
    assert annotation("a-token-of-some-length") != annotation("another-token-of-it")
