"""The real helm, and the project's chart rendered by it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.harness import binaries
from tests.cluster.harness.layout import REPOSITORY, cache_folder
from tests.cluster.harness.report import run

CHART = REPOSITORY / "helm" / "goflow"


def why_no_helm() -> str | None:
    """The reason why helm is neither there nor can be compiled; None when all is well."""
    return binaries.why_not_buildable(binaries.HELM)


def helm(*arguments: str | Path, values: Mapping[str, Any] | None = None, kubeconfig: Path | None = None) -> str:
    """Run helm and give its standard output.

    `values` are handed over as a values file. Configuration of the person at this machine is not read. Raises
    HarnessError with what helm said when it fails.
    """
    folder = cache_folder() / "helm"
    homes = {f"HELM_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), **homes}
    given: list[str | Path] = []
    if values is not None:
        given = ["--values", "-"]
    if kubeconfig is not None:
        given += ["--kubeconfig", kubeconfig]
    text = None if values is None else yaml.safe_dump(dict(values))
    return run([binaries.program("helm"), *arguments, *given], env=env, stdin=text)


def render(values: Mapping[str, Any], *, release: str = "flow", namespace: str = "goflow") -> list[dict[str, Any]]:
    """The objects that the chart makes of these values. Raises HarnessError with helm's words when it refuses them."""
    text = helm("template", release, CHART, "--namespace", namespace, values=values)
    return [document for document in yaml.safe_load_all(text) if document]
