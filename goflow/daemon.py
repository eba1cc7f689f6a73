"""The composition root: every part of a daemon, built from the settings and joined here and nowhere else."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from goflow import __version__, shown
from goflow.engine import Engine
from goflow.home import claim_home, daemon_id, write_private
from goflow.importer import Importer
from goflow.importer.pool import ReaderPool
from goflow.jobfiles import JobFileDesk
from goflow.notify.alerter import Alerter
from goflow.notify.desk import AlertDesk
from goflow.notify.living import LivingConfig
from goflow.notify.sender import Sender
from goflow.notify.watchdog import Watchdog
from goflow.scheduler.missed import ByScheduler
from goflow.server.ended import LATER_S, Ended
from goflow.server.listener import Listener, is_loopback
from goflow.server.observer import EventMetrics, observe_members, observe_parts, observe_transactions
from goflow.server.signin.first import first_user
from goflow.server.signin.settings import SignIn
from goflow.service import Service, Supervisor
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import Store, tokens, users
from goflow.telemetry.dag_labels import DagLabels
from goflow.wiring import (
    alert_site_of,
    alerts_file_of,
    cronjob_rule_of,
    defaults_of,
    import_settings,
    sign_in_of,
    site_of,
)

log = structlog.get_logger(__name__)

READY_S = 30.0
"""How long the daemon waits at most for its REST before it says where that is."""


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
        self.sign_in = sign_in_of(settings, self.token)
        self.alert_desk, alerting = self._build_alerts()
        self.rest = Listener(
            "API", self._rest_application, settings.api_host, settings.api_port, settings.trusted_proxies
        )
        first_user(self.store, settings.admin_password.get_secret_value())
        refuse_open_listeners(settings, self.store, self.sign_in)
        self._labels = DagLabels(settings.metrics_dags)
        self._ended = Ended(self.store, self._labels, later_s=max(LATER_S, settings.usage_interval_s + 5.0))
        # It reads while the rest is loaded.
        reading_first = [self.importer, *self.engine.services, self.rest, *alerting, self._ended]
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
                api_token=settings.api_token.get_secret_value(),
                open=is_loopback(settings.api_host) and not settings.require_sign_in,
                sign_in=self.sign_in,
                checks=self.checks(),
                words=self._words(),
                log_reader=self.engine.logs,
                status=self.status,
                parallelism=settings.parallelism,
                namespace_slots=settings.namespace_slots,
                alerts=self.alert_desk,
                job_files=JobFileDesk(self.store, settings.dags, settings.save_jobs_in),
                try_job=self.engine.try_job,
                config=shown.sections(settings) if settings.expose_config else None,
                external_log_url=settings.logs_external_url,
                kube_events=self.engine.kube_events,
                dag_folder=str(settings.dags),
            )
        )

    def _words(self) -> dict[str, Callable[[], str]]:
        roster, shipper, cronjobs = self.engine.roster, self.engine.log_shipper, self.engine.cronjobs
        return {
            **({} if cronjobs is None else {"CronJobs": cronjobs.in_words}),
            **({} if roster is None else {"membership": roster.in_words}),
            **({} if shipper is None else {"logs": shipper.in_words}),
        }

    def _build_alerts(self) -> tuple[AlertDesk, list[Service]]:
        """What people ask of alerts, and the services that decide and send them."""
        settings, store = self.settings, self.store
        site = alert_site_of(settings, daemon_id(settings))
        config = LivingConfig(alerts_file_of(settings), store)
        duty = self.engine.duty("alerts")
        scheduling, health = self._is_scheduling, self.troubles
        missed = ByScheduler(cronjob_rule_of(settings))
        alerter = Alerter(store, config, site, missed, duty=duty, schedules=scheduling, health=health)
        sender = Sender(store, config, site, duty=duty)
        return AlertDesk(store, config, site), [alerter, sender, Watchdog(config, health)]

    def _is_scheduling(self) -> bool:
        return self.scheduler.alive and self.scheduler.duty.leads

    def troubles(self) -> dict[str, str]:
        """What is wrong with this daemon now, by part; it asks nobody."""
        found = {name: why for name, check in self.checks().items() if (why := check()) is not None}
        waits = {str(wait.what): str(wait) for wait in self.store.waits.told() if wait.blocks}
        return {**found, **waits}

    def checks(self) -> dict[str, Callable[[], str | None]]:
        """What says of each part why it is not ready."""
        return {"backend": self.backend.ready, "executor": self._executor_ready, **self._thread_checks()}

    def _executor_ready(self) -> str | None:
        return None if self.executor.reconciled.is_set() else "it has not reconciled with the backend yet"

    def _thread_checks(self) -> dict[str, Callable[[], str | None]]:
        def check(part: Any) -> Callable[[], str | None]:
            return lambda: None if part().alive else "its thread has ended"

        roster, cronjobs = self.engine.roster, self.engine.cronjobs
        return {
            **({} if cronjobs is None else {"CronJobs": check(lambda: cronjobs)}),
            "scheduler": check(lambda: self.scheduler),
            "importer": check(lambda: self.importer),
            "trigger runners": check(lambda: self.engine.trigger_runners),
            **({} if roster is None else {"membership": roster.ready}),
        }

    # Life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; the address of REST is known then. Raises what keeps a part from starting."""
        self.store.subscribe(EventMetrics(self.store, self._labels, self._ended).take)
        observe_transactions(self.store)
        observe_parts(self.checks(), version=__version__, backend=self.backend.name, database=self.store.dialect)
        if self.engine.roster is not None:
            observe_members(self.engine.roster)
        self.store.start_notifications()
        self._supervisor.start()
        self.rest.ready.wait(READY_S)
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
        endpoint = {"url": self.rest.url, "token": self.token, "pid": os.getpid()}
        write_private(self.settings.home / "run" / "daemon.json", json.dumps(endpoint))

    def status(self) -> dict[str, Any]:
        """How the parts fare, for ``/goflow/v1/status``."""
        return {
            "backend": self.backend.name,
            "database": self.store.dialect,
            "dags_folder": str(self.settings.dags),
            "watch_age_s": None if self.engine.watch_age_s is None else round(self.engine.watch_age_s(), 1),
            "executor": self.executor.status(),
            "importer": self.importer.status(),
            "triggers": self.engine.trigger_runners.status(),
            "logs": None if self.engine.log_shipper is None else self.engine.log_shipper.status(),
            "members": None if self.engine.roster is None else self.engine.roster.status(),
            "pid": os.getpid(),
        }


def refuse_open_listeners(settings: Settings, store: Store, sign_in: SignIn) -> None:
    """Nothing is bound beyond loopback without a way to sign in (the task API has attempt tokens always). Raises
    InvalidSettingsError."""
    if is_loopback(settings.api_host) or settings.api_token.get_secret_value() or sign_in.oidc is not None:
        return
    with store.reading() as tx:
        if tokens.any_(tx) or users.any_with_password(tx):
            return
    raise InvalidSettingsError(
        f"api_host {settings.api_host} is reachable from other machines, and there is no way to sign in",
        hint="make a user (`goflow users create NAME --role admin`) or a token (`goflow tokens create NAME`) first,"
        " or set GOFLOW_ADMIN_PASSWORD, GOFLOW_API_TOKEN or GOFLOW_OIDC_ISSUER",
    )
