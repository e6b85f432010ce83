"""A store on disk with a few dozen invented orders in every state that a person may meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.model.book import Book, Observation
from hub.model.capability import CAPABILITIES
from hub.model.effect import Identity, digest_of, key_of, reference_of
from hub.model.flow import State
from hub.model.message import Delivery, MessageState
from hub.model.order import Order
from hub.model.step import Attempt, Effect, Group, Parcel, Run, Step
from hub.store.moments import SqlStore
from hub.store.open import create_tables, open_sqlite
from hub.store.sqlite import connect

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
INSTALL_KEY = b"an install key of thirty-two byt"

PEOPLE = (
    ("Mathilde", "Aubry", "FR", "12 rue des Tanneurs", "Lyon", "69002"),
    ("Jonas", "Lindqvist", "SE", "Fabriksgatan 8", "Göteborg", "412 50"),
    ("Ewa", "Sobczak", "PL", "ul. Miodowa 3", "Kraków", "31-055"),
    ("Tomás", "Ferreira", "PT", "Rua do Almada 91", "Porto", "4050-036"),
    ("Priya", "Raman", "GB", "4 Chandler's Yard", "Leeds", "LS1 4DY"),
    ("Lukas", "Brandauer", "AT", "Gumpendorfer Straße 40", "Wien", "1060"),
    ("Ingrid", "Moen", "NO", "Strandgaten 17", "Bergen", "5013"),
    ("Hana", "Dvořáková", "CZ", "Vinohradská 112", "Praha", "130 00"),
)
GOODS = (("MUG-OAT", "Stoneware mug, oat", 2400), ("TRAY-ASH", "Ash serving tray", 5900), ("LINEN-2", "Linen napkins, pair", 3200))


def empty_store(path: Path, *, threaded: bool = False) -> SqlStore:
    connection = connect(path, synchronous="OFF")
    create_tables(connection)
    connection.close()
    return open_sqlite(path, threaded=threaded, synchronous="OFF")


def order_for(source_id: str, label: str, placed_at: datetime, person: int = 0, **said: Any) -> Order:
    """An order of one to three lines; `said` overrides fields of the canonical order."""
    first, last, country, street, town, code = PEOPLE[person % len(PEOPLE)]
    chosen = GOODS[: 1 + person % len(GOODS)]
    total = sum(price for _, _, price in chosen) + 690
    payment = {
        "id": f"pay-{source_id}", "method": "card", "custodian": "provider", "provider": "stripe",
        "reference": f"pi_3{source_id}Kq", "status": "captured", "currency": "EUR", "authorized": total, "captured": total,
    }  # fmt: skip
    document: dict[str, Any] = {
        "id": source_id,
        "label": label,
        "permalink_url": f"https://shop.example/admin/orders/{source_id}",
        "currency": "EUR",
        "buyer": {"first_name": first, "last_name": last, "email": f"{first.lower()}@example.org"},
        "line_items": [
            {"id": f"l{n}", "item": {"sku": sku, "title": title, "price": price}, "quantity": {"original": 1, "total": 1}}
            for n, (sku, title, price) in enumerate(chosen, 1)
        ],
        "fulfillment": {
            "expectations": [
                {
                    "id": "ship",
                    "line_items": [{"id": f"l{n}", "quantity": 1} for n in range(1, len(chosen) + 1)],
                    "destination": {
                        "first_name": first, "last_name": last, "street_address": street, "address_locality": town,
                        "postal_code": code, "address_country": country,
                    },
                }  # fmt: skip
            ]
        },
        "totals": [
            {"type": "subtotal", "amount": total - 690}, {"type": "fulfillment", "amount": 690}, {"type": "total", "amount": total},
        ],  # fmt: skip
        "payments": [payment | said.pop("payment", {})],
        "placed_at": placed_at,
    }
    return Order.model_validate(document | said)


class Hand:
    """Writes one order's book the way the flow would have."""

    def __init__(self, book: Book, at: datetime) -> None:
        self.book, self.at = book, at

    def begin(self, order: Order, disposition: str = "active") -> None:
        self.book.order, self.book.version, self.book.disposition = order, 1, disposition
        if disposition == "active":
            self.book.runs["fulfil-order"] = Run("fulfil-order", "fulfil-order", "placed", "0" * 64, self.at)
            self.book.note(self.at, self.book.connection, "received", "The order was received.")

    def group(self, method: str, connection: str | None, lines: tuple[str, ...]) -> Group:
        name = f"{method}-{connection or 'hub'}-1"
        self.book.groups[name] = Group(name, method, connection, None, dict.fromkeys(lines, 1), sent=True)
        return self.book.groups[name]

    def parcel(self, group: Group, number: str, carrier: str, *, delivered_after: timedelta | None = None) -> Parcel:
        at = self.tick(minutes=300 if delivered_after else 20)
        parcel = Parcel(digest_of(number.encode())[:12], group.id, dict(group.lines), number, None, carrier, at)
        parcel.delivered_at = at + delivered_after if delivered_after else None
        self.book.parcels[parcel.id] = parcel
        self.book.note(at, group.connection or "hub", "parcel", "A parcel left.", tracking_number=number, carrier=carrier)
        return parcel

    def tick(self, **passed: float) -> datetime:
        self.at += timedelta(**(passed or {"seconds": 2.4}))
        return self.at

    def step(
        self, name: str, subject: str, state: State, connection: str | None = None, capability: str | None = None, **said: Any
    ) -> Step:
        """`tries` is a list of (trigger, verdict, code, message); a done step with a capability gets its effect."""
        tries = said.pop("tries", [("scheduled", "done", None, None)] if state is State.DONE and capability else [])
        provider_id = said.pop("provider_id", None)
        amount = said.pop("amount", None)
        step_id = f"fulfil-order/{name}/{subject}"
        step = Step(step_id, "fulfil-order", name, subject, state, capability, connection=connection, began_at=self.tick(), **said)
        self.book.steps[step_id] = step
        if tries and capability and CAPABILITIES[capability].mutating:
            self._intend(step, provider_id, amount)
        for trigger, verdict, code, message in tries:
            self._try(step, trigger, verdict, code, message)
        if state in (State.DONE, State.SKIPPED, State.CANCELLED):
            step.ended_at = self.at
        return step

    def _intend(self, step: Step, provider_id: str | None, amount: int | None) -> None:
        identity = Identity(self.book.key, step.capability or "", step.subject)
        effect = Effect(
            capability=step.capability or "",
            subject=step.subject,
            generation=1,
            step=step.id,
            connection=step.connection or "",
            key=key_of(INSTALL_KEY, identity),
            reference=reference_of(INSTALL_KEY, identity),
            body=b"{}",
            body_digest=digest_of(b"{}"),
            declaration="0" * 64,
            content={},
            intended_at=self.at,
            provider_id=provider_id,
            executed=True if step.state is State.DONE else None,
            settled_at=self.at if step.state is State.DONE else None,
            amount=amount,
            currency="EUR" if amount else None,
        )
        self.book.effects[(effect.capability, effect.subject, 1)] = effect
        step.first_sent = step.last_sent = self.at

    def _try(self, step: Step, trigger: str, verdict: str, code: str | None, message: str | None) -> None:
        started = self.tick()
        step.tries += 1
        transcript = {
            "request": {
                "method": "POST",
                "url": f"https://api.{step.connection}.example/v1/{(step.capability or '').replace('.', '/')}",
                "headers": {"Content-Type": "application/json", "Authorization": "[REDACTED]", "Idempotency-Key": "[REDACTED]"},
                "body": {"amount": 3090, "currency": "EUR", "reference": "cd5m2k", "recipient": {"name": "[REDACTED]"}},
            },
            "response": {
                "status": 200 if verdict == "done" else 422 if verdict == "refused" else 503,
                "headers": {"Content-Type": "application/json", "Request-Id": "req_8Zk41"},
                "body": {"id": "ch_31", "status": "succeeded"} if verdict == "done" else {"error": {"code": code, "message": message}},
            },
        }
        self.book.attempts.append(
            Attempt(step.id, step.tries, trigger, started, self.tick(seconds=0.41), verdict, code, message, transcript)
        )


