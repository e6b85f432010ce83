"""The tables, once, for every dialect."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, UniqueConstraint

from hub.store import schema_accounts
from hub.store.columns import NOW, ROW_ID, claimed, metadata, partial, table

__all__ = ["metadata", "schema_accounts"]

messages = table(
    "messages",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("connection", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mapping", Text),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("received_at", NOW, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("detail", Text, nullable=False, server_default="{}"),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", NOW),
    Column("lane", Text, nullable=False, server_default=""),  # hub.model.lane
    UniqueConstraint("connection", "topic", "delivery_id"),
)
claimed(messages)
partial("messages_held", "state = 'held'", messages.c.cause)

conflicts = table(
    "conflicts",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("message", BigInteger, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("received_at", NOW, nullable=False),
    Column("seen_at", NOW),  # when a person has judged it
    UniqueConstraint("message", "body_digest"),
)

orders = table(
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
    Column("placed_at", NOW),
    Column("expires_at", NOW),  # the soonest end of an authorisation that is not captured
    Column("read_at", NOW),
    Column("stale_at", NOW),
    Column("fetch_at", NOW),
    Column("created_at", NOW, nullable=False),
    Column("changed_at", NOW, nullable=False),
    UniqueConstraint("connection", "source_id"),
)
Index("orders_state", orders.c.state, orders.c.changed_at)
Index("orders_changed", orders.c.changed_at)
partial("orders_expiring", "expires_at IS NOT NULL", orders.c.expires_at)
Index("orders_label", orders.c.label)

versions = table(
    "order_versions",
    Column("order_key", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("message", BigInteger),
    Column("stored_at", NOW, nullable=False),
)

steps = table(
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
    Column("next_at", NOW),
    Column("lease_until", NOW),
    Column("token", Integer, nullable=False),
    Column("first_sent", NOW),
    Column("last_sent", NOW),
    Column("deadline_at", NOW),
    Column("unresolved", Integer, nullable=False),
    Column("result", Text, nullable=False),
    Column("began_at", NOW),
    Column("ended_at", NOW),
    Column("due_at", NOW),  # when a worker must look at it next; NULL when none must
    Column("lane", Text, nullable=False, server_default=""),
)
claimed(steps)
partial(
    "steps_attention",
    "state IN ('held','parked','rejected','dead')",
    steps.c.state,
    steps.c.cause,
    steps.c.connection,
    steps.c.order_key,
    steps.c.began_at,
    steps.c.id,
)

effects = table(
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
    Column("intended_at", NOW, nullable=False),
    Column("settled_at", NOW),
    Column("provider_id", Text),
    Column("executed", Integer),
    Column("amount", BigInteger),
    Column("currency", Text),
)

attempts = table(
    "attempts",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("started_at", NOW, nullable=False),
    Column("ended_at", NOW),
    Column("verdict", Text),
    Column("code", Text),
    Column("message", Text),
    Column("transcript", Text, nullable=False),
)
Index("attempts_order", attempts.c.order_key)

handles = table(
    "handles",
    Column("connection", Text, primary_key=True),
    Column("handle", Text, primary_key=True),
    Column("order_key", Text, primary_key=True),
)

observations = table(
    "observations",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text),
    Column("type", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("seen_at", NOW, nullable=False),
    Column("document", Text, nullable=False),
    Column("handles", Text, nullable=False),
    Column("message", BigInteger),
)
Index("observations_order", observations.c.order_key)

loose_handles = table(
    "loose_handles",  # of observations that matched nothing yet
    Column("connection", Text, primary_key=True),
    Column("handle", Text, primary_key=True),
    Column("observation", BigInteger, primary_key=True),
)

notes = table(
    "notes",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("order_key", Text, nullable=False),
    Column("at", NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("notes_order", notes.c.order_key)

chores = table(
    "chores",
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("due_at", NOW),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default="{}"),
    Column("lane", Text, nullable=False, server_default=""),
)
claimed(chores)

declarations = table(
    "declarations",
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("stored_at", NOW, nullable=False),
)

connections = table(
    "connections",
    Column("name", Text, primary_key=True),
    Column("act_from", NOW),
    Column("paused", Integer, nullable=False, server_default="0"),
    Column("why", Text),
    Column("changed_at", NOW, nullable=False),
    Column("detail", Text, nullable=False, server_default="{}"),
)

audit = table(
    "audit",
    Column("id", ROW_ID, primary_key=True, autoincrement=True),
    Column("at", NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
)

facts = table(
    "install",
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

touches = table(
    "touches",  # which messages spoke of an order
    Column("order_key", Text, primary_key=True),
    Column("message", BigInteger, primary_key=True),
)
Index("touches_message", touches.c.message)
