"""Orders on their way, or stopped, one for each way of stopping."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.model.book import Observation
from hub.model.flow import State
from hub.model.step import Group, Parcel
from tests.unit.store.hand import NOW, Hand


def paid(hand: Hand) -> None:
    payment = hand.order.payments[0]
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    hand.step(
        "capture",
        f"payment:{payment.id}",
        State.DONE,
        "stripe-main",
        "payment.capture",
        after=["payment", "address"],
        provider_id=payment.reference,
        amount=payment.authorized,
    )


def sent(hand: Hand, group: Group, connection: str, provider_id: str) -> None:
    hand.step(
        "warehouse",
        f"group:{group.id}",
        State.DONE,
        connection,
        "fulfillment.create",
        after=["capture"],
        provider_id=provider_id,
    )


def told(hand: Hand, parcel: Parcel, state: State = State.DONE) -> None:
    subject = f"parcel:{parcel.id}"
    hand.step("announce", subject, state, hand.book.connection, "shipment.announce", provider_id="ful_91")
    later = State.DONE if state is State.DONE else State.BLOCKED
    hand.step(
        "shipped-letter",
        f"shipped:{subject}",
        later,
        "post-office",
        "notification.send",
        after=["announce"],
        spec={"kind": "shipped"},
    )
    waits = State.DONE if parcel.delivered_at else State.AWAITING
    due = None if parcel.delivered_at else hand.at + timedelta(days=2)
    hand.step("delivered", subject, waits, None, awaits="delivered", tail=True, deadline_at=due)


# --- orders that are on their way, or stopped


def _split(hand: Hand) -> None:
    """Half of it by a warehouse, which is packing, and half by a label of our own, which left."""
    paid(hand)
    lines = [line.id for line in hand.order.line_items]
    big, small = (
        hand.group("warehouse", "shipbob-de", tuple(lines[:1])),
        hand.group("self", "easypost", tuple(lines[1:] or lines)),
    )
    sent(hand, big, "shipbob-de", "SB-90211")
    hand.step("address", f"group:{small.id}", State.DONE, "easypost", "address.verify", after=["payment"])
    hand.step(
        "shipment",
        f"group:{small.id}",
        State.DONE,
        "easypost",
        "shipment.create",
        after=["address"],
        provider_id="shp_72",
    )
    hand.step(
        "label",
        f"group:{small.id}",
        State.DONE,
        "easypost",
        "label.buy",
        after=["shipment"],
        provider_id="shp_72",
        amount=764,
        tries=[
            ("scheduled", "unknown", None, "The answer did not come within 20 s."),
            ("lookup", "done", None, None),
        ],
    )
    parcel = hand.parcel(small, "9400111899560", "USPS")
    hand.step("shipped", f"group:{small.id}", State.DONE, "easypost", awaits="shipped", after=["label"])
    hand.step(
        "shipped",
        f"group:{big.id}",
        State.AWAITING,
        "shipbob-de",
        awaits="shipped",
        after=["warehouse"],
        deadline_at=NOW + timedelta(minutes=24),
    )
    told(hand, parcel)


def _parked(hand: Hand) -> None:
    paid(hand)
    group = hand.group("self", "easypost", ("l1",))
    hand.step(
        "shipment",
        f"group:{group.id}",
        State.DONE,
        "easypost",
        "shipment.create",
        after=["capture"],
        provider_id="shp_88",
    )
    hand.step(
        "label",
        f"group:{group.id}",
        State.PARKED,
        "easypost",
        "label.buy",
        after=["shipment"],
        amount=1240,
        cause="absent",
        unresolved=True,
        tries=[
            ("scheduled", "unknown", None, "The connection was reset after the request had been sent."),
            ("lookup", "done", None, None),
            ("lookup", "done", None, None),
        ],
    )
    hand.step("shipped", f"group:{group.id}", State.BLOCKED, "easypost", awaits="shipped", after=["label"])


def _refused(hand: Hand) -> None:
    paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1", "l2"))
    words = "Product with reference id TRAY-ASH does not exist in this channel."
    hand.step(
        "warehouse",
        f"group:{group.id}",
        State.REJECTED,
        "shipbob-de",
        "fulfillment.create",
        after=["capture"],
        cause="refused",
        detail={"code": "422", "message": words},
        tries=[("scheduled", "not_executed", None, "429: too many requests"), ("scheduled", "refused", "422", words)],
    )
    hand.step("shipped", f"group:{group.id}", State.BLOCKED, "shipbob-de", awaits="shipped", after=["warehouse"])


def _risky(hand: Hand) -> None:
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    payment = hand.order.payments[0]
    hand.step(
        "capture",
        f"payment:{payment.id}",
        State.HELD,
        "stripe-main",
        "payment.capture",
        after=["payment"],
        cause="high_risk",
        returns_to=State.READY,
    )


def _homeless(hand: Hand) -> None:
    paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    hand.step(
        "warehouse",
        f"group:{group.id}",
        State.HELD,
        "shipbob-de",
        "fulfillment.create",
        after=["capture"],
        cause="address_incomplete",
        detail={"missing": ["street_address"]},
        returns_to=State.READY,
    )


def _dead(hand: Hand) -> None:
    paid(hand)
    failed = [("scheduled", "not_executed", None, "The name storefront.example could not be resolved.")] * 3
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    sent(hand, group, "shipbob-de", "SB-90533")
    parcel = hand.parcel(group, "003404349911", "DHL")
    hand.step("shipped", f"group:{group.id}", State.DONE, "shipbob-de", awaits="shipped", after=["warehouse"])
    hand.step(
        "announce",
        f"parcel:{parcel.id}",
        State.DEAD,
        hand.book.connection,
        "shipment.announce",
        cause="exhausted",
        tries=failed,
        detail={"message": "The name storefront.example could not be resolved."},
    )


def _paused(hand: Hand) -> None:
    paid(hand)
    group = hand.group("warehouse", "shipbob-de", ("l1",))
    hand.step(
        "warehouse",
        f"group:{group.id}",
        State.HELD,
        "shipbob-de",
        "fulfillment.create",
        after=["capture"],
        cause="paused",
        detail={"connection": "shipbob-de"},
        returns_to=State.READY,
    )


def _unpaid(hand: Hand) -> None:
    hand.step("payment", "order", State.AWAITING, hand.book.connection, awaits="payment")


def _running(hand: Hand) -> None:
    hand.step("payment", "order", State.DONE, hand.book.connection, awaits="payment")
    payment = hand.order.payments[0]
    hand.step(
        "capture",
        f"payment:{payment.id}",
        State.WAITING,
        "stripe-main",
        "payment.capture",
        after=["payment"],
        tries=[("scheduled", "not_executed", None, "429: too many requests")],
        next_at=NOW + timedelta(seconds=48),
    )
    hand.book.observations.append(
        Observation("payment.captured", "stripe-main", hand.tick(), ("pi_1",), {"id": "pi_1", "status": "succeeded"}, 1)
    )


def _approval(hand: Hand) -> None:
    paid(hand)
    for name in ("l1", "l2"):
        group = hand.group(
            "warehouse" if name == "l1" else "self", "shipbob-de" if name == "l1" else "easypost", (name,)
        )
        hand.step(
            "warehouse" if name == "l1" else "shipment",
            f"group:{group.id}",
            State.HELD,
            group.connection,
            "fulfillment.create" if name == "l1" else "shipment.create",
            after=["capture"],
            cause="approval",
            returns_to=State.READY,
        )


_RESERVED = {"status": "authorized", "captured": 0}
LIVE = {
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
SAID: dict[str, dict[str, Any]] = {
    "#1048": {"high_risk": True, "payment": _RESERVED | {"expires_at": NOW + timedelta(hours=19)}},
    "#1043": {"payment": _RESERVED | {"expires_at": NOW + timedelta(hours=31)}},
    "#881": {
        "payment": {"custodian": "bank_transfer", "method": "bacs", "status": "pending", "authorized": 0, "captured": 0}
    },
}