def add(store: SqlStore, key: str, placed: timedelta, write: Any) -> None:
    at = NOW - placed
    store.change(key, lambda book: write(Hand(book, at + timedelta(seconds=3))), at + timedelta(minutes=1))


def fill(store: SqlStore) -> None:
    """Everything below, in one store."""
    _messages(store)
    for number in range(18):
        age = timedelta(hours=30 + 7 * number)
        connection, label = ("shop-eu", f"#{1038 - number}") if number % 3 else ("woo-outlet", f"#{870 - number}")
        source_id = str((5400 if number % 3 else 870) - number)
        add(store, f"{connection}:{source_id}", age, _completed(source_id, label, NOW - age, number))
    for number, (label, write) in enumerate(_LIVE.items()):
        age = timedelta(minutes=35 * (number + 1))
        connection, source_id = ("woo-outlet", label[1:]) if label.startswith("#8") else ("shop-eu", f"54{label[3:]}")
        order = order_for(source_id, label, NOW - age, number, **_SAID.get(label, {}))
        add(store, f"{connection}:{source_id}", age, lambda hand, w=write, o=order: (hand.begin(o), w(hand)))
    old = order_for("4711", "#711", NOW - timedelta(days=40), 3)
    add(store, "shop-eu:4711", timedelta(days=40), lambda hand: hand.begin(old, "history"))
    store.set_standing("shipbob-de", NOW - timedelta(hours=3), paused=True, why="stocktaking until Thursday")


