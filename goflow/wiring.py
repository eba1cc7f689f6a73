"""What each room is told of the settings: rooms below do not read settings, they are given values of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from goflow_runner.wire import ResultLimits

from goflow.domain.spec import Dialect
from goflow.importer.settings import ImportSettings
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.settings import Settings

if TYPE_CHECKING:
    from goflow.importer.errand_job import ErrandSite


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


def site_of(settings: Settings) -> Site:
    """What every Job is told of this daemon."""
    return Site(
        task_api=settings.task_api_url or f"http://{settings.task_api_host}:{settings.task_api_port}",
        runner_image=settings.runner_image,
        runner_pull_policy=settings.image_pull_policy,
        results=results_of(settings),
    )


def results_of(settings: Settings) -> ResultLimits:
    """Where tasks' results go."""
    return {
        "largest": settings.result_largest_bytes,
        "store": settings.result_store,
        "threshold": settings.result_threshold_bytes,
    }
