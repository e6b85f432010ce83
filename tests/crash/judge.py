"""Whether a case kept every promise: counted from the providers' ledgers and the hub's books, after the last life."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hub.model.book import Book
from hub.model.flow import State
from hub.model.step import Step
from hub.sandbox.evidence import Evidence
from hub.sandbox.outbox import Delivery
from hub.store.moments import SqlStore
from tests.crash.lodge import Lodge
from tests.crash.point import Case
from tests.crash.walks import CONNECTIONS, WALKS
from tests.looking import look
from tests.simulation import case as simulated
from tests.simulation import promises
from tests.simulation.result import Violation
from tests.simulation.scene import Scene

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RESTLESS = ("ready", "leased", "intent", "waiting", "unknown")


@dataclass
class Judged:
    """`effects`: what the ledgers hold, counted by what each line says. `parked`: orders that wait for a person."""

    violations: list[str] = field(default_factory=list)
    effects: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    lost: int = 0
    doubled: int = 0
    attempted: int = 0
    parked: int = 0
    resent: int = 0
    spent: int = 0  # letters that were handed over three times without an answer: a person must look, as is promised
    seconds: float = 0.0  # of the case's own time
    states: dict[str, int] = field(default_factory=dict)

    def blame(self, kind: str, whys: Iterable[str]) -> None:
        self.violations += [f"{kind}: {why}" for why in whys]


@dataclass(frozen=True)
class _Door:
    acknowledged: dict[tuple[str, str], Delivery]
    refused: list[str]
    posted: dict[tuple[str, str], set[int]]


@dataclass(frozen=True)
class _Clock:
    micros: int

    def now(self) -> datetime:
        return datetime_of(self.micros)


@dataclass(frozen=True)
class _World:
    directory: Any


@dataclass(frozen=True)
class _Remains:
    """What a case left behind, as far as the simulation's promises look at a scene."""

    door: _Door
    clock: _Clock
    world: _World
    observed: frozenset[str] = frozenset()
    observed_accounts: frozenset[str] = frozenset()

    @staticmethod
    def key_of(prefix: str, order: str) -> str:
        return f"{CONNECTIONS.get(prefix, prefix)}:{order}"


_DOUBLES = ("charged_twice", "shipped_twice", "labelled_twice", "mailed_twice")
_MOST_SENDS = 3  # of one letter, as the manifest of the mailbox and the README say
_OF_SPENT = ("wrong end", "missing_effect")
_LOSSES = ("lost", "missing_effect", "lost webhook")


def judge(lodge: Lodge, case: Case, expected: dict[str, int] | None) -> Judged:
    """Never raises for what a case did: what cannot be read is a violation."""
    judged = Judged()
    if not lodge.report.exists():
        judged.blame("trouble", ["the case came to no end"])
        return judged
    report = json.loads(lodge.report.read_text())
    store = lodge.open()
    try:
        _judge(judged, lodge, case, report, store)
    finally:
        store.close()
    if report["gave_up"]:
        judged.blame("trouble", [report["gave_up"]])
    if expected is not None and WALKS[case.walk].same_end:
        differing = {name for name in {*expected, *judged.effects} if expected.get(name) != judged.effects.get(name)}
        if judged.spent:  # nobody knows whether that letter came
            differing = {name for name in differing if not name.startswith("mailbox")}
        if differing:
            judged.blame("other effects", [_difference(sorted(differing), expected, judged.effects)])
    return judged