def _completed(source_id: str, label: str, placed_at: datetime, person: int) -> Any:
    def write(hand: Hand) -> None:
        hand.begin(order_for(source_id, label, placed_at, person))
        _paid(hand)
        group = hand.group("warehouse", "shipbob-de", tuple(line.id for line in hand.book.order.line_items))
        _sent(hand, group, "shipbob-de", f"SB-{source_id}")
        parcel = hand.parcel(group, f"00340434{source_id}", "DHL", delivered_after=timedelta(hours=26))
        hand.step("shipped", f"group:{group.id}", State.DONE, "shipbob-de", awaits="shipped", after=["warehouse", "label"])
        _told(hand, parcel)

    return write


def _paid(hand: Hand) -> None:
    payment = hand.book.order.payments[0]
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    hand.step(
        "capture", f"payment:{payment.id}", State.DONE, "stripe-main", "payment.capture",
        after=["payment", "address"], provider_id=payment.reference, amount=payment.authorized,
    )  # fmt: skip


def _sent(hand: Hand, group: Group, connection: str, provider_id: str) -> None:
    hand.step(
        "warehouse", f"group:{group.id}", State.DONE, connection, "fulfillment.create",
        after=["capture"], provider_id=provider_id,
    )  # fmt: skip


def _told(hand: Hand, parcel: Parcel, state: State = State.DONE) -> None:
    subject = f"parcel:{parcel.id}"
    hand.step("announce", subject, state, hand.book.connection, "shipment.announce", provider_id="ful_91")
    later = State.DONE if state is State.DONE else State.BLOCKED
    hand.step(
        "shipped-letter", f"shipped:{subject}", later, "post-office", "notification.send", after=["announce"],
        spec={"kind": "shipped"},
    )  # fmt: skip
    waits = State.DONE if parcel.delivered_at else State.AWAITING
    due = None if parcel.delivered_at else hand.at + timedelta(days=2)
    hand.step("delivered", subject, waits, None, awaits="delivered", tail=True, deadline_at=due)


# --- orders that are on their way, or stopped


