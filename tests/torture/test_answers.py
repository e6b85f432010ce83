"""Every answer of the torture level against the hub's own transport and table: none of them is believed, and none of
them takes the caller with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.connector.verdict import retry_after
from hub.sandbox import torture
from hub.sandbox.call import encode
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from hub.wire.call import Request, Response, Timeout, Unanswered
from hub.wire.http import HttpTransport
from hub.wire.policy import Policy
from tests.torture.trap import Trap
from tests.unit.sandbox.clerk import Clerk, Clock

# Answers in the spoilt ways that are whole and true all the same, by kind and turn.
TRUE = {"type_after", "interim_after", "surplus_after", "early_webhook"}
WAYS = [(kind, turn) for kind in (*torture.BEFORE, *torture.AFTER) for turn in range(12)]


class Place:
    """A Stripe account with an authorised payment, and the hub's way to it."""

    def __init__(self, directory: Path, trap: Trap) -> None:
        settings = Settings.hasty().but(clock=time.time, redirects_to=trap.places, early_seconds=0.05)
        self.world = World.standard("answers", directory, time.time, settings)
        self.running = RunningWorld(self.world)
        self.trap = trap

    def open(self) -> None:
        self.running.start()
        account = self.running.connections()["stripe/main"]
        self._base, self._key = account["base_url"], account["key"]
        policy = Policy(private_targets=frozenset({self._base.split("/")[2]}))
        self.transport = HttpTransport(policy)
        self.clerk = Clerk(self.world, Clock(time.time()))

    def authorised(self) -> str:
        return str(self.clerk.place("woocommerce/basalt", "authorised at Stripe").means.intent)

    def send(self, method: str, path: str, key: str = "") -> Response | Unanswered:
        headers = [("Authorization", f"Bearer {self._key}"), *([("Idempotency-Key", key)] if key else [])]
        request = Request(method, f"{self._base}/{path}", tuple(headers), b"", Timeout(1.0, 0.4))
        try:
            return self.transport.send(request)
        except Unanswered as silence:
            return silence

    def spoil(self, kind: str, turn: int) -> None:
        self.world.desk.faults.script("capture", kind)
        self.world.desk.faults.census[kind] = turn - 1  # the script counts it, and so it is this turn's

    def captures(self) -> int:
        return len(read_ledgers(self.world.directory)["stripe-main"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Trap() as trap:
        made = Place(tmp_path_factory.mktemp("world"), trap)
        made.open()
        yield made
        made.running.stop()


@pytest.mark.parametrize(("kind", "turn"), WAYS)
def test_no_hostile_answer_is_believed(place: Place, kind: str, turn: int) -> None:
    """The transport ends in time, the ledger says whether it was done, and the next answer is the next call's own."""
    intent, before = place.authorised(), place.captures()
    place.spoil(kind, turn)
    began = time.monotonic()
    found = place.send("POST", f"v1/payment_intents/{intent}/capture", key=f"{kind} {turn}".replace(" ", "-"))
    assert time.monotonic() - began < 2.5
    assert place.captures() - before == (kind in torture.AFTER)
    assert place.world.desk.faults.census[kind] == turn
    if kind in TRUE:
        assert isinstance(found, Response), found
        assert found.status == 200 and encode(intent) in found.body
    else:
        believed = isinstance(found, Response) and found.status == 200 and encode(intent) in found.body
        assert not believed or (kind == "twin_headers_after" and turn % 5 >= 3)
    told = place.send("GET", f"v1/payment_intents/{intent}")
    assert isinstance(told, Response), told
    assert encode(intent) in told.body
    assert not place.trap.visits


def test_what_a_provider_says_about_later_ends_within_the_hour(place: Place) -> None:
    """Every word of the level, read as the connector reads it: never negative, never above an hour, never an error."""
    intent, waits = place.authorised(), []
    for turn in range(12):
        place.spoil("retry_after_odd_before", turn)
        found = place.send("POST", f"v1/payment_intents/{intent}/capture", key=f"later-{turn}")
        assert isinstance(found, Response) and found.status == 429
        waits.append(retry_after(found.headers["retry-after"], datetime.now(UTC)))
    assert all(wait is None or 0 <= wait <= 3600 for wait in waits)
    assert 3600 in waits and 0 in waits and None in waits


def test_other_bytes_say_the_same_and_a_lie_does_not() -> None:
    body = b'{"id":"evt_1","data":{"amount":500,"lines":[{"quantity":2,"sku":"A"}],"tracking_number":"T1"},"n":1.10}'
    other, lie = torture.other_bytes(body), torture.lie_about(body)
    assert other != body and b'"n": 1.10' in other
    assert b'"id":"evt_1"' in lie and b'"amount":1501' in lie and b'"quantity":7' in lie and b"FALSE1T" in lie
