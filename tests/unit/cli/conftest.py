"""What the tests of the commands share."""

from __future__ import annotations

import pytest

from goflow.parser.api import preload


@pytest.fixture(scope="session", autouse=True)
def loaded_once():
    """Files are read in processes that are forked from this one: what is loaded here, they need not load each time."""
    preload()
