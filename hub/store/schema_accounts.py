"""The tables of who may look and act: people, their sessions and tokens, and failed logins."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Text

from hub.store.columns import NOW, table

users = table(
    "users",
    Column("name", Text, primary_key=True),  # lower case
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, with its parameters and salt
    Column("disabled", Integer, nullable=False, server_default="0"),
    Column("created_at", NOW, nullable=False),
    Column("changed_at", NOW, nullable=False),
)

sessions = table(
    "sessions",
    Column("digest", Text, primary_key=True),  # of the cookie, which the store never sees
    Column("owner", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("began_at", NOW, nullable=False),
    Column("seen_at", NOW, nullable=False),
    Column("expires_at", NOW, nullable=False),
)
Index("sessions_owner", sessions.c.owner)

tokens = table(
    "tokens",
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),  # prefix and last four characters: how a person tells tokens apart
    Column("scopes", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("expires_at", NOW, nullable=False),
    Column("used_at", NOW),
    Column("revoked_at", NOW),
)

throttles = table(
    "throttles",  # failed logins, by account and by address
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", NOW, nullable=False),
    Column("free_at", NOW, nullable=False),  # until then nobody is let in under this key
)
