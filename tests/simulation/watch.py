"""What no moment may do, written as triggers into the run's database: the statement that breaks a law fails at once,
with the worker that ran it still in sight.
"""

from __future__ import annotations

BROKEN = "law broken"


def _law(name: str, table: str, when: str, what: str, event: str = "UPDATE") -> str:
    return (
        f"CREATE TRIGGER law_{name} BEFORE {event} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{BROKEN}: {what}'); END;"
    )


_ENDED = "('done', 'skipped', 'cancelled')"
_LAWS = (
    _law("end", "steps", f"OLD.state IN {_ENDED} AND NEW.state <> OLD.state", "a step that had ended moved"),
    _law("token", "steps", "NEW.token < OLD.token", "a fence went back"),
    _law("generation", "steps", "NEW.generation < OLD.generation", "a generation went back"),
    _law(
        "forgotten",
        "steps",
        "OLD.unresolved = 1 AND NEW.unresolved = 0 AND OLD.state = 'intent' AND NEW.state IN ('waiting', 'dead')",
        "an unresolved try was forgotten",
    ),
    _law("happened", "effects", "OLD.executed = 1 AND NEW.executed IS NOT 1", "what had happened was taken back"),
    _law("settled", "effects", "OLD.settled_at IS NOT NULL AND NEW.settled_at IS NULL", "a settlement was taken back"),
    _law(
        "bytes",
        "effects",
        "NEW.key <> OLD.key OR NEW.reference <> OLD.reference OR NEW.connection <> OLD.connection "
        "OR ((NEW.body <> OLD.body OR NEW.content <> OLD.content) AND OLD.executed IS NOT 0)",
        "an intent that may have happened was written anew",
    ),
    _law("effect", "effects", "1", "an effect was deleted", "DELETE"),
    _law("message", "messages", "1", "a message was deleted", "DELETE"),
    _law("body", "messages", "NEW.body <> OLD.body OR NEW.delivery_id <> OLD.delivery_id", "a message was rewritten"),
    _law(
        "unread",
        "messages",
        "OLD.state <> 'kept' AND NEW.state = 'kept' AND OLD.state <> 'held'",
        "a message regressed",
    ),
    _law("version", "orders", "NEW.version < OLD.version", "an order lost a version"),
    _law("source", "orders", "NEW.source_version < OLD.source_version", "an order went back at its source"),
    _law(
        "begun", "orders", "OLD.disposition = 'active' AND NEW.disposition <> 'active'", "a begun order was set aside"
    ),
    _law("evidence", "observations", "1", "evidence was deleted", "DELETE"),
    _law("attempt", "attempts", "1", "an attempt was deleted", "DELETE"),
)
LAWS = "\n".join(_LAWS)
