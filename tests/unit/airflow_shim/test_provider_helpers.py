"""Small things of Airflow that the Kubernetes provider's own code calls."""

from __future__ import annotations

import importlib
import sys

import pytest
from airflow._goflow.exceptions import AirflowException
from airflow.settings import pod_mutation_hook
from airflow.utils.helpers import validate_key


@pytest.mark.parametrize("key", ["a", "a.b-c_9", "x" * 250])
def test_what_can_be_a_key_passes(key):
    assert validate_key(key) is None


@pytest.mark.parametrize("key", ["", "a b", "a/b", "a..b", "x" * 251])
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(AirflowException):
        validate_key(key)


def test_a_key_is_a_text():
    with pytest.raises(TypeError):
        validate_key(1)


@pytest.mark.parametrize(
    ("text", "pod"),
    [("def pod_mutation_hook(pod):\n    pod.append(1)\n", [1]), ("def task_policy(task):\n    pass\n", [])],
    ids=["the policy of the image", "other policies"],
)
def test_the_image_s_own_policy_changes_pods(tmp_path, monkeypatch, text, pod):
    (tmp_path / "airflow_local_settings.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "airflow_local_settings", raising=False)
    found = []
    pod_mutation_hook(found)
    sys.modules.pop("airflow_local_settings")
    assert found == pod


def test_without_local_settings_a_pod_stays_as_it_is():
    found = []
    pod_mutation_hook(found)
    assert found == []


def test_local_settings_that_cannot_be_imported_are_told(tmp_path, monkeypatch):
    (tmp_path / "airflow_local_settings.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        pod_mutation_hook([])


def test_a_provider_whose_name_only_begins_like_one_of_ours_is_another():
    from airflow.providers.standard.operators.bash import BashOperator

    other = importlib.import_module("airflow.providers.standardoperators.bash").BashOperator
    assert other.__module__ == "airflow.providers.standardoperators.bash"
    assert not issubclass(other, BashOperator)
