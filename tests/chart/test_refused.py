"""What the chart refuses: values of the wrong form by its schema, values that do not fit together by its own words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.rendered import DAGS, ELASTICSEARCH, FERNET, OIDC, POSTGRES, RULES, merged
from tests.cluster.harness import HarnessError
from tests.cluster.harness.helm import render

pytestmark = pytest.mark.usefixtures("helm")

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
    ("a password of seven characters", {"adminPassword": {"value": "1234567"}}, "/adminPassword/value"),
    ("a secret as a setting", {"settings": {"smtp_password": "hello"}}, "smtp_password"),
    ("an authority that is no PEM", {"logsElasticsearchCa": {"value": "ca.crt"}}, "/logsElasticsearchCa/value"),
    ("rules of alerts that are no text", {"alerts": {"config": {"rules": []}}}, "/alerts/config"),
    ("a repository that is a path", {"dags": {"git": {"repository": "/srv/dags"}}}, "/dags/git/repository"),
    ("a branch that is an option", {"dags": {"git": {"ref": "--exechook-command=sh"}}}, "/dags/git/ref"),
    ("a folder outside of the repository", {"dags": {"git": {"subPath": "../etc"}}}, "/dags/git/subPath"),
    ("a host with a path", {"ingress": {"hosts": ["a.example.org/x"]}}, "/ingress/hosts/0"),
    ("an interval without a unit", {"serviceMonitor": {"interval": "30"}}, "/serviceMonitor/interval"),
    ("no daemon that may go", {"podDisruptionBudget": {"maxUnavailable": 0}}, "/podDisruptionBudget/maxUnavailable"),
    ("a variable without a name", {"extraEnv": [{"value": "x"}]}, "/extraEnv/0"),
    ("a port beyond the last", {"service": {"port": 70000}}, "/service/port"),
]


@pytest.mark.parametrize(("values", "named"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_the_schema_refuses(values: dict[str, Any], named: str) -> None:
    with pytest.raises(HarnessError) as refusal:
        render(merged(DAGS, values))
    assert "values don't meet the specifications of the schema" in str(refusal.value)
    assert named in str(refusal.value)


MINE = {"existingSecret": {"name": "mine"}}


def git(repository: str, **more: Any) -> dict[str, Any]:
    """The DAG folder from git alone."""
    return {"configMap": "", "git": {"repository": repository, **more}}


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
        "database.url and database.existingSecret exclude each other",
    ),
    (
        "two passwords",
        {"smtpPassword": {"value": "x", "existingSecret": {"name": "x"}}},
        "smtpPassword.value and smtpPassword.existingSecret exclude each other",
    ),
    (
        "two authorities",
        {"logsElasticsearchCa": {"existingConfigMap": {"name": "x"}, "existingSecret": {"name": "x"}}},
        "comes from one of",
    ),
    (
        "rules of alerts twice",
        {"alerts": {"config": RULES, "existingConfigMap": {"name": "x"}}},
        "alerts.config and alerts.existingConfigMap exclude",
    ),
    (
        "PostgreSQL with a key that dies with the pod",
        {"database": {"url": "postgresql://db/x"}},
        "must outlive the pod",
    ),
    (
        "a DAG folder from git and from a ConfigMap",
        {"dags": {"git": {"repository": "https://git.example.org/dags.git"}}},
        "given: dags.configMap, dags.git.repository",
    ),
    ("an SSH key for HTTPS", {"dags": git("https://x/y.git", sshKey=MINE)}, "sshKey is for a repository by SSH"),
    ("a token for SSH", {"dags": git("git@x:y.git", token=MINE)}, "token is for a repository by HTTPS"),
    (
        "two tokens",
        {"dags": git("https://x/y.git", token={**MINE, "value": "x"})},
        "dags.git.token.value and dags.git.token.existingSecret exclude",
    ),
    (
        "a folder that leads out of the repository",
        {"dags": git("https://x/y.git", subPath="a/../../etc")},
        "subPath is a folder inside the repository",
    ),
    (
        "a token inside of an address",
        {"dags": git("https://me:token@x/y.git")},
        "dags.git.repository holds a password",
    ),
    (
        "a password inside of a setting",
        {"settings": {**ELASTICSEARCH, "logs_elasticsearch_url": "https://me:word@es:9200"}},
        "settings.logs_elasticsearch_url holds a password",
    ),
    (
        "a certificate for a host that is not ours",
        {
            "ingress": {"create": True, "hosts": ["a.example.org"], "tls": [{"hosts": ["b.example.org"]}]},
            "adminPassword": {"value": "x" * 8},
        },
        "b.example.org, which is not among ingress.hosts",
    ),
    (
        "an Ingress without a name",
        {"ingress": {"create": True}, "adminPassword": {"value": "x" * 8}},
        "takes ingress.hosts as well",
    ),
    (
        "an Ingress without a way to sign in",
        {"ingress": {"create": True, "hosts": ["a.example.org"]}},
        "they need a way to sign in",
    ),
    (
        "an identity provider without its secret",
        {"settings": OIDC},
        "oidcClientSecret as well; if the provider has none",
    ),
    (
        "an identity provider that knows nobody",
        {"settings": {**OIDC, "oidc_roles": {}}, "oidcClientSecret": MINE},
        "takes settings.oidc_roles as well",
    ),
    (
        "an identity provider that does not know us",
        {"settings": {**OIDC, "oidc_client_id": ""}, "oidcClientSecret": MINE},
        "takes settings.oidc_client_id as well",
    ),
    ("a secret without a provider", {"oidcClientSecret": MINE}, "used with settings.oidc_issuer alone"),
    (
        "a public client with a secret",
        {"settings": OIDC, "oidcClientSecret": {**MINE, "publicClient": True}},
        "says that there is no secret, and one is given",
    ),
    (
        "Elasticsearch without an address",
        {"settings": {"logs_store": "elasticsearch"}},
        "logs_elasticsearch_url as well",
    ),
    (
        "Elasticsearch by half",
        {"settings": {"logs_elasticsearch_url": "https://es:9200"}},
        "settings.logs_store is database: say elasticsearch",
    ),
    (
        "a user without a password",
        {"settings": {**ELASTICSEARCH, "logs_elasticsearch_user": "x"}},
        "logsElasticsearchPassword are given together",
    ),
    (
        "a password without a user",
        {"settings": ELASTICSEARCH, "logsElasticsearchPassword": MINE},
        "logsElasticsearchPassword are given together",
    ),
    (
        "a password and an API key",
        {"settings": ELASTICSEARCH, "logsElasticsearchPassword": MINE, "logsElasticsearchApiKey": MINE},
        "give one of the two",
    ),
    ("objects without an address", {"settings": {"logs_store": "objects"}}, "logs_objects_url as well"),
    (
        "a claim that nothing uses",
        {"home": {"persistence": {"existingClaim": "x"}}},
        "with home.persistence.enabled alone",
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
