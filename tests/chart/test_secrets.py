"""The daemon's settings as the chart hands them over: plain ones, secret ones, and files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goflow.notify.reading import read_alerts
from goflow.settings import Settings
from goflow.wiring import elasticsearch_of, sign_in_of
from tests.chart.rendered import (
    DAEMON,
    DAGS,
    ELASTICSEARCH,
    FERNET,
    OIDC,
    RICH,
    RULES,
    container,
    environment,
    merged,
    of,
    volume,
)
from tests.cluster.harness.helm import CHART, render

pytestmark = pytest.mark.usefixtures("helm")

USER = {"logs_elasticsearch_user": "goflow"}

#: The variable, its place in the values, what may stand there, its key in the chart's own Secret, and what it takes besides.
SECRETS: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("GOFLOW_API_TOKEN", "apiToken", {"value": "a-token-of-some-length"}, "api-token", {}),
    ("GOFLOW_DATABASE_URL", "database", {"url": "postgresql+psycopg://u:p@db/x"}, "database-url", {}),
    ("GOFLOW_ENCRYPTION_KEY", "encryptionKey", {"value": FERNET}, "encryption-key", {}),
    ("GOFLOW_ADMIN_PASSWORD", "adminPassword", {"value": "correct horse"}, "admin-password", {}),
    ("GOFLOW_OIDC_CLIENT_SECRET", "oidcClientSecret", {"value": "of the client"}, "oidc-client-secret", OIDC),
    ("GOFLOW_SMTP_PASSWORD", "smtpPassword", {"value": "of the mail"}, "smtp-password", {}),
    (
        *("GOFLOW_LOGS_ELASTICSEARCH_PASSWORD", "logsElasticsearchPassword", {"value": "of the logs"}),
        *("logs-elasticsearch-password", {**ELASTICSEARCH, **USER}),
    ),
    (
        *("GOFLOW_LOGS_ELASTICSEARCH_API_KEY", "logsElasticsearchApiKey", {"value": "VnVhQ2ZHY0JDZGJrU"}),
        *("logs-elasticsearch-api-key", ELASTICSEARCH),
    ),
]
EACH = [row[0] for row in SECRETS]


@pytest.mark.parametrize(("variable", "place", "given", "key", "settings"), SECRETS, ids=EACH)
def test_what_is_secret_stands_in_a_secret_alone(
    variable: str, place: str, given: dict[str, Any], key: str, settings: dict[str, Any]
) -> None:
    values = {"encryptionKey": {"value": FERNET}, "settings": settings}
    objects = render(merged(DAGS, values, {place: given}))
    assert environment(objects)[variable] == ("flow-goflow", key)
    (text,) = given.values()
    assert of(objects, "Secret")["stringData"][key] == text
    assert [o["kind"] for o in objects if text in json.dumps(o)] == ["Secret"]


@pytest.mark.parametrize(("variable", "place", "settings"), [(row[0], row[1], row[-1]) for row in SECRETS], ids=EACH)
def test_a_secret_of_ones_own_is_used_and_not_copied(variable: str, place: str, settings: dict[str, Any]) -> None:
    existing = {"existingSecret": {"name": "mine", "key": "place"}}
    values = {"encryptionKey": existing, "apiToken": existing, "settings": settings}
    objects = render(merged(DAGS, values, {place: existing}))
    assert environment(objects)[variable] == ("mine", "place")
    assert not [o for o in objects if o["kind"] == "Secret"], "nothing is left that the chart would have to keep"


def test_a_public_client_has_no_secret() -> None:
    objects = render(merged(DAGS, {"settings": OIDC, "oidcClientSecret": {"publicClient": True}}))
    assert "GOFLOW_OIDC_CLIENT_SECRET" not in environment(objects)


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

FILES = [
    (
        "the authority of Elasticsearch by value",
        {"logsElasticsearchCa": {"value": CERTIFICATE}},
        ("GOFLOW_LOGS_ELASTICSEARCH_CA_FILE", "elasticsearch-ca", "ca.crt"),
        {"configMap": {"name": "flow-goflow-elasticsearch-ca"}},
    ),
    (
        "the authority of Elasticsearch from a Secret",
        {"logsElasticsearchCa": {"existingSecret": {"name": "es", "key": "tls.crt"}}},
        ("GOFLOW_LOGS_ELASTICSEARCH_CA_FILE", "elasticsearch-ca", "ca.crt"),
        {"secret": {"secretName": "es", "items": [{"key": "tls.crt", "path": "ca.crt"}]}},
    ),
    (
        "the authority of Elasticsearch from a ConfigMap",
        {"logsElasticsearchCa": {"existingConfigMap": {"name": "es"}}},
        ("GOFLOW_LOGS_ELASTICSEARCH_CA_FILE", "elasticsearch-ca", "ca.crt"),
        {"configMap": {"name": "es", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ),
    (
        "rules of alerts",
        {"alerts": {"config": RULES}},
        ("GOFLOW_ALERTS_FILE", "alerts", "alerts.yaml"),
        {"configMap": {"name": "flow-goflow-alerts"}},
    ),
    (
        "rules of alerts from a ConfigMap",
        {"alerts": {"existingConfigMap": {"name": "mine", "key": "rules.yaml"}}},
        ("GOFLOW_ALERTS_FILE", "alerts", "alerts.yaml"),
        {"configMap": {"name": "mine", "items": [{"key": "rules.yaml", "path": "alerts.yaml"}]}},
    ),
]


@pytest.mark.parametrize(("values", "file", "source"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_files_are_mounted_where_the_setting_says(
    values: dict[str, Any], file: tuple[str, str, str], source: dict[str, Any]
) -> None:
    variable, name, key = file
    objects = render(merged(DAGS, {"settings": ELASTICSEARCH}, values))
    assert volume(objects, name) == source
    (mount,) = [m for m in container(objects)["volumeMounts"] if m["name"] == name]
    assert environment(objects)[variable] == f"{mount['mountPath']}/{key}"
    assert "subPath" not in mount, "a subPath is never refreshed"
    made = source.get("configMap", {}).get("name", "")
    if made.startswith("flow-goflow"):
        assert of(objects, "ConfigMap", made)["data"][key] == (CERTIFICATE if key == "ca.crt" else RULES)


def test_the_rules_of_alerts_are_taken_as_they_are_written() -> None:
    objects = render(merged(DAGS, {"alerts": {"config": RULES}}))
    config, diagnostics = read_alerts(of(objects, "ConfigMap")["data"]["alerts.yaml"].encode(), {})
    assert [rule.name for rule in config.rules] == ["all"]
    assert diagnostics == []


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


def test_the_daemon_takes_the_environment_of_nearly_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(render(RICH)).items():
        monkeypatch.setenv(name, "from-a-secret" if isinstance(value, tuple) else value)
    settings = Settings()
    provider = sign_in_of(settings).oidc
    assert provider is not None
    assert (provider.settings.client_secret, provider.settings.roles) == ("from-a-secret", {"*": "viewer"})
    assert (settings.public_url, settings.trusted_proxies) == ("https://goflow.example.org", ["10.0.0.0/8"])
    logs = elasticsearch_of(settings)
    assert (logs.api_key, str(logs.ca_file)) == ("from-a-secret", "/etc/goflow/elasticsearch/ca.crt")
    assert (settings.logs_retention_days, str(settings.alerts_file)) == (90, "/etc/goflow/alerts/alerts.yaml")
    assert str(settings.dags) == "/dags/repo"


def given_as(settings: dict[str, Any]) -> set[str]:
    """The variables of these."""
    return {f"GOFLOW_{name.upper()}" for name in settings}


def test_every_setting_is_either_the_charts_own_or_open_to_values() -> None:
    pull = {"runner": {"image": {"pullPolicy": "Never"}}}
    files = {"logsElasticsearchCa": {"existingSecret": {"name": "x"}}, "alerts": {"existingConfigMap": {"name": "x"}}}
    variables: dict[str, Any] = {}
    for _, place, _, _, settings in SECRETS:
        existing = {"encryptionKey": {"existingSecret": {"name": "x"}}, place: {"existingSecret": {"name": "x"}}}
        found = environment(render(merged(DAGS, pull, existing, {"settings": {**ELASTICSEARCH, **settings}}, files)))
        variables |= {name: value for name, value in found.items() if name not in given_as(ELASTICSEARCH | settings)}
    local = {"trigger_runners", "trigger_capacity"}  # in a cluster runners are the Deployment's pods
    own = {name.removeprefix("GOFLOW_").lower() for name in variables} | {"kubeconfig"} | local
    schema = json.loads((CHART / "values.schema.json").read_text())
    open_ones = set(schema["properties"]["settings"]["propertyNames"]["enum"])
    assert own & open_ones == set()
    assert own | open_ones == set(Settings.model_fields)
    plain = {name for name, value in variables.items() if not isinstance(value, tuple)}
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert not secret & open_ones, "secrets come by Secret"
    assert not given_as(dict.fromkeys(secret)) & plain


def test_a_changed_secret_value_is_a_new_pod() -> None:
    def annotation(token: str) -> Any:
        objects = render(merged(DAGS, {"apiToken": {"value": token}}))
        return of(objects, "Deployment", DAEMON)["spec"]["template"]["metadata"]["annotations"]

    assert annotation("a-token-of-some-length") == annotation("a-token-of-some-length")
    assert annotation("a-token-of-some-length") != annotation("another-token-of-it")
