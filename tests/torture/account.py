"""What came of a run, from the providers' ledgers, the deliveries' answers and what the hub says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.assembly.demo import answers_by
from hub.model.cause import CAUSES
from hub.sandbox.evidence import Evidence
from hub.sandbox.ledger import read_lines
from hub.sandbox.verdict import Verdict, judge
from tests.torture.terms import Terms

Rows = Callable[[str], Sequence[Sequence[Any]]]

_RESTLESS = "('ready', 'leased', 'intent', 'waiting', 'unknown')"
_MOVING = (
    f"SELECT order_key, id, state, cause, tries FROM steps WHERE state IN {_RESTLESS}",
    "SELECT connection, topic, state, cause, tries FROM messages WHERE state = 'kept'",
    "SELECT kind, key, due_at, detail, tries FROM chores WHERE due_at IS NOT NULL AND kind <> 'sweep'",
)
_PARKED = (
    "SELECT s.order_key, s.id, s.capability, s.cause, s.detail, s.tries, s.lookups, o.label FROM steps s "
    "JOIN orders o ON o.key = s.order_key WHERE s.state = 'parked' ORDER BY s.order_key"
)
_ATTEMPTS = "SELECT trigger, verdict, code, message FROM attempts WHERE order_key = '{0}' AND step = '{1}' ORDER BY id"
_STOPPED = (
    "SELECT s.id, s.state, s.cause, s.detail FROM steps s JOIN orders o ON o.key = s.order_key "
    "WHERE o.source_id = '{0}' AND s.state NOT IN ('done', 'skipped', 'cancelled', 'blocked')"
)
_ENDS = {"completed": ("completed",), "cancelled": ("completed", "cancelled", "history")}
_MOST_SENDS = 3
_DEFECTS = ("a worker met a defect", "a message met a defect", "the front door failed")


@dataclass(frozen=True)
class Parked:
    """One step that waits for a person's word, and how it came to that. `explained`: the cause is one we know, and
    the step's own tries show it."""

    order: str
    step: str
    capability: str
    cause: str
    tries: list[str]
    detail: str
    sends: int = 0  # at most: some may not have left

    @property
    def spent(self) -> bool:
        """A letter that was handed over three times without an answer that anybody heard: a person must look."""
        return (self.capability, self.cause) == ("notification.send", "no_way_to_know") and self.sends >= _MOST_SENDS

    @property
    def explained(self) -> bool:
        return self.cause in CAUSES and bool(self.tries)

    def __str__(self) -> str:
        title = CAUSES[self.cause].title if self.cause in CAUSES else "no known cause"
        return f"{self.order} {self.step} ({self.capability}): {self.cause}, {title}; {self.detail}; " + " | ".join(
            self.tries
        )


@dataclass
class Account:
    """`counts` in the order in which they are told; `reasons` why the run failed, none where it did not."""

    counts: dict[str, Any]
    verdict: Verdict
    parked: list[Parked]
    restless: list[str]
    unfinished: list[str]  # orders that should have come to an end by themselves, and what stands in their way
    defects: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def moving(rows: Rows) -> list[str]:
    """What the hub has still to do by itself."""
    return [" ".join(map(str, row)) for sql in _MOVING for row in rows(sql)]


def verdict_of(rows: Rows, world: Path, seconds: float, terms: Terms) -> Verdict:
    return judge(Evidence.read(world), answers_by(rows), seconds, terms.level)


def settle(rows: Rows, world: Path, log: Path, seconds: float, terms: Terms, done: dict[str, Any]) -> Account:
    """`done`: what was done to the hub, and what else was counted on the way."""
    verdict = verdict_of(rows, world, seconds, terms)
    parked, restless, defects = parked_of(rows), moving(rows), defects_in(log)
    statuses = statuses_of(world)
    counts = {name: value for name, value in verdict.counts.items() if name != "faults"}
    counts |= {
        "letters_spent": sum(each.spent for each in parked),
        "restless": len(restless),
        "defects": len(defects),
        "webhook_refusals": sum(n for status, n in statuses.items() if 400 <= status < 500),
        "answers_5xx_other_than_503": sum(n for status, n in statuses.items() if status >= 500 and status != 503),
        "answers": {str(status): number for status, number in sorted(statuses.items())},
        **done,
        "faults_in_all": sum(verdict.counts["faults"].values()),
        "faults": verdict.counts["faults"],
    }
    account = Account(counts, verdict, parked, restless, unfinished_of(rows, world), defects)
    account.reasons = _reasons(account, terms)
    return account


def _reasons(account: Account, terms: Terms) -> list[str]:
    counts, found = account.counts, list(account.verdict.reasons)
    most = terms.parked_share * counts["orders"]
    orders = len({each.order for each in account.parked if not (terms.letters and each.spent)})
    if orders > most:
        found.append(f"{orders} orders are parked, at most {most:g} may be")
    unexplained = [each for each in account.parked if not each.explained and not (terms.letters and each.spent)]
    found += [f"parked without an explanation: {each.order}" for each in unexplained]
    for name in ("restless", "defects", "answers_5xx_other_than_503", "redirects_followed", "ends_without_reason"):
        if counts.get(name):
            found.append(f"{name} is {counts[name]}")
    return found


def parked_of(rows: Rows) -> list[Parked]:
    found = []
    for order, step, capability, cause, detail, sent, _, label in rows(_PARKED):
        quoted = (order.replace("'", "''"), step.replace("'", "''"))
        tries = [" ".join(str(part) for part in row if part) for row in rows(_ATTEMPTS.format(*quoted))]
        found.append(Parked(f"{order} {label}", step, capability or "", cause or "", tries, str(detail), sent))
    return found


def unfinished_of(rows: Rows, world: Path) -> list[str]:
    states = {answer["source_order_id"]: answer["state"] for answer in answers_by(rows)}
    found = []
    for order in Evidence.read(world).live:
        state = states.get(order["id"], "unknown")
        if state not in _ENDS.get(order["expect"], (state,)):
            steps = [" ".join(map(str, row)) for row in rows(_STOPPED.format(order["id"]))]
            found.append(f"{order['prefix']} {order['name']} ({order['story']}): {state}; " + " | ".join(steps))
    return found


def statuses_of(world: Path) -> Counter[int]:
    """What the hub answered to deliveries; 0 where nobody answered."""
    return Counter(line["status"] or 0 for line in read_lines(world / "deliveries.jsonl"))


def defects_in(log: Path) -> list[str]:
    """Lines of the hub's log that should never be written."""
    with log.open(encoding="utf-8", errors="replace") as file:
        return [line.strip()[:2000] for line in file if any(word in line for word in _DEFECTS)]


def as_json(account: Account) -> str:
    return json.dumps(
        account.counts
        | {
            "failed": bool(account.reasons),
            "reasons": account.reasons,
            "parked_orders": [str(each) for each in account.parked],
            "offences": [str(each) for each in account.verdict.offences],
            "unfinished": account.unfinished[:50],
            "moving": account.restless[:50],
            "defect_lines": account.defects[:50],
        },
        indent=2,
    )
