"""What may have happened: ways to find out that are too hasty, too trusting or too forgetful."""

from __future__ import annotations

from dataclasses import replace

from hub.connector.connection import Connection
from hub.flow import match, resolve, retry
from hub.model.contract import Guarantee
from tests.simulation.planted.patching import Patch, everywhere, replaced, together, with_each_claim
from tests.simulation.planted.registry import bug


def _no_index_lag() -> Patch:
    original = Connection.guarantee

    def guarantee(self: Connection, capability: str) -> Guarantee:
        return replace(original(self, capability), index_lag_seconds=0.0)

    return replaced(Connection, "guarantee", guarantee)


@bug(
    "no-index-lag", "A lookup trusts an index that does not list yet what was made a moment ago.",
    behind="the quarantine, although nothing comes late here, and a second lookup", replica=True, late=0.0, faults=0.33,
)  # fmt: skip
def no_index_lag() -> Patch:
    return together(replaced(resolve, "_ENOUGH_LOOKUPS", 1), no_quarantine(), _no_index_lag())


@bug("no-quarantine", "A lookup asks at once, while the lost request may still be on its way to the provider.")
def no_quarantine() -> Patch:
    return everywhere(retry.quarantine_ends, lambda guarantee, last_sent: last_sent)


@bug("key-lives-for-ever", "A key is used again however old it is, although the provider has forgotten it.")
def key_lives_for_ever() -> Patch:
    return everywhere(retry.key_is_alive, lambda guarantee, first_sent, now: True)


@bug("match-unchecked", "Whatever a lookup finds is ours: nobody compares its lines and recipient.", clerk=0.3)
def match_unchecked() -> Patch:
    return everywhere(match.matches, lambda effect, hit: True)


@bug(
    "late-answer-ignored",
    "A call whose lease ran out is simply made again, and what its worker still learned is not looked at.",
)
def late_answer_ignored() -> Patch:
    forget = (
        "UPDATE steps SET state = 'leased', unresolved = 0 "
        "WHERE order_key = :order AND id = :step AND state = 'unknown' AND lookups = 0"
    )
    return together(with_each_claim(forget), everywhere(resolve.late, lambda setting, book, step, answers, now: False))
