"""Fixtures that every part of the suite may use."""

import logging

import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With ``--dist loadgroup`` the tests of a folder stay together: they share what was started for them."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path.parent.relative_to(item.config.rootpath))))


@pytest.fixture(autouse=True)
def _root_logger_as_before():
    """A task that is run in this process gives the root logger its own handler; other tests' output is not to have it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