def _judge(judged: Judged, lodge: Lodge, case: Case, report: dict[str, Any], store: SqlStore) -> None:
    evidence = Evidence.read(lodge.world)

    def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return look(store, sql, *values)

    books = {key: store.read(key) for (key,) in rows("SELECT key FROM orders ORDER BY key")}
    found = {key: book for key, book in books.items() if book is not None}
    told = {(name, body): cast(Delivery, _Told(about)) for name, body, about in report["acknowledged"]}
    posted: dict[tuple[str, str], set[int]] = {}
    for name, body, number in report["posted"]:
        posted.setdefault((name, body), set()).add(number)
    remains = _Remains(_Door(told, report["refused"], posted), _Clock(report["micros"]), _World(lodge.world))
    cancelled, refunded = _cancelled(case, report), _refunded(case, report)
    seen = simulated.Case(cast(Scene, remains), evidence, found, rows, cancelled, refunded, frozenset())
    broken = [violation for check in promises.ALL for violation in check(seen)]
    broken += _restless(rows) + _commands(case, rows, found, report)
    spent = {key for key, book in found.items() if any(_is_spent(step) for step in book.steps.values())}
    broken = [violation for violation in broken if violation.order not in spent or violation.kind not in _OF_SPENT]
    judged.spent = len(spent)
    judged.violations += [str(violation) for violation in broken]
    judged.effects = _effects(evidence)
    judged.orders = len(evidence.live)
    judged.states = dict(Counter(str(state) for (state,) in rows("SELECT state FROM orders")))
    judged.lost = sum(violation.kind in _LOSSES for violation in broken)
    judged.doubled = sum(violation.kind in _DOUBLES for violation in broken)
    judged.attempted = len(evidence.doubles)
    judged.parked = len(rows("SELECT DISTINCT order_key FROM steps WHERE state IN ('parked', 'dead', 'rejected')"))
    judged.resent = sum(bool(line.get("resent")) for lines in evidence.effects.values() for line in lines)
    judged.seconds = (datetime_of(report["micros"]) - datetime_of(0)).total_seconds()


def _is_spent(step: Step) -> bool:
    sends = step.tries - int(step.spec.get("unsent", 0))
    parked = step.state is State.PARKED and step.cause == "no_way_to_know"
    return parked and step.capability == "notification.send" and sends >= _MOST_SENDS


@dataclass(frozen=True)
class _Told:
    topic: str
    number: int = 0


def datetime_of(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _cancelled(case: Case, report: dict[str, Any]) -> dict[str, datetime]:
    command = WALKS[case.walk].command
    if command is None or command.do != "cancel" or not report["commanded"]:
        return {}
    return {report["order"]: datetime_of(report["commanded"])}


def _refunded(case: Case, report: dict[str, Any]) -> frozenset[str]:
    command = WALKS[case.walk].command
    asked = command is not None and command.do == "refund" and report["commanded"]
    return frozenset({report["order"]} if asked else ())


def _restless(rows: Any) -> list[Violation]:
    """At rest means that nothing is under way and nobody waits for an answer."""
    found = rows(f"SELECT order_key, id, state, cause FROM steps WHERE state IN {_RESTLESS}")
    found += rows("SELECT connection, topic, state, cause FROM messages WHERE state NOT IN ('translated', 'ignored')")
    return [Violation("restless", str(row[0]), " ".join(map(str, row[1:]))) for row in found]


def _commands(case: Case, rows: Any, books: dict[str, Book], report: dict[str, Any]) -> list[Violation]:
    """What a person commanded was taken once, did what it says, and is on record with who and why."""
    command, key = WALKS[case.walk].command, report["order"]
    if command is None or key not in books:
        return []
    book, flow = books[key], f"{command.do}-order"
    runs = sum(run.flow == flow for run in book.runs.values())
    audited = len(rows("SELECT 1 FROM audit WHERE action = ? AND subject = ?", command.do, key))
    broken = []
    if runs != 1:
        broken.append(Violation("command", key, f"{flow} runs {runs} times"))
    if audited != runs:
        broken.append(Violation("unrecorded", key, f"{runs} {command.do} were decided, {audited} are on record"))
    return broken


def _effects(evidence: Evidence) -> dict[str, int]:
    """Every line of the ledgers by what it says, without when, under which number, and how often a letter came."""
    found: Counter[str] = Counter()
    for order, lines in evidence.effects.items():
        letters = {(line["about"], line["message_id"]): line for line in lines if line["effect"] == "notification.send"}
        others = [line for line in lines if line["effect"] != "notification.send"]
        for line in (*others, *letters.values()):
            kept = [f"{name}={line[name]}" for name in _SAID if line.get(name) is not None]
            whose = "" if order else "of nobody"  # a case has one order, whose number may depend on what came before
            found[" ".join([str(line["ledger"]), str(line["effect"]), whose, *kept])] += 1
    return dict(found)


_SAID = ("amount", "currency", "lines", "name", "address", "status", "result", "about", "subject", "total")


def _difference(names: Sequence[str], expected: dict[str, int], found: dict[str, int]) -> str:
    return "; ".join(f"{name}: {found.get(name, 0)} instead of {expected.get(name, 0)}" for name in names)
