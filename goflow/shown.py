"""Settings as people may see them: texts, those of secrets hidden; and what Airflow calls the same."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from goflow.settings import Settings

HIDDEN = "< hidden >"
"""In the place of a secret, as in Airflow."""
_OF_AIRFLOW = {
    ("core", "dags_folder"): "dags_folder",
    ("core", "parallelism"): "parallelism",
    ("api", "base_url"): "public_url",
    ("api", "port"): "api_port",
    ("api", "host"): "api_host",
    ("database", "sql_alchemy_conn"): "database_url",
}
"""Section and option of Airflow, and GoFlow's setting."""


def sections(settings: Settings) -> dict[str, dict[str, str]]:
    """Every setting by its name in section ``goflow``, and what Airflow has of them in its own sections."""
    own = {name: _text(name, getattr(settings, name)) for name in type(settings).model_fields}
    own["dags_folder"] = str(settings.dags)
    found: dict[str, dict[str, str]] = {}
    for (section, option), name in _OF_AIRFLOW.items():
        found.setdefault(section, {})[option] = own[name]
    return {**found, "goflow": own}


def _text(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    text = json.dumps(value) if isinstance(value, dict | list) else "" if value is None else str(value)
    return HIDDEN if text and (name == "database_url" or ("://" in text and "@" in text)) else text
