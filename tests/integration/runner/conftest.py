"""Fixtures of the runner's tests."""

from tests.runners import bell, server

__all__ = ["bell", "server"]
