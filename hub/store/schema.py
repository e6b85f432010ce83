"""The tables, once, for every dialect. Times are integer microseconds since the epoch, UTC; documents are JSON text."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

metadata = MetaData()

_NOW = BigInteger  # microseconds since the epoch
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only by INTEGER


def _table(name: str, *columns: Column[object] | UniqueConstraint) -> Table:
    return Table(name, metadata, *columns)


def _partial(name: str, where: str, *columns: Column[object]) -> None:
    """An index of only those rows for which `where` holds; SQLite uses it for conditions that say so word for word."""
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


messages = _table(
    "messages",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("connection", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mapping", Text),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("received_at", _NOW, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("detail", Text, nullable=False, server_default="{}"),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", _NOW),
    Column("lane", Text, nullable=False, server_default=""),  # hub.model.lane
    UniqueConstraint("connection", "topic", "delivery_id"),
)
_partial("messages_due", "due_at IS NOT NULL", messages.c.due_at, messages.c.lane)
_partial("messages_lane", "due_at IS NOT NULL", messages.c.lane, messages.c.due_at)
_partial("messages_held", "state = 'held'", messages.c.cause)

conflicts = _table(
    "conflicts",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("message", BigInteger, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("received_at", _NOW, nullable=False),
    Column("seen_at", _NOW),  # when a person has judged it
    UniqueConstraint("message", "body_digest"),
)

orders = _table(
    "orders",
    Column("key", Text, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("label", Text),
    Column("state", Text, nullable=False),  # derived from everything below, for lists
    Column("disposition", Text, nullable=False),
    Column("why", Text),
    Column("approved", Integer, nullable=False),
    Column("adopted", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source_version", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("document", Text),
    Column("runs", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("parcels", Text, nullable=False),
    Column("total", BigInteger),
    Column("currency", Text),
    Column("placed_at", _NOW),
    Column("expires_at", _NOW),  # the soonest end of an authorisation that is not captured
    Column("read_at", _NOW),
    Column("stale_at", _NOW),
    Column("fetch_at", _NOW),
    Column("created_at", _NOW, nullable=False),
    Column("changed_at", _NOW, nullable=False),
    UniqueConstraint("connection", "source_id"),
)
Index("orders_state", orders.c.state, orders.c.changed_at)
Index("orders_changed", orders.c.changed_at)
_partial("orders_expiring", "expires_at IS NOT NULL", orders.c.expires_at)
Index("orders_label", orders.c.label)

versions = _table(
    "order_versions",
    Column("order_key", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("message", BigInteger),
    Column("stored_at", _NOW, nullable=False),
)

steps = _table(
    "steps",
    Column("order_key", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("capability", Text),
    Column("awaits", Text),
    Column("connection", Text),
    Column("generation", Integer, nullable=False),
    Column("tail", Integer, nullable=False),
    Column("after", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("cause", Text),
    Column("detail", Text, nullable=False),
    Column("returns_to", Text),
    Column("tries", Integer, nullable=False),
    Column("lookups", Integer, nullable=False),
    Column("next_at", _NOW),
    Column("lease_until", _NOW),
    Column("token", Integer, nullable=False),
    Column("first_sent", _NOW),
    Column("last_sent", _NOW),
    Column("deadline_at", _NOW),
    Column("unresolved", Integer, nullable=False),
    Column("result", Text, nullable=False),
    Column("began_at", _NOW),
    Column("ended_at", _NOW),
    Column("due_at", _NOW),  # when a worker must look at it next; NULL when none must
    Column("lane", Text, nullable=False, server_default=""),
)
_partial("steps_due", "due_at IS NOT NULL", steps.c.due_at, steps.c.lane)
_partial("steps_lane", "due_at IS NOT NULL", steps.c.lane, steps.c.due_at)
_partial(
    "steps_attention",
    "state IN ('held','parked','rejected','dead')",
    steps.c.state,
    steps.c.cause,
    steps.c.connection,
    steps.c.order_key,
    steps.c.began_at,
    steps.c.id,
)

effects = _table(
    "effects",
    Column("order_key", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("declaration", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("intended_at", _NOW, nullable=False),
    Column("settled_at", _NOW),
    Column("provider_id", Text),
    Column("executed", Integer),
    Column("amount", BigInteger),
    Column("currency", Text),
)

attempts = _table(
    "attempts",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("started_at", _NOW, nullable=False),
    Column("ended_at", _NOW),
    Column("verdict", Text),
    Column("code", Text),
    Column("message", Text),
    Column("transcript", Text, nullable=False),
)
Index("attempts_order", attempts.c.order_key)

handles = _table(
    "handles",
    Column("connection", Text, primary_key=True),
    Column("handle", Text, primary_key=True),
    Column("order_key", Text, primary_key=True),
)

observations = _table(
    "observations",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text),
    Column("type", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("seen_at", _NOW, nullable=False),
    Column("document", Text, nullable=False),
    Column("handles", Text, nullable=False),
    Column("message", BigInteger),
)
Index("observations_order", observations.c.order_key)

loose_handles = _table(
    "loose_handles",  # of observations that matched nothing yet
    Column("connection", Text, primary_key=True),
    Column("handle", Text, primary_key=True),
    Column("observation", BigInteger, primary_key=True),
)

notes = _table(
    "notes",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text, nullable=False),
    Column("at", _NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("notes_order", notes.c.order_key)

chores = _table(
    "chores",
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("due_at", _NOW),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default="{}"),
    Column("lane", Text, nullable=False, server_default=""),
)
_partial("chores_due", "due_at IS NOT NULL", chores.c.due_at, chores.c.lane)
_partial("chores_lane", "due_at IS NOT NULL", chores.c.lane, chores.c.due_at)

declarations = _table(
    "declarations",
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("stored_at", _NOW, nullable=False),
)

connections = _table(
    "connections",
    Column("name", Text, primary_key=True),
    Column("act_from", _NOW),
    Column("paused", Integer, nullable=False, server_default="0"),
    Column("why", Text),
    Column("changed_at", _NOW, nullable=False),
    Column("detail", Text, nullable=False, server_default="{}"),
)

audit = _table(
    "audit",
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("at", _NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
)

facts = _table(
    "install",
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

touches = _table(
    "touches",  # which messages spoke of an order
    Column("order_key", Text, primary_key=True),
    Column("message", BigInteger, primary_key=True),
)
Index("touches_message", touches.c.message)

users = _table(
    "users",
    Column("name", Text, primary_key=True),  # lower case
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, with its parameters and salt
    Column("disabled", Integer, nullable=False, server_default="0"),
    Column("created_at", _NOW, nullable=False),
    Column("changed_at", _NOW, nullable=False),
)

sessions = _table(
    "sessions",
    Column("digest", Text, primary_key=True),  # of the cookie, which the store never sees
    Column("owner", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("began_at", _NOW, nullable=False),
    Column("seen_at", _NOW, nullable=False),
    Column("expires_at", _NOW, nullable=False),
)
Index("sessions_owner", sessions.c.owner)

tokens = _table(
    "tokens",
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),  # prefix and last four characters: how a person tells tokens apart
    Column("scopes", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", _NOW, nullable=False),
    Column("expires_at", _NOW, nullable=False),
    Column("used_at", _NOW),
    Column("revoked_at", _NOW),
)

throttles = _table(
    "throttles",  # failed logins, by account and by address
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", _NOW, nullable=False),
    Column("free_at", _NOW, nullable=False),  # until then nobody is let in under this key
)
