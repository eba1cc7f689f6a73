"""Fixtures of the server's tests."""

from tests.runners import bell, server

__all__ = ["bell", "server"]
