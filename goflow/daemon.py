"""The composition root: every part of a daemon, built from the settings and joined here and nowhere else."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from goflow.domain.clock import SystemClock
from goflow.domain.spec import Dialect
from goflow.executor.backend import Backend
from goflow.executor.folders import FolderCache
from goflow.executor.follow import LogFollower
from goflow.executor.local import LocalBackend
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.importer import Importer, ImportSettings
from goflow.operators.manifest import TOKEN_AUDIENCE, Site
from goflow.operators.request import Defaults
from goflow.scheduler.loop import Scheduler
from goflow.server.attempts import AttemptGuard, MintGuard, TokenReviewGuard
from goflow.server.listener import Listener, is_loopback
from goflow.server.observer import EventMetrics
from goflow.server.rest.app import application
from goflow.server.rest.context import Services
from goflow.server.task_api import TaskApi
from goflow.server.task_input import InputBuilder
from goflow.service import Service, Supervisor
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import Store, tokens

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running daemon is, for the command line: ``run/daemon.json`` in GoFlow's home."""

    url: str
    token: str
    pid: int


class Daemon:
    """All parts, started in order and stopped in reverse."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        prepare_home(settings)
        self.store = open_store(settings)
        self.mint = TokenMint(key_file(settings.home / "token.key"))
        self.token = secrets.token_urlsafe(32)
        self.rest: Listener
        self.task_api: Listener
        self.backend: Backend
        self.executor: Executor
        self.scheduler: Scheduler
        self.importer: Importer
        self._supervisor = Supervisor(self._build())

    # Building --------------------------------------------------------------------------------------------------

    def _build(self) -> list[Service]:
        settings = self.settings
        guard, follower = self._build_backend()
        defaults = defaults_of(settings)
        folders = FolderCache(self.store, settings.home / "folders") if settings.backend == "local" else None
        parse_path = parse_path_of(settings)
        self.task_api = Listener(
            "task API",
            TaskApi(self.store, guard, InputBuilder(parse_path, folders)).application(),
            settings.task_api_host,
            settings.task_api_port,
        )
        self.executor = Executor(
            self.store,
            self.backend,
            Planner(self.store, defaults),
            self.mint,
            clock=self.store.clock,
            workers=4 if settings.backend == "local" else 16,
            follower=follower,
        )
        self.scheduler = Scheduler(self.store, backend=settings.backend, namespace=defaults.namespace)
        self.importer = Importer(self.store, import_settings(settings))
        services = Services(
            store=self.store,
            defaults=defaults,
            site=self._site(),
            api_token=settings.api_token.get_secret_value() or self.token,
            open=is_loopback(settings.api_host),
            checks={"backend": self.backend.ready, "executor": self._executor_ready, **self._thread_checks()},
            status=self.status,
        )
        self.rest = Listener("API", application(services), settings.api_host, settings.api_port)
        self._refuse_open_listeners()
        return [
            self.task_api,
            Hook("task API address", self._announce_task_api),
            self.executor,
            self.scheduler,
            self.importer,
            self.rest,
        ]

    def _build_backend(self) -> tuple[AttemptGuard, LogFollower | None]:
        settings = self.settings
        if settings.backend == "local":
            root = settings.home / "local"
            self.backend = LocalBackend(root, f"file:{root / 'task-api'}")
            return MintGuard(self.mint), None
        from goflow.executor.kubernetes import KubernetesBackend
        from goflow.kube.api import KubeApi

        if not settings.task_api_port and not settings.task_api_url:
            raise InvalidSettingsError(
                "task_api_port 0 with the kubernetes backend: pods must find the task API again after a restart",
                hint="set GOFLOW_TASK_API_PORT to a port of its own, or GOFLOW_TASK_API_URL",
            )
        api = KubeApi(settings.kubeconfig)
        backend = KubernetesBackend(
            api,
            self._site(),
            namespaces=[namespace_of(settings), *settings.job_namespaces],
            installation=settings.installation,
        )
        self.backend = backend
        return TokenReviewGuard(api, TOKEN_AUDIENCE), LogFollower(self.store, api, backend.pod_of)

    def _site(self) -> Site:
        settings = self.settings
        return Site(
            task_api=settings.task_api_url or f"http://{settings.task_api_host}:{settings.task_api_port}",
            runner_image=settings.runner_image,
            runner_pull_policy=settings.image_pull_policy,
        )

    def _refuse_open_listeners(self) -> None:
        """Nothing is bound beyond loopback without a token (the task API has attempt tokens always)."""
        settings = self.settings
        if is_loopback(settings.api_host) or settings.api_token.get_secret_value():
            return
        with self.store.reading() as tx:
            if tokens.any_(tx):
                return
        raise InvalidSettingsError(
            f"api_host {settings.api_host} is reachable from other machines, and there is no API token",
            hint="set GOFLOW_API_TOKEN, or make a token with `goflow tokens create NAME` before starting",
        )

    def _announce_task_api(self) -> None:
        if isinstance(self.backend, LocalBackend):
            self.backend.root.mkdir(parents=True, exist_ok=True)
            write_private(self.backend.root / "task-api", self.task_api.url)

    def _executor_ready(self) -> str | None:
        return None if self.executor.reconciled.is_set() else "it has not reconciled with the backend yet"

    def _thread_checks(self) -> dict[str, Callable[[], str | None]]:
        def check(part: Any) -> Callable[[], str | None]:
            return lambda: None if part().alive else "its thread has ended"

        return {"scheduler": check(lambda: self.scheduler), "importer": check(lambda: self.importer)}

    # Life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; the address of REST is known then. Raises what keeps a part from starting."""
        self.store.subscribe(EventMetrics(self.store).take)
        self.store.start_notifications()
        self._supervisor.start()
        self._write_endpoint()
        log.info("goflow has started", api=self.rest.url, task_api=self.task_api.url, backend=self.backend.name)

    def stop(self) -> None:
        """Stop everything; what runs on the backend goes on."""
        (self.settings.home / "run" / "daemon.json").unlink(missing_ok=True)
        self._supervisor.stop()
        self.store.close()

    def _write_endpoint(self) -> None:
        token = self.settings.api_token.get_secret_value() or self.token
        endpoint = {"url": self.rest.url, "token": token, "pid": os.getpid()}
        write_private(self.settings.home / "run" / "daemon.json", json.dumps(endpoint))

    def status(self) -> dict[str, Any]:
        """How the parts fare, for ``/goflow/v1/status``."""
        return {
            "backend": self.backend.name,
            "database": self.store.dialect,
            "dags_folder": str(self.settings.dags),
            "executor": self.executor.status(),
            "importer": self.importer.status(),
            "pid": os.getpid(),
        }


