"""The way from the hub to the world without a socket: the transport of every connection, with outages of its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hub.sandbox.call import Answer, pairs_of
from hub.sandbox.mailbox import Reception
from hub.sandbox.world import World
from hub.wire.call import NotSent, Request, Response, Unanswered
from hub.wire.policy import Policy
from tests.simulation.clerk import is_new_order, key_in
from tests.simulation.clock import VirtualClock
from tests.simulation.replica import Replica
from tests.simulation.trace import Trace

HOST = "http://world.example"
_CALL_SECONDS = (0.004, 0.12)  # each way
_READS = ("GET",)


@dataclass
class Outage:
    """Nobody reaches `account` from `begins` to `ends` (microseconds). `silent`: packets vanish; else: refused."""

    account: str
    begins: int
    ends: int
    silent: bool


@dataclass
class Network:
    """`late` is the share of requests that arrive only after their caller has given up, at the latest when the
    connection's manifest says that a call is surely settled (`settles_seconds`)."""

    world: World
    clock: VirtualClock
    trace: Trace
    rng: random.Random
    later: Callable[[int, Callable[[], None]], None]  # (microseconds, what) -> done at that time
    settles_seconds: float
    late: float = 0.0
    clerk: float = 0.0  # share of new warehouse orders that are lost, and keyed in by hand
    replica: Replica | None = None  # what storefronts answer lookups from
    looking: bool = False  # what is asked now is a lookup
    outages: list[Outage] = field(default_factory=list)
    crossed: set[str] = field(default_factory=set)  # orders that a late request took out of their cancellation
    census: Counter[str] = field(default_factory=Counter)  # of what befell calls on their way
    sent: list[bytes] = field(default_factory=list)  # what left since somebody cleared it: requests and letters

    def transport(self, name: str, policy: Policy) -> Line:
        return Line(self, name)

    def down(self, account: str) -> Outage | None:
        now = self.clock.micros
        return next((o for o in self.outages if o.account == account and o.begins <= now < o.ends), None)

    def carry(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        provider, _, rest = parts.path.lstrip("/").partition("/")
        name, _, path = rest.partition("/")
        account, what = f"{provider}/{name}", f"{request.method} {provider} /{path}"
        headers = {key.lower(): value for key, value in request.headers}
        if "oauth" not in path:
            key = headers.get("idempotency-key", "")
            self.sent.append(f"{request.method} {request.url} {key}\n".encode() + request.body)
        self._cross(account, what, request.timeout.total)

        order, looking = self.trace.about.partition(":")[2], self.looking

        def at_once() -> Answer:
            now = self.clock.seconds()
            query = pairs_of(parts.query)
            return self.world.handle(account, request.method, path, query, headers, request.body, now)

        def handle() -> Answer:
            if self.replica is None:
                return at_once()
            way = self.replica.asking if looking else self.replica.changing
            return way(account, order, self.clock.seconds(), at_once)

        if self.clerk and is_new_order(account, request.method, path) and self.rng.random() < self.clerk:
            return self._keyed_in(request, what)
        if self.rng.random() < self.late and request.method not in _READS:
            return self._too_late(handle, what, request.timeout.total)
        self.clock.spend(self.rng.uniform(*_CALL_SECONDS))
        faults = self.world.desk.faults.census.total()
        answer = handle()
        fault = " (fault)" if self.world.desk.faults.census.total() != faults else ""
        self.trace.note(f"    {what} -> {answer.status} {answer.ending}{fault}")
        return self._answered(answer, request.timeout.total)

    def _cross(self, account: str, what: str, total: float) -> None:
        outage = self.down(account)
        if outage is None:
            return
        self.trace.note(f"    {what} -> {'silence' if outage.silent else 'refused'} (outage)")
        self.census[f"outage: {'silent' if outage.silent else 'refused'}"] += 1
        if outage.silent:
            self.clock.spend(total)
            raise Unanswered("no answer within the deadline")
        raise NotSent("connection refused")

    def _keyed_in(self, request: Request, what: str) -> Response:
        """It is lost on its way, and somebody who knows of it keys it in."""
        self.trace.note(f"    {what} -> silence, it is lost and keyed in by hand")
        when = self.clock.micros + int(request.timeout.total * 5e5)
        self.later(when, lambda: key_in(self.world, request.body, self.clock.seconds()))
        self.clock.spend(request.timeout.total)
        raise Unanswered("no answer within the deadline")

    def _too_late(self, handle: Callable[[], Answer], what: str, total: float) -> Response:
        """The caller hears nothing; the provider hears of it after all."""
        after = self.rng.uniform(total, total + self.settles_seconds * 0.9)
        order, who = self.trace.about, self.trace.who

        def arrive() -> None:
            before = self._cancelled(order)
            answer = handle()
            if before and not self._cancelled(order):
                self.crossed.add(order)
            self.trace.note(f"    {what} arrives late -> {answer.status}", who=who, order=order)

        self.later(self.clock.micros + int(after * 1e6), arrive)
        self.trace.note(f"    {what} -> silence, on its way")
        self.census["late request"] += 1
        self.clock.spend(total)
        raise Unanswered("no answer within the deadline")

    def _cancelled(self, order: str) -> bool:
        """Whether the storefront calls the hub's order cancelled now."""
        source_id = order.partition(":")[2]
        return any(o.status == "cancelled" for o in self.world.desk.orders.values() if o.id == source_id)

    def _answered(self, answer: Answer, total: float) -> Response:
        if answer.hold:
            self.clock.spend(min(answer.hold, total))
            if answer.hold >= total:
                raise Unanswered("no answer within the deadline")
        self.clock.spend(self.rng.uniform(*_CALL_SECONDS))
        if answer.ending != "answer":
            raise Unanswered("the connection broke off", answer.status if answer.ending == "short" else None)
        headers: dict[str, str] = {}
        for key, value in answer.headers:
            known = headers.get(key.lower())
            headers[key.lower()] = value if known is None else f"{known}, {value}"
        return Response(answer.status, headers, answer.body)

    def mail(self, sender: str, recipient: str, raw: bytes) -> Reception:
        """One letter's content, as the mail server takes it."""
        self.sent.append(raw)
        self.clock.spend(self.rng.uniform(*_CALL_SECONDS))
        reception = self.world.mail(sender, [recipient], raw, self.clock.seconds())
        self.trace.note(f"    mail to {recipient} -> {reception.reply[:3] or 'dropped'}{' dropped' * reception.drop}")
        return reception


@dataclass(frozen=True)
class Line:
    """One connection's transport."""

    network: Network
    name: str

    def send(self, request: Request) -> Response:
        return self.network.carry(request)
