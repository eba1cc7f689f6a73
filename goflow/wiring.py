"""What each room is told of the settings: rooms below do not read settings, they are given values of their own."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from goflow_runner.wire import ResultLimits

from goflow.domain.cronjobs import CRONJOB, CronJobRule
from goflow.domain.spec import Dialect
from goflow.importer.settings import ImportSettings
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.settings import InvalidSettingsError, Settings

if TYPE_CHECKING:
    from goflow.importer.errand_job import ErrandSite
    from goflow.logs.contract import LogStore
    from goflow.logs.elasticsearch import ElasticsearchSettings
    from goflow.notify.desk import AlertDesk
    from goflow.notify.site import AlertSite
    from goflow.server.signin.oidc import Provider
    from goflow.server.signin.settings import SignIn
    from goflow.store import Store


def namespace_of(settings: Settings) -> str:
    """The namespace of tasks that name none."""
    if settings.namespace:
        return settings.namespace
    if settings.backend == "local":
        return "default"
    from goflow.kube.api import own_namespace

    return own_namespace()


def lease_namespace_of(settings: Settings) -> str:
    """Where the daemons' Lease objects are: in their own namespace; outside a cluster, in that of their tasks."""
    from goflow.kube.api import own_namespace

    return own_namespace(namespace_of(settings))


def parse_path_of(settings: Settings) -> str:
    """Where tasks see the DAG folder, and so what ``__file__`` begins with."""
    return str(settings.dags) if settings.backend == "local" else settings.parse_path


def defaults_of(settings: Settings) -> Defaults:
    """What the operators room is told of the settings."""
    return Defaults(
        namespace=namespace_of(settings),
        runner_image=settings.runner_image,
        airflow_image=settings.airflow_image,
        image_pull_policy=settings.image_pull_policy,
        service_account=settings.task_service_account,
        startup_timeout_s=settings.startup_timeout_s,
        parse_path=parse_path_of(settings),
        installation=settings.installation,
        backend=settings.backend,
    )


def cronjob_rule_of(settings: Settings) -> CronJobRule:
    """Which DAGs are CronJobs here: none where tasks are processes."""
    return CronJobRule(settings.backend == "kubernetes", settings.native_run_as == CRONJOB)


def import_settings(settings: Settings) -> ImportSettings:
    """What the importer is told of the settings."""
    return ImportSettings(
        root=settings.dags,
        import_roots=tuple(settings.import_roots),
        parse_path=parse_path_of(settings),
        dialect=None if settings.dialect == "inferred" else Dialect(settings.dialect),
        safe_mode=settings.safe_mode,
        secret_environment=_variables_of_the_daemon() if settings.backend == "local" else frozenset(),
        runs_files=settings.backend == "local",  # in a cluster no user's code runs in the daemon's own pod
        runs_in="" if settings.backend == "local" else settings.runner_image,
        rescan_interval_s=settings.rescan_interval_s,
        parse_timeout_s=settings.parse_timeout_s,
        processes=settings.parse_processes,
        unpaused_at_creation=settings.unpaused_at_creation,
        namespace=namespace_of(settings),
    )