def _split(hand: Hand) -> None:
    """Half of it by a warehouse, which is packing, and half by a label of our own, which left."""
    _paid(hand)
    lines = [line.id for line in hand.book.order.line_items]
    big, small = hand.group("warehouse", "shipbob-de", tuple(lines[:1])), hand.group("self", "easypost", tuple(lines[1:] or lines))
    _sent(hand, big, "shipbob-de", "SB-90211")
    hand.step("address", f"group:{small.id}", State.DONE, "easypost", "address.verify", after=["payment"])
    hand.step("shipment", f"group:{small.id}", State.DONE, "easypost", "shipment.create", after=["address"], provider_id="shp_72")
    hand.step(
        "label", f"group:{small.id}", State.DONE, "easypost", "label.buy", after=["shipment"], provider_id="shp_72", amount=764,
        tries=[
            ("scheduled", "unknown", None, "The answer did not come within 20 s."),
            ("lookup", "done", None, None),
        ],
    )  # fmt: skip
    parcel = hand.parcel(small, "9400111899560", "USPS")
    hand.step("shipped", f"group:{small.id}", State.DONE, "easypost", awaits="shipped", after=["label"])
    hand.step(
        "shipped", f"group:{big.id}", State.AWAITING, "shipbob-de", awaits="shipped", after=["warehouse"],
        deadline_at=NOW + timedelta(minutes=24),
    )  # fmt: skip
    _told(hand, parcel)


def _parked(hand: Hand) -> None:
    _paid(hand)
    group = hand.group("self", "easypost", ("l1",))
    hand.step("shipment", f"group:{group.id}", State.DONE, "easypost", "shipment.create", after=["capture"], provider_id="shp_88")
    hand.step(
        "label", f"group:{group.id}", State.PARKED, "easypost", "label.buy", after=["shipment"], amount=1240,
        cause="absent", unresolved=True,
        tries=[
            ("scheduled", "unknown", None, "The connection was reset after the request had been sent."),
            ("lookup", "done", None, None),
            ("lookup", "done", None, None),
        ],
    )  # fmt: skip
    hand.step("shipped", f"group:{group.id}", State.BLOCKED, "easypost", awaits="shipped", after=["label"])


def _refused(hand: Hand) -> None:
    _paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1", "l2"))
    words = "Product with reference id TRAY-ASH does not exist in this channel."
    hand.step(
        "warehouse", f"group:{group.id}", State.REJECTED, "shipbob-de", "fulfillment.create", after=["capture"],
        cause="refused", detail={"code": "422", "message": words},
        tries=[("scheduled", "not_executed", None, "429: too many requests"), ("scheduled", "refused", "422", words)],
    )  # fmt: skip
    hand.step("shipped", f"group:{group.id}", State.BLOCKED, "shipbob-de", awaits="shipped", after=["warehouse"])


def _risky(hand: Hand) -> None:
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    payment = hand.book.order.payments[0]
    hand.step(
        "capture", f"payment:{payment.id}", State.HELD, "stripe-main", "payment.capture", after=["payment"],
        cause="high_risk", returns_to=State.READY,
    )  # fmt: skip


def _homeless(hand: Hand) -> None:
    _paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    hand.step(
        "warehouse", f"group:{group.id}", State.HELD, "shipbob-de", "fulfillment.create", after=["capture"],
        cause="address_incomplete", detail={"missing": ["street_address"]}, returns_to=State.READY,
    )  # fmt: skip


def _dead(hand: Hand) -> None:
    _paid(hand)
    failed = [("scheduled", "not_executed", None, "The name storefront.example could not be resolved.")] * 3
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    _sent(hand, group, "shipbob-de", "SB-90533")
    parcel = hand.parcel(group, "003404349911", "DHL")
    hand.step("shipped", f"group:{group.id}", State.DONE, "shipbob-de", awaits="shipped", after=["warehouse"])
    hand.step(
        "announce", f"parcel:{parcel.id}", State.DEAD, hand.book.connection, "shipment.announce", cause="exhausted", tries=failed,
        detail={"message": "The name storefront.example could not be resolved."},
    )  # fmt: skip


def _paused(hand: Hand) -> None:
    _paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    hand.step(
        "warehouse", f"group:{group.id}", State.HELD, "shipbob-de", "fulfillment.create", after=["capture"],
        cause="paused", detail={"connection": "shipbob-de"}, returns_to=State.READY,
    )  # fmt: skip


def _unpaid(hand: Hand) -> None:
    hand.step("payment", "order", State.AWAITING, hand.book.connection, awaits="payment")


