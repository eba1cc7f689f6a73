"""The Prometheus operator's own definitions of what the chart renders for it, as an API server takes them.

``python -m tests.chart.crds`` makes them anew from the operator's Go types, with the program that the operator's authors
make theirs with, but without the descriptions; that takes minutes, so that they are kept here.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
GENERATOR = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.19.0"
TYPES = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring"
VERSION = "v0.95.2"
KINDS = ("prometheusrules", "servicemonitors")


def files() -> list[Path]:
    """A definition each."""
    return [FOLDER / f"monitoring.coreos.com_{kind}.yaml" for kind in KINDS]


def make() -> None:
    """Write them anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "types.go").write_text(f'package types\n\nimport _ "{TYPES}/v1"\n')
        words = f"crd:crdVersions=v1,maxDescLen=0 paths={TYPES}/v1 output:dir=made"
        for command in (
            "go mod init goflow.test/crds",
            f"go get -tool {GENERATOR} {TYPES}@{VERSION}",
            f"go tool controller-gen {words}",
        ):
            environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
            subprocess.run(command.split(), cwd=folder, env=environment, check=True)
        for file in files():
            file.write_bytes((folder / "made" / file.name).read_bytes())
