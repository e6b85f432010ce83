"""What no moment may do, written as triggers into the run's database: the statement that breaks a law fails at once,
with the worker that ran it still in sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.model.capability import CAPABILITIES
from hub.store.claims import CLAIM_LEASE

BROKEN = "law broken"
_SECOND = 1_000_000


@dataclass(frozen=True)
class Law:
    """`when` it is broken, in SQL that both databases understand, or in PostgreSQL's own words as well (`there`)."""

    name: str
    table: str
    when: str
    what: str
    event: str = "UPDATE"
    at: str = "BEFORE"
    there: str = ""

    def for_sqlite(self) -> str:
        return (
            f"CREATE TRIGGER law_{self.name} {self.at} {self.event} ON {self.table} WHEN {self.when} "
            f"BEGIN SELECT RAISE(ABORT, '{BROKEN}: {self.what}'); END;"
        )

    def for_postgres(self) -> str:
        when = (self.there or self.when).replace(" IS NOT 1", " IS DISTINCT FROM 1")
        when = when.replace(" IS NOT 0", " IS DISTINCT FROM 0")
        row = "OLD" if self.event == "DELETE" else "NEW"
        return (
            f"CREATE FUNCTION law_{self.name}() RETURNS trigger LANGUAGE plpgsql AS $law$ BEGIN IF {when} THEN "
            f"RAISE EXCEPTION '{BROKEN}: {self.what}' USING ERRCODE = 'check_violation'; END IF; RETURN {row}; END "
            f"$law$; CREATE TRIGGER law_{self.name} {self.at} {self.event} ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION law_{self.name}();"
        )


_ENDED = "('done', 'skipped', 'cancelled')"
_CLAIM = CLAIM_LEASE // timedelta(microseconds=1)
_SNAPSHOT = """'$."order:".version'"""
_IRREVERSIBLE = ", ".join(f"'{name}'" for name, capability in CAPABILITIES.items() if capability.irreversible)
_LAWS = (
    Law("end", "steps", f"OLD.state IN {_ENDED} AND NEW.state <> OLD.state", "a step that had ended moved"),
    Law("token", "steps", "NEW.token < OLD.token", "a fence went back"),
    Law("generation", "steps", "NEW.generation < OLD.generation", "a generation went back"),
    Law(
        "refused",
        "steps",
        "NEW.generation > OLD.generation AND OLD.state NOT IN ('rejected', 'parked') "
        "AND OLD.spec NOT LIKE '%\"ask\":%'",  # of a restored book, it may have risen before
        "a generation rose without a definite refusal or a person",
    ),
    Law(
        "lease",
        "steps",
        f"NEW.token > OLD.token AND OLD.lease_until > NEW.lease_until - {_CLAIM}",
        "a step was claimed from a worker whose lease was not over",
    ),
    Law(
        "forgotten",
        "steps",
        "OLD.unresolved = 1 AND NEW.unresolved = 0 AND OLD.state = 'intent' AND NEW.state IN ('waiting', 'dead')",
        "an unresolved try was forgotten",
    ),
    Law("happened", "effects", "OLD.executed = 1 AND NEW.executed IS NOT 1", "what had happened was taken back"),
    Law("settled", "effects", "OLD.settled_at IS NOT NULL AND NEW.settled_at IS NULL", "a settlement was taken back"),
    Law(
        "bytes",
        "effects",
        "NEW.key <> OLD.key OR NEW.reference <> OLD.reference OR NEW.connection <> OLD.connection "
        "OR ((NEW.body <> OLD.body OR NEW.content <> OLD.content OR NEW.declaration <> OLD.declaration) "
        "AND OLD.executed IS NOT 0)",
        "an intent that may have happened was written anew",
    ),
    Law("effect", "effects", "1", "an effect was deleted", "DELETE"),
    Law("message", "messages", "1", "a message was deleted", "DELETE"),
    Law("body", "messages", "NEW.body <> OLD.body OR NEW.delivery_id <> OLD.delivery_id", "a message was rewritten"),
    Law(
        "unread",
        "messages",
        "OLD.state <> 'kept' AND NEW.state = 'kept' AND OLD.state <> 'held'",
        "a message regressed",
    ),
    Law("version", "orders", "NEW.version < OLD.version", "an order lost a version"),
    Law("source", "orders", "NEW.source_version < OLD.source_version", "an order went back at its source"),
    Law(
        "snapshot",
        "orders",
        f"NEW.version > OLD.version AND json_extract(NEW.facts, {_SNAPSHOT}) < json_extract(OLD.facts, {_SNAPSHOT})",
        "an earlier snapshot of an order took the place of a later one",
        there="NEW.version > OLD.version AND (NEW.facts::json #>> '{order:,version}') COLLATE \"C\" "
        "< (OLD.facts::json #>> '{order:,version}') COLLATE \"C\"",
    ),
    Law(
        "pinned",
        "orders",
        "NEW.runs <> OLD.runs AND EXISTS (SELECT 1 FROM json_each(OLD.runs) was JOIN json_each(NEW.runs) now "
        "ON json_extract(was.value, '$.id') = json_extract(now.value, '$.id') "
        "WHERE json_extract(was.value, '$.declaration') <> json_extract(now.value, '$.declaration'))",
        "a run was pinned to another flow",
        there="NEW.runs <> OLD.runs AND EXISTS (SELECT 1 FROM json_array_elements(OLD.runs::json) was "
        "JOIN json_array_elements(NEW.runs::json) now ON was ->> 'id' = now ->> 'id' "
        "WHERE was ->> 'declaration' <> now ->> 'declaration')",
    ),
    Law("begun", "orders", "OLD.disposition = 'active' AND NEW.disposition <> 'active'", "a begun order was set aside"),
    Law("evidence", "observations", "1", "evidence was deleted", "DELETE"),
    Law("attempt", "attempts", "1", "an attempt was deleted", "DELETE"),
)


def laws(fresh_seconds: float) -> tuple[Law, ...]:
    """`fresh_seconds`: nothing irreversible is begun on a reading of the order that is older."""
    stale = (
        f"NEW.capability IN ({_IRREVERSIBLE}) AND EXISTS (SELECT 1 FROM orders WHERE key = NEW.order_key "
        f"AND (read_at IS NULL OR NEW.intended_at - read_at > {round(fresh_seconds * _SECOND)}))"
    )
    what = "something irreversible was begun on an old reading of the order"
    fresh = (
        Law("fresh", "effects", stale, what, "INSERT", "AFTER"),
        Law("fresh_again", "effects", f"NEW.intended_at <> OLD.intended_at AND {stale}", what),
    )
    return (*_LAWS, *fresh)
