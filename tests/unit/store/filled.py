"""A store on disk with a few dozen invented orders in every state that a person may meet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hub.model.effect import digest_of
from hub.model.flow import State
from hub.model.message import Delivery, MessageState
from hub.store.moments import SqlStore
from tests.unit.store.hand import NOW, Hand, add, order_for
from tests.unit.store.live import LIVE, SAID, paid, sent, told


def fill(store: SqlStore) -> None:
    """Everything below, in one store."""
    _messages(store)
    for number in range(18):
        age = timedelta(hours=30 + 7 * number)
        connection, label = ("shop-eu", f"#{1038 - number}") if number % 3 else ("woo-outlet", f"#{870 - number}")
        source_id = str((5400 if number % 3 else 870) - number)
        add(store, f"{connection}:{source_id}", age, _completed(source_id, label, NOW - age, number))
    for number, (label, write) in enumerate(LIVE.items()):
        age = timedelta(minutes=35 * (number + 1))
        connection, source_id = ("woo-outlet", label[1:]) if label.startswith("#8") else ("shop-eu", f"54{label[3:]}")
        order = order_for(source_id, label, NOW - age, number, **SAID.get(label, {}))
        add(store, f"{connection}:{source_id}", age, lambda hand, w=write, o=order: (hand.begin(o), w(hand)))
    old = order_for("4711", "#711", NOW - timedelta(days=40), 3)
    add(store, "shop-eu:4711", timedelta(days=40), lambda hand: hand.begin(old, "history"))
    store.set_standing("shipbob-de", NOW - timedelta(hours=3), paused=True, why="stocktaking until Thursday")


def _completed(source_id: str, label: str, placed_at: datetime, person: int) -> Any:
    def write(hand: Hand) -> None:
        hand.begin(order_for(source_id, label, placed_at, person))
        paid(hand)
        group = hand.group("warehouse", "shipbob-de", tuple(line.id for line in hand.order.line_items))
        sent(hand, group, "shipbob-de", f"SB-{source_id}")
        parcel = hand.parcel(group, f"00340434{source_id}", "DHL", delivered_after=timedelta(hours=26))
        hand.step(
            "shipped", f"group:{group.id}", State.DONE, "shipbob-de", awaits="shipped", after=["warehouse", "label"]
        )
        told(hand, parcel)

    return write


# --- messages


def delivery(connection: str, topic: str, number: int, body: bytes, kind: str = "order") -> Delivery:
    headers = (
        ("Content-Type", "application/json"),
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Hmac-Sha256", "c2VjcmV0LWJ5dGVz"),
    )
    return Delivery(connection, topic, f"d-{number:04}", kind, "shopify-order", headers, body, digest_of(body))


def _messages(store: SqlStore) -> None:
    bodies = [
        (
            "shop-eu",
            "orders/create",
            b'{"id": 5452, "name": "#1052", "currency": "EUR", "email": "mathilde@example.org"}',
        ),
        ("shop-eu", "orders/updated", b'{"id": 5499, "name": "#1099", "currency": "XXXX", "total_price": "12,90"}'),
        ("shop-eu", "orders/updated", b'{"id": 5500, "name": "#1100", "currency": "XXXX", "total_price": "7,20"}'),
        ("woo-outlet", "order.created", b'{"id": 882, "number": "882", "status": "processing"}'),
        ("shop-eu", "orders/create", b'{"id": 5451, "name": "#1051", "currency": "EUR"}'),
    ]
    for number, (connection, topic, body) in enumerate(bodies, 1):
        store.keep(
            delivery(connection, topic, number, body),
            NOW - timedelta(minutes=(90 - number) if number not in (1, 5) else (34.9 if number == 1 else 69.9)),
        )
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
