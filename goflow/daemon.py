"""The composition root: every part of a daemon, built from the settings and joined here and nowhere else."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from goflow.engine import Engine
from goflow.home import claim_home, write_private
from goflow.importer import Importer
from goflow.importer.pool import ReaderPool
from goflow.server.listener import Listener, is_loopback
from goflow.server.observer import EventMetrics, observe_members
from goflow.service import Supervisor
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import tokens
from goflow.wiring import defaults_of, import_settings, site_of

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
        self._claims = claim_home(settings)
        self.engine = Engine(settings)
        self.store, self.backend = self.engine.store, self.engine.backend
        self.executor, self.scheduler = self.engine.executor, self.engine.scheduler
        self.task_api = self.engine.task_api
        self.token = secrets.token_urlsafe(32)
        importing = self.engine.duty("importer")
        self.importer = Importer(self.store, import_settings(settings), readers, self.engine.errands, importing)
        self.rest = Listener("API", self._rest_application, settings.api_host, settings.api_port)
        self._refuse_open_listeners()
        reading_first = [self.importer, *self.engine.services, self.rest]  # it reads while the rest is loaded
        self._supervisor = Supervisor(reading_first)

    # Building --------------------------------------------------------------------------------------------------

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
                words={} if self.engine.roster is None else {"membership": self.engine.roster.in_words},
                status=self.status,
                parallelism=settings.parallelism,
                namespace_slots=settings.namespace_slots,
            )
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

    def _executor_ready(self) -> str | None:
        return None if self.executor.reconciled.is_set() else "it has not reconciled with the backend yet"

    def _thread_checks(self) -> dict[str, Callable[[], str | None]]:
        def check(part: Any) -> Callable[[], str | None]:
            return lambda: None if part().alive else "its thread has ended"

        roster = self.engine.roster
        return {
            "scheduler": check(lambda: self.scheduler),
            "importer": check(lambda: self.importer),
            "trigger runners": check(lambda: self.engine.trigger_runners),
            **({} if roster is None else {"membership": roster.ready}),
        }

    # Life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; the address of REST is known then. Raises what keeps a part from starting."""
        self.store.subscribe(EventMetrics(self.store).take)
        if self.engine.roster is not None:
            observe_members(self.engine.roster)
        self.store.start_notifications()
        self._supervisor.start()
        self._write_endpoint()
        log.info("goflow has started", api=self.rest.url, task_api=self.task_api.url, backend=self.backend.name)

    def stop(self) -> None:
        """Stop everything; what runs on the backend goes on."""
        (self.settings.home / "run" / "daemon.json").unlink(missing_ok=True)
        if self.engine.roster is not None:
            self.engine.roster.leave()  # first: others go on at once, while this one comes to its end
        self._supervisor.stop()
        self.store.close()
        for claim in self._claims:
            claim.release()

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
            "triggers": self.engine.trigger_runners.status(),
            "members": None if self.engine.roster is None else self.engine.roster.status(),
            "pid": os.getpid(),
        }
