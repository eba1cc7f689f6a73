"""The Job that runs one DAG file to read it, and the Secrets that it is given: `goflow_runner.errand` is what runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from goflow_runner import errand as runner

from goflow.domain.canonical import digest, digest_bytes
from goflow.operators.identity import PREFIX, label_value
from goflow.operators.manifest import MAIN
from goflow.parser.api import Errand

Json = dict[str, Any]

FIRST = "unpack"
"""Name of the container that lays out the folders."""
PURPOSE = f"{PREFIX}purpose"
READ = "read"
"""Value of the label PURPOSE: the chart's NetworkPolicy goes by it."""
JOB_LABEL, KEY_ANNOTATION = f"{PREFIX}errand", f"{PREFIX}errand"
KEPT_S = 600
"""Seconds that a Job stays after its end where nobody fetches its answer."""
SLACK_S = 60.0
"""What a pod may take besides waiting for its start and running the file."""
_PART = 900 << 10
"""Bytes of the bundle in one Secret."""
_USER = 65532
RESOURCES: Json = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
"""Where ``goflow.yaml`` says nothing of the file's resources."""
_FROM_TEMPLATE = (
    *("affinity", "hostAliases", "imagePullSecrets", "nodeSelector", "priorityClassName"),
    *("runtimeClassName", "schedulerName", "tolerations", "topologySpreadConstraints"),
)
"""What a ``pod_template`` has a say in: where the pod runs. Nothing that would let the file see more."""
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandSite:
    """Where such Jobs are made, and as what: settings of the daemon. STARTUP_TIMEOUT_S in seconds."""

    namespace: str
    installation: str
    image: str
    pull_policy: str = ""
    service_account: str = "default"
    startup_timeout_s: float = 600.0


def job_of(errand: Errand, bundle: bytes, site: ErrandSite) -> Json:
    """The Job for ERRAND. It is called after all that it does: the same errand has the same name."""
    parts = len(_parts(bundle))
    spec: Json = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": int(site.startup_timeout_s + runner.SECONDS + SLACK_S),
        "ttlSecondsAfterFinished": KEPT_S,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {
            "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {"metadata": {"labels": {}, "annotations": {}}, "spec": _pod(errand, parts, site)},
    }
    key = digest([errand.ask, digest_bytes(bundle), site.installation, site.namespace, spec])
    labels = {
        "app.kubernetes.io/managed-by": "goflow",
        "app.kubernetes.io/instance": label_value(site.installation),
        PURPOSE: READ,
    }
    annotations = {f"{PREFIX}installation": site.installation, f"{PREFIX}file": errand.path, KEY_ANNOTATION: key}
    job: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"namespace": site.namespace, "labels": labels, "annotations": annotations},
        "spec": spec,
    }
    job["spec"]["template"]["metadata"] = {"labels": labels, "annotations": annotations}
    return named(job, 1)


def named(job: Json, attempt: int) -> Json:
    """JOB under the name of its ATTEMPT, from 1: a disrupted one is made again under another name."""
    name = f"goflow-read-{job['metadata']['annotations'][KEY_ANNOTATION][:32]}-{attempt}"
    copy: Json = json.loads(json.dumps(job))
    copy["metadata"]["name"] = name
    template = copy["spec"]["template"]
    template["metadata"]["labels"][JOB_LABEL] = name
    (volume,) = [one for one in template["spec"]["volumes"] if one["name"] == "errand"]
    for number, source in enumerate(volume["projected"]["sources"]):
        source["secret"]["name"] = f"{name}-{number}"
    return copy


def secrets_of(job: Json, uid: str, errand: Errand, bundle: bytes) -> Iterator[Json]:
    """The Secrets of JOB, which go when it goes: UID is its own. The first has the request, the others the folders."""
    name = job["metadata"]["name"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
    files: list[Mapping[str, bytes]] = [{runner.REQUEST: errand.request}]
    files += [{f"{runner.PART}{number:03}": part} for number, part in enumerate(_parts(bundle))]
    for number, content in enumerate(files):
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "immutable": True,
            "metadata": {
                "name": f"{name}-{number}",
                "namespace": job["metadata"]["namespace"],
                "labels": job["metadata"]["labels"],
                "ownerReferences": [owner],
            },
            "data": {key: base64.b64encode(value).decode("ascii") for key, value in content.items()},
        }


def is_ours(found: Json, job: Json) -> bool:
    """Whether the Job FOUND under the name of JOB does the same for the same installation."""
    theirs = found["metadata"].get("annotations") or {}
    return all(
        theirs.get(name) == job["metadata"]["annotations"][name] for name in (KEY_ANNOTATION, f"{PREFIX}installation")
    )


def _parts(bundle: bytes) -> list[bytes]:
    return [bundle[at : at + _PART] for at in range(0, len(bundle), _PART)]


def _pod(errand: Errand, parts: int, site: ErrandSite) -> Json:
    """A pod with nothing in it but the file's folders: no token, no privilege, no writable place but ``/tmp``."""
    given = errand.runtime
    template = given.pod_template if isinstance(given.pod_template, dict) else {}
    wanted = template.get("spec")
    own = {name: wanted[name] for name in _FROM_TEMPLATE if name in wanted} if isinstance(wanted, dict) else {}
    at_work = [{"name": "errand", "mountPath": runner.ERRAND_DIR, "readOnly": True}]
    unpacked = [{"name": "folders", "mountPath": runner.FOLDERS_DIR}]
    seen = [
        {"name": "folders", "mountPath": inside, "subPath": str(number), "readOnly": True}
        for number, inside in enumerate(errand.mounts)
    ]
    temporary = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the pod's own
    return {
        **own,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "serviceAccountName": given.service_account or site.service_account,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_container(FIRST, "unpack", [*at_work, *unpacked], errand, site)],
        "containers": [_container(MAIN, "account", [*at_work, *seen, *temporary], errand, site)],
        "volumes": [
            {"name": "errand", "projected": {"sources": [{"secret": {"name": ""}} for _ in range(parts + 1)]}},
            {"name": "folders", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(name: str, command: str, mounts: list[Json], errand: Errand, site: ErrandSite) -> Json:
    container: Json = {
        "name": name,
        "image": errand.runtime.image or site.image,
        "command": ["goflow-runner", command],
        "workingDir": "/",
        "env": [{"name": key, "value": value} for key, value in _ENVIRONMENT.items()],
        "resources": dict(errand.runtime.resources) or RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }
    return {**container, "imagePullPolicy": site.pull_policy} if site.pull_policy else container
