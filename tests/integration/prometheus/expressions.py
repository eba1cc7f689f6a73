"""The expressions of the chart's alert rules and dashboard, and the metrics that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FILES = Path(__file__).parents[3] / "helm" / "goflow" / "files"
RULES, DASHBOARD = FILES / "alerts.yaml", FILES / "dashboard.json"
ELSEWHERE = {
    "Requests to Kubernetes A": "a daemon whose tasks are processes asks no API server",
    "Leases A": "on SQLite there is one daemon, which holds no leases",
    "Samples of what tasks use B": "processes of the daemon's own machine are never refused to it",
}
"""What a daemon on SQLite without a cluster has nothing to say of, and why: `test_shared` has the one that has."""
_VARIABLES = {"$__rate_interval": "1m", "$dag": ".*"}


def of_rules() -> dict[str, str]:
    """Alert to its expression."""
    return {
        rule["alert"]: rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    }


def of_dashboard() -> dict[str, str]:
    """Panel and query to its expression, with values in the place of Grafana's variables."""
    found = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"]
            for name, value in _VARIABLES.items():
                text = text.replace(name, value)
            assert "$" not in text, f"{panel['title']}: a variable that nobody gives a value"
            found[f"{panel['title']} {target['refId']}"] = text
    return found


def names(expression: str) -> set[str]:
    """The metrics that EXPRESSION names."""
    return set(re.findall(r"\b((?:goflow|process|python)_[a-z_]+)\b", expression))


def panels() -> Iterator[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    yield from (panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row")
