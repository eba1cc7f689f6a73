"""The real kubectl, for objects as their authors write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.harness import Cluster, binaries
from tests.cluster.harness.report import run


def kubectl(cluster: Cluster, *words: str | Path, objects: Sequence[dict[str, Any]] = (), namespace: str = "") -> str:
    """What ``kubectl WORDS`` prints, as administrator; OBJECTS are given to it. NAMESPACE: of what does not say its own, and
    then nothing may say another. Raises HarnessError with its words."""
    command = [binaries.program("kubectl"), "--kubeconfig", cluster.kubeconfig, *words]
    if namespace:
        command += ["--namespace", namespace]
    if objects:
        return run([*command, "--filename", "-"], stdin=yaml.safe_dump_all(objects))
    return run(command)