def _variables_of_the_daemon() -> frozenset[str]:
    """Names of the Variables and connections that tasks of the local backend find in their environment, since it is the
    daemon's: what they hold may be a password."""
    return frozenset(name for name in os.environ if name.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_")))


def sign_in_of(settings: Settings, own_token: str = "") -> SignIn:
    """What REST is told of how people get in. Raises InvalidSettingsError for a provider that is set by half."""
    from goflow.server.signin.settings import SignIn

    return SignIn(
        own_token=own_token,
        public_url=settings.public_url,
        session_s=settings.session_hours * 3600,
        user_tries=settings.sign_in_tries,
        address_tries=settings.sign_in_tries_per_address,
        oidc=_provider_of(settings) if settings.oidc_issuer else None,
    )


def _provider_of(settings: Settings) -> Provider:
    from goflow.server.listener import is_loopback
    from goflow.server.signin.oidc import OidcSettings, Provider

    parts = urlsplit(settings.oidc_issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise InvalidSettingsError(f"oidc_issuer {settings.oidc_issuer}: it is to be reached by https")
    if not settings.oidc_client_id:
        raise InvalidSettingsError("oidc_issuer is set, and oidc_client_id is not")
    if not settings.oidc_roles:
        hint = 'for example GOFLOW_OIDC_ROLES=\'{"admins": "admin", "*": "viewer"}\''
        raise InvalidSettingsError("oidc_issuer is set, and by oidc_roles nobody may enter", hint=hint)
    return Provider(
        OidcSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            scopes=settings.oidc_scopes,
            user_claim=settings.oidc_user_claim,
            role_claim=settings.oidc_role_claim,
            roles=settings.oidc_roles,
            name=settings.oidc_name,
        )
    )


def errand_site_of(settings: Settings) -> ErrandSite:
    """What a Job that runs a DAG file to read it is told of the settings."""
    from goflow.importer.errand_job import ErrandSite

    return ErrandSite(
        namespace=namespace_of(settings),
        installation=settings.installation,
        image=settings.runner_image,
        pull_policy=settings.image_pull_policy,
        service_account=settings.task_service_account,
        startup_timeout_s=settings.startup_timeout_s,
    )


def alerts_file_of(settings: Settings) -> Path:
    """Where rules and channels of alerts stand."""
    return settings.alerts_file or settings.home / "alerts.yaml"


def alert_site_of(settings: Settings, daemon: str = "") -> AlertSite:
    """What alerts are told of the settings; DAEMON is this daemon's id."""
    from goflow.notify.site import AlertSite, MailServer

    mail = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        starttls=settings.smtp_starttls,
        ssl=settings.smtp_ssl,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        mail_from=settings.smtp_mail_from,
        timeout_s=settings.smtp_timeout,
        verifies=settings.smtp_ssl_context == "default",
        connection=settings.smtp_connection,
        subject_template=settings.email_subject_template,
        html_content_template=settings.email_html_content_template,
    )
    return AlertSite(
        installation=settings.installation,
        base_url=settings.public_url,
        daemon=daemon,
        name=socket.gethostname(),
        mail=mail,
    )


def alert_desk_of(settings: Settings, store: Store) -> AlertDesk:
    """What people ask of alerts, where no daemon runs."""
    from goflow.notify.desk import AlertDesk
    from goflow.notify.living import LivingConfig

    config = LivingConfig(alerts_file_of(settings), store)
    return AlertDesk(store, config, alert_site_of(settings))


def site_of(settings: Settings) -> Site:
    """What every Job is told of this daemon."""
    return Site(
        task_api=settings.task_api_url or f"http://{settings.task_api_host}:{settings.task_api_port}",
        runner_image=settings.runner_image,
        runner_pull_policy=settings.image_pull_policy,
        results=results_of(settings),
    )


def log_store_of(settings: Settings, store: Store) -> LogStore:
    """Where log lines are kept. Raises InvalidSettingsError where the settings do not say enough."""
    if settings.logs_store == "elasticsearch":
        from goflow.logs.elasticsearch import ElasticsearchLogs

        return ElasticsearchLogs(elasticsearch_of(settings))
    if settings.logs_store == "objects":
        from goflow.logs.objects import ObjectLogs

        if not settings.logs_objects_url:
            raise InvalidSettingsError("logs_store objects without logs_objects_url")
        return ObjectLogs(settings.logs_objects_url, settings.installation)
    from goflow.logs.database import DatabaseLogs

    return DatabaseLogs(store)


def elasticsearch_of(settings: Settings) -> ElasticsearchSettings:
    """How Elasticsearch is reached, and what GoFlow's indices there are like. Raises InvalidSettingsError."""
    from goflow.logs.elasticsearch import ElasticsearchSettings

    if not settings.logs_elasticsearch_url.startswith(("http://", "https://")):
        raise InvalidSettingsError(
            "logs_store elasticsearch without logs_elasticsearch_url",
            hint="set GOFLOW_LOGS_ELASTICSEARCH_URL to its address: https://HOST:9200",
        )
    return ElasticsearchSettings(
        url=settings.logs_elasticsearch_url,
        user=settings.logs_elasticsearch_user,
        password=settings.logs_elasticsearch_password.get_secret_value(),
        api_key=settings.logs_elasticsearch_api_key.get_secret_value(),
        ca_file=settings.logs_elasticsearch_ca_file,
        prefix=settings.logs_index_prefix,
        rotation=settings.logs_index_rotation,
        shards=settings.logs_index_shards,
        replicas=settings.logs_index_replicas,
        settings=settings.logs_index_settings,
        manages_template=settings.logs_index_template,
        service=settings.installation,
    )


def results_of(settings: Settings) -> ResultLimits:
    """Where tasks' results go."""
    return {
        "largest": settings.result_largest_bytes,
        "store": settings.result_store,
        "threshold": settings.result_threshold_bytes,
    }
