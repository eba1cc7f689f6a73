"""Fixtures that every part of the suite may use."""

from tests.postgres import empty_postgres_url, postgres_server, postgres_url
from tests.stores import clock, open_store, sqlite_store, sqlite_template, sqlite_url, store, store_url

__all__ = [
    "clock",
    "empty_postgres_url",
    "open_store",
    "postgres_server",
    "postgres_url",
    "sqlite_store",
    "sqlite_template",
    "sqlite_url",
    "store",
    "store_url",
]
