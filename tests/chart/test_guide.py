"""What docs/kubernetes.md tells people to write is what the chart takes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from goflow.notify.reading import read_alerts
from tests.chart.rendered import DAGS, container, merged, of
from tests.cluster.harness.helm import render
from tests.cluster.harness.layout import REPOSITORY

pytestmark = pytest.mark.usefixtures("helm")

GUIDE = (REPOSITORY / "docs" / "kubernetes.md").read_text()
EXAMPLES: list[dict[str, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
SLACK_TOKENS = "TA1B2C3D4/BA1B2C3D4/abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize("values", EXAMPLES, ids=[", ".join(values) for values in EXAMPLES])
def test_every_example_of_the_guide_renders(values: dict[str, Any]) -> None:
    objects = render(values if "dags" in values else merged(DAGS, values))
    if "alerts" in values:
        variables = {entry["name"]: SLACK_TOKENS for entry in container(objects)["env"]}
        config, diagnostics = read_alerts(of(objects, "ConfigMap")["data"]["alerts.yaml"].encode(), variables)
        assert (len(config.rules), diagnostics) == (1, [])


def test_all_of_them_together_render_but_for_the_volume() -> None:
    together = merged(*EXAMPLES, {"home": {"persistence": {"enabled": False}}})
    kinds = {o["kind"] for o in render(together)}
    assert {"Ingress", "ServiceMonitor", "PodDisruptionBudget", "NetworkPolicy"} <= kinds
