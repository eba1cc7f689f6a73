"""Connections as URIs and as JSON, held to what real Airflow makes of them (`python -m tests.oracle connections`)."""

from __future__ import annotations

import importlib

import pytest

from tests.oracle.connections import JSONS, URIS, recorded

SIDES = {"2.11.2 airflow.models": "airflow2", "3.3.2 airflow.models": "airflow3", "3.3.2 airflow.sdk": "airflow3"}
_PARTS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra", "extra_dejson")


def made_of(make):
    """What a connection tells of itself, or the error that making it raises."""
    try:
        made = make()
    except Exception as problem:
        return {"raises": type(problem).__name__}
    return {**{name: getattr(made, name) for name in _PARTS}, "uri": made.get_uri(), "json": made.as_json()}


@pytest.mark.parametrize("side", SIDES)
def test_connections_are_what_airflow_makes_of_them(side, world):
    world.reset(SIDES[side])
    kind = importlib.import_module(side.split()[1]).Connection
    truth = recorded()[side]
    assert {uri: made_of(lambda uri=uri: kind(conn_id="c", uri=uri)) for uri in URIS} == truth["uris"]
    assert {text: made_of(lambda text=text: kind.from_json(text, conn_id="c")) for text in JSONS} == truth["jsons"]
