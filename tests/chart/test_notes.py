"""What helm prints after an installation: what to do next, with commands that hold for these values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.chart.rendered import DAGS, OIDC, POSTGRES, RULES, merged
from tests.cluster.harness.helm import CHART
from tests.cluster.harness.layout import REPOSITORY

COMMANDS = (REPOSITORY / "docs" / "cli.md").read_text()

INGRESS = {"ingress": {"create": True, "hosts": ["a.example.org"]}, "adminPassword": {"value": "x" * 8}}
TLS = {"ingress": {"tls": [{"secretName": "x"}]}}
PROXY = {"settings": {"trusted_proxies": ["10.0.0.0/8"]}}

#: What was given, what the notes say then, and what they do not.
NOTES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    (
        "the smallest values",
        DAGS,
        [
            "the ConfigMap my-dags",
            "port-forward service/flow-goflow",
            "goflow users create",
            "ends with the pod",
            "Nobody is told",
        ],
        ["git-sync", "Ingress"],
    ),
    (
        "a database and rules of alerts",
        merged(DAGS, POSTGRES, {"alerts": {"config": RULES}}),
        [],
        ["ends with the pod", "Nobody is told"],
    ),
    (
        "git",
        {"dags": {"git": {"repository": "https://git.example.org/dags.git"}}},
        ["https://git.example.org/dags.git (HEAD)", "--container git-sync"],
        ["ConfigMap"],
    ),
    (
        "an Ingress without TLS or trust",
        merged(DAGS, INGRESS),
        ["http://a.example.org", "sign in as admin", '.data "admin-password"', "in the clear", "trusted_proxies"],
        ["port-forward", "users create"],
    ),
    (
        "an Ingress with TLS and trust",
        merged(DAGS, INGRESS, TLS, PROXY),
        ["https://a.example.org"],
        ["in the clear", "trusted_proxies"],
    ),
    (
        "an identity provider",
        merged(DAGS, INGRESS, TLS, {"settings": OIDC, "oidcClientSecret": {"value": "x"}}),
        ["sign in by OpenID Connect", "https://a.example.org/goflow/v1/oidc/callback"],
        ["admin-password"],
    ),
    (
        "Secrets of one's own",
        merged(
            DAGS, {place: {"existingSecret": {"name": "mine", "key": place}} for place in ("apiToken", "adminPassword")}
        ),
        ["secret mine --output go-template='{{index .data \"apiToken\" | base64decode}}'", '.data "adminPassword"'],
        ["secret flow-goflow"],
    ),
    (
        "a load balancer",
        merged(DAGS, {"service": {"type": "LoadBalancer"}}),
        [".loadBalancer.ingress"],
        ["port-forward"],
    ),
]


@pytest.mark.parametrize(("values", "said", "unsaid"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES])
def test_the_notes_say_what_to_do_next(
    helm: Callable[..., str], values: dict[str, Any], said: list[str], unsaid: list[str]
) -> None:
    answer = helm("install", "flow", CHART, "--dry-run=client", "--output", "json", values=values)
    notes = json.loads(answer)["info"]["notes"]
    assert [words for words in said if words not in notes] == []
    assert [words for words in unsaid if words in notes] == []
    for group, command in re.findall(r"-- goflow (\S+) (\S+)", notes):
        assert f"## `goflow {group} {command}`" in COMMANDS, "a command that there is"
