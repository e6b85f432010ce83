"""The verdict: every count the demo names, from the world's ledgers and what the hub says of each order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.checks import Case
from hub.sandbox.evidence import Evidence

# What must be nought.
ZEROES = (
    "lost", "missing_effect", "wrong_effect", "charged_twice", "shipped_twice", "labelled_twice", "mailed_twice",
    "attempted_doubles",
)  # fmt: skip
SHARES = {"calm": 1.0, "rough": 0.98, "storm": 0.95, "torture": 0.99}  # of what should complete, by level

# The hub's words for an order's state and for its worst step, as the verdict counts them.
_STATES = {
    "completed": "completed", "done": "completed", "fulfilled": "completed", "refunded": "completed",
    "cancelled": "cancelled", "canceled": "cancelled", "held": "held", "parked": "parked", "dead": "dead",
    "waiting": "waiting", "awaiting": "waiting", "history": "history", "ignored": "history", "test": "history",
}  # fmt: skip
_WORST = ("dead", "parked", "held")


@dataclass(frozen=True)
class Offence:
    """One reason one order counts where it should not."""

    order: str
    name: str
    story: str
    count: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} ({self.story}): {self.count}: {self.why}"


@dataclass
class Verdict:
    """`counts` has the demo's keys in order; each counts distinct orders, but for deliveries, faults and seconds."""

    counts: dict[str, Any]
    offences: list[Offence] = field(default_factory=list)
    remarks: list[Offence] = field(default_factory=list)  # what is counted and forgiven: mail sent again
    failed: bool = False
    reasons: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The whole verdict as plain JSON."""
        return self.counts | {
            "failed": self.failed,
            "reasons": self.reasons,
            "offences": [vars(offence) for offence in self.offences],
            "remarks": [vars(remark) for remark in self.remarks],
        }


def state_of(answer: Mapping[str, Any]) -> str:
    """completed, cancelled, held, parked, dead, waiting, history or active. The worst step decides before the state."""
    worst = str(answer.get("worst") or "").lower()
    if worst in _WORST:
        return worst
    return _STATES.get(str(answer.get("state") or "").lower(), "active")


def judge(evidence: Evidence, answers: Iterable[Mapping[str, Any]], seconds: float, level: str = "rough") -> Verdict:
    """Compares what happened with what should have.

    `answers` are the hub's: {connection, source_order_id, state, worst}; ids may be bare numbers or global ids.
    `seconds` is how long the run took; `level` chooses the share of orders that must have completed.
    """
    states = {str(answer["source_order_id"]).rpartition("/")[2]: state_of(answer) for answer in answers}
    offences = [offence for order in evidence.orders.values() for offence in _offences(evidence, order, states)]
    offences += _strangers(evidence) + _doubles(evidence)
    counts = _counts(evidence, states, offences) | {"seconds": round(seconds, 1)}
    offences.sort(key=lambda each: (each.count, each.name))
    verdict = Verdict(counts)
    verdict.offences = [each for each in offences if each.count in ZEROES]
    verdict.remarks = [each for each in offences if each.count not in ZEROES]
    verdict.reasons = _reasons(counts, SHARES.get(level, 1.0))
    verdict.failed = bool(verdict.reasons)
    return verdict


def _offences(evidence: Evidence, order: dict[str, Any], states: Mapping[str, str]) -> list[Offence]:
    state = states.get(order["id"], "")
    found = [_offence(order, count, why) for count, why in Case(evidence, order, state).findings()]
    if not state and not order["history"]:
        found.append(_offence(order, "lost", "placed at the storefront, and the hub does not know it"))
    return found


def _offence(order: Mapping[str, Any], count: str, why: str) -> Offence:
    return Offence(order["id"], f"{order['prefix']} {order['name']}", order["story"], count, why)


def _strangers(evidence: Evidence) -> list[Offence]:
    """Effects for nobody's order. Each counts for itself."""
    return [
        Offence(
            f"stranger {i}", line["ledger"], "nobody's order", "wrong_effect", f"{line['effect']} for an unknown buyer"
        )
        for i, line in enumerate(evidence.effects.get("", ()))
        if line["effect"] not in ("order.note", "order.update")
    ]


def _doubles(evidence: Evidence) -> list[Offence]:
    found = []
    for i, line in enumerate(evidence.doubles):
        order = evidence.orders.get(_order_of(evidence, line))
        if order is None:
            order = {"id": f"stranger double {i}", "prefix": line["ledger"], "name": "", "story": "nobody's order"}
        found.append(_offence(order, "attempted_doubles", f"{line['effect']} at {line['ledger']}: {line['why']}"))
    return found


def _order_of(evidence: Evidence, line: Mapping[str, Any]) -> str:
    if line.get("order"):
        return str(line["order"])
    intents = {order["intent"]: order["id"] for order in evidence.orders.values() if order["intent"]}
    return str(intents.get(line.get("intent"), ""))


def _counts(evidence: Evidence, states: Mapping[str, str], offences: list[Offence]) -> dict[str, Any]:
    live = evidence.live
    by_state = [(order, states.get(order["id"], "")) for order in live]
    expected = [(order, state) for order, state in by_state if _should_complete(order, state)]
    offenders = {
        count: len({each.order for each in offences if each.count == count}) for count in (*ZEROES, "mail_resent")
    }
    return {
        "orders": len(live),
        "acknowledged": sum((order["prefix"], order["id"]) in evidence.acknowledged for order in live),
        "deliveries": evidence.deliveries,
        "completed": sum(_ended(order, state) for order, state in expected),
        "expected_completed": len(expected),
        "held": sum(state == "held" for _, state in by_state),
        "expected_held": sum(_should_be_held(order, state) for order, state in by_state),
        "parked": sum(state == "parked" for _, state in by_state),
        "dead": sum(state == "dead" for _, state in by_state),
        "lost": offenders["lost"],
        "missing_effect": offenders["missing_effect"],
        "wrong_effect": offenders["wrong_effect"],
        "charged_twice": offenders["charged_twice"],
        "shipped_twice": offenders["shipped_twice"],
        "labelled_twice": offenders["labelled_twice"],
        "mailed_twice": offenders["mailed_twice"],
        "mail_resent": offenders["mail_resent"],
        "attempted_doubles": offenders["attempted_doubles"],
        "faults": dict(sorted(evidence.faults.items())),
    }


def _should_complete(order: Mapping[str, Any], state: str) -> bool:
    """Completed and cancelled are ends the hub reaches by itself. Where two ends are right, the hub's word decides."""
    if order["expect"] == "completed|held":
        return state != "held"
    return order["expect"] in ("completed", "cancelled")


def _ended(order: Mapping[str, Any], state: str) -> bool:
    """An order that was cancelled before the hub first heard of it is history, and rightly so."""
    return state in ("completed", "cancelled") or (order["expect"] == "cancelled" and state == "history")


def _should_be_held(order: Mapping[str, Any], state: str) -> bool:
    return order["expect"] == "held" or (order["expect"] == "completed|held" and state == "held")


def _reasons(counts: Mapping[str, Any], share: float) -> list[str]:
    reasons = [f"{key} is {counts[key]}" for key in ZEROES if counts[key]]
    wanted = share * counts["expected_completed"]
    if counts["completed"] < wanted:
        reasons.append(
            f"completed {counts['completed']} of {counts['expected_completed']}, at least {share:.0%} were due"
        )
    return reasons
