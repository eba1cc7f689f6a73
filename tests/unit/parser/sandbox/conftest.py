"""What the sandbox's tests share."""

from __future__ import annotations

import pytest

from goflow.parser.sandbox import running
from tests.corpus.accounts import Accounts


@pytest.fixture(scope="module")
def process():
    """One process that runs the files of all of a module's tests."""
    made = Accounts()
    yield made
    made.end()


@pytest.fixture
def accounts(process, monkeypatch):
    """Files are run by that process."""
    monkeypatch.setattr(running, "accounts_of", process)
