"""Every setting of GoFlow, documented under itself. Read by the daemon and the command line alone.

A setting comes from, in this order: a command-line option; the environment (``GOFLOW_`` and the name in capitals);
``$GOFLOW_HOME/goflow.toml``; of a few, Airflow's own variables; the default that stands here. ``docs/settings.md`` is
made from this file.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from goflow.default_home import default_home
from goflow.domain.errors import GoFlowError
from goflow.domain.roles import Role


class InvalidSettingsError(GoFlowError):
    """A setting is wrong"""

    exit_code = 2


class TomlSource(PydanticBaseSettingsSource):
    """``goflow.toml`` in GoFlow's home; its keys are the settings' names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Not used: the file is read whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What the file says; nothing when there is none. Raises InvalidSettingsError."""
        path = default_home() / "goflow.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
            raise InvalidSettingsError(f"{path}: {problem}") from problem


AIRFLOW = {
    "smtp_host": ("AIRFLOW__SMTP__SMTP_HOST",),
    "smtp_port": ("AIRFLOW__SMTP__SMTP_PORT",),
    "smtp_starttls": ("AIRFLOW__SMTP__SMTP_STARTTLS",),
    "smtp_ssl": ("AIRFLOW__SMTP__SMTP_SSL",),
    "smtp_user": ("AIRFLOW__SMTP__SMTP_USER",),
    "smtp_password": ("AIRFLOW__SMTP__SMTP_PASSWORD",),
    "smtp_mail_from": ("AIRFLOW__SMTP__SMTP_MAIL_FROM", "AIRFLOW__EMAIL__FROM_EMAIL"),
    "smtp_timeout": ("AIRFLOW__SMTP__SMTP_TIMEOUT",),
    "smtp_ssl_context": ("AIRFLOW__EMAIL__SSL_CONTEXT",),
    "smtp_connection": ("AIRFLOW__EMAIL__EMAIL_CONN_ID",),
    "email_subject_template": ("AIRFLOW__EMAIL__SUBJECT_TEMPLATE",),
    "email_html_content_template": ("AIRFLOW__EMAIL__HTML_CONTENT_TEMPLATE",),
}
"""Settings that may stand in Airflow's own variables: the first that is set counts."""


