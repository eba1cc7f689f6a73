"""What runs tasks, whoever has ordered them: store, backend, task API, executor and scheduler, built from the settings.

The daemon joins reader, schedules and REST to it; `goflow.trial` runs one DAG or one task with it in the foreground.
"""

from __future__ import annotations

import enum
import functools
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from goflow_runner.desk import SOCKET as DESK_SOCKET

from goflow import __version__
from goflow.domain.runs import Launch
from goflow.executor.backend import Backend
from goflow.executor.folders import FolderCache
from goflow.executor.local import LocalBackend
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.share import Everything, Share, SharedByHome, SharedByName
from goflow.executor.tokens import TokenMint
from goflow.home import daemon_id, key_file, open_store, prepare_home, write_private
from goflow.logs.masking import Masker
from goflow.logs.reading import LogReader
from goflow.logs.shipper import LogShipper
from goflow.members.duties import Always, Duty
from goflow.members.lessors import Lessor
from goflow.members.roster import Roster
from goflow.operators.manifest import TOKEN_AUDIENCE
from goflow.operators.plan import JobPlan
from goflow.scheduler.loop import Scheduler
from goflow.scheduler.timetables import moments_between
from goflow.server.attempts import AttemptGuard, MintGuard, TokenReviewGuard
from goflow.server.desk import Desk
from goflow.server.launch_calls import LaunchCalls
from goflow.server.listener import Listener
from goflow.server.task_api import TaskApi
from goflow.server.task_input import InputBuilder
from goflow.service import Service
from goflow.settings import InvalidSettingsError, Settings
from goflow.triggers.keeper import TriggerKeeper
from goflow.triggers.local import LocalPlace
from goflow.usage.sampler import Sampler
from goflow.wiring import (
    cronjob_rule_of,
    defaults_of,
    errand_site_of,
    lease_namespace_of,
    log_store_of,
    namespace_of,
    parse_path_of,
    results_of,
    site_of,
)

if TYPE_CHECKING:
    from goflow.cronjobs.service import CronJobs
    from goflow.domain.kube_events import KubeEvent
    from goflow.executor.follow import LogFollower
    from goflow.importer.errands import Errands
    from goflow.kube.api import KubeApi
    from goflow.usage.contract import Meter


log = structlog.get_logger(__name__)

GATHERS_S = 0.6
"""Seconds between two transactions about what has become of Jobs at most, where there are very many (see
`goflow.executor.notes`; twice as much where each of them takes long): then a Job waits for longer than that to be begun
by Kubernetes."""


class Purpose(enum.Enum):
    """What an engine is for.

    SERVE: everything that is due or ordered. ORDERED: runs that somebody has ordered, and none of a schedule. ALONE:
    launches that somebody has planned, without a scheduler. RENDER: the same, and tasks only tell what their fields
    render to.
    """

    SERVE = enum.auto()
    ORDERED = enum.auto()
    ALONE = enum.auto()
    RENDER = enum.auto()


