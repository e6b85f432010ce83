"""What no moment may do, written as triggers into the run's database: the statement that breaks a law fails at once,
with the worker that ran it still in sight.
"""

from __future__ import annotations

from datetime import timedelta

from hub.model.capability import CAPABILITIES
from hub.store.moments import CLAIM_LEASE

BROKEN = "law broken"
_SECOND = 1_000_000


def _law(name: str, table: str, when: str, what: str, event: str = "UPDATE", at: str = "BEFORE") -> str:
    return (
        f"CREATE TRIGGER law_{name} {at} {event} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{BROKEN}: {what}'); END;"
    )


_ENDED = "('done', 'skipped', 'cancelled')"
_CLAIM = CLAIM_LEASE // timedelta(microseconds=1)
_SNAPSHOT = """'$."order:".version'"""
_IRREVERSIBLE = ", ".join(f"'{name}'" for name, capability in CAPABILITIES.items() if capability.irreversible)
_LAWS = (
    _law("end", "steps", f"OLD.state IN {_ENDED} AND NEW.state <> OLD.state", "a step that had ended moved"),
    _law("token", "steps", "NEW.token < OLD.token", "a fence went back"),
    _law("generation", "steps", "NEW.generation < OLD.generation", "a generation went back"),
    _law(
        "refused",
        "steps",
        "NEW.generation > OLD.generation AND OLD.state NOT IN ('rejected', 'parked') "
        "AND json_extract(OLD.spec, '$.ask') IS NULL",  # of a restored book, it may have risen before
        "a generation rose without a definite refusal or a person",
    ),
    _law(
        "lease",
        "steps",
        f"NEW.token > OLD.token AND OLD.lease_until > NEW.lease_until - {_CLAIM}",
        "a step was claimed from a worker whose lease was not over",
    ),
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
        "OR ((NEW.body <> OLD.body OR NEW.content <> OLD.content OR NEW.declaration <> OLD.declaration) "
        "AND OLD.executed IS NOT 0)",
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
        "snapshot",
        "orders",
        f"NEW.version > OLD.version AND json_extract(NEW.facts, {_SNAPSHOT}) < json_extract(OLD.facts, {_SNAPSHOT})",
        "an earlier snapshot of an order took the place of a later one",
    ),
    _law(
        "pinned",
        "orders",
        "NEW.runs <> OLD.runs AND EXISTS (SELECT 1 FROM json_each(OLD.runs) was JOIN json_each(NEW.runs) now "
        "ON json_extract(was.value, '$.id') = json_extract(now.value, '$.id') "
        "WHERE json_extract(was.value, '$.declaration') <> json_extract(now.value, '$.declaration'))",
        "a run was pinned to another flow",
    ),
    _law(
        "begun", "orders", "OLD.disposition = 'active' AND NEW.disposition <> 'active'", "a begun order was set aside"
    ),
    _law("evidence", "observations", "1", "evidence was deleted", "DELETE"),
    _law("attempt", "attempts", "1", "an attempt was deleted", "DELETE"),
)


def laws(fresh_seconds: float) -> str:
    """`fresh_seconds`: nothing irreversible is begun on a reading of the order that is older."""
    stale = (
        f"NEW.capability IN ({_IRREVERSIBLE}) AND EXISTS (SELECT 1 FROM orders WHERE key = NEW.order_key "
        f"AND (read_at IS NULL OR NEW.intended_at - read_at > {round(fresh_seconds * _SECOND)}))"
    )
    what = "something irreversible was begun on an old reading of the order"
    fresh = (
        _law("fresh", "effects", stale, what, "INSERT", "AFTER"),
        _law("fresh_again", "effects", f"NEW.intended_at <> OLD.intended_at AND {stale}", what),
    )
    return "\n".join((*_LAWS, *fresh))