class Hook:
    """A step between two services: a function that runs once at start."""

    def __init__(self, name: str, function: Callable[[], None]) -> None:
        self.name = name
        self._function = function

    def start(self) -> None:
        """Run it."""
        self._function()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Nothing to stop."""


def open_store(settings: Settings) -> Store:
    """The store of the settings, its schema brought up to date."""
    key = settings.encryption_key.get_secret_value() or key_file(settings.home / "encryption.key", fernet=True).decode()
    store = Store(settings.database, encryption_key=key, clock=SystemClock())
    store.upgrade()
    return store


def prepare_home(settings: Settings) -> None:
    """Make GoFlow's home and what belongs in it."""
    for name in ("", "run"):
        (settings.home / name).mkdir(parents=True, exist_ok=True)
    (settings.home / "run").chmod(0o700)


def key_file(path: Path, *, fernet: bool = False) -> bytes:
    """The key in PATH, made once; readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        from cryptography.fernet import Fernet

        key = Fernet.generate_key() if fernet else secrets.token_hex(32).encode()
        staging = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(staging, key.decode())
        try:
            os.link(staging, path)
        except FileExistsError:
            pass
        finally:
            staging.unlink()
    return path.read_bytes().strip()


def write_private(path: Path, text: str) -> None:
    """Write TEXT to PATH whole or not at all, readable by its owner alone."""
    staging = path.with_name(f".{path.name}.new")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    staging.replace(path)


def namespace_of(settings: Settings) -> str:
    """The namespace of tasks that name none."""
    if settings.namespace:
        return settings.namespace
    if settings.backend == "local":
        return "default"
    from goflow.kube.api import own_namespace

    return own_namespace()


def parse_path_of(settings: Settings) -> str:
    """Where tasks see the DAG folder, and so what ``__file__`` begins with."""
    return str(settings.dags) if settings.backend == "local" else settings.parse_path


def defaults_of(settings: Settings) -> Defaults:
    """What the operators room is told of the settings."""
    return Defaults(
        namespace=namespace_of(settings),
        runner_image=settings.runner_image,
        image_pull_policy=settings.image_pull_policy,
        service_account=settings.task_service_account,
        startup_timeout_s=settings.startup_timeout_s,
        parse_path=parse_path_of(settings),
        installation=settings.installation,
        backend=settings.backend,
    )


def import_settings(settings: Settings) -> ImportSettings:
    """What the importer is told of the settings."""
    return ImportSettings(
        root=settings.dags,
        import_roots=tuple(settings.import_roots),
        parse_path=parse_path_of(settings),
        dialect=Dialect(settings.dialect),
        safe_mode=settings.safe_mode,
        rescan_interval_s=settings.rescan_interval_s,
        parse_timeout_s=settings.parse_timeout_s,
        processes=settings.parse_processes,
        unpaused_at_creation=settings.unpaused_at_creation,
        namespace=namespace_of(settings),
    )
