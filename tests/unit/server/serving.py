"""REST as a daemon serves it, over a store of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.listener import Listener
from goflow.server.rest.app import application
from goflow.server.rest.context import Services
from goflow.store import Store
from tests.unit.server.conforming import Conforming

_published: dict[str, Any] = {}


def checked(app: FastAPI) -> Conforming:
    """APP, whose answers are held to the OpenAPI document: it is the same for every APP and so made once."""
    if not _published:
        _published.update(app.openapi())
    return Conforming(app, _published)


@contextmanager
def serving(store: Store, **more: Any) -> Iterator[str]:
    """The URL of the application on a port of its own; MORE are further `Services`."""
    site = Site(task_api="http://here", runner_image="runner:1")
    services = Services(store=store, defaults=Defaults(), site=site, **more)
    listener = Listener("API", lambda: checked(application(services)), "127.0.0.1", 0)
    listener.start()
    try:
        yield listener.url
    finally:
        listener.stop(timeout_s=0)  # it ends while others begin


@contextmanager
def asking(url: str) -> Iterator[httpx.Client]:
    """A client of its own, patient and without the costs of TLS."""
    with httpx.Client(base_url=url, verify=False, timeout=60.0, trust_env=False) as client:
        yield client


def ask(method: str, url: str, **given: Any) -> httpx.Response:
    """One answer, to somebody who has asked nothing before."""
    with asking("") as client:
        return client.request(method, url, **given)
