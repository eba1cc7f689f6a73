"""Where the DAG folder and the home come from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chart.rendered import DAEMON, DAGS, Objects, container, environment, merged, of, volume
from tests.cluster.harness.helm import render

pytestmark = pytest.mark.usefixtures("helm")


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


def test_git_is_kept_checked_out_beside_the_daemon() -> None:
    git = {"repository": "https://git.example.org/team/dags.git", "ref": "main", "subPath": "dags/", "period": "5m"}
    objects = render({"dags": {"git": git}})
    sidecar = git_sync(objects)
    assert sidecar["image"].startswith("registry.k8s.io/git-sync/git-sync:v4.")
    assert sidecar["restartPolicy"] == "Always", "a sidecar, which is there before the daemon and after it"
    assert {"--repo=https://git.example.org/team/dags.git", "--ref=main", "--period=5m"} <= set(sidecar["args"])
    assert environment(objects)["GOFLOW_DAGS_FOLDER"] == "/dags/repo/dags"
    assert {"--root=/dags", "--link=repo"} <= set(sidecar["args"])
    assert volume(objects, "dags") == {"emptyDir": {}}
    places = {m["name"]: m for m in container(objects)["volumeMounts"]}
    assert places["dags"] == {"name": "dags", "mountPath": "/dags", "readOnly": True}
    assert {m["mountPath"] for m in sidecar["volumeMounts"]} == {"/dags", "/tmp"}
    assert "env" not in sidecar
    security = {**container(objects)["securityContext"], "runAsUser": 65533, "runAsGroup": 65533}
    assert sidecar["securityContext"] == security, "no more than the daemon may, as the user that SSH knows"


def test_the_daemon_starts_when_git_has_been_checked_out() -> None:
    """Else it would take a folder for empty that has not come yet."""
    sidecar = git_sync(render({"dags": {"git": {"repository": "https://git.example.org/dags.git"}}}))
    assert "--http-bind=:8082" in sidecar["args"]
    assert sidecar["startupProbe"]["httpGet"] == {"path": "/", "port": 8082}


TOKENS = [
    ({"value": "glpat-1234"}, {"name": "flow-goflow", "key": "git-token"}),
    ({"existingSecret": {"name": "git", "key": "password"}}, {"name": "git", "key": "password"}),
]


@pytest.mark.parametrize(("token", "reference"), TOKENS)
def test_a_token_for_git_comes_by_secret(token: dict[str, Any], reference: dict[str, Any]) -> None:
    objects = render({"dags": {"git": {"repository": "https://git.example.org/dags.git", "token": token}}})
    sidecar = git_sync(objects)
    assert sidecar["env"] == [{"name": "GITSYNC_PASSWORD", "valueFrom": {"secretKeyRef": reference}}]
    assert "--username=git" in sidecar["args"]
    assert [o["kind"] for o in objects if token.get("value", "glpat") in json.dumps(o)] in (["Secret"], [])


@pytest.mark.parametrize(
    ("known_hosts", "option", "files"),
    [
        (
            "known_hosts",
            "--ssh-known-hosts-file=/etc/git-secret/known_hosts",
            {"ssh-privatekey": "ssh", "known_hosts": "known_hosts"},
        ),
        ("", "--ssh-known-hosts=false", {"ssh-privatekey": "ssh"}),
    ],
)
def test_a_key_for_git_is_a_file_of_the_sidecars_alone(known_hosts: str, option: str, files: dict[str, str]) -> None:
    key = {"existingSecret": {"name": "deploy-key", "knownHostsKey": known_hosts}}
    objects = render({"dags": {"git": {"repository": "git@git.example.org:team/dags.git", "sshKey": key}}})
    sidecar = git_sync(objects)
    assert {"--ssh-key-file=/etc/git-secret/ssh", option} <= set(sidecar["args"])
    source = volume(objects, "git-secret")["secret"]
    assert (source["secretName"], source["defaultMode"]) == ("deploy-key", 0o400)
    assert {item["key"]: item["path"] for item in source["items"]} == files
    assert "git-secret" not in {m["name"] for m in container(objects)["volumeMounts"]}


def git_sync(objects: Objects) -> dict[str, Any]:
    """The one container that begins before the daemon's."""
    [found] = of(objects, "Deployment", DAEMON)["spec"]["template"]["spec"]["initContainers"]
    assert found["name"] == "git-sync"
    return dict(found)


def test_volumes_of_ones_own_are_mounted_as_they_are_given() -> None:
    more: dict[str, Any] = {
        "extraVolumes": [{"name": "mails", "configMap": {"name": "mails"}}],
        "extraVolumeMounts": [{"name": "mails", "mountPath": "/etc/goflow/mails", "readOnly": True}],
    }
    objects = render(merged(DAGS, more))
    assert volume(objects, "mails") == {"configMap": {"name": "mails"}}
    assert more["extraVolumeMounts"][0] in container(objects)["volumeMounts"]
