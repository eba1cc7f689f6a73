"""A real Kubernetes on this machine, for tests: compiled, started, filled with images and taken down by this package.

Here belong the parts of the cluster and how they are configured, the images that run on it, and the real `helm`. What
is tested on it does not: tests get a `Cluster` from the fixtures in `tests/cluster/fixtures.py`. Nothing here is
imported by the product.
"""

from __future__ import annotations

from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.given import GivenCluster
from tests.cluster.harness.images import DAEMON_IMAGE, RUNNER_IMAGE, ensure_images
from tests.cluster.harness.machine import why_not_hostable
from tests.cluster.harness.report import HarnessError

__all__ = [
    "DAEMON_IMAGE",
    "RUNNER_IMAGE",
    "Cluster",
    "GivenCluster",
    "HarnessError",
    "ensure_images",
    "why_not_hostable",
]
