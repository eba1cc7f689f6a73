"""The tables of those who sign in. They belong to `goflow.store.tables`, which explains how all of them are made."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import metadata

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("oidc_subject", Text, unique=True),
    Column("created_date", UtcMoment, nullable=False),
    Column("last_updated_date", UtcMoment, nullable=False),
    Column("last_sign_in_at", UtcMoment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_name", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
    Column("last_used_at", UtcMoment),
    Column("address", Text),
)

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("key", Text, primary_key=True),
    Column("free_at", UtcMoment, nullable=False),
)
"""How much of their tries to sign in a user or an address has used up: `goflow.store.sign_in_tries`."""
