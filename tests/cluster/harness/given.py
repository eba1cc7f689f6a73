"""A cluster that is not ours: the one that KUBECONFIG names, for machines that cannot host the test cluster."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.layout import kubeconfig_path
from tests.cluster.harness.report import HarnessError


class GivenCluster(Cluster):
    """Neither started nor taken down here. Its nodes must have the images, under the names that `images.py` gives."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig

    @classmethod
    def from_environment(cls) -> GivenCluster | None:
        """The cluster of KUBECONFIG, None when that names none, or names our own."""
        text = os.environ.get("KUBECONFIG", "")
        path = Path(text.split(os.pathsep)[0])
        return cls(path) if text and path != kubeconfig_path() and path.is_file() else None

    @property
    def host_address(self) -> str:
        """From GOFLOW_TEST_HOST_ADDRESS. Raises HarnessError when that is not set: nobody can know it."""
        address = os.environ.get("GOFLOW_TEST_HOST_ADDRESS")
        if not address:
            raise HarnessError("GOFLOW_TEST_HOST_ADDRESS must tell where pods of the given cluster reach this machine")
        return address

    @property
    def kubeconfig(self) -> Path:
        """What KUBECONFIG named."""
        return self._kubeconfig

    def start(self, *, keep: bool = False) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""

    def load_image(self, docker_archive: Path, name: str) -> None:
        """Nothing to do: whoever gave the cluster gave it the images."""

    def tag_image(self, name: str, further_name: str) -> None:
        """Nothing to do."""

    def images(self) -> dict[str, str]:
        """Unknown."""
        return {}
