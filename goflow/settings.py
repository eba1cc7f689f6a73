"""Every setting of GoFlow, documented under itself. Read by the daemon and the command line alone.

A setting comes from, in this order: a command-line option; the environment (``GOFLOW_`` and the name in capitals);
``$GOFLOW_HOME/goflow.toml``; the default that stands here. ``docs/settings.md`` is made from this file.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from goflow.domain.errors import GoFlowError


class InvalidSettingsError(GoFlowError):
    """A setting is wrong"""

    exit_code = 2


def default_home() -> Path:
    """``GOFLOW_HOME``, else ``~/goflow``."""
    return Path(os.environ.get("GOFLOW_HOME") or Path.home() / "goflow")


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

    api_host: str = "127.0.0.1"
    """Address that page and REST listen on. Beyond loopback only when there is an API token."""

    api_port: int = Field(default=8080, ge=0, le=65535)
    """Port of page and REST; 0: any free port."""

    task_api_host: str = "127.0.0.1"
    """Address that the task API listens on: one that the tasks' pods can reach. Beyond loopback, tokens guard it."""

    task_api_port: int = Field(default=8081, ge=0, le=65535)
    """Port of the task API; 0: any free port."""

    task_api_url: str = ""
    """Where pods reach the task API, ``http://goflow.NAMESPACE.svc:8081``. Default: its host and port."""

    api_token: SecretStr = SecretStr("")
    """A token that REST accepts besides those made with ``goflow tokens create``."""

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

    installation: str = "goflow"
    """Name of this installation, on every Job: two of them may share a namespace."""

    parse_path: str = "/opt/goflow/dags"
    """Where tasks' containers see the DAG folder, and so what ``__file__`` begins with on the Kubernetes backend."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """Log lines as JSON or as text; ``auto``: text on a terminal."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""

    @field_validator("home", "dags_folder", "kubeconfig")
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
        """Options first, then the environment, then ``goflow.toml``."""
        return init_settings, env_settings, TomlSource(settings_cls)


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