def _running(hand: Hand) -> None:
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    payment = hand.book.order.payments[0]
    hand.step(
        "capture", f"payment:{payment.id}", State.WAITING, "stripe-main", "payment.capture", after=["payment"],
        tries=[("scheduled", "not_executed", None, "429: too many requests")], next_at=NOW + timedelta(seconds=48),
    )  # fmt: skip
    hand.book.observations.append(
        Observation("payment.captured", "stripe-main", hand.tick(), ("pi_1",), {"id": "pi_1", "status": "succeeded"}, 1)
    )


def _approval(hand: Hand) -> None:
    _paid(hand)
    for name in ("l1", "l2"):
        group = hand.group("warehouse" if name == "l1" else "self", "shipbob-de" if name == "l1" else "easypost", (name,))
        hand.step(
            "warehouse" if name == "l1" else "shipment", f"group:{group.id}", State.HELD, group.connection,
            "fulfillment.create" if name == "l1" else "shipment.create", after=["capture"], cause="approval",
            returns_to=State.READY,
        )  # fmt: skip


_RESERVED = {"status": "authorized", "captured": 0}
_LIVE = {
    "#1052": _running,
    "#1051": _split,
    "#1050": _parked,
    "#1049": _refused,
    "#1048": _risky,
    "#881": _unpaid,
    "#1047": _homeless,
    "#880": _dead,
    "#1046": _paused,
    "#1045": _paused,
    "#1044": _paused,
    "#879": _approval,
    "#1043": _running,
}
_SAID: dict[str, dict[str, Any]] = {
    "#1048": {"high_risk": True, "payment": _RESERVED | {"expires_at": NOW + timedelta(hours=19)}},
    "#1043": {"payment": _RESERVED | {"expires_at": NOW + timedelta(hours=31)}},
    "#881": {"payment": {"custodian": "bank_transfer", "method": "bacs", "status": "pending", "authorized": 0, "captured": 0}},
}


# --- messages


def delivery(connection: str, topic: str, number: int, body: bytes, kind: str = "order") -> Delivery:
    headers = (("Content-Type", "application/json"), ("X-Shopify-Topic", topic), ("X-Shopify-Hmac-Sha256", "c2VjcmV0LWJ5dGVz"))
    return Delivery(connection, topic, f"d-{number:04}", kind, "shopify-order", headers, body, digest_of(body))


def _messages(store: SqlStore) -> None:
    bodies = [
        ("shop-eu", "orders/create", b'{"id": 5452, "name": "#1052", "currency": "EUR", "email": "mathilde@example.org"}'),
        ("shop-eu", "orders/updated", b'{"id": 5499, "name": "#1099", "currency": "XXXX", "total_price": "12,90"}'),
        ("shop-eu", "orders/updated", b'{"id": 5500, "name": "#1100", "currency": "XXXX", "total_price": "7,20"}'),
        ("woo-outlet", "order.created", b'{"id": 882, "number": "882", "status": "processing"}'),
        ("shop-eu", "orders/create", b'{"id": 5451, "name": "#1051", "currency": "EUR"}'),
    ]
    for number, (connection, topic, body) in enumerate(bodies, 1):
        store.keep(delivery(connection, topic, number, body), NOW - timedelta(minutes=(90 - number) if number not in (1, 5) else (34.9 if number == 1 else 69.9)))
    problems = [{"path": "currency", "what": "'XXXX' is not a currency", "mend": "send an ISO 4217 code, such as EUR"}]
    claimed = {message.id: message for message in store.claim_messages(10, NOW)}
    _settle(store, claimed[1], MessageState.TRANSLATED, None, {"orders": ["shop-eu:5452"]})
    _settle(store, claimed[2], MessageState.HELD, "unmappable", {"problems": problems})
    _settle(store, claimed[3], MessageState.HELD, "unmappable", {"problems": problems})
    _settle(store, claimed[4], MessageState.HELD, "unknown_mapping", {"topic": "order.created"})
    _settle(store, claimed[5], MessageState.TRANSLATED, None, {"orders": ["shop-eu:5451"]})
    store.keep(delivery("shop-eu", "orders/create", 5, b'{"id": 5451, "name": "#1051", "currency": "USD"}'), NOW)


def _settle(store: SqlStore, message: Any, state: MessageState, cause: str | None, detail: dict[str, Any]) -> None:
    store.settle_message(message.id, message.token, state.value, cause, detail, NOW)