class Engine:
    """The parts that run tasks. ``services`` are to be started in their order; ERRANDS has files run in a cluster."""

    def __init__(self, settings: Settings, purpose: Purpose = Purpose.SERVE) -> None:
        self.settings = settings
        prepare_home(settings)
        self.store = open_store(settings)
        self.roster = self._build_roster()
        self.mint = TokenMint(key_file(settings.home / "token.key"))
        self.backend: Backend
        self.errands: Errands | None = None
        self.try_job: Callable[[JobPlan], str | None] | None = None
        """Asks the API server whether it would take a Job; None: there is none to ask."""
        self.kube_events: Callable[[Launch], list[KubeEvent]] | None = None
        """Asks it for the events of a launch."""
        self.watch_age_s: Callable[[], float] | None = None
        """Seconds since the quietest watch has told anything; None: nothing is watched."""
        self.log_target = log_store_of(settings, self.store)
        self.masker = Masker(self.store, settings.secret_names)
        self.logs = LogReader(self.store, self.log_target, self.masker)
        guard, follower = self._build_backend()
        defaults = defaults_of(settings)
        folders = FolderCache(self.store, settings.home / "folders") if settings.backend == "local" else None
        renders = purpose is Purpose.RENDER
        share = self._build_share()
        inputs = InputBuilder(parse_path_of(settings), folders, renders=renders, results=results_of(settings))
        self.task_api = Listener(
            "task API",
            TaskApi(
                self.store,
                guard,
                inputs,
                trigger_poll_s=settings.trigger_poll_s,
                home=share.home,
                mask=self.masker.rows,
                most_pending=settings.logs_pending_mb << 20,
            ).application,
            settings.task_api_host,
            settings.task_api_port,
        )
        desk = getattr(self.backend, "desk", None)
        self.executor = Executor(
            self.store,
            self.backend,
            Planner(self.store, defaults, renders=renders),
            self.mint,
            launches_at_once=4 if settings.backend == "local" else settings.launches_at_once,
            gathers_s=0.0 if settings.backend == "local" else GATHERS_S,
            follower=follower,
            share=share,
        )
        self.scheduler = Scheduler(
            self.store,
            backend=settings.backend,
            namespace=defaults.namespace,
            shares_from=settings.indexed_job_copies,
            parallelism=settings.parallelism,
            namespace_slots=settings.namespace_slots,
            follows_schedules=purpose is Purpose.SERVE,
            cronjobs=cronjob_rule_of(settings),
            duty=self.duty("scheduler"),
        )
        if self.roster is not None:
            self.roster.watch(self.executor.share_changed)
        self.trigger_runners = TriggerKeeper(
            self.store,
            self._trigger_place(),
            wanted=settings.trigger_runners,
            capacity=settings.trigger_capacity,
            duty=self.duty("triggers"),
        )
        self.services: list[Service] = [
            *([] if self.roster is None else [self.roster]),
            self.task_api,
            Hook("task API address", self._announce_task_api),
            *([] if desk is None else [Desk(desk, self._launch_calls(inputs, share.home), self.mint.check)]),
            *([] if follower is None else [follower]),
            self.executor,
            self.trigger_runners,
            *([self.scheduler] if purpose in {Purpose.SERVE, Purpose.ORDERED} else []),
        ]
        self.cronjobs: CronJobs | None = None
        if purpose is Purpose.SERVE and settings.backend == "kubernetes":
            self._look_after_cronjobs()
        self.log_shipper: LogShipper | None = None
        if purpose is Purpose.SERVE:
            self._ship_logs()
            if settings.usage_interval_s:
                self.services.append(Sampler(self.store, self._meter(), every_s=settings.usage_interval_s))

    def _look_after_cronjobs(self) -> None:
        """Have CronJobs placed and watched, and their Jobs become runs."""
        from goflow.cronjobs.service import CronJobs
        from goflow.executor.follow import LogFollower

        settings = self.settings
        follower = LogFollower(self.store, self._kube, lambda _: None, self.masker.rows)
        self.cronjobs = CronJobs(
            self.store,
            self._kube,
            follower,
            rule=cronjob_rule_of(settings),
            defaults=defaults_of(settings),
            site=site_of(settings),
            namespaces=[namespace_of(settings), *settings.job_namespaces],
            moments=moments_between,
            duty=self.duty("cronjobs"),
        )
        self.services += [follower, self.cronjobs]

    def _ship_logs(self) -> None:
        """Have a daemon's log lines sent on, or at least ended where they are."""
        settings = self.settings
        self.store.ships_logs = settings.logs_store != "database"
        self.log_shipper = LogShipper(
            self.store,
            self.log_target,
            self.masker,
            keep_s=settings.logs_database_hours * 3600,
            retention_days=settings.logs_retention_days,
            duty=self.duty("logs"),
        )
        self.services.append(self.log_shipper)

    def _meter(self) -> Meter:
        """What says how much running tasks use."""
        if isinstance(self.backend, LocalBackend):
            from goflow.usage.processes import ProcessMeter

            return ProcessMeter(self.backend.agents)
        from goflow.executor.kubernetes import KubernetesBackend
        from goflow.usage.either import FirstThatAnswers
        from goflow.usage.kubelet import KubeletMeter
        from goflow.usage.metrics_api import MetricsApiMeter

        assert isinstance(self.backend, KubernetesBackend)
        api, backend = self._kube, self.backend

        def pods() -> list[tuple[str, Any]]:
            return [*backend.pods(), *([] if self.cronjobs is None else self.cronjobs.pods())]

        meters: list[Meter] = [KubeletMeter(api, pods), MetricsApiMeter(api, pods)]
        return FirstThatAnswers(meters, self.store.clock)

    def _launch_calls(self, inputs: InputBuilder, home: str) -> LaunchCalls:
        return LaunchCalls(self.store, inputs, home, self.masker.rows)

    def duty(self, name: str) -> Duty:
        """What one of the daemons that share the database does; where there can be no other, this one."""
        return Always() if self.roster is None else self.roster.duty(name)

    @functools.cached_property
    def _kube(self) -> KubeApi:
        from goflow.kube.api import KubeApi

        return KubeApi(self.settings.kubeconfig)

    def _build_roster(self) -> Roster | None:
        """Who else is there; SQLite has room for one daemon."""
        settings = self.settings
        if self.store.dialect == "sqlite":
            return None
        return Roster(
            self.store,
            daemon_id(settings),
            name=socket.gethostname(),
            backend=settings.backend,
            version=__version__,
            ttl_s=settings.lease_ttl_s,
            lessor=self._build_lessor(),
        )

    def _build_lessor(self) -> Lessor | None:
        """Lease objects, unless the settings or the cluster will not have it; None: the database."""
        settings = self.settings
        if settings.lease_in == "database" or settings.backend != "kubernetes":
            if settings.lease_in == "kubernetes":
                raise InvalidSettingsError("lease_in kubernetes with the local backend")
            return None
        from goflow.members.kube_lessor import KubeLessor, leases_in

        holder = f"{socket.gethostname()}_{daemon_id(settings)}"
        lease_of = leases_in(
            self._kube,
            lease_namespace_of(settings),
            settings.installation,
            holder=holder,
            ttl_s=settings.lease_ttl_s,
            clock=self.store.clock,
        )
        if settings.lease_in == "auto" and (problem := lease_of("scheduler").forbidden()):
            log.warning("Lease objects may not be read; leases are in the database", problem=problem)
            return None
        return KubeLessor(lease_of, self.store, daemon_id(settings), settings.lease_ttl_s)

    def _build_share(self) -> Share:
        if self.roster is None:
            return Everything()
        if isinstance(self.backend, LocalBackend):
            return SharedByHome(self.roster)
        return SharedByName(self.roster)

    def _build_backend(self) -> tuple[AttemptGuard, LogFollower | None]:
        settings = self.settings
        if settings.backend == "local":
            root = settings.home / "local"
            self.backend = LocalBackend(root, f"file:{root / 'task-api'}", desk=root / DESK_SOCKET)
            return MintGuard(self.mint), None
        from goflow.executor.follow import LogFollower
        from goflow.executor.kubernetes import KubernetesBackend
        from goflow.importer.errands import Errands

        if not settings.task_api_port and not settings.task_api_url:
            raise InvalidSettingsError(
                "task_api_port 0 with the kubernetes backend: pods must find the task API again after a restart",
                hint="set GOFLOW_TASK_API_PORT to a port of its own, or GOFLOW_TASK_API_URL",
            )
        api = self._kube
        backend = KubernetesBackend(
            api,
            site_of(settings),
            namespaces=[namespace_of(settings), *settings.job_namespaces],
            installation=settings.installation,
            keeps_s=settings.job_ttl_s,
            waits=self.store.waits,
        )
        self.backend = backend
        self.try_job, self.watch_age_s = backend.would_refuse, backend.watch_age_s
        self.kube_events = backend.events.now
        self.errands = Errands(api, errand_site_of(settings))
        guard = TokenReviewGuard(
            api,
            TOKEN_AUDIENCE,
            runner_namespace=namespace_of(settings),
            runner_account=settings.trigger_service_account,
        )
        return guard, LogFollower(self.store, api, backend.pod_of, self.masker.rows)

    def _trigger_place(self) -> LocalPlace | None:
        """Where trigger runners are begun; in a cluster a Deployment of the chart's has them."""
        settings = self.settings
        if not isinstance(self.backend, LocalBackend):
            return None
        return LocalPlace(
            settings.home / "triggers",
            self.backend.task_api,
            self.mint.runner_token,
            capacity=settings.trigger_capacity,
        )

    def _announce_task_api(self) -> None:
        if isinstance(self.backend, LocalBackend):
            self.backend.root.mkdir(parents=True, exist_ok=True)
            write_private(self.backend.root / "task-api", self.task_api.url)


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
