"""Fixtures of everything that is tested on the real cluster; a conftest takes them by importing their names from here.

`cluster` joins the cluster that `make cluster` left running, or starts one and takes it down when the last session that
uses it ends. Where the machine cannot host one, it is the cluster that KUBECONFIG names; without that the tests are
left out and say why, or fail where GOFLOW_REQUIRE_CLUSTER=1 says that they are required.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from kubernetes import client, config

from tests.cluster import teams
from tests.cluster.harness import (
    Cluster,
    GivenCluster,
    HarnessError,
    binaries,
    ensure_images,
    images,
    team_images,
    why_not_hostable,
)
from tests.cluster.harness.helm import helm as run_helm
from tests.cluster.harness.helm import why_no_helm
from tests.cluster.harness.processes import wait_until
from tests.cluster.harness.report import say


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The real cluster, running."""
    chosen = choose_cluster()
    chosen.start()
    yield chosen
    chosen.stop()


@pytest.fixture(scope="session")
def goflow_images(cluster: Cluster) -> None:
    """RUNNER_IMAGE and DAEMON_IMAGE of this checkout are on the cluster's node."""
    ensure_images(cluster)


@pytest.fixture(scope="session")
def runner_image(cluster: Cluster) -> str:
    """Name of the runner's image, which is on the cluster's node, made of this checkout."""
    ensure_images(cluster, images.RUNNER)
    return images.RUNNER.name


@pytest.fixture(scope="session")
def daemon_image(cluster: Cluster) -> str:
    """Name of the daemon's image, which is on the cluster's node, made of this checkout."""
    ensure_images(cluster, images.DAEMON)
    return images.DAEMON.name


@pytest.fixture(scope="session")
def provider_image(cluster: Cluster) -> str:
    """Name of a team's image that was built from the runner's, with the Kubernetes provider."""
    return team_images.ensure(cluster, teams.PROVIDERS)


@pytest.fixture(scope="session")
def etl_image(cluster: Cluster) -> str:
    """Name of a team's own image with the runner in it."""
    return team_images.ensure(cluster, teams.ETL)


@pytest.fixture(scope="session")
def airflow_image(cluster: Cluster) -> str:
    """Name of an image with Airflow 3 in it, and nothing of GoFlow's."""
    return team_images.ensure(cluster, teams.AIRFLOW)


@pytest.fixture(scope="session")
def kube(cluster: Cluster) -> Iterator[client.ApiClient]:
    """A client with all rights, for what a test prepares and looks at."""
    with config.new_client_from_config(str(cluster.kubeconfig)) as api:
        yield api


@pytest.fixture
def namespace(kube: client.ApiClient) -> Iterator[str]:
    """An empty namespace of the test's own, removed after it with all that is in it."""
    with namespace_on(kube) as name:
        yield name


@contextmanager
def namespace_on(kube: client.ApiClient) -> Iterator[str]:
    """An empty namespace, removed afterwards with all that is in it."""
    core: Any = client.CoreV1Api(kube)
    name = f"test-{uuid.uuid4().hex[:10]}"
    core.create_namespace({"metadata": {"name": name}})
    try:
        wait_until(f"the service account of {name}", lambda: _has_account(core, name), 30)
        yield name
    finally:
        core.delete_namespace(name, propagation_policy="Background")


@pytest.fixture(scope="session")
def helm() -> Callable[..., str]:
    """The real helm, as `tests.cluster.harness.helm.helm`."""
    reason = why_no_helm()
    if reason is not None:
        _leave_out(f"no helm to test with: {reason}")
    return run_helm


def prepare(session: pytest.Session) -> None:
    """What takes minutes the first time, done before the first test, whose time limit it would break.

    A conftest calls it from `pytest_collection_finish`. What cannot be made is told here and fails the fixture later.
    """
    wanted: set[str] = set().union(*(getattr(item, "fixturenames", ()) for item in session.items))
    capture = session.config.pluginmanager.getplugin("capturemanager")
    if session.config.option.collectonly or capture is None:
        return
    with capture.global_and_fixture_disabled():
        try:
            if "helm" in wanted and why_no_helm() is None:
                binaries.ensure(binaries.HELM)
            if "cluster" in wanted and why_not_hostable() is None:
                Cluster.prepare()
                for image in (images.RUNNER, images.DAEMON):
                    if wanted & {f"{image.target}_image", "goflow_images"}:
                        images.build(image)
                for fixture, made in _TEAMS.items():
                    if fixture in wanted:
                        team_images.build(made)
        except HarnessError as error:
            say(f"error: {error}")


_TEAMS = {"provider_image": teams.PROVIDERS, "etl_image": teams.ETL, "airflow_image": teams.AIRFLOW}


def choose_cluster() -> Cluster:
    """Ours where one can run, else a given one; else the test is left out or fails."""
    reason = why_not_hostable()
    if reason is None:
        return Cluster()
    given = GivenCluster.from_environment()
    if given is None:
        _leave_out(f"no cluster to test on: {reason}; and KUBECONFIG names none")
    return given


def _leave_out(message: str) -> NoReturn:
    if os.environ.get("GOFLOW_REQUIRE_CLUSTER") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _has_account(core: Any, namespace: str) -> bool:
    try:
        core.read_namespaced_service_account("default", namespace)
        core.read_namespaced_config_map("kube-root-ca.crt", namespace)
    except client.ApiException as error:
        if error.status != 404:
            raise
        return False
    return True
