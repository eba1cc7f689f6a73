"""Hiding what must not be shown: values whose names say that they are secrets, as Airflow's answers have them."""

from __future__ import annotations

import json
from typing import Any

from goflow.domain.secret_names import is_secret

HIDDEN = "***"


def masked(value: Any, name: str = "") -> Any:
    """VALUE with all that its NAME, or the names inside it, say is secret hidden."""
    if is_secret(name):
        return _hidden(value)
    if isinstance(value, dict):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if value in (None, "") else HIDDEN


def masked_text(text: str | None, name: str = "") -> str | None:
    """The same of a text that may be JSON: a Variable, the extra of a connection."""
    if not text:
        return text
    try:
        return json.dumps(masked(json.loads(text), name))
    except ValueError:
        return HIDDEN if is_secret(name) else text
