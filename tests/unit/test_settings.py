"""Where settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.settings import AIRFLOW, Settings, load


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for names in AIRFLOW.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOFLOW_HOME", str(tmp_path))
    return tmp_path


def test_what_airflow_was_told_counts_where_goflow_was_told_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (load().smtp_host, load().smtp_port, load().smtp_starttls) == ("", 25, True)
    for name, value in {
        "AIRFLOW__SMTP__SMTP_HOST": "old.example.com",
        "AIRFLOW__SMTP__SMTP_PORT": "587",
        "AIRFLOW__SMTP__SMTP_STARTTLS": "False",
        "AIRFLOW__SMTP__SMTP_USER": "",
        "AIRFLOW__EMAIL__FROM_EMAIL": "me@example.com",
        "AIRFLOW__EMAIL__SSL_CONTEXT": "none",
    }.items():
        monkeypatch.setenv(name, value)
    found = load()
    assert (found.smtp_host, found.smtp_port, found.smtp_starttls) == ("old.example.com", 587, False)
    assert (found.smtp_user, found.smtp_mail_from, found.smtp_ssl_context) == ("", "me@example.com", "none")
    (home / "goflow.toml").write_text('smtp_host = "file.example.com"\n')
    assert load().smtp_host == "file.example.com"
    monkeypatch.setenv("GOFLOW_SMTP_HOST", "own.example.com")
    assert load().smtp_host == "own.example.com"
    assert load(smtp_host="given.example.com").smtp_host == "given.example.com"


def test_airflows_variables_are_of_settings_that_there_are() -> None:
    assert set(AIRFLOW) <= set(Settings.model_fields)
