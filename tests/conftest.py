"""Fixtures that every part of the suite may use."""

import logging
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.alertmanager import alertmanager
from tests.postgres import empty_postgres_url, postgres_server, postgres_url
from tests.receivers import hook, mailbox
from tests.stores import clock, open_store, sqlite_store, sqlite_template, sqlite_url, store, store_url

__all__ = [
    "alertmanager",
    "clock",
    "empty_postgres_url",
    "hook",
    "mailbox",
    "open_store",
    "postgres_server",
    "postgres_url",
    "sqlite_store",
    "sqlite_template",
    "sqlite_url",
    "store",
    "store_url",
]


class ByFolder(LoadScopeScheduling):
    """The tests of a folder have one worker: they share what was started for them."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """With ``--dist loadgroup`` folders are the groups."""
    return ByFolder(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def _root_logger_as_before():
    """A task that is run in this process gives the root logger its own handler; other tests' output is not to have it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
