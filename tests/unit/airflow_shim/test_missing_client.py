"""Files that describe pods are imported where the Kubernetes client is not installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import pytest
from airflow._goflow import finder


@pytest.fixture
def without_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An image without the package: what this environment has of it is put out of sight."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "kubernetes"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [finder.ClientFinder(), *sys.meta_path])
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "kubernetes"]:
        del sys.modules[name]


@pytest.mark.usefixtures("without_client")
@pytest.mark.parametrize("module", ["kubernetes.client", "kubernetes.client.models"])
def test_models_hold_what_they_are_made_with(module):
    pod = importlib.import_module(module).V1Pod
    made = pod(metadata=None, spec={"containers": []})
    assert made == pod(metadata=None, spec={"containers": []})
    assert (made.spec, made.status) == ({"containers": []}, None)
    assert repr(made) == "V1Pod(metadata=None, spec={'containers': []})"


@pytest.mark.usefixtures("without_client")
def test_as_files_import_it():
    namespace: dict[str, object] = {}
    exec(
        "from kubernetes.client import models as k8s\n"
        "from kubernetes import client, config\n"
        "from kubernetes.client.rest import ApiException\n"
        "volume = k8s.V1Volume(name='v')\n"
        "mount = client.V1VolumeMount(name=volume.name, mount_path='/x')\n"
        "try:\n    raise ApiException('no')\nexcept ApiException as problem:\n    caught = str(problem)\n",
        namespace,
    )
    assert namespace["caught"] == "no"
    assert namespace["mount"].name == "v"  # type: ignore[attr-defined]
    with pytest.raises(ModuleNotFoundError, match="needs the package kubernetes, which is not in this task's image"):
        namespace["config"].load_incluster_config()  # type: ignore[attr-defined]
