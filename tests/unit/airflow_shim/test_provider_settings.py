"""``conf`` has the settings that installed provider packages bring, as Airflow's has."""

from __future__ import annotations

import pytest
from airflow._goflow import providers
from airflow._goflow.configuration import conf
from airflow._goflow.exceptions import AirflowConfigException

PACKAGE = """
def about():
    options = {
        "idle": {"type": "integer", "default": "120"},
        "eager": {"type": "boolean", "default": "True"},
        "file": {"type": "string", "default": None},
    }
    return {"package-name": "acme", "config": {"acme_executor": {"options": options}}}
"""


@pytest.fixture(autouse=True)
def acme(tmp_path, monkeypatch):
    (tmp_path / "acme_provider.py").write_text(PACKAGE)
    (tmp_path / "acme-1.0.dist-info").mkdir()
    (tmp_path / "acme-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    points = "[apache_airflow_provider]\nprovider_info=acme_provider:about\n"
    (tmp_path / "acme-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(providers, "_found", [])


def test_a_default_stands_where_nothing_else_is_said(monkeypatch):
    assert conf.getint("acme_executor", "idle") == 120
    assert conf.getboolean("acme_executor", "eager", fallback=False) is True
    assert conf.getsection("acme_executor") == {"idle": "120", "eager": "True"}
    monkeypatch.setenv("AIRFLOW__ACME_EXECUTOR__IDLE", "7")
    assert conf.getint("acme_executor", "idle") == 7


def test_a_setting_without_a_default_is_not_there():
    assert conf.get("acme_executor", "file", fallback="mine") == "mine"
    with pytest.raises(AirflowConfigException, match="acme_executor/other"):
        conf.get("acme_executor", "other")


def test_no_provider_is_asked_for_a_section_of_airflow_s_own(monkeypatch):
    monkeypatch.setattr(providers, "infos", lambda: pytest.fail("it is"))
    assert conf.get("core", "no_such_setting", fallback="x") == "x"
