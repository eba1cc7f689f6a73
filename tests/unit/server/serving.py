"""REST as a daemon serves it, over a store of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.listener import Listener
from goflow.server.rest.app import application
from goflow.server.rest.context import Services
from goflow.store import Store


@contextmanager
def serving(store: Store, **more: Any) -> Iterator[str]:
    """The URL of the application on a port of its own; MORE are further `Services`."""
    site = Site(task_api="http://here", runner_image="runner:1")
    services = Services(store=store, defaults=Defaults(), site=site, **more)
    listener = Listener("API", lambda: application(services), "127.0.0.1", 0)
    listener.start()
    try:
        yield listener.url
    finally:
        listener.stop(timeout_s=0)  # it ends while others begin
