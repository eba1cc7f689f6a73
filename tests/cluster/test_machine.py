"""What happens where no cluster can run: the reason is told, a given cluster is used, and required tests fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cluster import fixtures
from tests.cluster.harness import Cluster, GivenCluster, layout, machine, why_not_hostable


@pytest.fixture
def no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("GOFLOW_REQUIRE_CLUSTER", raising=False)


@pytest.mark.usefixtures("no_root")
def test_without_root_the_reason_says_so() -> None:
    assert "needs root" in (why_not_hostable() or "")


def test_without_go_only_an_empty_cache_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if why_not_hostable() is not None:
        pytest.skip("another reason comes first on this machine")
    monkeypatch.setattr(machine, "missing_packages", lambda wanted: [])
    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setenv("GOFLOW_TEST_CACHE", str(tmp_path))
    assert why_not_hostable() == "kubernetes and etcd-coredns must be compiled and there is no Go"


@pytest.mark.usefixtures("no_root")
def test_what_is_left_out_says_why() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"needs root.* KUBECONFIG names none"):
        fixtures.choose_cluster()


@pytest.mark.usefixtures("no_root")
def test_where_the_cluster_is_required_its_absence_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_REQUIRE_CLUSTER", "1")
    with pytest.raises(pytest.fail.Exception, match="needs root"):
        fixtures.choose_cluster()


@pytest.mark.usefixtures("no_root")
def test_a_given_cluster_is_used_where_none_can_be_hosted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    chosen = fixtures.choose_cluster()
    assert isinstance(chosen, GivenCluster)
    assert chosen.kubeconfig == kubeconfig


def test_where_one_can_be_hosted_somebody_elses_cluster_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if why_not_hostable() is not None:
        pytest.skip("none can be hosted on this machine")
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert type(fixtures.choose_cluster()) is Cluster


def test_the_release_is_the_one_that_go_mod_names() -> None:
    text = (layout.GO_MODULES / "cluster" / "go.mod").read_text()
    major, rest = layout.KUBERNETES_VERSION.split(".", 1)
    assert f"k8s.io/kubernetes v{major}.{rest}" in text
    staged = {line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("replace k8s.io/")}
    assert staged == {f"v0.{rest}"}
