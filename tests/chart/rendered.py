"""What the tests of the chart share: values to render it with, and ways to find things in what comes out."""

from __future__ import annotations

import copy
from typing import Any

Objects = list[dict[str, Any]]

DAEMON, RUNNERS = "flow-goflow", "flow-goflow-triggers"
DAGS = {"dags": {"configMap": "my-dags"}}
FERNET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
POSTGRES = {"database": {"url": "postgresql://db/x"}, "encryptionKey": {"value": FERNET}}
OIDC = {"oidc_issuer": "https://login.example.org", "oidc_client_id": "goflow", "oidc_roles": {"*": "viewer"}}
ELASTICSEARCH = {"logs_store": "elasticsearch", "logs_elasticsearch_url": "https://es:9200"}
ZONES = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
RULES = """
channels: {team: {email: {to: team@example.com}}}
rules:
  - name: all
    on: [failed]  # a word that helm would take for `true`, were this not a text
    channels: team
"""

RICH: dict[str, Any] = {
    "replicas": 2,
    "dags": {
        "configMap": "",
        "git": {
            "repository": "git@git.example.org:team/dags.git",
            "sshKey": {"existingSecret": {"name": "deploy-key"}},
        },
    },
    "database": {"existingSecret": {"name": "postgres"}},
    "encryptionKey": {"value": FERNET},
    "adminPassword": {"value": "correct horse"},
    "settings": {**OIDC, **ELASTICSEARCH, "trusted_proxies": ["10.0.0.0/8"], "logs_retention_days": 90},
    "oidcClientSecret": {"existingSecret": {"name": "oidc"}},
    "logsElasticsearchApiKey": {"existingSecret": {"name": "elasticsearch"}},
    "logsElasticsearchCa": {"existingConfigMap": {"name": "elasticsearch"}},
    "alerts": {"config": RULES},
    "extraVolumes": [{"name": "mails", "configMap": {"name": "mails"}}],
    "extraVolumeMounts": [{"name": "mails", "mountPath": "/etc/goflow/mails"}],
    "ingress": {
        "create": True,
        "className": "nginx",
        "annotations": {"cert-manager.io/cluster-issuer": "ours"},
        "hosts": ["goflow.example.org", "dags.example.org"],
        "tls": [{"secretName": "certificate"}],
    },
    "apiPriority": {"create": True},
    "networkPolicy": {
        "daemon": {
            "page": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
            "tasks": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"protocol": "TCP", "port": 443}]}],
        }
    },
    "serviceMonitor": {"create": True, "labels": {"release": "prometheus"}},
    "triggers": {"replicas": 2, "topologySpreadConstraints": [ZONES]},
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "topologySpreadConstraints": [ZONES],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "priorityClassName": "system-cluster-critical",
}
"""Nearly everything that the chart can do."""


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


def volume(objects: Objects, name: str) -> dict[str, Any]:
    """The source of one of the pod's volumes."""
    volumes = of(objects, "Deployment", DAEMON)["spec"]["template"]["spec"]["volumes"]
    (found,) = [{k: v for k, v in entry.items() if k != "name"} for entry in volumes if entry["name"] == name]
    return found
