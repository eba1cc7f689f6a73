"""The composition root: every part of a daemon, built from the settings and joined here and nowhere else."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from goflow.executor.backend import Backend
from goflow.executor.folders import FolderCache
from goflow.executor.local import LocalBackend
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.home import key_file, open_store, prepare_home, write_private
from goflow.importer import Importer
from goflow.importer.pool import ReaderPool
from goflow.operators.manifest import TOKEN_AUDIENCE
from goflow.scheduler.loop import Scheduler
from goflow.server.attempts import AttemptGuard, MintGuard, TokenReviewGuard
from goflow.server.listener import Listener, is_loopback
from goflow.server.observer import EventMetrics
from goflow.server.task_api import TaskApi
from goflow.server.task_input import InputBuilder
from goflow.service import Service, Supervisor
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import tokens
from goflow.wiring import defaults_of, errand_site_of, import_settings, namespace_of, parse_path_of, site_of

if TYPE_CHECKING:
    from goflow.executor.follow import LogFollower
    from goflow.importer.errands import Errands

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running daemon is, for the command line: ``run/daemon.json`` in GoFlow's home."""

    url: str
    token: str
    pid: int


class Daemon:
    """All parts, started in order and stopped in reverse."""

    def __init__(self, settings: Settings, readers: ReaderPool | None = None) -> None:
        """READERS: reading processes that have been begun already."""
        self.settings = settings
        self._readers = readers
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
        guard, follower, errands = self._build_backend()
        defaults = defaults_of(settings)
        folders = FolderCache(self.store, settings.home / "folders") if settings.backend == "local" else None
        parse_path = parse_path_of(settings)
        self.task_api = Listener(
            "task API",
            TaskApi(self.store, guard, InputBuilder(parse_path, folders)).application,
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
        self.importer = Importer(self.store, import_settings(settings), self._readers, errands)
        self.rest = Listener("API", self._rest_application, settings.api_host, settings.api_port)
        self._refuse_open_listeners()
        return [
            self.importer,  # first: its processes read while the rest is loaded
            self.task_api,
            Hook("task API address", self._announce_task_api),
            self.executor,
            self.scheduler,
            self.rest,
        ]

    def _rest_application(self) -> Any:
        """REST over the parts; its libraries are loaded here, while the folder is read already."""
        from goflow.server.rest.app import application
        from goflow.server.rest.context import Services

        settings = self.settings
        return application(
            Services(
                store=self.store,
                defaults=defaults_of(settings),
                site=site_of(settings),
                api_token=settings.api_token.get_secret_value() or self.token,
                open=is_loopback(settings.api_host),
                checks={"backend": self.backend.ready, "executor": self._executor_ready, **self._thread_checks()},
                status=self.status,
            )
        )

    def _build_backend(self) -> tuple[AttemptGuard, LogFollower | None, Errands | None]:
        settings = self.settings
        if settings.backend == "local":
            root = settings.home / "local"
            self.backend = LocalBackend(root, f"file:{root / 'task-api'}")
            return MintGuard(self.mint), None, None
        from goflow.executor.follow import LogFollower
        from goflow.executor.kubernetes import KubernetesBackend
        from goflow.importer.errands import Errands
        from goflow.kube.api import KubeApi

        if not settings.task_api_port and not settings.task_api_url:
            raise InvalidSettingsError(
                "task_api_port 0 with the kubernetes backend: pods must find the task API again after a restart",
                hint="set GOFLOW_TASK_API_PORT to a port of its own, or GOFLOW_TASK_API_URL",
            )
        api = KubeApi(settings.kubeconfig)
        backend = KubernetesBackend(
            api,
            site_of(settings),
            namespaces=[namespace_of(settings), *settings.job_namespaces],
            installation=settings.installation,
        )
        self.backend = backend
        follower = LogFollower(self.store, api, backend.pod_of)
        return TokenReviewGuard(api, TOKEN_AUDIENCE), follower, Errands(api, errand_site_of(settings))

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
