"""The cluster's fixtures, and the marker of every test that uses them."""

from __future__ import annotations

import pytest

from tests.cluster.fixtures import (
    airflow_image,
    cluster,
    daemon_image,
    etl_image,
    goflow_images,
    helm,
    kube,
    namespace,
    prepare,
    provider_image,
    runner_image,
)

__all__ = [
    "airflow_image",
    "cluster",
    "daemon_image",
    "etl_image",
    "goflow_images",
    "helm",
    "kube",
    "namespace",
    "provider_image",
    "runner_image",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the cluster bears the marker, so that `-m "not cluster"` leaves it out."""
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile and build before the clocks of the tests tick."""
    prepare(session)