class AirflowSource(PydanticBaseSettingsSource):
    """What an environment made for Airflow says, where nobody says it to GoFlow."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Not used: all are read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What is set; empty variables count as not set."""
        found = {name: next(filter(None, map(os.environ.get, given)), None) for name, given in AIRFLOW.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """All settings, as one frozen value."""

    model_config = SettingsConfigDict(env_prefix="GOFLOW_", frozen=True, extra="forbid", populate_by_name=True)

    home: Path = Field(default_factory=default_home)
    """Folder for the SQLite file, keys, logs and local attempts. Default: ``goflow`` in the user's home."""

    dags_folder: Path | None = None
    """The folder of DAG files. Default: ``dags`` in GoFlow's home."""

    import_roots: list[Path] = Field(default_factory=list)
    """Further folders that DAG files may import modules from, such as ``plugins`` (a JSON list in the environment)."""

    database_url: str = ""
    """SQLAlchemy URL of the database: ``postgresql+psycopg://user:password@host/name``. Default: SQLite in the home."""

    lease_ttl_s: float = Field(default=5.0, ge=1, le=300)
    """Seconds after which others do the work of a daemon that fell silent, where several share a PostgreSQL; each says
    three times within them that it is there."""

    lease_in: Literal["auto", "kubernetes", "database"] = "auto"
    """Where it stands which of several daemons schedules, imports and keeps trigger runners: in Lease objects of
    Kubernetes, or in the database. ``auto``: Lease objects where tasks run on Kubernetes and it may write them."""

    encryption_key: SecretStr = SecretStr("")
    """Fernet key (32 bytes, URL-safe base64) that connections are encrypted with. Default: made once, in the home's
    file ``encryption.key``; daemons that share a database must share it."""

    dialect: Literal["inferred", "airflow2", "airflow3"] = "inferred"
    """Whose defaults hold for files that do not show it and folders whose ``goflow.yaml`` does not say it.
    ``inferred``: those of the Airflow that other files of the folder show, and Airflow 3 where none does."""

    backend: Literal["local", "kubernetes"] = "kubernetes"
    """Where tasks run. ``goflow standalone`` has ``local`` as its default."""

    save_jobs_in: Literal["auto", "folder", "database"] = "auto"
    """Where native DAG files go that people write in the page or through REST. ``auto``: into the DAG folder, and into
    the database where the daemon may not write there, or others keep the folder in step (a mounted ConfigMap, a Git
    work tree as git-sync makes it)."""

    api_host: str = "127.0.0.1"
    """Address that page and REST listen on. Beyond loopback only where there is a way to sign in: a user with a
    password, an identity provider, or an API token."""

    api_port: int = Field(default=8080, ge=0, le=65535)
    """Port of page and REST; 0: any free port."""

    task_api_host: str = "127.0.0.1"
    """Address that the task API listens on: one that the tasks' pods can reach. Beyond loopback, tokens guard it."""

    task_api_port: int = Field(default=8081, ge=0, le=65535)
    """Port of the task API; 0: any free port."""

    task_api_url: str = ""
    """Where pods reach the task API, ``http://goflow.NAMESPACE.svc:8081``. Default: its host and port."""

    api_token: SecretStr = SecretStr("")
    """A token that REST accepts besides those made with ``goflow tokens create``. It may do everything."""

    require_sign_in: bool = False
    """Whether people have to sign in on loopback, too. Beyond it they always have to."""

    admin_password: SecretStr = SecretStr("")
    """Password of the user ``admin``, who is made with it where there is no user at all when a daemon starts."""

    public_url: str = ""
    """Where people reach page and REST, ``https://goflow.example.org``: behind a proxy that ends TLS, cookies are
    marked ``Secure`` by it, and an identity provider sends browsers back there. Default: as the browser asks."""

    expose_config: bool = False
    """Whether administrators may read these settings by Airflow's ``/api/v2/config``, but for what is secret (Airflow's
    ``api.expose_config``)."""

    trusted_proxies: list[str] = Field(default_factory=list)
    """Addresses or networks of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed, ``*`` for all
    (a JSON list in the environment). Otherwise all who come by a proxy have one address, and its tries to sign in."""

    session_hours: float = Field(default=24.0, gt=0, le=24 * 366)
    """Hours after which people have to sign in again, and after which a token of ``/auth/token`` ends."""

    sign_in_tries: int = Field(default=10, ge=1)
    """Tries with a wrong password that a user has; one more comes back each minute."""

    sign_in_tries_per_address: int = Field(default=50, ge=1)
    """Tries with a wrong password that an address has (of IPv6, a /64); one more comes back every 12 s."""

    oidc_issuer: str = ""
    """An OpenID Connect provider that people may sign in with, as it writes its ``issuer``:
    ``https://login.example.org/realms/work``. By https, but on loopback."""

    oidc_client_id: str = ""
    """GoFlow's ``client_id`` there. ``PUBLIC_URL/goflow/v1/oidc/callback`` is to be allowed as its redirect URI."""

    oidc_client_secret: SecretStr = SecretStr("")
    """Its secret; empty for a public client, which PKCE guards alone."""

    oidc_scopes: str = "openid profile email"
    """What is asked for; some providers need ``groups`` besides."""

    oidc_user_claim: str = "preferred_username"
    """The claim that is the user's name here, else ``email``, else ``sub``."""

    oidc_role_claim: str = "groups"
    """The claim that says what somebody may do: a text or a list of them. Dots lead into claims
    (``realm_access.roles``)."""

    oidc_roles: dict[str, Role] = Field(default_factory=dict)
    """Which role a value of that claim gives, a JSON object such as ``{"platform": "admin", "data": "operator", "*":
    "viewer"}``; ``*`` is everybody whom the provider knows. The highest counts; who has none is not let in."""

    oidc_name: str = "OpenID Connect"
    """What the page calls the provider."""

    rescan_interval_s: float = Field(default=30.0, gt=0)
    """Seconds between rescans of the DAG folder by content; file-system events are seen at once besides."""

    parse_timeout_s: float = Field(default=50.0, gt=0)
    """Seconds after which the reading of one file is given up (Airflow's dagbag_import_timeout is 30, its processor's
    50)."""

    parse_processes: int = Field(default=2, ge=1, le=64)
    """Processes that read files at the same time."""

    safe_mode: bool = True
    """Whether only files are read that hold the words ``dag`` and ``airflow``, as Airflow's safe mode does."""

    unpaused_at_creation: bool = False
    """Whether new DAGs start unpaused. `goflow standalone` starts with true."""

    parallelism: int = Field(default=0, ge=0)
    """Tasks that may be queued or running in all (Airflow's ``core.parallelism``); 0: as many as pools allow."""

    default_pool_slots: int = Field(default=128, ge=1)
    """Slots of the pool ``default_pool`` when the database is made."""

    trigger_runners: int = Field(default=1, ge=0, le=64)
    """Processes that hold the triggers of deferred tasks, begun when something is deferred (local backend); 0: none
    are begun here. On Kubernetes the chart's Deployment has them."""

    trigger_capacity: int = Field(default=1000, ge=1)
    """Triggers that one such process holds at most (Airflow's ``triggerer.capacity``)."""

    trigger_poll_s: float = Field(default=1.0, gt=0, le=10)
    """Seconds after which a trigger runner asks for news; what its triggers tell is told at once."""

    trigger_service_account: str = ""
    """Service account of the trigger runners' pods on Kubernetes, in ``namespace`` and used by nothing else: it is how
    they prove who they are. Empty: there are none."""

    kubeconfig: Path | None = None
    """Kubernetes configuration file. Default: the pod's service account, else ``KUBECONFIG``, ``~/.kube/config``."""

    namespace: str = ""
    """Namespace of tasks that do not name one. Default: the daemon's own, or ``default``."""

    job_namespaces: list[str] = Field(default_factory=list)
    """Namespaces whose Jobs are watched (a JSON list in the environment). Default: only ``namespace``."""

    namespace_slots: dict[str, int] = Field(default_factory=dict)
    """How many tasks may be queued or running at once in a namespace: a JSON object of names and numbers, ``*`` for
    every other namespace. Tasks above that wait for a slot."""

    runner_image: str = "goflow-runner:latest"
    """Image of tasks that do not name one: it holds goflow-runner and goflow-airflow-shim."""

    airflow_image: str = "apache/airflow:3.3.2"
    """Image of tasks with ``runtime: airflow`` that do not name one: Airflow 3 as it is, or one built on it."""

    image_pull_policy: Literal["Always", "IfNotPresent", "Never", ""] = ""
    """Pull policy of the runner image. Default: Kubernetes' own rule."""

    result_largest_bytes: int = Field(16 << 20, ge=1024, le=48 << 20)
    """Bytes of JSON that one result of a task (an XCom) may have; a task that leaves more fails, and says so."""

    result_store: str = ""
    """Where results go that are longer than ``result_threshold_bytes``: any URL that fsspec knows (``s3://bucket/xcoms``,
    ``file:///shared/xcoms``). Tasks write and read there themselves: their images have fsspec and the store's package,
    their pods what is needed to reach it. Nothing is removed there. Default: the database takes all."""

    result_threshold_bytes: int = Field(1 << 20, ge=0)
    """Bytes of JSON above which a result goes to ``result_store``."""

    task_service_account: str = "default"
    """Service account of tasks that do not name one; its projected token is how a task proves who it is."""

    startup_timeout_s: float = Field(default=600.0, gt=0)
    """Seconds that a pod may take to start (image, Secret, room on a node); then the attempt fails with the reason."""

    indexed_job_copies: int = Field(default=50, ge=0)
    """Copies of a mapped task that are queued together, and whose pods differ in nothing else, run as one Indexed Job
    when they are at least so many (10,000 in one at most). 0: each copy has a Job of its own."""

    launches_at_once: int = Field(default=16, ge=1, le=256)
    """Jobs that are asked for at the same time at most. The daemon asks for fewer while the API server is slow or says
    so (429)."""

    job_ttl_s: float = Field(default=120.0, ge=0, le=86_400)
    """Seconds for which a Job and its pod stay after the end of their task is stored, so that kubectl still finds them.
    Of those that have ended the daemon keeps 2,000; where there are more, the oldest go before."""

    installation: str = "goflow"
    """Name of this installation, on every Job: two of them may share a namespace."""

    native_run_as: Literal["Job", "CronJob"] = "Job"
    """What native DAGs that do not say ``RunAs`` run as on Kubernetes: ``Job``: GoFlow begins their runs; ``CronJob``:
    Kubernetes does for those that can be one (``docs/cronjobs.md``), also while GoFlow is away."""

    parse_path: str = "/opt/goflow/dags"
    """Where tasks' containers see the DAG folder, and so what ``__file__`` begins with on the Kubernetes backend."""

    logs_store: Literal["database", "elasticsearch", "objects"] = "database"
    """Where tasks' logs are kept: in the database; in Elasticsearch or OpenSearch (``logs_elasticsearch_url``); as
    objects below ``logs_objects_url``. The database has them first in any case, and for ``logs_database_hours``."""

    logs_database_hours: float = Field(default=24.0, ge=0)
    """Hours for which the database keeps lines that another store has (a minute at the least)."""

    logs_external_url: str = ""
    """Where people see an attempt's log elsewhere, in Kibana say (Airflow's ``externalLogUrl``): an address with any of
    ``{launch_id}``, ``{dag_id}``, ``{run_id}``, ``{task_id}``, ``{map_index}`` and ``{try_number}`` in it."""

    logs_pending_mb: int = Field(default=1024, ge=0)
    """MiB of lines that may wait in the database for a log store that is away; of more, GoFlow's runners keep
    theirs for the time being. 0: as many as there are."""

    logs_retention_days: int = Field(default=0, ge=0)
    """Days after which logs are removed from where they are kept, by the day on which their task was launched; 0:
    never. Of the database's, those of tasks that are over."""

    usage_interval_s: float = Field(default=10.0, ge=0)
    """Seconds between two samples of what running tasks use (CPU, memory); 0: none are taken, and what a task has used
    is what its own runner accounts for at its end."""

    metrics_dags: int = Field(default=100, ge=0)
    """How many DAGs have a label of their own in Prometheus' metrics, those first of which something is counted; all
    others share the label ``other``."""

    logs_elasticsearch_url: str = ""
    """``https://elasticsearch.example:9200``: of Elasticsearch 8 or later, or OpenSearch 2 or later."""

    logs_elasticsearch_user: str = ""
    """User name there; with ``logs_elasticsearch_password``."""

    logs_elasticsearch_password: SecretStr = SecretStr("")
    """The user's password."""

    logs_elasticsearch_api_key: SecretStr = SecretStr("")
    """An API key (the encoded form, as Elasticsearch gives it), in place of user and password."""

    logs_elasticsearch_ca_file: Path | None = None
    """PEM file of the authority that has signed its certificate. Default: the system's authorities."""

    logs_index_prefix: str = Field(default="goflow-logs", pattern=r"^[a-z][a-z0-9_.-]*$")
    """What its indices' names begin with: ``goflow-logs-2026.11.29``."""

    logs_index_rotation: Literal["day", "month"] = "day"
    """How much is in one index: the tasks launched on one day, or in one month."""

    logs_index_shards: int = Field(default=1, ge=1, le=64)
    """Primary shards of an index."""

    logs_index_replicas: int = Field(default=1, ge=0, le=8)
    """Copies of each shard; 0 where there is a single node."""

    logs_index_settings: dict[str, Any] = Field(default_factory=dict)
    """Further settings of the indices, as a JSON object: ``{"lifecycle.name": "logs"}``."""

    logs_index_template: bool = True
    """Whether GoFlow keeps the index template; false: somebody else does, and its user needs no right to."""

    logs_objects_url: str = ""
    """Any URL that fsspec knows: ``s3://bucket/logs``, ``file:///var/log/goflow`` for a volume. GoFlow has its extra
    ``objects`` then, and fsspec's package for that kind of URL."""

    secret_names: list[str] = Field(default_factory=list)
    """Words that make a Variable's name, or one inside a connection's extra, a secret's, besides Airflow's own (a JSON
    list in the environment; Airflow's ``sensitive_var_conn_names``). Such values are masked in logs."""

    alerts_file: Path | None = None
    """The file of rules and channels of alerts. Default: ``alerts.yaml`` in GoFlow's home; without one only the mails
    are sent that DAG files ask for."""

    smtp_host: str = ""
    """Mail server, for ``email_on_failure`` of tasks and for alerts by mail. Not set: that of the connection
    ``smtp_default``, and no mails where there is none. Read from ``AIRFLOW__SMTP__SMTP_HOST`` too, as the settings
    below from ``AIRFLOW__SMTP__`` and their names."""

    smtp_port: int = Field(default=25, ge=1, le=65535)
    """Port of the mail server."""

    smtp_starttls: bool = True
    """Whether mail is encrypted by STARTTLS."""

    smtp_ssl: bool = False
    """Whether the mail server is spoken to by TLS from the beginning, without STARTTLS."""

    smtp_user: str = ""
    """User at the mail server. Default: that of the connection ``smtp_default``, else none."""

    smtp_password: SecretStr = SecretStr("")
    """The user's password."""

    smtp_mail_from: str = "airflow@example.com"
    """Sender of mails (also ``AIRFLOW__EMAIL__FROM_EMAIL``)."""

    smtp_timeout: float = Field(default=30.0, gt=0)
    """Seconds that the mail server may take for each answer."""

    smtp_ssl_context: Literal["default", "none"] = "default"
    """``none``: the mail server's certificate is not looked at (also ``AIRFLOW__EMAIL__SSL_CONTEXT``)."""

    smtp_connection: str = "smtp_default"
    """The connection that says user and password, or the whole mail server, where the settings do not (also
    ``AIRFLOW__EMAIL__EMAIL_CONN_ID``)."""

    email_subject_template: Path | None = None
    """File with the template for the subject of mails that DAG files ask for (also
    ``AIRFLOW__EMAIL__SUBJECT_TEMPLATE``). Default: Airflow's own."""

    email_html_content_template: Path | None = None
    """The same for their text (also ``AIRFLOW__EMAIL__HTML_CONTENT_TEMPLATE``)."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """Log lines as JSON or as text; ``auto``: text on a terminal."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""

    @field_validator("home", "dags_folder", "kubeconfig", "logs_elasticsearch_ca_file", "alerts_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @property
    def dags(self) -> Path:
        """The DAG folder in force."""
        return self.dags_folder or self.home / "dags"

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'goflow.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment, then ``goflow.toml``, then what Airflow was told."""
        return init_settings, env_settings, TomlSource(settings_cls), AirflowSource(settings_cls)


def load(**options: Any) -> Settings:
    """The settings in force; OPTIONS that are None are as though not given.

    Raises InvalidSettingsError, which names the setting and where it may be set.
    """
    from pydantic import ValidationError

    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as problem:
        words = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        raise InvalidSettingsError(words, hint="see docs/settings.md") from problem
